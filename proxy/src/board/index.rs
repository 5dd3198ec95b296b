//! Which lanes an object of a cluster may concern, so that one among thousands is not held against every
//! pipeline. Whether it does concern a lane, the lane itself says.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::flux::membership::named_objects;
use model::observation::Fact;
use model::pipeline::ObjectName;

use super::Lane;

type Lanes = Vec<Arc<Lane>>;

/// Lanes by the objects that their targets name.
pub(super) struct Index {
    all: Lanes,
    /// By cluster and name: what a target itself names.
    named: BTreeMap<(String, ObjectName), Lanes>,
}

impl Index {
    pub(super) fn new<'a>(lanes: impl Iterator<Item = &'a Arc<Lane>>) -> Self {
        let all: Lanes = lanes.map(Arc::clone).collect();
        let mut named: BTreeMap<(String, ObjectName), Lanes> = BTreeMap::new();
        for lane in &all {
            let environments = lane.spec().environments.iter();
            for target in environments.flat_map(|environment| &environment.targets) {
                for (_, name) in named_objects(target) {
                    let here = named
                        .entry((target.cluster.clone(), name.clone()))
                        .or_default();
                    if !here.iter().any(|known| Arc::ptr_eq(known, lane)) {
                        here.push(Arc::clone(lane));
                    }
                }
            }
        }
        Self { all, named }
    }

    /// The lanes that a fact concerns.
    pub(super) fn concerned<'a>(&'a self, fact: &'a Fact) -> impl Iterator<Item = &'a Arc<Lane>> {
        let candidates: &[Arc<Lane>] = match (fact, fact.object()) {
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
            // Charts and what they come from are known by rules, not by name.
            _ => &self.all,
        };
        candidates.iter().filter(|lane| lane.concerns(fact))
    }
}
