//! Errors of the Kubernetes API: `Status` objects with a code, a reason and a message.

use axum::Json;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum StatusError {
    #[error("Unauthorized")]
    Unauthorized,
    #[error("forbidden: this token may only read, not write {0}")]
    Forbidden(String),
    /// The resource with its group, and the name of the object.
    #[error("{0} \"{1}\" not found")]
    NotFound(String, String),
    #[error("the server could not find the requested resource")]
    NoSuchPath,
    #[error("the server does not allow {0} on the requested resource")]
    MethodNotAllowed(Method),
    #[error(
        "the body of the request was in an unknown format: {0}; application/merge-patch+json is accepted"
    )]
    UnsupportedMediaType(String),
    #[error("{0}")]
    BadRequest(String),
    #[error("the server is currently unable to handle the request")]
    ServiceUnavailable,
    /// The resource version asked for, and the present one.
    #[error("Timeout: Too large resource version: {0}, current: {1}")]
    TooLargeVersion(u64, u64),
    /// The resource version asked for.
    #[error("too old resource version: {0}")]
    Expired(u64),
}

impl StatusError {
    fn parts(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "Forbidden"),
            Self::NotFound(..) | Self::NoSuchPath => (StatusCode::NOT_FOUND, "NotFound"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed"),
            Self::UnsupportedMediaType(_) => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType")
            }
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "BadRequest"),
            Self::ServiceUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Self::TooLargeVersion(..) => (StatusCode::GATEWAY_TIMEOUT, "Timeout"),
            Self::Expired(_) => (StatusCode::GONE, "Expired"),
        }
    }

    /// The `Status` object, which an ERROR event of a watch carries too.
    pub(super) fn status(&self) -> Value {
        let (code, reason) = self.parts();
        json!({
            "apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Failure",
            "message": self.to_string(), "reason": reason, "code": code.as_u16(),
        })
    }
}

impl IntoResponse for StatusError {
    fn into_response(self) -> Response {
        (self.parts().0, Json(self.status())).into_response()
    }
}
