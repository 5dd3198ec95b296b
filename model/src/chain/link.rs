//! The four links of a target, the verdict that they add up to, and the evidence of each.

use serde::{Deserialize, Serialize};

use crate::flux::ClusterObject;
use crate::{AppVersion, ChartVersion, Timestamp};

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

    /// Returns the short word on screen.
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

/// The state of a link with regard to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// Fresh, and in agreement with the link before it.
    Holds,
    Progressing,
    /// In disagreement with the link before it.
    Drifted,
    /// Suspended in Flux (`spec.suspend`).
    Suspended,
    Unknown,
    /// Last confirmed too long ago.
    Stale,
    Failed,
}

/// The facts that a link was judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// The source, such as `flux uat`.
    pub source: String,
    /// The object of a cluster; `None` for a file or an app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<ClusterObject>,
    /// The path of a file in git, or the URL of an app; `None` for an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The revision or version that the source names.
    pub revision: Option<String>,
    /// The condition, such as `Ready=True (UpgradeSucceeded)`.
    pub condition: Option<String>,
    /// The source's own message, unabridged.
    pub message: Option<String>,
    /// When the source last confirmed it.
    pub confirmed_at: Option<Timestamp>,
}

impl Evidence {
    /// Names the object, file or app as on screen, such as `HelmRelease app-podinfo/podinfo`.
    #[must_use]
    pub fn subject(&self) -> String {
        match &self.object {
            Some(here) => here.object.to_string(),
            None => self.location.clone().unwrap_or_default(),
        }
    }
}

/// One link of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Link {
    pub name: LinkName,
    /// The short word on screen: `git`, `sync`, `helm` or `roll`, `live`.
    pub label: String,
    pub state: LinkState,
    pub sentence: String,
    pub evidence: Option<Evidence>,
}

/// The sum of a chain, decided by the first link that does not hold; the worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerdictState {
    /// All four links hold.
    Proven,
    /// A change is on its way.
    Rolling,
    /// What runs is not what git declares, or Flux is suspended.
    Drifted,
    Unknown,
    Stale,
    Failed,
}

impl VerdictState {
    /// Returns the word on screen.
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
    pub state: VerdictState,
    /// The sentence of the link that breaks.
    pub sentence: String,
    /// The first link that does not hold.
    pub breaks_at: Option<LinkName>,
    /// When the environment got this verdict at this link for what git asks for.
    pub since: Timestamp,
}

/// The chain of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chain {
    /// Declared, applied, deployed, serving.
    pub links: [Link; 4],
    /// The chart version, range or image tag that git asks for.
    pub desired: Option<String>,
    /// The chart version that Helm holds as deployed, and the app version that it names.
    pub deployed: Option<(ChartVersion, AppVersion)>,
}

impl Chain {
    /// Returns the first link that does not hold.
    #[must_use]
    pub fn breaks_at(&self) -> Option<&Link> {
        self.links
            .iter()
            .find(|link| link.state != LinkState::Holds)
    }

    /// Returns the verdict of the first link that does not hold.
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
