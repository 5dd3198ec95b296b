//! Errors as the Kubernetes API gives them: a `Status` object with a code, a reason and a message.

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::clusters::object::Key;

/// A refusal.
#[derive(Debug)]
pub(super) struct Failure {
    code: StatusCode,
    reason: &'static str,
    message: String,
}

impl Failure {
    fn new(code: StatusCode, reason: &'static str, message: String) -> Self {
        Self {
            code,
            reason,
            message,
        }
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Unauthorized",
            "Unauthorized".to_owned(),
        )
    }

    pub(super) fn forbidden(path: &str) -> Self {
        let message = format!("forbidden: this token may only read, not write {path}");
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    pub(super) fn not_found(key: &Key) -> Self {
        let resource = if key.kind.group.is_empty() {
            key.kind.plural.to_owned()
        } else {
            format!("{}.{}", key.kind.plural, key.kind.group)
        };
        let message = format!("{resource} \"{}\" not found", key.name);
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(super) fn no_such_path() -> Self {
        let message = "the server could not find the requested resource".to_owned();
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(super) fn method_not_allowed(method: &Method) -> Self {
        let message = format!("the server does not allow {method} on the requested resource");
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message)
    }

    pub(super) fn unsupported_media_type(kind: &str) -> Self {
        let message = format!(
            "the body of the request was in an unknown format: {kind}; application/merge-patch+json is accepted"
        );
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            message,
        )
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BadRequest", message.to_owned())
    }

    pub(super) fn unavailable() -> Self {
        let message = "the server is currently unable to handle the request".to_owned();
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailable",
            message,
        )
    }

    pub(super) fn too_large_version(asked: u64, present: u64) -> Self {
        let message = format!("Timeout: Too large resource version: {asked}, current: {present}");
        Self::new(StatusCode::GATEWAY_TIMEOUT, "Timeout", message)
    }

    pub(super) fn expired(asked: u64) -> Self {
        let message = format!("too old resource version: {asked}");
        Self::new(StatusCode::GONE, "Expired", message)
    }

    /// The `Status` object itself, as an ERROR event of a watch carries it.
    pub(super) fn status(&self) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code.as_u16(),
        })
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.code, Json(self.status())).into_response()
    }
}
