//! The four links that must agree, and the verdict that they add up to.
//!
//! A verdict is decided by the first link that does not hold; it is `proven` only if all four do, each
//! from its own source and each fresh. Nothing else may ever make it so.

use std::time::Duration;

mod charts;
mod deployed;
mod images;
mod links;
mod serving;
mod told;

use serde::{Deserialize, Serialize};

use crate::{AppVersion, ChartVersion, Timestamp};

pub(crate) use charts::found;
pub use links::chain;

/// How long a fact may go unconfirmed, and how long a step may take, before Weft says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerances {
    /// What GitHub said.
    pub github: Duration,
    /// What a cluster's watch said.
    pub flux: Duration,
    /// How long a cluster that is known by its notifications only may tell nothing.
    pub notifications: Duration,
    /// What the live app answered.
    pub live: Duration,
    /// How long two links may disagree while one follows the other.
    pub settle: Duration,
    /// How long an app may be silent before that is a failure.
    pub silence: Duration,
    /// How long after a proof the next promotion's pull request may take to come.
    pub promotion: Duration,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self {
            github: Duration::from_secs(180),
            flux: Duration::from_secs(60),
            notifications: Duration::from_secs(900),
            live: Duration::from_secs(20),
            settle: Duration::from_secs(30),
            silence: Duration::from_secs(10),
            promotion: Duration::from_secs(180),
        }
    }
}

/// The four links, in the order of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkName {
    /// What git asks for.
    Declared,
    /// What the Kustomization applied.
    Applied,
    /// What the HelmRelease (in dev: the Deployment) deployed.
    Deployed,
    /// What the live app answers.
    Serving,
}

impl LinkName {
    /// All four, in order.
    pub const ALL: [Self; 4] = [Self::Declared, Self::Applied, Self::Deployed, Self::Serving];

    /// The short word on screen.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Declared => "git",
            Self::Applied => "sync",
            Self::Deployed => "helm",
            Self::Serving => "live",
        }
    }
}

/// How a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// It agrees with the link before it, and is fresh.
    Holds,
    /// It is on its way.
    Progressing,
    /// It says something else than the link before it.
    Drifted,
    /// Flux was told not to act here.
    Suspended,
    /// Nothing is known.
    Unknown,
    /// What is known is too old.
    Stale,
    /// It was tried and failed.
    Failed,
}

/// Where a link's word comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// The source, such as `flux uat`.
    pub source: String,
    /// The object, such as `HelmRelease app-podinfo/podinfo`.
    pub object: String,
    /// The revision or version it names.
    pub revision: Option<String>,
    /// The condition, such as `Ready=True (UpgradeSucceeded)`.
    pub condition: Option<String>,
    /// The source's own message, whole.
    pub message: Option<String>,
    /// When the source last confirmed it.
    pub confirmed_at: Option<Timestamp>,
}

/// An object of a cluster, as Kubernetes and Weave GitOps address it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectRef<'a> {
    /// The cluster, as it is configured.
    pub cluster: &'a str,
    /// The kind, as Kubernetes spells it.
    pub kind: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// The name.
    pub name: &'a str,
}

impl Evidence {
    /// The object of a cluster that speaks here; `None` where it is a file or an app.
    #[must_use]
    pub fn object_ref(&self) -> Option<ObjectRef<'_>> {
        let cluster = self.source.strip_prefix("flux ")?;
        let (kind, path) = self.object.split_once(' ')?;
        let (namespace, name) = path.split_once('/')?;
        Some(ObjectRef {
            cluster,
            kind,
            namespace,
            name,
        })
    }
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    /// Which.
    pub name: LinkName,
    /// The short word on screen: `git`, `sync`, `helm` or `roll`, `live`.
    pub label: String,
    /// How it stands.
    pub state: LinkState,
    /// What it says, in a sentence.
    pub sentence: String,
    /// Where that comes from.
    pub evidence: Option<Evidence>,
}

/// What a chain adds up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerdictState {
    /// All four links hold.
    Proven,
    /// A change is on its way.
    Rolling,
    /// What runs is not what git says, or Flux is suspended.
    Drifted,
    /// Something needed is not known.
    Unknown,
    /// Something needed is too old.
    Stale,
    /// A step failed.
    Failed,
}

impl VerdictState {
    /// The word on screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Rolling => "rolling",
            Self::Drifted => "drifted",
            Self::Unknown => "unknown",
            Self::Stale => "stale",
            Self::Failed => "failed",
        }
    }
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    /// What.
    pub state: VerdictState,
    /// Why, in a sentence.
    pub sentence: String,
    /// The first link that does not hold.
    pub breaks_at: Option<LinkName>,
    /// Since when it has been so.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub since: Timestamp,
}

/// The chain of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Declared, applied, deployed, serving.
    pub links: [Link; 4],
    /// The chart version or image tag that git asks for, as text.
    pub desired: Option<String>,
    /// The chart version that Helm holds as deployed, and the app version that it names.
    pub deployed: Option<(ChartVersion, AppVersion)>,
}

impl Chain {
    /// The first link that does not hold.
    #[must_use]
    pub fn breaks_at(&self) -> Option<&Link> {
        self.links
            .iter()
            .find(|link| link.state != LinkState::Holds)
    }

    /// What the chain adds up to.
    #[must_use]
    pub fn state(&self) -> VerdictState {
        match self.breaks_at().map(|link| link.state) {
            None | Some(LinkState::Holds) => VerdictState::Proven,
            Some(LinkState::Progressing) => VerdictState::Rolling,
            Some(LinkState::Drifted | LinkState::Suspended) => VerdictState::Drifted,
            Some(LinkState::Unknown) => VerdictState::Unknown,
            Some(LinkState::Stale) => VerdictState::Stale,
            Some(LinkState::Failed) => VerdictState::Failed,
        }
    }
}
