//! Clusters in the middle of their history: everything is reconciled once, at once and in silence, and
//! then dated back.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{ClusterContext, has_controller, helm_release, reconcile};
use crate::clusters::kinds::{GIT_REPOSITORY, HELM_CHART, HELM_RELEASE, KINDS};
use crate::clusters::object::{Key, StoredObject, is_ready, timestamp};
use crate::clusters::timings::Timings;
use crate::seed::{Deployed, DeployedStatus};

/// More rounds than the longest chain of dependencies needs.
const ROUNDS: usize = 6;

impl ClusterContext {
    /// The same cluster while its past is made: nothing takes time and nobody is notified.
    pub(in crate::clusters) fn seeding(&self) -> Self {
        let mut seeding = self.clone();
        seeding.timings = Timings::seeding();
        seeding.is_silent = true;
        seeding
    }

    /// Reconciles everything until all of it is ready, or as ready as it gets.
    pub(in crate::clusters) async fn settle(&self) -> anyhow::Result<()> {
        for _ in 0..ROUNDS {
            let objects = KINDS.iter().flat_map(|kind| self.store.list(kind, None).1);
            let unsettled =
                |(key, object): &(Key, StoredObject)| has_controller(key) && !is_settled(object);
            for (key, _) in objects.filter(unsettled).collect::<Vec<_>>() {
                reconcile(self, &key).await?;
            }
        }
        Ok(())
    }

    /// Dates everything back to when the history says that it happened.
    pub(in crate::clusters) fn date_back(&self, past: &[Deployed]) {
        let now = self.clock.now();
        let times = || past.iter().map(|release| release.at);
        let born = timestamp(times().min().unwrap_or(now) - Duration::hours(1));
        let committed = timestamp(self.last_commit().unwrap_or(now));
        let released = times().max().map_or_else(|| committed.clone(), timestamp);
        for kind in KINDS {
            let of_release = [&HELM_RELEASE, &HELM_CHART].contains(&kind);
            let changed = if of_release { &released } else { &committed };
            for (key, _) in self.store.list(kind, None).1 {
                self.store.edit(&key, |object| {
                    object["metadata"]["creationTimestamp"] = json!(born);
                    date(&mut object["status"], changed);
                    if of_release {
                        set_generation(object, declared(past));
                    }
                    if kind == &HELM_RELEASE {
                        helm_release::add_past(object, past);
                    }
                });
            }
        }
    }

    fn last_commit(&self) -> Option<OffsetDateTime> {
        let (_, sources) = self.store.list(&GIT_REPOSITORY, None);
        let files = self.artifacts.files.get(&sources.first()?.0)?;
        OffsetDateTime::parse(&files.committed, &Rfc3339).ok()
    }
}

fn is_settled(object: &Value) -> bool {
    is_ready(object)
        || object["status"]["availableReplicas"] == 1
        || object["spec"]["suspend"] == true
}

/// The generation: how many versions were declared one after the other.
fn declared(past: &[Deployed]) -> usize {
    let rolled_back = DeployedStatus::RolledBack;
    let declared = past.iter().filter(|release| release.status != rolled_back);
    let mut versions: Vec<&str> = declared.map(|it| it.chart_version).collect();
    versions.dedup();
    versions.len().max(1)
}

fn date(status: &mut Value, at: &str) {
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        condition["lastTransitionTime"] = json!(at);
    }
    if let Some(updated) = status.pointer_mut("/artifact/lastUpdateTime") {
        *updated = json!(at);
    }
}

fn set_generation(object: &mut Value, generation: usize) {
    let set = |at: Option<&mut Value>| {
        if let Some(at) = at {
            *at = json!(generation);
        }
    };
    set(object.pointer_mut("/metadata/generation"));
    set(object.pointer_mut("/status/observedGeneration"));
    set(object.pointer_mut("/status/lastAttemptedGeneration"));
    let conditions = object["status"]["conditions"].as_array_mut();
    for condition in conditions.into_iter().flatten() {
        set(condition.get_mut("observedGeneration"));
    }
}
