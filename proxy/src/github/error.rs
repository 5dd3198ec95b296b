//! The errors of calls to GitHub, in the words of its answers.

use model::Timestamp;
use model::flux::cut;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

/// Why a call to GitHub failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 401: the token is invalid, expired or revoked.
    #[error("GitHub does not accept the token")]
    Unauthorized,
    /// 403: the owner of the token lacks the permission.
    #[error("GitHub refuses: {reason}")]
    Forbidden { reason: String },
    /// 404 or 410; also for resources that the token may not see.
    #[error("GitHub knows nothing of that, or the token may not see it")]
    NotFound,
    /// 409: the state that the call was based on has changed.
    #[error("GitHub says that it has changed: {message}")]
    Conflict { message: String },
    /// 422, and other 4xx.
    #[error("GitHub refuses: {}", messages.join("; "))]
    Unprocessable {
        /// The general message first.
        messages: Vec<String>,
    },
    /// 405: the rules of the branch are not met, or its head has just moved.
    #[error("GitHub does not allow it now: {message}")]
    NotAllowed { message: String },
    /// 429, or 403 with an exhausted limit.
    #[error("GitHub's rate limit is used up until {until}")]
    RateLimited { until: Timestamp },
    /// No answer, or 5xx: a write may have been done.
    #[error("GitHub cannot be reached: {why}")]
    Unavailable { why: String },
    /// An answer unlike GitHub's documentation.
    #[error("GitHub's answer cannot be read: {why}")]
    Malformed { why: String },
}

/// The body of an error; `errors` holds strings or objects.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Value>,
}

impl Error {
    /// Returns the error of an answer with a status of 400 or more.
    pub(super) fn from_answer(
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Self {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let message = || {
            if body.message.is_empty() {
                status.to_string()
            } else {
                cut(&body.message, 200)
            }
        };
        match status.as_u16() {
            401 => Self::Unauthorized,
            403 | 429 => match limited_until(status, headers, &body.message, now) {
                Some(until) => Self::RateLimited { until },
                None => Self::Forbidden { reason: message() },
            },
            404 | 410 => Self::NotFound,
            405 => Self::NotAllowed { message: message() },
            409 => Self::Conflict { message: message() },
            500.. => Self::Unavailable {
                why: format!("it answered {}", status.as_u16()),
            },
            _ => Self::Unprocessable {
                messages: std::iter::once(message())
                    .chain(body.errors.iter().filter_map(text_of))
                    .collect(),
            },
        }
    }

    /// Returns the error of a call without an answer.
    pub(super) fn from_transport(error: &reqwest::Error) -> Self {
        // The error's own text may hold the URL; its kind is all that a reader needs.
        let why = if error.is_timeout() {
            "it did not answer in time"
        } else if error.is_connect() {
            "no connection"
        } else if error.is_body() || error.is_decode() {
            "its answer broke off"
        } else {
            "the request failed"
        };
        Self::Unavailable { why: why.into() }
    }

    pub(super) fn malformed(what: impl std::fmt::Display) -> Self {
        Self::Malformed {
            why: cut(&what.to_string(), 200),
        }
    }
}

fn text_of(error: &Value) -> Option<String> {
    let text = error
        .as_str()
        .or_else(|| error.get("message").and_then(Value::as_str))
        .or_else(|| error.get("code").and_then(Value::as_str))?;
    Some(cut(text, 200))
}

/// Returns until when a limited client must wait: `retry-after`, else the reset of an exhausted limit, else a
/// minute.
fn limited_until(
    status: StatusCode,
    headers: &HeaderMap,
    message: &str,
    now: Timestamp,
) -> Option<Timestamp> {
    let number = |name: &str| -> Option<u64> { headers.get(name)?.to_str().ok()?.parse().ok() };
    if let Some(seconds) = number("retry-after") {
        return Some(now + std::time::Duration::from_secs(seconds));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let reset = number("x-ratelimit-reset").and_then(|at| i64::try_from(at).ok());
        return Some(reset.map_or(now + MINUTE, |at| Timestamp::from_millis(at * 1000)));
    }
    let secondary = message.to_ascii_lowercase().contains("rate limit");
    (status == StatusCode::TOO_MANY_REQUESTS || secondary).then(|| now + MINUTE)
}

const MINUTE: std::time::Duration = std::time::Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Error {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    reqwest::header::HeaderName::from_static(name),
                    reqwest::header::HeaderValue::from_static(value),
                )
            })
            .collect();
        Error::from_answer(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            body.as_bytes(),
            Timestamp::from_millis(0),
        )
    }

    #[test]
    fn a_refusal_and_a_used_up_limit_are_told_apart_though_both_are_403() {
        assert_eq!(
            error(403, &[], r#"{"message":"Must have admin rights"}"#),
            Error::Forbidden {
                reason: "Must have admin rights".into()
            }
        );
        for headers in [
            &[("retry-after", "30")][..],
            &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "30")],
        ] {
            assert_eq!(
                error(403, headers, "{}"),
                Error::RateLimited {
                    until: Timestamp::from_millis(30_000)
                }
            );
        }
        let secondary = r#"{"message":"You have exceeded a secondary rate limit"}"#;
        assert!(matches!(
            error(403, &[], secondary),
            Error::RateLimited { .. }
        ));
    }

    #[test]
    fn the_errors_of_a_422_may_be_texts_or_objects() {
        let body = r#"{"message":"Unprocessable Entity","errors":["Can not approve your own pull request",{"message":"two"}]}"#;
        assert_eq!(
            error(422, &[], body),
            Error::Unprocessable {
                messages: vec![
                    "Unprocessable Entity".into(),
                    "Can not approve your own pull request".into(),
                    "two".into()
                ]
            }
        );
    }

    #[test]
    fn an_error_page_that_is_no_json_is_read_all_the_same() {
        assert_eq!(
            error(502, &[], "<html>"),
            Error::Unavailable {
                why: "it answered 502".into()
            }
        );
    }
}
