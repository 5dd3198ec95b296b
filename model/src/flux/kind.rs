//! The kinds of objects that Weft reads, as the Kubernetes API and Weave GitOps name them.

use serde::{Deserialize, Serialize};

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";

/// A kind of object that Weft reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Kind {
    GitRepository,
    Kustomization,
    HelmChart,
    HelmRelease,
    /// What rolls out where there is no Helm.
    Deployment,
    Source(SourceKind),
}

/// A kind of object that charts or images come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    HelmRepository,
    OCIRepository,
    ImageRepository,
    ImagePolicy,
    ImageUpdateAutomation,
}

impl SourceKind {
    /// Returns the name as in `kind:` of a manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HelmRepository => "HelmRepository",
            Self::OCIRepository => "OCIRepository",
            Self::ImageRepository => "ImageRepository",
            Self::ImagePolicy => "ImagePolicy",
            Self::ImageUpdateAutomation => "ImageUpdateAutomation",
        }
    }
}

impl Kind {
    /// All kinds, those of sources last.
    pub const ALL: [Self; 10] = [
        Self::GitRepository,
        Self::Kustomization,
        Self::HelmChart,
        Self::HelmRelease,
        Self::Deployment,
        Self::Source(SourceKind::HelmRepository),
        Self::Source(SourceKind::OCIRepository),
        Self::Source(SourceKind::ImageRepository),
        Self::Source(SourceKind::ImagePolicy),
        Self::Source(SourceKind::ImageUpdateAutomation),
    ];

    /// Returns the name as in `kind:` of a manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitRepository => "GitRepository",
            Self::Kustomization => "Kustomization",
            Self::HelmChart => "HelmChart",
            Self::HelmRelease => "HelmRelease",
            Self::Deployment => "Deployment",
            Self::Source(kind) => kind.as_str(),
        }
    }

    /// Returns the kind with a name of Kubernetes; `None` for a kind that Weft does not read.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns the API group.
    #[must_use]
    pub fn group(self) -> &'static str {
        match self {
            Self::Kustomization => "kustomize.toolkit.fluxcd.io",
            Self::HelmRelease => "helm.toolkit.fluxcd.io",
            Self::Deployment => "apps",
            Self::GitRepository
            | Self::HelmChart
            | Self::Source(SourceKind::HelmRepository | SourceKind::OCIRepository) => SOURCE,
            Self::Source(_) => IMAGE,
        }
    }

    /// Returns the API version that Flux 2.9 and Kubernetes 1.34 serve.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::HelmRelease => "v2",
            _ => "v1",
        }
    }

    /// Returns the route of the kind's pages in Weave GitOps 0.38; `None` where it has none.
    #[must_use]
    pub fn dashboard_page(self) -> Option<&'static str> {
        Some(match self {
            Self::GitRepository => "git_repo",
            Self::Kustomization => "kustomization",
            Self::HelmChart => "helm_chart",
            Self::HelmRelease => "helm_release",
            Self::Deployment => return None,
            Self::Source(SourceKind::HelmRepository) => "helm_repo",
            Self::Source(SourceKind::OCIRepository) => "oci",
            Self::Source(SourceKind::ImageRepository) => "image_repo",
            Self::Source(SourceKind::ImagePolicy) => "image_policy",
            Self::Source(SourceKind::ImageUpdateAutomation) => "image_update",
        })
    }
}

impl From<Kind> for &'static str {
    fn from(kind: Kind) -> Self {
        kind.as_str()
    }
}

impl TryFrom<String> for Kind {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::named(&name).ok_or("no kind that Weft reads")
    }
}
