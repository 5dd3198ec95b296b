//! The JSON of REST answers and webhook bodies, in the shapes of GitHub's published API description.

mod checks;
mod commits;
mod people;
mod pulls;
mod repositories;

use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;
use url::Url;

pub(crate) use self::checks::{check_run, status, workflow_run};
pub(crate) use self::commits::{commit, file, git_ref};
pub(crate) use self::people::user;
pub(crate) use self::pulls::{comment, pull, pull_detail, review};
pub(crate) use self::repositories::{full_repository, repository};

/// The server's base URLs in answers.
#[derive(Clone)]
pub(crate) struct Links {
    /// The REST interface, without a trailing slash.
    pub(crate) api: String,
    /// The pages, without a trailing slash.
    pub(crate) web: String,
}

impl Links {
    pub(crate) fn new(url: &Url) -> Self {
        let web = url.as_str().trim_end_matches('/').to_owned();
        Self {
            api: format!("{web}/api/v3"),
            web,
        }
    }
}

/// Formats a time as GitHub does: UTC, whole seconds.
pub(crate) fn stamp(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    at.to_offset(time::UtcOffset::UTC)
        .format(format)
        .unwrap_or_default()
}

/// Returns a node id, which is opaque to clients.
pub(crate) fn node_id(kind: &str, id: impl std::fmt::Display) -> String {
    format!("{kind}_{id}")
}

/// Escapes text for HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Adds the fields of `more` to the object `body`.
fn extend(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}
