//! What a cluster that only tells has told: how long it holds, what is no word at all, and the recorded run.

use crate::notifications::{
    APPLIED, TESTED, chart, held, kustomization, receive, release, view_at,
};
use crate::world::{HEAD, at, declared, environment, name, now, observed, pipeline, promotion};
use model::board::board;
use model::chain::{LinkName, LinkState, Tolerances, VerdictState};
use model::flux::{FluxEvent, Kind, Stage};
use model::observation::{Desired, Fact, Live, SourceName};
use model::promotion::{Promotion, PromotionState};
use model::rollout::{StepState, rollout};
use model::{EnvironmentName, Observation, Observations, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn it_is_stale_when_nothing_was_told_for_long_and_a_failure_stays_one() {
    let good = [
        kustomization(APPLIED, "ReconciliationSucceeded", HEAD),
        release(TESTED),
    ];
    let late = now() + Tolerances::default().notifications;
    let fresh = |held: &mut Observations| {
        held.record_success(&SourceName::github(), late);
        held.record_success(&SourceName::live("uat"), late);
    };
    let mut quiet = held(&good, "1.1.7");
    fresh(&mut quiet);
    let verdict = view_at(&quiet, late).verdict;
    assert_eq!(
        (verdict.state, verdict.breaks_at),
        (VerdictState::Stale, Some(LinkName::Applied))
    );
    assert!(
        verdict
            .sentence
            .contains("flux uat has not been heard for 16 min"),
        "{}",
        verdict.sentence
    );
    // One more reconciliation is a word about all of it.
    let mut spoken = held(&good, "1.1.7");
    fresh(&mut spoken);
    receive(
        &mut spoken,
        &kustomization(0, "ReconciliationSucceeded", HEAD),
    );
    assert_eq!(view_at(&spoken, late).verdict.state, VerdictState::Proven);
    let failing = [kustomization(APPLIED, "BuildFailed", HEAD), release(TESTED)];
    let mut failed = held(&failing, "1.1.7");
    fresh(&mut failed);
    assert_eq!(view_at(&failed, late).verdict.state, VerdictState::Failed);
}

#[test]
fn a_merged_promotion_is_followed_into_it_by_what_is_told() {
    let merged = Promotion {
        state: PromotionState::Merged,
        closed_at: Some(now()),
        ..promotion("uat", "1.1.7")
    };
    let mut spec = environment("uat");
    spec.targets[0].flux.notifications_only = true;
    let way = |bodies: &[Value]| {
        let held = held(bodies, "1.1.7");
        let steps = rollout(&merged, &spec, at(&held, now()));
        let done = steps
            .into_iter()
            .take_while(|step| step.state == StepState::Done);
        done.map(|step| step.name).collect::<Vec<_>>().join(" ")
    };
    let applied = kustomization(APPLIED, "ReconciliationSucceeded", HEAD);
    assert_eq!(way(&[]), "merged");
    assert_eq!(
        way(std::slice::from_ref(&applied)),
        "merged fetched applied"
    );
    assert_eq!(
        way(&[applied, release(TESTED)]),
        "merged fetched applied chart fetched upgraded tested serving"
    );
}

#[test]
fn a_range_is_what_its_chart_was_told_to_be() {
    let ranged = |bodies: &[Value], serves: &str| {
        let mut held = held(bodies, serves);
        let Fact::Declared(_, mut range) = declared("uat", "1.1.7") else {
            unreachable!("a declaration")
        };
        range.desired = Ok(Desired::Range(">=0.0.3".into()));
        held.record(Observation {
            source: SourceName::github(),
            at: now(),
            sequence: 9,
            fact: Fact::Declared(EnvironmentName::from("uat"), range),
        });
        view_at(&held, now())
    };
    let applied = kustomization(APPLIED, "ReconciliationSucceeded", HEAD);
    let pulled = |version: &str| chart(&format!("90 ChartPullSucceeded {version}: pulled"));
    let known = ranged(
        &[applied.clone(), pulled("1.1.7"), release(TESTED)],
        "1.1.7",
    );
    assert_eq!(
        known.verdict.state,
        VerdictState::Proven,
        "{}",
        known.verdict.sentence
    );
    assert_eq!(known.desired.as_deref(), Some("1.1.7"));
    let newer = ranged(
        &[applied.clone(), pulled("1.1.8"), release(TESTED)],
        "1.1.7",
    );
    assert_eq!(
        newer.verdict.state,
        VerdictState::Rolling,
        "{}",
        newer.verdict.sentence
    );
    let not_told = ranged(&[applied, release(TESTED)], "1.1.7");
    assert_eq!(not_told.verdict.state, VerdictState::Unknown);
    assert!(
        not_told.verdict.sentence.contains("was not told"),
        "{}",
        not_told.verdict.sentence
    );
}

#[test]
fn what_is_no_notification_is_no_fact() {
    let whole = release(TESTED);
    assert!(FluxEvent::read(&whole).is_some());
    for field in ["involvedObject", "severity", "timestamp", "reason"] {
        let mut part = whole.clone();
        part.as_object_mut().expect("an object").remove(field);
        assert_eq!(FluxEvent::read(&part), None, "without {field}");
    }
    for (pointer, value) in [
        ("/severity", json!("fine")),
        ("/timestamp", json!("soon")),
        ("/involvedObject/name", json!(7)),
    ] {
        let mut wrong = whole.clone();
        crate::world::set(&mut wrong, pointer, value);
        assert_eq!(FluxEvent::read(&wrong), None, "{pointer}");
    }
    for other in [json!({}), json!([]), json!("HelmRelease"), Value::Null] {
        assert_eq!(FluxEvent::read(&other), None);
    }
}

#[test]
fn what_is_older_than_what_is_known_changes_nothing() {
    let mut held = held(
        &[
            kustomization(APPLIED, "ReconciliationSucceeded", HEAD),
            release("9 UpgradeFailed! 1.1.7: CAUSE"),
        ],
        "1.1.7",
    );
    let before = view_at(&held, now());
    for old in [
        release("10 UpgradeSucceeded 1.1.7"),
        release("9 UpgradeSucceeded 1.1.7"),
        release("900 TestSucceeded 1.1.7"),
        kustomization(500, "BuildFailed", HEAD),
    ] {
        receive(&mut held, &old);
        assert_eq!(view_at(&held, now()), before);
    }
}

/// Every notification that a real notification-controller posted to Weft in the recorded run, told to an
/// environment that Weft cannot look into: where it is proven, the recorded run was as well.
#[test]
fn the_recorded_run_is_never_proven_by_its_notifications_alone_where_it_failed() {
    let text = include_str!("../../testdata/notifications.jsonl");
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a recorded line is JSON"))
        .filter(|row: &Value| {
            row["path"]
                .as_str()
                .is_some_and(|path| path.contains("/hooks/flux/"))
        })
        .collect();
    assert!(
        rows.iter()
            .all(|row| FluxEvent::read(&row["body"]).is_some())
    );
    let mut spec = environment("uat");
    let target = &mut spec.targets[0];
    target.flux.notifications_only = true;
    target.git_repository = name("podinfo", "repo");
    target.kustomization = name("podinfo", "uat");
    target.deployer = model::pipeline::Deployer::HelmRelease(name("podinfo", "podinfo"));
    let spec = pipeline(vec![spec]);
    let mut held = Observations::default();
    let mut proven = Vec::new();
    let mut failed = Vec::new();
    for row in &rows {
        let body = &row["body"];
        receive(&mut held, body);
        let step = row["step"].as_str().expect("its step");
        let began = rows.iter().find(|other| other["step"] == row["step"]);
        let began = began.and_then(|row| row["at"].as_str()).expect("at");
        let begun = Timestamp::parse(began).expect("a time");
        // Git asks for what the step says, at the commit that was fetched last.
        let desired = step
            .split([' ', ':'])
            .find_map(|word| model::ChartVersion::parse(word).ok());
        // What was fetched before the first Alert was there is only known from what was applied.
        let commit = [
            (Kind::GitRepository, "repo", Stage::Done),
            (Kind::Kustomization, "uat", Stage::Progress),
        ]
        .into_iter()
        .filter_map(|(kind, object, stage)| {
            held.notification("uat", kind, &name("podinfo", object), stage)
        })
        .find_map(|seen| {
            let revision = seen.value.revision.as_deref()?;
            model::CommitId::from_revision(revision)
        });
        let (Some(desired), Some(commit)) = (desired, commit) else {
            continue;
        };
        let time = Timestamp::parse(row["at"].as_str().expect("at")).expect("a time")
            + Duration::from_secs(31);
        let Fact::Declared(_, mut git) = declared("uat", &desired.to_string()) else {
            unreachable!("a declaration")
        };
        git.changed_at = begun;
        git.head = commit.clone();
        git.commits = vec![commit];
        // An app that would answer anything that is asked for.
        let answer = Live::Answer {
            version: model::AppVersion(desired.to_string()),
            revision: None,
            colour: None,
            message: None,
        };
        let facts = [
            Fact::Declared("uat".into(), git),
            Fact::Live("uat".into(), "uat".into(), answer),
        ];
        for mut observation in observed(&facts, time) {
            observation.sequence = u64::try_from(time.millis()).expect("a time");
            held.record(observation);
        }
        let view = board(&spec, None, at(&held, time)).environments.remove(0);
        let list = match view.verdict.state {
            VerdictState::Proven => &mut proven,
            VerdictState::Failed => &mut failed,
            _ => continue,
        };
        if !list.contains(&desired.to_string()) {
            list.push(desired.to_string());
        }
        assert!(view.links.iter().all(|link| link.state != LinkState::Stale));
    }
    assert_eq!(proven, ["6.0.0", "6.0.1", "6.0.2", "6.0.6"]);
    assert_eq!(failed, ["6.0.3", "6.0.4", "6.0.5", "6.9.9"]);
}
