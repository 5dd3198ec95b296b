//! Journal entries from the history of a HelmRelease and the rollouts of a Deployment. A rollback is never a
//! deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::flux::membership::deployer;
use model::flux::{HelmReleaseReading, Outcome, Snapshot};
use model::journal::{Entry, Event};
use model::observation::Fact;
use model::pipeline::{EnvironmentSpec, ObjectName};
use model::{ChartVersion, Timestamp};

use crate::board::{Boards, PipelineState};

/// Turns the updates of the deploying objects of one cluster into entries, each once.
pub(super) struct DeploymentEntries {
    cluster: String,
    /// The environments that an object deploys: their pipelines, and their indices in these.
    environments: BTreeMap<ObjectName, Vec<(Arc<PipelineState>, usize)>>,
    /// The keys of earlier entries, since a heartbeat repeats the whole history.
    known_keys: BTreeSet<String>,
}

/// A deployment that succeeded or failed.
struct Deployment {
    at: Timestamp,
    release: Option<ChartVersion>,
    event: Event,
    sentence: String,
    key: String,
}

impl DeploymentEntries {
    pub(super) fn new(boards: &Boards, cluster: String) -> Self {
        Self {
            environments: deployed_environments(boards, &cluster),
            cluster,
            known_keys: BTreeSet::new(),
        }
    }

    /// Returns the entries of an update that earlier updates did not give.
    pub(super) fn of_update(
        &mut self,
        name: &ObjectName,
        fact: &Fact,
        now: Timestamp,
    ) -> Vec<Entry> {
        let Some(environments) = self.environments.get(name) else {
            return Vec::new();
        };
        let deployments = match fact {
            Fact::HelmRelease(_, _, reading) => of_helm(reading),
            Fact::Deployment(_, _, reading) if reading.outcome == Outcome::Succeeded => reading
                .tag()
                .map(|tag| rollout(tag, reading.rolled_out_at, now))
                .into_iter()
                .collect(),
            _ => return Vec::new(),
        };
        let mut entries = Vec::new();
        for (pipeline, index) in environments {
            let environment = &pipeline.spec().environments[*index];
            for deployment in &deployments {
                let entry = self.entry(pipeline, environment, name, deployment, now);
                if !self.known_keys.contains(&entry.key) {
                    entries.push(entry);
                }
            }
        }
        self.known_keys
            .extend(entries.iter().map(|entry| entry.key.clone()));
        entries
    }

    fn entry(
        &self,
        pipeline: &PipelineState,
        environment: &EnvironmentSpec,
        name: &ObjectName,
        deployment: &Deployment,
        now: Timestamp,
    ) -> Entry {
        let event = deployment.event.clone();
        Entry::new(&pipeline.spec().name, event, deployment.at)
            .written_at(now)
            .environment(environment.name.clone())
            .release(deployment.release.clone())
            .colour(pipeline.colour_of(deployment.release.as_ref()))
            .source(format!("flux {}", self.cluster))
            .sentence(format!("{}: {}", environment.name, deployment.sentence))
            .key(format!("flux {} {name} {}", self.cluster, deployment.key))
    }
}

fn deployed_environments(
    boards: &Boards,
    cluster: &str,
) -> BTreeMap<ObjectName, Vec<(Arc<PipelineState>, usize)>> {
    let mut environments: BTreeMap<ObjectName, Vec<(Arc<PipelineState>, usize)>> = BTreeMap::new();
    for pipeline in boards.pipelines() {
        for (index, environment) in pipeline.spec().environments.iter().enumerate() {
            let here = environment.targets.iter();
            let deployers: BTreeSet<&ObjectName> = here
                .filter(|target| target.cluster == cluster)
                .map(|target| deployer(target).1)
                .collect();
            for name in deployers {
                let of = environments.entry(name.clone()).or_default();
                of.push((Arc::clone(pipeline), index));
            }
        }
    }
    environments
}

/// One attempt of Helm, from its snapshot.
struct Attempt<'a> {
    snapshot: &'a Snapshot,
    /// When Helm began it.
    began_at: Timestamp,
    /// When the last of its tests completed, or Flux noted the end of its newest attempt.
    ended_at: Timestamp,
}

impl<'a> Attempt<'a> {
    /// Returns `None` for a snapshot without number or time.
    fn of(snapshot: &'a Snapshot) -> Option<Self> {
        let began_at = snapshot.at.filter(|_| snapshot.number > 0)?;
        Some(Self {
            snapshot,
            began_at,
            ended_at: snapshot.tested_at.map_or(began_at, |at| at.max(began_at)),
        })
    }

    fn failed(&self) -> bool {
        self.snapshot.status == "failed" || self.snapshot.test_failed
    }

    fn rolled_back_to(&self) -> bool {
        self.snapshot.action.as_deref() == Some("rollback")
    }

    fn chart(&self) -> &'a ChartVersion {
        &self.snapshot.chart
    }

    fn ended(&self, event: Event, sentence: String, outcome: &str) -> Deployment {
        let (number, began_at) = (self.snapshot.number, self.began_at.millis());
        Deployment {
            at: self.ended_at,
            release: Some(self.chart().clone()),
            event,
            sentence,
            key: format!("v{number} {began_at} {outcome}"),
        }
    }
}

/// Reads Helm's history. The newest attempt is left out until its outcome is known: it is neither deployed
/// before its tests have passed, nor failed while Flux may roll it back.
fn of_helm(reading: &HelmReleaseReading) -> Vec<Deployment> {
    let failed = matches!(reading.outcome, Outcome::Failed { .. });
    let stalled = failed && !reading.reconciling;
    let mut attempts: Vec<Attempt<'_>> = reading.history.iter().filter_map(Attempt::of).collect();
    // After a rollback Flux does not always list them in Helm's order.
    attempts.sort_by_key(|attempt| std::cmp::Reverse(attempt.snapshot.number));
    let released = reading.released.as_ref();
    if let Some(at) = released.and_then(|released| released.since) {
        // The condition is of the newest attempt that had begun by then; a rollback comes after it.
        let mut begun = attempts.iter_mut();
        if let Some(newest) = begun.find(|attempt| attempt.began_at <= at) {
            newest.ended_at = newest.ended_at.max(at);
        }
    }
    let deployment = |(at, attempt): (usize, &Attempt<'_>)| {
        let older = &attempts[at + 1..];
        // A rollback follows a failure. `action: rollback` alone says too much, since Flux also sets it on
        // the snapshot that was gone back to; and too little, since it is dropped once superseded.
        let is_rollback = older.first().is_some_and(Attempt::failed)
            && (attempt.rolled_back_to()
                || older
                    .iter()
                    .any(|other| !other.failed() && other.chart() == attempt.chart()));
        if attempt.failed() {
            let rolled_back = at
                .checked_sub(1)
                .and_then(|newer| attempts.get(newer))
                .is_some_and(|newer| newer.rolled_back_to() || newer.chart() != attempt.chart());
            return (at > 0 || stalled).then(|| failure(attempt, rolled_back));
        }
        let done = match attempt.snapshot.status.as_str() {
            "deployed" => reading.outcome == Outcome::Succeeded,
            "superseded" => true,
            _ => false,
        };
        (done && !is_rollback).then(|| success(attempt))
    };
    attempts.iter().enumerate().filter_map(deployment).collect()
}

fn success(attempt: &Attempt<'_>) -> Deployment {
    let sentence = format!("Helm deployed {}.", attempt.chart());
    attempt.ended(Event::Deployed, sentence, "deployed")
}

fn failure(attempt: &Attempt<'_>, rolled_back: bool) -> Deployment {
    let what = if attempt.snapshot.test_failed {
        "The tests of"
    } else {
        "Helm's upgrade to"
    };
    let then = if rolled_back {
        " and was rolled back"
    } else {
        ""
    };
    let sentence = format!("{what} {} failed{then}.", attempt.chart());
    attempt.ended(Event::DeployFailed { rolled_back }, sentence, "failed")
}

fn rollout(tag: &str, at: Option<Timestamp>, now: Timestamp) -> Deployment {
    Deployment {
        at: at.unwrap_or(now),
        release: None,
        event: Event::Deployed,
        sentence: format!("{tag} was rolled out."),
        key: format!("image {tag}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn snapshot(number: u64, chart: &str, status: &str) -> Value {
        json!({
            "version": number, "chartVersion": chart, "status": status,
            "lastDeployed": format!("2026-11-22T10:00:0{number}Z"),
        })
    }

    fn reading(object: &Value, outcome: &Outcome) -> HelmReleaseReading {
        let mut reading = HelmReleaseReading::read(object, None);
        reading.outcome = outcome.clone();
        reading
    }

    fn sentences(history: &[Value], outcome: &Outcome) -> Vec<String> {
        let object = json!({"status": {"history": history}});
        of_helm(&reading(&object, outcome))
            .into_iter()
            .map(|it| it.sentence)
            .collect()
    }

    fn progressing() -> Outcome {
        Outcome::Progressing {
            message: "AwaitingTests".into(),
        }
    }

    fn failed() -> Outcome {
        Outcome::Failed {
            reason: "TestFailed".into(),
            message: "1 of 1 tests failed".into(),
        }
    }

    #[test]
    fn a_deployment_is_journaled_once_its_outcome_is_known() {
        let history = [
            snapshot(2, "1.1.7", "deployed"),
            snapshot(1, "1.1.6", "superseded"),
        ];
        let known = sentences(&history, &progressing());
        assert_eq!(known, ["Helm deployed 1.1.6."]);
        assert_eq!(
            sentences(&history, &Outcome::Succeeded),
            ["Helm deployed 1.1.7.", "Helm deployed 1.1.6."]
        );
    }

    #[test]
    fn a_rollback_is_never_a_deployment_not_even_later() {
        let mut history = vec![
            snapshot(3, "1.1.6", "deployed"),
            snapshot(2, "1.1.7", "failed"),
            snapshot(1, "1.1.6", "superseded"),
        ];
        history[0]["action"] = json!("rollback");
        let expected = [
            "Helm's upgrade to 1.1.7 failed and was rolled back.",
            "Helm deployed 1.1.6.",
        ];
        assert_eq!(sentences(&history, &failed()), expected);
        // As recorded: the deployment that was gone back to gets the action as well.
        history[2]["action"] = json!("rollback");
        assert_eq!(sentences(&history, &failed()), expected);
        history[0] = snapshot(3, "1.1.6", "superseded");
        assert_eq!(sentences(&history, &Outcome::Succeeded), expected);
    }

    #[test]
    fn a_release_whose_test_failed_was_never_deployed() {
        let mut untested = snapshot(2, "1.1.7", "deployed");
        untested["testHooks"] = json!({"http": {"phase": "Failed"}});
        let history = [untested, snapshot(1, "1.1.6", "superseded")];
        let known = sentences(&history, &progressing());
        assert_eq!(known, ["Helm deployed 1.1.6."]);
        assert_eq!(
            sentences(&history, &failed()),
            ["The tests of 1.1.7 failed.", "Helm deployed 1.1.6."]
        );
    }

    #[test]
    fn an_entry_bears_the_time_at_which_it_was_done_not_begun() {
        let mut tested = snapshot(2, "1.1.7", "deployed");
        tested["testHooks"] =
            json!({"http": {"phase": "Succeeded", "lastCompleted": "2026-11-22T10:00:22Z"}});
        let object = |history: Value, released: &str| {
            json!({"status": {
                "history": history,
                "conditions": [{"type": "Released", "lastTransitionTime": released}],
            }})
        };
        let times = |object: &Value, outcome: &Outcome| -> Vec<String> {
            let deployments = of_helm(&reading(object, outcome)).into_iter();
            deployments.map(|it| it.at.to_string()).collect()
        };
        let upgraded = object(json!([tested]), "2026-11-22T10:00:07Z");
        assert_eq!(
            times(&upgraded, &Outcome::Succeeded),
            ["2026-11-22T10:00:22Z"]
        );
        // A rollback follows the failure, and begins after it.
        let mut back = snapshot(9, "1.1.6", "deployed");
        back["action"] = json!("rollback");
        let before = snapshot(1, "1.1.6", "superseded");
        let history = json!([back, snapshot(2, "1.1.7", "failed"), before]);
        let failure = object(history, "2026-11-22T10:00:07Z");
        assert_eq!(
            times(&failure, &failed()),
            ["2026-11-22T10:00:07Z", "2026-11-22T10:00:01Z"]
        );
    }
}
