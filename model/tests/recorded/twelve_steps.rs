//! `testdata/objects.jsonl` is every update of the Flux objects of one environment, on a real API
//! server, through twelve steps good and bad. They are replayed one by one; the tables below say what
//! a person would call a change, and the rules must say exactly that, no more and no less.

use std::collections::BTreeMap;

use model::chain::VerdictState;
use model::environment::EnvironmentView;
use model::flux::HelmReleaseReading;
use model::observation::Desired;
use model::pipeline::{Deployer, EnvironmentSpec, GateKind, ObjectName};
use model::{ChartVersion, CommitId, EnvironmentName, Timestamp};
use serde_json::{Value, json};

use crate::replay::{Replay, pipeline, target};

/// One recorded update.
struct Update {
    at: Timestamp,
    step: String,
    object: Value,
}

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

/// Every change of verdict that a person would call one: the update, what git asks for, the verdict, the link
/// that breaks, and words that its sentence must hold.
const CHANGES: &str = include_str!("changes.txt");

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
    let release = Deployer::HelmRelease(ObjectName::new("podinfo", "podinfo"));
    let mut target = target("uat", release);
    target.git_repository = ObjectName::new("podinfo", "repo");
    target.kustomization = ObjectName::new("podinfo", "uat");
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

/// The version that a step is called by.
fn version_in(step: &str) -> Option<String> {
    let mut words = step.split([' ', ':']);
    let version = words.find(|word| ChartVersion::parse(word).is_ok())?;
    Some(version.to_owned())
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
    let mut declared = ("", String::new());
    let mut replay = uat();
    for (index, update) in updates.iter().enumerate() {
        let step = update.step.as_str();
        if step != declared.0 && update.object["kind"] == "GitRepository" {
            // What spoils or repairs a file beside this one declares the same as before.
            let version = version_in(step).unwrap_or(declared.1);
            declare(&mut replay, &version, &commits[step], update.at);
            declared = (step, version);
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
    let mut expected = CHANGES.lines();
    let mut last = None;
    replay(|index, _, view| {
        let verdict = &view.verdict;
        let desired = view.desired.clone().unwrap_or_default();
        let breaks_at = verdict.breaks_at;
        let broken = breaks_at.filter(|_| verdict.state != VerdictState::Rolling);
        let now = Some((desired.clone(), verdict.state, broken));
        if last != now {
            last = now;
            let at = breaks_at.map(|link| format!(" at {link:?}"));
            let at = at.unwrap_or_default();
            let seen = format!("{index} {desired} {:?}{at}", verdict.state);
            let sentence = &verdict.sentence;
            let line = expected.next().and_then(|line| line.split_once(": "));
            let (change, words) = line.unwrap_or_else(|| panic!("one change too many: {seen}"));
            assert_eq!(seen, change, "{sentence}");
            assert!(
                sentence.contains(words),
                "«{sentence}» should say «{words}»"
            );
        }
    });
    assert_eq!(expected.next(), None);
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
