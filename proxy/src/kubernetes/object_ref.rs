//! A reference to an object of a cluster, and how the Kubernetes API names its kind.

use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use model::flux::{Kind, SourceKind};
use model::pipeline::ObjectName;

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";

/// Returns the API resource that serves a kind.
pub(super) fn api_resource(kind: Kind) -> ApiResource {
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
    let kind = GroupVersionKind::gvk(group, version, kind.as_str());
    ApiResource::from_gvk_with_plural(&kind, plural)
}

/// An object of a cluster by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectRef {
    pub(crate) kind: Kind,
    pub(crate) name: ObjectName,
}

impl std::fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

impl ObjectRef {
    /// Returns `None` for a kind that no target is made of.
    pub(crate) fn of(kind: &str, name: &ObjectName) -> Option<Self> {
        Some(Self {
            kind: Kind::named(kind)?,
            name: name.clone(),
        })
    }

    /// Parses `Kind/namespace/name`.
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

    pub(super) fn resource(&self) -> ApiResource {
        api_resource(self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::Resource;
    use kube::api::DynamicObject;

    #[test]
    fn an_object_is_named_by_three_parts_and_no_more() {
        let object = ObjectRef::parse("HelmRelease/app-podinfo/podinfo").unwrap();
        assert_eq!(object.to_string(), "HelmRelease app-podinfo/podinfo");
        assert_eq!(
            DynamicObject::url_path(&object.resource(), Some("app-podinfo")),
            "/apis/helm.toolkit.fluxcd.io/v2/namespaces/app-podinfo/helmreleases"
        );
        for wrong in [
            "",
            "HelmRelease",
            "HelmRelease/a",
            "HelmRelease/a/b/c",
            "Secret/a/b",
        ] {
            assert_eq!(ObjectRef::parse(wrong), None, "{wrong}");
        }
    }
}
