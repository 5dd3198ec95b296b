//! The world as Weft would hold it, fed update by update.

use std::collections::BTreeMap;

use model::board::{Board, board};
use model::chain::{Context, Tolerances};
use model::flux::{self, Kind};
use model::observation::{Declared, Desired, Fact, FactKey, Live, SourceName};
use model::pipeline::{
    Deployer, EnvironmentSpec, FluxSpec, ObjectName, PipelineName, PipelineSpec, RepositoryName,
    TargetSpec,
};
use model::{AppVersion, CommitId, Observation, Observations, Timestamp};
use serde_json::Value;

/// The demo's row with these environments.
pub fn pipeline(namespace: &str, environments: Vec<EnvironmentSpec>) -> PipelineSpec {
    PipelineSpec {
        name: PipelineName::new(namespace, "podinfo"),
        repository: RepositoryName::new("demo", "podinfo"),
        branch: "main".into(),
        environments,
    }
}

/// The one target of an environment, in the cluster of the same name.
pub fn target(environment: &str, deployer: Deployer) -> TargetSpec {
    TargetSpec {
        name: environment.into(),
        cluster: environment.into(),
        git_repository: ObjectName::new("flux-system", "podinfo"),
        kustomization: ObjectName::new("flux-system", &format!("app-promo-podinfo-{environment}")),
        deployer,
        live_url: "http://127.0.0.1".into(),
        flux: FluxSpec::default(),
    }
}

pub struct Replay {
    spec: PipelineSpec,
    observations: Observations,
    /// What each object said last.
    held: BTreeMap<FactKey, Fact>,
    board: Option<Board>,
    sequence: u64,
}

impl Replay {
    pub fn of(spec: PipelineSpec) -> Self {
        Self {
            spec,
            observations: Observations::default(),
            held: BTreeMap::new(),
            board: None,
            sequence: 0,
        }
    }

    fn record(&mut self, source: SourceName, at: Timestamp, fact: Fact) {
        self.sequence += 1;
        self.observations.record(Observation {
            source,
            at,
            sequence: self.sequence,
            fact,
        });
    }

    /// An object of a cluster changed.
    pub fn object(&mut self, cluster: &str, object: &Value, at: Timestamp) {
        let name = flux::name_of(object).expect("every object has a name");
        let kind = object["kind"].as_str().and_then(Kind::named);
        let Some(kind) = kind else { return };
        let key = FactKey::object(cluster, kind, &name);
        let fact = Fact::of_object(kind, cluster, &name, object, self.held.get(&key));
        self.held.insert(key, fact.clone());
        self.record(SourceName::flux(cluster), at, fact);
    }

    /// Git declares something under these commits, newest first.
    pub fn declared(
        &mut self,
        environment: &str,
        desired: Result<Desired, String>,
        commits: Vec<CommitId>,
        at: Timestamp,
    ) {
        let path = self.spec.environments.iter();
        let path = path
            .filter(|one| one.name.as_str() == environment)
            .map(|one| one.path.clone());
        let declared = Declared {
            desired,
            path: path.collect(),
            head: commits[0].clone(),
            commits,
            changed_at: at,
            changed_by: None,
        };
        let fact = Fact::Declared(environment.into(), Box::new(declared));
        self.record(SourceName::github(), at, fact);
    }

    /// The app answers this, or nothing.
    pub fn served(&mut self, environment: &str, answer: &Value, at: Timestamp) {
        let text = |key: &str| answer[key].as_str().map(str::to_owned);
        let live = match text("version") {
            Some(version) => Live::Answer {
                version: AppVersion(version),
                revision: text("revision"),
                colour: text("color").and_then(|colour| colour.try_into().ok()),
                message: None,
            },
            None => Live::Silent {
                since: at,
                why: "no connection".into(),
            },
        };
        let fact = Fact::Live(environment.into(), environment.into(), live);
        self.record(SourceName::live(environment), at, fact);
    }

    /// What Weft would say now, with every source heard from just now.
    pub fn board(&mut self, now: Timestamp) -> &Board {
        let names = self.spec.environments.iter();
        let sources = names.flat_map(|one| {
            let name = one.name.as_str();
            [SourceName::flux(name), SourceName::live(name)]
        });
        for source in sources.chain([SourceName::github()]) {
            self.observations.record_success(&source, now);
        }
        let context = Context {
            observations: &self.observations,
            now,
            tolerances: &Tolerances::DEFAULT,
        };
        let board = board(&self.spec, self.board.as_ref(), context);
        self.board.insert(board)
    }
}
