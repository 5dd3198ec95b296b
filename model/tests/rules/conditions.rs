//! What the conditions of Flux's objects mean, as its controllers write them.

use crate::world::{FactList as _, deployed, environment, helm, proven, rolled_back, set, view_of};
use model::chain::{Link, LinkState};
use model::flux::ObjectRef;
use model::observation::Fact;
use serde_json::{Value, json};

/// One link of uat, after its facts were changed.
pub fn link_of(at: usize, change: impl Fn(&mut Vec<Fact>)) -> Link {
    let mut facts = proven("uat", "1.1.7");
    change(&mut facts);
    view_of(environment("uat"), &facts).links.remove(at)
}

/// Conditions as `Type=Status@generation (Reason) message`; without `@`, of the generation of the object.
pub type Conditions<'a> = &'a [&'a str];

pub fn conditions(all: Conditions<'_>, generation: i64) -> Value {
    let condition = |text: &&str| {
        let (kind, rest) = text.split_once('=').expect("a type");
        let (status, rest) = rest.split_once(" (").expect("a reason");
        let (reason, message) = rest.split_once(')').expect("the end of the reason");
        let (status, observed) = status.split_once('@').unwrap_or((status, ""));
        json!({
            "type": kind, "status": status, "reason": reason,
            "message": message.trim().replace("FAILED", FAILED),
            "observedGeneration": observed.parse().unwrap_or(generation),
        })
    };
    all.iter().map(condition).collect()
}

/// What is set in the object besides its conditions, by JSON pointer.
type Changes = Vec<(&'static str, Value)>;

const FAILED: &str = "Helm upgrade failed for release podinfo/podinfo with chart podinfo@1.1.7: timeout waiting for: [Deployment/app-podinfo/podinfo status: 'InProgress']";
const UPGRADED: &str = "Released=True (UpgradeSucceeded)";

#[test]
fn a_helm_release_is_read_by_all_its_conditions() {
    use LinkState::{Drifted, Failed, Holds, Progressing, Suspended};
    let warns = || vec![("/spec/driftDetection", json!({"mode": "warn"}))];
    let older = |status: &str| {
        vec![(
            "/status/history",
            json!([{"chartVersion": "1.1.6", "appVersion": "app-1.1.6", "status": status}]),
        )]
    };
    let cases: Vec<(&str, Conditions<'_>, Changes, (LinkState, &str))> = vec![
        (
            "a release that is older than the spec was needed for",
            &[
                "Ready=True (TestSucceeded)",
                "Released=True@2 (UpgradeSucceeded)",
                "TestSuccess=True@2 (TestSucceeded)",
            ],
            vec![("/status/observedGeneration", json!(3))],
            (Holds, "Helm deployed 1.1.7."),
        ),
        (
            "the outcome of the spec before",
            &[
                "Ready=True@3 (TestSucceeded)",
                "Released=True@3 (UpgradeSucceeded)",
                "TestSuccess=True@3 (TestSucceeded)",
            ],
            vec![],
            (Progressing, "Flux has not looked at the new spec yet"),
        ),
        (
            "a failure that is tried again",
            &[
                "Ready=False (UpgradeFailed) FAILED",
                "Released=False (UpgradeFailed) FAILED",
                "Reconciling=True (ProgressingWithRetry) FAILED",
            ],
            older("deployed"),
            (
                Failed,
                "Helm upgrade to 1.1.7 failed: timeout waiting for: [Deployment/app-podinfo/podinfo status: 'InProgress']. Users still get 1.1.6.",
            ),
        ),
        (
            "a failure that is not",
            &[
                "Ready=False (UpgradeFailed) FAILED",
                "Released=False (UpgradeFailed) FAILED",
                "Stalled=True (RetriesExceeded) Failed to upgrade after 1 attempt(s)",
            ],
            older("deployed"),
            (Failed, "It will not mend by itself. Users still get 1.1.6."),
        ),
        (
            "a rollback that failed as well",
            &[
                "Ready=False (RollbackFailed) Helm rollback failed",
                "Released=False (UpgradeFailed) FAILED",
                "Remediated=False (RollbackFailed) Helm rollback failed",
            ],
            older("superseded"),
            (Failed, "It could not be rolled back."),
        ),
        (
            "an install that was removed again",
            &[
                "Ready=False (UninstallSucceeded) Helm uninstall remediation succeeded",
                "Released=False (InstallFailed) Helm install failed for release podinfo/podinfo with chart podinfo@1.1.7: context deadline exceeded",
                "Remediated=True (UninstallSucceeded) Helm uninstall remediation succeeded",
            ],
            older("uninstalled"),
            (
                Failed,
                "Helm install of 1.1.7 failed: context deadline exceeded. It was removed: nothing runs here.",
            ),
        ),
        (
            "a remediation of the spec before",
            &[
                "Ready=False (UpgradeFailed) FAILED",
                "Released=False (UpgradeFailed) FAILED",
                "Remediated=False@3 (RollbackFailed)",
            ],
            older("deployed"),
            (Failed, "Users still get 1.1.6."),
        ),
        (
            "tests that have yet to run",
            &[
                "Ready=Unknown (AwaitingTests) Release is awaiting tests",
                UPGRADED,
            ],
            vec![],
            (Progressing, "Release is awaiting tests"),
        ),
        (
            "tests that failed",
            &[
                "Ready=False (TestFailed)",
                UPGRADED,
                "TestSuccess=False (TestFailed) Helm test failed for release podinfo/podinfo.v9 with chart podinfo@1.1.7: pod failed",
            ],
            vec![],
            (Failed, "The tests of 1.1.7 failed: pod failed."),
        ),
        (
            "tests that failed, which is to be ignored",
            &[
                "Ready=True (UpgradeSucceeded)",
                UPGRADED,
                "TestSuccess=False (TestFailed)",
            ],
            vec![("/spec/test/ignoreFailures", json!(true))],
            (Holds, "its test failed and that is ignored here"),
        ),
        (
            "a dependency",
            &[
                "Ready=False (DependencyNotReady) dependency 'app-podinfo/redis' is not ready",
                "Reconciling=True (Progressing) Fulfilling prerequisites",
            ],
            vec![],
            (
                Progressing,
                "Helm waits: dependency 'app-podinfo/redis' is not ready.",
            ),
        ),
        (
            "a health check that a newer change cut short",
            &[
                "Ready=False (HealthCheckCanceled) New reconciliation triggered by HelmRelease/app-podinfo/podinfo",
            ],
            vec![],
            (Progressing, "New reconciliation triggered"),
        ),
        (
            "values that cannot be read, after a release that failed",
            &[
                "Ready=False (ValuesError) could not resolve Secret chart values reference 'app-podinfo/values'",
                "Released=False (UpgradeFailed) FAILED",
            ],
            vec![("/status/lastAttemptedRevision", json!("1.1.6"))],
            (
                Failed,
                "Helm could not deploy 1.1.7 (ValuesError): could not resolve Secret",
            ),
        ),
        (
            "a spec that Flux refuses",
            &[
                "Ready=False (InvalidCELExpression) Reconciliation failed terminally due to configuration error",
                "Stalled=True (InvalidCELExpression) Reconciliation failed terminally due to configuration error",
            ],
            vec![],
            (
                Failed,
                "(InvalidCELExpression): Reconciliation failed terminally due to configuration error. It will not mend by itself.",
            ),
        ),
        (
            "stalled before it said that it is not ready",
            &[
                "Ready=Unknown (Progressing) reconciliation in progress",
                "Stalled=True (MissingRollbackTarget) Failed to perform remediation: missing target release for rollback",
            ],
            vec![],
            (
                Failed,
                "(MissingRollbackTarget): Failed to perform remediation",
            ),
        ),
        (
            "stalled in the spec before",
            &[
                "Ready=Unknown (Progressing) reconciliation in progress",
                "Stalled=True@3 (RetriesExceeded)",
            ],
            vec![],
            (Progressing, "reconciliation in progress"),
        ),
        (
            "drift, where Flux looks for it",
            &[
                "Ready=True (UpgradeSucceeded)",
                UPGRADED,
                "TestSuccess=True (TestSucceeded)",
                "Drifted=True (DriftDetected) Cluster state of release app-podinfo/podinfo.v3 has drifted from the desired state:\nDeployment/app-podinfo/podinfo changed (0 additions, 1 changes, 0 removals)",
            ],
            warns(),
            (
                Drifted,
                "What runs was changed after Helm deployed it: Deployment/app-podinfo/podinfo changed (0 additions, 1 changes, 0 removals).",
            ),
        ),
        (
            "no drift",
            &[
                "Ready=True (UpgradeSucceeded)",
                "TestSuccess=True (TestSucceeded)",
                "Drifted=False (NoDriftDetected) No drift detected against the cluster state",
            ],
            warns(),
            (Holds, "Helm deployed 1.1.7"),
        ),
        (
            "drift that Flux no longer looks for, whose word it leaves standing",
            &[
                "Ready=True (UpgradeSucceeded)",
                "TestSuccess=True (TestSucceeded)",
                "Drifted=True (DriftDetected)",
            ],
            vec![],
            (Holds, "Helm deployed 1.1.7"),
        ),
        (
            "drift that is being corrected",
            &[
                "Ready=Unknown (Progressing) correcting cluster drift",
                "Drifted=True (DriftDetected)",
            ],
            vec![("/spec/driftDetection", json!({"mode": "enabled"}))],
            (Progressing, "correcting cluster drift"),
        ),
        (
            "suspended, whatever the rest says",
            &["Ready=False (UpgradeFailed) FAILED"],
            vec![("/spec/suspend", json!(true))],
            (Suspended, "The HelmRelease is suspended"),
        ),
    ];
    for (what, all, changes, (state, words)) in cases {
        let mut object = deployed("1.1.7");
        object["status"]["conditions"] = conditions(all, 4);
        for (pointer, value) in changes {
            set(&mut object, pointer, value);
        }
        let link = link_of(2, |facts| facts.put(helm("uat", &object)));
        assert_eq!(link.state, state, "{what}: {}", link.sentence);
        assert!(link.sentence.contains(words), "{what}: {}", link.sentence);
    }
}

#[test]
fn the_evidence_of_a_failure_holds_the_whole_of_what_flux_says() {
    let link = link_of(2, |facts| {
        facts.put(helm("uat", &rolled_back("1.1.7", "1.1.6")));
    });
    let evidence = link.evidence.expect("its evidence");
    let message = evidence.message.clone().expect("its message");
    assert!(
        message.contains("Helm upgrade failed for release"),
        "{message}"
    );
    assert!(
        message.contains("Helm rollback to previous release"),
        "{message}"
    );
    assert_eq!(evidence.subject(), "HelmRelease app-podinfo/podinfo");
    let here = evidence.object.expect("an object of the cluster");
    assert_eq!(here.cluster, "uat");
    assert_eq!(
        Some(here.object),
        ObjectRef::parse("HelmRelease/app-podinfo/podinfo")
    );
    for at in [0, 3] {
        let evidence = link_of(at, |_| {}).evidence.expect("its evidence");
        assert_eq!(evidence.object, None, "{}", evidence.subject());
    }
}

#[test]
fn what_a_registry_adds_to_a_version_does_not_make_it_another() {
    let mut object = deployed("1.1.7");
    set(
        &mut object,
        "/status/lastAttemptedRevision",
        json!("1.1.7+0cc9a8446c95"),
    );
    set(
        &mut object,
        "/status/history/0/chartVersion",
        json!("1.1.7+0cc9a8446c95"),
    );
    let link = link_of(2, |facts| facts.put(helm("uat", &object)));
    assert_eq!(
        (link.state, link.sentence.as_str()),
        (LinkState::Holds, "Helm deployed 1.1.7.")
    );
    let mut object = rolled_back("1.1.7", "1.1.6");
    set(
        &mut object,
        "/status/lastAttemptedRevision",
        json!("1.1.7+0cc9a8446c95"),
    );
    set(
        &mut object,
        "/status/conditions/2/message",
        json!(
            "Helm upgrade failed for release podinfo/podinfo with chart podinfo@1.1.7+0cc9a8446c95: timed out"
        ),
    );
    let link = link_of(2, |facts| facts.put(helm("uat", &object)));
    let expected = "Helm upgrade to 1.1.7 failed: timed out. It will not mend by itself. Rolled back: users still get 1.1.6.";
    assert_eq!(link.sentence, expected);
}
