//! What is known of a dispatch that brought no pull request.

use crate::cases::cases;
use crate::notifications::{APPLIED, notification, receive};
use crate::world::{FactList as _, at, environment, known, name, now, pipeline, proven};
use model::board::board;
use model::flux::{Kind, Stage};
use model::gate::Gate;
use model::observation::{DispatchRun, Fact};
use std::time::Duration;

/// stg has been proven for so long.
const PROVEN_FOR: Duration = Duration::from_secs(720);

/// The gate into prod, whose pull request never came, after what Flux told of stg. Weft began to hear so many
/// seconds ago.
fn gate(told: &[impl AsRef<str>], hears_for: u64, run: Option<DispatchRun>) -> Gate {
    let spec = pipeline(vec![environment("stg"), environment("prod")]);
    let mut facts = proven("stg", "1.1.7");
    facts.extend(proven("prod", "1.1.6"));
    facts.put(Fact::Dispatch(run));
    let mut held = known(&facts);
    let began = now() - Duration::from_secs(hears_for);
    for text in told {
        receive(&mut held, "stg", &notification(text.as_ref()), began);
    }
    let other = name("a", "b");
    let event = held.notification("stg", Kind::HelmRelease, &other, Stage::Done);
    assert!(event.is_none());
    let before = board(&spec, None, at(&held, now() - PROVEN_FOR));
    board(&spec, Some(&before), at(&held, now()))
        .gates
        .remove(0)
}

#[test]
fn what_weft_heard_tells_a_dispatch_that_was_lost_from_one_that_was_never_sent() {
    for mut case in cases(include_str!("cases/dispatch.txt")) {
        let hears_for = case.take("hears for ");
        let hears_for = hears_for.map_or(90_000, |text| text.parse().expect("seconds"));
        let gate = gate(&case.given, hears_for, None);
        case.is_said(gate.state, &gate.sentence);
    }
}

#[test]
fn a_run_that_github_knows_of_is_told_before_anything_that_was_heard() {
    let failed = DispatchRun {
        status: "completed".into(),
        conclusion: Some("failure".into()),
        at: now() - PROVEN_FOR,
        url: "https://github.com/demo/podinfo/actions/runs/7".into(),
    };
    let told = ["HelmRelease 86400 TestSucceeded 1.1.6", APPLIED];
    let gate = gate(&told, 90_000, Some(failed));
    let words = "the workflow that opens the one for prod failed";
    assert!(gate.sentence.contains(words), "{}", gate.sentence);
    assert!(gate.run.is_some());
}
