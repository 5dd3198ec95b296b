//! Where charts come from, and what is said where none comes.

use crate::cases::cases;
use crate::conditions::link_of;
use crate::world::{
    FactList as _, conditions, deployed, environment, helm, name, object_of, proven, set, view_of,
};
use model::chain::{LinkState, VerdictState};
use model::flux::{HelmChartReading, SourceKind, SourceReading};
use model::observation::{Desired, Fact};
use serde_json::{Value, json};

const REPOSITORY: SourceKind = SourceKind::HelmRepository;

/// An object that charts or images come from.
pub fn source(kind: SourceKind, of: &str, object: &Value) -> Fact {
    let reading = SourceReading::read(kind, object, None);
    Fact::Source("uat".into(), kind, name("app-podinfo", of), reading)
}

/// An object of app-podinfo with the condition Ready as `Status (Reason) message`, behind `suspended` where it is.
pub fn ready(name: &str, ready: &str) -> Value {
    let suspended = ready.strip_prefix("suspended ");
    let ready = format!("Ready={}", suspended.unwrap_or(ready));
    json!({
        "metadata": {"namespace": "app-podinfo", "name": name, "generation": 1},
        "spec": {"suspend": suspended.is_some()},
        "status": {"conditions": conditions([ready], 1)},
    })
}

/// The chart of uat as `version` or `range=found`, and its condition; 1.1.7 is found.
fn chart(text: &str) -> Fact {
    let (asked, condition) = text.split_once(' ').expect("a condition");
    let (version, found) = match asked.rsplit_once('=') {
        Some((range, found)) if !range.ends_with('>') => (range, found),
        _ => (asked, "1.1.7"),
    };
    let mut object = ready("app-podinfo-podinfo", condition);
    set(&mut object, "/spec/version", json!(version));
    let source = json!({"kind": "HelmRepository", "name": "charts"});
    set(&mut object, "/spec/sourceRef", source);
    set(&mut object, "/status/artifact/revision", json!(found));
    let name = name("app-podinfo", "app-podinfo-podinfo");
    Fact::HelmChart("uat".into(), name, HelmChartReading::read(&object))
}

/// A HelmRelease that asks for a version, has 1.1.7 deployed, and `waits` for its source or is done.
fn release(text: &str) -> Fact {
    let (version, waits) = text.split_once(' ').unwrap_or((text, ""));
    let mut object = deployed("1.1.7");
    set(&mut object, "/spec/chart/spec/version", json!(version));
    let chart = json!("app-podinfo/app-podinfo-podinfo");
    set(&mut object, "/status/helmChart", chart);
    if waits == "waits" {
        let waiting = [
            "Ready=False (SourceNotReady) HelmChart 'app-podinfo/app-podinfo-podinfo' is not ready",
            "Reconciling=True (Progressing)",
        ];
        set(&mut object, "/status/conditions", conditions(waiting, 4));
    }
    helm("uat", &object)
}

#[test]
fn a_chart_that_does_not_come_is_explained_by_what_it_comes_from() {
    for case in cases(include_str!("cases/helm_chart.txt")) {
        let link = link_of(2, |held| {
            for line in &case.given {
                let (kind, text) = line.split_once(' ').expect("a kind");
                held.put(match kind {
                    "HelmRelease" => release(text),
                    "HelmChart" => chart(text),
                    _ => source(REPOSITORY, "charts", &ready("charts", text)),
                });
            }
        });
        case.is_said_by(&link);
        if case.words.contains("connection refused") {
            let message = link.evidence.and_then(|evidence| evidence.message);
            assert!(
                message.expect("whole").ends_with("in full"),
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn a_helm_repository_that_is_only_an_address_is_never_in_trouble() {
    let object = json!({"metadata": {"generation": 1}, "spec": {"type": "oci"}});
    let link = link_of(2, |held| {
        held.put(release("1.1.7"));
        held.push(source(REPOSITORY, "charts", &object));
        held.push(chart("1.1.7 True (Succeeded)"));
    });
    assert_eq!(link.state, LinkState::Holds, "{}", link.sentence);
}

#[test]
fn a_chart_in_a_registry_is_asked_for_and_found_by_its_oci_repository() {
    let mut by_ref = deployed("1.1.7");
    set(&mut by_ref, "/metadata/namespace", json!("app-podinfo"));
    set(&mut by_ref, "/spec/chart", Value::Null);
    let reference = json!({"kind": "OCIRepository", "name": "podinfo"});
    set(&mut by_ref, "/spec/chartRef", reference);
    let in_history = json!("1.1.7+0cc9a8446c95");
    set(&mut by_ref, "/status/history/0/chartVersion", in_history);
    let registry = |found: &str, given: &[String]| {
        let digest = "sha256:0cc9a8446c95009ef382f5eade883a67c257f77d50f84e78ecef2aac9428d1e5";
        let base = json!({
            "metadata": {"namespace": "app-podinfo", "name": "podinfo", "generation": 1},
            "status": {"artifact": {"revision": format!("{found}@{digest}")}},
        });
        source(
            SourceKind::OCIRepository,
            "podinfo",
            &object_of(base, given),
        )
    };
    for case in cases(include_str!("cases/oci_repository.txt")) {
        let link = link_of(2, |held| {
            held.put(helm("uat", &by_ref));
            held.push(registry("1.1.7", &case.given));
            if case.given[0].contains(">=0.0.3") {
                held.declaration().desired = Ok(Desired::Range(">=0.0.3".into()));
            }
        });
        case.is_said(link.state, &link.sentence);
    }
    let view = |tag: &str| {
        let mut facts = proven("uat", "1.1.7");
        facts.put(helm("uat", &by_ref));
        let tag_in_spec = format!("/spec/ref/tag = \"{tag}\"");
        facts.push(registry(
            tag,
            &[tag_in_spec, "Ready=True (Succeeded)".into()],
        ));
        view_of(environment("uat"), &facts)
    };
    let same = view("1.1.7");
    assert_eq!(
        same.verdict.state,
        VerdictState::Proven,
        "{}",
        same.verdict.sentence
    );
    assert_eq!(same.release.label(), "1.1.7");
    // Another tag in the cluster than in git is seen at the link before.
    let verdict = view("1.1.6").verdict;
    assert_eq!(verdict.state, VerdictState::Drifted);
    let words = "git says 1.1.7, the HelmRelease in the cluster says 1.1.6";
    assert!(verdict.sentence.contains(words), "{}", verdict.sentence);
}
