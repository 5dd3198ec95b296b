//! Errors of authentication: who may not do what they ask for.

use super::oauth::OAuthError;
use crate::github;

/// Why a request is not taken as a person's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    #[error("nobody is signed in")]
    NotSignedIn,
    #[error("GitHub no longer takes the session's token")]
    SignInAgain,
    #[error("the request does not come from a page of Weft: {0}")]
    NotFromHere(&'static str),
    /// GitHub does not say whose the token is.
    #[error(transparent)]
    GitHub(github::Error),
    /// The token could not be refreshed.
    #[error(transparent)]
    OAuth(OAuthError),
}

impl From<github::Error> for AuthError {
    fn from(error: github::Error) -> Self {
        match error {
            github::Error::Unauthorized => Self::SignInAgain,
            other => Self::GitHub(other),
        }
    }
}

impl From<OAuthError> for AuthError {
    fn from(error: OAuthError) -> Self {
        match error {
            OAuthError::Refused(_) => Self::SignInAgain,
            other => Self::OAuth(other),
        }
    }
}
