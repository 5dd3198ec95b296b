//! What the node reports of a Pod, in the words of the kubelet.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(super) use crate::objects::now;

/// What a Pod's container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting {
        reason: &'static str,
        message: String,
    },
    Running {
        since: String,
        ready: bool,
    },
    Terminated {
        code: i32,
        since: String,
    },
}

/// A Pod as it was last reported.
pub(super) struct Report {
    name: String,
    image: String,
    address: String,
    started: String,
    pub(super) restarts: i32,
    conditions: BTreeMap<&'static str, (bool, String)>,
}

impl Report {
    pub(super) fn new(name: &str, image: &str) -> Self {
        let [a, b, c] = rand::random::<[u8; 3]>();
        Self {
            name: name.to_owned(),
            image: image.to_owned(),
            // Pods have addresses of their own; here they only look so.
            address: format!("10.{a}.{b}.{c}"),
            started: now(),
            restarts: 0,
            conditions: BTreeMap::new(),
        }
    }

    /// The Pod's status while its container does this; `last` where it ended for good.
    pub(super) fn status(&mut self, state: &State, last: bool) -> Value {
        let ready = matches!(state, State::Running { ready: true, .. });
        let phase = match state {
            State::Waiting { .. } if self.restarts == 0 => "Pending",
            State::Terminated { code: 0, .. } if last => "Succeeded",
            State::Terminated { .. } if last => "Failed",
            _ => "Running",
        };
        let conditions: Vec<Value> = [
            ("PodScheduled", true),
            ("Initialized", true),
            ("ContainersReady", ready),
            ("Ready", ready),
        ]
        .into_iter()
        .map(|(kind, holds)| self.condition(kind, holds))
        .collect();
        let container = match state {
            State::Waiting { reason, message } => {
                json!({ "waiting": { "reason": reason, "message": message } })
            }
            State::Running { since, .. } => json!({ "running": { "startedAt": since } }),
            State::Terminated { code, since } => json!({ "terminated": {
                "exitCode": code, "reason": if *code == 0 { "Completed" } else { "Error" },
                "startedAt": since, "finishedAt": now(),
            } }),
        };
        json!({ "status": {
            "phase": phase,
            "conditions": conditions,
            "hostIP": "127.0.0.1",
            "podIP": self.address,
            "podIPs": [{ "ip": self.address }],
            "startTime": self.started,
            "containerStatuses": [{
                "name": self.name, "image": self.image, "imageID": self.image,
                "ready": ready, "restartCount": self.restarts, "started": ready,
                "state": container,
            }],
        } })
    }

    fn condition(&mut self, kind: &'static str, holds: bool) -> Value {
        let held = self.conditions.entry(kind).or_insert((holds, now()));
        if held.0 != holds {
            *held = (holds, now());
        }
        let status = if holds { "True" } else { "False" };
        json!({ "type": kind, "status": status, "lastTransitionTime": held.1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_is_pending_running_ready_and_done() {
        let mut report = Report::new("podinfo", "podinfo:1");
        let waiting = State::Waiting {
            reason: "ContainerCreating",
            message: String::new(),
        };
        assert_eq!(report.status(&waiting, false)["status"]["phase"], "Pending");
        let running = State::Running {
            since: now(),
            ready: true,
        };
        let status = report.status(&running, false);
        assert_eq!(status["status"]["phase"], "Running");
        assert_eq!(status["status"]["conditions"][3]["status"], "True");
        let ended = |code| State::Terminated { code, since: now() };
        assert_eq!(
            report.status(&ended(0), true)["status"]["phase"],
            "Succeeded"
        );
        assert_eq!(report.status(&ended(1), true)["status"]["phase"], "Failed");
        assert_eq!(
            report.status(&ended(1), false)["status"]["phase"],
            "Running"
        );
    }
}
