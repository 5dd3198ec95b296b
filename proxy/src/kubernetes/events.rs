//! The last events of one object, as Kubernetes keeps them.

use std::cmp::Reverse;
use std::convert::Infallible;

use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams};
use model::Timestamp;
use model::api::object::ObjectEvent;
use model::flux::ObjectRef;

use super::cluster::Cluster;
use super::error::{Error, Operation};
use super::requests::REQUEST_TIMEOUT;

/// The number of events that are shown, at most.
const SHOWN: usize = 20;
/// The number of events in a page; the API server does not list them by time.
const PAGE: u32 = 500;
/// The number of pages that are read, at most.
const PAGES: usize = 4;

impl Cluster {
    /// Returns the last events of an object, newest first.
    pub(crate) async fn events(&self, object: &ObjectRef) -> Result<Vec<ObjectEvent>, Error> {
        let read = async { Ok::<_, Infallible>(self.read_events(object).await) };
        let Ok(answer) = self.events.get_or_request(object, read).await;
        answer
    }

    async fn read_events(&self, object: &ObjectRef) -> Result<Vec<ObjectEvent>, Error> {
        let (namespace, name) = (&object.name.namespace, &object.name.name);
        let mut params = ListParams::default().limit(PAGE).fields(&format!(
            "involvedObject.kind={},involvedObject.name={name},involvedObject.namespace={namespace}",
            object.kind.as_str()
        ));
        let mut events = Vec::new();
        for _ in 0..PAGES {
            let request = async |client| {
                let api = Api::<Event>::namespaced(client, namespace);
                api.list(&params).await
            };
            let page = self.request(REQUEST_TIMEOUT, Operation::Object, request);
            let page = page.await?;
            events.extend(
                page.items
                    .into_iter()
                    .map(|event| (version(&event), read(event))),
            );
            match page.metadata.continue_.filter(|next| !next.is_empty()) {
                Some(next) => params.continue_token = Some(next),
                None => break,
            }
        }
        // Times are whole seconds; within one the later change has the higher version.
        events.sort_by_key(|(version, event): &(u64, ObjectEvent)| Reverse((event.at, *version)));
        let events = events.into_iter().map(|(_, event)| event);
        Ok(events.take(SHOWN).collect())
    }
}

fn version(event: &Event) -> u64 {
    let version = event.metadata.resource_version.as_deref();
    version.and_then(|it| it.parse().ok()).unwrap_or_default()
}

fn read(event: Event) -> ObjectEvent {
    let series = event.series.as_ref();
    let seen = series.and_then(|series| series.last_observed_time.as_ref());
    let at = seen.map(|time| time.0);
    let at = at
        .or(event.last_timestamp.map(|time| time.0))
        .or(event.event_time.map(|time| time.0))
        .or(event.first_timestamp.map(|time| time.0));
    let count = series.map_or(event.count, |series| series.count);
    ObjectEvent {
        at: at.map(|at| Timestamp::from_millis(at.as_millisecond())),
        warning: event.type_.as_deref() == Some("Warning"),
        count: count.map_or(1, |count| u64::try_from(count).unwrap_or_default()),
        reason: event.reason.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_as_old_as_it_was_seen_last() {
        let read = |event| read(serde_json::from_value(event).unwrap());
        let at = |second: &str| Timestamp::parse(&format!("2026-11-22T10:00:{second}Z")).ok();
        let old = read(json!({
            "type": "Warning", "reason": "UpgradeFailed", "message": "timed out", "count": 3,
            "firstTimestamp": "2026-11-22T10:00:01Z", "lastTimestamp": "2026-11-22T10:00:09Z",
            "eventTime": null,
        }));
        assert_eq!((old.at, old.count, old.warning), (at("09"), 3, true));
        let new = read(json!({
            "type": "Normal", "reason": "Pulled", "eventTime": "2026-11-22T10:00:02.000000Z",
            "lastTimestamp": null, "count": null,
            "series": {"count": 7, "lastObservedTime": "2026-11-22T10:00:08.000000Z"},
        }));
        assert_eq!((new.at, new.count, new.warning), (at("08"), 7, false));
        assert_eq!(read(json!({})).at, None);
    }
}
