//! What a gate says, before a promotion and after it.

use crate::world::{
    FactList as _, OLD, at, declared, deployed, environment, gate_with, helm, known, kustomization,
    live, merged, now, promotion, proven, rolled_back, view_of,
};
use model::chain::VerdictState;
use model::gate::GateState;
use model::observation::{DispatchRun, Fact};
use model::promotion::{Mergeable, Promotion, Review};
use model::rollout::{RolloutStep, StepState, rollout, steps, verdict_after};
use serde_json::json;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// A change of a promotion, and what the gate says of it.
type Case = (fn(&mut Promotion), GateState, &'static str);

#[test]
fn a_gate_says_in_one_sentence_what_it_waits_for() {
    use GateState::{Blocked, WaitsForApproval, WaitsForChecks, WaitsForMerge};
    let cases: &[Case] = &[
        (
            |_| (),
            WaitsForApproval,
            "1.1.7 waits for 1 approval from @sam or @li",
        ),
        (
            |p| p.required_checks.push("lint".into()),
            WaitsForChecks,
            "1 of 2 passed",
        ),
        (
            |p| p.mergeable = Mergeable::Conflicting,
            Blocked,
            "conflicts with main",
        ),
        (
            |p| p.required_approvals = None,
            Blocked,
            "could not be read",
        ),
        (
            |p| p.required_approvals = Some(0),
            WaitsForMerge,
            "waits to be merged",
        ),
    ];
    for (change, state, words) in cases {
        let mut promotion = promotion("prod", "1.1.7");
        change(&mut promotion);
        let gate = gate_with(Some(promotion), MINUTE, |_| {});
        assert_eq!(gate.state, *state, "{}", gate.sentence);
        assert!(gate.sentence.contains(words), "{}", gate.sentence);
    }
}

#[test]
fn a_promotion_that_never_came_is_told_by_what_became_of_its_dispatch() {
    use GateState::{Lost, WaitsForPromotion};
    let run = |status: &str, conclusion: Option<&str>, ago: u64| {
        Some(DispatchRun {
            status: status.into(),
            conclusion: conclusion.map(Into::into),
            at: now() - Duration::from_secs(ago),
            url: "https://github.com/demo/podinfo/actions/runs/7".into(),
        })
    };
    let lost = "the dispatch that opens the one for prod was lost";
    let old = run("completed", Some("success"), 3600);
    let under_way = run("in_progress", None, 700);
    let failed = run("completed", Some("failure"), 700);
    let in_vain = run("completed", Some("success"), 700);
    for (run, state, words, linked) in [
        (None, Lost, lost, false),
        (old, Lost, "was lost", false),
        (under_way, WaitsForPromotion, "is under way", true),
        (
            failed,
            Lost,
            "the workflow that opens the one for prod failed",
            true,
        ),
        (
            in_vain,
            Lost,
            "the workflow ran, but opened none for prod",
            true,
        ),
    ] {
        let gate = gate_with(None, 12 * MINUTE, |facts| {
            facts.put(Fact::Dispatch(run.clone()));
        });
        assert_eq!(gate.state, state, "{}", gate.sentence);
        assert!(gate.sentence.contains(words), "{}", gate.sentence);
        assert_eq!(gate.run.is_some(), linked, "{}", gate.sentence);
    }
    let not_asked = "has been proven in stg for 12 min. But the dispatch";
    for (minutes, state, words) in [
        (1, WaitsForPromotion, "its pull request for prod is due"),
        (12, Lost, not_asked),
    ] {
        let gate = gate_with(None, minutes * MINUTE, |_| {});
        assert_eq!(gate.state, state, "{}", gate.sentence);
        assert!(gate.sentence.contains(words), "{}", gate.sentence);
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
    let gate = gate_with(Some(with_review), Duration::ZERO, |_| {});
    assert_eq!(gate.state, GateState::WaitsForApproval);
}

#[test]
fn nothing_goes_on_from_an_environment_that_failed() {
    let gate = gate_with(None, Duration::ZERO, |facts| {
        facts.put(helm("stg", &rolled_back("1.1.7", "1.1.6")));
    });
    assert_eq!(gate.state, GateState::WaitsForProof);
    assert!(gate.sentence.contains("failed in stg"), "{}", gate.sentence);
}

#[test]
fn a_merged_promotion_is_followed_until_the_app_serves() {
    let merged = merged("prod", "1.1.7");
    let gate = gate_with(Some(merged), Duration::ZERO, |facts| {
        facts.put(declared("prod", "1.1.7"));
        facts.put(kustomization("prod", "prod", OLD));
    });
    assert_eq!(gate.state, GateState::Rolling);
    let names: Vec<&str> = gate.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["merged", "applied", "upgraded", "serving"]);
}

#[test]
fn what_holds_for_the_release_before_does_not_count_for_the_one_just_merged() {
    let merged = merged("prod", "1.1.7");
    let holding = |version| view_of(environment("prod"), &proven("prod", version));
    let states = |view| marked(steps(&merged, view));
    let before = holding("1.1.6");
    assert_eq!(before.verdict.state, VerdictState::Proven);
    assert_eq!(states(&before), "+merged ~applied .upgraded .serving");
    let verdict = verdict_after(&merged, &before);
    assert_eq!(verdict.state, VerdictState::Rolling);
    assert_eq!(
        verdict.sentence,
        "1.1.7 is merged; prod is about to fetch it."
    );
    let after = holding("1.1.7");
    assert_eq!(states(&after), "+merged +applied +upgraded +serving");
    assert_eq!(verdict_after(&merged, &after), after.verdict);
}

/// The steps, each behind a mark of its state.
fn marked(steps: Vec<RolloutStep>) -> String {
    let marked = steps.into_iter().map(|step| {
        let mark = match step.state {
            StepState::Done => '+',
            StepState::Now => '~',
            StepState::Failed => '!',
            StepState::Next => '.',
        };
        format!("{mark}{}", step.name)
    });
    marked.collect::<Vec<_>>().join(" ")
}

type Spoil = dyn Fn(&mut Vec<Fact>);

#[test]
fn the_whole_way_after_a_merge_is_followed_step_by_step() {
    let merged = merged("prod", "1.1.7");
    let way = |spoil: &Spoil| {
        let mut facts = proven("prod", "1.1.7");
        let mut tested = deployed("1.1.7");
        tested["status"]["history"][0]["testHooks"] =
            json!({"one": {"phase": "Succeeded", "lastCompleted": "2026-11-22T09:59:00Z"}});
        facts.put(helm("prod", &tested));
        spoil(&mut facts);
        let known = known(&facts);
        marked(rollout(&merged, &environment("prod"), at(&known, now())))
    };
    let whole = "+merged +fetched +applied +chart fetched +upgraded +tested +serving";
    assert_eq!(way(&|_| {}), whole);
    assert_eq!(
        way(&|facts| {
            let mut untested = deployed("1.1.7");
            untested["spec"]["test"]["enable"] = json!(false);
            facts.put(helm("prod", &untested));
        }),
        whole.replace(" +tested", ""),
        "a chart whose tests are off"
    );
    assert_eq!(
        way(&|facts| facts.put(declared("prod", "1.1.6"))),
        "+merged ~fetched .applied .chart fetched .upgraded .tested .serving"
    );
    assert_eq!(
        way(&|facts| facts.put(live("prod", "prod", "5.0.0"))),
        "+merged +fetched +applied +chart fetched +upgraded +tested ~serving"
    );
    assert_eq!(
        way(&|facts| facts.put(helm("prod", &rolled_back("1.1.7", "1.1.6")))),
        "+merged +fetched +applied +chart fetched !upgraded .tested .serving"
    );
}
