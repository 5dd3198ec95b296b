//! What the conditions of a Kustomization and of the GitRepository before it mean.

use crate::conditions::{Conditions, conditions, link_of};
use crate::world::{FactList as _, HEAD, OLD, kustomization_of, live, name};
use model::chain::LinkState;
use model::flux::{GitRepositoryReading, Kind};
use model::observation::Fact;
use serde_json::json;

/// What is tried, the conditions, the applied and the attempted revision, whether Flux was told to leave
/// the object alone, and what the link says.
type Case<'a> = (
    &'a str,
    Conditions<'a>,
    &'a str,
    &'a str,
    bool,
    (LinkState, &'a str),
);

#[test]
fn a_kustomization_is_read_by_all_its_conditions() {
    use LinkState::{Failed, Holds, Progressing, Suspended};
    let cases: Vec<Case<'_>> = vec![
        (
            "the heartbeat of what is applied",
            &[
                "Ready=Unknown (Progressing) Reconciliation in progress",
                "Reconciling=True (Progressing) Building manifests",
            ],
            HEAD,
            HEAD,
            false,
            (Holds, "Flux applied 1111111."),
        ),
        (
            "a dependency",
            &[
                "Ready=False (DependencyNotReady) dependency 'flux-system/infrastructure' is not ready",
                "Reconciling=True (ProgressingWithRetry)",
            ],
            OLD,
            OLD,
            false,
            (
                Progressing,
                "Flux waits to apply it: dependency 'flux-system/infrastructure' is not ready.",
            ),
        ),
        (
            "a source that is not there yet",
            &["Ready=False (ArtifactFailed) Source artifact not found, retrying in 30s"],
            OLD,
            OLD,
            false,
            (Progressing, "Flux has yet to fetch 1111111."),
        ),
        (
            "a health check that a newer change cut short",
            &["Ready=False (HealthCheckCanceled) New reconciliation triggered"],
            OLD,
            HEAD,
            false,
            (Progressing, "Flux has yet to fetch"),
        ),
        (
            "YAML that cannot be read",
            &["Ready=False (BuildFailed) MalformedYAMLError: yaml: line 3"],
            OLD,
            HEAD,
            false,
            (
                Failed,
                "Flux could not apply it (BuildFailed): MalformedYAMLError: yaml: line 3.",
            ),
        ),
        (
            "a workload that never gets ready",
            &[
                "Ready=False (HealthCheckFailed) health check failed after 5m0s: timeout waiting for: [HelmRelease/app-podinfo/podinfo status: 'Failed']",
            ],
            OLD,
            HEAD,
            false,
            (
                Failed,
                "(HealthCheckFailed): health check failed after 5m0s",
            ),
        ),
        (
            "a spec that Flux refuses",
            &[
                "Ready=False (AccessDenied) can't access 'GitRepository/other/podinfo', cross-namespace references have been blocked",
                "Stalled=True (AccessDenied) can't access 'GitRepository/other/podinfo', cross-namespace references have been blocked",
            ],
            OLD,
            OLD,
            false,
            (
                Failed,
                "(AccessDenied): can't access 'GitRepository/other/podinfo'",
            ),
        ),
        (
            "a spec that Flux refuses at once",
            &[
                "Ready=False (InvalidCELExpression) Reconciliation failed terminally",
                "Stalled=True (InvalidCELExpression) Reconciliation failed terminally",
            ],
            "",
            "",
            false,
            (Failed, "It will not mend by itself."),
        ),
        (
            "suspended, whatever the rest says",
            &["Ready=True (ReconciliationSucceeded)"],
            HEAD,
            HEAD,
            true,
            (Suspended, "The Kustomization is suspended"),
        ),
    ];
    for (what, all, applied, attempted, suspended, (state, words)) in cases {
        let mut object = json!({
            "metadata": {"generation": 1}, "spec": {"suspend": suspended},
            "status": {"conditions": conditions(all, 1)},
        });
        for (field, commit) in [
            ("lastAppliedRevision", applied),
            ("lastAttemptedRevision", attempted),
        ] {
            if !commit.is_empty() {
                object["status"][field] = json!(format!("main@sha1:{commit}"));
            }
        }
        let link = link_of(1, |facts| {
            facts.put(kustomization_of("uat", "uat", &object));
        });
        assert_eq!(link.state, state, "{what}: {}", link.sentence);
        assert!(link.sentence.contains(words), "{what}: {}", link.sentence);
    }
}

#[test]
fn the_git_repository_speaks_where_no_commit_comes_and_where_none_will() {
    let repository = |suspended: bool, all: Conditions| {
        let object = json!({
            "metadata": {"generation": 1}, "spec": {"suspend": suspended},
            "status": {"artifact": {"revision": format!("main@sha1:{OLD}")}, "conditions": conditions(all, 1)},
        });
        let reading = GitRepositoryReading::read(&object, None);
        Fact::GitRepository("uat".into(), name("flux-system", "podinfo"), reading)
    };
    let refused: Conditions<'_> = &[
        "Ready=False (GitOperationFailed) failed to checkout and determine revision: authentication required\nmore of it",
    ];
    let well: Conditions<'_> = &["Ready=True (Succeeded)"];
    for (applied, fact, state, words) in [
        (
            OLD,
            repository(false, refused),
            LinkState::Failed,
            "Flux cannot fetch git (GitOperationFailed): failed to checkout",
        ),
        (
            HEAD,
            repository(false, refused),
            LinkState::Holds,
            "Flux applied 1111111.",
        ),
        (
            OLD,
            repository(true, well),
            LinkState::Suspended,
            "The GitRepository is suspended",
        ),
        (
            HEAD,
            repository(true, well),
            LinkState::Suspended,
            "The GitRepository is suspended",
        ),
    ] {
        let link = link_of(1, |facts| {
            facts.put(crate::world::kustomization("uat", "uat", applied));
            facts.put(fact.clone());
        });
        assert_eq!(link.state, state, "{}", link.sentence);
        assert!(link.sentence.contains(words), "{}", link.sentence);
        let evidence = link.evidence.expect("its evidence");
        let kind = evidence.object.as_ref().expect("an object").object.kind;
        if state == LinkState::Holds {
            assert_eq!(kind, Kind::Kustomization);
            continue;
        }
        assert_eq!(kind, Kind::GitRepository);
        if state == LinkState::Failed {
            assert!(evidence.message.expect("whole").contains("more of it"));
        }
    }
    let answers = link_of(3, |facts| facts.put(live("uat", "uat", "1.1.7")));
    assert_eq!(answers.state, LinkState::Holds);
}
