//! Observations: facts with their source and time, and the set of the newest ones.

mod fact;

use std::collections::BTreeMap;
use std::fmt;

use crate::flux::{
    DeploymentReading, FluxEvent, GitRepositoryReading, HelmChartReading, HelmReleaseReading, Kind,
    KustomizationReading, ObjectRef, SourceKind, SourceReading, Stage,
};
use crate::pipeline::ObjectName;
use crate::promotion::Promotion;
use crate::{EnvironmentName, Timestamp};

pub use fact::{CommitStatus, Declared, Desired, DispatchRun, Fact, FactKey, Live};

/// The name of a source on screen: `github`, `flux uat`, `live uat`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(String);

impl SourceName {
    /// GitHub, for git and pull requests.
    #[must_use]
    pub fn github() -> Self {
        Self("github".into())
    }

    /// The objects of one cluster.
    #[must_use]
    pub fn flux(cluster: &str) -> Self {
        Self(format!("flux {cluster}"))
    }

    /// The live app of one target.
    #[must_use]
    pub fn live(target: &str) -> Self {
        Self(format!("live {target}"))
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One fact with its source and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub source: SourceName,
    /// When Weft observed it.
    pub at: Timestamp,
    /// The position among the observations with the same key: a resourceVersion, or milliseconds.
    pub sequence: u64,
    pub fact: Fact,
}

/// The last contact with a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceHealth {
    /// When it last answered, which confirmed all of its facts.
    pub ok_at: Option<Timestamp>,
    /// Why it does not answer now.
    pub failing: Option<String>,
}

/// A known fact, with the time of its last confirmation.
#[derive(Debug)]
pub struct Observed<'a, T> {
    pub source: &'a SourceName,
    pub value: &'a T,
    /// When the source last confirmed it.
    pub confirmed_at: Timestamp,
}

impl<T> Clone for Observed<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Observed<'_, T> {}

/// The newest observation of each key, and the health of each source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    facts: BTreeMap<FactKey, Observation>,
    sources: BTreeMap<SourceName, SourceHealth>,
    /// The key is the name of the cluster.
    notification_windows: BTreeMap<String, NotificationWindow>,
}

/// The range of time over which notifications of a cluster were received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationWindow {
    /// When the first one was received.
    pub from: Timestamp,
    /// The time of the newest event.
    pub until: Timestamp,
}

impl Observations {
    /// Takes an observation unless a newer one is held. Returns whether the fact changed.
    pub fn record(&mut self, observation: Observation) -> bool {
        let key = observation.fact.key();
        match self.facts.get(&key) {
            Some(held) if (held.sequence, held.at) > (observation.sequence, observation.at) => {
                false
            }
            held => {
                let news = held.is_none_or(|held| held.fact != observation.fact);
                self.facts.insert(key, observation);
                news
            }
        }
    }

    /// Removes the fact about a deleted object. Returns whether there was one.
    pub fn forget(&mut self, key: &FactKey) -> bool {
        self.facts.remove(key).is_some()
    }

    /// Records that a source answered.
    pub fn record_success(&mut self, source: &SourceName, at: Timestamp) {
        let health = self.sources.entry(source.clone()).or_default();
        health.ok_at = health.ok_at.max(Some(at));
        health.failing = None;
    }

    /// Records that a source did not answer.
    pub fn record_failure(&mut self, source: &SourceName, why: String) {
        self.sources.entry(source.clone()).or_default().failing = Some(why);
    }

    /// Records that a notification about an event at `at` was received at `now`.
    pub fn record_notification(&mut self, cluster: &str, at: Timestamp, now: Timestamp) {
        let window = self.notification_windows.entry(cluster.to_owned());
        let window = window.or_insert(NotificationWindow {
            from: now,
            until: at,
        });
        window.until = window.until.max(at);
    }

    /// Returns the range of the notifications of a cluster; `None` where none was received.
    #[must_use]
    pub fn notification_window(&self, cluster: &str) -> Option<NotificationWindow> {
        self.notification_windows.get(cluster).copied()
    }

    /// Returns every source that has answered or failed.
    pub fn sources(&self) -> impl Iterator<Item = (&SourceName, &SourceHealth)> {
        self.sources.iter()
    }

    /// Returns the health of a source; `None` where it was never asked.
    #[must_use]
    pub fn source_health(&self, source: &SourceName) -> Option<&SourceHealth> {
        self.sources.get(source)
    }

    fn observed<'a, T>(
        &'a self,
        key: &FactKey,
        pick: impl Fn(&'a Fact) -> Option<&'a T>,
    ) -> Option<Observed<'a, T>> {
        let held = self.facts.get(key)?;
        let health = self.sources.get(&held.source);
        let ok_at = health.and_then(|health| health.ok_at);
        Some(Observed {
            source: &held.source,
            value: pick(&held.fact)?,
            confirmed_at: ok_at.map_or(held.at, |ok_at| ok_at.max(held.at)),
        })
    }

    /// Returns what git declares for an environment.
    #[must_use]
    pub fn declared(&self, environment: &EnvironmentName) -> Option<Observed<'_, Declared>> {
        self.observed(&FactKey::Declared(environment.clone()), |fact| match fact {
            Fact::Declared(_, declared) => Some(&**declared),
            _ => None,
        })
    }

    /// Returns the promotion into an environment: `Some` with an inner `None` where GitHub has none.
    #[must_use]
    pub fn promotion(
        &self,
        environment: &EnvironmentName,
    ) -> Option<Observed<'_, Option<Box<Promotion>>>> {
        self.observed(
            &FactKey::Promotion(environment.clone()),
            |fact| match fact {
                Fact::Promotion(_, promotion) => Some(promotion),
                _ => None,
            },
        )
    }

    /// Returns Flux's commit status for an environment.
    #[must_use]
    pub fn status(&self, environment: &EnvironmentName) -> Option<Observed<'_, CommitStatus>> {
        self.observed(&FactKey::Status(environment.clone()), |fact| match fact {
            Fact::Status(status) => Some(status),
            _ => None,
        })
    }

    /// Returns the newest dispatched run: `Some` with an inner `None` where GitHub has none.
    #[must_use]
    pub fn dispatch(&self) -> Option<Observed<'_, Option<DispatchRun>>> {
        self.observed(&FactKey::Dispatch, |fact| match fact {
            Fact::Dispatch(run) => Some(run),
            _ => None,
        })
    }

    /// Returns the reading of a GitRepository.
    #[must_use]
    pub fn git_repository(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, GitRepositoryReading>> {
        let key = FactKey::object(cluster, Kind::GitRepository, name);
        self.observed(&key, |fact| match fact {
            Fact::GitRepository(_, _, reading) => Some(reading),
            _ => None,
        })
    }

    /// Returns the reading of a Kustomization.
    #[must_use]
    pub fn kustomization(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, KustomizationReading>> {
        let key = FactKey::object(cluster, Kind::Kustomization, name);
        self.observed(&key, |fact| match fact {
            Fact::Kustomization(_, _, reading) => Some(reading),
            _ => None,
        })
    }

    /// Returns the reading of a HelmChart.
    #[must_use]
    pub fn helm_chart(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, HelmChartReading>> {
        let key = FactKey::object(cluster, Kind::HelmChart, name);
        self.observed(&key, |fact| match fact {
            Fact::HelmChart(_, _, reading) => Some(reading),
            _ => None,
        })
    }

    /// Returns the reading of a HelmRelease.
    #[must_use]
    pub fn helm_release(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, HelmReleaseReading>> {
        let key = FactKey::object(cluster, Kind::HelmRelease, name);
        self.observed(&key, |fact| match fact {
            Fact::HelmRelease(_, _, reading) => Some(&**reading),
            _ => None,
        })
    }

    /// Returns the reading of a Deployment.
    #[must_use]
    pub fn deployment(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, DeploymentReading>> {
        let key = FactKey::object(cluster, Kind::Deployment, name);
        self.observed(&key, |fact| match fact {
            Fact::Deployment(_, _, reading) => Some(reading),
            _ => None,
        })
    }

    /// Returns the reading of an object that charts or images come from.
    #[must_use]
    pub fn source(
        &self,
        cluster: &str,
        kind: SourceKind,
        name: &ObjectName,
    ) -> Option<Observed<'_, SourceReading>> {
        let key = FactKey::object(cluster, Kind::Source(kind), name);
        self.observed(&key, |fact| match fact {
            Fact::Source(_, _, _, reading) => Some(reading),
            _ => None,
        })
    }

    /// Returns the newest notification about one stage of an object.
    #[must_use]
    pub fn notification(
        &self,
        cluster: &str,
        kind: Kind,
        name: &ObjectName,
        stage: Stage,
    ) -> Option<Observed<'_, FluxEvent>> {
        let object = ObjectRef::new(kind, name);
        let key = FactKey::Notification(cluster.to_owned(), object, stage);
        self.observed(&key, |fact| match fact {
            Fact::Notification(_, event) => Some(&**event),
            _ => None,
        })
    }

    /// Returns the answer of the live app of a target.
    #[must_use]
    pub fn live(&self, environment: &EnvironmentName, target: &str) -> Option<Observed<'_, Live>> {
        let key = FactKey::Live(environment.clone(), target.to_owned());
        self.observed(&key, |fact| match fact {
            Fact::Live(_, _, live) => Some(live),
            _ => None,
        })
    }
}
