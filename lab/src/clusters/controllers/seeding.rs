//! How a cluster comes to be in the middle of its history: everything is reconciled once, at once
//! and in silence, and then dated back to when the history says that it happened.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{Context, Memory, Next, has_controller, reconcile};
use crate::clusters::kinds::{GIT_REPOSITORY, HELM_CHART, HELM_RELEASE, KINDS};
use crate::clusters::object::{Key, Object, is_ready, text, timestamp};
use crate::clusters::pace::Pace;
use crate::clusters::{PastRelease, PastStatus};

/// More rounds than the longest chain of dependencies needs.
const ROUNDS: usize = 6;

impl Context {
    /// The same cluster while its past is made: nothing takes time and nobody is told.
    pub(in crate::clusters) fn seeding(&self) -> Self {
        let mut seeding = self.clone();
        seeding.pace = Pace::seeding();
        seeding.notifier.silent = true;
        seeding
    }

    /// Reconciles everything until all of it is ready, or as ready as it gets.
    ///
    /// # Errors
    /// When something goes wrong that no status tells.
    pub(in crate::clusters) async fn settle(&self) -> anyhow::Result<()> {
        for _ in 0..ROUNDS {
            let mut waiting = false;
            for kind in KINDS {
                for (key, object) in self.store.list(kind, None).1 {
                    if has_controller(&key) && !settled(&object) {
                        waiting = true;
                        // Its next look is the manager's business.
                        let _: Next = reconcile(self, &key, &mut Memory::default()).await?;
                    }
                }
            }
            if !waiting {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Dates everything back to when the history says that it happened.
    pub(in crate::clusters) fn date_back(&self, past: &[PastRelease]) {
        let now = self.clock.now();
        let born = past.iter().map(|release| release.at).min().unwrap_or(now) - Duration::hours(1);
        let committed = self.last_commit().unwrap_or_else(|| timestamp(now));
        let released = past.iter().map(|release| release.at).max().map(timestamp);
        for kind in KINDS {
            for (key, _) in self.store.list(kind, None).1 {
                let of_release = [&HELM_RELEASE, &HELM_CHART].contains(&kind);
                let changed = released
                    .as_ref()
                    .filter(|_| of_release)
                    .unwrap_or(&committed);
                self.store.rewrite(&key, |object| {
                    object["metadata"]["creationTimestamp"] = json!(timestamp(born));
                    date(&mut object["status"], changed);
                    if of_release {
                        set_generation(object, declared(past));
                    }
                });
                if kind == &HELM_RELEASE {
                    self.remember(&key, past);
                }
            }
        }
    }

    fn last_commit(&self) -> Option<String> {
        let (_, sources) = self.store.list(&GIT_REPOSITORY, None);
        let files = self.artifacts.files(&sources.first()?.0)?;
        let committed = OffsetDateTime::parse(
            &files.committed,
            &time::format_description::well_known::Rfc3339,
        );
        committed.ok().map(timestamp)
    }

    /// Gives a HelmRelease the releases of the past, the newest of which is the one it made now.
    fn remember(&self, key: &Key, past: &[PastRelease]) {
        self.store.rewrite(key, |object| {
            let Some(made) = object.pointer("/status/history/0").cloned() else {
                return;
            };
            let (history, version) = super::helm_release::past(&made, past);
            if let Some(history) = history {
                object["status"]["history"] = history;
                renumber(object, &made["version"], version);
            }
        });
    }
}

fn settled(object: &Object) -> bool {
    let rolled_out = object.pointer("/status/availableReplicas") == Some(&json!(1));
    is_ready(object) || rolled_out || object["spec"]["suspend"] == json!(true)
}

/// How many versions were declared one after the other: what the generation counts.
fn declared(past: &[PastRelease]) -> i64 {
    let declared = past
        .iter()
        .filter(|release| release.status != PastStatus::RolledBack);
    let mut versions: Vec<&str> = declared
        .map(|release| release.chart_version.as_str())
        .collect();
    versions.dedup();
    i64::try_from(versions.len().max(1)).unwrap_or(1)
}

fn date(value: &mut Value, at: &str) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if matches!(
                    name.as_str(),
                    "lastTransitionTime" | "lastUpdateTime" | "firstReconciled" | "lastReconciled"
                ) {
                    *value = json!(at);
                } else {
                    date(value, at);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| date(value, at)),
        _ => {}
    }
}

fn set_generation(object: &mut Value, generation: i64) {
    object["metadata"]["generation"] = json!(generation);
    let status = &mut object["status"];
    for name in ["observedGeneration", "lastAttemptedGeneration"] {
        if status.get(name).is_some() {
            status[name] = json!(generation);
        }
    }
    if let Some(conditions) = status["conditions"].as_array_mut() {
        for condition in conditions {
            condition["observedGeneration"] = json!(generation);
        }
    }
}

/// Messages name the Helm revision; the one made now is a later one in the history.
fn renumber(object: &mut Value, made: &Value, version: i64) {
    let (from, to) = (format!(".v{made} "), format!(".v{version} "));
    if let Some(conditions) = object["status"]["conditions"].as_array_mut() {
        for condition in conditions {
            let message = text(condition, "/message")
                .unwrap_or_default()
                .replace(&from, &to);
            condition["message"] = json!(message);
        }
    }
}
