//! Errors of actions as responses.

use http::StatusCode;

use super::ApiError;
use crate::actions::ActionError;

impl From<ActionError> for ApiError {
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
            ActionError::Changed { code, card, .. } => Self {
                card: Some(card),
                ..Self::new(StatusCode::CONFLICT, code, "It has changed", why)
            },
            ActionError::Refused(detail) => unreleasable(&detail),
            ActionError::Wrong { why, fields } => Self {
                fields: fields.into_iter().map(str::to_owned).collect(),
                ..unreleasable(&why)
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
            ActionError::RulesUnmet { card, .. } => {
                let title = "The rules are not met";
                Self {
                    card: Some(card),
                    ..Self::new(StatusCode::CONFLICT, "rules_unmet", title, why)
                }
            }
            ActionError::GitHub(error) => error.into(),
            ActionError::Journal(error) => error.into(),
            ActionError::Outcome(error) => Self::internal(error),
        }
    }
}

fn unreleasable(why: &str) -> ApiError {
    ApiError {
        code: "refused",
        title: "That cannot be released",
        ..ApiError::bad_request(sentence(why))
    }
}

/// A sentence as a person would write it: with its end, and its capital unless it begins with a path.
fn sentence(text: &str) -> String {
    let first = text.split(' ').next().unwrap_or_default();
    if first.contains(['/', '.']) {
        return format!("{text}.");
    }
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    let has_end = text.ends_with(['.', '!', '?']);
    let end = if has_end { "" } else { "." };
    format!("{}{}{end}", first.collect::<String>(), letters.as_str())
}
