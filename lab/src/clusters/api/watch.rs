//! Watching: the changes of one kind as JSON lines, from a resource version or from the beginning,
//! with bookmarks, and `410 Gone` when the log no longer reaches back.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::Api;
use super::failure::Failure;
use super::list::{Selector, number};
use crate::clusters::kinds::Kind;
use crate::clusters::store::{Change, Event};

/// How long a watch lasts that does not say so itself.
const LONGEST: Duration = Duration::from_secs(1800);

/// What one watch asked for.
struct Asked {
    kind: &'static Kind,
    namespace: Option<String>,
    selector: Selector,
    bookmarks: bool,
}

impl Asked {
    /// The line that an event is to this watch: an object that comes to match, or stops matching,
    /// was added or deleted as far as the watch can see.
    fn line(&self, event: &Event) -> Option<Bytes> {
        let here = event.key.kind == self.kind
            && self
                .namespace
                .as_ref()
                .is_none_or(|namespace| event.key.namespace == *namespace);
        if !here {
            return None;
        }
        let matched = event
            .previous
            .as_ref()
            .is_some_and(|previous| self.selector.matches(previous));
        let matches = event.change != Change::Deleted && self.selector.matches(&event.object);
        let change = match (matched, matches) {
            (false, false) => return None,
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
        };
        Some(line(change, &event.object))
    }

    fn bookmark(&self, revision: u64, initial_events_end: bool) -> Bytes {
        let mut metadata =
            json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
        if initial_events_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = json!({
            "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata,
        });
        line("BOOKMARK", &object)
    }
}

fn line(change: &str, object: &Value) -> Bytes {
    let mut text = json!({"type": change, "object": object}).to_string();
    text.push('\n');
    Bytes::from(text)
}

/// The stream that answers a watch.
pub(super) fn stream(
    api: &Api,
    kind: &'static Kind,
    namespace: Option<String>,
    query: &HashMap<String, String>,
) -> Result<Response, Failure> {
    let truthy = |name: &str| {
        query
            .get(name)
            .is_some_and(|value| value == "true" || value == "1")
    };
    let asked = Asked {
        kind,
        namespace,
        selector: Selector::of(kind, query)?,
        bookmarks: truthy("allowWatchBookmarks"),
    };
    let from = number(query, "resourceVersion")?.filter(|revision| *revision > 0);
    let initial = truthy("sendInitialEvents");
    let lasts = number(query, "timeoutSeconds")?.map_or(LONGEST, Duration::from_secs);

    // Subscribing before listing, so that nothing falls between the two.
    let present = api.store.revision();
    let (start, followed) = if initial || from.is_none() {
        (present, api.store.since(present))
    } else {
        let from = from.unwrap_or(present);
        if from > present {
            return Err(Failure::too_large_version(from, present));
        }
        (from, api.store.since(from))
    };
    let Ok((past, mut events)) = followed else {
        let expired = line("ERROR", &Failure::expired(start).status());
        return Ok(json_lines(Body::from(expired)));
    };
    let mut opening = Vec::new();
    let mut seen = start;
    if initial || from.is_none() {
        let (revision, objects) = api.store.list(kind, asked.namespace.as_deref());
        seen = revision;
        opening.extend(
            objects
                .iter()
                .filter(|(_, object)| asked.selector.matches(object))
                .map(|(_, object)| line("ADDED", object)),
        );
        if initial {
            opening.push(asked.bookmark(revision, true));
        }
    }
    let mut dark = api.dark.clone();
    let every = api.bookmarks;
    let lines = async_stream::stream! {
        for line in opening {
            yield Ok::<_, Infallible>(line);
        }
        for event in past.iter().filter(|event| event.revision > seen) {
            if let Some(line) = asked.line(event) {
                yield Ok(line);
            }
        }
        seen = seen.max(past.last().map_or(0, |event| event.revision));
        let end = tokio::time::sleep(lasts);
        tokio::pin!(end);
        let mut bookmarks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Ok(event) if event.revision > seen => {
                        seen = event.revision;
                        if let Some(line) = asked.line(&event) {
                            yield Ok(line);
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        yield Ok(line("ERROR", &Failure::expired(seen).status()));
                        break;
                    }
                    Err(RecvError::Closed) => break,
                },
                _ = bookmarks.tick(), if asked.bookmarks => {
                    // Everything up to here that the watch could see has been sent.
                    if events.is_empty() {
                        yield Ok(asked.bookmark(seen, false));
                    }
                }
                () = &mut end => break,
                () = lights_out(&mut dark) => break,
            }
        }
    };
    Ok(json_lines(Body::from_stream(lines)))
}

/// Waits until the cluster goes dark, or is gone.
async fn lights_out(dark: &mut tokio::sync::watch::Receiver<bool>) {
    let _ = dark.wait_for(|dark| *dark).await;
}

fn json_lines(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
