//! The Kubernetes API of one cluster over HTTP: discovery, get, list, watch and merge patch, with
//! bearer tokens, and what a token may do. Writing goes through `PATCH` only; everything else comes out
//! of git.

mod discovery;
mod failure;
mod list;
mod rights;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, RequestExt};
use serde_json::Value;

use self::failure::Failure;
use super::kinds::Kind;
use super::object::Key;
use super::store::Store;

/// What the API's handlers share.
#[derive(Clone)]
pub(super) struct Api {
    pub store: Arc<Store>,
    /// May do all that is served.
    pub token: Arc<str>,
    /// May get, list and watch.
    pub viewer_token: Arc<str>,
    /// While true, nothing is answered and open watches end.
    pub dark: tokio::sync::watch::Receiver<bool>,
    /// How often a watch that asked for bookmarks gets one.
    pub bookmarks: std::time::Duration,
}

/// The routes of the API.
pub(super) fn router(api: Api) -> Router {
    Router::new()
        .fallback(dispatch)
        .layer(middleware::from_fn_with_state(api.clone(), guard))
        .with_state(api)
}

/// Refuses everyone while the cluster is dark, and those without a token always.
async fn guard(State(api): State<Api>, request: Request, next: Next) -> Response {
    if *api.dark.borrow() {
        return Failure::unavailable().into_response();
    }
    let open = ["/version", "/healthz", "/livez", "/readyz"];
    if open.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let token = bearer(request.headers());
    let owner = token.is_some_and(|token| token == &*api.token);
    let viewer = token.is_some_and(|token| token == &*api.viewer_token);
    if !owner && !viewer {
        return Failure::unauthorized().into_response();
    }
    if request.uri().path() == rights::REVIEWS {
        return rights::review(request, owner).await.into_response();
    }
    if !owner && request.method() != Method::GET {
        return Failure::forbidden(request.uri().path()).into_response();
    }
    next.run(request).await
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .strip_prefix("Bearer ")
}

/// What a path below `/api/v1` or `/apis/{group}/{version}` names.
struct Target {
    kind: &'static Kind,
    namespace: Option<String>,
    name: Option<String>,
}

impl Target {
    fn of(segments: &[&str]) -> Option<Self> {
        let (group, version, rest) = match segments {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, plural, name) = match rest {
            ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
            ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
            [plural] => (None, *plural, None),
            [plural, name] => (None, *plural, Some(*name)),
            _ => return None,
        };
        let kind = Kind::at(group, version, plural)?;
        if name.is_some() && kind.namespaced != namespace.is_some() {
            return None;
        }
        Some(Self {
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
        })
    }
}

async fn dispatch(
    State(api): State<Api>,
    method: Method,
    uri: Uri,
    Query(query): Query<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Failure> {
    let path = uri.path().trim_matches('/');
    let segments: Vec<&str> = path.split('/').collect();
    if method == Method::GET
        && let Some(document) = discovery::document(&segments)
    {
        return Ok(document);
    }
    let target = Target::of(&segments).ok_or_else(Failure::no_such_path)?;
    match (method, &target.name) {
        (Method::GET, Some(name)) => {
            let key = Key::new(
                target.kind,
                target.namespace.as_deref().unwrap_or_default(),
                name,
            );
            let object = api
                .store
                .get(&key)
                .ok_or_else(|| Failure::not_found(&key))?;
            Ok(Json(&*object).into_response())
        }
        (Method::GET, None) => {
            let watching = query
                .get("watch")
                .is_some_and(|asked| asked == "true" || asked == "1");
            if watching {
                watch::stream(&api, target.kind, target.namespace, &query)
            } else {
                list::page(&api, target.kind, target.namespace.as_deref(), &query)
            }
        }
        (Method::PATCH, Some(name)) => {
            let key = Key::new(
                target.kind,
                target.namespace.as_deref().unwrap_or_default(),
                name,
            );
            patch(&api, &key, request).await
        }
        (method, _) => Err(Failure::method_not_allowed(&method)),
    }
}

async fn patch(api: &Api, key: &Key, request: Request) -> Result<Response, Failure> {
    let kind = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if !kind.starts_with("application/merge-patch+json") {
        return Err(Failure::unsupported_media_type(kind));
    }
    let body: Bytes = request
        .extract()
        .await
        .map_err(|refusal| Failure::bad_request(&format!("reading the patch: {refusal}")))?;
    let patch: Value = serde_json::from_slice(&body)
        .map_err(|error| Failure::bad_request(&format!("the patch is not JSON: {error}")))?;
    let object = api
        .store
        .merge_patch(key, &patch)
        .ok_or_else(|| Failure::not_found(key))?;
    Ok(Json(&*object).into_response())
}

/// The answer to a probe.
fn ok() -> Response {
    (StatusCode::OK, "ok").into_response()
}
