//! One fact from one source with the time it was seen, and the set of the newest ones.

mod fact;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::flux::{
    DeploymentReading, FluxEvent, GitRepositoryReading, HelmChartReading, HelmReleaseReading,
    KustomizationReading, SourceKind, SourceReading, Stage,
};
use crate::pipeline::ObjectName;
use crate::promotion::Promotion;
use crate::{EnvironmentName, Timestamp};

pub use fact::{CommitStatus, Declared, Desired, DispatchRun, Fact, FactKey, Live};

/// Where facts come from, in words for the screen: `github`, `flux uat`, `live uat`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct SourceName(String);

impl SourceName {
    /// GitHub, for everything that git and pull requests say.
    #[must_use]
    pub fn github() -> Self {
        Self("github".into())
    }

    /// The Flux objects of one cluster.
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

/// One fact from one source, with the time it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// Who says so.
    pub source: SourceName,
    /// When Weft saw it.
    pub at: Timestamp,
    /// Its place among the observations of the same thing: a resourceVersion, or milliseconds.
    pub order: u64,
    /// What.
    pub fact: Fact,
}

/// The last contact with a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// When it last answered and so confirmed all it had said before.
    pub ok_at: Option<Timestamp>,
    /// Why it does not answer now.
    pub failing: Option<String>,
}

/// A fact that is known, and until when it was confirmed.
#[derive(Debug)]
pub struct Observed<'a, T> {
    /// Who says so.
    pub source: &'a SourceName,
    /// What.
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

/// The newest observation of each thing, and the last contact with each source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    facts: BTreeMap<FactKey, Observation>,
    contacts: BTreeMap<SourceName, SourceHealth>,
    hearings: BTreeMap<String, NotificationWindow>,
}

/// From when on Flux's notifications of a cluster have been heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationWindow {
    /// When the first of them came.
    pub from: Timestamp,
    /// When what the newest of them tells happened.
    pub until: Timestamp,
}

impl Observations {
    /// Takes an observation unless a newer one of the same thing is held; says whether the fact is news.
    pub fn record(&mut self, observation: Observation) -> bool {
        let key = observation.fact.key();
        match self.facts.get(&key) {
            Some(held) if (held.order, held.at) > (observation.order, observation.at) => false,
            held => {
                let news = held.is_none_or(|held| held.fact != observation.fact);
                self.facts.insert(key, observation);
                news
            }
        }
    }

    /// Forgets a thing that is gone; says whether it was known.
    pub fn forget(&mut self, key: &FactKey) -> bool {
        self.facts.remove(key).is_some()
    }

    /// Notes that a source answered.
    pub fn contact(&mut self, source: &SourceName, at: Timestamp) {
        let contact = self.contacts.entry(source.clone()).or_default();
        contact.ok_at = contact.ok_at.max(Some(at));
        contact.failing = None;
    }

    /// Notes that a source did not answer.
    pub fn lost(&mut self, source: &SourceName, why: String) {
        self.contacts.entry(source.clone()).or_default().failing = Some(why);
    }

    /// Notes that Flux told something of a cluster at `now` that happened at `at`.
    pub fn hear(&mut self, cluster: &str, at: Timestamp, now: Timestamp) {
        let hearing = self.hearings.entry(cluster.to_owned());
        let hearing = hearing.or_insert(NotificationWindow {
            from: now,
            until: at,
        });
        hearing.until = hearing.until.max(at);
    }

    /// From when on Flux's notifications of a cluster have been heard, where any was.
    #[must_use]
    pub fn hearing(&self, cluster: &str) -> Option<NotificationWindow> {
        self.hearings.get(cluster).copied()
    }

    /// The last contact with each source.
    pub fn contacts(&self) -> impl Iterator<Item = (&SourceName, &SourceHealth)> {
        self.contacts.iter()
    }

    /// The last contact with one source.
    #[must_use]
    pub fn contact_with(&self, source: &SourceName) -> Option<&SourceHealth> {
        self.contacts.get(source)
    }

    fn seen<'a, T>(
        &'a self,
        key: &FactKey,
        pick: impl Fn(&'a Fact) -> Option<&'a T>,
    ) -> Option<Observed<'a, T>> {
        let held = self.facts.get(key)?;
        let contact = self
            .contacts
            .get(&held.source)
            .and_then(|contact| contact.ok_at);
        Some(Observed {
            source: &held.source,
            value: pick(&held.fact)?,
            confirmed_at: contact.map_or(held.at, |ok_at| ok_at.max(held.at)),
        })
    }

    /// What git declares for an environment.
    #[must_use]
    pub fn declared(&self, environment: &EnvironmentName) -> Option<Observed<'_, Declared>> {
        self.seen(&FactKey::declared(environment), |fact| match fact {
            Fact::Declared(_, declared) => Some(&**declared),
            _ => None,
        })
    }

    /// The promotion into an environment; `Some` with `None` inside where GitHub says there is none.
    #[must_use]
    pub fn promotion(
        &self,
        environment: &EnvironmentName,
    ) -> Option<Observed<'_, Option<Box<Promotion>>>> {
        self.seen(&FactKey::promotion(environment), |fact| match fact {
            Fact::Promotion(_, promotion) => Some(promotion),
            _ => None,
        })
    }

    /// Flux's tick for an environment.
    #[must_use]
    pub fn status(&self, environment: &EnvironmentName) -> Option<Observed<'_, CommitStatus>> {
        self.seen(&FactKey::status(environment), |fact| match fact {
            Fact::Status(status) => Some(status),
            _ => None,
        })
    }

    /// The newest run that a dispatch started.
    #[must_use]
    pub fn dispatch(&self) -> Option<Observed<'_, Option<DispatchRun>>> {
        self.seen(&FactKey::dispatch(), |fact| match fact {
            Fact::Dispatch(run) => Some(run),
            _ => None,
        })
    }

    /// A GitRepository.
    #[must_use]
    pub fn git_repository(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, GitRepositoryReading>> {
        self.seen(
            &FactKey::object(cluster, "GitRepository", name),
            |fact| match fact {
                Fact::GitRepository(_, _, reading) => Some(reading),
                _ => None,
            },
        )
    }

    /// A Kustomization.
    #[must_use]
    pub fn kustomization(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, KustomizationReading>> {
        self.seen(
            &FactKey::object(cluster, "Kustomization", name),
            |fact| match fact {
                Fact::Kustomization(_, _, reading) => Some(reading),
                _ => None,
            },
        )
    }

    /// A HelmChart.
    #[must_use]
    pub fn helm_chart(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, HelmChartReading>> {
        self.seen(
            &FactKey::object(cluster, "HelmChart", name),
            |fact| match fact {
                Fact::HelmChart(_, _, reading) => Some(reading),
                _ => None,
            },
        )
    }

    /// A HelmRelease.
    #[must_use]
    pub fn helm_release(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, HelmReleaseReading>> {
        self.seen(
            &FactKey::object(cluster, "HelmRelease", name),
            |fact| match fact {
                Fact::HelmRelease(_, _, reading) => Some(&**reading),
                _ => None,
            },
        )
    }

    /// A Deployment.
    #[must_use]
    pub fn deployment(
        &self,
        cluster: &str,
        name: &ObjectName,
    ) -> Option<Observed<'_, DeploymentReading>> {
        self.seen(
            &FactKey::object(cluster, "Deployment", name),
            |fact| match fact {
                Fact::Deployment(_, _, reading) => Some(reading),
                _ => None,
            },
        )
    }

    /// What charts or images come from.
    #[must_use]
    pub fn supply(
        &self,
        cluster: &str,
        kind: SourceKind,
        name: &ObjectName,
    ) -> Option<Observed<'_, SourceReading>> {
        let key = FactKey::object(cluster, kind.as_str(), name);
        self.seen(&key, |fact| match fact {
            Fact::Source(_, _, _, reading) => Some(reading),
            _ => None,
        })
    }

    /// What Flux told last of one stage of an object.
    #[must_use]
    pub fn told(
        &self,
        cluster: &str,
        kind: &str,
        name: &ObjectName,
        stage: Stage,
    ) -> Option<Observed<'_, FluxEvent>> {
        let key = FactKey::told(cluster, kind, name, stage);
        self.seen(&key, |fact| match fact {
            Fact::Told(_, notice) => Some(&**notice),
            _ => None,
        })
    }

    /// What the app answers in a target.
    #[must_use]
    pub fn live(&self, environment: &EnvironmentName, target: &str) -> Option<Observed<'_, Live>> {
        self.seen(&FactKey::live(environment, target), |fact| match fact {
            Fact::Live(_, _, live) => Some(live),
            _ => None,
        })
    }
}
