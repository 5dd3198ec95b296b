//! The task of one cluster: a watch for each kind, the writer of its journal entries, and a ping.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use model::PipelineSpec;
use model::flux::Kind;
use model::flux::membership::watched;
use model::observation::SourceName;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::deployments::DeploymentEntries;
use super::health::WatchHealth;
use super::journal_writer::JournalWriter;
use super::reconcile_requests::ReconcileRequests;
use super::watch::Watch;
use crate::board::Boards;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::kubernetes::{Cluster, Reflector, ResourceClient};

/// The pause between two pings.
const PING_INTERVAL: Duration = Duration::from_secs(5);

/// Watches a cluster and confirms its watches for as long as it answers.
pub(crate) struct ClusterTask {
    pub(crate) name: String,
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) boards: Arc<Boards>,
    pub(crate) reconcile_requests: Arc<ReconcileRequests>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl ClusterTask {
    /// Starts the task, unless no pipeline is in the cluster. It runs until `ending`.
    pub(crate) fn spawn(self, tasks: &TaskTracker, ending: &CancellationToken) {
        let pipelines = self.boards.pipelines().map(|pipeline| pipeline.spec());
        let kinds = watched_kinds(pipelines, &self.name);
        if !kinds.is_empty() {
            let ending = ending.clone();
            tasks.spawn(async move {
                ending.run_until_cancelled(self.run(kinds)).await;
            });
        }
    }

    async fn run(self, kinds: BTreeMap<Kind, BTreeSet<String>>) {
        let health = Arc::new(WatchHealth::new(kinds.keys().copied()));
        let (entries, writer) = JournalWriter::new(Arc::clone(&self.journal));
        let watches = kinds.into_iter().map(|(kind, namespaces)| {
            let watch = Watch {
                cluster: self.name.clone(),
                kind,
                boards: Arc::clone(&self.boards),
                reconcile_requests: Arc::clone(&self.reconcile_requests),
                clock: Arc::clone(&self.clock),
                health: Arc::clone(&health),
                deployments: matches!(kind, Kind::HelmRelease | Kind::Deployment)
                    .then(|| DeploymentEntries::new(&self.boards, self.name.clone())),
                entries: entries.clone(),
                known: BTreeMap::new(),
                listed: None,
                has_news: false,
            };
            let client = Arc::clone(&self.cluster.client);
            let resource = ResourceClient::new(client, kind, &namespaces);
            watch.run(Reflector::new(resource))
        });
        tokio::join!(
            futures::future::join_all(watches),
            writer.run(),
            self.ping(&health)
        );
    }

    /// Confirms what the watches observed for as long as the cluster answers and none of them is broken.
    async fn ping(&self, health: &WatchHealth) {
        let source = SourceName::flux(&self.name);
        loop {
            let answer = self.cluster.ping().await;
            let answer = answer.map_err(|error| error.to_string());
            match answer.and_then(|()| health.check()) {
                Ok(true) => self.boards.record_success(&source),
                // The first lists are still on their way.
                Ok(false) => {}
                Err(why) => self.boards.record_failure(&source, &why),
            }
            tokio::select! {
                () = health.changed.notified() => {}
                () = tokio::time::sleep(PING_INTERVAL) => {}
            }
        }
    }
}

/// Returns the kinds that the targets of a cluster are made of, with the namespaces that hold them.
fn watched_kinds<'a>(
    pipelines: impl Iterator<Item = &'a PipelineSpec>,
    cluster: &str,
) -> BTreeMap<Kind, BTreeSet<String>> {
    let mut kinds: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    let targets = pipelines
        .flat_map(|pipeline| &pipeline.environments)
        .flat_map(|environment| &environment.targets)
        .filter(|target| target.cluster == cluster && !target.flux.notifications_only);
    for (kind, namespace) in targets.flat_map(watched) {
        let namespaces = kinds.entry(kind).or_default();
        namespaces.insert(namespace.to_owned());
    }
    kinds
}
