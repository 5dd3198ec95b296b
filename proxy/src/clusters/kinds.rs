//! The kinds that a target is made of: how the Kubernetes API names them, and Weave GitOps their pages.

use model::flux::{Kind, SourceKind};
use model::pipeline::ObjectName;

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";

/// Where the Kubernetes API serves a kind.
pub(crate) struct Address {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
}

impl Address {
    /// Where that kind is served.
    pub(crate) fn of(kind: Kind) -> Self {
        let (group, version, plural) = match kind {
            Kind::GitRepository => (SOURCE, "v1", "gitrepositories"),
            Kind::Kustomization => ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations"),
            Kind::HelmChart => (SOURCE, "v1", "helmcharts"),
            Kind::HelmRelease => ("helm.toolkit.fluxcd.io", "v2", "helmreleases"),
            Kind::Deployment => ("apps", "v1", "deployments"),
            Kind::Source(kind) => match kind {
                SourceKind::HelmRepository => (SOURCE, "v1", "helmrepositories"),
                SourceKind::OCIRepository => (SOURCE, "v1", "ocirepositories"),
                SourceKind::ImageRepository => (IMAGE, "v1", "imagerepositories"),
                SourceKind::ImagePolicy => (IMAGE, "v1", "imagepolicies"),
                SourceKind::ImageUpdateAutomation => (IMAGE, "v1", "imageupdateautomations"),
            },
        };
        Self {
            group,
            version,
            plural,
        }
    }
}

/// The route of a kind's pages in Weave GitOps 0.38, where it has some.
pub(super) fn page(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::GitRepository => "git_repo",
        Kind::Kustomization => "kustomization",
        Kind::HelmChart => "helm_chart",
        Kind::HelmRelease => "helm_release",
        Kind::Deployment => return None,
        Kind::Source(kind) => match kind {
            SourceKind::HelmRepository => "helm_repo",
            SourceKind::OCIRepository => "oci",
            SourceKind::ImageRepository => "image_repo",
            SourceKind::ImagePolicy => "image_policy",
            SourceKind::ImageUpdateAutomation => "image_update",
        },
    })
}

/// An object of a cluster by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) name: ObjectName,
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

impl Object {
    /// The object of that kind and name; none of a kind that no target is made of.
    pub(crate) fn of(kind: &str, name: &ObjectName) -> Option<Self> {
        Some(Self {
            kind: Kind::named(kind)?,
            name: name.clone(),
        })
    }

    /// The same from the three parts of `Kind/namespace/name`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
        let name = ObjectName {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        parts
            .next()
            .is_none()
            .then(|| Self::of(kind, &name))
            .flatten()
    }

    /// The path of its kind in its namespace.
    pub(super) fn path(&self) -> String {
        let Address {
            group,
            version,
            plural,
        } = Address::of(self.kind);
        let namespace = &self.name.namespace;
        format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_named_by_three_parts_and_no_more() {
        let object = Object::parse("HelmRelease/app-podinfo/podinfo").unwrap();
        assert_eq!(object.to_string(), "HelmRelease app-podinfo/podinfo");
        assert_eq!(
            object.path(),
            "/apis/helm.toolkit.fluxcd.io/v2/namespaces/app-podinfo/helmreleases"
        );
        for wrong in [
            "",
            "HelmRelease",
            "HelmRelease/a",
            "HelmRelease/a/b/c",
            "Secret/a/b",
        ] {
            assert_eq!(Object::parse(wrong), None, "{wrong}");
        }
    }
}
