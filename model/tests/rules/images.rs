//! Where the images of dev come from, and what is said where image automation fails.

use crate::sources::{ready, source, well};
use crate::world::{FactList as _, HEAD, environment, kustomization, name, proven, view_of};
use model::AppVersion;
use model::chain::{Link, LinkState, VerdictState};
use model::flux::{DeploymentReading, SourceKind};
use model::observation::{Desired, Fact, Live};
use model::pipeline::{Deployer, ImageAutomation};
use serde_json::{Value, json};

/// The first link of dev, which runs a branch build that image automation wrote into git.
fn dev(facts: &[Fact]) -> Link {
    const TAG: &str = "fix-a1b9c3e-1790000000";
    let podinfo = name("app-podinfo", "podinfo");
    let mut spec = environment("uat");
    spec.targets[0].deployer = Deployer::Deployment(podinfo.clone());
    spec.targets[0].flux.image_automation = Some(ImageAutomation {
        policy: podinfo.clone(),
        automation: podinfo.clone(),
    });
    let mut held = proven("uat", "1.1.7");
    let declared = held.declaration();
    declared.desired = Ok(Desired::Image(TAG.into()));
    held.put(kustomization("uat", "uat", HEAD));
    let rollout = json!({
        "metadata": {"generation": 1},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": format!("ghcr.io/demo/podinfo:{TAG}")}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    });
    held.put(Fact::Deployment(
        "uat".into(),
        podinfo,
        DeploymentReading::read(&rollout),
    ));
    let answer = Live::Answer {
        version: AppVersion("5.1.8".into()),
        revision: Some("a1b9c3e0000".into()),
        colour: None,
        message: None,
    };
    held.put(Fact::Live("uat".into(), "uat".into(), answer));
    for fact in facts {
        held.put(fact.clone());
    }
    let view = view_of(spec, &held);
    let link = view.links[0].clone();
    let proven = view.verdict.state == VerdictState::Proven;
    assert_eq!(
        proven,
        link.state == LinkState::Holds,
        "{}",
        view.verdict.sentence
    );
    link
}

#[test]
fn dev_says_where_image_automation_fails_or_is_suspended() {
    use LinkState::{Failed, Holds, Suspended};
    use SourceKind::{ImagePolicy, ImageRepository, ImageUpdateAutomation};
    let chosen = json!({"name": "ghcr.io/demo/podinfo", "tag": "main-0000000-1"});
    let of_choosing = |kind, suspended: bool, conditions: &Value, chosen: &Value| {
        let spec = json!({"suspend": suspended, "imageRepositoryRef": {"name": "images"}});
        let called = if kind == ImageRepository {
            "images"
        } else {
            "podinfo"
        };
        source(
            kind,
            called,
            &spec,
            &json!({"conditions": conditions, "latestRef": chosen}),
        )
    };
    let of =
        |kind, suspended, conditions: &Value| of_choosing(kind, suspended, conditions, &chosen);
    let refused =
        ready("False (ReadOperationFailed) scan failed: GET https://ghcr.io/v2/: UNAUTHORIZED");
    let empty = ready("False (Failure) version list argument cannot be empty");
    let unpushed = ready("False (GitOperationFailed) failed to push: authorization failed");
    let waits = ready("False (DependencyNotReady) referenced ImageRepository does not exist");
    let cases: [(&str, Fact, LinkState, &str); 9] = [
        (
            "all is well",
            of(ImagePolicy, false, &well()),
            Holds,
            "git declares fix-a1b9c3e-1790000000.",
        ),
        (
            "the scan fails",
            of(ImageRepository, false, &refused),
            Failed,
            "The image's tags cannot be read (ReadOperationFailed): scan failed",
        ),
        (
            "the policy finds nothing",
            of(ImagePolicy, false, &empty),
            Failed,
            "The image policy finds no image (Failure): version list argument cannot be empty.",
        ),
        (
            "the policy has never found anything, so that nothing newer is hidden",
            of_choosing(ImagePolicy, false, &empty, &Value::Null),
            Holds,
            "git declares fix-a1b9c3e-1790000000. No image was ever chosen for it (Failure): version list",
        ),
        (
            "the policy waits",
            of(ImagePolicy, false, &waits),
            Holds,
            "git declares",
        ),
        (
            "nothing can be pushed",
            of(ImageUpdateAutomation, false, &unpushed),
            Failed,
            "Image automation cannot write to git (GitOperationFailed): failed to push: authorization failed.",
        ),
        (
            "the scan is suspended",
            of(ImageRepository, true, &well()),
            Suspended,
            "The ImageRepository app-podinfo/images is suspended",
        ),
        (
            "the policy is suspended",
            of(ImagePolicy, true, &well()),
            Suspended,
            "The ImagePolicy app-podinfo/podinfo is suspended",
        ),
        (
            "the automation is suspended",
            of(ImageUpdateAutomation, true, &unpushed),
            Suspended,
            "no newer image than fix-a1b9c3e-1790000000 is written",
        ),
    ];
    for (what, fact, state, words) in cases {
        // The policy names the repository, so it is always there.
        let link = dev(&[of(ImagePolicy, false, &well()), fact]);
        assert_eq!(link.state, state, "{what}: {}", link.sentence);
        assert!(link.sentence.contains(words), "{what}: {}", link.sentence);
    }
    let both = dev(&[
        of(ImagePolicy, false, &empty),
        of(ImageRepository, false, &refused),
    ]);
    assert!(
        both.sentence.contains("scan failed"),
        "what comes first explains: {}",
        both.sentence
    );
}

#[test]
fn a_push_that_lost_a_race_against_a_merge_is_no_failure_until_it_lasts() {
    let lost = |at: &str, more: Value| {
        let mut conditions = ready(
            "False (GitOperationFailed) failed to update source: failed to push to remote: object not found",
        );
        conditions[0]["lastTransitionTime"] = at.into();
        let mut all = vec![conditions[0].clone()];
        all.extend(more.as_array().cloned().unwrap_or_default());
        let kind = SourceKind::ImageUpdateAutomation;
        let status = json!({"conditions": all});
        dev(&[source(kind, "podinfo", &json!({}), &status)])
    };
    let just_now = lost("2026-11-22T11:59:55Z", json!([]));
    assert_eq!(just_now.state, LinkState::Progressing);
    assert!(
        just_now.sentence.contains("object not found"),
        "{}",
        just_now.sentence
    );
    let for_a_minute = lost("2026-11-22T11:59:00Z", json!([]));
    assert_eq!(for_a_minute.state, LinkState::Failed);
    let stalled = json!([{"type": "Stalled", "status": "True", "reason": "InvalidSpec", "message": "", "observedGeneration": 1}]);
    let stalled = lost("2026-11-22T11:59:55Z", stalled);
    assert_eq!(stalled.state, LinkState::Failed);
}
