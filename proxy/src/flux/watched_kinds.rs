//! The kinds that are watched in a cluster, and their namespaces.

use std::collections::{BTreeMap, BTreeSet};

use model::PipelineSpec;
use model::flux::Kind;
use model::flux::membership::watched;

/// Returns the kinds that the targets of a cluster are made of, with the namespaces that hold them.
pub(super) fn watched_kinds<'a>(
    pipelines: impl Iterator<Item = &'a PipelineSpec>,
    cluster: &str,
) -> BTreeMap<Kind, BTreeSet<String>> {
    let mut kinds: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    let targets = pipelines
        .flat_map(|pipeline| &pipeline.environments)
        .flat_map(|environment| &environment.targets)
        .filter(|target| target.cluster == cluster && !target.flux.notifications_only);
    for (kind, namespace) in targets.flat_map(watched) {
        let namespaces = kinds.entry(kind).or_default();
        namespaces.insert(namespace.to_owned());
    }
    kinds
}
