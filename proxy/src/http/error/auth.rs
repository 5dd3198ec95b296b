//! Errors of signing in as responses.

use http::StatusCode;

use super::ApiError;
use crate::auth::{AuthError, LoginError, OAuthError};

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::NotSignedIn => Self::new(
                StatusCode::UNAUTHORIZED,
                "not_signed_in",
                "Not signed in",
                "Sign in with GitHub first.",
            ),
            AuthError::SignInAgain => Self::new(
                StatusCode::UNAUTHORIZED,
                "sign_in_again",
                "Signed out by GitHub",
                "GitHub no longer takes your session's token. Sign in again.",
            ),
            AuthError::NotFromHere(why) => Self {
                cause: Some(why.into()),
                ..Self::new(
                    StatusCode::FORBIDDEN,
                    "not_from_here",
                    "Not from a page of Weft",
                    format!("Nothing was done: {why}. Reload the page and try again."),
                )
            },
            AuthError::GitHub(error) => error.into(),
            AuthError::OAuth(error) => error.into(),
        }
    }
}

impl From<OAuthError> for ApiError {
    fn from(error: OAuthError) -> Self {
        let (status, code, detail) = match &error {
            OAuthError::Refused(reason) => (
                StatusCode::FORBIDDEN,
                "sign_in_refused",
                format!("GitHub refused to sign you in ({reason}). Try again."),
            ),
            OAuthError::Unavailable(_) => (
                StatusCode::BAD_GATEWAY,
                "github_unavailable",
                "GitHub does not answer. Try again in a moment.".to_owned(),
            ),
            OAuthError::Malformed(_) => (
                StatusCode::BAD_GATEWAY,
                "github_malformed",
                "GitHub answered something that Weft does not understand.".to_owned(),
            ),
        };
        Self {
            cause: Some(error.to_string()),
            ..Self::new(status, code, "Signing in failed", detail)
        }
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        let title = "Signing in failed";
        match error {
            LoginError::NotBegun => Self::new(
                StatusCode::BAD_REQUEST,
                "sign_in_not_begun",
                title,
                "The sign-in was not begun in this browser, or more than ten minutes ago. Begin again.",
            ),
            LoginError::Cancelled => Self::new(
                StatusCode::FORBIDDEN,
                "sign_in_cancelled",
                title,
                "You cancelled the sign-in at GitHub.",
            ),
            LoginError::OAuth(error) => error.into(),
            LoginError::GitHub(error) => error.into(),
        }
    }
}
