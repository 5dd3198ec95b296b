//! The kinds that a target is made of: how the Kubernetes API names them, and Weave GitOps their pages.

use std::hash::{Hash, Hasher};

use model::pipeline::ObjectName;

/// One kind of object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// As Kubernetes spells it.
    pub(crate) name: &'static str,
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) plural: &'static str,
    /// The route of its pages in Weave GitOps 0.38, where it has some.
    pub(super) page: Option<&'static str>,
}

const SOURCE: &str = "source.toolkit.fluxcd.io";
const IMAGE: &str = "image.toolkit.fluxcd.io";

const fn kind(
    name: &'static str,
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    page: Option<&'static str>,
) -> Kind {
    Kind {
        name,
        group,
        version,
        plural,
        page,
    }
}

const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
const HELM: &str = "helm.toolkit.fluxcd.io";

static KINDS: [Kind; 10] = [
    kind(
        "GitRepository",
        SOURCE,
        "v1",
        "gitrepositories",
        Some("git_repo"),
    ),
    kind(
        "Kustomization",
        KUSTOMIZE,
        "v1",
        "kustomizations",
        Some("kustomization"),
    ),
    kind(
        "HelmRepository",
        SOURCE,
        "v1",
        "helmrepositories",
        Some("helm_repo"),
    ),
    kind(
        "OCIRepository",
        SOURCE,
        "v1",
        "ocirepositories",
        Some("oci"),
    ),
    kind("HelmChart", SOURCE, "v1", "helmcharts", Some("helm_chart")),
    kind(
        "HelmRelease",
        HELM,
        "v2",
        "helmreleases",
        Some("helm_release"),
    ),
    kind("Deployment", "apps", "v1", "deployments", None),
    kind(
        "ImageRepository",
        IMAGE,
        "v1",
        "imagerepositories",
        Some("image_repo"),
    ),
    kind(
        "ImagePolicy",
        IMAGE,
        "v1",
        "imagepolicies",
        Some("image_policy"),
    ),
    kind(
        "ImageUpdateAutomation",
        IMAGE,
        "v1",
        "imageupdateautomations",
        Some("image_update"),
    ),
];

/// An object of a cluster by its kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) kind: &'static Kind,
    pub(crate) name: ObjectName,
}

impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind.name.hash(state);
        self.name.hash(state);
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name, self.name)
    }
}

impl Object {
    /// The object of that kind and name; none of a kind that no target is made of.
    pub(crate) fn of(kind: &str, name: &ObjectName) -> Option<Self> {
        let kind = KINDS.iter().find(|known| known.name == kind)?;
        Some(Self {
            kind,
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
        let (kind, namespace) = (self.kind, &self.name.namespace);
        format!(
            "/apis/{}/{}/namespaces/{namespace}/{}",
            kind.group, kind.version, kind.plural
        )
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
