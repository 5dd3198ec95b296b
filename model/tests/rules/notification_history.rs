//! What a cluster that only tells has told: how long it holds, what is no word at all, and the recorded run.

use crate::notifications::{APPLIED, TESTED, held, notification, receive, view_at};
use crate::world::{
    FactList as _, answer, at, declared, environment, merged, name, now, observed, pipeline, set,
};
use model::board::board;
use model::chain::{LinkName, LinkState, Tolerances, VerdictState};
use model::flux::{FluxEvent, Kind, Stage};
use model::observation::{Desired, Fact, SourceName};
use model::rollout::{StepState, rollout};
use model::{ChartVersion, CommitId, Observations, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn it_is_stale_when_nothing_was_told_for_long_and_a_failure_stays_one() {
    let late = now() + Tolerances::default().notifications;
    let verdict = |told: &[&str]| {
        let mut held = held(told, "1.1.7");
        held.record_success(&SourceName::github(), late);
        held.record_success(&SourceName::live("uat"), late);
        view_at(&held, late).verdict
    };
    let quiet = verdict(&[APPLIED, TESTED]);
    assert_eq!(
        (quiet.state, quiet.breaks_at),
        (VerdictState::Stale, Some(LinkName::Applied))
    );
    let words = "flux uat has not been heard for 16 min";
    assert!(quiet.sentence.contains(words), "{}", quiet.sentence);
    // One more reconciliation is a word about all of it.
    let again = "Kustomization 0 ReconciliationSucceeded HEAD";
    let spoken = verdict(&[APPLIED, TESTED, again]);
    assert_eq!(spoken.state, VerdictState::Proven);
    let failed = verdict(&["Kustomization 120 BuildFailed! HEAD", TESTED]);
    assert_eq!(failed.state, VerdictState::Failed);
}

#[test]
fn a_merged_promotion_is_followed_into_it_by_what_is_told() {
    let merged = merged("uat", "1.1.7");
    let mut spec = environment("uat");
    spec.targets[0].flux.notifications_only = true;
    let way = |told: &[&str]| {
        let held = held(told, "1.1.7");
        let steps = rollout(&merged, &spec, at(&held, now()));
        let done = steps
            .into_iter()
            .take_while(|step| step.state == StepState::Done);
        done.map(|step| step.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(way(&[]), "merged");
    assert_eq!(way(&[APPLIED]), "merged fetched applied");
    assert_eq!(
        way(&[APPLIED, TESTED]),
        "merged fetched applied chart fetched upgraded tested serving"
    );
}

#[test]
fn a_range_is_what_its_chart_was_told_to_be() {
    let ranged = |told: &[&str]| {
        let mut held = held(told, "1.1.7");
        let mut range = vec![declared("uat", "1.1.7")];
        range.declaration().desired = Ok(Desired::Range(">=0.0.3".into()));
        for mut observation in observed(&range, now()) {
            observation.sequence = 9;
            held.record(observation);
        }
        view_at(&held, now())
    };
    let pulled = |version: &str| format!("HelmChart 90 ChartPullSucceeded {version}: pulled");
    let known = ranged(&[APPLIED, &pulled("1.1.7"), TESTED]);
    let verdict = &known.verdict;
    assert_eq!(verdict.state, VerdictState::Proven, "{}", verdict.sentence);
    assert_eq!(known.desired.as_deref(), Some("1.1.7"));
    let newer = ranged(&[APPLIED, &pulled("1.1.8"), TESTED]).verdict;
    assert_eq!(newer.state, VerdictState::Rolling, "{}", newer.sentence);
    let not_told = ranged(&[APPLIED, TESTED]).verdict;
    assert_eq!(not_told.state, VerdictState::Unknown);
    let sentence = &not_told.sentence;
    assert!(sentence.contains("was not told"), "{sentence}");
}

#[test]
fn what_is_no_notification_is_no_fact() {
    let whole = notification(TESTED);
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
        set(&mut wrong, pointer, value);
        assert_eq!(FluxEvent::read(&wrong), None, "{pointer}");
    }
    for other in [json!({}), json!([]), json!("HelmRelease"), Value::Null] {
        assert_eq!(FluxEvent::read(&other), None);
    }
}

#[test]
fn what_is_older_than_what_is_known_changes_nothing() {
    let failed = "HelmRelease 9 UpgradeFailed! 1.1.7: CAUSE";
    let mut held = held(&[APPLIED, failed], "1.1.7");
    let before = view_at(&held, now());
    for old in [
        "HelmRelease 10 UpgradeSucceeded 1.1.7",
        "HelmRelease 9 UpgradeSucceeded 1.1.7",
        "HelmRelease 900 TestSucceeded 1.1.7",
        "Kustomization 500 BuildFailed! HEAD",
    ] {
        receive(&mut held, "uat", &notification(old), now());
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
        receive(&mut held, "uat", body, now());
        let step = row["step"].as_str().expect("its step");
        let began = rows.iter().find(|other| other["step"] == row["step"]);
        let began = began.and_then(|row| row["at"].as_str()).expect("at");
        let begun = Timestamp::parse(began).expect("a time");
        // Git asks for what the step says, at the commit that was fetched last.
        let desired = step
            .split([' ', ':'])
            .find_map(|word| ChartVersion::parse(word).ok());
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
            CommitId::from_revision(revision)
        });
        let (Some(desired), Some(commit)) = (desired, commit) else {
            continue;
        };
        let time = Timestamp::parse(row["at"].as_str().expect("at")).expect("a time")
            + Duration::from_secs(31);
        let desired = desired.to_string();
        // An app that would answer anything that is asked for.
        let answer = answer(&desired, None, None);
        let mut facts = vec![
            declared("uat", &desired),
            Fact::Live("uat".into(), "uat".into(), answer),
        ];
        let git = facts.declaration();
        git.changed_at = begun;
        git.head = commit.clone();
        git.commits = vec![commit];
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
        if !list.contains(&desired) {
            list.push(desired);
        }
        assert!(view.links.iter().all(|link| link.state != LinkState::Stale));
    }
    assert_eq!(proven, ["6.0.0", "6.0.1", "6.0.2", "6.0.6"]);
    assert_eq!(failed, ["6.0.3", "6.0.4", "6.0.5", "6.9.9"]);
}
