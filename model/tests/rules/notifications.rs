//! An environment that Weft cannot look into: what Flux's notifications make of it.

use crate::cases::cases;
use crate::world::{
    FactList as _, at, environment, known, live, now, pipeline, proven, with_commits,
};
use model::board::board;
use model::environment::EnvironmentView;
use model::flux::FluxEvent;
use model::observation::{Fact, SourceName};
use model::{Observation, Observations, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

pub const APPLIED: &str = "Kustomization 120 ReconciliationSucceeded HEAD";
pub const TESTED: &str = "HelmRelease 60 TestSucceeded 1.1.7";

const CAUSE: &str = "Helm upgrade failed for release podinfo/podinfo with chart podinfo@1.1.7: timed out\n\nLast Helm logs:\n\nmore";

/// A notification about an object of uat as `Kind seconds-ago Reason revision: message`, with `!` behind the
/// reason of an error.
pub fn notification(text: &str) -> Value {
    let text = with_commits(text);
    let (head, message) = text.split_once(": ").unwrap_or((&text, ""));
    let words: Vec<&str> = head.split(' ').collect();
    let (kind, reason) = (words[0], words[2].trim_end_matches('!'));
    let (namespace, name) = match kind {
        "Kustomization" => ("flux-system", "uat"),
        "HelmChart" => ("app-podinfo", "app-podinfo-podinfo"),
        _ => ("app-podinfo", "podinfo"),
    };
    let ago = Duration::from_secs(words[1].parse().expect("seconds"));
    let mut metadata = json!({"token": "sha256:00"});
    if let Some(revision) = words.get(3) {
        let branch = if kind == "Kustomization" {
            "main@sha1:"
        } else {
            ""
        };
        metadata["revision"] = json!(format!("{branch}{revision}"));
        metadata["app-version"] = json!(format!("app-{revision}"));
    }
    json!({
        "involvedObject": {"apiVersion": "x/v1", "kind": kind, "namespace": namespace, "name": name, "uid": "0"},
        "severity": if words[2].ends_with('!') { "error" } else { "info" },
        "timestamp": (now() - ago).to_string(),
        "message": message.replace("CAUSE", CAUSE), "reason": reason, "metadata": metadata,
        "reportingController": "helm-controller", "reportingInstance": "helm-controller-0",
    })
}

/// What the server makes of a notification that it received `now`, the first one or a later one.
pub fn receive(held: &mut Observations, cluster: &str, body: &Value, now: Timestamp) {
    let Some(event) = FluxEvent::read(body) else {
        return;
    };
    let source = SourceName::flux(cluster);
    held.record_notification(cluster, event.at, now);
    held.record_success(&source, event.at);
    held.record(Observation {
        source,
        at: event.at,
        sequence: event.sequence(),
        fact: Fact::Notification(cluster.into(), Box::new(event)),
    });
}

/// What is known of uat after these notifications, where the app answers a version.
pub fn held(told: &[impl AsRef<str>], serves: &str) -> Observations {
    let mut facts = proven("uat", "1.1.7");
    facts.put(live("uat", "uat", serves));
    facts.drain(2..4);
    let mut held = known(&facts);
    for text in told {
        receive(&mut held, "uat", &notification(text.as_ref()), now());
    }
    held
}

pub fn view_at(held: &Observations, time: Timestamp) -> EnvironmentView {
    let mut spec = environment("uat");
    spec.targets[0].flux.notifications_only = true;
    let board = board(&pipeline(vec![spec]), None, at(held, time));
    board.environments[0].clone()
}

fn view(told: &[impl AsRef<str>], serves: &str) -> EnvironmentView {
    view_at(&held(told, serves), now())
}

#[test]
fn it_is_proven_only_where_every_word_and_the_live_app_agree() {
    for mut case in cases(include_str!("cases/notifications.txt")) {
        let serves = case.take("app ").unwrap_or_else(|| "1.1.7".into());
        let told = &case.given;
        let found = view(told, &serves);
        let verdict = &found.verdict;
        let at = verdict.breaks_at.map(|link| format!(" at {link:?}"));
        let state = format!("{:?}{}", verdict.state, at.unwrap_or_default());
        case.is_said(format_args!("{state}"), &verdict.sentence);
        let name = case.name;
        let reversed: Vec<&String> = told.iter().rev().collect();
        assert_eq!(
            view(&reversed, &serves),
            found,
            "{name}: told the other way round"
        );
        let twice = [&told[..], told].concat();
        assert_eq!(view(&twice, &serves), found, "{name}: told twice");
    }
}

#[test]
fn its_links_say_who_told_and_that_weft_cannot_look() {
    let upgraded = "HelmRelease 60 UpgradeSucceeded 1.1.7";
    let found = view(&[APPLIED, upgraded, TESTED], "1.1.7");
    assert_eq!(found.release.label(), "1.1.7");
    let said = found.links.iter().map(|link| link.sentence.as_str());
    assert_eq!(
        said.skip(1).collect::<Vec<_>>(),
        [
            "Flux applied 1111111 (by Flux's notification of 11:58 UTC; Weft cannot look itself).",
            "Helm deployed 1.1.7 (by Flux's notification of 11:59 UTC; Weft cannot look itself).",
            "The app answers app-1.1.7.",
        ]
    );
    let evidence = found.links[2].evidence.as_ref().expect("its evidence");
    assert_eq!(
        evidence.condition.as_deref(),
        Some("notified: TestSucceeded")
    );
    let failed = "HelmRelease 9 UpgradeFailed! 1.1.7: CAUSE";
    let restored = "HelmRelease 8 RollbackSucceeded 1.1.6: Helm rollback succeeded";
    let failed = view(&[APPLIED, failed, restored], "1.1.6");
    let evidence = failed.links[2].evidence.clone();
    let message = evidence.and_then(|evidence| evidence.message);
    let message = message.expect("whole");
    assert!(
        message.contains("Last Helm logs") && message.ends_with("Helm rollback succeeded"),
        "{message}"
    );
}
