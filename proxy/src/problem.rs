//! From errors to answers: the one place where an error gets its status, its code and its words.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use model::api::{Problem, PromotionCard};

use crate::actions::ActionError;
use crate::auth::{AccessError, LoginError, OAuthError};
use crate::github::Error as GitHubError;
use crate::journal::JournalError;

/// An answer that is an error, before it has a request id.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The HTTP status.
    pub status: StatusCode,
    /// A stable name for programs.
    pub code: &'static str,
    /// What went wrong, the same for every occurrence.
    pub title: &'static str,
    /// What went wrong this time and what to do next.
    pub detail: String,
    /// The fields of the request that are wrong.
    pub fields: Vec<String>,
    /// The present state, where the request was made on an older one.
    pub card: Option<Box<PromotionCard>>,
    /// What the log is told and the client is not.
    pub cause: Option<String>,
}

impl Failure {
    /// An error with all that the client is told.
    #[must_use]
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

    /// A fault of ours; its cause goes to the log only.
    #[must_use]
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

    /// Nothing is at that address.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    /// The request cannot be understood.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad_request",
            "The request cannot be understood",
            detail,
        )
    }

    /// The same with the present state.
    #[must_use]
    pub fn with_card(mut self, card: PromotionCard) -> Self {
        self.card = Some(Box::new(card));
        self
    }

    /// What an answer without words of ours means.
    #[must_use]
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

    /// The body of the answer.
    #[must_use]
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

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        // The envelope around all routes writes the body, since it knows the request's id.
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::internal(error)
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotSignedIn => Self::new(
                StatusCode::UNAUTHORIZED,
                "not_signed_in",
                "Not signed in",
                "Sign in with GitHub first.",
            ),
            AccessError::SignInAgain => Self::new(
                StatusCode::UNAUTHORIZED,
                "sign_in_again",
                "Signed out by GitHub",
                "GitHub no longer takes your session's token. Sign in again.",
            ),
            AccessError::NotFromHere(why) => Self {
                cause: Some(why.into()),
                ..Self::new(
                    StatusCode::FORBIDDEN,
                    "not_from_here",
                    "Not from a page of Weft",
                    format!("Nothing was done: {why}. Reload the page and try again."),
                )
            },
            AccessError::GitHub(error) => error.into(),
            AccessError::OAuth(error) => error.into(),
        }
    }
}

impl From<OAuthError> for Failure {
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

impl From<LoginError> for Failure {
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

impl From<GitHubError> for Failure {
    fn from(error: GitHubError) -> Self {
        let (status, code, title, detail) = match &error {
            GitHubError::Unauthorized => return AccessError::SignInAgain.into(),
            GitHubError::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                "Not found",
                "GitHub knows nothing of that, or does not show it to you.".to_owned(),
            ),
            GitHubError::Forbidden { reason } => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "GitHub does not let you",
                format!("GitHub does not let you do that: {reason}"),
            ),
            GitHubError::Conflict { message } => (
                StatusCode::CONFLICT,
                "changed",
                "It has changed",
                format!("GitHub says that it has changed: {message}"),
            ),
            GitHubError::NotAllowed { message } => (
                StatusCode::CONFLICT,
                "not_allowed",
                "The rules do not allow it now",
                format!("GitHub does not allow it now: {message}"),
            ),
            GitHubError::Unprocessable { messages } => (
                StatusCode::FORBIDDEN,
                "refused",
                "GitHub refused",
                format!("GitHub refused: {}", messages.join("; ")),
            ),
            GitHubError::RateLimited { until } => (
                StatusCode::SERVICE_UNAVAILABLE,
                "rate_limited",
                "GitHub asks to wait",
                format!("GitHub's limit is used up until {until}."),
            ),
            GitHubError::Unavailable { .. } => (
                StatusCode::BAD_GATEWAY,
                "github_unavailable",
                "GitHub does not answer",
                "GitHub does not answer. What you see may be old; try again in a moment."
                    .to_owned(),
            ),
            GitHubError::Malformed { .. } => (
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

impl From<ActionError> for Failure {
    fn from(error: ActionError) -> Self {
        let why = error.to_string();
        match error {
            ActionError::NoPromotion(detail) => Self::not_found(detail),
            ActionError::Incomplete(detail) => Self::bad_request(detail),
            ActionError::ForgedIntent => Self::new(
                StatusCode::FORBIDDEN,
                "intent_forged",
                "Not what you were offered",
                "Nothing was done: the order does not carry an intent that Weft gave you for this pull request. Reload the page and try again.",
            ),
            ActionError::Changed { code, card, .. } => {
                Self::new(StatusCode::CONFLICT, code, "It has changed", why).with_card(*card)
            }
            ActionError::Refused(detail) => Self {
                code: "refused",
                title: "That cannot be released",
                ..Self::bad_request(sentence(&detail))
            },
            ActionError::Wrong { why, fields } => Self {
                code: "refused",
                title: "That cannot be released",
                fields: fields.into_iter().map(str::to_owned).collect(),
                ..Self::bad_request(sentence(&why))
            },
            ActionError::OutOfDate { code, .. } => {
                Self::new(StatusCode::CONFLICT, code, "It has changed", why)
            }
            ActionError::Cluster(detail) => Self::new(
                StatusCode::BAD_GATEWAY,
                "cluster_unavailable",
                "The cluster did not do it",
                detail,
            ),
            ActionError::NotPermitted { code, .. } => {
                Self::new(StatusCode::FORBIDDEN, code, "You may not do that", why)
            }
            ActionError::RulesUnmet { card, .. } => Self::new(
                StatusCode::CONFLICT,
                "rules_unmet",
                "The rules are not met",
                why,
            )
            .with_card(*card),
            ActionError::GitHub(error) => error.into(),
            ActionError::Journal(error) => error.into(),
            ActionError::Outcome(error) => Self::internal(error),
        }
    }
}

/// A sentence as a person would write it: with its end, and its capital unless it begins with a path.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first.contains(['/', '.']) {
        return format!("{text}.");
    }
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", letters.as_str())
}

impl From<JsonRejection> for Failure {
    fn from(rejection: JsonRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::of_status(StatusCode::PAYLOAD_TOO_LARGE),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "not_json",
                "The body is not JSON",
                "Send the body as application/json.",
            ),
            _ => Self::bad_request(rejection.body_text()),
        }
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.body_text())
    }
}

impl From<PathRejection> for Failure {
    fn from(_: PathRejection) -> Self {
        Self::of_status(StatusCode::NOT_FOUND)
    }
}
