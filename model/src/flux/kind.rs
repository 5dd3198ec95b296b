//! The kinds of objects that tell what became of a declaration.

use super::SourceKind;

/// A kind of Kubernetes object that Weft reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What was fetched of git.
    GitRepository,
    /// What was applied of it.
    Kustomization,
    /// The chart that a release is of.
    HelmChart,
    /// What Helm deployed.
    HelmRelease,
    /// What rolls out where there is no Helm.
    Deployment,
    /// What charts or images come from.
    Source(SourceKind),
}

impl Kind {
    /// Every kind.
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

    /// As Kubernetes spells it.
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

    /// The kind that Kubernetes spells so, if Weft reads it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
