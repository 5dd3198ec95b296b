//! What a gate says, before a promotion and after it.

use crate::world::{
    FactList as _, OLD, at, declared, deployed, environment, gate_with, helm, known, kustomization,
    live, now, promotion, proven, rolled_back, view_of,
};
use model::chain::VerdictState;
use model::gate::GateState;
use model::observation::{DispatchRun, Fact};
use model::promotion::{Mergeable, Promotion, PromotionState, Review};
use model::rollout::StepState;
use serde_json::json;
use std::time::Duration;

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
            "has been proven in stg for 12 min. But the dispatch",
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
            facts.put(fact.clone());
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
        facts.put(helm("stg", &rolled_back("1.1.7", "1.1.6")));
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
        facts.put(declared("prod", "1.1.7"));
        facts.put(kustomization("prod", "prod", OLD));
    });
    assert_eq!(gate.state, GateState::Rolling);
    let names: Vec<&str> = gate.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["merged", "applied", "upgraded", "serving"]);
}

#[test]
fn what_holds_for_the_release_before_does_not_count_for_the_one_just_merged() {
    let merged = Promotion {
        state: PromotionState::Merged,
        closed_at: Some(now()),
        ..promotion("prod", "1.1.7")
    };
    let holding = |version| view_of(environment("prod"), &proven("prod", version));
    let states = |view| {
        let steps = model::rollout::steps(&merged, view);
        steps.into_iter().map(|step| step.state).collect::<Vec<_>>()
    };
    let before = holding("1.1.6");
    assert_eq!(before.verdict.state, VerdictState::Proven);
    assert_eq!(
        states(&before),
        [
            StepState::Done,
            StepState::Now,
            StepState::Next,
            StepState::Next
        ]
    );
    let verdict = model::rollout::verdict_after(&merged, &before);
    assert_eq!(verdict.state, VerdictState::Rolling);
    assert_eq!(
        verdict.sentence,
        "1.1.7 is merged; prod is about to fetch it."
    );
    let after = holding("1.1.7");
    assert_eq!(states(&after), [StepState::Done; 4]);
    assert_eq!(
        model::rollout::verdict_after(&merged, &after),
        after.verdict
    );
}

type Spoil = dyn Fn(&mut Vec<Fact>);

#[test]
fn the_whole_way_after_a_merge_is_followed_step_by_step() {
    let merged = Promotion {
        state: PromotionState::Merged,
        closed_at: Some(now()),
        ..promotion("prod", "1.1.7")
    };
    let way = |spoil: &Spoil| {
        let mut facts = proven("prod", "1.1.7");
        let mut tested = deployed("1.1.7");
        tested["status"]["history"][0]["testHooks"] =
            json!({"one": {"phase": "Succeeded", "lastCompleted": "2026-11-22T09:59:00Z"}});
        facts.put(helm("prod", &tested));
        spoil(&mut facts);
        let known = known(&facts);
        let steps = model::rollout::rollout(&merged, &environment("prod"), at(&known, now()));
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
