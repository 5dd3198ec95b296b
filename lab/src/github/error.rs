//! Errors of the API, with GitHub's statuses and sentences.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// The page that error bodies point to.
const DOCUMENTATION: &str = "https://docs.github.com/rest";

/// An error of the API.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// An answer that GitHub documents.
    #[error("{message}")]
    Answer {
        /// The HTTP status.
        status: u16,
        /// The sentence in the body.
        message: String,
        /// The `errors` of a 422, strings or objects.
        errors: Vec<Value>,
    },
    /// A failure of the server itself; the client does not learn the cause.
    #[error("the forge failed: {0}")]
    Internal(#[from] anyhow::Error),
}

impl ApiError {
    fn answer(status: u16, message: impl Into<String>) -> Self {
        Self::Answer {
            status,
            message: message.into(),
            errors: Vec::new(),
        }
    }

    pub(crate) fn not_found() -> Self {
        Self::answer(404, "Not Found")
    }

    /// A 404 with a sentence of its own.
    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::answer(404, message)
    }

    pub(crate) fn too_large() -> Self {
        Self::answer(413, "Request Entity Too Large")
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::answer(400, message)
    }

    pub(crate) fn bad_credentials() -> Self {
        Self::answer(401, "Bad credentials")
    }

    pub(crate) fn requires_authentication() -> Self {
        Self::answer(401, "Requires authentication")
    }

    pub(crate) fn forbidden() -> Self {
        Self::answer(403, "Resource not accessible by integration")
    }

    pub(crate) fn not_allowed(message: impl Into<String>) -> Self {
        Self::answer(405, message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::answer(409, message)
    }

    /// A 422 whose `errors` are sentences.
    pub(crate) fn unprocessable(sentence: impl Into<String>) -> Self {
        Self::Answer {
            status: 422,
            message: "Unprocessable Entity".to_owned(),
            errors: vec![Value::String(sentence.into())],
        }
    }

    /// A 422 whose `errors` name a field.
    pub(crate) fn invalid(resource: &str, field: &str, code: &str, message: &str) -> Self {
        Self::Answer {
            status: 422,
            message: "Validation Failed".to_owned(),
            errors: vec![json!({
                "resource": resource, "field": field, "code": code, "message": message,
            })],
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Answer { status, .. } => *status,
            Self::Internal(_) => 500,
        }
    }

    /// Returns the sentence for the client.
    pub(crate) fn sentence(&self) -> String {
        match self {
            Self::Answer {
                message, errors, ..
            } => match errors.first() {
                Some(Value::String(sentence)) => sentence.clone(),
                Some(object) => object["message"].as_str().unwrap_or(message).to_owned(),
                None => message.clone(),
            },
            Self::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "the forge failed");
                "Something went wrong".to_owned()
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = match self {
            Self::Answer {
                message, errors, ..
            } => {
                let mut body = json!({
                    "message": message,
                    "documentation_url": DOCUMENTATION,
                    "status": status.to_string(),
                });
                if !errors.is_empty() {
                    body["errors"] = Value::Array(errors);
                }
                body
            }
            Self::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "the forge failed");
                json!({ "message": "Server Error" })
            }
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(body)).into_response()
    }
}
