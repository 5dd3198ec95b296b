//! The Flux objects of each cluster, by one watch per kind.
//!
//! `client` opens the cluster, `watch` follows one kind, `record` turns Helm's history into entries.
//! A quiet watch is confirmed by a ping, so that what it said keeps its age, and loses it when it is dead.

mod client;
mod kinds;
mod record;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::observation::SourceName;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::kinds::Kind;
use crate::app::App;
use crate::config::ClusterConfig;

/// How often a cluster is asked whether it is still there.
const PING: Duration = Duration::from_secs(5);
/// How long a broken watch must have been quiet before it counts as mended: its longest pause between
/// two tries, and some.
const MENDED: Duration = Duration::from_secs(6);

/// Starts one keeper for each cluster that a pipeline is in.
pub(super) fn start(app: &Arc<App>, tasks: &TaskTracker, ending: &CancellationToken) {
    for cluster in &app.config.clusters {
        let wanted = kinds::wanted(app.boards.lanes().map(|lane| lane.spec()), &cluster.name);
        if wanted.is_empty() {
            continue;
        }
        let keeper = Keeper {
            app: Arc::clone(app),
            source: SourceName::flux(&cluster.name),
            health: Arc::new(Health::new(wanted.keys().copied())),
            cluster: cluster.clone(),
        };
        let ending = ending.clone();
        tasks.spawn(async move {
            ending.run_until_cancelled(keeper.run(wanted)).await;
        });
    }
}

struct Keeper {
    app: Arc<App>,
    cluster: ClusterConfig,
    source: SourceName,
    health: Arc<Health>,
}

impl Keeper {
    async fn run(self, wanted: BTreeMap<Kind, kinds::Namespaces>) {
        let client = self.connect().await;
        let watches = wanted.into_iter().map(|(kind, namespaces)| {
            let watch = watch::Watch::new(
                Arc::clone(&self.app),
                self.cluster.name.clone(),
                kind,
                Arc::clone(&self.health),
            );
            watch.run(namespaces.api(client.clone(), kind))
        });
        tokio::join!(
            futures::future::join_all(watches),
            self.ping(client.clone())
        );
    }

    async fn connect(&self) -> kube::Client {
        loop {
            match client::open(&self.cluster.access).await {
                Ok(client) => return client,
                Err(why) => {
                    tracing::warn!(cluster = %self.cluster.name, %why, "the cluster cannot be opened");
                    self.app.boards.lost(&self.source, &why);
                }
            }
            tokio::time::sleep(PING).await;
        }
    }

    /// Confirms what the watches said for as long as the cluster answers and none of them is broken.
    async fn ping(&self, client: kube::Client) {
        loop {
            let answered = tokio::time::timeout(PING, client.apiserver_version()).await;
            let well = match answered {
                Err(_) => Err(format!("no answer within {} s", PING.as_secs())),
                Ok(Err(error)) => Err(client::why(&error)),
                Ok(Ok(_)) => self.health.check(Instant::now()),
            };
            match well {
                Ok(true) => self.app.boards.contact(&self.source),
                // The first lists are still on their way.
                Ok(false) => {}
                Err(why) => self.app.boards.lost(&self.source, &why),
            }
            tokio::select! {
                () = self.health.changed.notified() => {}
                () = tokio::time::sleep(PING) => {}
            }
        }
    }
}

/// How the watches of one cluster are doing.
struct Health {
    watches: Mutex<BTreeMap<Kind, State>>,
    changed: Notify,
}

enum State {
    /// It has not listed its objects yet.
    Listing,
    /// It has listed them and follows them.
    Following,
    /// It broke; the watcher is trying again by itself.
    Broken {
        at: Instant,
        listed: bool,
        why: String,
    },
}

impl Health {
    fn new(kinds: impl Iterator<Item = Kind>) -> Self {
        Self {
            watches: Mutex::new(kinds.map(|kind| (kind, State::Listing)).collect()),
            changed: Notify::new(),
        }
    }

    fn following(&self, kind: Kind) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let before = watches.insert(kind, State::Following);
        if !matches!(before, Some(State::Following)) {
            self.changed.notify_one();
        }
    }

    fn broken(&self, kind: Kind, why: String, at: Instant) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = match watches.get(&kind) {
            Some(State::Following) => true,
            Some(State::Broken { listed, .. }) => *listed,
            Some(State::Listing) | None => false,
        };
        watches.insert(kind, State::Broken { at, listed, why });
        self.changed.notify_one();
    }

    /// Whether all watches follow; an error where one is broken. A watch that broke after it had listed
    /// goes on where it was without a word, so it counts as mended once it has not failed for a while.
    fn check(&self, now: Instant) -> Result<bool, String> {
        let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = true;
        for state in watches.values() {
            match state {
                State::Following => {}
                State::Listing => all = false,
                State::Broken { at, listed, why } => {
                    if !listed || now.duration_since(*at) < MENDED {
                        return Err(why.clone());
                    }
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_watch_is_lost_at_once_and_mended_when_it_stays_quiet() {
        let now = Instant::now();
        let health = Health::new([Kind::HelmRelease, Kind::Kustomization].into_iter());
        health.following(Kind::HelmRelease);
        assert_eq!(health.check(now), Ok(false));
        health.following(Kind::Kustomization);
        assert_eq!(health.check(now), Ok(true));
        health.broken(Kind::HelmRelease, "reset".into(), now);
        assert_eq!(health.check(now), Err("reset".into()));
        assert_eq!(health.check(now + MENDED), Ok(true));
    }

    #[test]
    fn a_watch_that_never_listed_does_not_mend_by_keeping_quiet() {
        let now = Instant::now();
        let health = Health::new([Kind::HelmRelease].into_iter());
        health.broken(Kind::HelmRelease, "forbidden".into(), now);
        assert_eq!(health.check(now + MENDED * 2), Err("forbidden".into()));
    }
}
