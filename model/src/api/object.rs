//! Request and response bodies about single objects of a cluster: their Kubernetes events, and the request
//! to reconcile them.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::api::Permission;

/// The body of `GET …/environments/{environment}/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Events {
    /// Newest first, at most 20; Kubernetes keeps events for an hour.
    pub events: Vec<ObjectEvent>,
    /// Why there are none to show, in a sentence.
    pub why: Option<String>,
    /// The path of the object's page in Weave GitOps from the origin's root, where Weft is its front.
    pub dashboard: Option<String>,
}

/// One Kubernetes event of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectEvent {
    /// The time of the last occurrence.
    pub at: Option<Timestamp>,
    /// Whether the type is `Warning`.
    pub warning: bool,
    /// A word such as `UpgradeFailed`.
    pub reason: String,
    pub message: String,
    /// The number of occurrences.
    pub count: u64,
}

/// The body of `GET` and `POST …/environments/{environment}/reconcile`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Reconcile {
    /// Whether the viewer may request it now.
    pub permission: Permission,
    /// The shell command with the same effect.
    pub command: String,
    /// The page in Weave GitOps whose Sync button has the same effect, where Weft is its front.
    pub dashboard: Option<String>,
    /// The last request since the server started.
    pub order: Option<ReconcileRequest>,
}

/// A request to reconcile an environment now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconcileRequest {
    /// The time of the request, which is also the value that the objects are annotated with.
    pub at: Timestamp,
    /// The login of who requested it.
    pub who: String,
    pub state: ReconcileState,
    /// The state in a sentence.
    pub sentence: String,
}

/// The progress of a reconcile request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReconcileState {
    /// Flux has not handled all objects yet.
    Running,
    /// Flux handled all objects.
    Done,
    /// An object could not be annotated, or Flux did not handle it in time.
    Failed,
}
