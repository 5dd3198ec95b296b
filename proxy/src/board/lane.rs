//! One pipeline's observations, its newest board, and the signals to look again.

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

/// A release as the repository remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRecord {
    /// The pull request that made it.
    pub number: u64,
    /// The commit of its merge.
    pub commit: CommitId,
    /// The app version that its chart names.
    pub app: Option<AppVersion>,
    /// The colour that its source names.
    pub colour: Option<Colour>,
}

/// What is kept of one pipeline.
pub struct Lane {
    spec: PipelineSpec,
    observations: Mutex<Observations>,
    board: Mutex<Arc<Board>>,
    releases: Mutex<BTreeMap<ChartVersion, ReleaseRecord>>,
    pub(super) changed: Notify,
    github: Notify,
    apps: Vec<(String, Arc<Notify>)>,
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lane {
    pub(super) fn new(spec: PipelineSpec, now: Timestamp, tolerances: &Tolerances) -> Self {
        let observations = Observations::default();
        let context = Context {
            observations: &observations,
            now,
            tolerances,
        };
        let mut board = model::board::board(&spec, None, context);
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

    /// How the pipeline is configured.
    #[must_use]
    pub fn spec(&self) -> &PipelineSpec {
        &self.spec
    }

    /// Its newest board.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&lock(&self.board))
    }

    pub(super) fn set_board(&self, board: Arc<Board>) {
        *lock(&self.board) = board;
    }

    /// The board after `previous`, and what it was computed from.
    pub(super) fn compute(
        &self,
        previous: &Board,
        now: Timestamp,
        tolerances: &Tolerances,
    ) -> (Board, Observations) {
        let observations = lock(&self.observations).clone();
        let context = Context {
            observations: &observations,
            now,
            tolerances,
        };
        let board = model::board::board(&self.spec, Some(previous), context);
        (board, observations)
    }

    /// The way of a merged promotion into an environment, as far as it is known now.
    #[must_use]
    pub fn follow(
        &self,
        promotion: &Promotion,
        environment: &EnvironmentSpec,
        now: Timestamp,
        tolerances: &Tolerances,
    ) -> Vec<RolloutStep> {
        let observations = lock(&self.observations).clone();
        let context = Context {
            observations: &observations,
            now,
            tolerances,
        };
        model::rollout::rollout(promotion, environment, context)
    }

    /// Takes an observation; says whether it was news.
    pub fn observe(&self, observation: Observation) -> bool {
        let news = lock(&self.observations).record(observation);
        if news {
            self.changed.notify_one();
        }
        news
    }

    /// Takes what Flux told of a cluster. Where Weft cannot look itself, that is also its contact, as old
    /// as what was told.
    pub(super) fn hear(&self, cluster: &str, observation: Observation, now: Timestamp) {
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

    /// Notes that a source answered.
    pub fn contact(&self, source: &SourceName, now: Timestamp) {
        if !self.listens_to(source) {
            return;
        }
        let mut observations = lock(&self.observations);
        let was_well = observations
            .source_health(source)
            .is_some_and(|contact| contact.ok_at.is_some() && contact.failing.is_none());
        observations.record_success(source, now);
        if !was_well {
            self.changed.notify_one();
        }
    }

    /// Notes that a source does not answer.
    pub fn lost(&self, source: &SourceName, why: &str) {
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

    /// Whether a fact about a cluster is about an object that this pipeline is made of.
    pub(super) fn concerns(&self, fact: &Fact) -> bool {
        targets(&self.spec).any(|(_, target)| fact.concerns(target))
    }

    /// Whether the pipeline has a target in a cluster.
    #[must_use]
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

    /// Asks for a look at GitHub now.
    pub fn look_at_github(&self) {
        self.github.notify_one();
    }

    /// Waits until somebody asks for a look at GitHub.
    pub async fn github_wanted(&self) {
        self.github.notified().await;
    }

    /// Asks for a look at this pipeline's live apps in a cluster now.
    pub fn look_at_apps_in(&self, cluster: &str) {
        for (_, desired) in self.apps.iter().filter(|(name, _)| name == cluster) {
            desired.notify_one();
        }
    }

    /// The targets with their environments, each with the signal that asks for a look at its app.
    pub fn apps(&self) -> impl Iterator<Item = (&EnvironmentSpec, &TargetSpec, Arc<Notify>)> {
        targets(&self.spec)
            .zip(&self.apps)
            .map(|((environment, target), (_, desired))| (environment, target, Arc::clone(desired)))
    }

    /// Remembers the releases that the repository tells of.
    pub fn remember(&self, releases: BTreeMap<ChartVersion, ReleaseRecord>) {
        lock(&self.releases).extend(releases);
    }

    /// What the repository remembers of a release.
    #[must_use]
    pub fn release(&self, version: &ChartVersion) -> Option<ReleaseRecord> {
        lock(&self.releases).get(version).cloned()
    }
}

/// Whether every source of an environment has answered or failed once. A cluster that only tells may have
/// nothing to tell for long: it counts where `told` is set.
pub(super) fn is_warm_in(
    environment: &EnvironmentSpec,
    observations: &Observations,
    told: bool,
) -> bool {
    let heard = |source: SourceName| observations.source_health(&source).is_some();
    heard(SourceName::github())
        && environment.targets.iter().all(|target| {
            (target.flux.notifications_only && !told || heard(SourceName::flux(&target.cluster)))
                && heard(SourceName::live(&target.name))
        })
}

fn targets(spec: &PipelineSpec) -> impl Iterator<Item = (&EnvironmentSpec, &TargetSpec)> {
    spec.environments.iter().flat_map(|environment| {
        environment
            .targets
            .iter()
            .map(move |target| (environment, target))
    })
}
