//! Request ids, over tower-http's layers.

use axum::extract::Request;
use http::{HeaderName, HeaderValue};
use tower_http::request_id::RequestId;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Removes the id that a proxy before Weft gave the request unless it is harmless in logs and pages: 8 to 64
/// letters, digits, `-` and `_`.
pub(super) fn without_harmful_id(mut request: Request) -> Request {
    let harmless = |id: &HeaderValue| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_".contains(b);
        (8..=64).contains(&id.len()) && id.as_bytes().iter().all(plain)
    };
    if !request.headers().get(HEADER).is_some_and(harmless) {
        request.headers_mut().remove(HEADER);
    }
    request
}

/// The id as text.
pub(super) fn text(id: &RequestId) -> &str {
    id.header_value().to_str().unwrap_or_default()
}
