//! Times, node ids and other parts of the JSON.

use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

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

/// Adds the fields of `more` to the object `body`.
pub(super) fn extend(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}
