//! Errors of GitHub as responses.

use http::StatusCode;

use super::ApiError;
use crate::auth::AuthError;
use crate::github;

impl From<github::Error> for ApiError {
    fn from(error: github::Error) -> Self {
        let (status, code, title, detail) = match &error {
            github::Error::Unauthorized => return AuthError::SignInAgain.into(),
            github::Error::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                "GitHub knows nothing of that, or does not show it to you.".to_owned(),
            ),
            github::Error::Forbidden { reason } => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "GitHub does not let you",
                format!("GitHub does not let you do that: {reason}"),
            ),
            github::Error::Conflict { message } => (
                StatusCode::CONFLICT,
                "changed",
                "It has changed",
                format!("GitHub says that it has changed: {message}"),
            ),
            github::Error::NotAllowed { message } => (
                StatusCode::CONFLICT,
                "not_allowed",
                "The rules do not allow it now",
                format!("GitHub does not allow it now: {message}"),
            ),
            github::Error::Unprocessable { messages } => (
                StatusCode::FORBIDDEN,
                "refused",
                "GitHub refused",
                format!("GitHub refused: {}", messages.join("; ")),
            ),
            github::Error::RateLimited { until } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "rate_limited",
                "GitHub asks to wait",
                format!("GitHub's limit is used up until {until}."),
            ),
            github::Error::Unavailable { .. } => (
                StatusCode::BAD_GATEWAY,
                "github_unavailable",
                "GitHub does not answer",
                "GitHub does not answer. What you see may be old; try again in a moment."
                    .to_owned(),
            ),
            github::Error::Malformed { .. } => (
                StatusCode::BAD_GATEWAY,
                "github_malformed",
                "GitHub's answer is not understood",
                "GitHub answered something that Weft does not understand.".to_owned(),
            ),
        };
        Self {
            cause: Some(error.to_string()),
            ..Self::new(status, code, title, detail)
        }
    }
}
