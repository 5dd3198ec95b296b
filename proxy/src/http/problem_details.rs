//! The layer around all routes: the log line of a request, and errors as problem details (RFC 9457).

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use tower_http::request_id::RequestId;
use tracing::Instrument;

use super::error::ApiError;
use super::page;
use super::request_id::text;
use crate::config::Config;

const MEDIA_TYPE: &str = "application/problem+json";
/// The most bytes of problem details that a handler writes by itself.
const BODY_LIMIT: usize = 256 * 1024;

/// Marks a response of the dashboard, which is passed on as it is.
#[derive(Clone, Copy)]
pub(super) struct Foreign;

/// Logs the request, and writes its error, if it has one, as problem details or as a page.
pub(super) async fn layer(
    State(config): State<Arc<Config>>,
    axum::Extension(id): axum::Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let id = text(&id);
    let method = request.method().clone();
    // Without the query, which holds codes while somebody signs in.
    let path = request.uri().path().to_owned();
    let as_page = wants_page(request.headers());
    let span = tracing::info_span!("request", %id, %method, path);
    let started = Instant::now();
    async {
        let mut response = next.run(request).await;
        if is_problem(&response) {
            response = with_request_id(response, id).await;
        } else if let Some(error) = error(&mut response) {
            let page = as_page.then_some(config.base_path.as_str());
            response = written(response.headers(), error, id, page);
        }
        let took = started.elapsed();
        tracing::debug!(status = response.status().as_u16(), ?took, "answered");
        response
    }
    .instrument(span)
    .await
}

/// Whether a handler wrote problem details by itself, as the demo's controls do.
fn is_problem(response: &Response) -> bool {
    let foreign = response.extensions().get::<Foreign>().is_some();
    let kind = response.headers().get(header::CONTENT_TYPE);
    !foreign && kind.is_some_and(|kind| kind == MEDIA_TYPE)
}

/// Problem details with the request's id added.
async fn with_request_id(response: Response, id: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let completed = async {
        let body = axum::body::to_bytes(body, BODY_LIMIT).await.ok()?;
        let mut problem: Map<String, Value> = serde_json::from_slice(&body).ok()?;
        problem.insert("request_id".into(), id.into());
        serde_json::to_vec(&problem).ok()
    };
    match completed.await {
        Some(body) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(body))
        }
        None => ApiError::internal("problem details that are none").into_response(),
    }
}

/// The error of a response: its own, or that of its bare status.
fn error(response: &mut Response) -> Option<ApiError> {
    if let Some(error) = response.extensions_mut().remove::<ApiError>() {
        return Some(error);
    }
    let status = response.status();
    let foreign = response.extensions().get::<Foreign>().is_some();
    let is_error = status.is_client_error() || status.is_server_error();
    (is_error && !foreign).then(|| ApiError::of_status(status))
}

/// The response to an error: a page under the given base path, or else problem details.
fn written(carried: &HeaderMap, error: ApiError, id: &str, page: Option<&str>) -> Response {
    let cause = error.cause.as_deref().unwrap_or_default();
    if error.status.is_server_error() {
        tracing::error!(code = error.code, cause, "failed");
    } else {
        tracing::debug!(code = error.code, cause, "refused");
    }
    let status = error.status;
    let problem = error.problem(id);
    let mut response = match page {
        Some(base_path) => (status, Html(page::problem(&problem, base_path))).into_response(),
        None => match serde_json::to_vec(&problem) {
            Ok(body) => (status, [(header::CONTENT_TYPE, MEDIA_TYPE)], body).into_response(),
            Err(error) => {
                tracing::error!(%error, "a problem could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
    };
    let headers = response.headers_mut();
    for (name, value) in carried {
        // What the response carries besides its body: cookies to clear, methods that are allowed.
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            headers.append(name, value.clone());
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Whether a person's browser asks for a page, rather than a program for data.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}
