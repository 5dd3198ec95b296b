//! The state of one pipeline: its observations, its newest board, and the signals to read a source again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::api::Board;
use model::chain::Tolerances;
use model::flux::SourceKind;
use model::gate::RolloutStep;
use model::observation::{Fact, FactKey, SourceName};
use model::pipeline::{ChartSourceKind, Deployer, EnvironmentSpec, ObjectName, TargetSpec};
use model::promotion::Promotion;
use model::{
    AppVersion, ChartVersion, Colour, CommitId, Observation, Observations, PipelineSpec, Timestamp,
};
use tokio::sync::Notify;

/// A release in the history of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRecord {
    /// The pull request that made it.
    pub number: u64,
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
        let mut board = model::board::board(&spec, &observations, None, now, tolerances);
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
    #[must_use]
    pub fn spec(&self) -> &PipelineSpec {
        &self.spec
    }

    /// Returns the newest board.
    #[must_use]
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
        let board = model::board::board(&self.spec, &observations, Some(previous), now, tolerances);
        (board, observations)
    }

    /// Returns the rollout of a merged promotion into an environment, as far as it is known now.
    #[must_use]
    pub fn rollout(
        &self,
        promotion: &Promotion,
        environment: &EnvironmentSpec,
        now: Timestamp,
        tolerances: &Tolerances,
    ) -> Vec<RolloutStep> {
        let observations = lock(&self.observations).clone();
        model::rollout::rollout(promotion, environment, &observations, now, tolerances)
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
        observations.hear(cluster, at, now);
        if targets(&self.spec).any(|(_, target)| target.cluster == cluster && target.flux.told_only)
        {
            observations.contact(&observation.source, at);
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
            .contact_with(source)
            .is_some_and(|contact| contact.ok_at.is_some() && contact.failing.is_none());
        observations.contact(source, now);
        if !was_well {
            self.changed.notify_one();
        }
    }

    /// Notes that a source does not answer.
    pub fn lost(&self, source: &SourceName, why: &str) {
        if !self.listens_to(source) {
            return;
        }
        lock(&self.observations).lost(source, why.to_owned());
        self.changed.notify_one();
    }

    pub(super) fn forget(&self, cluster: &str, kind: &str, name: &ObjectName) {
        if lock(&self.observations).forget(&FactKey::object(cluster, kind, name)) {
            self.changed.notify_one();
        }
    }

    /// Returns whether a fact is about an object that this pipeline is made of.
    pub(super) fn concerns(&self, fact: &Fact) -> bool {
        let Some((cluster, name)) = cluster_of(fact) else {
            return false;
        };
        targets(&self.spec)
            .filter(|(_, target)| target.cluster == cluster)
            .any(|(_, target)| match (fact, &target.deployer) {
                (Fact::GitRepository(..), _) => target.git_repository == *name,
                (Fact::Kustomization(..), _) => target.kustomization == *name,
                (Fact::HelmRelease(..), Deployer::HelmRelease(release)) => release == name,
                (Fact::HelmChart(..), Deployer::HelmRelease(release)) => {
                    is_chart_of(target, release, name)
                }
                (Fact::Source(_, kind, ..), _) => supplies(target, *kind, name),
                (Fact::Told(_, notice), deployer) => match (notice.kind.as_str(), deployer) {
                    ("GitRepository", _) => target.git_repository == *name,
                    ("Kustomization", _) => target.kustomization == *name,
                    ("HelmRelease", Deployer::HelmRelease(release)) => release == name,
                    ("HelmChart", Deployer::HelmRelease(release)) => {
                        is_chart_of(target, release, name)
                    }
                    _ => false,
                },
                (Fact::Deployment(..), Deployer::Deployment(deployment)) => deployment == name,
                _ => false,
            })
    }

    /// Returns whether the pipeline has a target in a cluster.
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

    /// Returns what the repository's history holds of a release.
    #[must_use]
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
    let is_known = |source: SourceName| observations.contact_with(&source).is_some();
    is_known(SourceName::github())
        && environment.targets.iter().all(|target| {
            (target.flux.told_only && !notifying || is_known(SourceName::flux(&target.cluster)))
                && is_known(SourceName::live(&target.name))
        })
}

/// Flux calls the chart `<namespace>-<name>` of the release that wants it, unless several share one.
fn is_chart_of(target: &TargetSpec, release: &ObjectName, name: &ObjectName) -> bool {
    match &target.flux.chart_source {
        Some(source) if source.kind == ChartSourceKind::HelmChart => {
            source.namespace == name.namespace && source.name == name.name
        }
        _ => name.name == format!("{}-{}", release.namespace, release.name),
    }
}

/// Whether charts or images of a target may come from an object. Which HelmRepository a chart is in, and
/// which ImageRepository a policy chooses from, the chart and the policy tell: any beside them may be it.
fn supplies(target: &TargetSpec, kind: SourceKind, name: &ObjectName) -> bool {
    let source = target.flux.chart_source.as_ref();
    let images = target.flux.image_automation.as_ref();
    match (kind, &target.deployer) {
        (SourceKind::HelmRepository, Deployer::HelmRelease(release)) => {
            let beside = source.map_or(&release.namespace, |source| &source.namespace);
            name.namespace == *beside
        }
        (SourceKind::OCIRepository, Deployer::HelmRelease(_)) => source
            .is_some_and(|source| source.namespace == name.namespace && source.name == name.name),
        (SourceKind::ImageRepository, _) => {
            images.is_some_and(|images| images.policy.namespace == name.namespace)
        }
        (SourceKind::ImagePolicy, _) => images.is_some_and(|images| images.policy == *name),
        (SourceKind::ImageUpdateAutomation, _) => {
            images.is_some_and(|images| images.automation == *name)
        }
        _ => false,
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

/// Returns the cluster and the object that a fact is about, where it is about one.
pub(super) fn cluster_of(fact: &Fact) -> Option<(&str, &ObjectName)> {
    match fact {
        Fact::GitRepository(cluster, name, _)
        | Fact::Kustomization(cluster, name, _)
        | Fact::HelmChart(cluster, name, _)
        | Fact::HelmRelease(cluster, name, _)
        | Fact::Deployment(cluster, name, _)
        | Fact::Source(cluster, _, name, _) => Some((cluster, name)),
        Fact::Told(cluster, notice) => Some((cluster, &notice.object)),
        Fact::Declared(..)
        | Fact::Promotion(..)
        | Fact::Status(_)
        | Fact::Dispatch(_)
        | Fact::Live(..) => None,
    }
}
