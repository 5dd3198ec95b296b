//! A small dashboard shaped like Weave GitOps: its sign-in, its navigation, lists of objects, and the page
//! of an object with its Sync button.

mod page;
mod state;

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use self::state::{DashboardState, ObjectQuery, Stores, cookie};
use crate::loopback::HttpServer;

type Shared = State<Arc<DashboardState>>;

/// Starts the dashboard on a free port. It ends when the server is dropped.
pub(crate) async fn start(stores: Stores) -> anyhow::Result<HttpServer> {
    let state = Arc::new(DashboardState {
        stores,
        sessions: Mutex::default(),
    });
    let router = Router::new()
        .route("/v1/sync", post(sync))
        .route("/v1/{*rest}", any(|| async { StatusCode::NOT_FOUND }))
        .route("/oauth2/sign_in", post(sign_in))
        .route("/oauth2/userinfo", get(user_info))
        .route("/", get(list_view))
        .route("/{view}", get(list_view))
        .route("/{view}/details", get(details_view))
        .with_state(state);
    HttpServer::start("the dashboard".to_owned(), router).await
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// Any user may sign in with any password that is not empty.
async fn sign_in(State(state): Shared, Json(credentials): Json<Credentials>) -> Response {
    if credentials.username.is_empty() || credentials.password.is_empty() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let session = hex::encode(rand::random::<[u8; 24]>());
    let cookie = format!("session={session}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
    let mut sessions = state.sessions.lock();
    sessions.insert(session, credentials.username);
    [(header::SET_COOKIE, cookie)].into_response()
}

/// The user; 400 without a session, 401 with one that is not known.
async fn user_info(State(state): Shared, headers: HeaderMap) -> Result<Response, StatusCode> {
    cookie(&headers).ok_or(StatusCode::BAD_REQUEST)?;
    let user = state.user(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(Json(json!({"email": user, "id": user, "groups": null})).into_response())
}

#[derive(Deserialize)]
struct SyncRequest {
    objects: Vec<ObjectQuery>,
}

/// Asks Flux to reconcile objects and their sources. Errors of Kubernetes arrive as 500, as in the
/// original.
async fn sync(
    State(state): Shared,
    headers: HeaderMap,
    Json(request): Json<SyncRequest>,
) -> Result<Json<Value>, StatusCode> {
    state.user(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    let now = OffsetDateTime::now_utc().format(&Rfc3339);
    let now = now.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let patch = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": now}}});
    for query in &request.objects {
        let found = query.find(&state);
        let (store, key) = found.ok_or(StatusCode::INTERNAL_SERVER_ERROR)?;
        let object = store.get(&key);
        let source = object.and_then(|object| key.referenced(&object, "/spec/sourceRef"));
        for key in source.into_iter().chain([key]) {
            store.merge_patch(&key, &patch);
        }
    }
    Ok(Json(json!({})))
}

async fn list_view(
    State(state): Shared,
    headers: HeaderMap,
    view: Option<Path<String>>,
) -> Html<String> {
    let view = view.map_or_else(String::new, |Path(view)| view);
    match state.user(&headers) {
        Some(_) => page::list(&view, &state.stores),
        None => page::sign_in(),
    }
}

async fn details_view(
    State(state): Shared,
    headers: HeaderMap,
    Path(view): Path<String>,
    Query(mut query): Query<ObjectQuery>,
) -> Html<String> {
    if state.user(&headers).is_none() {
        return page::sign_in();
    }
    query.kind = page::kind_of(&view).unwrap_or_default().to_owned();
    let object = query.find(&state);
    let object = object.and_then(|(store, key)| store.get(&key));
    page::details(&view, &query, object.as_deref())
}
