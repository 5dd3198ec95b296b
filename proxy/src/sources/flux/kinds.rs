//! Which kinds are watched in a cluster, and in which namespaces.

use std::collections::{BTreeMap, BTreeSet};

use kube::api::{Api, DynamicObject};
use kube::core::GroupVersionKind;
use kube::discovery::ApiResource;
use model::PipelineSpec;
use model::flux::{Kind, SourceKind};
use model::pipeline::ChartSourceKind::OCIRepository;
use model::pipeline::Deployer;

use crate::clusters::Address;

/// The namespaces that objects of one kind are in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Namespaces(BTreeSet<String>);

impl Namespaces {
    /// One watch for the kind: in its one namespace, which needs the least rights, else in all.
    pub(super) fn api(&self, client: kube::Client, kind: Kind) -> Api<DynamicObject> {
        let address = Address::of(kind);
        let named = GroupVersionKind::gvk(address.group, address.version, kind.as_str());
        let resource = ApiResource::from_gvk_with_plural(&named, address.plural);
        let mut names = self.0.iter();
        match (names.next(), names.next()) {
            (Some(one), None) => Api::namespaced_with(client, one, &resource),
            _ => Api::all_with(client, &resource),
        }
    }
}

/// What the pipelines need to know of a cluster.
pub(super) fn desired<'a>(
    pipelines: impl Iterator<Item = &'a PipelineSpec>,
    cluster: &str,
) -> BTreeMap<Kind, Namespaces> {
    let mut desired: BTreeMap<Kind, Namespaces> = BTreeMap::new();
    let targets = pipelines
        .flat_map(|pipeline| &pipeline.environments)
        .flat_map(|environment| &environment.targets)
        .filter(|target| target.cluster == cluster && !target.flux.told_only);
    for target in targets {
        let mut want = |kind, namespace: &str| {
            let namespaces = desired.entry(kind).or_default();
            namespaces.0.insert(namespace.to_owned());
        };
        want(Kind::GitRepository, &target.git_repository.namespace);
        want(Kind::Kustomization, &target.kustomization.namespace);
        match &target.deployer {
            Deployer::HelmRelease(name) => {
                want(Kind::HelmRelease, &name.namespace);
                let source = target.flux.chart_source.as_ref();
                if let Some(source) = source.filter(|source| source.kind == OCIRepository) {
                    want(Kind::Source(SourceKind::OCIRepository), &source.namespace);
                } else {
                    // Flux keeps a release's chart beside the repository that it is in.
                    let beside = source.map_or(&name.namespace, |source| &source.namespace);
                    want(Kind::HelmChart, beside);
                    want(Kind::Source(SourceKind::HelmRepository), beside);
                }
            }
            Deployer::Deployment(name) => want(Kind::Deployment, &name.namespace),
        }
        if let Some(images) = &target.flux.image_automation {
            // An ImagePolicy may choose from elsewhere only where that is allowed; it seldom does.
            let policy = &images.policy.namespace;
            want(Kind::Source(SourceKind::ImageRepository), policy);
            want(Kind::Source(SourceKind::ImagePolicy), policy);
            let automation = &images.automation.namespace;
            want(Kind::Source(SourceKind::ImageUpdateAutomation), automation);
        }
    }
    desired
}
