//! GitRepository and Kustomization: what was fetched and what was applied.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Object, Outcome, settled};
use crate::{CommitId, Timestamp};

/// What a GitRepository says (`source.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitRepositoryReading {
    /// The commit it last fetched.
    pub fetched: Option<CommitId>,
    /// When it stored that.
    #[serde(default)]
    pub fetched_at: Option<Timestamp>,
    /// Whether `spec.suspend` is set.
    pub suspended: bool,
    /// How the last fetch ended.
    pub outcome: Outcome,
    /// Its Ready condition.
    pub ready: Option<Condition>,
}

impl GitRepositoryReading {
    /// Reads one update.
    #[must_use]
    pub fn read(object: &Value, previous: Option<&Self>) -> Self {
        let object = Object::new(object);
        let ready = object.condition("Ready");
        let fetched = object
            .text("/status/artifact/revision")
            .and_then(CommitId::from_revision);
        let before = previous.map(|previous| &previous.outcome);
        let outcome = settled(&object, ready.as_ref(), before);
        Self {
            fetched,
            fetched_at: object.time("/status/artifact/lastUpdateTime"),
            suspended: object.flag("/spec/suspend"),
            outcome,
            ready,
        }
    }
}

/// What a Kustomization says (`kustomize.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KustomizationReading {
    /// The commit that was last applied whole.
    pub applied: Option<CommitId>,
    /// The commit that was last tried.
    pub attempted: Option<CommitId>,
    /// Whether `spec.suspend` is set.
    pub suspended: bool,
    /// Whether Flux says that it will not try again by itself.
    #[serde(default)]
    pub stalled: bool,
    /// How the last attempt ended.
    pub outcome: Outcome,
    /// Its Ready condition.
    pub ready: Option<Condition>,
}

impl KustomizationReading {
    /// Reads one update.
    ///
    /// Each interval a healthy Kustomization says Ready=Unknown for a moment: a heartbeat, over which
    /// the last outcome at the same revision holds.
    #[must_use]
    pub fn read(object: &Value, previous: Option<&Self>) -> Self {
        let object = Object::new(object);
        let ready = object.condition("Ready");
        let applied = object
            .text("/status/lastAppliedRevision")
            .and_then(CommitId::from_revision);
        let attempted = object
            .text("/status/lastAttemptedRevision")
            .and_then(CommitId::from_revision);
        let before = previous
            .filter(|previous| previous.attempted == attempted)
            .map(|previous| &previous.outcome);
        let outcome = match (settled(&object, ready.as_ref(), before), &ready) {
            // Waiting for the source is a step; the source tells its own failure.
            (Outcome::Failed { reason, message }, _) if reason == "ArtifactFailed" => {
                Outcome::Progressing { message }
            }
            (Outcome::Progressing { .. }, Some(ready))
                if ready.is("Unknown")
                    && ready.at(object.generation)
                    && applied.is_some()
                    && applied == attempted =>
            {
                Outcome::Succeeded
            }
            (outcome, _) => outcome,
        };
        Self {
            applied,
            attempted,
            suspended: object.flag("/spec/suspend"),
            stalled: object.stalled().is_some(),
            outcome,
            ready,
        }
    }
}
