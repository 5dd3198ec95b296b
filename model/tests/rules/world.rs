//! Facts of a small world, to be spoilt by tests.

use model::api::Board;
use model::board::board;
use model::chain::{Tolerances, VerdictState};
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
        want: Ok(Desired::Chart(
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

/// All four facts of an environment that holds `version`.
pub fn proven(environment: &str, version: &str) -> Vec<(SourceName, Fact)> {
    vec![
        (SourceName::github(), declared(environment, version)),
        (
            SourceName::github(),
            Fact::Promotion(environment.into(), None),
        ),
        (
            SourceName::flux(environment),
            kustomization(environment, environment, HEAD),
        ),
        (
            SourceName::flux(environment),
            helm(environment, &deployed(version)),
        ),
        (
            SourceName::live(environment),
            live(environment, environment, version),
        ),
    ]
}

pub fn observed(facts: &[(SourceName, Fact)], at: Timestamp) -> Vec<Observation> {
    let number = |order: usize| u64::try_from(order).expect("a small number");
    facts
        .iter()
        .enumerate()
        .map(|(order, (source, fact))| Observation {
            source: source.clone(),
            at,
            order: number(order),
            fact: fact.clone(),
        })
        .collect()
}

pub fn board_of(spec: &PipelineSpec, observations: &[Observation]) -> Board {
    let mut held = Observations::default();
    for observation in observations {
        held.record(observation.clone());
    }
    board(spec, &held, None, now(), &Tolerances::default())
}

pub fn state_of(facts: &[(SourceName, Fact)]) -> VerdictState {
    board_of(&pipeline(vec![environment("uat")]), &observed(facts, now())).environments[0]
        .verdict
        .state
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
    spoil: impl Fn(&mut Vec<(SourceName, Fact)>),
) -> Gate {
    let spec = pipeline(vec![environment("stg"), environment("prod")]);
    let mut facts = proven("stg", "1.1.7");
    facts.extend(proven("prod", "1.1.6"));
    facts[6].1 = Fact::Promotion("prod".into(), promotion.map(Box::new));
    spoil(&mut facts);
    let mut held = Observations::default();
    for observation in observed(&facts, now()) {
        held.record(observation);
    }
    let before = board(
        &spec,
        &held,
        None,
        now() - proven_for,
        &Tolerances::default(),
    );
    board(&spec, &held, Some(&before), now(), &Tolerances::default())
        .gates
        .remove(0)
}
