//! One kind of objects of one cluster: listed in pages, then followed from there on, whatever the API
//! server does. The rules are Kubernetes' own («Efficient detection of changes», API concepts).

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use futures::StreamExt;
use kube::core::WatchEvent;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};

use super::ask::{Ask, Stream};
use super::object::Object;
use super::trouble::{Trouble, why};

/// Objects in one page of a list.
const PAGE: u32 = 500;
/// After so many seconds the server ends a watch, and before that it sends a bookmark, so that a dead
/// connection is found out soon.
const LIFE: u32 = 30;
/// A watch from which nothing has come for so long is dead.
const SILENCE: Duration = Duration::from_secs(LIFE as u64 + 5);
/// A watch that follows on a broken one counts as well once it has lived for so long.
const SETTLED: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// A cluster that comes back is to be seen soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// What has come.
#[derive(Debug)]
pub(super) enum Event {
    /// A list begins: what is there now.
    Began,
    /// An object of the list.
    Listed(Object),
    /// The list is whole: what was not in it is gone.
    Whole,
    /// An object is new or has changed.
    Changed(Object),
    /// An object is gone.
    Gone(Object),
    /// All changes from the last list on have come or will.
    Following,
}

type Version = String;

enum State {
    /// Nothing is known.
    New,
    /// Pages are coming.
    Listing {
        items: VecDeque<Box<RawValue>>,
        next: Option<String>,
        version: Option<Version>,
    },
    /// All is known up to here.
    Known {
        version: Version,
        /// Whether the list has just told so, and not a watch that ended.
        listed: bool,
    },
    /// Changes are coming.
    Watching {
        version: Version,
        stream: Stream,
        since: Instant,
        heard: bool,
    },
}

/// Follows one kind.
pub(super) struct Follower {
    ask: Ask,
    state: State,
    pauses: Pauses,
    /// Whether the last try failed and none since is known to be well.
    failed: bool,
}

impl Follower {
    pub(super) fn new(ask: Ask) -> Self {
        Self {
            ask,
            state: State::New,
            pauses: Pauses::default(),
            failed: false,
        }
    }

    /// Waits for what comes next. After an error [`Self::pause`] is due; then it goes on where it was.
    pub(super) async fn next(&mut self) -> Result<Event, Trouble> {
        loop {
            // Where nothing else is said an error makes it list anew.
            match mem::replace(&mut self.state, State::New) {
                State::New => {
                    self.state = State::Listing {
                        items: VecDeque::new(),
                        next: None,
                        version: None,
                    };
                    return Ok(Event::Began);
                }
                State::Listing {
                    mut items,
                    next,
                    version,
                } => {
                    if let Some(item) = items.pop_front() {
                        let object = serde_json::from_str(item.get())
                            .map_err(|error| Trouble::said(why(&kube::Error::SerdeError(error))))?;
                        self.state = State::Listing {
                            items,
                            next,
                            version,
                        };
                        return Ok(Event::Listed(object));
                    }
                    if next.is_none()
                        && let Some(version) = version
                    {
                        self.state = State::Known {
                            version,
                            listed: true,
                        };
                        return Ok(Event::Whole);
                    }
                    self.state = self.page(next).await?;
                }
                State::Known { version, listed } => {
                    if let Some(event) = self.open(version, listed).await? {
                        return Ok(event);
                    }
                }
                State::Watching {
                    version,
                    stream,
                    since,
                    heard,
                } => {
                    if let Some(event) = self.hear(version, stream, since, heard).await? {
                        return Ok(event);
                    }
                }
            }
        }
    }

    /// Waits after an error: longer each time, until something is well again.
    pub(super) async fn pause(&mut self, trouble: &Trouble) {
        self.failed = true;
        if trouble.refused {
            self.ask.access.refused().await;
        }
        let pause = self.pauses.next();
        tokio::time::sleep(trouble.after.map_or(pause, |after| after.max(pause))).await;
    }

    fn mended(&mut self) {
        self.failed = false;
        self.pauses = Pauses::default();
    }

    async fn page(&mut self, next: Option<String>) -> Result<State, Trouble> {
        let page = self.ask.list(PAGE, next).await?;
        let full = |text: &String| !text.is_empty();
        let next = page.metadata.next.filter(full);
        let version = page.metadata.resource_version.filter(full);
        if next.is_none() && version.is_none() {
            return Err(Trouble::said("the API server's list cannot be followed"));
        }
        Ok(State::Listing {
            items: page.items.into(),
            next,
            version,
        })
    }

    /// Begins to watch. Nothing is said of it where the last try failed: that is for what comes.
    async fn open(&mut self, version: Version, listed: bool) -> Result<Option<Event>, Trouble> {
        self.state = State::Known {
            version: version.clone(),
            listed,
        };
        if self.failed && !listed && self.ask.turned_back(&version).await? {
            self.state = State::New;
            return Ok(None);
        }
        match self.ask.watch(LIFE, &version).await {
            Ok(stream) => {
                self.state = State::Watching {
                    version,
                    stream,
                    since: Instant::now(),
                    heard: false,
                };
                Ok((!self.failed).then_some(Event::Following))
            }
            Err(trouble) => {
                if trouble.expired {
                    self.state = State::New;
                }
                Err(trouble)
            }
        }
    }

    /// Waits for the next event of a watch.
    async fn hear(
        &mut self,
        version: Version,
        mut stream: Stream,
        since: Instant,
        heard: bool,
    ) -> Result<Option<Event>, Trouble> {
        let patience = if self.failed { SETTLED } else { SILENCE };
        let Ok(next) = timeout(patience, stream.next()).await else {
            if self.failed {
                self.mended();
                self.state = State::Watching {
                    version,
                    stream,
                    since,
                    heard,
                };
                return Ok(Some(Event::Following));
            }
            self.known(version);
            let why = format!("the watch of {} fell silent", self.ask.kind.as_str());
            return Err(Trouble::said(why));
        };
        let (version, event) = match next {
            Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => {
                (object.version(), Event::Changed(object))
            }
            Some(Ok(WatchEvent::Deleted(object))) => (object.version(), Event::Gone(object)),
            Some(Ok(WatchEvent::Bookmark(bookmark))) => {
                (Some(bookmark.metadata.resource_version), Event::Following)
            }
            Some(Ok(WatchEvent::Error(status))) => {
                let trouble = self.ask.answered(&status);
                if !trouble.expired {
                    self.known(version);
                }
                return Err(trouble);
            }
            Some(Err(error)) => {
                self.known(version);
                return Err(Trouble::said(why(&error)));
            }
            None => {
                self.known(version);
                if heard || since.elapsed() >= SETTLED {
                    return Ok(None);
                }
                let why = format!(
                    "the API server ends the watch of {} at once",
                    self.ask.kind.as_str()
                );
                return Err(Trouble::said(why));
            }
        };
        let Some(version) = version.filter(|version| !version.is_empty()) else {
            return Err(Trouble::said("the API server's changes have no version"));
        };
        self.mended();
        self.state = State::Watching {
            version,
            stream,
            since,
            heard: true,
        };
        Ok(Some(event))
    }

    fn known(&mut self, version: Version) {
        self.state = State::Known {
            version,
            listed: false,
        };
    }
}

/// A quarter of a second after the first failure, then twice as long each time.
struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pauses {
    fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_twice_the_last_one_up_to_the_longest() {
        let mut pauses = Pauses::default();
        let millis: Vec<u128> = (0..6).map(|_| pauses.next().as_millis()).collect();
        assert_eq!(millis, [250, 500, 1000, 2000, 4000, 4000]);
    }
}
