//! The boards: each pipeline's observations, and what they add up to, published when it changes.
//!
//! Sources record observations in a [`PipelineState`]; its task computes the board and journals verdicts.
//! Nothing is stored as truth: after a restart a board is computed from observations again.

mod index;
mod pipeline_state;
mod task;
mod verdicts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::api::Board;
use model::chain::Tolerances;
use model::flux::{FluxEvent, Kind};
use model::observation::{Fact, SourceName};
use model::pipeline::{ObjectName, RepositoryName};
use model::{Observation, PipelineName, PipelineSpec};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::journal::Journal;

use self::index::Index;
use self::task::BoardTask;

pub use pipeline_state::{PipelineState, ReleaseRecord};

/// The number of boards that a subscriber may lag behind before it must read the present ones again.
const CAPACITY: usize = 256;
/// The most that a cluster's clock may be ahead of Weft's.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The states of all pipelines, and the boards that they publish.
pub struct Boards {
    pipelines: BTreeMap<PipelineName, Arc<PipelineState>>,
    index: Index,
    changes: broadcast::Sender<Arc<Board>>,
    tolerances: Tolerances,
    clock: Arc<dyn Clock>,
}

impl Boards {
    /// Creates the boards of these pipelines, of which nothing is known yet.
    pub fn new(specs: &[PipelineSpec], tolerances: Tolerances, clock: Arc<dyn Clock>) -> Self {
        let pipelines: BTreeMap<_, _> = specs
            .iter()
            .map(|spec| {
                let pipeline = PipelineState::new(spec.clone(), clock.now(), &tolerances);
                (spec.name.clone(), Arc::new(pipeline))
            })
            .collect();
        Self {
            index: Index::new(pipelines.values()),
            pipelines,
            changes: broadcast::channel(CAPACITY).0,
            tolerances,
            clock,
        }
    }

    /// Keeps the boards up to date until `ending`.
    pub fn run(&self, journal: &Arc<dyn Journal>, tasks: &TaskTracker, ending: &CancellationToken) {
        for pipeline in self.pipelines.values() {
            let task = BoardTask {
                pipeline: Arc::clone(pipeline),
                changes: self.changes.clone(),
                tolerances: self.tolerances,
                clock: Arc::clone(&self.clock),
                journal: Arc::clone(journal),
            };
            tasks.spawn(task.run(ending.clone()));
        }
    }

    /// Returns the board of a pipeline; `None` where there is no such pipeline.
    pub fn get(&self, name: &PipelineName) -> Option<Arc<Board>> {
        self.pipelines.get(name).map(|pipeline| pipeline.board())
    }

    /// Returns all boards, by the name of the pipeline.
    pub fn all(&self) -> Vec<Arc<Board>> {
        self.pipelines
            .values()
            .map(|pipeline| pipeline.board())
            .collect()
    }

    /// Subscribes to every board that is published from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Board>> {
        self.changes.subscribe()
    }

    /// Returns whether every source of every pipeline has answered or failed once.
    pub fn ready(&self) -> bool {
        self.pipelines.values().all(|pipeline| pipeline.is_warm())
    }

    /// Returns the state of a pipeline; `None` where there is no such pipeline.
    pub fn pipeline(&self, name: &PipelineName) -> Option<&Arc<PipelineState>> {
        self.pipelines.get(name)
    }

    /// Returns the state of each pipeline.
    pub fn pipelines(&self) -> impl Iterator<Item = &Arc<PipelineState>> {
        self.pipelines.values()
    }

    /// Has GitHub read now, for every pipeline of the repository.
    pub fn look_at_repository(&self, repository: &RepositoryName) {
        for pipeline in self.pipelines.values() {
            if pipeline.spec().repository == *repository {
                pipeline.look_at_github();
            }
        }
    }

    /// Has the live apps of a cluster asked now.
    pub fn look_at_cluster(&self, cluster: &str) {
        for pipeline in self.pipelines.values() {
            pipeline.look_at_apps_in(cluster);
        }
    }

    /// Returns whether a fact is about an object that any pipeline is made of.
    pub fn concerns(&self, fact: &Fact) -> bool {
        self.index.concerned(fact).next().is_some()
    }

    /// Records an observation of a cluster in every pipeline that it concerns; returns whether it was news
    /// to any.
    pub fn observe(&self, observation: &Observation) -> bool {
        let mut news = false;
        for pipeline in self.index.concerned(&observation.fact) {
            news |= pipeline.observe(observation.clone());
        }
        news
    }

    /// Records a notification of Flux in every pipeline that it concerns. One about other objects, or from
    /// the future, changes nothing.
    pub fn record_notification(&self, cluster: &str, event: FluxEvent) {
        let now = self.clock.now();
        if event.at > now + CLOCK_SKEW {
            return;
        }
        let (at, sequence) = (event.at, event.sequence());
        let observation = Observation {
            source: SourceName::flux(cluster),
            at,
            sequence,
            fact: Fact::Notification(cluster.to_owned(), Box::new(event)),
        };
        for pipeline in self.index.concerned(&observation.fact) {
            pipeline.record_notification(cluster, observation.clone(), now);
        }
    }

    /// Forgets an object of a cluster that is gone.
    pub fn forget(&self, cluster: &str, kind: Kind, name: &ObjectName) {
        for pipeline in self.pipelines.values() {
            pipeline.forget(cluster, kind, name);
        }
    }

    /// Records that a source answered, in every pipeline that listens to it.
    pub fn record_success(&self, source: &SourceName) {
        let now = self.clock.now();
        for pipeline in self.pipelines.values() {
            pipeline.record_success(source, now);
        }
    }

    /// Records that a source does not answer, in every pipeline that listens to it.
    pub fn record_failure(&self, source: &SourceName, why: &str) {
        for pipeline in self.pipelines.values() {
            pipeline.record_failure(source, why);
        }
    }
}
