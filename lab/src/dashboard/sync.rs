//! `POST /v1/sync`: has Flux reconcile objects, and answers when it has.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::state::{DashboardState, ObjectQuery};
use crate::clusters::{Key, Store};

/// How long a sync waits for the controller, as in the original.
const TIMEOUT: Duration = Duration::from_secs(130);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncRequest {
    objects: Vec<ObjectQuery>,
    #[serde(default)]
    with_source: bool,
}

/// Errors of Kubernetes arrive as 500, as in the original.
pub(super) async fn sync(
    State(state): State<Arc<DashboardState>>,
    headers: HeaderMap,
    Json(request): Json<SyncRequest>,
) -> Result<Json<serde_json::Value>, StatusCode> {
    state.user(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    for query in &request.objects {
        let found = query.find(&state);
        let (store, key) = found.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let object = store.get(&key).filter(|_| request.with_source);
        let source = object.and_then(|object| key.referenced(&object, "/spec/sourceRef"));
        for key in source.into_iter().chain([key]) {
            if !reconcile(store, &key).await {
                return Err(StatusCode::INTERNAL_SERVER_ERROR);
            }
        }
    }
    Ok(Json(json!({})))
}

/// Whether the controller handled a request in time.
async fn reconcile(store: &Store, key: &Key) -> bool {
    let now = OffsetDateTime::now_utc().format(&Rfc3339);
    let now = now.unwrap_or_default();
    let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now}}});
    let is_waiting = || {
        let object = store.get(key);
        object.is_some_and(|object| object["status"]["lastHandledReconcileAt"] != now)
    };
    let handled = async {
        while is_waiting() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    store.merge_patch(key, &patch).is_some() && tokio::time::timeout(TIMEOUT, handled).await.is_ok()
}
