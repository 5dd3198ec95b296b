//! What a controller reports of an object: the content of a Kubernetes event and of a notification.

use serde_json::{Map, Value, json};

use super::object::Key;

/// What a controller reports of an object: the source of Kubernetes events and notifications.
#[derive(Clone, Debug)]
pub struct Report {
    /// `info` or `error`.
    pub severity: &'static str,
    /// Such as `UpgradeSucceeded`.
    pub reason: String,
    pub message: String,
    /// `revision`, `app-version`, `commit_status`.
    pub metadata: Map<String, Value>,
}

impl Report {
    /// A report about a revision, which may be empty.
    pub fn new(severity: &'static str, reason: &str, message: &str, revision: &str) -> Self {
        let report = Self {
            severity,
            reason: reason.to_owned(),
            message: message.to_owned(),
            metadata: Map::new(),
        };
        match revision {
            "" => report,
            revision => report.with("revision", revision),
        }
    }

    /// Adds metadata.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.metadata.insert(name.to_owned(), json!(value));
        self
    }
}

/// The reference by which events and notifications name their object.
pub(super) fn involved_object(key: &Key, object: &Value) -> Value {
    json!({
        "kind": key.kind.kind, "namespace": key.namespace, "name": key.name,
        "uid": object["metadata"]["uid"], "apiVersion": key.kind.api_version(),
        "resourceVersion": object["metadata"]["resourceVersion"],
    })
}
