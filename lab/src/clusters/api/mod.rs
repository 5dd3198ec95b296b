//! The Kubernetes API of one cluster over HTTP: get, list, watch, merge patch and access reviews, with
//! bearer tokens. Everything else that changes a cluster comes out of git.

mod error;
mod list;
mod query;
mod watch;

use axum::body::Bytes;
use axum::extract::{Extension, Query, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, RequestExt, Router};
use serde_json::{Value, json};

use self::error::StatusError;
use self::query::{RequestQuery, is_set};
use super::kinds::Kind;
use super::object::{Key, StoredObject};

pub(super) use self::query::Api;

const VERSION: &str = "/version";
const ACCESS_REVIEWS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// Whether the token of a request is the one that may write.
#[derive(Clone, Copy)]
struct MayWrite(bool);

pub(super) fn router(api: Api) -> Router {
    Router::new()
        .route(VERSION, get(version))
        .route(ACCESS_REVIEWS, post(review_access))
        .fallback(dispatch)
        .layer(middleware::from_fn_with_state(api.clone(), authorize))
        .with_state(api)
}

async fn version() -> Json<Value> {
    Json(json!({
        "major": "1", "minor": "34", "gitVersion": "v1.34.1", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2025-09-09T00:00:00Z", "goVersion": "go1.24.6", "compiler": "gc",
        "platform": "linux/amd64",
    }))
}

async fn authorize(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Result<Response, StatusError> {
    if *api.unavailable.borrow() {
        return Err(StatusError::ServiceUnavailable);
    }
    let path = request.uri().path();
    let token = request.headers().get(header::AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let may_write = token == Some(&*api.token);
    if path != VERSION && !may_write && token != Some(&*api.viewer_token) {
        return Err(StatusError::Unauthorized);
    }
    if !may_write && request.method() != Method::GET && path != ACCESS_REVIEWS {
        return Err(StatusError::Forbidden(path.to_owned()));
    }
    request.extensions_mut().insert(MayWrite(may_write));
    Ok(next.run(request).await)
}

/// `SelfSubjectAccessReview`: whether the token of the request may use a verb.
async fn review_access(
    Extension(MayWrite(may_write)): Extension<MayWrite>,
    body: Bytes,
) -> Result<Response, StatusError> {
    let mut review = json_body(&body)?;
    let verb = review.pointer("/spec/resourceAttributes/verb");
    let allowed = match verb.and_then(Value::as_str) {
        Some("get" | "list" | "watch") => true,
        Some("patch") => may_write,
        _ => false,
    };
    review["status"] = json!({ "allowed": allowed });
    Ok((StatusCode::CREATED, Json(review)).into_response())
}

/// The objects that a path below `/api/v1` or `/apis/{group}/{version}` names.
struct Resource {
    kind: &'static Kind,
    namespace: Option<String>,
    name: Option<String>,
}

impl Resource {
    fn of(path: &str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match &segments[..] {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return None,
        };
        let (namespace, plural, name) = match *rest {
            ["namespaces", namespace, plural] => (Some(namespace), plural, None),
            ["namespaces", namespace, plural, name] => (Some(namespace), plural, Some(name)),
            [plural] => (None, plural, None),
            [plural, name] => (None, plural, Some(name)),
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
    uri: Uri,
    Query(query): Query<RequestQuery>,
    request: Request,
) -> Result<Response, StatusError> {
    let resource = Resource::of(uri.path()).ok_or(StatusError::NoSuchPath)?;
    let (kind, namespace) = (resource.kind, resource.namespace);
    match (request.method(), &resource.name) {
        (&Method::GET, None) if is_set(&query, "watch") => {
            watch::stream(&api, kind, namespace, &query)
        }
        (&Method::GET, None) => list::page(&api, kind, namespace.as_deref(), &query),
        (&Method::GET | &Method::PATCH, Some(name)) => {
            let key = Key::new(kind, &namespace.unwrap_or_default(), name);
            let found = match *request.method() {
                Method::PATCH => patch(&api, &key, request).await?,
                _ => api.store.get(&key),
            };
            let object = found.ok_or_else(|| {
                let resource = format!("{}.{}", kind.plural, kind.group);
                StatusError::NotFound(resource.trim_end_matches('.').to_owned(), key.name)
            })?;
            Ok(Json(&*object).into_response())
        }
        (method, _) => Err(StatusError::MethodNotAllowed(method.clone())),
    }
}

async fn patch(
    api: &Api,
    key: &Key,
    request: Request,
) -> Result<Option<StoredObject>, StatusError> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/merge-patch+json") {
        return Err(StatusError::UnsupportedMediaType(kind.to_owned()));
    }
    let body: Bytes = request
        .extract()
        .await
        .map_err(|error| StatusError::BadRequest(format!("reading the patch: {error}")))?;
    Ok(api.store.merge_patch(key, &json_body(&body)?))
}

fn json_body(body: &[u8]) -> Result<Value, StatusError> {
    let malformed = |error| StatusError::BadRequest(format!("the body is not JSON: {error}"));
    serde_json::from_slice(body).map_err(malformed)
}
