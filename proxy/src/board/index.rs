//! The pipelines that an object of a cluster may concern, so that one object among thousands is not compared
//! with every pipeline.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::flux::membership::named_objects;
use model::observation::Fact;
use model::pipeline::ObjectName;

use super::pipeline_state::PipelineState;

type Pipelines = Vec<Arc<PipelineState>>;

/// Pipelines by the objects that their targets name.
pub(super) struct Index {
    all: Pipelines,
    /// By cluster and name, of the objects that targets name.
    named: BTreeMap<(String, ObjectName), Pipelines>,
}

impl Index {
    pub(super) fn new<'a>(pipelines: impl Iterator<Item = &'a Arc<PipelineState>>) -> Self {
        let all: Pipelines = pipelines.map(Arc::clone).collect();
        let mut named: BTreeMap<(String, ObjectName), Pipelines> = BTreeMap::new();
        for pipeline in &all {
            let environments = pipeline.spec().environments.iter();
            for target in environments.flat_map(|environment| &environment.targets) {
                for (_, name) in named_objects(target) {
                    let here = named
                        .entry((target.cluster.clone(), name.clone()))
                        .or_default();
                    if !here.iter().any(|known| Arc::ptr_eq(known, pipeline)) {
                        here.push(Arc::clone(pipeline));
                    }
                }
            }
        }
        Self { all, named }
    }

    /// Returns the pipelines that a fact concerns.
    pub(super) fn concerned<'a>(
        &'a self,
        fact: &'a Fact,
    ) -> impl Iterator<Item = &'a Arc<PipelineState>> {
        let candidates: &[Arc<PipelineState>] = match (fact, fact.object()) {
            (
                Fact::GitRepository(..)
                | Fact::Kustomization(..)
                | Fact::HelmRelease(..)
                | Fact::Deployment(..),
                Some((cluster, _, name)),
            ) => self
                .named
                .get(&(cluster.to_owned(), name.clone()))
                .map_or(&[], Vec::as_slice),
            // Targets do not name their charts and sources.
            _ => &self.all,
        };
        candidates.iter().filter(|pipeline| pipeline.concerns(fact))
    }
}
