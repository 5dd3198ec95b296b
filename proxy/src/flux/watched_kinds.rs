//! The kinds that are watched in a cluster, and their namespaces.

use std::collections::{BTreeMap, BTreeSet};

use model::PipelineSpec;
use model::flux::{Kind, SourceKind};
use model::pipeline::ChartSourceKind::OCIRepository;
use model::pipeline::Deployer;

/// Returns the kinds that the targets of a cluster are made of, with the namespaces that hold them.
pub(super) fn watched_kinds<'a>(
    pipelines: impl Iterator<Item = &'a PipelineSpec>,
    cluster: &str,
) -> BTreeMap<Kind, BTreeSet<String>> {
    let mut kinds: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    let targets = pipelines
        .flat_map(|pipeline| &pipeline.environments)
        .flat_map(|environment| &environment.targets)
        .filter(|target| target.cluster == cluster && !target.flux.told_only);
    for target in targets {
        let mut watch = |kind, namespace: &str| {
            let namespaces = kinds.entry(kind).or_default();
            namespaces.insert(namespace.to_owned());
        };
        watch(Kind::GitRepository, &target.git_repository.namespace);
        watch(Kind::Kustomization, &target.kustomization.namespace);
        match &target.deployer {
            Deployer::HelmRelease(name) => {
                watch(Kind::HelmRelease, &name.namespace);
                let source = target.flux.chart_source.as_ref();
                if let Some(source) = source.filter(|source| source.kind == OCIRepository) {
                    watch(Kind::Source(SourceKind::OCIRepository), &source.namespace);
                } else {
                    // Flux keeps a release's chart beside the repository that it is in.
                    let beside = source.map_or(&name.namespace, |source| &source.namespace);
                    watch(Kind::HelmChart, beside);
                    watch(Kind::Source(SourceKind::HelmRepository), beside);
                }
            }
            Deployer::Deployment(name) => watch(Kind::Deployment, &name.namespace),
        }
        if let Some(images) = &target.flux.image_automation {
            // An ImagePolicy may choose from elsewhere only where that is allowed; it seldom does.
            let policy = &images.policy.namespace;
            watch(Kind::Source(SourceKind::ImageRepository), policy);
            watch(Kind::Source(SourceKind::ImagePolicy), policy);
            let automation = &images.automation.namespace;
            watch(Kind::Source(SourceKind::ImageUpdateAutomation), automation);
        }
    }
    kinds
}
