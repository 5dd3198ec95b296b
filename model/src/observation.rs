//! One fact from one source with the time it was seen, and the set of the newest ones.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::flux::{
    DeploymentReading, GitRepositoryReading, HelmChartReading, HelmReleaseReading,
    KustomizationReading,
};
use crate::pipeline::ObjectName;
use crate::promotion::Promotion;
use crate::{AppVersion, ChartVersion, Colour, CommitId, EnvironmentName, Timestamp};

/// Where facts come from, in words for the screen: `github`, `flux uat`, `live uat`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// What git asks for in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Want {
    /// Exactly this chart version.
    Chart(ChartVersion),
    /// The newest chart version in this semver range.
    Range(String),
    /// This container tag, in a plain Deployment.
    Image(String),
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chart(version) => version.fmt(f),
            Self::Range(range) => f.write_str(range),
            Self::Image(tag) => f.write_str(tag),
        }
    }
}

/// What the followed branch declares for one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// What is asked for, or why the file could not be read.
    pub want: Result<Want, String>,
    /// The file that says so, from the repository's root.
    pub path: String,
    /// The head of the branch.
    pub head: CommitId,
    /// The commits under which this declaration stands, newest (the head) first, down to and with
    /// the one that last changed the environment's folder.
    pub commits: Vec<CommitId>,
    /// When the last of them was committed.
    pub changed_at: Timestamp,
    /// Who committed it.
    pub changed_by: Option<String>,
}

/// What the live app answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Live {
    /// It said who it is.
    Answer {
        /// The version it runs.
        version: AppVersion,
        /// The commit it was built from, where it says so.
        revision: Option<String>,
        /// The colour it shows.
        colour: Option<Colour>,
        /// Its greeting.
        message: Option<String>,
    },
    /// It did not answer, or not with what podinfo answers.
    Silent {
        /// Since when.
        since: Timestamp,
        /// Why, in a sentence.
        why: String,
    },
}

/// The state that somebody posted on a commit, such as Flux's tick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitStatus {
    /// The environment whose Kustomization it speaks of.
    pub environment: EnvironmentName,
    /// `success`, `failure`, `pending` or `error`, as GitHub says.
    pub state: String,
    /// Its context, such as `kustomization/uat/cb0aaa8a`.
    pub context: String,
    /// The commit it stands on.
    pub commit: CommitId,
    /// Who posted it.
    pub creator: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A dispatch that GitHub knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatchRun {
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// `success`, `failure` …, once completed.
    pub conclusion: Option<String>,
    /// When the run began.
    pub at: Timestamp,
    /// Its page.
    pub url: String,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// What git declares for an environment.
    Declared(EnvironmentName, Box<Declared>),
    /// The promotion pull request into an environment: the open one, else the last merged one.
    Promotion(EnvironmentName, Option<Box<Promotion>>),
    /// Flux's tick for an environment.
    Status(CommitStatus),
    /// The newest run that a dispatch started.
    Dispatch(Option<DispatchRun>),
    /// A GitRepository of a cluster.
    GitRepository(String, ObjectName, GitRepositoryReading),
    /// A Kustomization of a cluster.
    Kustomization(String, ObjectName, KustomizationReading),
    /// A HelmChart of a cluster.
    HelmChart(String, ObjectName, HelmChartReading),
    /// A HelmRelease of a cluster.
    HelmRelease(String, ObjectName, Box<HelmReleaseReading>),
    /// A Deployment of a cluster.
    Deployment(String, ObjectName, DeploymentReading),
    /// What the app answers in an environment's target.
    Live(EnvironmentName, String, Live),
}

/// What a fact is about; a newer fact with the same key replaces the older one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FactKey(String);

impl FactKey {
    /// What git declares for an environment.
    #[must_use]
    pub fn declared(environment: &EnvironmentName) -> Self {
        Self(format!("declared {environment}"))
    }
    /// The promotion into an environment.
    #[must_use]
    pub fn promotion(environment: &EnvironmentName) -> Self {
        Self(format!("promotion {environment}"))
    }
    /// Flux's tick for an environment.
    #[must_use]
    pub fn status(environment: &EnvironmentName) -> Self {
        Self(format!("status {environment}"))
    }
    /// The newest dispatch run.
    #[must_use]
    pub fn dispatch() -> Self {
        Self("dispatch".into())
    }
    /// A Kubernetes object; `kind` as Kubernetes spells it.
    #[must_use]
    pub fn object(cluster: &str, kind: &str, name: &ObjectName) -> Self {
        Self(format!("{kind} {cluster} {name}"))
    }
    /// The live app of a target.
    #[must_use]
    pub fn live(environment: &EnvironmentName, target: &str) -> Self {
        Self(format!("live {environment} {target}"))
    }
}

impl Fact {
    /// What this fact is about.
    #[must_use]
    pub fn key(&self) -> FactKey {
        match self {
            Self::Declared(environment, _) => FactKey::declared(environment),
            Self::Promotion(environment, _) => FactKey::promotion(environment),
            Self::Status(status) => FactKey::status(&status.environment),
            Self::Dispatch(_) => FactKey::dispatch(),
            Self::GitRepository(cluster, name, _) => {
                FactKey::object(cluster, "GitRepository", name)
            }
            Self::Kustomization(cluster, name, _) => {
                FactKey::object(cluster, "Kustomization", name)
            }
            Self::HelmChart(cluster, name, _) => FactKey::object(cluster, "HelmChart", name),
            Self::HelmRelease(cluster, name, _) => FactKey::object(cluster, "HelmRelease", name),
            Self::Deployment(cluster, name, _) => FactKey::object(cluster, "Deployment", name),
            Self::Live(environment, target, _) => FactKey::live(environment, target),
        }
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
pub struct Contact {
    /// When it last answered and so confirmed all it had said before.
    pub ok_at: Option<Timestamp>,
    /// Why it does not answer now.
    pub failing: Option<String>,
}

/// A fact that is known, and until when it was confirmed.
#[derive(Debug)]
pub struct Seen<'a, T> {
    /// Who says so.
    pub source: &'a SourceName,
    /// What.
    pub value: &'a T,
    /// When the source last confirmed it.
    pub confirmed_at: Timestamp,
}

impl<T> Clone for Seen<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Seen<'_, T> {}

/// The newest observation of each thing, and the last contact with each source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observations {
    facts: BTreeMap<FactKey, Observation>,
    contacts: BTreeMap<SourceName, Contact>,
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

    /// The last contact with each source.
    pub fn contacts(&self) -> impl Iterator<Item = (&SourceName, &Contact)> {
        self.contacts.iter()
    }

    /// The last contact with one source.
    #[must_use]
    pub fn contact_with(&self, source: &SourceName) -> Option<&Contact> {
        self.contacts.get(source)
    }

    fn seen<'a, T>(
        &'a self,
        key: &FactKey,
        pick: impl Fn(&'a Fact) -> Option<&'a T>,
    ) -> Option<Seen<'a, T>> {
        let held = self.facts.get(key)?;
        let contact = self
            .contacts
            .get(&held.source)
            .and_then(|contact| contact.ok_at);
        Some(Seen {
            source: &held.source,
            value: pick(&held.fact)?,
            confirmed_at: contact.map_or(held.at, |ok_at| ok_at.max(held.at)),
        })
    }

    /// What git declares for an environment.
    #[must_use]
    pub fn declared(&self, environment: &EnvironmentName) -> Option<Seen<'_, Declared>> {
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
    ) -> Option<Seen<'_, Option<Box<Promotion>>>> {
        self.seen(&FactKey::promotion(environment), |fact| match fact {
            Fact::Promotion(_, promotion) => Some(promotion),
            _ => None,
        })
    }

    /// Flux's tick for an environment.
    #[must_use]
    pub fn status(&self, environment: &EnvironmentName) -> Option<Seen<'_, CommitStatus>> {
        self.seen(&FactKey::status(environment), |fact| match fact {
            Fact::Status(status) => Some(status),
            _ => None,
        })
    }

    /// The newest run that a dispatch started.
    #[must_use]
    pub fn dispatch(&self) -> Option<Seen<'_, Option<DispatchRun>>> {
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
    ) -> Option<Seen<'_, GitRepositoryReading>> {
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
    ) -> Option<Seen<'_, KustomizationReading>> {
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
    ) -> Option<Seen<'_, HelmChartReading>> {
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
    ) -> Option<Seen<'_, HelmReleaseReading>> {
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
    ) -> Option<Seen<'_, DeploymentReading>> {
        self.seen(
            &FactKey::object(cluster, "Deployment", name),
            |fact| match fact {
                Fact::Deployment(_, _, reading) => Some(reading),
                _ => None,
            },
        )
    }

    /// What the app answers in a target.
    #[must_use]
    pub fn live(&self, environment: &EnvironmentName, target: &str) -> Option<Seen<'_, Live>> {
        self.seen(&FactKey::live(environment, target), |fact| match fact {
            Fact::Live(_, _, live) => Some(live),
            _ => None,
        })
    }
}
