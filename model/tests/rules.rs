//! The rules of the board as tables and properties, over a small world that a test can spoil.

use std::time::Duration;

use model::board::{board, row};
use model::chain::{LinkName, Tolerances, VerdictState};
use model::flux::{
    GitRepositoryReading, HelmChartReading, HelmReleaseReading, KustomizationReading,
};
use model::gate::{Gate, GateState, HopState};
use model::observation::{CommitStatus, Declared, DispatchRun, Fact, Live, SourceName, Want};
use model::pipeline::{
    Deployer, EnvironmentSpec, GateKind, ObjectName, PipelineName, PipelineSpec, RepositoryName,
    TargetSpec,
};
use model::promotion::{Check, CheckState, Mergeable, Promotion, PromotionState, Review};
use model::wire::{Board, Tone};
use model::{
    AppVersion, ChartVersion, CommitId, EnvironmentName, Observation, Observations, Timestamp,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const HEAD: &str = "1111111111111111111111111111111111111111";
const OLD: &str = "0000000000000000000000000000000000000000";

fn now() -> Timestamp {
    Timestamp::parse("2026-11-22T12:00:00Z").expect("a time")
}

fn name(namespace: &str, name: &str) -> ObjectName {
    ObjectName {
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn target(environment: &str, target: &str) -> TargetSpec {
    TargetSpec {
        name: target.into(),
        cluster: target.into(),
        git_repository: name("flux-system", "podinfo"),
        kustomization: name("flux-system", environment),
        deployer: Deployer::HelmRelease(name("app-podinfo", "podinfo")),
        live_url: format!("http://{target}.example"),
    }
}

fn environment(name: &str) -> EnvironmentSpec {
    EnvironmentSpec {
        name: name.into(),
        gate: GateKind::Approval,
        loud: name == "prod",
        path: format!("environments/{name}/podinfo-helmrelease.yaml"),
        link: None,
        targets: vec![target(name, name)],
    }
}

fn pipeline(environments: Vec<EnvironmentSpec>) -> PipelineSpec {
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

fn declared(environment: &str, version: &str) -> Fact {
    let declared = Declared {
        want: Ok(Want::Chart(
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

fn kustomization(cluster: &str, environment: &str, commit: &str) -> Fact {
    let revision = format!("main@sha1:{commit}");
    let object = json!({
        "metadata": {"generation": 1},
        "status": {
            "lastAppliedRevision": revision, "lastAttemptedRevision": revision,
            "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "observedGeneration": 1}],
        },
    });
    Fact::Kustomization(
        cluster.into(),
        name("flux-system", environment),
        KustomizationReading::read(&object, None),
    )
}

/// A HelmRelease that asks for `version` and has it deployed and tested.
fn deployed(version: &str) -> Value {
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

fn helm(cluster: &str, object: &Value) -> Fact {
    let reading = HelmReleaseReading::read(object, None);
    Fact::HelmRelease(
        cluster.into(),
        name("app-podinfo", "podinfo"),
        Box::new(reading),
    )
}

fn live(environment: &str, target: &str, version: &str) -> Fact {
    let live = Live::Answer {
        version: AppVersion(format!("app-{version}")),
        revision: None,
        colour: None,
        message: None,
    };
    Fact::Live(environment.into(), target.into(), live)
}

/// All four facts of an environment that holds `version`.
fn proven(environment: &str, version: &str) -> Vec<(SourceName, Fact)> {
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

fn observed(facts: &[(SourceName, Fact)], at: Timestamp) -> Vec<Observation> {
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

fn board_of(spec: &PipelineSpec, observations: &[Observation]) -> Board {
    let mut held = Observations::default();
    for observation in observations {
        held.record(observation.clone());
    }
    board(spec, &held, None, now(), &Tolerances::default())
}

fn state_of(facts: &[(SourceName, Fact)]) -> VerdictState {
    board_of(&pipeline(vec![environment("uat")]), &observed(facts, now())).stations[0]
        .verdict
        .state
}

#[test]
fn four_agreeing_fresh_links_are_proven() {
    assert_eq!(state_of(&proven("uat", "1.1.7")), VerdictState::Proven);
}

#[test]
fn without_any_one_of_the_four_facts_nothing_is_proven() {
    for missing in [0, 2, 3, 4] {
        let mut facts = proven("uat", "1.1.7");
        facts.remove(missing);
        assert_eq!(
            state_of(&facts),
            VerdictState::Unknown,
            "without fact {missing}"
        );
    }
}

#[test]
fn each_link_goes_stale_by_its_own_source() {
    let tolerances = Tolerances::default();
    for (index, limit, link) in [
        (0, tolerances.github, LinkName::Declared),
        (2, tolerances.flux, LinkName::Applied),
        (3, tolerances.flux, LinkName::Deployed),
        (4, tolerances.live, LinkName::Serving),
    ] {
        let mut observations = observed(&proven("uat", "1.1.7"), now());
        observations[index].at = now() - limit - Duration::from_secs(1);
        // Its source has not been heard since; the others have.
        let board = board_of(&pipeline(vec![environment("uat")]), &observations);
        let verdict = &board.stations[0].verdict;
        assert_eq!(
            (verdict.state, verdict.breaks_at),
            (VerdictState::Stale, Some(link)),
            "{}",
            verdict.sentence
        );
    }
}

#[test]
fn an_app_that_answers_another_version_is_never_green() {
    let mut facts = proven("uat", "1.1.7");
    facts[4].1 = live("uat", "uat", "1.1.6");
    assert_eq!(state_of(&facts), VerdictState::Drifted);
}

#[test]
fn an_app_that_keeps_silent_is_unknown_at_first_and_then_failed() {
    for (seconds, state) in [(2, VerdictState::Unknown), (11, VerdictState::Failed)] {
        let mut facts = proven("uat", "1.1.7");
        let silent = Live::Silent {
            since: now() - Duration::from_secs(seconds),
            why: "timed out after 2 s".into(),
        };
        facts[4].1 = Fact::Live("uat".into(), "uat".into(), silent);
        assert_eq!(state_of(&facts), state);
    }
}

#[test]
fn a_commit_that_only_touched_other_environments_does_not_undo_the_proof() {
    let mut facts = proven("uat", "1.1.7");
    facts[2].1 = kustomization("uat", "uat", OLD);
    assert_eq!(state_of(&facts), VerdictState::Rolling);
    let Fact::Declared(_, declared) = &mut facts[0].1 else {
        unreachable!("the first fact is the declaration")
    };
    declared.commits.push(CommitId::new(OLD));
    assert_eq!(state_of(&facts), VerdictState::Proven);
}

#[test]
fn a_git_failure_of_flux_is_named() {
    let mut facts = proven("uat", "1.1.7");
    facts[2].1 = kustomization("uat", "uat", OLD);
    let object = json!({
        "metadata": {"generation": 1},
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "GitOperationFailed",
            "message": "failed to checkout: authentication required", "observedGeneration": 1}]},
    });
    let reading = GitRepositoryReading::read(&object, None);
    facts.push((
        SourceName::flux("uat"),
        Fact::GitRepository("uat".into(), name("flux-system", "podinfo"), reading),
    ));
    let board = board_of(
        &pipeline(vec![environment("uat")]),
        &observed(&facts, now()),
    );
    assert!(
        board.stations[0]
            .verdict
            .sentence
            .contains("authentication required")
    );
    assert_eq!(board.stations[0].verdict.state, VerdictState::Failed);
}

#[test]
fn an_environment_holds_only_what_all_its_targets_hold() {
    let mut spec = environment("prod");
    spec.targets.push(target("prod", "prod-eu"));
    let spec = pipeline(vec![spec]);
    let mut facts = proven("prod", "1.1.7");
    assert_eq!(
        board_of(&spec, &observed(&facts, now())).stations[0]
            .verdict
            .state,
        VerdictState::Unknown
    );
    facts.push((
        SourceName::flux("prod-eu"),
        kustomization("prod-eu", "prod", HEAD),
    ));
    facts.push((
        SourceName::flux("prod-eu"),
        helm("prod-eu", &deployed("1.1.7")),
    ));
    facts.push((
        SourceName::live("prod-eu"),
        live("prod", "prod-eu", "1.1.7"),
    ));
    let board = board_of(&spec, &observed(&facts, now()));
    assert_eq!(board.stations[0].verdict.state, VerdictState::Proven);
    assert_eq!(board.stations[0].targets.len(), 2);
}

#[test]
fn a_proof_keeps_its_age_where_git_follows_a_range() {
    let mut facts = proven("dev-test", "1.1.7");
    let Fact::Declared(_, declared) = &mut facts[0].1 else {
        unreachable!("the first fact is the declaration")
    };
    declared.want = Ok(Want::Range(">=0.0.3".into()));
    let mut object = deployed("1.1.7");
    object["spec"]["chart"]["spec"]["version"] = json!(">=0.0.3");
    object["status"]["helmChart"] = json!("app-podinfo/app-podinfo-podinfo");
    facts[3].1 = helm("dev-test", &object);
    let chart = json!({
        "metadata": {"generation": 1}, "spec": {"version": ">=0.0.3"},
        "status": {
            "artifact": {"revision": "1.1.7"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "ChartPullSucceeded", "observedGeneration": 1}],
        },
    });
    facts.push((
        SourceName::flux("dev-test"),
        Fact::HelmChart(
            "dev-test".into(),
            name("app-podinfo", "app-podinfo-podinfo"),
            HelmChartReading::read(&chart),
        ),
    ));
    let spec = pipeline(vec![environment("dev-test")]);
    let mut held = Observations::default();
    for observation in observed(&facts, now()) {
        held.record(observation);
    }
    let tolerances = Tolerances::default();
    let first = board(&spec, &held, None, now(), &tolerances);
    assert_eq!(first.stations[0].verdict.state, VerdictState::Proven);
    let later = now() + Duration::from_secs(5);
    let second = board(&spec, &held, Some(&first), later, &tolerances);
    assert_eq!(second.stations[0].verdict.since, now());
}

#[test]
fn a_failed_release_under_a_green_tick_says_that_the_tick_lies() {
    let mut facts = proven("uat", "1.1.7");
    facts[3].1 = helm("uat", &rolled_back("1.1.7", "1.1.6"));
    let status = CommitStatus {
        environment: "uat".into(),
        state: "success".into(),
        context: "kustomization/app-promo-podinfo-uat/cb0aaa8a".into(),
        commit: CommitId::new(HEAD),
        creator: None,
        at: now(),
    };
    facts.push((SourceName::github(), Fact::Status(status)));
    let board = board_of(
        &pipeline(vec![environment("uat")]),
        &observed(&facts, now()),
    );
    assert!(board.stations[0].tick_lies);
    assert_eq!(board.headline.tone, Tone::Alarm);
    assert!(
        board
            .headline
            .sentence
            .contains("GitHub shows a green tick"),
        "{}",
        board.headline.sentence
    );
    assert_eq!(row(&board).cells[0].words, "failed at helm");
}

/// A HelmRelease whose upgrade from `old` to `new` failed and was rolled back, as Flux reports it.
fn rolled_back(new: &str, old: &str) -> Value {
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
                {"type": "Remediated", "status": "True", "reason": "RollbackSucceeded", "observedGeneration": 5},
            ],
            "history": [
                {"chartVersion": old, "appVersion": format!("app-{old}"), "status": "deployed", "action": "rollback"},
                {"chartVersion": new, "appVersion": format!("app-{new}"), "status": "failed", "action": "upgrade"},
            ],
        },
    })
}

fn promotion(environment: &str, version: &str) -> Promotion {
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
fn gate_with(
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

#[test]
fn a_gate_says_in_one_sentence_what_it_waits_for() {
    let minute = Duration::from_secs(60);
    let cases: Vec<(Option<Promotion>, Duration, GateState, &str)> = vec![
        (
            None,
            minute,
            GateState::WaitsForPromotion,
            "its pull request for prod is due",
        ),
        (
            None,
            12 * minute,
            GateState::Lost,
            "has been proven in stg for 12 min, but the dispatch",
        ),
        (
            Some(promotion("prod", "1.1.7")),
            minute,
            GateState::WaitsForApproval,
            "1.1.7 waits for 1 approval from @sam or @li",
        ),
        (
            Some(Promotion {
                required_checks: vec!["test".into(), "lint".into()],
                ..promotion("prod", "1.1.7")
            }),
            minute,
            GateState::WaitsForChecks,
            "1 of 2 passed",
        ),
        (
            Some(Promotion {
                mergeable: Mergeable::Conflicting,
                ..promotion("prod", "1.1.7")
            }),
            minute,
            GateState::Blocked,
            "conflicts with main",
        ),
        (
            Some(Promotion {
                required_approvals: None,
                ..promotion("prod", "1.1.7")
            }),
            minute,
            GateState::Blocked,
            "could not be read",
        ),
        (
            Some(Promotion {
                required_approvals: Some(0),
                ..promotion("prod", "1.1.7")
            }),
            minute,
            GateState::WaitsForMerge,
            "waits to be merged",
        ),
    ];
    for (promotion, proven_for, state, words) in cases {
        let gate = gate_with(promotion, proven_for, |_| {});
        assert_eq!(gate.state, state, "{}", gate.sentence);
        assert!(
            gate.sentence.contains(words),
            "«{}» should say «{words}»",
            gate.sentence
        );
    }
}

#[test]
fn a_promotion_that_never_came_is_told_by_what_became_of_its_dispatch() {
    let proven_for = Duration::from_secs(12 * 60);
    let run = |status: &str, conclusion: Option<&str>, ago: u64| {
        Fact::Dispatch(Some(DispatchRun {
            status: status.into(),
            conclusion: conclusion.map(Into::into),
            at: now() - Duration::from_secs(ago),
            url: "https://github.com/demo/podinfo/actions/runs/7".into(),
        }))
    };
    for (fact, state, words, linked) in [
        (
            Fact::Dispatch(None),
            GateState::Lost,
            "the dispatch that opens the one for prod was lost",
            false,
        ),
        (
            run("completed", Some("success"), 3600),
            GateState::Lost,
            "was lost",
            false,
        ),
        (
            run("in_progress", None, 700),
            GateState::WaitsForPromotion,
            "is under way",
            true,
        ),
        (
            run("completed", Some("failure"), 700),
            GateState::Lost,
            "the workflow that opens the one for prod failed",
            true,
        ),
        (
            run("completed", Some("success"), 700),
            GateState::Lost,
            "the workflow ran, but opened none for prod",
            true,
        ),
    ] {
        let gate = gate_with(None, proven_for, |facts| {
            facts.push((SourceName::github(), fact.clone()));
        });
        assert_eq!(gate.state, state, "{}", gate.sentence);
        assert!(gate.sentence.contains(words), "{}", gate.sentence);
        assert_eq!(gate.run.is_some(), linked, "{}", gate.sentence);
    }
}

#[test]
fn an_approval_by_somebody_who_may_not_write_does_not_count() {
    let mut with_review = promotion("prod", "1.1.7");
    with_review.reviews.push(Review {
        login: "kim".into(),
        approves: true,
        counts: false,
        commit: None,
        at: now(),
        comment: None,
    });
    assert_eq!(
        gate_with(Some(with_review), Duration::ZERO, |_| {}).state,
        GateState::WaitsForApproval
    );
}

#[test]
fn nothing_goes_on_from_an_environment_that_failed() {
    let gate = gate_with(None, Duration::ZERO, |facts| {
        facts[3].1 = helm("stg", &rolled_back("1.1.7", "1.1.6"));
    });
    assert_eq!(gate.state, GateState::WaitsForProof);
    assert!(gate.sentence.contains("failed in stg"), "{}", gate.sentence);
}

#[test]
fn a_merged_promotion_is_followed_until_the_app_serves() {
    let merged = Promotion {
        state: PromotionState::Merged,
        closed_at: Some(now()),
        ..promotion("prod", "1.1.7")
    };
    let gate = gate_with(Some(merged), Duration::ZERO, |facts| {
        facts[5].1 = declared("prod", "1.1.7");
        facts[7].1 = kustomization("prod", "prod", OLD);
    });
    assert_eq!(gate.state, GateState::Rolling);
    let names: Vec<&str> = gate.hops.iter().map(|hop| hop.name.as_str()).collect();
    assert_eq!(names, ["merged", "applied", "upgraded", "serving"]);
}

#[test]
fn what_holds_for_the_release_before_does_not_count_for_the_one_just_merged() {
    let merged = Promotion {
        state: PromotionState::Merged,
        closed_at: Some(now()),
        ..promotion("prod", "1.1.7")
    };
    let at = |version| {
        let spec = pipeline(vec![environment("prod")]);
        let mut held = Observations::default();
        for observation in observed(&proven("prod", version), now()) {
            held.record(observation);
        }
        board(&spec, &held, None, now(), &Tolerances::default())
            .stations
            .remove(0)
    };
    let states = |station| {
        let hops = model::gate::hops(&merged, station);
        hops.into_iter().map(|hop| hop.state).collect::<Vec<_>>()
    };
    let before = at("1.1.6");
    assert_eq!(before.verdict.state, VerdictState::Proven);
    assert_eq!(
        states(&before),
        [
            HopState::Done,
            HopState::Now,
            HopState::Next,
            HopState::Next
        ]
    );
    let verdict = model::gate::verdict_after(&merged, &before);
    assert_eq!(verdict.state, VerdictState::Rolling);
    assert_eq!(
        verdict.sentence,
        "1.1.7 is merged; prod is about to fetch it."
    );
    let after = at("1.1.7");
    assert_eq!(states(&after), [HopState::Done; 4]);
    assert_eq!(model::gate::verdict_after(&merged, &after), after.verdict);
}

#[test]
fn a_verdict_that_did_not_change_keeps_its_time() {
    let spec = pipeline(vec![environment("uat")]);
    let mut held = Observations::default();
    for observation in observed(&proven("uat", "1.1.7"), now()) {
        held.record(observation);
    }
    let first = board(&spec, &held, None, now(), &Tolerances::default());
    let later = now() + Duration::from_secs(10);
    let second = board(&spec, &held, Some(&first), later, &Tolerances::default());
    assert_eq!(second.stations[0].verdict.since, now());
}

/// A world of facts, each of which may be absent, old, or say something else.
fn any_world() -> impl Strategy<Value = Vec<Observation>> {
    let versions = prop::sample::select(vec!["1.1.6", "1.1.7"]);
    let commits = prop::sample::select(vec![HEAD, OLD]);
    let helm_states = prop::sample::select(vec![0u8, 1, 2]);
    let ages = prop::collection::vec(0u64..400, 5);
    let kept = prop::collection::vec(any::<bool>(), 5);
    (versions.clone(), commits, helm_states, versions.clone(), versions, ages, kept).prop_map(
        |(want, commit, helm_state, helm_version, live_version, ages, kept)| {
            let object = match helm_state {
                0 => deployed(helm_version),
                1 => rolled_back(helm_version, "1.1.6"),
                _ => json!({"metadata": {"generation": 2}, "spec": {"chart": {"spec": {"version": helm_version}}}}),
            };
            let facts = vec![
                (SourceName::github(), declared("uat", want)),
                (SourceName::github(), Fact::Promotion("uat".into(), None)),
                (SourceName::flux("uat"), kustomization("uat", "uat", commit)),
                (SourceName::flux("uat"), helm("uat", &object)),
                (SourceName::live("uat"), live("uat", "uat", live_version)),
            ];
            let mut observations = observed(&facts, now());
            for (observation, age) in observations.iter_mut().zip(ages) {
                observation.at = now() - Duration::from_secs(age);
            }
            observations.into_iter().zip(kept).filter_map(|(observation, kept)| kept.then_some(observation)).collect()
        },
    )
}

fn fresh(observations: &[Observation], source: &SourceName, limit: Duration) -> bool {
    observations
        .iter()
        .any(|held| held.source == *source && now().since(held.at) <= limit)
}

proptest! {
    #[test]
    fn nothing_is_proven_without_a_fresh_answer_that_agrees(world in any_world()) {
        let station = board_of(&pipeline(vec![environment("uat")]), &world).stations.remove(0);
        if station.verdict.state == VerdictState::Proven {
            let wanted = station.wanted.clone().expect("proven means declared");
            let answers = world.iter().any(|held| held.fact == live("uat", "uat", &wanted));
            prop_assert!(answers && fresh(&world, &SourceName::live("uat"), Tolerances::default().live));
            prop_assert_eq!(station.release.chart.map(|chart| chart.to_string()), Some(wanted));
        }
    }

    #[test]
    fn a_rollback_is_never_a_success(new in "1\\.[0-9]\\.[0-9]", old in "1\\.[0-9]\\.[0-9]", same_app: bool) {
        let mut facts = proven("uat", &new);
        facts[3].1 = helm("uat", &rolled_back(&new, &old));
        if !same_app {
            facts[4].1 = live("uat", "uat", &old);
        }
        prop_assert_eq!(state_of(&facts), VerdictState::Failed);
    }

    #[test]
    fn a_board_does_not_depend_on_the_order_in_which_observations_arrive(
        world in any_world(), later in any_world(), seed in any::<prop::sample::Index>(),
    ) {
        let mut all = world;
        // The later world supersedes the first one, thing by thing.
        all.extend(later.into_iter().map(|mut held| { held.order += 100; held }));
        let spec = pipeline(vec![environment("uat")]);
        let expected = board_of(&spec, &all);
        let turn = if all.is_empty() { 0 } else { seed.index(all.len()) };
        let mut shuffled = all.clone();
        shuffled.rotate_left(turn);
        prop_assert_eq!(&board_of(&spec, &shuffled), &expected);
        shuffled.reverse();
        prop_assert_eq!(&board_of(&spec, &shuffled), &expected);
    }

    #[test]
    fn proof_needs_every_link(world in any_world()) {
        let station = board_of(&pipeline(vec![environment("uat")]), &world).stations.remove(0);
        let all_hold = station.links.iter().all(|link| link.state == model::chain::LinkState::Holds);
        prop_assert_eq!(station.verdict.state == VerdictState::Proven, all_hold && station.links.len() == 4);
        prop_assert_eq!(station.verdict.breaks_at.is_none(), all_hold);
        let _: &EnvironmentName = &station.name;
    }
}
