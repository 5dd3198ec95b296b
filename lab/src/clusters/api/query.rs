//! What the handlers of the API share: the state, and reading the query.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::error::StatusError;
use crate::clusters::store::Store;

pub(super) type RequestQuery = HashMap<String, String>;

#[derive(Clone)]
pub(in crate::clusters) struct Api {
    pub store: Arc<Store>,
    /// The bearer token that may do all that is served.
    pub token: Arc<str>,
    /// The bearer token that may get, list and watch.
    pub viewer_token: Arc<str>,
    /// While true, nothing is answered and open watches end.
    pub unavailable: tokio::sync::watch::Receiver<bool>,
    /// Between the bookmarks of a watch that asked for them.
    pub bookmarks: Duration,
}

/// A number in the query; `None` when it is missing or empty.
pub(super) fn number(query: &RequestQuery, name: &str) -> Result<Option<u64>, StatusError> {
    let written = query.get(name).filter(|text| !text.is_empty());
    let read = written.map(|text| {
        let malformed = |_| StatusError::BadRequest(format!("{name}: {text:?} is not a number"));
        text.parse().map_err(malformed)
    });
    read.transpose()
}

/// Whether a query has a flag, as `true` or `1`.
pub(super) fn is_set(query: &RequestQuery, name: &str) -> bool {
    matches!(query.get(name).map(String::as_str), Some("true" | "1"))
}
