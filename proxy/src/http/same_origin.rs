//! The same-origin check of writes without a CSRF token: the dashboard's API, and the demo's controls.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, Method, header};

use super::error::ApiError;
use crate::auth::AuthError;
use crate::config::Config;

/// Rejects a write that a browser sends from another origin. Programs that are no browsers send neither
/// header, and carry no cookies that somebody could abuse.
pub(super) async fn guard(
    State(config): State<Arc<Config>>,
    request: Request,
    next: Next,
) -> Response {
    match check(request.method(), request.headers(), &config.origin()) {
        Ok(()) => next.run(request).await,
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// The check of [`guard`].
pub(super) fn check(method: &Method, headers: &HeaderMap, origin: &str) -> Result<(), AuthError> {
    if method.is_safe() {
        return Ok(());
    }
    let says_other = |name: &str, fine: &[&str]| {
        headers
            .get(name)
            .is_some_and(|value| !fine.iter().any(|fine| value.as_bytes() == fine.as_bytes()))
    };
    if says_other(header::ORIGIN.as_str(), &[origin]) {
        return Err(AuthError::NotFromHere("its origin is another one"));
    }
    if says_other("sec-fetch-site", &["same-origin", "none"]) {
        return Err(AuthError::NotFromHere("it was sent across sites"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_from_elsewhere_are_refused_and_programs_are_not() {
        let origin = "https://weft.example.com";
        for (method, pairs, fine) in [
            ("POST", vec![], true),
            ("POST", vec![("origin", origin)], true),
            ("POST", vec![("origin", "https://evil.example")], false),
            ("POST", vec![("origin", "null")], false),
            ("DELETE", vec![("sec-fetch-site", "cross-site")], false),
            ("PUT", vec![("sec-fetch-site", "same-site")], false),
            ("PUT", vec![("sec-fetch-site", "same-origin")], true),
            ("GET", vec![("origin", "https://evil.example")], true),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &pairs {
                headers.insert(*name, http::HeaderValue::from_static(value));
            }
            let method: Method = method.parse().unwrap();
            let checked = check(&method, &headers, origin);
            assert_eq!(checked.is_ok(), fine, "{method} {pairs:?}");
        }
    }
}
