//! Reading Kubernetes objects that are kept as JSON, and the names by which they are found.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::kinds::Kind;

/// An object as the API serves it; shared, never edited in place.
pub type Object = Arc<Value>;

/// Where an object lives in its cluster.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is.
    pub kind: &'static Kind,
    /// Empty for objects without a namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The key of an object of `kind`.
    #[must_use]
    pub fn new(kind: &'static Kind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    /// The key that a manifest gives itself; `None` when its kind is not served or it has no name.
    #[must_use]
    pub fn of(manifest: &Value) -> Option<Self> {
        let kind = Kind::of(text(manifest, "/apiVersion")?, text(manifest, "/kind")?)?;
        let namespace = text(manifest, "/metadata/namespace").filter(|_| kind.namespaced);
        Some(Self::new(
            kind,
            namespace.unwrap_or_default(),
            text(manifest, "/metadata/name")?,
        ))
    }

    /// `namespace/name`.
    #[must_use]
    pub fn path(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The key that the reference at `pointer` names; Flux's references default to the namespace of
    /// the object that holds them.
    #[must_use]
    pub fn referenced(&self, object: &Value, pointer: &str) -> Option<Self> {
        let reference = object.pointer(pointer)?;
        let kind = Kind::named(text(reference, "/kind")?)?;
        let namespace = text(reference, "/namespace").unwrap_or(&self.namespace);
        Some(Self::new(kind, namespace, text(reference, "/name")?))
    }
}

/// The string at a JSON pointer.
#[must_use]
pub fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

/// `metadata.generation`; 0 where there is none.
#[must_use]
pub fn generation(object: &Value) -> i64 {
    object
        .pointer("/metadata/generation")
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

/// `status.observedGeneration`; -1 where there is none.
#[must_use]
pub fn observed_generation(object: &Value) -> i64 {
    object
        .pointer("/status/observedGeneration")
        .and_then(Value::as_i64)
        .unwrap_or(-1)
}

/// One condition of the status.
#[must_use]
pub fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object
        .pointer("/status/conditions")?
        .as_array()?
        .iter()
        .find(|condition| text(condition, "/type") == Some(name))
}

/// Whether a condition stands with `status: "True"`.
#[must_use]
pub fn is_true(object: &Value, name: &str) -> bool {
    condition(object, name).is_some_and(|condition| text(condition, "/status") == Some("True"))
}

/// Whether Ready is True and speaks of the present generation.
#[must_use]
pub fn is_ready(object: &Value) -> bool {
    is_true(object, "Ready")
        && condition(object, "Ready")
            .and_then(|ready| ready.get("observedGeneration"))
            .and_then(Value::as_i64)
            == Some(generation(object))
}

/// The revision of a source's artifact.
#[must_use]
pub fn artifact_revision(object: &Value) -> Option<&str> {
    text(object, "/status/artifact/revision")
}

/// A duration as Kubernetes writes it (`10m`, `1h30m`, `15s`, `500ms`), at `pointer`.
#[must_use]
pub fn duration(object: &Value, pointer: &str) -> Option<Duration> {
    parse_duration(text(object, pointer)?)
}

fn parse_duration(mut rest: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let count: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let seconds = match &rest[..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += Duration::from_secs_f64(count * seconds);
        rest = &rest[unit..];
    }
    Some(total)
}

/// A time as Kubernetes writes it: RFC 3339, UTC, whole seconds.
#[must_use]
pub fn timestamp(at: OffsetDateTime) -> String {
    let whole = at.replace_nanosecond(0).unwrap_or(at);
    whole
        .to_offset(time::UtcOffset::UTC)
        .format(&Rfc3339)
        .unwrap_or_default()
}

/// A duration as Go prints it, which is how Flux's messages and statuses give it.
#[must_use]
pub fn go_duration(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        return format!("{}ms", duration.as_micros() as f64 / 1000.0);
    }
    let (minutes, seconds) = (duration.as_secs() / 60, duration.as_secs_f64() % 60.0);
    match minutes {
        0 => format!("{seconds}s"),
        1..60 => format!("{minutes}m{seconds}s"),
        _ => format!("{}h{}m{seconds}s", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_kubernetes_writes_them() {
        for (written, seconds) in [
            ("10m", 600.0),
            ("1h30m", 5400.0),
            ("15s", 15.0),
            ("500ms", 0.5),
        ] {
            assert_eq!(
                parse_duration(written),
                Some(Duration::from_secs_f64(seconds)),
                "{written}"
            );
        }
        assert_eq!(parse_duration("soon"), None);
    }

    #[test]
    fn durations_are_printed_as_go_prints_them() {
        assert_eq!(go_duration(Duration::from_secs(120)), "2m0s");
        assert_eq!(go_duration(Duration::from_secs(15)), "15s");
        assert_eq!(go_duration(Duration::from_micros(254_809)), "254.809ms");
    }
}
