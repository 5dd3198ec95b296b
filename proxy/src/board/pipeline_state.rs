//! The state of one pipeline: its observations, its newest board, and the signals to read a source again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::api::Board;
use model::chain::{Context, Tolerances};
use model::flux::Kind;
use model::observation::{Fact, FactKey, SourceName};
use model::pipeline::{EnvironmentSpec, ObjectName, TargetSpec};
use model::promotion::Promotion;
use model::rollout::RolloutStep;
use model::{
    AppVersion, ChartVersion, Colour, CommitId, Observation, Observations, PipelineSpec, Timestamp,
};
use tokio::sync::Notify;

/// A release in the history of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRecord {
    /// The commit of its merge.
    pub commit: CommitId,
    /// The `appVersion` of its chart.
    pub app: Option<AppVersion>,
    /// The UI colour in its source.
    pub colour: Option<Colour>,
}

/// The state of one pipeline.
pub struct PipelineState {
    spec: PipelineSpec,
    observations: Mutex<Observations>,
    board: Mutex<Arc<Board>>,
    releases: Mutex<BTreeMap<ChartVersion, ReleaseRecord>>,
    pub(super) changed: Notify,
    github: Notify,
    apps: Vec<(String, Arc<Notify>)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PipelineState {
    pub(super) fn new(spec: PipelineSpec, now: Timestamp, tolerances: &Tolerances) -> Self {
        let observations = Observations::default();
        let mut board = model::board::board(&spec, None, context(&observations, now, tolerances));
        // Versions rise over restarts as well, so that a page that was open before takes the new boards.
        board.version = u64::try_from(now.millis()).unwrap_or(1);
        let apps = targets(&spec)
            .map(|(_, target)| (target.cluster.clone(), Arc::default()))
            .collect();
        Self {
            board: Mutex::new(Arc::new(board)),
            observations: Mutex::new(observations),
            releases: Mutex::default(),
            changed: Notify::new(),
            github: Notify::new(),
            apps,
            spec,
        }
    }

    /// Returns the configuration of the pipeline.
    pub fn spec(&self) -> &PipelineSpec {
        &self.spec
    }

    /// Returns the newest board.
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&lock(&self.board))
    }

    pub(super) fn set_board(&self, board: Arc<Board>) {
        *lock(&self.board) = board;
    }

    /// Computes the board after `previous`, and returns it with its observations.
    pub(super) fn compute(
        &self,
        previous: &Board,
        now: Timestamp,
        tolerances: &Tolerances,
    ) -> (Board, Observations) {
        let observations = lock(&self.observations).clone();
        let context = context(&observations, now, tolerances);
        let board = model::board::board(&self.spec, Some(previous), context);
        (board, observations)
    }

    /// Returns the rollout of a merged promotion into an environment, as far as it is known now.
    pub fn rollout(
        &self,
        promotion: &Promotion,
        environment: &EnvironmentSpec,
        now: Timestamp,
        tolerances: &Tolerances,
    ) -> Vec<RolloutStep> {
        let observations = lock(&self.observations).clone();
        let context = context(&observations, now, tolerances);
        model::rollout::rollout(promotion, environment, context)
    }

    /// Records an observation; returns whether it was news.
    pub fn observe(&self, observation: Observation) -> bool {
        let news = lock(&self.observations).record(observation);
        if news {
            self.changed.notify_one();
        }
        news
    }

    /// Records a notification of Flux. Where Weft has no access to the cluster, it is also the contact with
    /// it, as old as the notification.
    pub(super) fn record_notification(
        &self,
        cluster: &str,
        observation: Observation,
        now: Timestamp,
    ) {
        let at = observation.at;
        let mut observations = lock(&self.observations);
        observations.record_notification(cluster, at, now);
        if targets(&self.spec)
            .any(|(_, target)| target.cluster == cluster && target.flux.notifications_only)
        {
            observations.record_success(&observation.source, at);
        }
        observations.record(observation);
        drop(observations);
        self.changed.notify_one();
    }

    /// Records that a source answered.
    pub fn record_success(&self, source: &SourceName, now: Timestamp) {
        if !self.listens_to(source) {
            return;
        }
        let mut observations = lock(&self.observations);
        let was_well = observations
            .source_health(source)
            .is_some_and(|health| health.ok_at.is_some() && health.failing.is_none());
        observations.record_success(source, now);
        if !was_well {
            self.changed.notify_one();
        }
    }

    /// Records that a source does not answer.
    pub fn record_failure(&self, source: &SourceName, why: &str) {
        if !self.listens_to(source) {
            return;
        }
        lock(&self.observations).record_failure(source, why.to_owned());
        self.changed.notify_one();
    }

    pub(super) fn forget(&self, cluster: &str, kind: Kind, name: &ObjectName) {
        if lock(&self.observations).forget(&FactKey::object(cluster, kind, name)) {
            self.changed.notify_one();
        }
    }

    /// Returns whether a fact is about an object that this pipeline is made of.
    pub(super) fn concerns(&self, fact: &Fact) -> bool {
        targets(&self.spec).any(|(_, target)| fact.concerns(target))
    }

    /// Returns whether the pipeline has a target in a cluster.
    pub fn is_in(&self, cluster: &str) -> bool {
        targets(&self.spec).any(|(_, target)| target.cluster == cluster)
    }

    fn listens_to(&self, source: &SourceName) -> bool {
        *source == SourceName::github()
            || targets(&self.spec).any(|(_, target)| {
                *source == SourceName::flux(&target.cluster)
                    || *source == SourceName::live(&target.name)
            })
    }

    pub(super) fn is_warm(&self) -> bool {
        let observations = lock(&self.observations);
        self.spec
            .environments
            .iter()
            .all(|environment| is_warm_in(environment, &observations, false))
    }

    /// Has GitHub read now.
    pub fn look_at_github(&self) {
        self.github.notify_one();
    }

    /// Waits until GitHub is to be read.
    pub async fn github_requested(&self) {
        self.github.notified().await;
    }

    /// Has this pipeline's live apps in a cluster asked now.
    pub fn look_at_apps_in(&self, cluster: &str) {
        for (_, desired) in self.apps.iter().filter(|(name, _)| name == cluster) {
            desired.notify_one();
        }
    }

    /// Returns the targets with their environments, each with the signal to ask its app now.
    pub fn apps(&self) -> impl Iterator<Item = (&EnvironmentSpec, &TargetSpec, Arc<Notify>)> {
        targets(&self.spec)
            .zip(&self.apps)
            .map(|((environment, target), (_, desired))| (environment, target, Arc::clone(desired)))
    }

    /// Adds releases of the repository's history.
    pub fn remember(&self, releases: BTreeMap<ChartVersion, ReleaseRecord>) {
        lock(&self.releases).extend(releases);
    }

    /// Returns the colour of a release, where the history holds it.
    pub fn colour_of(&self, release: Option<&ChartVersion>) -> Option<Colour> {
        self.release(release?)?.colour
    }

    /// Returns what the repository's history holds of a release.
    pub fn release(&self, version: &ChartVersion) -> Option<ReleaseRecord> {
        lock(&self.releases).get(version).cloned()
    }
}

/// Returns whether every source of an environment has answered or failed once. A cluster that is known by
/// its notifications only may send none for long: it counts where `notifying` is set.
pub(super) fn is_warm_in(
    environment: &EnvironmentSpec,
    observations: &Observations,
    notifying: bool,
) -> bool {
    let is_known = |source: SourceName| observations.source_health(&source).is_some();
    is_known(SourceName::github())
        && environment.targets.iter().all(|target| {
            (target.flux.notifications_only && !notifying
                || is_known(SourceName::flux(&target.cluster)))
                && is_known(SourceName::live(&target.name))
        })
}

fn context<'a>(
    observations: &'a Observations,
    now: Timestamp,
    tolerances: &'a Tolerances,
) -> Context<'a> {
    Context {
        observations,
        now,
        tolerances,
    }
}

fn targets(spec: &PipelineSpec) -> impl Iterator<Item = (&EnvironmentSpec, &TargetSpec)> {
    spec.environments.iter().flat_map(|environment| {
        environment
            .targets
            .iter()
            .map(move |target| (environment, target))
    })
}
