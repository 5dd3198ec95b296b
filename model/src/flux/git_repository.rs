//! GitRepository: the commit that was fetched.

use serde_json::Value;

use super::object::{Condition, Object, Outcome, settled};
use crate::{CommitId, Timestamp};

/// The state of a GitRepository (`source.toolkit.fluxcd.io/v1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitRepositoryReading {
    /// The commit of the stored artifact.
    pub fetched: Option<CommitId>,
    /// When the artifact was stored.
    pub fetched_at: Option<Timestamp>,
    /// `spec.suspend`.
    pub suspended: bool,
    pub outcome: Outcome,
    pub ready: Option<Condition>,
}

impl GitRepositoryReading {
    /// Reads one update, after the reading before it.
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
