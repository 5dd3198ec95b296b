//! Which kinds are watched in a cluster, and in which namespaces.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::{Api, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use model::PipelineSpec;
use model::pipeline::Deployer;

/// The kinds that tell what became of a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    GitRepository,
    Kustomization,
    HelmChart,
    HelmRelease,
    Deployment,
}

impl Kind {
    /// As Kubernetes spells it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::GitRepository => "GitRepository",
            Self::Kustomization => "Kustomization",
            Self::HelmChart => "HelmChart",
            Self::HelmRelease => "HelmRelease",
            Self::Deployment => "Deployment",
        }
    }

    pub(super) fn resource(self) -> ApiResource {
        let (group, version, plural) = match self {
            Self::GitRepository => ("source.toolkit.fluxcd.io", "v1", "gitrepositories"),
            Self::Kustomization => ("kustomize.toolkit.fluxcd.io", "v1", "kustomizations"),
            Self::HelmChart => ("source.toolkit.fluxcd.io", "v1", "helmcharts"),
            Self::HelmRelease => ("helm.toolkit.fluxcd.io", "v2", "helmreleases"),
            Self::Deployment => ("apps", "v1", "deployments"),
        };
        let kind = GroupVersionKind::gvk(group, version, self.as_str());
        ApiResource::from_gvk_with_plural(&kind, plural)
    }
}

/// The namespaces that objects of one kind are in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Namespaces(BTreeSet<String>);

impl Namespaces {
    /// One watch for the kind: in its one namespace, which needs the least rights, else in all.
    pub(super) fn api(&self, client: kube::Client, kind: Kind) -> Api<DynamicObject> {
        let resource = kind.resource();
        let mut names = self.0.iter();
        match (names.next(), names.next()) {
            (Some(one), None) => Api::namespaced_with(client, one, &resource),
            _ => Api::all_with(client, &resource),
        }
    }
}

/// What the pipelines need to know of a cluster.
pub(super) fn wanted<'a>(
    pipelines: impl Iterator<Item = &'a PipelineSpec>,
    cluster: &str,
) -> BTreeMap<Kind, Namespaces> {
    let mut wanted: BTreeMap<Kind, Namespaces> = BTreeMap::new();
    let targets = pipelines
        .flat_map(|pipeline| &pipeline.environments)
        .flat_map(|environment| &environment.targets)
        .filter(|target| target.cluster == cluster);
    for target in targets {
        let mut want = |kind, namespace: &str| {
            let namespaces = wanted.entry(kind).or_default();
            namespaces.0.insert(namespace.to_owned());
        };
        want(Kind::GitRepository, &target.git_repository.namespace);
        want(Kind::Kustomization, &target.kustomization.namespace);
        match &target.deployer {
            Deployer::HelmRelease(name) => {
                want(Kind::HelmRelease, &name.namespace);
                // Flux keeps a release's chart beside it, unless its source is elsewhere.
                want(Kind::HelmChart, &name.namespace);
            }
            Deployer::Deployment(name) => want(Kind::Deployment, &name.namespace),
        }
    }
    wanted
}
