//! GitRepository and Kustomization: what was fetched and what was applied.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Object, Outcome};
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
        let outcome = match &ready {
            Some(ready) if ready.is("True") => Outcome::Succeeded,
            Some(ready) if ready.is("False") && ready.at(object.generation) => Outcome::Failed {
                reason: ready.reason.clone(),
                message: ready.message.clone(),
            },
            Some(ready) => match previous {
                // A retry says Progressing for a moment; the failure holds until it ends.
                Some(Self {
                    outcome: failed @ Outcome::Failed { .. },
                    ..
                }) => failed.clone(),
                _ => Outcome::Progressing {
                    message: ready.message.clone(),
                },
            },
            None => Outcome::Progressing {
                message: "Flux has not looked at it yet".into(),
            },
        };
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
        let outcome = match &ready {
            None => Outcome::Progressing {
                message: "Flux has not looked at it yet".into(),
            },
            Some(ready) if !ready.at(object.generation) => Outcome::Progressing {
                message: "Flux has not looked at the new spec yet".into(),
            },
            Some(ready) if ready.is("True") => Outcome::Succeeded,
            // Waiting for the source or a dependency is a step; the source tells its own failure.
            Some(ready)
                if ready.is("False")
                    && matches!(
                        ready.reason.as_str(),
                        "ArtifactFailed" | "DependencyNotReady"
                    ) =>
            {
                Outcome::Progressing {
                    message: ready.message.clone(),
                }
            }
            Some(ready) if ready.is("False") => Outcome::Failed {
                reason: ready.reason.clone(),
                message: ready.message.clone(),
            },
            Some(ready) => match previous {
                Some(Self {
                    outcome: failed @ Outcome::Failed { .. },
                    attempted: before,
                    ..
                }) if *before == attempted => failed.clone(),
                _ if applied.is_some() && applied == attempted => Outcome::Succeeded,
                _ => Outcome::Progressing {
                    message: ready.message.clone(),
                },
            },
        };
        Self {
            applied,
            attempted,
            suspended: object.flag("/spec/suspend"),
            outcome,
            ready,
        }
    }
}
