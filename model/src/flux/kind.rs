//! The kinds of objects that tell what became of a declaration.

use super::SupplyKind;

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
    Supply(SupplyKind),
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::GitRepository,
        Self::Kustomization,
        Self::HelmChart,
        Self::HelmRelease,
        Self::Deployment,
        Self::Supply(SupplyKind::HelmRepository),
        Self::Supply(SupplyKind::OCIRepository),
        Self::Supply(SupplyKind::ImageRepository),
        Self::Supply(SupplyKind::ImagePolicy),
        Self::Supply(SupplyKind::ImageUpdateAutomation),
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
            Self::Supply(kind) => kind.as_str(),
        }
    }

    /// The kind that Kubernetes spells so, if Weft reads it.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
