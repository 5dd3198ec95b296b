//! The part of the dashboard's API that is about single objects: one of them, its events, and its sync.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Shared;
use crate::clusters::{Key, Kind, Store};

/// How long a sync waits for the controller, as the original does.
const PATIENCE: Duration = Duration::from_secs(130);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// An object as the dashboard's requests name it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    #[serde(rename = "clusterName")]
    pub(super) cluster: String,
}

/// The same for events.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Involved {
    #[serde(rename = "involvedObject.kind")]
    kind: String,
    #[serde(rename = "involvedObject.name")]
    name: String,
    #[serde(rename = "involvedObject.namespace")]
    namespace: String,
    #[serde(rename = "involvedObject.clusterName")]
    cluster: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sync {
    objects: Vec<Asked>,
    #[serde(default)]
    with_source: bool,
}

impl Asked {
    /// The object's cluster and key, where the dashboard knows both.
    pub(super) fn find<'a>(&self, shared: &'a Shared) -> Option<(&'a Store, Key)> {
        let mut clusters = shared.clusters.iter();
        let (_, store) = clusters.find(|(name, _)| *name == self.cluster)?;
        let kind = Kind::named(&self.kind)?;
        Some((store, Key::new(kind, &self.namespace, &self.name)))
    }
}

/// `GET /v1/object/{name}`.
pub(super) async fn object(
    State(shared): State<Shared>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let asked = Asked { name, ..asked };
    let found = asked.find(&shared).and_then(|(store, key)| store.get(&key));
    match found {
        Some(object) => {
            let object = json!({
                "payload": object.to_string(), "clusterName": asked.cluster, "tenant": "",
                "uid": object["metadata"]["uid"], "inventory": [], "info": "", "health": null,
            });
            Json(json!({"object": object})).into_response()
        }
        None => trouble(&format!("{} {} not found", asked.kind, asked.name)),
    }
}

/// `GET /v1/events`.
pub(super) async fn events(
    State(shared): State<Shared>,
    Query(asked): Query<Involved>,
) -> Json<Value> {
    let mut clusters = shared.clusters.iter();
    let found = clusters.find(|(name, _)| *name == asked.cluster);
    let kind = Kind::named("Event");
    let events = found.zip(kind).map(|((_, store), kind)| {
        let events = store.list(kind, Some(&asked.namespace)).1;
        let of = |event: &Value, field: &str| event["involvedObject"][field].clone();
        events
            .into_iter()
            .filter(|(_, event)| of(event, "kind") == asked.kind && of(event, "name") == asked.name)
            .map(|(_, event)| {
                json!({
                    "type": event["type"], "reason": event["reason"], "message": event["message"],
                    "timestamp": event["lastTimestamp"], "component": event["source"]["component"],
                    "host": "", "name": event["metadata"]["name"], "uid": event["metadata"]["uid"],
                })
            })
            .collect::<Vec<_>>()
    });
    Json(json!({"events": events.unwrap_or_default()}))
}

/// `POST /v1/sync`: answers once the controllers have taken it up.
pub(super) async fn sync(State(shared): State<Shared>, Json(sync): Json<Sync>) -> Response {
    for asked in &sync.objects {
        let Some((store, key)) = asked.find(&shared) else {
            return trouble(&format!("{} {} not found", asked.kind, asked.name));
        };
        let source = store
            .get(&key)
            .filter(|_| sync.with_source)
            .and_then(|object| key.referenced(&object, "/spec/sourceRef"));
        for key in source.into_iter().chain([key]) {
            if !take_up(store, &key).await {
                return trouble(&format!("timed out syncing {}", key.path()));
            }
        }
    }
    Json(json!({})).into_response()
}

async fn take_up(store: &Store, key: &Key) -> bool {
    let Ok(now) = OffsetDateTime::now_utc().format(&Rfc3339) else {
        return false;
    };
    let asked = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now}}});
    let handled = async {
        while store
            .get(key)
            .is_some_and(|object| object["status"]["lastHandledReconcileAt"] != json!(now))
        {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    };
    store.merge_patch(key, &asked).is_some()
        && tokio::time::timeout(PATIENCE, handled).await.is_ok()
}

/// Errors of Kubernetes arrive as 500, as in the original.
fn trouble(message: &str) -> Response {
    let body = json!({"code": 2, "message": message});
    (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
}
