//! Kubernetes events as the API server keeps them: one for each reason and message of an object, counted
//! when it is repeated, deleted after an hour.

use std::time::Duration;

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::kinds;
use super::object::{Key, text, timestamp};
use super::report::{Report, involved_object};
use super::store::Store;

/// From its last occurrence until an event is deleted.
const TIME_TO_LIVE: Duration = Duration::from_secs(3600);
/// Characters of a message, the rest of which the API server cuts off.
const LONGEST_MESSAGE: usize = 1024;

pub(super) fn record(
    store: &Store,
    key: &Key,
    object: &Value,
    report: &Report,
    now: OffsetDateTime,
) {
    let kind = match report.severity {
        "error" => "Warning",
        _ => "Normal",
    };
    let message: String = report.message.chars().take(LONGEST_MESSAGE).collect();
    let at = timestamp(now);
    for (event_key, event) in store.list(&kinds::EVENT, Some(&key.namespace)).1 {
        if is_expired(&event, now) {
            store.remove(&event_key);
        } else if is_same(&event, key, &report.reason, &message) {
            store.edit(&event_key, |event| {
                event["count"] = json!(event["count"].as_u64().unwrap_or(1) + 1);
                event["lastTimestamp"] = json!(at);
            });
            return;
        }
    }
    // As client-go names them: by the object and the time in nanoseconds.
    let name = format!("{}.{:x}", key.name, now.unix_timestamp_nanos());
    let controller = key.kind.controller();
    let event = json!({
        "apiVersion": "v1", "kind": "Event",
        "metadata": {"name": name, "namespace": key.namespace},
        "involvedObject": involved_object(key, object),
        "type": kind, "reason": report.reason, "message": message, "count": 1,
        "firstTimestamp": at, "lastTimestamp": at, "eventTime": null,
        "source": {"component": controller}, "reportingComponent": controller,
        "reportingInstance": "",
    });
    if let Err(error) = store.apply(&event, &[]) {
        tracing::warn!("an event was not kept: {error}");
    }
}

fn is_expired(event: &Value, now: OffsetDateTime) -> bool {
    let last = text(event, "/lastTimestamp");
    let last = last.and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
    last.is_some_and(|last| now - last > TIME_TO_LIVE)
}

fn is_same(event: &Value, key: &Key, reason: &str, message: &str) -> bool {
    let involved = &event["involvedObject"];
    involved["kind"] == key.kind.kind
        && involved["name"] == key.name
        && event["reason"] == reason
        && event["message"] == message
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
            record(&store, &key, &object, &report(reason), at);
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
