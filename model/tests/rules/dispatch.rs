//! What is known of a dispatch that brought no pull request.

use crate::world::{FactList as _, at, environment, known, name, now, pipeline, proven};
use model::Observation;
use model::board::board;
use model::flux::{FluxEvent, Kind, Stage};
use model::gate::{Gate, GateState};
use model::observation::{DispatchRun, Fact, SourceName};
use serde_json::json;
use std::time::Duration;

/// stg has been proven for so long.
const PROVEN_FOR: Duration = Duration::from_secs(720);

/// What Flux told of stg: how many seconds ago, of which kind of object, why, and of which revision.
type Event = (u64, &'static str, &'static str, &'static str);

fn flux_event((ago, kind, reason, revision): &Event) -> FluxEvent {
    let (namespace, called) = match *kind {
        "HelmRelease" => ("app-podinfo", "podinfo"),
        _ => ("flux-system", "stg"),
    };
    let body = json!({
        "involvedObject": {"kind": kind, "namespace": namespace, "name": called},
        "severity": if reason.ends_with("Failed") { "error" } else { "info" },
        "timestamp": (now() - Duration::from_secs(*ago)).to_string(),
        "reason": reason, "message": "", "metadata": {"revision": revision},
    });
    FluxEvent::read(&body).expect("a notification")
}

/// The gate into prod, whose pull request never came. Weft began to hear so many seconds ago.
fn gate(events: &[Event], hears_for: u64, run: Option<DispatchRun>) -> Gate {
    let spec = pipeline(vec![environment("stg"), environment("prod")]);
    let mut facts = proven("stg", "1.1.7");
    facts.extend(proven("prod", "1.1.6"));
    facts.put(Fact::Dispatch(run));
    let mut held = known(&facts);
    for event in events {
        let event = flux_event(event);
        let began = now() - Duration::from_secs(hears_for);
        held.record_notification("stg", event.at, began);
        held.record(Observation {
            source: SourceName::flux("stg"),
            at: event.at,
            sequence: event.sequence(),
            fact: Fact::Notification("stg".into(), Box::new(event)),
        });
    }
    assert!(
        held.notification("stg", Kind::HelmRelease, &name("a", "b"), Stage::Done)
            .is_none()
    );
    let before = board(&spec, None, at(&held, now() - PROVEN_FOR));
    board(&spec, Some(&before), at(&held, now()))
        .gates
        .remove(0)
}

const BEFORE: Event = (86_400, "HelmRelease", "TestSucceeded", "1.1.6");
const APPLIED: Event = (5, "Kustomization", "ReconciliationSucceeded", "main@sha1:1");
const SENT: &str = "Flux told Weft at 11:48 UTC, but no run started: the dispatch that opens the one for prod was lost on its way to GitHub, or its own Alert did not send it.";
const NEVER: &str =
    "it sent nothing of this: the dispatch that opens the one for prod was never sent.";
const NOT_KNOWN: &str = "But the dispatch that opens the one for prod was lost, or was never sent: Weft hears too little of Flux there to know which.";

#[test]
fn what_weft_heard_tells_a_dispatch_that_was_lost_from_one_that_was_never_sent() {
    let cases: &[(&str, &[Event], u64, &str)] = &[
        ("it hears nothing", &[], 90_000, NOT_KNOWN),
        (
            "it heard the tests succeed",
            &[
                BEFORE,
                APPLIED,
                (720, "HelmRelease", "TestSucceeded", "1.1.7"),
            ],
            90_000,
            SENT,
        ),
        (
            "it heard the upgrade succeed",
            &[(720, "HelmRelease", "UpgradeSucceeded", "1.1.7+0cc9a8446c95")],
            90_000,
            SENT,
        ),
        (
            "it heard everything but that",
            &[BEFORE, APPLIED],
            90_000,
            NEVER,
        ),
        (
            "it began to hear after that",
            &[BEFORE, APPLIED],
            600,
            NOT_KNOWN,
        ),
        ("it has heard nothing since", &[BEFORE], 90_000, NOT_KNOWN),
        (
            "it hears of the Kustomization only",
            &[APPLIED],
            90_000,
            NOT_KNOWN,
        ),
        (
            "it heard a failure",
            &[APPLIED, (720, "HelmRelease", "TestFailed", "1.1.7")],
            90_000,
            NEVER,
        ),
        (
            "it heard a rollback to it",
            &[APPLIED, (720, "HelmRelease", "RollbackSucceeded", "1.1.7")],
            90_000,
            NEVER,
        ),
    ];
    for (what, events, hears_for, words) in cases {
        let gate = gate(events, *hears_for, None);
        assert_eq!(gate.state, GateState::Lost, "{what}");
        let begins = "No pull request came: 1.1.7 has been proven in stg for 12 min. ";
        assert!(
            gate.sentence.starts_with(begins),
            "{what}: {}",
            gate.sentence
        );
        assert!(gate.sentence.ends_with(words), "{what}: {}", gate.sentence);
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
    let gate = gate(&[BEFORE, APPLIED], 90_000, Some(failed));
    assert!(
        gate.sentence
            .contains("the workflow that opens the one for prod failed"),
        "{}",
        gate.sentence
    );
    assert!(gate.run.is_some());
}
