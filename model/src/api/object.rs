//! Request and response bodies about single objects of a cluster: their last events, and the order
//! to have Flux look at them now.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::api::Permission;

/// Answer of `GET …/environments/{environment}/events`: what happened to one object lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Events {
    /// The events, newest first, at most 20; Kubernetes keeps them for an hour.
    pub events: Vec<ObjectEvent>,
    /// Why there are none to show, in a sentence.
    pub why: Option<String>,
    /// The object's page in Weave GitOps, from the origin's root, where Weft fronts it.
    pub dashboard: Option<String>,
}

/// One event of an object, as Kubernetes keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectEvent {
    /// When it happened last.
    pub at: Option<Timestamp>,
    /// Whether its type is `Warning`.
    pub warning: bool,
    /// A word such as `UpgradeFailed`.
    pub reason: String,
    /// The sentence, whole.
    pub message: String,
    /// How often it happened.
    pub count: u64,
}

/// Answer of `GET` and `POST …/environments/{environment}/reconcile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reconcile {
    /// Whether the viewer may order it now, and why not.
    pub permit: Permission,
    /// What does the same from a terminal.
    pub command: String,
    /// The page in Weave GitOps whose Sync button does the same, where Weft fronts it.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub dashboard: Option<String>,
    /// The last request; `None` where there was none since the server began.
    pub order: Option<ReconcileRequest>,
}

/// A request to reconcile an environment now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconcileRequest {
    /// When it was made: the value of the objects' annotation.
    pub at: Timestamp,
    /// The login of the person.
    pub who: String,
    /// The progress.
    pub state: ReconcileState,
    /// The state as a sentence.
    pub sentence: String,
}

/// The progress of a [`ReconcileRequest`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReconcileState {
    /// Flux has not handled all objects yet.
    Running,
    /// Flux has handled all of them.
    Done,
    /// An object was not annotated, or not handled in time.
    Failed,
}
