//! What surrounds every answer: the request's id, the log line, and errors as problem details.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Map, Value};
use tracing::Instrument;

use crate::app::App;
use crate::http::page;
use crate::problem::Failure;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const PROBLEM: &str = "application/problem+json";
const LARGEST_PROBLEM: usize = 256 * 1024;

/// Marks an answer that came from behind Weft and is passed on as it is.
#[derive(Clone, Copy)]
pub(super) struct Foreign;

/// Gives the request an id, logs its end, and writes failures out.
pub(super) async fn envelope(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    // Without the query, which holds codes while somebody signs in.
    let path = request.uri().path().to_owned();
    let for_people = wants_page(request.headers());
    let span = tracing::info_span!("request", %id, %method, path);
    let started = Instant::now();
    async {
        let mut response = next.run(request).await;
        if is_problem(&response) {
            response = completed(response, &id).await;
        } else if let Some(failure) = failure(&mut response) {
            response = written(
                response.headers(),
                failure,
                &id,
                for_people,
                &app.config.base_path,
            );
        }
        if let Ok(value) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(REQUEST_ID, value);
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
    !foreign && kind.is_some_and(|kind| kind == PROBLEM)
}

/// Problem details with the request's id added.
async fn completed(response: Response, id: &str) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = async {
        let body = axum::body::to_bytes(body, LARGEST_PROBLEM).await.ok()?;
        let mut problem: Map<String, Value> = serde_json::from_slice(&body).ok()?;
        problem.insert("request_id".into(), id.into());
        serde_json::to_vec(&problem).ok()
    };
    match whole.await {
        Some(body) => {
            parts.headers.remove(header::CONTENT_LENGTH);
            Response::from_parts(parts, Body::from(body))
        }
        None => Failure::internal("problem details that are none").into_response(),
    }
}

/// The failure that an answer stands for: its own, or the one that its bare status means.
fn failure(response: &mut Response) -> Option<Failure> {
    let status = response.status();
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        return Some(failure);
    }
    let foreign = response.extensions().get::<Foreign>().is_some();
    let error = status.is_client_error() || status.is_server_error();
    (error && !foreign).then(|| Failure::of_status(status))
}

fn written(
    carries: &HeaderMap,
    failure: Failure,
    id: &str,
    for_people: bool,
    base_path: &str,
) -> Response {
    let cause = failure.cause.as_deref().unwrap_or_default();
    if failure.status.is_server_error() {
        tracing::error!(code = failure.code, cause, "failed");
    } else {
        tracing::debug!(code = failure.code, cause, "refused");
    }
    let status = failure.status;
    let problem = failure.problem(id);
    let mut answer = if for_people {
        (status, Html(page::problem(&problem, base_path))).into_response()
    } else {
        match serde_json::to_vec(&problem) {
            Ok(body) => {
                let kind = [(header::CONTENT_TYPE, PROBLEM)];
                (status, kind, Body::from(body)).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "a problem could not be written");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    };
    for (name, value) in carries {
        // What the answer was to carry besides its body: cookies to clear, methods that are allowed.
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            answer.headers_mut().append(name, value.clone());
        }
    }
    no_store(&mut answer);
    answer
}

fn no_store(response: &mut Response) {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
}

/// Whether a person's browser asks for a page, rather than a program for data.
pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

/// The id that a proxy before Weft gave the request, where it is harmless, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let harmless = |id: &&str| {
        (8..=64).contains(&id.len())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(harmless)
        .map_or_else(|| hex::encode(rand::random::<[u8; 8]>()), ToOwned::to_owned)
}
