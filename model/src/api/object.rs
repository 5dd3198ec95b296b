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
    /// The last order, where one was given since Weft began.
    pub order: Option<ReconcileOrder>,
}

/// An order to reconcile an environment now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReconcileOrder {
    /// When it was given: what the objects are annotated with.
    pub at: Timestamp,
    /// By whom.
    pub who: String,
    /// How it stands.
    pub state: OrderState,
    /// The same in a sentence.
    pub sentence: String,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Flux has not taken up all of it yet.
    Running,
    /// Flux took it up.
    Done,
    /// It broke off.
    Failed,
}
