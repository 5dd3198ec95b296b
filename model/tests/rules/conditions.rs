//! What the conditions of Flux's objects mean, as its controllers write them.

use crate::world::{
    board_of, deployed, environment, helm, now, observed, pipeline, proven, rolled_back, set,
};
use model::chain::{Link, LinkState};
use model::observation::{Fact, SourceName};
use serde_json::{Value, json};

/// One link of uat, after its facts were changed.
pub fn link_of(at: usize, change: impl Fn(&mut Vec<(SourceName, Fact)>)) -> Link {
    let mut facts = proven("uat", "1.1.7");
    change(&mut facts);
    let board = board_of(
        &pipeline(vec![environment("uat")]),
        &observed(&facts, now()),
    );
    board.environments[0].links[at].clone()
}

fn condition(kind: &str, status: &str, reason: &str, message: &str, generation: i64) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": message,
           "observedGeneration": generation})
}

/// The conditions of one case, in short.
pub type Conditions = &'static [(&'static str, &'static str, &'static str, &'static str, i64)];

pub fn conditions(all: Conditions) -> Value {
    all.iter()
        .map(|(kind, status, reason, message, generation)| {
            condition(kind, status, reason, message, *generation)
        })
        .collect()
}

/// What is set in the object besides its conditions, by JSON pointer.
type Changes = Vec<(&'static str, Value)>;

const FAILED: &str = "Helm upgrade failed for release podinfo/podinfo with chart podinfo@1.1.7: timeout waiting for: [Deployment/app-podinfo/podinfo status: 'InProgress']";
const UPGRADED: (&str, &str, &str, &str, i64) = ("Released", "True", "UpgradeSucceeded", "", 4);

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
    let cases: Vec<(&str, Conditions, Changes, LinkState, &str)> = vec![
        (
            "a release that is older than the spec was needed for",
            &[
                ("Ready", "True", "TestSucceeded", "", 4),
                ("Released", "True", "UpgradeSucceeded", "", 2),
                ("TestSuccess", "True", "TestSucceeded", "", 2),
            ],
            vec![("/status/observedGeneration", json!(3))],
            Holds,
            "Helm deployed 1.1.7.",
        ),
        (
            "the outcome of the spec before",
            &[
                ("Ready", "True", "TestSucceeded", "", 3),
                ("Released", "True", "UpgradeSucceeded", "", 3),
                ("TestSuccess", "True", "TestSucceeded", "", 3),
            ],
            vec![],
            Progressing,
            "Flux has not looked at the new spec yet",
        ),
        (
            "a failure that is tried again",
            &[
                ("Ready", "False", "UpgradeFailed", FAILED, 4),
                ("Released", "False", "UpgradeFailed", FAILED, 4),
                ("Reconciling", "True", "ProgressingWithRetry", FAILED, 4),
            ],
            older("deployed"),
            Failed,
            "Helm upgrade to 1.1.7 failed: timeout waiting for: [Deployment/app-podinfo/podinfo status: 'InProgress']. Users still get 1.1.6.",
        ),
        (
            "a failure that is not",
            &[
                ("Ready", "False", "UpgradeFailed", FAILED, 4),
                ("Released", "False", "UpgradeFailed", FAILED, 4),
                (
                    "Stalled",
                    "True",
                    "RetriesExceeded",
                    "Failed to upgrade after 1 attempt(s)",
                    4,
                ),
            ],
            older("deployed"),
            Failed,
            "It will not mend by itself. Users still get 1.1.6.",
        ),
        (
            "a rollback that failed as well",
            &[
                (
                    "Ready",
                    "False",
                    "RollbackFailed",
                    "Helm rollback failed",
                    4,
                ),
                ("Released", "False", "UpgradeFailed", FAILED, 4),
                (
                    "Remediated",
                    "False",
                    "RollbackFailed",
                    "Helm rollback failed",
                    4,
                ),
            ],
            older("superseded"),
            Failed,
            "It could not be rolled back.",
        ),
        (
            "an install that was removed again",
            &[
                (
                    "Ready",
                    "False",
                    "UninstallSucceeded",
                    "Helm uninstall remediation succeeded",
                    4,
                ),
                (
                    "Released",
                    "False",
                    "InstallFailed",
                    "Helm install failed for release podinfo/podinfo with chart podinfo@1.1.7: context deadline exceeded",
                    4,
                ),
                (
                    "Remediated",
                    "True",
                    "UninstallSucceeded",
                    "Helm uninstall remediation succeeded",
                    4,
                ),
            ],
            older("uninstalled"),
            Failed,
            "Helm install of 1.1.7 failed: context deadline exceeded. It was removed: nothing runs here.",
        ),
        (
            "a remediation of the spec before",
            &[
                ("Ready", "False", "UpgradeFailed", FAILED, 4),
                ("Released", "False", "UpgradeFailed", FAILED, 4),
                ("Remediated", "False", "RollbackFailed", "", 3),
            ],
            older("deployed"),
            Failed,
            "Users still get 1.1.6.",
        ),
        (
            "tests that have yet to run",
            &[
                (
                    "Ready",
                    "Unknown",
                    "AwaitingTests",
                    "Release is awaiting tests",
                    4,
                ),
                UPGRADED,
            ],
            vec![],
            Progressing,
            "Release is awaiting tests",
        ),
        (
            "tests that failed",
            &[
                ("Ready", "False", "TestFailed", "", 4),
                UPGRADED,
                (
                    "TestSuccess",
                    "False",
                    "TestFailed",
                    "Helm test failed for release podinfo/podinfo.v9 with chart podinfo@1.1.7: pod failed",
                    4,
                ),
            ],
            vec![],
            Failed,
            "The tests of 1.1.7 failed: pod failed.",
        ),
        (
            "tests that failed, which is to be ignored",
            &[
                ("Ready", "True", "UpgradeSucceeded", "", 4),
                UPGRADED,
                ("TestSuccess", "False", "TestFailed", "", 4),
            ],
            vec![("/spec/test/ignoreFailures", json!(true))],
            Holds,
            "its test failed and that is ignored here",
        ),
        (
            "a dependency",
            &[
                (
                    "Ready",
                    "False",
                    "DependencyNotReady",
                    "dependency 'app-podinfo/redis' is not ready",
                    4,
                ),
                (
                    "Reconciling",
                    "True",
                    "Progressing",
                    "Fulfilling prerequisites",
                    4,
                ),
            ],
            vec![],
            Progressing,
            "Helm waits: dependency 'app-podinfo/redis' is not ready.",
        ),
        (
            "a health check that a newer change cut short",
            &[(
                "Ready",
                "False",
                "HealthCheckCanceled",
                "New reconciliation triggered by HelmRelease/app-podinfo/podinfo",
                4,
            )],
            vec![],
            Progressing,
            "New reconciliation triggered",
        ),
        (
            "values that cannot be read, after a release that failed",
            &[
                (
                    "Ready",
                    "False",
                    "ValuesError",
                    "could not resolve Secret chart values reference 'app-podinfo/values'",
                    4,
                ),
                ("Released", "False", "UpgradeFailed", FAILED, 4),
            ],
            vec![("/status/lastAttemptedRevision", json!("1.1.6"))],
            Failed,
            "Helm could not deploy 1.1.7 (ValuesError): could not resolve Secret",
        ),
        (
            "a spec that Flux refuses",
            &[
                (
                    "Ready",
                    "False",
                    "InvalidCELExpression",
                    "Reconciliation failed terminally due to configuration error",
                    4,
                ),
                (
                    "Stalled",
                    "True",
                    "InvalidCELExpression",
                    "Reconciliation failed terminally due to configuration error",
                    4,
                ),
            ],
            vec![],
            Failed,
            "(InvalidCELExpression): Reconciliation failed terminally due to configuration error. It will not mend by itself.",
        ),
        (
            "stalled before it said that it is not ready",
            &[
                (
                    "Ready",
                    "Unknown",
                    "Progressing",
                    "reconciliation in progress",
                    4,
                ),
                (
                    "Stalled",
                    "True",
                    "MissingRollbackTarget",
                    "Failed to perform remediation: missing target release for rollback",
                    4,
                ),
            ],
            vec![],
            Failed,
            "(MissingRollbackTarget): Failed to perform remediation",
        ),
        (
            "stalled in the spec before",
            &[
                (
                    "Ready",
                    "Unknown",
                    "Progressing",
                    "reconciliation in progress",
                    4,
                ),
                ("Stalled", "True", "RetriesExceeded", "", 3),
            ],
            vec![],
            Progressing,
            "reconciliation in progress",
        ),
        (
            "drift, where Flux looks for it",
            &[
                ("Ready", "True", "UpgradeSucceeded", "", 4),
                UPGRADED,
                ("TestSuccess", "True", "TestSucceeded", "", 4),
                (
                    "Drifted",
                    "True",
                    "DriftDetected",
                    "Cluster state of release app-podinfo/podinfo.v3 has drifted from the desired state:\nDeployment/app-podinfo/podinfo changed (0 additions, 1 changes, 0 removals)",
                    4,
                ),
            ],
            warns(),
            Drifted,
            "What runs was changed after Helm deployed it: Deployment/app-podinfo/podinfo changed (0 additions, 1 changes, 0 removals).",
        ),
        (
            "no drift",
            &[
                ("Ready", "True", "UpgradeSucceeded", "", 4),
                ("TestSuccess", "True", "TestSucceeded", "", 4),
                (
                    "Drifted",
                    "False",
                    "NoDriftDetected",
                    "No drift detected against the cluster state",
                    4,
                ),
            ],
            warns(),
            Holds,
            "Helm deployed 1.1.7",
        ),
        (
            "drift that Flux no longer looks for, whose word it leaves standing",
            &[
                ("Ready", "True", "UpgradeSucceeded", "", 4),
                ("TestSuccess", "True", "TestSucceeded", "", 4),
                ("Drifted", "True", "DriftDetected", "", 4),
            ],
            vec![],
            Holds,
            "Helm deployed 1.1.7",
        ),
        (
            "drift that is being corrected",
            &[
                (
                    "Ready",
                    "Unknown",
                    "Progressing",
                    "correcting cluster drift",
                    4,
                ),
                ("Drifted", "True", "DriftDetected", "", 4),
            ],
            vec![("/spec/driftDetection", json!({"mode": "enabled"}))],
            Progressing,
            "correcting cluster drift",
        ),
        (
            "suspended, whatever the rest says",
            &[("Ready", "False", "UpgradeFailed", FAILED, 4)],
            vec![("/spec/suspend", json!(true))],
            Suspended,
            "The HelmRelease is suspended",
        ),
    ];
    for (what, all, changes, state, words) in cases {
        let mut object = deployed("1.1.7");
        object["status"]["conditions"] = conditions(all);
        for (pointer, value) in changes {
            set(&mut object, pointer, value);
        }
        let link = link_of(2, |facts| facts[3].1 = helm("uat", &object));
        assert_eq!(link.state, state, "{what}: {}", link.sentence);
        assert!(link.sentence.contains(words), "{what}: {}", link.sentence);
    }
}

#[test]
fn the_evidence_of_a_failure_holds_the_whole_of_what_flux_says() {
    let link = link_of(2, |facts| {
        facts[3].1 = helm("uat", &rolled_back("1.1.7", "1.1.6"));
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
    let object = evidence.object_ref().expect("an object of the cluster");
    assert_eq!(
        (object.cluster, object.kind, object.namespace, object.name),
        ("uat", "HelmRelease", "app-podinfo", "podinfo")
    );
    for at in [0, 3] {
        let evidence = link_of(at, |_| {}).evidence.expect("its evidence");
        assert_eq!(evidence.object_ref(), None, "{}", evidence.object);
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
    let link = link_of(2, |facts| facts[3].1 = helm("uat", &object));
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
    let link = link_of(2, |facts| facts[3].1 = helm("uat", &object));
    let expected = "Helm upgrade to 1.1.7 failed: timed out. It will not mend by itself. Rolled back: users still get 1.1.6.";
    assert_eq!(link.sentence, expected);
}
