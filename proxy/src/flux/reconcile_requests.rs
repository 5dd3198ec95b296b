//! Requests to reconcile: the annotation that Flux acts on, and the requests since the start of the server,
//! one at a time for each environment.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::api::object::{ReconcileRequest, ReconcileState};
use model::flux::{Kind, ObjectRef};
use model::pipeline::ObjectName;
use model::{EnvironmentName, PipelineName, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use crate::kubernetes::{Cluster, Error};

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
    handled_at(object).is_some_and(|at| at >= requested_at)
}

fn handled_at(object: &Value) -> Option<Timestamp> {
    Timestamp::parse(text(object, "/status/lastHandledReconcileAt")?).ok()
}

/// An environment of a pipeline.
pub(crate) type EnvironmentKey = (PipelineName, EnvironmentName);

/// The last request for each environment, and the last one that each object was seen to have handled.
#[derive(Default)]
pub(crate) struct ReconcileRequests {
    last: Mutex<BTreeMap<EnvironmentKey, ReconcileRequest>>,
    handled: watch::Sender<HashMap<(String, ObjectRef), Timestamp>>,
}

impl ReconcileRequests {
    fn requests(&self) -> MutexGuard<'_, BTreeMap<EnvironmentKey, ReconcileRequest>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the last request for an environment.
    pub(crate) fn last(&self, environment: &EnvironmentKey) -> Option<ReconcileRequest> {
        self.requests().get(environment).cloned()
    }

    /// Begins a request and returns `true`, unless one is running.
    pub(crate) fn begin(&self, environment: &EnvironmentKey, request: ReconcileRequest) -> bool {
        let mut requests = self.requests();
        let last = requests.get(environment);
        let is_running = last.is_some_and(|last| last.state == ReconcileState::Running);
        if !is_running {
            requests.insert(environment.clone(), request);
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
        if let Some(request) = self.requests().get_mut(environment) {
            request.state = state;
            request.sentence = sentence;
        }
    }

    /// Notes an update that a watch received.
    pub(super) fn observe(&self, cluster: &str, kind: Kind, name: &ObjectName, object: &Value) {
        if let Some(at) = handled_at(object) {
            let name = name.clone();
            let key = (cluster.to_owned(), ObjectRef { kind, name });
            self.handled
                .send_if_modified(|handled| handled.insert(key, at) != Some(at));
        }
    }

    /// Waits until a watch shows that Flux has handled a request; returns whether one did within `limit`.
    pub(crate) async fn wait(
        &self,
        cluster: &str,
        object: &ObjectRef,
        requested_at: Timestamp,
        limit: Duration,
    ) -> bool {
        let key = (cluster.to_owned(), object.clone());
        let mut handled = self.handled.subscribe();
        let handled =
            handled.wait_for(|handled| handled.get(&key).is_some_and(|at| *at >= requested_at));
        let waited = tokio::time::timeout(limit, handled).await;
        waited.is_ok_and(|handled| handled.is_ok())
    }
}
