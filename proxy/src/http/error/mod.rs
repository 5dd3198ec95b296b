//! Errors as responses: the one place where an error gets its status, its code and its sentences.
//!
//! The other files turn the errors of each part into an [`ApiError`].

mod actions;
mod auth;
mod github;
mod rejections;

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use model::api::{Problem, PromotionCard};

use crate::journal::JournalError;

/// An error response, before it has a request id.
#[derive(Clone, Debug)]
pub struct ApiError {
    pub status: StatusCode,
    /// A stable name for programs.
    pub code: &'static str,
    /// A summary, the same for every occurrence.
    pub title: &'static str,
    /// This occurrence, and what to do next.
    pub detail: String,
    /// The names of the request's fields that are wrong.
    pub fields: Vec<String>,
    /// The current promotion, where the request was made on an older one.
    pub card: Option<Box<PromotionCard>>,
    /// For the log only.
    pub cause: Option<String>,
}

impl ApiError {
    /// An error without fields, card or cause.
    pub fn new(
        status: StatusCode,
        code: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            fields: Vec::new(),
            card: None,
            cause: None,
        }
    }

    /// An error inside Weft; its cause goes to the log only.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self {
            cause: Some(cause.to_string()),
            ..Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Weft failed",
                "Something failed inside Weft. Try again; if it stays, quote the request id.",
            )
        }
    }

    /// The error for an address with nothing at it.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// The error for a request that cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "The request cannot be understood",
            detail,
        )
    }

    /// The error for a response of another layer that has a status only.
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("There is nothing at this address."),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                status,
                "method_not_allowed",
                "Method not allowed",
                "This address does not take that method.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                status,
                "too_large",
                "The body is too large",
                "A body may have 1 MiB at most.",
            ),
            status if status.is_client_error() => Self {
                status,
                ..Self::bad_request("The request cannot be understood.")
            },
            status => Self {
                status,
                ..Self::internal("an answer without a cause")
            },
        }
    }

    /// The body of the response.
    pub fn problem(self, request_id: &str) -> Problem {
        Problem {
            kind: "about:blank".into(),
            title: self.title.into(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code.into(),
            request_id: request_id.into(),
            fields: self.fields,
            card: self.card,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        // `problem_details` writes the body, since it knows the request's id.
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<JournalError> for ApiError {
    fn from(error: JournalError) -> Self {
        Self::internal(error)
    }
}
