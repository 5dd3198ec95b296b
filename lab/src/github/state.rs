//! The server's shared state, and the handle to one of its repositories.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use time::OffsetDateTime;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

use super::error::ApiError;
use super::event::{Published, RepositoryEvent};
use super::links::Links;
use super::repository::Repository;
use super::tokens::{OAuthApp, Tokens};
use crate::clock::Clock;
use crate::faults::Faults;

/// The number of events that a subscriber may lag behind before it loses some.
const EVENT_CAPACITY: usize = 4096;

/// The state that every request handler and job shares.
pub(crate) struct GitHubState {
    pub(crate) url: Url,
    pub(crate) app: OAuthApp,
    pub(crate) clock: Clock,
    pub(crate) faults: Faults,
    pub(crate) tokens: Tokens,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// By `owner/name` in lower case.
    repositories: BTreeMap<String, Arc<Repository>>,
    events: broadcast::Sender<Published>,
    runtime: tokio::runtime::Handle,
    ids: AtomicU64,
}

impl GitHubState {
    /// The state of a server at `url` with one repository; ids go on from `ids`.
    pub(crate) fn new(
        url: Url,
        clock: Clock,
        faults: Faults,
        repository: Repository,
        ids: AtomicU64,
    ) -> Self {
        let name = repository.full_name().to_lowercase();
        Self {
            url,
            app: OAuthApp::random("Iv1.weft-demo"),
            clock,
            faults,
            tokens: Tokens::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            repositories: BTreeMap::from([(name, Arc::new(repository))]),
            events: broadcast::Sender::new(EVENT_CAPACITY),
            runtime: tokio::runtime::Handle::current(),
            ids,
        }
    }

    /// Returns the present lab time.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Returns an id that no other object has.
    pub(crate) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the server's base URLs, for answers.
    pub(crate) fn links(&self) -> Links {
        Links::new(&self.url)
    }

    /// Returns every repository.
    pub(crate) fn repositories(&self) -> impl Iterator<Item = &Arc<Repository>> {
        self.repositories.values()
    }

    /// Looks a repository up by its path, with or without `.git`.
    pub(crate) fn repo(self: &Arc<Self>, owner: &str, name: &str) -> Result<Repo, ApiError> {
        let name = name.strip_suffix(".git").unwrap_or(name);
        let key = format!("{owner}/{name}").to_lowercase();
        let repository = self.repositories.get(&key);
        Ok(Repo {
            github: self.clone(),
            repository: repository.ok_or_else(ApiError::not_found)?.clone(),
        })
    }

    /// Subscribes to the events that are published from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Published> {
        self.events.subscribe()
    }

    /// Handles every event from now on in a task of its own, one after the other. The handler runs on a
    /// blocking thread.
    pub(crate) fn on_event(
        self: &Arc<Self>,
        subscriber: &'static str,
        handle: impl Fn(&Repo, &RepositoryEvent) + Send + Sync + 'static,
    ) {
        let (github, handle) = (self.clone(), Arc::new(handle));
        let mut events = self.subscribe();
        self.spawn(async move {
            loop {
                match events.recv().await {
                    Ok(Published { repository, event }) => {
                        let handle = handle.clone();
                        let github = github.clone();
                        let repo = Repo { github, repository };
                        let handled = repo
                            .blocking(move |repo| {
                                handle(repo, &event);
                                Ok(())
                            })
                            .await;
                        if let Err(error) = handled {
                            tracing::error!(subscriber, %error, "an event was not handled");
                        }
                    }
                    Err(RecvError::Lagged(count)) => {
                        tracing::error!(subscriber, count, "events were lost");
                    }
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    /// Spawns a task that is cancelled when the server shuts down.
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
}

/// A handle to one repository of a server. As an extractor it is the repository of the path's
/// `{owner}/{repo}`, or 404.
#[derive(Clone)]
pub(crate) struct Repo {
    pub(crate) github: Arc<GitHubState>,
    repository: Arc<Repository>,
}

impl Deref for Repo {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        &self.repository
    }
}

impl Repo {
    /// Runs `work`, which calls git or takes locks, on a blocking thread.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let repo = self.clone();
        tokio::task::spawn_blocking(move || work(&repo))
            .await
            .map_err(|error| ApiError::Internal(anyhow::anyhow!("a request panicked: {error}")))?
    }

    /// Publishes events to every subscriber.
    pub(crate) fn publish(&self, events: impl IntoIterator<Item = RepositoryEvent>) {
        for event in events {
            let repository = self.repository.clone();
            // An error only says that nobody has subscribed.
            let _subscribers = self.github.events.send(Published { repository, event });
        }
    }

    /// Returns the URL of the repository's page.
    pub(crate) fn page(&self) -> String {
        format!("{}/{}", self.github.links().web, self.full_name())
    }

    /// Returns the URL of the repository in the REST interface.
    pub(crate) fn api(&self) -> String {
        format!("{}/repos/{}", self.github.links().api, self.full_name())
    }
}

impl FromRequestParts<Arc<GitHubState>> for Repo {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        github: &Arc<GitHubState>,
    ) -> Result<Self, Self::Rejection> {
        let Path(names) = Path::<HashMap<String, String>>::from_request_parts(parts, github)
            .await
            .map_err(|_| ApiError::not_found())?;
        let name = |key: &str| names.get(key).map_or("", String::as_str);
        github.repo(name("owner"), name("repo"))
    }
}
