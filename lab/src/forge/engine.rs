//! The forge's inside, shared by its HTTP surface, its jobs and its control surface: the
//! repositories, the tokens, the clock, and the one place where events go out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::accounts::Account;
use super::git::RefUpdate;
use super::present::Links;
use super::refusal::Refusal;
use super::state::Repository;
use super::tokens::{App, Tokens};
use super::webhooks::Webhooks;
use crate::clock::Clock;
use crate::faults::Faults;

/// What listeners inside the lab are told, so that they look at once instead of at their interval.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A ref moved.
    Push {
        /// `owner/name`.
        repository: String,
        /// The full ref name.
        reference: String,
        /// The new oid; forty zeros for a deleted ref.
        sha: String,
    },
    /// The registry holds a new tag.
    Image {
        /// `owner/name`.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// The chart repository's index changed.
    Chart {
        /// `owner/name`.
        repository: String,
        /// The version that is new.
        version: String,
    },
    /// A pull request was opened, changed, reviewed, merged or closed, or a check on it ended.
    PullRequest {
        /// `owner/name`.
        repository: String,
        /// Its number.
        number: u64,
    },
}

/// One thing that happened in the forge.
#[derive(Clone)]
pub(crate) enum Event {
    Push {
        update: RefUpdate,
        by: &'static Account,
    },
    PullRequest {
        number: u64,
        action: &'static str,
        by: &'static Account,
    },
    Review {
        number: u64,
        review: u64,
        action: &'static str,
        by: &'static Account,
    },
    Status {
        sha: String,
        id: u64,
    },
    CheckRun {
        sha: String,
        id: u64,
        action: &'static str,
    },
    WorkflowRun {
        id: u64,
        action: &'static str,
    },
    Dispatch {
        event_type: String,
        payload: Value,
        by: &'static Account,
    },
    Image {
        tag: String,
    },
    Chart {
        version: String,
    },
}

/// The forge's inside.
pub(crate) struct Engine {
    pub(crate) url: Url,
    pub(crate) app: App,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) job_delay: Duration,
    /// The workflow that no runner is free for, if any: its runs stay queued.
    pub(crate) held: watch::Sender<Option<String>>,
    pub(crate) tokens: Tokens,
    pub(crate) repositories: BTreeMap<String, Arc<Repository>>,
    pub(crate) webhooks: Webhooks,
    pub(crate) signals: broadcast::Sender<Signal>,
    pub(crate) runtime: tokio::runtime::Handle,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    pub(crate) ids: AtomicU64,
}

impl Engine {
    /// The present lab time.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// A number that no other object has.
    pub(crate) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// The forge's addresses, for answers.
    pub(crate) fn links(&self) -> Links {
        Links::new(&self.url)
    }

    /// The repository of a path; a trailing `.git` is the same one.
    pub(crate) fn repository(&self, owner: &str, name: &str) -> Result<Arc<Repository>, Refusal> {
        let name = name.strip_suffix(".git").unwrap_or(name);
        self.repositories
            .get(&format!("{owner}/{name}").to_lowercase())
            .cloned()
            .ok_or_else(Refusal::not_found)
    }

    /// Runs what blocks (git, mostly) off the async threads.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Arc<Self>) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let engine = self.clone();
        tokio::task::spawn_blocking(move || work(&engine))
            .await
            .map_err(|error| Refusal::Internal(anyhow::anyhow!("a request panicked: {error}")))?
    }

    /// Starts work that ends with the forge.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tasks.spawn_on(
            async move {
                tokio::select! {
                    () = work => {}
                    () = stop.cancelled() => {}
                }
            },
            &self.runtime,
        );
    }

    /// Sends events out: to webhooks, to listeners inside the lab, and to the jobs. Must be called
    /// without holding the repository's state.
    pub(crate) fn publish(self: &Arc<Self>, repository: &Arc<Repository>, events: Vec<Event>) {
        for event in events {
            if let Some((name, body)) = super::webhooks::body(self, repository, &event) {
                self.webhooks.send(name, &body);
            }
            for signal in signals(repository, &event) {
                // An error only says that nobody listens.
                let _listeners = self.signals.send(signal).unwrap_or(0);
            }
            crate::jobs::react(self, repository, &event);
        }
    }
}

fn signals(repository: &Repository, event: &Event) -> Vec<Signal> {
    let name = repository.full_name();
    let signal = match event {
        Event::Push { update, .. } => Signal::Push {
            repository: name,
            reference: update.reference.clone(),
            sha: update.after.clone(),
        },
        Event::Image { tag } => Signal::Image {
            repository: name,
            tag: tag.clone(),
        },
        Event::Chart { version } => Signal::Chart {
            repository: name,
            version: version.clone(),
        },
        Event::PullRequest { number, .. } | Event::Review { number, .. } => Signal::PullRequest {
            repository: name,
            number: *number,
        },
        Event::Status { sha, .. } | Event::CheckRun { sha, .. } => {
            return repository
                .state
                .lock()
                .pulls
                .values()
                .filter(|pull| pull.head == *sha && pull.is_open())
                .map(|pull| Signal::PullRequest {
                    repository: name.clone(),
                    number: pull.number,
                })
                .collect();
        }
        Event::WorkflowRun { .. } | Event::Dispatch { .. } => return Vec::new(),
    };
    vec![signal]
}
