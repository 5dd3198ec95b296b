//! The events that controllers leave on objects, kept as the API server keeps them: one for each thing
//! that was said of an object, counted when it is said again, gone after an hour.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::kinds;
use super::notify::Report;
use super::object::{Key, text, timestamp};
use super::store::Store;

/// For how long an event is kept after it was seen last.
const KEPT: Duration = Duration::from_secs(3600);
/// What the API server cuts messages to.
const LONGEST: usize = 1024;

/// Leaves an event on an object.
pub(super) fn record(
    store: &Store,
    key: &Key,
    object: &Value,
    report: &Report,
    controller: &str,
    now: OffsetDateTime,
) {
    let kind = if report.severity == "error" {
        "Warning"
    } else {
        "Normal"
    };
    let message: String = report.message.chars().take(LONGEST).collect();
    let at = timestamp(now);
    for (event_key, event) in store.list(&kinds::EVENT, Some(&key.namespace)).1 {
        if is_old(&event, now) {
            store.remove(&event_key);
        } else if is_same(&event, key, &report.reason, &message) {
            store.rewrite(&event_key, |event| {
                let count = event["count"].as_u64().unwrap_or(1);
                event["count"] = json!(count + 1);
                event["lastTimestamp"] = json!(at);
            });
            return;
        }
    }
    // As client-go names them: by the object and the time in nanoseconds.
    let name = format!("{}.{:x}", key.name, now.unix_timestamp_nanos());
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": key.namespace},
        "involvedObject": {
            "kind": key.kind.kind, "namespace": key.namespace, "name": key.name,
            "uid": object["metadata"]["uid"], "apiVersion": key.kind.api_version(),
            "resourceVersion": object["metadata"]["resourceVersion"],
        },
        "type": kind, "reason": report.reason, "message": message, "count": 1,
        "firstTimestamp": at, "lastTimestamp": at, "eventTime": null,
        "source": {"component": controller}, "reportingComponent": controller,
        "reportingInstance": "",
    });
    if let Err(error) = store.apply(&event, &[]) {
        tracing::warn!("an event was not kept: {error}");
    }
}

fn is_old(event: &Value, now: OffsetDateTime) -> bool {
    let last =
        text(event, "/lastTimestamp").and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
    last.is_some_and(|last| now - last > KEPT)
}

fn is_same(event: &Value, key: &Key, reason: &str, message: &str) -> bool {
    text(event, "/involvedObject/kind") == Some(key.kind.kind)
        && text(event, "/involvedObject/name") == Some(&key.name)
        && text(event, "/reason") == Some(reason)
        && text(event, "/message") == Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn what_is_said_again_is_counted_and_what_is_old_is_gone() {
        let store = Store::new(Clock::new(), 16);
        let key = Key::new(&kinds::HELM_RELEASE, "app-podinfo", "podinfo");
        let object = json!({"metadata": {"uid": "1"}});
        let report = |reason: &str| Report::new("error", reason, "timed out", "");
        let now = OffsetDateTime::now_utc();
        let say = |reason, at| {
            let report = report(reason);
            record(&store, &key, &object, &report, "helm-controller", at);
        };
        say("UpgradeFailed", now);
        say("UpgradeFailed", now + Duration::from_secs(60));
        let events = || store.list(&kinds::EVENT, None).1;
        assert_eq!(events().len(), 1);
        assert_eq!(events()[0].1["count"], json!(2));
        assert_eq!(events()[0].1["type"], json!("Warning"));
        say("RollbackSucceeded", now + Duration::from_secs(7200));
        let left: Vec<_> = events();
        assert_eq!(left.len(), 1);
        assert_eq!(text(&left[0].1, "/reason"), Some("RollbackSucceeded"));
    }
}
