//! Kustomization: the commit that was applied.

use serde_json::Value;

use super::object::{Condition, Object, Outcome, settled};
use crate::CommitId;

/// The state of a Kustomization (`kustomize.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KustomizationReading {
    /// The commit that was last applied completely.
    pub applied: Option<CommitId>,
    /// The commit of the last attempt.
    pub attempted: Option<CommitId>,
    /// `spec.suspend`.
    pub suspended: bool,
    /// Whether Flux does not retry by itself (`Stalled`).
    pub stalled: bool,
    pub outcome: Outcome,
    pub ready: Option<Condition>,
}

impl KustomizationReading {
    /// Reads one update, after the reading before it.
    ///
    /// At each interval a healthy Kustomization sets `Ready=Unknown` for a moment; the last outcome at the
    /// same revision outlasts that heartbeat.
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
            // Waiting for the source is a step; the source reports its own failure.
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
