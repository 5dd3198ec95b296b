//! Kubernetes objects as JSON, and the keys by which they are found.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::kinds::Kind;

/// An object as the API serves it. Shared, never edited in place.
pub type StoredObject = Arc<Value>;

/// Kind, namespace and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub kind: &'static Kind,
    /// Empty for cluster-scoped objects.
    pub namespace: String,
    pub name: String,
}

impl Key {
    /// A key; `namespace` is empty for kinds without one.
    pub fn new(kind: &'static Kind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key of a manifest; `None` when its kind is not served or it has no name.
    pub fn of(manifest: &Value) -> Option<Self> {
        let kind = Kind::named(text(manifest, "/kind")?)?;
        let version = text(manifest, "/apiVersion");
        version.filter(|version| *version == kind.api_version())?;
        let namespace = text(manifest, "/metadata/namespace").filter(|_| kind.namespaced);
        let name = text(manifest, "/metadata/name")?;
        Some(Self::new(kind, namespace.unwrap_or_default(), name))
    }

    /// `namespace/name`.
    pub fn path(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The key that the reference at `pointer` names. References of Flux default to the namespace of
    /// the object that holds them.
    pub fn referenced(&self, object: &Value, pointer: &str) -> Option<Self> {
        let reference = object.pointer(pointer)?;
        let kind = Kind::named(text(reference, "/kind")?)?;
        let namespace = text(reference, "/namespace").unwrap_or(&self.namespace);
        Some(Self::new(kind, namespace, text(reference, "/name")?))
    }
}

/// The string at a JSON pointer.
pub fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// `metadata.generation`; 0 where there is none.
pub fn generation(object: &Value) -> i64 {
    let generation = object.pointer("/metadata/generation");
    generation.and_then(Value::as_i64).unwrap_or_default()
}

/// `status.observedGeneration`; -1 where there is none.
pub fn observed_generation(object: &Value) -> i64 {
    let observed = object.pointer("/status/observedGeneration");
    observed.and_then(Value::as_i64).unwrap_or(-1)
}

/// The condition of that type.
pub fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions
        .iter()
        .find(|condition| condition["type"] == name)
}

/// Whether the condition of that type is True.
pub fn is_true(object: &Value, name: &str) -> bool {
    condition(object, name).is_some_and(|condition| condition["status"] == "True")
}

/// Whether a condition was written for the present generation.
pub fn is_current(object: &Value, condition: &Value) -> bool {
    condition["observedGeneration"] == generation(object)
}

/// Whether Ready is True at the present generation.
pub fn is_ready(object: &Value) -> bool {
    is_true(object, "Ready")
        && condition(object, "Ready").is_some_and(|ready| is_current(object, ready))
}

/// `status.artifact.revision` of a source.
pub fn artifact_revision(object: &Value) -> Option<&str> {
    text(object, "/status/artifact/revision")
}

/// The duration at `pointer`, such as `10m` or `1h30m`.
pub fn duration(object: &Value, pointer: &str) -> Option<Duration> {
    let written: jiff::SignedDuration = text(object, pointer)?.parse().ok()?;
    written.try_into().ok()
}

/// RFC 3339 in UTC with whole seconds, as Kubernetes writes times.
pub fn timestamp(at: OffsetDateTime) -> String {
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    let utc = whole.to_offset(time::UtcOffset::UTC);
    utc.format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn durations_are_read_as_kubernetes_writes_them() {
        let read = |written: &str| duration(&json!({ "at": written }), "/at");
        for (written, seconds) in [
            ("10m", 600.0),
            ("1h30m", 5400.0),
            ("15s", 15.0),
            ("500ms", 0.5),
        ] {
            let expected = Duration::from_secs_f64(seconds);
            assert_eq!(read(written), Some(expected), "{written}");
        }
        assert_eq!(read("soon"), None);
    }
}
