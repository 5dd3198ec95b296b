//! A small dashboard shaped like Weave GitOps: its sign-in, the part of its API that Weft meets, and a
//! page with its navigation. It shows what the clusters hold, and changes nothing but by its sync.

mod access;
mod objects;
mod page;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use self::access::Sessions;
use crate::clusters::{Kind, Store};

/// What the dashboard shows: the objects of each cluster, by its name.
pub type Clusters = Vec<(String, Arc<Store>)>;

/// A running dashboard. It ends when it is dropped.
pub struct Dashboard {
    url: Url,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    clusters: Arc<Clusters>,
    sessions: Arc<Sessions>,
}

impl Dashboard {
    /// Starts the dashboard.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(listen: SocketAddr, clusters: Clusters) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .context("listening for the dashboard")?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let shared = Shared {
            clusters: Arc::new(clusters),
            sessions: Arc::default(),
        };
        let api = Router::new()
            .route("/v1/objects", post(list))
            .route("/v1/object/{name}", get(objects::object))
            .route("/v1/events", get(objects::events))
            .route("/v1/sync", post(objects::sync))
            .route("/v1/version", get(version))
            .route("/v1/{*rest}", any(|| async { StatusCode::NOT_FOUND }))
            .layer(middleware::from_fn_with_state(shared.clone(), signed_in));
        let router = Router::new()
            .merge(api)
            .route("/v1/featureflags", get(feature_flags))
            .route("/oauth2", get(|| async { StatusCode::BAD_REQUEST }))
            .route("/oauth2/sign_in", post(access::sign_in))
            .route("/oauth2/userinfo", get(access::user_info))
            .route("/oauth2/logout", post(access::log_out))
            .route("/health/", get(|| async { "ok" }))
            .route("/", get(page_without_path))
            .route("/{*path}", get(page_at))
            .layer(middleware::from_fn(vary))
            .with_state(shared);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!("the dashboard ended: {error}");
            }
        });
        Ok(Self { url, task })
    }

    /// Where it answers, with a slash at the end.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Everything says that it depends on the cookie, as the original does.
async fn vary(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response
        .headers_mut()
        .insert(header::VARY, HeaderValue::from_static("Cookie"));
    response
}

async fn signed_in(
    State(shared): State<Shared>,
    headers: HeaderMap,
    request: axum::extract::Request,
    next: Next,
) -> Response {
    if shared.sessions.user(&headers).is_some() {
        return next.run(request).await;
    }
    let body = json!({"message": "Authentication required", "code": 401});
    (StatusCode::UNAUTHORIZED, Json(body)).into_response()
}

async fn feature_flags() -> Json<Value> {
    Json(json!({"flags": {"CLUSTER_USER_AUTH": "true"}}))
}

async fn version() -> Json<Value> {
    Json(json!({
        "semver": "v0.39.0-rc.2", "commit": "", "branch": "", "buildTime": "", "kubeVersion": "v1.34.1",
    }))
}

#[derive(Deserialize)]
struct Asked {
    kind: String,
    #[serde(default, rename = "clusterName")]
    cluster: String,
}

/// The namespace that is asked for is ignored, as in the original.
async fn list(State(shared): State<Shared>, Json(asked): Json<Asked>) -> Response {
    let Some(kind) = Kind::named(&asked.kind) else {
        let body = json!({"code": 2, "message": format!("kind {} is not known", asked.kind)});
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response();
    };
    let mut objects = Vec::new();
    let mut searched = Vec::new();
    for (cluster, store) in shared.clusters.iter() {
        if !asked.cluster.is_empty() && asked.cluster != *cluster {
            continue;
        }
        searched
            .push(json!({"clusterName": cluster, "namespaces": ["flux-system", "app-podinfo"]}));
        for (_, object) in store.list(kind, None).1 {
            objects.push(json!({
                "payload": object.to_string(), "clusterName": cluster, "tenant": "",
                "uid": object["metadata"]["uid"], "inventory": [], "info": "", "health": null,
            }));
        }
    }
    Json(json!({"objects": objects, "errors": [], "searchedNamespaces": searched})).into_response()
}

async fn page_without_path(State(shared): State<Shared>, headers: HeaderMap) -> Html<String> {
    show(&shared, &headers, "applications")
}

/// A path with an extension is a file, of which there is none; any other is the page.
async fn page_at(
    State(shared): State<Shared>,
    headers: HeaderMap,
    Path(path): Path<String>,
    asked: Result<Query<objects::Asked>, QueryRejection>,
) -> Response {
    let last = path.rsplit('/').next().unwrap_or_default();
    if last.contains('.') {
        return StatusCode::NOT_FOUND.into_response();
    }
    let mut parts = path.split('/');
    let view = parts.next().unwrap_or_default();
    // An object's page, of which there is none without its query.
    if let (Some("details"), Some(kind), Ok(Query(asked))) =
        (parts.next(), page::kind_of(view), asked)
        && shared.sessions.user(&headers).is_some()
    {
        let asked = objects::Asked { kind, ..asked };
        let found = asked
            .find(&shared)
            .and_then(|(store, key)| Some((store.get(&key)?, key)));
        return Html(page::details(view, &asked, found.as_ref())).into_response();
    }
    show(&shared, &headers, view).into_response()
}

fn show(shared: &Shared, headers: &HeaderMap, view: &str) -> Html<String> {
    Html(match shared.sessions.user(headers) {
        Some(_) => page::render(view, &shared.clusters),
        None => page::sign_in(),
    })
}
