//! What four links add up to.

use crate::world::{
    FactList as _, HEAD, OLD, at, board_of, conditions, deployed, environment, git_repository,
    helm, known, kustomization, live, now, observed, pipeline, proven, ranged, rolled_back, set,
    silent, state_of, status, target, view_of,
};
use model::CommitId;
use model::board::{Tone, board, row};
use model::chain::{LinkName, Tolerances, VerdictState};
use model::observation::{Desired, Fact};
use serde_json::json;
use std::time::Duration;

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
        let verdict = &board.environments[0].verdict;
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
    facts.put(live("uat", "uat", "1.1.6"));
    assert_eq!(state_of(&facts), VerdictState::Drifted);
}

#[test]
fn an_app_that_answers_the_version_before_is_on_its_way_for_a_while() {
    for (seconds, state) in [(5, VerdictState::Rolling), (31, VerdictState::Drifted)] {
        let mut release = deployed("1.1.7");
        let ended = (now() - Duration::from_secs(seconds)).to_string();
        set(
            &mut release,
            "/status/conditions/1/lastTransitionTime",
            json!(ended),
        );
        let mut facts = proven("uat", "1.1.7");
        facts.put(helm("uat", &release));
        facts.put(live("uat", "uat", "1.1.6"));
        assert_eq!(state_of(&facts), state, "{seconds} s after Helm was done");
    }
}

#[test]
fn an_app_that_keeps_silent_is_unknown_at_first_and_then_failed() {
    for (seconds, state) in [(2, VerdictState::Unknown), (11, VerdictState::Failed)] {
        let mut facts = proven("uat", "1.1.7");
        facts.put(silent("uat", "uat", seconds));
        assert_eq!(state_of(&facts), state);
    }
}

#[test]
fn a_commit_that_only_touched_other_environments_does_not_undo_the_proof() {
    let mut facts = proven("uat", "1.1.7");
    facts.put(kustomization("uat", "uat", OLD));
    assert_eq!(state_of(&facts), VerdictState::Rolling);
    facts.declaration().commits.push(CommitId::new(OLD));
    assert_eq!(state_of(&facts), VerdictState::Proven);
}

#[test]
fn a_git_failure_of_flux_is_named() {
    let mut facts = proven("uat", "1.1.7");
    facts.put(kustomization("uat", "uat", OLD));
    let ready = "Ready=False (GitOperationFailed) failed to checkout: authentication required";
    let object = json!({
        "metadata": {"generation": 1}, "status": {"conditions": conditions([ready], 1)},
    });
    facts.put(git_repository(&object));
    let verdict = view_of(environment("uat"), &facts).verdict;
    assert!(verdict.sentence.contains("authentication required"));
    assert_eq!(verdict.state, VerdictState::Failed);
}

#[test]
fn an_environment_holds_only_what_all_its_targets_hold() {
    let mut spec = environment("prod");
    spec.targets.push(target("prod", "prod-eu"));
    let mut facts = proven("prod", "1.1.7");
    let unknown = view_of(spec.clone(), &facts).verdict.state;
    assert_eq!(unknown, VerdictState::Unknown);
    facts.put(kustomization("prod-eu", "prod", HEAD));
    facts.put(helm("prod-eu", &deployed("1.1.7")));
    facts.put(live("prod", "prod-eu", "1.1.7"));
    let view = view_of(spec, &facts);
    assert_eq!(view.verdict.state, VerdictState::Proven);
    assert_eq!(view.targets.len(), 2);
}

#[test]
fn a_proof_keeps_its_age_where_git_follows_a_range() {
    let mut facts = proven("dev-test", "1.1.7");
    facts.declaration().desired = Ok(Desired::Range(">=0.0.3".into()));
    for fact in ranged("dev-test", "1.1.7") {
        facts.put(fact);
    }
    stays_proven("dev-test", &facts);
}

#[test]
fn a_failed_release_under_a_green_tick_says_that_the_tick_lies() {
    let mut facts = proven("uat", "1.1.7");
    facts.put(helm("uat", &rolled_back("1.1.7", "1.1.6")));
    facts.put(status("success", HEAD));
    let board = board_of(
        &pipeline(vec![environment("uat")]),
        &observed(&facts, now()),
    );
    assert!(board.environments[0].status_is_misleading);
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

#[test]
fn a_verdict_that_did_not_change_keeps_its_time() {
    stays_proven("uat", &proven("uat", "1.1.7"));
}

/// Asserts that a proof some seconds later is still as old as the first one.
fn stays_proven(name: &str, facts: &[Fact]) {
    let spec = pipeline(vec![environment(name)]);
    let known = known(facts);
    let first = board(&spec, None, at(&known, now()));
    assert_eq!(first.environments[0].verdict.state, VerdictState::Proven);
    let later = now() + Duration::from_secs(10);
    let second = board(&spec, Some(&first), at(&known, later));
    assert_eq!(second.environments[0].verdict.since, now());
}
