//! Watches: the changes of one kind as JSON lines, from a resource version or from the beginning, with
//! bookmarks, and `410 Gone` when the log no longer reaches back.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;

use super::error::StatusError;
use super::list::FieldSelector;
use super::query::{Api, RequestQuery, is_set, number};
use crate::clusters::kinds::Kind;
use crate::clusters::store::ObjectChange;

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1800);

struct WatchRequest {
    kind: &'static Kind,
    namespace: Option<String>,
    selector: FieldSelector,
}

impl WatchRequest {
    /// The line of a change, if the watch asked for it. No field that can be selected ever changes.
    fn line(&self, change: &ObjectChange) -> Option<Bytes> {
        let mut namespace = self.namespace.iter();
        if change.key.kind != self.kind
            || namespace.any(|wanted| *wanted != change.key.namespace)
            || !self.selector.matches(&change.object)
        {
            return None;
        }
        Some(line(change.kind, &change.object))
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

fn line(kind: impl Serialize, object: &Value) -> Bytes {
    let line = json!({"type": kind, "object": object});
    Bytes::from(format!("{line}\n"))
}

pub(super) fn stream(
    api: &Api,
    kind: &'static Kind,
    namespace: Option<String>,
    query: &RequestQuery,
) -> Result<Response, StatusError> {
    let request = WatchRequest {
        kind,
        namespace,
        selector: FieldSelector::of(kind, query)?,
    };
    let wants_bookmarks = is_set(query, "allowWatchBookmarks");
    let sends_initial_events = is_set(query, "sendInitialEvents");
    let from = number(query, "resourceVersion")?.filter(|revision| *revision > 0);
    let from = from.filter(|_| !sends_initial_events);
    let timeout = number(query, "timeoutSeconds")?.map_or(DEFAULT_TIMEOUT, Duration::from_secs);

    let present = api.store.revision();
    if let Some(from) = from.filter(|from| *from > present) {
        return Err(StatusError::TooLargeVersion(from, present));
    }
    // Before the list, so that nothing falls between the two.
    let start = from.unwrap_or(present);
    let Some((past, mut changes)) = api.store.since(start) else {
        let expired = line("ERROR", &StatusError::Expired(start).status());
        return Ok(json_lines(Body::from(expired)));
    };
    let mut opening = Vec::new();
    let mut seen = start;
    if from.is_none() {
        let (revision, objects) = api.store.list(kind, request.namespace.as_deref());
        seen = revision;
        let matching = objects.iter().map(|(_, object)| object);
        let matching = matching.filter(|object| request.selector.matches(object));
        opening.extend(matching.map(|object| line("ADDED", object)));
        if sends_initial_events {
            opening.push(request.bookmark(revision, true));
        }
    }
    let newer = past.iter().filter(|change| change.revision > seen);
    opening.extend(newer.filter_map(|change| request.line(change)));
    seen = seen.max(past.last().map_or(0, |change| change.revision));
    let mut unavailable = api.unavailable.clone();
    let every = api.bookmarks;
    let lines = async_stream::stream! {
        for line in opening {
            yield Ok::<_, Infallible>(line);
        }
        let end = tokio::time::sleep(timeout);
        tokio::pin!(end);
        let mut bookmarks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
        loop {
            tokio::select! {
                change = changes.recv() => match change {
                    Ok(change) if change.revision > seen => {
                        seen = change.revision;
                        if let Some(line) = request.line(&change) {
                            yield Ok(line);
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => {
                        yield Ok(line("ERROR", &StatusError::Expired(seen).status()));
                        break;
                    }
                    Err(RecvError::Closed) => break,
                },
                // Everything up to here that the watch could see has been sent.
                _ = bookmarks.tick(), if wants_bookmarks => if changes.is_empty() {
                    yield Ok(request.bookmark(seen, false));
                },
                () = &mut end => break,
                () = outage(&mut unavailable) => break,
            }
        }
    };
    Ok(json_lines(Body::from_stream(lines)))
}

/// Waits until the cluster is unavailable, or gone.
async fn outage(unavailable: &mut tokio::sync::watch::Receiver<bool>) {
    let _ = unavailable.wait_for(|unavailable| *unavailable).await;
}

fn json_lines(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
