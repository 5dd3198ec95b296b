//! The last events of one object, as Kubernetes keeps them.

use std::cmp::Reverse;
use std::time::Instant;

use kube::api::ListParams;
use kube::core::Request;
use model::Timestamp;
use model::api::object::ObjectEvent;
use serde::Deserialize;

use super::kinds::Object;
use super::{Cluster, FRESH, Said};

/// The most that are shown.
const SHOWN: usize = 20;
/// The most that are read: the API server does not list them by time.
const PAGE: u32 = 500;
const PAGES: usize = 4;

#[derive(Deserialize)]
struct Page {
    metadata: PageMeta,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct PageMeta {
    #[serde(rename = "continue", default)]
    next: Option<String>,
}

/// A `v1` Event as far as it is shown. Of its times, those that nobody set are null.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    metadata: ItemMeta,
    #[serde(rename = "type")]
    kind: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    count: Option<u64>,
    first_timestamp: Option<String>,
    last_timestamp: Option<String>,
    event_time: Option<String>,
    series: Option<Series>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ItemMeta {
    resource_version: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    count: u64,
    last_observed_time: Option<String>,
}

impl Item {
    fn order(&self) -> u64 {
        let version = self.metadata.resource_version.as_deref();
        version.and_then(|it| it.parse().ok()).unwrap_or_default()
    }

    fn read(self) -> ObjectEvent {
        let series = self.series.as_ref();
        let times = [
            series.and_then(|series| series.last_observed_time.as_deref()),
            self.last_timestamp.as_deref(),
            self.event_time.as_deref(),
            self.first_timestamp.as_deref(),
        ];
        let at = times
            .into_iter()
            .flatten()
            .find_map(|at| Timestamp::parse(at).ok());
        ObjectEvent {
            at,
            warning: self.kind.as_deref() == Some("Warning"),
            count: series.map_or_else(|| self.count.unwrap_or(1), |series| series.count),
            reason: self.reason.unwrap_or_default(),
            message: self.message.unwrap_or_default(),
        }
    }
}

impl Cluster {
    /// The last events of an object, newest first.
    pub(crate) async fn events(&self, object: &Object) -> Said {
        let mut held = self.events.lock().await;
        if let Some((at, answer)) = held.get(object)
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let answer = self.read_events(object).await;
        held.retain(|_, (at, _)| at.elapsed() < FRESH);
        held.insert(object.clone(), (Instant::now(), answer.clone()));
        answer
    }

    async fn read_events(&self, object: &Object) -> Said {
        let (namespace, name) = (&object.name.namespace, &object.name.name);
        let path = format!("/api/v1/namespaces/{namespace}/events");
        let mut params = ListParams::default().limit(PAGE).fields(&format!(
            "involvedObject.kind={},involvedObject.name={name},involvedObject.namespace={namespace}",
            object.kind.as_str()
        ));
        let mut events = Vec::new();
        for _ in 0..PAGES {
            let page: Page = self.ask(Request::new(path.as_str()).list(&params)).await?;
            events.extend(
                page.items
                    .into_iter()
                    .map(|item| (item.order(), item.read())),
            );
            match page.metadata.next.filter(|next| !next.is_empty()) {
                Some(next) => params.continue_token = Some(next),
                None => break,
            }
        }
        // Times are whole seconds; within one the later change has the higher version.
        events.sort_by_key(|(order, event): &(u64, ObjectEvent)| Reverse((event.at, *order)));
        let events = events.into_iter().map(|(_, event)| event);
        Ok(events.take(SHOWN).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_as_old_as_it_was_seen_last() {
        let read = |event| {
            let item: Item = serde_json::from_value(event).unwrap();
            item.read()
        };
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
