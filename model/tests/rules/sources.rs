//! Where charts come from, and what is said where none comes.

use crate::conditions::{conditions, link_of};
use crate::world::{FactList as _, deployed, environment, helm, name, proven, set, view_of};
use model::chain::{LinkState, VerdictState};
use model::flux::{HelmChartReading, SourceKind, SourceReading};
use model::observation::{Desired, Fact};
use serde_json::{Value, json};

/// The condition Ready as `Status (Reason) message`.
pub fn ready(condition: &str) -> Value {
    conditions(&[&format!("Ready={condition}")], 1)
}

pub fn well() -> Value {
    ready("True (Succeeded)")
}

pub fn source(kind: SourceKind, of: &str, spec: &Value, status: &Value) -> Fact {
    let object = json!({
        "metadata": {"namespace": "app-podinfo", "name": of, "generation": 1},
        "spec": spec, "status": status,
    });
    let reading = SourceReading::read(kind, &object, None);
    Fact::Source("uat".into(), kind, name("app-podinfo", of), reading)
}

fn repository(suspended: bool, conditions: &Value) -> Fact {
    source(
        SourceKind::HelmRepository,
        "charts",
        &json!({"suspend": suspended}),
        &json!({"conditions": conditions, "artifact": {"revision": "sha256:03e8"}}),
    )
}

fn chart(version: &str, found: &str, suspended: bool, conditions: &Value) -> Fact {
    let object = json!({
        "metadata": {"namespace": "app-podinfo", "name": "app-podinfo-podinfo", "generation": 1},
        "spec": {"version": version, "suspend": suspended, "sourceRef": {"kind": "HelmRepository", "name": "charts"}},
        "status": {"conditions": conditions, "artifact": {"revision": found}},
    });
    Fact::HelmChart(
        "uat".into(),
        name("app-podinfo", "app-podinfo-podinfo"),
        HelmChartReading::read(&object),
    )
}

/// A HelmRelease that asks for `version`, has 1.1.7 deployed, and waits for its source or is done.
fn release(version: &str, waits: bool) -> Value {
    let mut object = deployed("1.1.7");
    set(&mut object, "/spec/chart/spec/version", json!(version));
    set(
        &mut object,
        "/status/helmChart",
        json!("app-podinfo/app-podinfo-podinfo"),
    );
    if waits {
        let waiting = json!([
            {"type": "Ready", "status": "False", "reason": "SourceNotReady", "message": "HelmChart 'app-podinfo/app-podinfo-podinfo' is not ready", "observedGeneration": 4},
            {"type": "Reconciling", "status": "True", "reason": "Progressing", "observedGeneration": 4},
        ]);
        set(&mut object, "/status/conditions", waiting);
    }
    object
}

/// What it is, the HelmRelease, what its chart comes from, and what the link is to say by which object.
type Case = (
    &'static str,
    Value,
    Vec<Fact>,
    (LinkState, &'static str, &'static str),
);

#[test]
fn a_chart_that_does_not_come_is_explained_by_what_it_comes_from() {
    use LinkState::{Failed, Holds, Progressing, Suspended};
    let missing = ready(
        "False (InvalidChartReference) invalid chart reference: no 'podinfo' chart with version matching '1.1.8' found",
    );
    let away =
        ready("False (Failed) failed to fetch Helm repository index: connection refused\nin full");
    let unfetched =
        ready("False (NoSourceArtifact) no artifact available for HelmRepository source 'charts'");
    let building = ready("Unknown (Progressing) building artifact");
    let cases: Vec<Case> = vec![
        (
            "no such chart",
            release("1.1.8", true),
            vec![
                repository(false, &well()),
                chart("1.1.8", "1.1.7", false, &missing),
            ],
            (
                Failed,
                "HelmChart",
                "The chart cannot be had (InvalidChartReference): invalid chart reference: no 'podinfo' chart",
            ),
        ),
        (
            "an index that cannot be fetched is why there is no such chart",
            release("1.1.8", true),
            vec![
                repository(false, &away),
                chart("1.1.8", "1.1.7", false, &missing),
            ],
            (
                Failed,
                "HelmRepository",
                "The chart cannot be had (Failed): failed to fetch Helm repository index: connection refused.",
            ),
        ),
        (
            "an index that has yet to be fetched for the first time",
            release("1.1.8", true),
            vec![
                repository(false, &building),
                chart("1.1.8", "1.1.7", false, &unfetched),
            ],
            (Progressing, "HelmRelease", "Helm is at it: "),
        ),
        (
            "a suspended index is why there is no such chart",
            release("1.1.8", true),
            vec![
                repository(true, &well()),
                chart("1.1.8", "1.1.7", false, &missing),
            ],
            (
                Failed,
                "HelmChart",
                "The HelmRepository app-podinfo/charts is suspended, so nothing newer is seen.",
            ),
        ),
        (
            "a suspended index, and Flux has not said more",
            release("1.1.8", true),
            vec![
                repository(true, &well()),
                chart("1.1.8", "1.1.7", false, &building),
            ],
            (
                Suspended,
                "HelmRepository",
                "The HelmRepository app-podinfo/charts is suspended",
            ),
        ),
        (
            "a suspended chart",
            release("1.1.8", true),
            vec![
                repository(false, &well()),
                chart("1.1.8", "1.1.7", true, &building),
            ],
            (
                Suspended,
                "HelmChart",
                "The HelmChart app-podinfo/app-podinfo-podinfo is suspended",
            ),
        ),
        (
            "a chart that still speaks of the version before",
            release("1.1.8", true),
            vec![
                repository(false, &well()),
                chart("1.1.7", "1.1.7", false, &missing),
            ],
            (Progressing, "HelmRelease", "Helm is at it"),
        ),
        (
            "an index that fails after a pinned chart was had",
            release("1.1.7", false),
            vec![
                repository(false, &away),
                chart("1.1.7", "1.1.7", false, &well()),
            ],
            (Holds, "HelmRelease", "Helm deployed 1.1.7."),
        ),
        (
            "an index that fails where a range is followed",
            release(">=0.0.3", false),
            vec![
                repository(false, &away),
                chart(">=0.0.3", "1.1.7", false, &well()),
            ],
            (
                Failed,
                "HelmRepository",
                "Flux cannot look for newer charts (Failed): failed to fetch Helm repository index: connection refused.",
            ),
        ),
        (
            "an index that is suspended where a range is followed",
            release(">=0.0.3", false),
            vec![
                repository(true, &well()),
                chart(">=0.0.3", "1.1.7", false, &well()),
            ],
            (
                Suspended,
                "HelmRepository",
                "is suspended: Flux looks for no chart.",
            ),
        ),
        (
            "a newer chart that was found in a range",
            release(">=0.0.3", false),
            vec![
                repository(false, &well()),
                chart(">=0.0.3", "1.1.8", false, &well()),
            ],
            (
                Progressing,
                "HelmRelease",
                "Helm still holds 1.1.7; 1.1.8 was found and comes next.",
            ),
        ),
    ];
    for (what, object, facts, (state, kind, words)) in cases {
        let link = link_of(2, |held| {
            held.put(helm("uat", &object));
            held.extend(facts.clone());
        });
        assert_eq!(link.state, state, "{what}: {}", link.sentence);
        assert!(link.sentence.contains(words), "{what}: {}", link.sentence);
        let evidence = link.evidence.expect("its evidence");
        let here = evidence.object.expect("an object");
        assert_eq!(here.object.kind.as_str(), kind, "{what}");
        if words.contains("connection refused") {
            assert!(
                evidence.message.expect("whole").ends_with("in full"),
                "{what}"
            );
        }
    }
}

#[test]
fn a_helm_repository_that_is_only_an_address_is_never_in_trouble() {
    let address = source(
        SourceKind::HelmRepository,
        "charts",
        &json!({"type": "oci"}),
        &json!({}),
    );
    let link = link_of(2, |held| {
        held.put(helm("uat", &release("1.1.7", false)));
        held.push(address.clone());
        held.push(chart("1.1.7", "1.1.7", false, &well()));
    });
    assert_eq!(link.state, LinkState::Holds, "{}", link.sentence);
}

#[test]
fn a_chart_in_a_registry_is_asked_for_and_found_by_its_oci_repository() {
    use LinkState::{Failed, Holds, Progressing, Suspended};
    const DIGEST: &str = "sha256:0cc9a8446c95009ef382f5eade883a67c257f77d50f84e78ecef2aac9428d1e5";
    let mut by_ref = deployed("1.1.7");
    set(&mut by_ref, "/metadata/namespace", json!("app-podinfo"));
    set(&mut by_ref, "/spec/chart", Value::Null);
    let reference = json!({"kind": "OCIRepository", "name": "podinfo"});
    set(&mut by_ref, "/spec/chartRef", reference);
    let in_history = json!("1.1.7+0cc9a8446c95");
    set(&mut by_ref, "/status/history/0/chartVersion", in_history);
    let registry = |desired: &Value, found: &str, suspended: bool, conditions: &Value| {
        source(
            SourceKind::OCIRepository,
            "podinfo",
            &json!({"ref": desired, "suspend": suspended}),
            &json!({"artifact": {"revision": format!("{found}@{DIGEST}")}, "conditions": conditions}),
        )
    };
    let pinned = json!({"tag": "1.1.7"});
    let range = json!({"semver": ">=0.0.3"});
    let refused = ready("False (OCIArtifactPullFailed) failed to pull artifact: UNAUTHORIZED");
    for (desired, found, suspended, conditions, state, words) in [
        (
            &pinned,
            "1.1.7",
            false,
            &well(),
            Holds,
            "Helm deployed 1.1.7.",
        ),
        (
            &range,
            "1.1.7",
            false,
            &well(),
            Holds,
            "Helm deployed 1.1.7.",
        ),
        (
            &range,
            "1.1.8",
            false,
            &well(),
            Progressing,
            "1.1.8 was found and comes next",
        ),
        (
            &range,
            "1.1.7",
            false,
            &refused,
            Failed,
            "(OCIArtifactPullFailed): failed to pull",
        ),
        (
            &range,
            "1.1.7",
            true,
            &well(),
            Suspended,
            "The OCIRepository app-podinfo/podinfo is suspended",
        ),
    ] {
        let follows = desired == &range;
        let link = link_of(2, |held| {
            held.put(helm("uat", &by_ref));
            held.push(registry(desired, found, suspended, conditions));
            if follows {
                held.declaration().desired = Ok(Desired::Range(">=0.0.3".into()));
            }
        });
        assert_eq!(link.state, state, "{}", link.sentence);
        assert!(link.sentence.contains(words), "{}", link.sentence);
    }
    let mut facts = proven("uat", "1.1.7");
    facts.put(helm("uat", &by_ref));
    facts.push(registry(&pinned, "1.1.7", false, &well()));
    let view = view_of(environment("uat"), &facts);
    assert_eq!(
        view.verdict.state,
        VerdictState::Proven,
        "{}",
        view.verdict.sentence
    );
    assert_eq!(view.release.label(), "1.1.7");
    // Another tag in the cluster than in git is seen at the link before.
    facts.pop();
    facts.push(registry(&json!({"tag": "1.1.6"}), "1.1.6", false, &well()));
    let view = view_of(environment("uat"), &facts);
    let verdict = &view.verdict;
    assert_eq!(verdict.state, VerdictState::Drifted);
    assert!(
        verdict
            .sentence
            .contains("git says 1.1.7, the HelmRelease in the cluster says 1.1.6"),
        "{}",
        verdict.sentence
    );
}
