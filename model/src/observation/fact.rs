//! What can be observed, and the key under which a newer fact replaces an older one.

use std::fmt;

use serde_json::Value;

use crate::flux::membership::is_part_of;
use crate::flux::{
    DeploymentReading, FluxEvent, GitRepositoryReading, HelmChartReading, HelmReleaseReading, Kind,
    KustomizationReading, ObjectRef, SourceKind, SourceReading, Stage,
};
use crate::pipeline::{ObjectName, TargetSpec};
use crate::promotion::Promotion;
use crate::{AppVersion, ChartVersion, Colour, CommitId, EnvironmentName, Timestamp};

/// What git asks for in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Desired {
    /// Exactly this chart version.
    Chart(ChartVersion),
    /// The newest chart version in this semver range.
    Range(String),
    /// The image tag of a plain Deployment.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// `Err` with the end of a sentence where the file cannot be read.
    pub desired: Result<Desired, String>,
    /// The path of the file from the root of the repository.
    pub path: String,
    /// The head of the branch.
    pub head: CommitId,
    /// The commits with this declaration: from the head, newest first, to the one that last changed the
    /// folder of the environment.
    pub commits: Vec<CommitId>,
    /// The time of the last of these commits.
    pub changed_at: Timestamp,
    /// The login or name of its author.
    pub changed_by: Option<String>,
}

/// The answer of a live app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Live {
    Answer {
        version: AppVersion,
        /// The commit that the app was built from.
        revision: Option<String>,
        colour: Option<Colour>,
        message: Option<String>,
    },
    /// No answer, or not one of podinfo.
    Silent {
        since: Timestamp,
        /// The end of a sentence.
        why: String,
    },
}

/// The commit status that Flux posts for a Kustomization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    /// The environment of the Kustomization.
    pub environment: EnvironmentName,
    /// `success`, `failure`, `pending` or `error`.
    pub state: String,
    /// Such as `kustomization/uat/cb0aaa8a`.
    pub context: String,
    pub commit: CommitId,
    /// The login of who posted it.
    pub creator: Option<String>,
    pub at: Timestamp,
}

/// A workflow run that a `repository_dispatch` started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DispatchRun {
    /// `queued`, `in_progress` or `completed`.
    pub status: String,
    /// `success`, `failure` …, once completed.
    pub conclusion: Option<String>,
    /// The start of the run.
    pub at: Timestamp,
    /// The page on GitHub.
    pub url: String,
}

/// One fact. Facts about objects begin with the name of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Declared(EnvironmentName, Box<Declared>),
    /// The promotion pull request into an environment: the open one, else the last merged one.
    Promotion(EnvironmentName, Option<Box<Promotion>>),
    Status(CommitStatus),
    /// The newest run that a dispatch started.
    Dispatch(Option<DispatchRun>),
    GitRepository(String, ObjectName, GitRepositoryReading),
    Kustomization(String, ObjectName, KustomizationReading),
    HelmChart(String, ObjectName, HelmChartReading),
    HelmRelease(String, ObjectName, Box<HelmReleaseReading>),
    Deployment(String, ObjectName, DeploymentReading),
    Source(String, SourceKind, ObjectName, SourceReading),
    /// What Flux notified about an object of a cluster.
    Notification(String, Box<FluxEvent>),
    /// The answer of the app of an environment's target.
    Live(EnvironmentName, String, Live),
}

/// The subject of a fact; a newer fact with the same key replaces the older one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKey {
    Declared(EnvironmentName),
    Promotion(EnvironmentName),
    Status(EnvironmentName),
    Dispatch,
    /// An object of a cluster.
    Object(String, ObjectRef),
    /// The notifications about one stage of an object.
    Notification(String, ObjectRef, Stage),
    /// The live app of a target.
    Live(EnvironmentName, String),
}

impl FactKey {
    /// Creates the key of an object of a cluster.
    #[must_use]
    pub fn object(cluster: &str, kind: Kind, name: &ObjectName) -> Self {
        Self::Object(cluster.to_owned(), ObjectRef::new(kind, name))
    }
}

impl Fact {
    /// Reads one update of an object, after the fact that was read from the update before it.
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

    /// Returns the object of a cluster that the fact was read from or is a notification about.
    #[must_use]
    pub fn object(&self) -> Option<(&str, Kind, &ObjectName)> {
        Some(match self {
            Self::GitRepository(cluster, name, _) => (cluster, Kind::GitRepository, name),
            Self::Kustomization(cluster, name, _) => (cluster, Kind::Kustomization, name),
            Self::HelmChart(cluster, name, _) => (cluster, Kind::HelmChart, name),
            Self::HelmRelease(cluster, name, _) => (cluster, Kind::HelmRelease, name),
            Self::Deployment(cluster, name, _) => (cluster, Kind::Deployment, name),
            Self::Source(cluster, kind, name, _) => (cluster, Kind::Source(*kind), name),
            Self::Notification(cluster, event) => (cluster, event.object.kind, &event.object.name),
            Self::Declared(..)
            | Self::Promotion(..)
            | Self::Status(_)
            | Self::Dispatch(_)
            | Self::Live(..) => return None,
        })
    }

    /// Whether the fact is about an object that a target is made of.
    #[must_use]
    pub fn concerns(&self, target: &TargetSpec) -> bool {
        let Some((cluster, kind, name)) = self.object() else {
            return false;
        };
        // No link is judged by a notification about a source or a Deployment.
        let unread = matches!(self, Self::Notification(..))
            && matches!(kind, Kind::Source(_) | Kind::Deployment);
        !unread && target.cluster == cluster && is_part_of(target, kind, name)
    }

    /// Returns the key that a newer fact about the same has too.
    #[must_use]
    pub fn key(&self) -> FactKey {
        match self {
            Self::Declared(environment, _) => FactKey::Declared(environment.clone()),
            Self::Promotion(environment, _) => FactKey::Promotion(environment.clone()),
            Self::Status(status) => FactKey::Status(status.environment.clone()),
            Self::Dispatch(_) => FactKey::Dispatch,
            Self::Live(environment, target, _) => {
                FactKey::Live(environment.clone(), target.clone())
            }
            Self::Notification(cluster, event) => {
                FactKey::Notification(cluster.clone(), event.object.clone(), event.stage)
            }
            Self::GitRepository(cluster, name, _) => {
                FactKey::object(cluster, Kind::GitRepository, name)
            }
            Self::Kustomization(cluster, name, _) => {
                FactKey::object(cluster, Kind::Kustomization, name)
            }
            Self::HelmChart(cluster, name, _) => FactKey::object(cluster, Kind::HelmChart, name),
            Self::HelmRelease(cluster, name, _) => {
                FactKey::object(cluster, Kind::HelmRelease, name)
            }
            Self::Deployment(cluster, name, _) => FactKey::object(cluster, Kind::Deployment, name),
            Self::Source(cluster, kind, name, _) => {
                FactKey::object(cluster, Kind::Source(*kind), name)
            }
        }
    }
}
