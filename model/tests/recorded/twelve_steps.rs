//! `testdata/objects.jsonl` is every update of the Flux objects of one environment, on a real API
//! server, through twelve steps good and bad. They are replayed one by one; the tables below say what
//! a person would call a change, and the rules must say exactly that, no more and no less.

use std::collections::BTreeMap;

use model::chain::{LinkName, VerdictState};
use model::environment::EnvironmentView;
use model::flux::HelmReleaseReading;
use model::observation::Desired;
use model::pipeline::{Deployer, EnvironmentSpec, GateKind};
use model::{ChartVersion, CommitId, EnvironmentName, Timestamp};
use serde_json::{Value, json};

use crate::replay::{Replay, name, pipeline, target};

/// One recorded update.
struct Update {
    at: Timestamp,
    step: String,
    object: Value,
}

/// What each step declared in git. «broken YAML» spoiled a file beside this one.
const DECLARED: &[(&str, &str)] = &[
    ("first install of 6.0.0", "6.0.0"),
    ("upgrade to 6.0.1 succeeds", "6.0.1"),
    (
        "upgrade to 6.0.3 fails at once (immutable selector), rolled back",
        "6.0.3",
    ),
    ("upgrade to 6.0.2 succeeds", "6.0.2"),
    (
        "upgrade to 6.0.4 never becomes ready: timeout, rolled back",
        "6.0.4",
    ),
    ("upgrade to 6.0.6 succeeds", "6.0.6"),
    (
        "upgrade to 6.0.5: the chart's test fails, rolled back",
        "6.0.5",
    ),
    ("chart version 6.9.9 does not exist", "6.9.9"),
    ("back to 6.0.6", "6.0.6"),
    ("suspended, then 6.0.1 declared", "6.0.1"),
    ("broken YAML in git", "6.0.1"),
    ("repaired", "6.0.1"),
];

/// What the app answered, from the update (counted from 0) in which its pods changed.
const SERVED: &[(usize, &str)] = &[
    (29, "6.0.0"),
    (74, "6.0.1"),
    (150, "6.0.2"),
    (234, "6.0.6"),
    (274, "6.0.5"),
    (285, "6.0.6"),
    (386, "6.0.1"),
];

/// Every change of verdict that a person would call one: the update, what git asks for, the verdict,
/// the link that breaks, and words that its sentence must hold.
const CHANGES: &[(usize, &str, VerdictState, Option<LinkName>, &str)] = {
    use LinkName::{Applied, Deployed};
    use VerdictState::{Drifted, Failed, Proven, Rolling, Unknown};
    &[
        (0, "6.0.0", Unknown, Some(Applied), "No Kustomization"),
        (1, "6.0.0", Rolling, Some(Applied), "yet to fetch"),
        (36, "6.0.0", Proven, None, "agree"),
        (57, "6.0.1", Rolling, Some(Applied), "yet to fetch"),
        (81, "6.0.1", Proven, None, "agree"),
        (94, "6.0.3", Rolling, Some(Applied), "yet to fetch"),
        (
            111,
            "6.0.3",
            Failed,
            Some(Deployed),
            "Helm upgrade to 6.0.3 failed: server-side apply failed",
        ),
        (133, "6.0.2", Rolling, Some(Applied), "yet to fetch"),
        (154, "6.0.2", Proven, None, "agree"),
        (173, "6.0.4", Rolling, Some(Applied), "yet to fetch"),
        (
            194,
            "6.0.4",
            Failed,
            Some(Deployed),
            "Helm upgrade to 6.0.4 failed: timeout waiting",
        ),
        (216, "6.0.6", Rolling, Some(Applied), "yet to fetch"),
        (241, "6.0.6", Proven, None, "agree"),
        (257, "6.0.5", Rolling, Some(Applied), "yet to fetch"),
        (
            281,
            "6.0.5",
            Failed,
            Some(Deployed),
            "The tests of 6.0.5 failed",
        ),
        (303, "6.9.9", Rolling, Some(Applied), "yet to fetch"),
        (
            315,
            "6.9.9",
            Failed,
            Some(Deployed),
            "no 'podinfo' chart with version matching '6.9.9' found",
        ),
        (330, "6.0.6", Rolling, Some(Applied), "yet to fetch"),
        (348, "6.0.6", Proven, None, "agree"),
        (368, "6.0.6", Drifted, Some(Deployed), "suspended"),
        (369, "6.0.1", Rolling, Some(Applied), "yet to fetch"),
        (393, "6.0.1", Proven, None, "agree"),
        (425, "6.0.1", Rolling, Some(Applied), "yet to fetch"),
        (430, "6.0.1", Failed, Some(Applied), "MalformedYAMLError"),
        (446, "6.0.1", Rolling, Some(Applied), "yet to fetch"),
        (453, "6.0.1", Proven, None, "agree"),
    ]
};

fn updates() -> Vec<Update> {
    let text = include_str!("../../testdata/objects.jsonl");
    text.lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).expect("a recorded line is JSON");
            Update {
                at: Timestamp::parse(row["at"].as_str().expect("at")).expect("a time"),
                step: row["step"].as_str().expect("step").to_owned(),
                object: row["object"].clone(),
            }
        })
        .collect()
}

fn uat() -> Replay {
    let release = Deployer::HelmRelease(name("podinfo", "podinfo"));
    let mut target = target("uat", release);
    target.git_repository = name("podinfo", "repo");
    target.kustomization = name("podinfo", "uat");
    Replay::of(pipeline(
        "podinfo",
        vec![EnvironmentSpec {
            name: "uat".into(),
            gate: GateKind::Approval,
            user_facing: false,
            path: "environments/uat/podinfo.yaml".into(),
            link: None,
            targets: vec![target],
        }],
    ))
}

fn declare(replay: &mut Replay, version: &str, commit: &CommitId, at: Timestamp) {
    let want = Desired::Chart(ChartVersion::parse(version).expect("a version"));
    replay.declared("uat", Ok(want), vec![commit.clone()], at);
}

fn serve(replay: &mut Replay, version: &str, at: Timestamp) {
    replay.served("uat", &json!({ "version": version }), at);
}

fn view(replay: &mut Replay, now: Timestamp) -> EnvironmentView {
    replay.board(now).environments[0].clone()
}

/// The commit that each step pushed: the one that its GitRepository came to hold.
fn commits(updates: &[Update]) -> BTreeMap<String, CommitId> {
    updates
        .iter()
        .filter(|update| update.object["kind"] == "GitRepository")
        .filter_map(|update| {
            let revision = update
                .object
                .pointer("/status/artifact/revision")?
                .as_str()?;
            Some((update.step.clone(), CommitId::from_revision(revision)?))
        })
        .collect()
}

/// Replays everything and calls `look` after each update.
fn replay(mut look: impl FnMut(usize, &Update, &EnvironmentView)) {
    let updates = updates();
    let commits = commits(&updates);
    let mut declared_step = "";
    let mut replay = uat();
    for (index, update) in updates.iter().enumerate() {
        let pushed = DECLARED.iter().find(|(step, _)| *step == update.step);
        if let Some((step, version)) = pushed.filter(|(step, _)| *step != declared_step)
            && update.object["kind"] == "GitRepository"
        {
            declared_step = step;
            declare(&mut replay, version, &commits[*step], update.at);
        }
        if let Some((_, version)) = SERVED.iter().find(|(from, _)| *from == index) {
            serve(&mut replay, version, update.at);
        }
        replay.object("uat", &update.object, update.at);
        let view = view(&mut replay, update.at);
        look(index, update, &view);
    }
}

#[test]
fn the_verdict_changes_exactly_when_a_person_would_say_so() {
    let mut seen = Vec::new();
    let mut last = None;
    replay(|index, _, view| {
        let verdict = &view.verdict;
        let desired = view.desired.clone().unwrap_or_default();
        let now = (
            desired.clone(),
            verdict.state,
            verdict
                .breaks_at
                .filter(|_| verdict.state != VerdictState::Rolling),
        );
        if last.as_ref() != Some(&now) {
            last = Some(now);
            seen.push((
                index,
                desired,
                verdict.state,
                verdict.breaks_at,
                verdict.sentence.clone(),
            ));
        }
    });
    for (at, seen) in seen.iter().enumerate() {
        let Some((index, desired, state, breaks_at, words)) = CHANGES.get(at) else {
            panic!("one change too many: {seen:?}");
        };
        assert_eq!(
            (seen.0, seen.1.as_str(), seen.2, seen.3),
            (*index, *desired, *state, *breaks_at),
            "{}",
            seen.4
        );
        assert!(seen.4.contains(words), "«{}» should say «{words}»", seen.4);
    }
    assert_eq!(seen.len(), CHANGES.len());
}

#[test]
fn what_never_ran_is_never_proven() {
    replay(|index, update, view| {
        for bad in ["6.0.3", "6.0.4", "6.0.5", "6.9.9"] {
            let asked = view.desired.as_deref() == Some(bad);
            assert!(
                !(asked && view.verdict.state == VerdictState::Proven),
                "{bad} proven at update {index} ({})",
                update.step
            );
        }
    });
}

#[test]
fn a_rolled_back_release_says_what_users_still_get() {
    let mut said = BTreeMap::new();
    replay(|_, update, view| {
        if view.verdict.state == VerdictState::Failed {
            said.insert(update.step.clone(), view.verdict.sentence.clone());
        }
    });
    for (tried, kept) in [("6.0.3", "6.0.1"), ("6.0.4", "6.0.2"), ("6.0.5", "6.0.6")] {
        let sentence = said
            .values()
            .find(|sentence| sentence.contains(tried))
            .expect(tried);
        assert!(
            sentence.ends_with(&format!("Rolled back: users still get {kept}.")),
            "{sentence}"
        );
    }
}

#[test]
fn the_recording_read_by_an_environment_with_another_order_of_kinds_ends_the_same() {
    // Watches of different kinds race; whatever the interleaving, the end is the same board.
    let updates = updates();
    let commits = commits(&updates);
    let end = |order: &[&str]| {
        let mut replay = uat();
        let at = updates.last().expect("updates").at;
        for kind in order {
            updates
                .iter()
                .filter(|update| update.object["kind"] == *kind)
                .for_each(|update| replay.object("uat", &update.object, update.at));
        }
        declare(&mut replay, "6.0.1", &commits["repaired"], at);
        serve(&mut replay, "6.0.1", at);
        view(&mut replay, at)
    };
    let forward = end(&["GitRepository", "Kustomization", "HelmChart", "HelmRelease"]);
    let backward = end(&["HelmRelease", "HelmChart", "Kustomization", "GitRepository"]);
    assert_eq!(forward, backward);
    assert_eq!(forward.verdict.state, VerdictState::Proven);
    assert_eq!(forward.name, EnvironmentName::from("uat"));
}

#[test]
fn an_upgrade_is_done_when_flux_says_so_and_not_when_helm_began_it() {
    let at = |time: &str| Timestamp::parse(time).ok();
    let last = updates()
        .into_iter()
        .filter(|update| update.object["kind"] == "HelmRelease")
        .rfind(|update| update.step == "upgrade to 6.0.1 succeeds")
        .expect("the upgrade");
    let reading = HelmReleaseReading::read(&last.object, None);
    let began = reading.deployed.as_ref().and_then(|snapshot| snapshot.at);
    assert_eq!(began, at("2026-11-22T14:51:19Z"));
    assert_eq!(reading.released_at(), at("2026-11-22T14:51:24Z"));
}
