//! What a fact can be, and what it is about.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flux::{
    DeploymentReading, FluxEvent, GitRepositoryReading, HelmChartReading, HelmReleaseReading, Kind,
    KustomizationReading, SourceKind, SourceReading, Stage,
};
use crate::pipeline::ObjectName;
use crate::promotion::Promotion;
use crate::{AppVersion, ChartVersion, Colour, CommitId, EnvironmentName, Timestamp};

/// What git asks for in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// Exactly this chart version.
    Chart(ChartVersion),
    /// The newest chart version in this semver range.
    Range(String),
    /// This container tag, in a plain Deployment.
    Image(String),
}

impl fmt::Display for Desired {
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
    pub want: Result<Desired, String>,
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
    /// What charts or images come from in a cluster.
    Source(String, SourceKind, ObjectName, SourceReading),
    /// What Flux told about an object of a cluster.
    Told(String, Box<FluxEvent>),
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
    /// What Flux told about an object and a stage of it.
    #[must_use]
    pub fn told(cluster: &str, kind: &str, name: &ObjectName, stage: Stage) -> Self {
        Self(format!("told {} {kind} {cluster} {name}", stage.as_str()))
    }
    /// The live app of a target.
    #[must_use]
    pub fn live(environment: &EnvironmentName, target: &str) -> Self {
        Self(format!("live {environment} {target}"))
    }
}

impl Fact {
    /// What an object of a cluster says in one update, read together with what it said before.
    #[must_use]
    pub fn of_object(
        kind: Kind,
        cluster: &str,
        name: &ObjectName,
        object: &Value,
        before: Option<&Self>,
    ) -> Self {
        let (cluster, name) = (cluster.to_owned(), name.clone());
        match kind {
            Kind::GitRepository => {
                let before = match before {
                    Some(Self::GitRepository(_, _, reading)) => Some(reading),
                    _ => None,
                };
                Self::GitRepository(cluster, name, GitRepositoryReading::read(object, before))
            }
            Kind::Kustomization => {
                let before = match before {
                    Some(Self::Kustomization(_, _, reading)) => Some(reading),
                    _ => None,
                };
                Self::Kustomization(cluster, name, KustomizationReading::read(object, before))
            }
            Kind::HelmChart => Self::HelmChart(cluster, name, HelmChartReading::read(object)),
            Kind::HelmRelease => {
                let before = match before {
                    Some(Self::HelmRelease(_, _, reading)) => Some(&**reading),
                    _ => None,
                };
                let reading = HelmReleaseReading::read(object, before);
                Self::HelmRelease(cluster, name, Box::new(reading))
            }
            Kind::Deployment => Self::Deployment(cluster, name, DeploymentReading::read(object)),
            Kind::Source(kind) => {
                let before = match before {
                    Some(Self::Source(_, _, _, reading)) => Some(reading),
                    _ => None,
                };
                let reading = SourceReading::read(kind, object, before);
                Self::Source(cluster, kind, name, reading)
            }
        }
    }

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
            Self::Source(cluster, kind, name, _) => FactKey::object(cluster, kind.as_str(), name),
            Self::Told(cluster, notice) => {
                FactKey::told(cluster, &notice.kind, &notice.object, notice.stage)
            }
            Self::Live(environment, target, _) => FactKey::live(environment, target),
        }
    }
}
