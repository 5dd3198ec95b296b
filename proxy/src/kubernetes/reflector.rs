//! One kind of objects of one cluster: listed in pages, then watched from there on, whatever the API
//! server does. The rules are those of Kubernetes' «Efficient detection of changes» (API concepts).

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::StreamExt;
use kube::core::WatchEvent;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};

use super::error::{Error, Operation, Reason};
use super::list::{ResourceClient, WatchStream};
use super::object::ObjectJson;

/// Objects in one page of a list.
const PAGE: u32 = 500;
/// The life of a watch in seconds. The server sends a bookmark before it ends the watch, so that a dead
/// connection is detected soon.
const WATCH_SECONDS: u32 = 30;
/// A watch from which nothing has come for so long is dead.
const SILENCE: Duration = Duration::from_secs(WATCH_SECONDS as u64 + 5);
/// A watch after an error counts as well once it has lived for so long.
const SETTLED: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A cluster that comes back is to be seen soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// A step of a reflector, in the words of `kube::runtime::watcher::Event`.
#[derive(Debug)]
pub(crate) enum ReflectorEvent {
    /// A list begins.
    Init,
    /// An object of the list.
    InitApply(ObjectJson),
    /// The list is complete: an object that was not in it is gone.
    InitDone,
    /// An object was added or modified.
    Apply(ObjectJson),
    /// An object was deleted.
    Delete(ObjectJson),
    /// The watch works: every change since the list has come or will.
    Synced,
}

enum ReflectorState {
    /// Nothing is known.
    Empty,
    Listing(Listing),
    /// Everything is known up to a version.
    Listed {
        version: String,
        /// Whether the version is that of a list just read, and not of a watch that ended.
        is_new: bool,
    },
    Watching(Watching),
}

/// Pages are coming.
#[derive(Default)]
struct Listing {
    items: VecDeque<Box<RawValue>>,
    next: Option<String>,
    version: Option<String>,
}

/// Changes are coming.
struct Watching {
    /// Of the last change.
    version: String,
    stream: WatchStream,
    since: Instant,
    has_received: bool,
}

/// Lists and watches one kind.
pub(crate) struct Reflector {
    resource: ResourceClient,
    state: ReflectorState,
    backoff: ExponentialBackoff,
    /// Whether the last try failed and none since is known to work.
    failed: bool,
}

impl Reflector {
    pub(crate) fn new(resource: ResourceClient) -> Self {
        Self {
            resource,
            state: ReflectorState::Empty,
            backoff: backoff(),
            failed: false,
        }
    }

    /// Waits for the next event. After an error [`Self::pause`] is due; then it goes on where it was.
    pub(crate) async fn next(&mut self) -> Result<ReflectorEvent, Error> {
        loop {
            // Unless an error sets another state, it lists again.
            match mem::replace(&mut self.state, ReflectorState::Empty) {
                ReflectorState::Empty => {
                    self.state = ReflectorState::Listing(Listing::default());
                    return Ok(ReflectorEvent::Init);
                }
                ReflectorState::Listing(mut listing) => {
                    if let Some(item) = listing.items.pop_front() {
                        let object = serde_json::from_str(item.get()).map_err(|error| {
                            Error::new(&kube::Error::SerdeError(error), Operation::Other)
                        })?;
                        self.state = ReflectorState::Listing(listing);
                        return Ok(ReflectorEvent::InitApply(object));
                    }
                    if listing.next.is_none()
                        && let Some(version) = listing.version
                    {
                        self.listed(version, true);
                        return Ok(ReflectorEvent::InitDone);
                    }
                    self.state = ReflectorState::Listing(self.page(listing.next).await?);
                }
                ReflectorState::Listed { version, is_new } => {
                    if let Some(event) = self.watch(version, is_new).await? {
                        return Ok(event);
                    }
                }
                ReflectorState::Watching(watching) => {
                    if let Some(event) = self.next_change(watching).await? {
                        return Ok(event);
                    }
                }
            }
        }
    }

    /// Waits after an error: longer each time, until something works again.
    pub(crate) async fn pause(&mut self, error: &Error) {
        self.failed = true;
        if error.reason == Reason::Unauthorized {
            self.resource.client.invalidate().await;
        }
        let pause = self.backoff.next().unwrap_or(LONGEST_PAUSE);
        let pause = error.retry_after.map_or(pause, |after| after.max(pause));
        tokio::time::sleep(pause).await;
    }

    fn recovered(&mut self) {
        self.failed = false;
        self.backoff = backoff();
    }

    fn listed(&mut self, version: String, is_new: bool) {
        self.state = ReflectorState::Listed { version, is_new };
    }

    /// Goes on from the last version, unless the API server no longer knows it.
    fn broken(&mut self, version: String, error: Error) -> Error {
        if error.reason != Reason::Expired {
            self.listed(version, false);
        }
        error
    }

    async fn page(&mut self, next: Option<String>) -> Result<Listing, Error> {
        let page = self.resource.list(PAGE, next).await?;
        let full = |text: &String| !text.is_empty();
        let next = page.metadata.continue_.filter(full);
        let version = page.metadata.resource_version.filter(full);
        if next.is_none() && version.is_none() {
            return Err(Error::unavailable(
                "the API server's list cannot be followed",
            ));
        }
        Ok(Listing {
            items: page.items.into(),
            next,
            version,
        })
    }

    /// Begins to watch. After an error that alone is no sign that the watch works.
    async fn watch(
        &mut self,
        version: String,
        is_new: bool,
    ) -> Result<Option<ReflectorEvent>, Error> {
        self.listed(version.clone(), is_new);
        if self.failed && !is_new && self.resource.is_restored(&version).await? {
            self.state = ReflectorState::Empty;
            return Ok(None);
        }
        match self.resource.watch(WATCH_SECONDS, &version).await {
            Ok(stream) => {
                self.state = ReflectorState::Watching(Watching {
                    version,
                    stream,
                    since: Instant::now(),
                    has_received: false,
                });
                Ok((!self.failed).then_some(ReflectorEvent::Synced))
            }
            Err(error) => {
                if error.reason == Reason::Expired {
                    self.state = ReflectorState::Empty;
                }
                Err(error)
            }
        }
    }

    /// Waits for the next event of a watch.
    async fn next_change(
        &mut self,
        mut watching: Watching,
    ) -> Result<Option<ReflectorEvent>, Error> {
        let limit = if self.failed { SETTLED } else { SILENCE };
        let Ok(next) = timeout(limit, watching.stream.next()).await else {
            if self.failed {
                self.recovered();
                self.state = ReflectorState::Watching(watching);
                return Ok(Some(ReflectorEvent::Synced));
            }
            self.listed(watching.version, false);
            let kind = self.resource.kind.as_str();
            return Err(Error::unavailable(format!(
                "the watch of {kind} fell silent"
            )));
        };
        let (version, event) = match next {
            Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                (object.resource_version(), ReflectorEvent::Apply(object))
            }
            Some(Ok(WatchEvent::Deleted(object))) => {
                (object.resource_version(), ReflectorEvent::Delete(object))
            }
            Some(Ok(WatchEvent::Bookmark(bookmark))) => (
                Some(bookmark.metadata.resource_version),
                ReflectorEvent::Synced,
            ),
            Some(Ok(WatchEvent::Error(status))) => {
                let error = self.resource.watch_error(&status);
                return Err(self.broken(watching.version, error));
            }
            // A status may also come as a line of its own, which is no event.
            Some(Err(error)) => {
                let error = Error::new(&error, Operation::Other);
                return Err(self.broken(watching.version, error));
            }
            None => {
                self.listed(watching.version, false);
                if watching.has_received || watching.since.elapsed() >= SETTLED {
                    return Ok(None);
                }
                let kind = self.resource.kind.as_str();
                return Err(Error::unavailable(format!(
                    "the API server ends the watch of {kind} at once"
                )));
            }
        };
        let Some(version) = version.filter(|version| !version.is_empty()) else {
            return Err(Error::unavailable(
                "the API server's changes have no version",
            ));
        };
        self.recovered();
        self.state = ReflectorState::Watching(Watching {
            version,
            has_received: true,
            ..watching
        });
        Ok(Some(event))
    }
}

/// The pauses between tries: twice as long each time, up to the longest.
fn backoff() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_factor(2.0)
        .without_max_times()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_twice_the_last_one_up_to_the_longest() {
        let millis: Vec<u128> = backoff().take(6).map(|it| it.as_millis()).collect();
        assert_eq!(millis, [250, 500, 1000, 2000, 4000, 4000]);
    }
}
