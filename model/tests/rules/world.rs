//! Facts of a small world, to be spoilt by tests.

use model::board::{Board, board};
use model::chain::{Context, Tolerances, VerdictState};
use model::environment::EnvironmentView;
use model::flux::{HelmReleaseReading, KustomizationReading};
use model::gate::Gate;
use model::observation::{Declared, Desired, Fact, Live, SourceName};
use model::pipeline::{
    Deployer, EnvironmentSpec, FluxSpec, GateKind, ObjectName, PipelineName, PipelineSpec,
    RepositoryName, TargetSpec,
};
use model::promotion::{Check, CheckState, Mergeable, Promotion, PromotionState};
use model::{AppVersion, ChartVersion, CommitId, Observation, Observations, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

pub const HEAD: &str = "1111111111111111111111111111111111111111";
pub const OLD: &str = "0000000000000000000000000000000000000000";

pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").expect("a time")
}

pub fn name(namespace: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: namespace.into(),
        name: name.into(),
    }
}

pub fn target(environment: &str, target: &str) -> TargetSpec {
    TargetSpec {
        name: target.into(),
        cluster: target.into(),
        git_repository: name("flux-system", "podinfo"),
        kustomization: name("flux-system", environment),
        deployer: Deployer::HelmRelease(name("app-podinfo", "podinfo")),
        live_url: format!("http://{target}.example"),
        flux: FluxSpec::default(),
    }
}

pub fn environment(name: &str) -> EnvironmentSpec {
    EnvironmentSpec {
        name: name.into(),
        gate: GateKind::Approval,
        user_facing: name == "prod",
        path: format!("environments/{name}/podinfo-helmrelease.yaml"),
        link: None,
        targets: vec![target(name, name)],
    }
}

pub fn pipeline(environments: Vec<EnvironmentSpec>) -> PipelineSpec {
    PipelineSpec {
        name: PipelineName {
            namespace: "app-podinfo".into(),
            name: "podinfo".into(),
        },
        repository: RepositoryName {
            owner: "demo".into(),
            name: "podinfo".into(),
        },
        branch: "main".into(),
        environments,
    }
}

pub fn declared(environment: &str, version: &str) -> Fact {
    let declared = Declared {
        desired: Ok(Desired::Chart(
            ChartVersion::parse(version).expect("a version"),
        )),
        path: format!("environments/{environment}/podinfo-helmrelease.yaml"),
        head: CommitId::new(HEAD),
        commits: vec![CommitId::new(HEAD)],
        changed_at: now() - Duration::from_secs(3600),
        changed_by: Some("sam".into()),
    };
    Fact::Declared(environment.into(), Box::new(declared))
}

pub fn kustomization(cluster: &str, environment: &str, commit: &str) -> Fact {
    let revision = format!("main@sha1:{commit}");
    let object = json!({
        "metadata": {"generation": 1},
        "status": {
            "lastAppliedRevision": revision, "lastAttemptedRevision": revision,
            "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "observedGeneration": 1}],
        },
    });
    kustomization_of(cluster, environment, &object)
}

pub fn kustomization_of(cluster: &str, environment: &str, object: &Value) -> Fact {
    Fact::Kustomization(
        cluster.into(),
        name("flux-system", environment),
        KustomizationReading::read(object, None),
    )
}

/// Sets what a JSON pointer names, and makes the objects on the way to it.
pub fn set(object: &mut Value, pointer: &str, value: Value) {
    let place =
        pointer
            .split('/')
            .skip(1)
            .fold(object, |place, field| match field.parse::<usize>() {
                Ok(at) => &mut place[at],
                Err(_) => &mut place[field],
            });
    *place = value;
}

/// A HelmRelease that asks for `version` and has it deployed and tested.
pub fn deployed(version: &str) -> Value {
    json!({
        "metadata": {"generation": 4},
        "spec": {"chart": {"spec": {"chart": "podinfo", "version": version}}, "test": {"enable": true}},
        "status": {
            "lastAttemptedRevision": version,
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "TestSucceeded", "observedGeneration": 4},
                {"type": "Released", "status": "True", "reason": "UpgradeSucceeded", "observedGeneration": 4},
                {"type": "TestSuccess", "status": "True", "reason": "TestSucceeded", "observedGeneration": 4},
            ],
            "history": [{"chartVersion": version, "appVersion": format!("app-{version}"), "status": "deployed", "action": "upgrade"}],
        },
    })
}

pub fn helm(cluster: &str, object: &Value) -> Fact {
    let reading = HelmReleaseReading::read(object, None);
    Fact::HelmRelease(
        cluster.into(),
        name("app-podinfo", "podinfo"),
        Box::new(reading),
    )
}

pub fn live(environment: &str, target: &str, version: &str) -> Fact {
    let live = Live::Answer {
        version: AppVersion(format!("app-{version}")),
        revision: None,
        colour: None,
        message: None,
    };
    Fact::Live(environment.into(), target.into(), live)
}

/// Changes of a list of facts.
pub trait FactList {
    /// Replaces the fact about the same, or adds it.
    fn put(&mut self, fact: Fact);
    /// The declaration, which is the first fact.
    fn declaration(&mut self) -> &mut Declared;
}

impl FactList for Vec<Fact> {
    fn put(&mut self, fact: Fact) {
        match self.iter_mut().find(|held| held.key() == fact.key()) {
            Some(held) => *held = fact,
            None => self.push(fact),
        }
    }

    fn declaration(&mut self) -> &mut Declared {
        match self.first_mut() {
            Some(Fact::Declared(_, declared)) => declared,
            _ => unreachable!("the first fact is the declaration"),
        }
    }
}

/// The facts of an environment that holds `version`: declared, promotion, applied, deployed, serving.
pub fn proven(environment: &str, version: &str) -> Vec<Fact> {
    vec![
        declared(environment, version),
        Fact::Promotion(environment.into(), None),
        kustomization(environment, environment, HEAD),
        helm(environment, &deployed(version)),
        live(environment, environment, version),
    ]
}

fn source_of(fact: &Fact) -> SourceName {
    match (fact, fact.object()) {
        (_, Some((cluster, ..))) => SourceName::flux(cluster),
        (Fact::Live(_, target, _), _) => SourceName::live(target),
        _ => SourceName::github(),
    }
}

pub fn observed(facts: &[Fact], at: Timestamp) -> Vec<Observation> {
    let number = |sequence: usize| u64::try_from(sequence).expect("a small number");
    let observation = |(sequence, fact): (usize, &Fact)| Observation {
        source: source_of(fact),
        at,
        sequence: number(sequence),
        fact: fact.clone(),
    };
    facts.iter().enumerate().map(observation).collect()
}

pub fn recorded(observations: &[Observation]) -> Observations {
    let mut held = Observations::default();
    for observation in observations {
        held.record(observation.clone());
    }
    held
}

/// What these facts add up to if all of them were observed now.
pub fn known(facts: &[Fact]) -> Observations {
    recorded(&observed(facts, now()))
}

/// The input of the rules at a time, with the default tolerances.
pub fn at(observations: &Observations, now: Timestamp) -> Context<'_> {
    Context {
        observations,
        now,
        tolerances: &Tolerances::DEFAULT,
    }
}

pub fn board_of(spec: &PipelineSpec, observations: &[Observation]) -> Board {
    board(spec, None, at(&recorded(observations), now()))
}

/// The environment of a pipeline that has only this one.
pub fn view_of(spec: EnvironmentSpec, facts: &[Fact]) -> EnvironmentView {
    let spec = pipeline(vec![spec]);
    board_of(&spec, &observed(facts, now()))
        .environments
        .remove(0)
}

pub fn state_of(facts: &[Fact]) -> VerdictState {
    view_of(environment("uat"), facts).verdict.state
}

pub fn rolled_back(new: &str, old: &str) -> Value {
    json!({
        "metadata": {"generation": 5},
        "spec": {"chart": {"spec": {"chart": "podinfo", "version": new}}, "test": {"enable": true}},
        "status": {
            "lastAttemptedRevision": new,
            "conditions": [
                {"type": "Stalled", "status": "True", "reason": "RetriesExceeded", "observedGeneration": 5},
                {"type": "Ready", "status": "False", "reason": "RollbackSucceeded", "observedGeneration": 5,
                 "message": format!("Helm rollback to previous release podinfo/podinfo.v2 with chart podinfo@{old} succeeded")},
                {"type": "Released", "status": "False", "reason": "UpgradeFailed", "observedGeneration": 5,
                 "message": format!("Helm upgrade failed for release podinfo/podinfo with chart podinfo@{new}: timed out")},
                {"type": "Remediated", "status": "True", "reason": "RollbackSucceeded", "observedGeneration": 5,
                 "message": format!("Helm rollback to previous release podinfo/podinfo.v2 with chart podinfo@{old} succeeded")},
            ],
            "history": [
                {"chartVersion": old, "appVersion": format!("app-{old}"), "status": "deployed", "action": "rollback"},
                {"chartVersion": new, "appVersion": format!("app-{new}"), "status": "failed", "action": "upgrade"},
            ],
        },
    })
}

pub fn promotion(environment: &str, version: &str) -> Promotion {
    Promotion {
        repository: RepositoryName {
            owner: "demo".into(),
            name: "podinfo".into(),
        },
        number: 64,
        title: format!("Promote app-podinfo/podinfo in {environment} to {version}"),
        url: "https://github.com/demo/podinfo/pull/64".into(),
        state: PromotionState::Open,
        draft: false,
        author: "weft-demo[bot]".into(),
        head: CommitId::new("9f3c1a7"),
        head_ref: format!("promotion-app-podinfo-podinfo-{environment}"),
        head_by: None,
        head_at: None,
        base_ref: "main".into(),
        base: CommitId::new(HEAD),
        mergeable: Mergeable::Clean,
        release: ChartVersion::parse(version).ok(),
        reviews: vec![],
        requested: vec!["sam".into(), "li".into()],
        required_approvals: Some(1),
        checks: vec![Check {
            name: "test".into(),
            state: CheckState::Passed,
            required: true,
            url: None,
            description: None,
        }],
        required_checks: vec!["test".into()],
        merge_methods: vec!["merge".into()],
        opened_at: now() - Duration::from_secs(2520),
        closed_at: None,
        merged_by: None,
        merge_commit: None,
    }
}

/// The gate into prod, with stg proven at 1.1.7 since `proven_for` and prod at 1.1.6.
pub fn gate_with(
    promotion: Option<Promotion>,
    proven_for: Duration,
    spoil: impl Fn(&mut Vec<Fact>),
) -> Gate {
    let spec = pipeline(vec![environment("stg"), environment("prod")]);
    let mut facts = proven("stg", "1.1.7");
    facts.extend(proven("prod", "1.1.6"));
    facts.put(Fact::Promotion("prod".into(), promotion.map(Box::new)));
    spoil(&mut facts);
    let known = known(&facts);
    let before = board(&spec, None, at(&known, now() - proven_for));
    board(&spec, Some(&before), at(&known, now()))
        .gates
        .remove(0)
}
