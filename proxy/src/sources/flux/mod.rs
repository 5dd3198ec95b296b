//! The Flux objects of each cluster, by one watch per kind.
//!
//! `client` opens the cluster, `follow` lists and follows one kind, `watch` reads what comes, `record`
//! turns Helm's history into entries, `trouble` says what is wrong. A quiet watch is confirmed by a ping.

mod ask;
mod client;
mod follow;
mod health;
mod kinds;
mod object;
mod record;
mod scribe;
mod trouble;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::flux::Kind;
use model::observation::SourceName;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::ask::Ask;
pub(crate) use self::client::Access;
use self::follow::Follower;
use self::health::Health;
use self::scribe::Scribe;
pub(crate) use self::trouble::why;
use crate::app::AppState;
use crate::config::ClusterConfig;

/// How often a cluster is asked whether it is still there, and how long it may take to say so.
const PING: Duration = Duration::from_secs(5);

/// Starts one keeper for each cluster that a pipeline is in.
pub(super) fn start(app: &AppState, tasks: &TaskTracker, ending: &CancellationToken) {
    for cluster in &app.config.clusters {
        let desired = kinds::desired(app.boards.lanes().map(|lane| lane.spec()), &cluster.name);
        if desired.is_empty() {
            continue;
        }
        let keeper = Keeper {
            app: app.clone(),
            source: SourceName::flux(&cluster.name),
            health: Arc::new(Health::new(desired.keys().copied())),
            access: Arc::new(Access::new(cluster.access.clone())),
            cluster: cluster.clone(),
        };
        let ending = ending.clone();
        tasks.spawn(async move {
            ending.run_until_cancelled(keeper.run(desired)).await;
        });
    }
}

struct Keeper {
    app: AppState,
    cluster: ClusterConfig,
    access: Arc<Access>,
    source: SourceName,
    health: Arc<Health>,
}

impl Keeper {
    async fn run(self, desired: BTreeMap<Kind, kinds::Namespaces>) {
        let (entries, scribe) = Scribe::new(self.app.clone());
        let watches = desired.into_iter().map(|(kind, namespaces)| {
            let watch = watch::Watch::new(
                self.app.clone(),
                self.cluster.name.clone(),
                kind,
                Arc::clone(&self.health),
                entries.clone(),
            );
            let ask = Ask {
                access: Arc::clone(&self.access),
                namespaces,
                kind,
            };
            watch.run(Follower::new(ask))
        });
        tokio::join!(
            futures::future::join_all(watches),
            scribe.run(),
            self.ping()
        );
    }

    /// Confirms what the watches said for as long as the cluster answers and none of them is broken.
    async fn ping(&self) {
        loop {
            match self.answers().await.and_then(|()| self.health.check()) {
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

    async fn answers(&self) -> Result<(), String> {
        let client = self.access.client().await?;
        match tokio::time::timeout(PING, client.apiserver_version()).await {
            Err(_) => Err(format!(
                "the API server gives no answer within {} s",
                PING.as_secs()
            )),
            // Not everybody may ask for the version; that it says so is answer enough.
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => Ok(()),
            Ok(Err(error)) => {
                if matches!(&error, kube::Error::Api(status) if status.code == 401) {
                    self.access.refused().await;
                }
                Err(trouble::why(&error))
            }
            Ok(Ok(_)) => Ok(()),
        }
    }
}
