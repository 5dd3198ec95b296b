//! Requests to reconcile: the annotation that Flux acts on, and the requests since the start of the server,
//! one at a time for each environment.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::api::object::{ReconcileRequest, ReconcileState};
use model::flux::Kind;
use model::pipeline::ObjectName;
use model::{EnvironmentName, PipelineName, Timestamp};
use serde_json::Value;
use tokio::sync::Notify;

use crate::kubernetes::{Cluster, Error, ObjectRef};

/// The annotation that `flux reconcile` sets.
const REQUESTED_AT: &str = "reconcile.fluxcd.io/requestedAt";

/// Has Flux reconcile an object now.
pub(crate) async fn request_reconciliation(
    cluster: &Cluster,
    object: &ObjectRef,
    at: Timestamp,
) -> Result<(), Error> {
    cluster
        .annotate(object, REQUESTED_AT, &at.to_string())
        .await
}

/// Returns the text at a JSON pointer.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// Returns whether Flux is suspended from acting on an object.
pub(crate) fn is_suspended(object: &Value) -> bool {
    object.pointer("/spec/suspend") == Some(&Value::Bool(true))
}

/// Returns whether Flux has handled the request of a time, or a later one.
pub(crate) fn is_handled(object: &Value, requested_at: Timestamp) -> bool {
    let handled = text(object, "/status/lastHandledReconcileAt");
    let handled = handled.and_then(|at| Timestamp::parse(at).ok());
    handled.is_some_and(|at| at >= requested_at)
}

/// An environment of a pipeline.
pub(crate) type EnvironmentKey = (PipelineName, EnvironmentName);

/// The requests, and the objects that Flux has yet to handle.
#[derive(Default)]
pub(crate) struct ReconcileRequests {
    state: Mutex<RequestState>,
    handled: Notify,
}

#[derive(Default)]
struct RequestState {
    last: BTreeMap<EnvironmentKey, ReconcileRequest>,
    pending: Vec<PendingObject>,
}

/// An object that was annotated, and whether Flux has handled that.
struct PendingObject {
    cluster: String,
    object: ObjectRef,
    requested_at: Timestamp,
    is_handled: bool,
}

impl PendingObject {
    fn is(&self, cluster: &str, kind: Kind, name: &ObjectName) -> bool {
        self.cluster == cluster && self.object.kind == kind && self.object.name == *name
    }

    fn is_request(&self, cluster: &str, object: &ObjectRef, requested_at: Timestamp) -> bool {
        self.is(cluster, object.kind, &object.name) && self.requested_at == requested_at
    }
}

impl ReconcileRequests {
    fn state(&self) -> MutexGuard<'_, RequestState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the last request for an environment.
    pub(crate) fn last(&self, environment: &EnvironmentKey) -> Option<ReconcileRequest> {
        self.state().last.get(environment).cloned()
    }

    /// Begins a request and returns `true`, unless one is running.
    pub(crate) fn begin(&self, environment: &EnvironmentKey, request: ReconcileRequest) -> bool {
        let mut state = self.state();
        let is_running = state
            .last
            .get(environment)
            .is_some_and(|request| request.state == ReconcileState::Running);
        if !is_running {
            state.last.insert(environment.clone(), request);
        }
        !is_running
    }

    /// Notes the progress of a request.
    pub(crate) fn note(
        &self,
        environment: &EnvironmentKey,
        state: ReconcileState,
        sentence: String,
    ) {
        if let Some(request) = self.state().last.get_mut(environment) {
            request.state = state;
            request.sentence = sentence;
        }
    }

    /// Notes an update that a watch received.
    pub(super) fn observe(&self, cluster: &str, kind: Kind, name: &ObjectName, object: &Value) {
        let mut has_news = false;
        for pending in &mut self.state().pending {
            if pending.is(cluster, kind, name) && is_handled(object, pending.requested_at) {
                pending.is_handled = true;
                has_news = true;
            }
        }
        if has_news {
            self.handled.notify_waiters();
        }
    }

    /// Begins to look in the watches for an object that will be annotated.
    pub(crate) fn expect(&self, cluster: &str, object: &ObjectRef, requested_at: Timestamp) {
        self.state().pending.push(PendingObject {
            cluster: cluster.to_owned(),
            object: object.clone(),
            requested_at,
            is_handled: false,
        });
    }

    /// Waits until Flux has handled an expected object; returns whether it did within `limit`.
    pub(crate) async fn wait(
        &self,
        cluster: &str,
        object: &ObjectRef,
        requested_at: Timestamp,
        limit: Duration,
    ) -> bool {
        let waiting = async {
            loop {
                let notified = self.handled.notified();
                tokio::pin!(notified);
                notified.as_mut().enable();
                let is_done = |it: &PendingObject| {
                    it.is_handled && it.is_request(cluster, object, requested_at)
                };
                if self.state().pending.iter().any(is_done) {
                    return;
                }
                notified.await;
            }
        };
        let is_handled = tokio::time::timeout(limit, waiting).await.is_ok();
        self.forget(cluster, object, requested_at);
        is_handled
    }

    /// Ends the look for an object.
    pub(crate) fn forget(&self, cluster: &str, object: &ObjectRef, requested_at: Timestamp) {
        self.state()
            .pending
            .retain(|it| !it.is_request(cluster, object, requested_at));
    }
}
