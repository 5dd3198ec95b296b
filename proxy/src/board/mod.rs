//! The boards: each pipeline's observations, and what they add up to, published when it changes.
//!
//! Sources write observations into a [`Lane`]; its keeper computes the board and journals verdicts.
//! Nothing here is stored as truth: after a restart a board is computed from observations again.

mod index;
mod keeper;
mod lane;
mod verdicts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::api::Board;
use model::chain::Tolerances;
use model::flux::FluxEvent;
use model::observation::{Fact, SourceName};
use model::pipeline::{ObjectName, RepositoryName};
use model::{Observation, PipelineName, PipelineSpec};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::journal::Journal;

use self::index::Index;

pub use lane::{Lane, ReleaseRecord};

/// How many boards a slow subscriber may be behind before it must read the present ones again.
const BEHIND: usize = 256;

/// How far the clocks of a cluster may be ahead of Weft's.
const AHEAD: Duration = Duration::from_secs(60);

/// All pipelines' boards.
pub struct Boards {
    lanes: BTreeMap<PipelineName, Arc<Lane>>,
    index: Index,
    changes: broadcast::Sender<Arc<Board>>,
    tolerances: Tolerances,
    clock: Arc<dyn Clock>,
}

impl Boards {
    /// The boards of these pipelines, of which nothing is known yet.
    #[must_use]
    pub fn new(specs: &[PipelineSpec], tolerances: Tolerances, clock: Arc<dyn Clock>) -> Self {
        let lanes: BTreeMap<_, _> = specs
            .iter()
            .map(|spec| {
                let lane = Lane::new(spec.clone(), clock.now(), &tolerances);
                (spec.name.clone(), Arc::new(lane))
            })
            .collect();
        Self {
            index: Index::new(lanes.values()),
            lanes,
            changes: broadcast::channel(BEHIND).0,
            tolerances,
            clock,
        }
    }

    /// Keeps the boards up to date until `ending`.
    pub fn run(&self, journal: &Arc<dyn Journal>, tasks: &TaskTracker, ending: &CancellationToken) {
        for lane in self.lanes.values() {
            let keeper = keeper::Keeper {
                lane: Arc::clone(lane),
                changes: self.changes.clone(),
                tolerances: self.tolerances,
                clock: Arc::clone(&self.clock),
                journal: Arc::clone(journal),
            };
            tasks.spawn(keeper.run(ending.clone()));
        }
    }

    /// The board of a pipeline; `None` where there is no such pipeline.
    #[must_use]
    pub fn get(&self, pipeline: &PipelineName) -> Option<Arc<Board>> {
        self.lanes.get(pipeline).map(|lane| lane.board())
    }

    /// All boards, by the name of the pipeline.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Board>> {
        self.lanes.values().map(|lane| lane.board()).collect()
    }

    /// Every board that is published from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Board>> {
        self.changes.subscribe()
    }

    /// Whether every source of every pipeline has answered or failed once, so that the boards say
    /// something.
    #[must_use]
    pub fn ready(&self) -> bool {
        self.lanes.values().all(|lane| lane.is_warm())
    }

    /// What is kept of one pipeline.
    #[must_use]
    pub fn lane(&self, pipeline: &PipelineName) -> Option<&Arc<Lane>> {
        self.lanes.get(pipeline)
    }

    /// What is kept of each pipeline.
    pub fn lanes(&self) -> impl Iterator<Item = &Arc<Lane>> {
        self.lanes.values()
    }

    /// Asks for a look at GitHub now, for every pipeline of the repository.
    pub fn look_at_repository(&self, repository: &RepositoryName) {
        for lane in self.lanes.values() {
            if lane.spec().repository == *repository {
                lane.look_at_github();
            }
        }
    }

    /// Asks for a look at the live apps of a cluster now.
    pub fn look_at_cluster(&self, cluster: &str) {
        for lane in self.lanes.values() {
            lane.look_at_apps_in(cluster);
        }
    }

    /// Whether a fact about a cluster is about an object that any pipeline is made of.
    #[must_use]
    pub fn concerns(&self, fact: &Fact) -> bool {
        self.index.concerned(fact).next().is_some()
    }

    /// Takes an observation of a cluster into every pipeline that it concerns; says whether it was news
    /// to any.
    pub fn observe(&self, observation: &Observation) -> bool {
        let mut news = false;
        for lane in self.index.concerned(&observation.fact) {
            news |= lane.observe(observation.clone());
        }
        news
    }

    /// Takes what Flux told at the present time of a cluster into every pipeline that it concerns. What
    /// speaks of other objects, or of a time to come, changes nothing.
    pub fn hear(&self, cluster: &str, notice: FluxEvent) {
        let now = self.clock.now();
        if notice.at > now + AHEAD {
            return;
        }
        let (at, order) = (notice.at, notice.order());
        let observation = Observation {
            source: SourceName::flux(cluster),
            at,
            order,
            fact: Fact::Told(cluster.to_owned(), Box::new(notice)),
        };
        for lane in self.index.concerned(&observation.fact) {
            lane.hear(cluster, observation.clone(), now);
        }
    }

    /// Forgets an object of a cluster that is gone.
    pub fn forget(&self, cluster: &str, kind: &str, name: &ObjectName) {
        for lane in self.lanes.values() {
            lane.forget(cluster, kind, name);
        }
    }

    /// Notes that a source answered, in every pipeline that listens to it.
    pub fn contact(&self, source: &SourceName) {
        let now = self.clock.now();
        for lane in self.lanes.values() {
            lane.contact(source, now);
        }
    }

    /// Notes that a source does not answer, in every pipeline that listens to it.
    pub fn lost(&self, source: &SourceName, why: &str) {
        for lane in self.lanes.values() {
            lane.lost(source, why);
        }
    }
}

/// The cluster that a fact is about, where it is about one.
fn cluster_of(fact: &Fact) -> Option<(&str, &ObjectName)> {
    match fact {
        Fact::GitRepository(cluster, name, _)
        | Fact::Kustomization(cluster, name, _)
        | Fact::HelmChart(cluster, name, _)
        | Fact::HelmRelease(cluster, name, _)
        | Fact::Deployment(cluster, name, _)
        | Fact::Source(cluster, _, name, _) => Some((cluster, name)),
        Fact::Told(cluster, notice) => Some((cluster, &notice.object)),
        Fact::Declared(..)
        | Fact::Promotion(..)
        | Fact::Status(_)
        | Fact::Dispatch(_)
        | Fact::Live(..) => None,
    }
}
