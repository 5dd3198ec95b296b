//! Facts of a small world, to be spoilt by tests.

use model::board::{Board, board};
use model::chain::{Context, Tolerances, VerdictState};
use model::environment::EnvironmentView;
use model::flux::{
    GitRepositoryReading, HelmChartReading, HelmReleaseReading, KustomizationReading,
};
use model::gate::Gate;
use model::observation::{CommitStatus, Declared, Desired, Fact, Live, SourceName};
use model::pipeline::{
    Deployer, EnvironmentSpec, FluxSpec, GateKind, ObjectName, PipelineName, PipelineSpec,
    RepositoryName, TargetSpec,
};
use model::promotion::{Check, CheckState, Mergeable, Promotion, PromotionState};
use model::{AppVersion, ChartVersion, Colour, CommitId, Observation, Observations, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

pub const HEAD: &str = "1111111111111111111111111111111111111111";
pub const OLD: &str = "0000000000000000000000000000000000000000";

/// Puts the two commits in place of their names.
pub fn with_commits(text: &str) -> String {
    text.replace("HEAD", HEAD).replace("OLD", OLD)
}

pub fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").expect("a time")
}

pub fn name(namespace: &str, name: &str) -> ObjectName {
    ObjectName::new(namespace, name)
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
        name: PipelineName::new("app-podinfo", "podinfo"),
        repository: RepositoryName::new("demo", "podinfo"),
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
            "conditions": conditions(["Ready=True (ReconciliationSucceeded)"], 1),
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

pub fn git_repository(object: &Value) -> Fact {
    let reading = GitRepositoryReading::read(object, None);
    Fact::GitRepository("uat".into(), name("flux-system", "podinfo"), reading)
}

const FAILED: &str = "Helm upgrade failed for release podinfo/podinfo with chart podinfo@1.1.7: timeout waiting for: [Deployment/app-podinfo/podinfo status: 'InProgress']";

/// Conditions as `Type=Status@generation (Reason) message`; without `@`, of the generation of the object.
pub fn conditions(all: impl IntoIterator<Item = impl AsRef<str>>, generation: i64) -> Value {
    let condition = |text: &str| {
        let (kind, rest) = text.split_once('=').expect("a type");
        let (status, rest) = rest.split_once(" (").expect("a reason");
        let (reason, message) = rest.split_once(')').expect("the end of the reason");
        let (status, observed) = status.split_once('@').unwrap_or((status, ""));
        json!({
            "type": kind, "status": status, "reason": reason,
            "message": message.trim().replace("FAILED", FAILED),
            "observedGeneration": observed.parse().unwrap_or(generation),
        })
    };
    let all = all.into_iter();
    all.map(|text| condition(text.as_ref())).collect()
}

/// An object with other conditions, and with values by JSON pointer as `/spec/suspend = true`.
pub fn object_of(mut object: Value, given: &[String]) -> Value {
    let is_value = |line: &&String| line.starts_with('/');
    let (values, all): (Vec<&String>, Vec<&String>) = given.iter().partition(is_value);
    let generation = object["metadata"]["generation"].as_i64();
    let conditions = conditions(all, generation.expect("a generation"));
    set(&mut object, "/status/conditions", conditions);
    for line in values {
        let (pointer, value) = line.split_once(" = ").expect("a value");
        let value = serde_json::from_str(&with_commits(value)).expect("JSON");
        set(&mut object, pointer, value);
    }
    object
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
            "conditions": conditions([
                "Ready=True (TestSucceeded)",
                "Released=True (UpgradeSucceeded)",
                "TestSuccess=True (TestSucceeded)",
            ], 4),
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

/// A HelmRelease and its chart, which follow the range >=0.0.3 and hold `version` of it.
pub fn ranged(cluster: &str, version: &str) -> [Fact; 2] {
    let mut release = deployed(version);
    set(&mut release, "/spec/chart/spec/version", json!(">=0.0.3"));
    let named = json!("app-podinfo/app-podinfo-podinfo");
    set(&mut release, "/status/helmChart", named);
    let chart = json!({
        "metadata": {"generation": 1}, "spec": {"version": ">=0.0.3"},
        "status": {
            "artifact": {"revision": version},
            "conditions": conditions(["Ready=True (ChartPullSucceeded)"], 1),
        },
    });
    let name = name("app-podinfo", "app-podinfo-podinfo");
    let chart = Fact::HelmChart(cluster.into(), name, HelmChartReading::read(&chart));
    [helm(cluster, &release), chart]
}

pub fn answer(version: &str, revision: Option<&str>, colour: Option<&str>) -> Live {
    Live::Answer {
        version: AppVersion(version.into()),
        revision: revision.map(Into::into),
        colour: colour.and_then(|colour| Colour::parse(colour).ok()),
        message: None,
    }
}

pub fn live(environment: &str, target: &str, version: &str) -> Fact {
    let answer = answer(&format!("app-{version}"), None, None);
    Fact::Live(environment.into(), target.into(), answer)
}

/// An app that has been silent for so many seconds.
pub fn silent(environment: &str, target: &str, seconds: u64) -> Fact {
    let silent = Live::Silent {
        since: now() - Duration::from_secs(seconds),
        why: "no connection".into(),
    };
    Fact::Live(environment.into(), target.into(), silent)
}

/// The commit status that Flux posted for uat.
pub fn status(state: &str, commit: &str) -> Fact {
    Fact::Status(CommitStatus {
        environment: "uat".into(),
        state: state.into(),
        context: "kustomization/uat/cb0aaa8a".into(),
        commit: CommitId::new(commit),
        creator: None,
        at: now(),
    })
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
    let rollback = format!(
        "(RollbackSucceeded) Helm rollback to previous release podinfo/podinfo.v2 with chart podinfo@{old} succeeded"
    );
    let upgrade = format!(
        "(UpgradeFailed) Helm upgrade failed for release podinfo/podinfo with chart podinfo@{new}: timed out"
    );
    json!({
        "metadata": {"generation": 5},
        "spec": {"chart": {"spec": {"chart": "podinfo", "version": new}}, "test": {"enable": true}},
        "status": {
            "lastAttemptedRevision": new,
            "conditions": conditions([
                "Stalled=True (RetriesExceeded)",
                &format!("Ready=False {rollback}"),
                &format!("Released=False {upgrade}"),
                &format!("Remediated=True {rollback}"),
            ], 5),
            "history": [
                {"chartVersion": old, "appVersion": format!("app-{old}"), "status": "deployed", "action": "rollback"},
                {"chartVersion": new, "appVersion": format!("app-{new}"), "status": "failed", "action": "upgrade"},
            ],
        },
    })
}

pub fn promotion(environment: &str, version: &str) -> Promotion {
    Promotion {
        repository: RepositoryName::new("demo", "podinfo"),
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
        checks: vec![check("test", CheckState::Passed)],
        required_checks: vec!["test".into()],
        merge_methods: vec!["merge".into()],
        opened_at: now() - Duration::from_secs(2520),
        closed_at: None,
        merged_by: None,
        merge_commit: None,
    }
}

/// Where it was merged just now.
pub fn merged(environment: &str, version: &str) -> Promotion {
    Promotion {
        state: PromotionState::Merged,
        closed_at: Some(now()),
        ..promotion(environment, version)
    }
}

pub fn check(name: &str, state: CheckState) -> Check {
    Check {
        name: name.into(),
        state,
        required: true,
        url: None,
        description: None,
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
