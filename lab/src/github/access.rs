//! Authentication by token, and the headers of every API answer.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::accounts::Account;
use super::error::ApiError;
use super::state::GitHubState;
use super::tokens::{self, RATE_LIMIT};
use crate::faults::Fault;

/// The account that signed the request; 401 when there is none.
pub(crate) struct Viewer(pub(crate) &'static Account);

impl FromRequestParts<Arc<GitHubState>> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        github: &Arc<GitHubState>,
    ) -> Result<Self, Self::Rejection> {
        let account = viewer(github, &parts.headers)?;
        account
            .map(Self)
            .ok_or_else(ApiError::requires_authentication)
    }
}

/// Returns the account whose token the headers carry, `None` for an anonymous request.
pub(crate) fn viewer(
    github: &GitHubState,
    headers: &HeaderMap,
) -> Result<Option<&'static Account>, ApiError> {
    let Some(token) = token(headers) else {
        return Ok(None);
    };
    let account = github.tokens.bearer(&token, github.now());
    account.map(Some).ok_or_else(ApiError::bad_credentials)
}

/// The token of `Authorization: Bearer …`, `token …`, or Basic with the token as password.
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" => Some(rest.trim().to_owned()),
        "basic" => {
            let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
            Some(decoded.split_once(':')?.1.to_owned())
        }
        _ => None,
    }
}

/// Middleware of the API: refuses bad credentials, sets request id, rate limit and ETag, and honours
/// `If-None-Match`.
pub(crate) async fn api_headers(
    State(github): State<Arc<GitHubState>>,
    request: Request,
    next: Next,
) -> Response {
    let now = github.now();
    if github.faults.is_ordered(Fault::ForgeDown, None) {
        return (StatusCode::BAD_GATEWAY, "Bad Gateway").into_response();
    }
    let asked = viewer(&github, request.headers());
    let reads = request.method() == Method::GET;
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let (login, mut response) = match asked {
        Ok(account) => {
            let login = account.map_or("", |account| account.login);
            (login, next.run(request).await)
        }
        Err(error) => ("", error.into_response()),
    };
    let mut unchanged = false;
    if reads && response.status() == StatusCode::OK {
        (response, unchanged) = tag(response, known.as_ref()).await;
    }
    if response.status().is_client_error() && !is_json(&response) {
        // A rejection of axum's own, put into GitHub's shape.
        response = match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => ApiError::not_found(),
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
            _ => ApiError::bad_request("Problems parsing JSON"),
        }
        .into_response();
    }
    // A 304 costs nothing.
    let cost = u32::from(!unchanged);
    let usage = github.tokens.count(login, cost, now);
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set("x-github-request-id", request_id());
    set("x-github-media-type", "github.v3; format=json".to_owned());
    set("x-ratelimit-limit", RATE_LIMIT.to_string());
    set(
        "x-ratelimit-remaining",
        (RATE_LIMIT - usage.used).to_string(),
    );
    set("x-ratelimit-used", usage.used.to_string());
    set(
        "x-ratelimit-reset",
        usage.resets.unix_timestamp().to_string(),
    );
    set("x-ratelimit-resource", "core".to_owned());
    response
}

fn is_json(response: &Response) -> bool {
    response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"))
}

async fn tag(response: Response, known: Option<&HeaderValue>) -> (Response, bool) {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR.into_response(), false);
    };
    let etag = format!("W/\"{}\"", hex::encode(Sha256::digest(&bytes)));
    let same = known
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.split(',').any(|other| weak(other) == weak(&etag)));
    if let Ok(value) = HeaderValue::from_str(&etag) {
        parts.headers.insert(ETAG, value);
    }
    let cache = HeaderValue::from_static("private, max-age=60, s-maxage=60");
    parts.headers.insert(CACHE_CONTROL, cache);
    if same {
        parts.status = StatusCode::NOT_MODIFIED;
        parts.headers.remove("content-length");
        return (Response::from_parts(parts, axum::body::Body::empty()), true);
    }
    (Response::from_parts(parts, bytes.into()), false)
}

/// An ETag without what makes it weak.
fn weak(etag: &str) -> &str {
    etag.trim().trim_start_matches("W/")
}

fn request_id() -> String {
    let letters = tokens::random("").to_uppercase();
    format!("{}:{}:{}", &letters[..4], &letters[4..10], &letters[10..18])
}
