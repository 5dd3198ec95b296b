//! An environment that Weft cannot look into: what Flux's notifications make of it.

use crate::world::{FactList as _, HEAD, OLD, at, environment, known, live, now, pipeline, proven};
use model::board::board;
use model::chain::{LinkName, VerdictState};
use model::environment::EnvironmentView;
use model::flux::FluxEvent;
use model::observation::{Fact, SourceName};
use model::{Observation, Observations, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

/// A notification about an object as `seconds-ago Reason revision: message`, with `!` behind the reason of an
/// error.
pub fn body(kind: &str, of: (&str, &str), notification: &str) -> Value {
    let (head, message) = notification.split_once(": ").unwrap_or((notification, ""));
    let words: Vec<&str> = head.split(' ').collect();
    let ago = words[0].parse().expect("seconds");
    let reason = words[1].trim_end_matches('!');
    let mut metadata = json!({"token": "sha256:00"});
    if let Some(revision) = words.get(2) {
        metadata["revision"] = json!(revision);
        metadata["app-version"] = json!(format!("app-{revision}"));
    }
    json!({
        "involvedObject": {"apiVersion": "x/v1", "kind": kind, "namespace": of.0, "name": of.1, "uid": "0"},
        "severity": if words[1].ends_with('!') { "error" } else { "info" },
        "timestamp": (now() - Duration::from_secs(ago)).to_string(),
        "message": message.replace("CAUSE", CAUSE), "reason": reason, "metadata": metadata,
        "reportingController": "helm-controller", "reportingInstance": "helm-controller-0",
    })
}

/// What the server makes of a notification.
pub fn receive(held: &mut Observations, body: &Value) {
    let Some(event) = FluxEvent::read(body) else {
        return;
    };
    let source = SourceName::flux("uat");
    held.record_notification("uat", event.at, now());
    held.record_success(&source, event.at);
    held.record(Observation {
        source,
        at: event.at,
        sequence: event.sequence(),
        fact: Fact::Notification("uat".into(), Box::new(event)),
    });
}

/// The three objects of uat.
pub fn release(notification: &str) -> Value {
    body("HelmRelease", ("app-podinfo", "podinfo"), notification)
}

pub fn chart(notification: &str) -> Value {
    body(
        "HelmChart",
        ("app-podinfo", "app-podinfo-podinfo"),
        notification,
    )
}

pub fn kustomization(ago: u64, reason: &'static str, commit: &str) -> Value {
    let failed = if reason.ends_with("Failed") { "!" } else { "" };
    let notification = format!("{ago} {reason}{failed} x: yaml: line 3");
    let mut body = body("Kustomization", ("flux-system", "uat"), &notification);
    body["metadata"]["revision"] = json!(format!("main@sha1:{commit}"));
    body
}

pub fn held(bodies: &[Value], serves: &str) -> Observations {
    let mut facts = proven("uat", "1.1.7");
    facts.put(live("uat", "uat", serves));
    facts.drain(2..4);
    let mut held = known(&facts);
    for body in bodies {
        receive(&mut held, body);
    }
    held
}

pub fn view_at(held: &Observations, time: Timestamp) -> EnvironmentView {
    let mut spec = environment("uat");
    spec.targets[0].flux.notifications_only = true;
    let board = board(&pipeline(vec![spec]), None, at(held, time));
    board.environments[0].clone()
}

pub fn view(bodies: &[Value], serves: &str) -> EnvironmentView {
    view_at(&held(bodies, serves), now())
}

pub const CAUSE: &str = "Helm upgrade failed for release podinfo/podinfo with chart podinfo@1.1.7: timed out\n\nLast Helm logs:\n\nmore";
pub const UPGRADED: &str = "60 UpgradeSucceeded 1.1.7";
pub const TESTED: &str = "60 TestSucceeded 1.1.7";
pub const APPLIED: u64 = 120;

/// What it is, what was told, what the app answers, and the verdict with where it breaks and its words.
type Case = (
    &'static str,
    Vec<Value>,
    &'static str,
    (VerdictState, Option<LinkName>, &'static str),
);

#[test]
fn it_is_proven_only_where_every_word_and_the_live_app_agree() {
    use LinkName::{Applied, Deployed, Serving};
    use VerdictState::{Drifted, Failed, Proven, Rolling, Unknown};
    let applied = || kustomization(APPLIED, "ReconciliationSucceeded", HEAD);
    let cases: Vec<Case> = vec![
        (
            "all agree",
            vec![applied(), release(UPGRADED), release(TESTED)],
            "1.1.7",
            (Proven, None, ""),
        ),
        (
            "nothing was told",
            vec![],
            "1.1.7",
            (
                Unknown,
                Some(Applied),
                "Weft cannot look into uat, and no notification has told of the Kustomization flux-system/uat yet.",
            ),
        ),
        (
            "nothing of the release",
            vec![applied()],
            "1.1.7",
            (
                Unknown,
                Some(Deployed),
                "no notification has told of the HelmRelease",
            ),
        ),
        (
            "nothing of the Kustomization",
            vec![release(TESTED)],
            "1.1.7",
            (Unknown, Some(Applied), "of the Kustomization"),
        ),
        (
            "only another commit",
            vec![
                kustomization(9, "ReconciliationSucceeded", OLD),
                release(TESTED),
            ],
            "1.1.7",
            (
                Rolling,
                Some(Applied),
                "Flux has only told of 0000000 so far (by Flux's notification of 11:59 UTC; Weft cannot look itself).",
            ),
        ),
        (
            "it is being applied",
            vec![
                kustomization(9, "ReconciliationSucceeded", OLD),
                kustomization(2, "Progressing", HEAD),
                release(TESTED),
            ],
            "1.1.7",
            (Rolling, Some(Applied), "Flux is applying 1111111"),
        ),
        (
            "a correction of what is applied",
            vec![
                applied(),
                kustomization(2, "Progressing", HEAD),
                release(TESTED),
            ],
            "1.1.7",
            (Proven, None, ""),
        ),
        (
            "YAML that cannot be read",
            vec![kustomization(9, "BuildFailed", HEAD), release(TESTED)],
            "1.1.7",
            (
                Failed,
                Some(Applied),
                "Flux could not apply it (BuildFailed): yaml: line 3 (by Flux's notification of 11:59 UTC; Weft cannot look itself).",
            ),
        ),
        (
            "another app",
            vec![applied(), release(UPGRADED), release(TESTED)],
            "1.1.6",
            (Drifted, Some(Serving), "but the app answers"),
        ),
        (
            "an older release",
            vec![applied(), release("60 TestSucceeded 1.1.6")],
            "1.1.6",
            (
                Rolling,
                Some(Deployed),
                "Helm holds 1.1.6; nothing was told of 1.1.7 yet",
            ),
        ),
        (
            "an upgrade whose tests are to come",
            vec![applied(), release("5 UpgradeSucceeded 1.1.7")],
            "1.1.7",
            (Rolling, Some(Deployed), "of its tests nothing was told yet"),
        ),
        (
            "an upgrade where no tests were ever told of",
            vec![applied(), release(UPGRADED)],
            "1.1.7",
            (Proven, None, ""),
        ),
        (
            "an upgrade where tests run each time",
            vec![
                applied(),
                release("90 TestSucceeded 1.1.6"),
                release(UPGRADED),
            ],
            "1.1.7",
            (Rolling, Some(Deployed), "of its tests nothing was told yet"),
        ),
        (
            "an upgrade that failed",
            vec![
                applied(),
                release(TESTED),
                release("9 UpgradeFailed! 1.1.7: CAUSE"),
            ],
            "1.1.7",
            (
                Failed,
                Some(Deployed),
                "Helm upgrade to 1.1.7 failed: timed out (by",
            ),
        ),
        (
            "tests that failed",
            vec![
                applied(),
                release(UPGRADED),
                release(
                    "60 TestFailed! 1.1.7: Helm test failed for release podinfo/podinfo.v9 with chart podinfo@1.1.7: no",
                ),
            ],
            "1.1.7",
            (Failed, Some(Deployed), "The tests of 1.1.7 failed: no"),
        ),
        (
            "a rollback, though its word is a success and the app answers",
            vec![
                applied(),
                release("9 UpgradeFailed! 1.1.7: CAUSE"),
                release("9 RollbackSucceeded 1.1.7: Helm rollback to previous release succeeded"),
            ],
            "1.1.7",
            (Failed, Some(Deployed), "Rolled back: users still get 1.1.7"),
        ),
        (
            "a rollback alone",
            vec![
                applied(),
                release("9 RollbackSucceeded 1.1.7: Helm rollback to previous release succeeded"),
            ],
            "1.1.7",
            (
                Failed,
                Some(Deployed),
                "A release failed: Helm rollback to previous release succeeded",
            ),
        ),
        (
            "a rollback after a failure that is long past",
            vec![
                applied(),
                release("9000 TestFailed! 1.1.2"),
                release("9 RollbackSucceeded 1.1.6: Helm rollback"),
            ],
            "1.1.6",
            (Failed, Some(Deployed), "A release failed: Helm rollback"),
        ),
        (
            "a failure of the release before",
            vec![
                applied(),
                release("90 UpgradeFailed! 1.1.6"),
                release("90 RollbackSucceeded 1.1.5"),
            ],
            "1.1.5",
            (
                Rolling,
                Some(Deployed),
                "1.1.6 failed; nothing was told of 1.1.7 yet",
            ),
        ),
        (
            "values that cannot be read",
            vec![
                applied(),
                release(TESTED),
                release("9 ValuesError!: no such Secret"),
            ],
            "1.1.7",
            (
                Failed,
                Some(Deployed),
                "Helm could not deploy 1.1.7 (ValuesError): no such Secret",
            ),
        ),
        (
            "values that could not be read for a while",
            vec![
                applied(),
                release(TESTED),
                release("2000 ValuesError!: no such Secret"),
            ],
            "1.1.7",
            (Proven, None, ""),
        ),
        (
            "drift",
            vec![
                applied(),
                release(TESTED),
                release(
                    "9 DriftDetected!: Cluster state has drifted:\nDeployment/app-podinfo/podinfo changed",
                ),
            ],
            "1.1.7",
            (
                Drifted,
                Some(Deployed),
                "What runs was changed after Helm deployed it: Deployment/app-podinfo/podinfo changed",
            ),
        ),
        (
            "drift that was corrected in the same second",
            vec![
                applied(),
                release(TESTED),
                release("9 DriftDetected!: has drifted"),
                release("9 DriftCorrected 1.1.7: has been corrected"),
            ],
            "1.1.7",
            (Proven, None, ""),
        ),
        (
            "a chart that is not there",
            vec![
                applied(),
                release("60 TestSucceeded 1.1.6"),
                chart(
                    "9 InvalidChartReference!: no 'podinfo' chart with version matching '1.1.7' found",
                ),
            ],
            "1.1.6",
            (
                Failed,
                Some(Deployed),
                "The chart cannot be had (InvalidChartReference): no 'podinfo' chart",
            ),
        ),
        (
            "a chart that was not there for a while",
            vec![
                applied(),
                release(TESTED),
                chart("9 InvalidChartReference!: no"),
            ],
            "1.1.7",
            (Proven, None, ""),
        ),
    ];
    for (what, bodies, serves, (state, breaks_at, words)) in cases {
        let found = view(&bodies, serves);
        let verdict = &found.verdict;
        assert_eq!(
            (verdict.state, verdict.breaks_at),
            (state, breaks_at),
            "{what}: {}",
            verdict.sentence
        );
        assert!(
            verdict.sentence.contains(words),
            "{what}: {}",
            verdict.sentence
        );
        let mut reversed = bodies.clone();
        reversed.reverse();
        assert_eq!(
            view(&reversed, serves),
            found,
            "{what}: told the other way round"
        );
        let twice = [bodies.clone(), bodies].concat();
        assert_eq!(view(&twice, serves), found, "{what}: told twice");
    }
}

#[test]
fn its_links_say_who_told_and_that_weft_cannot_look() {
    let found = view(
        &[
            kustomization(APPLIED, "ReconciliationSucceeded", HEAD),
            release(UPGRADED),
            release(TESTED),
        ],
        "1.1.7",
    );
    assert_eq!(found.release.label(), "1.1.7");
    let [_, applied, deployed, serving] = found.links.as_slice() else {
        panic!("four links")
    };
    assert_eq!(
        applied.sentence,
        "Flux applied 1111111 (by Flux's notification of 11:58 UTC; Weft cannot look itself)."
    );
    assert_eq!(
        deployed.sentence,
        "Helm deployed 1.1.7 (by Flux's notification of 11:59 UTC; Weft cannot look itself)."
    );
    assert_eq!(serving.sentence, "The app answers app-1.1.7.");
    let evidence = deployed.evidence.as_ref().expect("its evidence");
    assert_eq!(
        evidence.condition.as_deref(),
        Some("notified: TestSucceeded")
    );
    let failed = view(
        &[
            kustomization(APPLIED, "ReconciliationSucceeded", HEAD),
            release("9 UpgradeFailed! 1.1.7: CAUSE"),
            release("8 RollbackSucceeded 1.1.6: Helm rollback succeeded"),
        ],
        "1.1.6",
    );
    let message = failed.links[2]
        .evidence
        .clone()
        .and_then(|evidence| evidence.message);
    let message = message.expect("whole");
    assert!(
        message.contains("Last Helm logs") && message.ends_with("Helm rollback succeeded"),
        "{message}"
    );
}
