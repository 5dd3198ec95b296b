//! What Helm and rollouts did, as entries of the journal. A rollback is never a deployment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::flux::Outcome;
use model::journal::{Entry, Event};
use model::observation::Fact;
use model::pipeline::{Deployer, EnvironmentSpec, ObjectName};
use model::{ChartVersion, Timestamp};
use serde_json::Value;

use crate::app::AppState;
use crate::board::Lane;

/// Turns what objects of one cluster tell into entries, each once.
pub(super) struct Record {
    app: AppState,
    cluster: String,
    /// What an object deploys: pipelines, and the places of their environments in the row.
    places: BTreeMap<ObjectName, Vec<(Arc<Lane>, usize)>>,
    /// Keys that were told, so that heartbeats do not tell them again and again.
    told: BTreeSet<String>,
}

/// One thing that happened to a deployed application.
struct Step {
    at: Timestamp,
    release: Option<ChartVersion>,
    event: Event,
    sentence: String,
    key: String,
}

impl Record {
    pub(super) fn new(app: AppState, cluster: String) -> Self {
        Self {
            places: places(&app, &cluster),
            app,
            cluster,
            told: BTreeSet::new(),
        }
    }

    /// What an update tells that was not told before.
    pub(super) fn news(&mut self, name: &ObjectName, object: &Value, fact: &Fact) -> Vec<Entry> {
        let now = self.app.clock.now();
        let Some(places) = self.places.get(name) else {
            return Vec::new();
        };
        let steps = match fact {
            Fact::HelmRelease(_, _, reading) => of_helm(object, &reading.outcome),
            Fact::Deployment(_, _, reading) if reading.outcome == Outcome::Succeeded => reading
                .tag()
                .map(|tag| rollout(tag, reading.rolled_out_at, now))
                .into_iter()
                .collect(),
            _ => return Vec::new(),
        };
        let mut entries = Vec::new();
        for (lane, at) in places {
            let environment = &lane.spec().environments[*at];
            for step in &steps {
                let entry = self.entry(lane, environment, name, step, now);
                if !self.told.contains(&entry.key) {
                    entries.push(entry);
                }
            }
        }
        self.told
            .extend(entries.iter().map(|entry| entry.key.clone()));
        entries
    }

    fn entry(
        &self,
        lane: &Lane,
        environment: &EnvironmentSpec,
        name: &ObjectName,
        step: &Step,
        now: Timestamp,
    ) -> Entry {
        let record = step
            .release
            .as_ref()
            .and_then(|version| lane.release(version));
        Entry::new(&lane.spec().name, step.event.clone(), step.at)
            .written_at(now)
            .environment(environment.name.clone())
            .release(step.release.clone())
            .colour(record.and_then(|record| record.colour))
            .source(format!("flux {}", self.cluster))
            .sentence(format!("{}: {}", environment.name, step.sentence))
            .key(format!("flux {} {name} {}", self.cluster, step.key))
    }
}

fn places(app: &AppState, cluster: &str) -> BTreeMap<ObjectName, Vec<(Arc<Lane>, usize)>> {
    let mut places: BTreeMap<ObjectName, Vec<(Arc<Lane>, usize)>> = BTreeMap::new();
    for lane in app.boards.lanes() {
        for (at, environment) in lane.spec().environments.iter().enumerate() {
            let here = environment.targets.iter();
            let deployers: BTreeSet<&ObjectName> = here
                .filter(|target| target.cluster == cluster)
                .map(|target| match &target.deployer {
                    Deployer::HelmRelease(name) | Deployer::Deployment(name) => name,
                })
                .collect();
            for name in deployers {
                let of = places.entry(name.clone()).or_default();
                of.push((Arc::clone(lane), at));
            }
        }
    }
    places
}

/// One snapshot of `status.history` as far as the record needs it.
struct Snapshot<'a> {
    number: u64,
    chart: ChartVersion,
    /// When Helm began it.
    deployed_at: Timestamp,
    /// When it was done: the last of its tests, or what Flux says of its newest attempt.
    ended_at: Timestamp,
    status: &'a str,
    rolled_back_to: bool,
    test_failed: bool,
}

impl<'a> Snapshot<'a> {
    fn read(entry: &'a Value) -> Option<Self> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str);
        let hooks = entry.get("testHooks").and_then(Value::as_object);
        let deployed_at = Timestamp::parse(text("lastDeployed")?).ok()?;
        let tested_at = hooks
            .into_iter()
            .flat_map(serde_json::Map::values)
            .filter_map(|hook| Timestamp::parse(hook.get("lastCompleted")?.as_str()?).ok())
            .max();
        Some(Self {
            number: entry.get("version")?.as_u64()?,
            chart: ChartVersion::from_revision(text("chartVersion")?).ok()?,
            deployed_at,
            ended_at: tested_at.map_or(deployed_at, |at| at.max(deployed_at)),
            status: text("status")?,
            rolled_back_to: text("action") == Some("rollback"),
            test_failed: hooks
                .into_iter()
                .flat_map(serde_json::Map::values)
                .any(|hook| hook.get("phase").and_then(Value::as_str) == Some("Failed")),
        })
    }

    fn failed(&self) -> bool {
        self.status == "failed" || self.test_failed
    }
}

/// What Helm's history tells. Of the newest attempt nothing is told before its outcome is known: neither
/// that it was deployed before its tests have passed, nor that it failed while Flux may roll it back.
fn of_helm(object: &Value, outcome: &Outcome) -> Vec<Step> {
    let conditions = object
        .pointer("/status/conditions")
        .and_then(Value::as_array);
    let at_work = conditions.into_iter().flatten().any(|condition| {
        let text = |field: &str| condition.get(field).and_then(Value::as_str);
        text("type") == Some("Reconciling") && text("status") == Some("True")
    });
    let stalled = matches!(outcome, Outcome::Failed { .. }) && !at_work;
    let history = object.pointer("/status/history").and_then(Value::as_array);
    let mut snapshots: Vec<Snapshot<'_>> = history
        .into_iter()
        .flatten()
        .filter_map(Snapshot::read)
        .collect();
    // After a rollback Flux does not always list them in Helm's order.
    snapshots.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.number));
    if let Some(at) = released_at(object) {
        // It speaks of the newest attempt that had begun by then; a rollback comes after it.
        let mut attempts = snapshots.iter_mut();
        if let Some(newest) = attempts.find(|snapshot| snapshot.deployed_at <= at) {
            newest.ended_at = newest.ended_at.max(at);
        }
    }
    let step = |(at, snapshot): (usize, &Snapshot<'_>)| {
        let older = &snapshots[at + 1..];
        // A rollback follows a failure. Its word alone tells too much: Flux also gives it to the
        // deployment that was gone back to; and too little: it drops it once a rollback is superseded.
        let is_rollback = older.first().is_some_and(Snapshot::failed)
            && (snapshot.rolled_back_to
                || older
                    .iter()
                    .any(|other| !other.failed() && other.chart == snapshot.chart));
        if snapshot.failed() {
            let rolled_back = at
                .checked_sub(1)
                .and_then(|newer| snapshots.get(newer))
                .is_some_and(|newer| newer.rolled_back_to || newer.chart != snapshot.chart);
            return (at > 0 || stalled).then(|| failure(snapshot, rolled_back));
        }
        let done = match snapshot.status {
            "deployed" => *outcome == Outcome::Succeeded,
            "superseded" => true,
            _ => false,
        };
        (done && !is_rollback).then(|| success(snapshot))
    };
    snapshots.iter().enumerate().filter_map(step).collect()
}

/// When the last install or upgrade ended, well or not.
fn released_at(object: &Value) -> Option<Timestamp> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let released = conditions.iter().find(|one| one["type"] == "Released")?;
    Timestamp::parse(released["lastTransitionTime"].as_str()?).ok()
}

fn success(snapshot: &Snapshot<'_>) -> Step {
    Step {
        at: snapshot.ended_at,
        release: Some(snapshot.chart.clone()),
        event: Event::Deployed,
        sentence: format!("Helm deployed {}.", snapshot.chart),
        key: format!(
            "v{} {} deployed",
            snapshot.number,
            snapshot.deployed_at.millis()
        ),
    }
}

fn failure(snapshot: &Snapshot<'_>, rolled_back: bool) -> Step {
    let what = if snapshot.test_failed {
        "The tests of"
    } else {
        "Helm's upgrade to"
    };
    let then = if rolled_back {
        " and was rolled back"
    } else {
        ""
    };
    Step {
        at: snapshot.ended_at,
        release: Some(snapshot.chart.clone()),
        event: Event::DeployFailed { rolled_back },
        sentence: format!("{what} {} failed{then}.", snapshot.chart),
        key: format!(
            "v{} {} failed",
            snapshot.number,
            snapshot.deployed_at.millis()
        ),
    }
}

fn rollout(tag: &str, at: Option<Timestamp>, now: Timestamp) -> Step {
    Step {
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
    use serde_json::json;

    fn snapshot(number: u64, chart: &str, status: &str) -> Value {
        json!({
            "version": number, "chartVersion": chart, "status": status,
            "lastDeployed": format!("2026-11-22T10:00:0{number}Z"),
        })
    }

    fn told(history: &[Value], outcome: &Outcome) -> Vec<String> {
        let object = json!({"status": {"history": history}});
        of_helm(&object, outcome)
            .into_iter()
            .map(|step| step.sentence)
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
    fn a_deployment_is_told_once_its_outcome_is_known() {
        let history = [
            snapshot(2, "1.1.7", "deployed"),
            snapshot(1, "1.1.6", "superseded"),
        ];
        assert_eq!(told(&history, &progressing()), ["Helm deployed 1.1.6."]);
        assert_eq!(
            told(&history, &Outcome::Succeeded),
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
        assert_eq!(told(&history, &failed()), expected);
        // As recorded: the deployment that was gone back to gets the word as well.
        history[2]["action"] = json!("rollback");
        assert_eq!(told(&history, &failed()), expected);
        history[0] = snapshot(3, "1.1.6", "superseded");
        assert_eq!(told(&history, &Outcome::Succeeded), expected);
    }

    #[test]
    fn a_release_whose_test_failed_was_never_deployed() {
        let mut untested = snapshot(2, "1.1.7", "deployed");
        untested["testHooks"] = json!({"http": {"phase": "Failed"}});
        let history = [untested, snapshot(1, "1.1.6", "superseded")];
        assert_eq!(told(&history, &progressing()), ["Helm deployed 1.1.6."]);
        assert_eq!(
            told(&history, &failed()),
            ["The tests of 1.1.7 failed.", "Helm deployed 1.1.6."]
        );
    }

    #[test]
    fn what_is_told_bears_the_time_at_which_it_was_done_not_begun() {
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
            let steps = of_helm(object, outcome).into_iter();
            steps.map(|step| step.at.to_string()).collect()
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
