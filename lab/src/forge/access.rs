//! Who is asking: the bearer of a token, or nobody; and the headers that every API answer carries.

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
use super::engine::Engine;
use super::refusal::Refusal;
use super::tokens::{self, RATE_LIMIT};
use crate::faults::Fault;

/// Who is asking; `None` is nobody in particular, who may read.
pub(crate) struct Viewer(pub(crate) Option<&'static Account>);

impl Viewer {
    /// The account, or the refusal of an anonymous request.
    pub(crate) fn account(&self) -> Result<&'static Account, Refusal> {
        self.0.ok_or_else(Refusal::requires_authentication)
    }
}

impl FromRequestParts<Arc<Engine>> for Viewer {
    type Rejection = Refusal;

    async fn from_request_parts(
        parts: &mut Parts,
        engine: &Arc<Engine>,
    ) -> Result<Self, Self::Rejection> {
        viewer(engine, &parts.headers)
    }
}

/// Who the headers speak for.
pub(crate) fn viewer(engine: &Engine, headers: &HeaderMap) -> Result<Viewer, Refusal> {
    match token(headers) {
        None => Ok(Viewer(None)),
        Some(token) => engine
            .tokens
            .bearer(&token, engine.now())
            .map(|account| Viewer(Some(account)))
            .ok_or_else(Refusal::bad_credentials),
    }
}

/// The token of `Authorization: Bearer …`, `token …`, or Basic with the token as password.
fn token(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" => Some(rest.trim().to_owned()),
        "basic" => basic(headers).map(|(_, password)| password),
        _ => None,
    }
}

/// The user and password of Basic authentication.
pub(crate) fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, rest) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Gives API answers their request id, rate limit and ETag, and honours `If-None-Match`.
pub(crate) async fn dress(
    State(engine): State<Arc<Engine>>,
    request: Request,
    next: Next,
) -> Response {
    let now = engine.now();
    if engine.faults.is_ordered(Fault::ForgeDown, None) {
        return (StatusCode::BAD_GATEWAY, "Bad Gateway").into_response();
    }
    let asked = viewer(&engine, request.headers())
        .ok()
        .and_then(|viewer| viewer.0);
    let reads = request.method() == Method::GET;
    let known = request.headers().get(IF_NONE_MATCH).cloned();
    let mut response = next.run(request).await;
    let mut unchanged = false;
    if reads && response.status() == StatusCode::OK {
        (response, unchanged) = tag(response, known.as_ref()).await;
    }
    if response.status().is_client_error() && !is_json(&response) {
        // What axum itself refuses, in GitHub's shape.
        response = match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => Refusal::not_found(),
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::too_large(),
            _ => Refusal::bad_request("Problems parsing JSON"),
        }
        .into_response();
    }
    // A 304 costs nothing.
    let cost = u32::from(!unchanged);
    let login = asked.map_or("", |account| account.login);
    let usage = engine.tokens.count(login, cost, now);
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
