//! Where the images of dev come from, and what is said where image automation fails.

use crate::cases::cases;
use crate::sources::{ready, source};
use crate::world::{FactList as _, answer, environment, name, object_of, proven, set, view_of};
use model::chain::{Link, LinkState, VerdictState};
use model::flux::{DeploymentReading, Kind, SourceKind};
use model::observation::{Desired, Fact};
use model::pipeline::{Deployer, ImageAutomation};
use serde_json::json;

/// The first link of dev, which runs a branch build that image automation wrote into git.
fn dev(facts: Vec<Fact>) -> Link {
    const TAG: &str = "fix-a1b9c3e-1790000000";
    let podinfo = name("app-podinfo", "podinfo");
    let mut spec = environment("uat");
    spec.targets[0].deployer = Deployer::Deployment(podinfo.clone());
    spec.targets[0].flux.image_automation = Some(ImageAutomation {
        policy: podinfo.clone(),
        automation: podinfo.clone(),
    });
    let mut held = proven("uat", "1.1.7");
    held.declaration().desired = Ok(Desired::Image(TAG.into()));
    let rollout = json!({
        "metadata": {"generation": 1},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"image": format!("ghcr.io/demo/podinfo:{TAG}")}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    });
    let reading = DeploymentReading::read(&rollout);
    held.put(Fact::Deployment("uat".into(), podinfo, reading));
    let answer = answer("5.1.8", Some("a1b9c3e0000"), None);
    held.put(Fact::Live("uat".into(), "uat".into(), answer));
    for fact in facts {
        held.put(fact);
    }
    let view = view_of(spec, &held);
    let link = view.links[0].clone();
    let proven = view.verdict.state == VerdictState::Proven;
    let holds = link.state == LinkState::Holds;
    assert_eq!(proven, holds, "{}", view.verdict.sentence);
    link
}

/// An object of image automation as `Kind Status (Reason) message`, where the policy has chosen an image unless it
/// is `unchosen`.
fn automation(text: &str) -> Fact {
    let (kind, text) = text.split_once(' ').expect("a kind");
    let Some(Kind::Source(kind)) = Kind::named(kind) else {
        unreachable!("a kind of source")
    };
    let called = match kind {
        SourceKind::ImageRepository => "images",
        _ => "podinfo",
    };
    let unchosen = text.strip_prefix("unchosen ");
    let mut object = ready(called, unchosen.unwrap_or(text));
    set(
        &mut object,
        "/spec/imageRepositoryRef/name",
        json!("images"),
    );
    if unchosen.is_none() {
        let chosen = json!({"name": "ghcr.io/demo/podinfo", "tag": "main-0000000-1"});
        set(&mut object, "/status/latestRef", chosen);
    }
    source(kind, called, &object)
}

#[test]
fn dev_says_where_image_automation_fails_or_is_suspended() {
    for case in cases(include_str!("cases/image_automation.txt")) {
        // The policy names the repository, so it is always there.
        let policy = "ImagePolicy True (Succeeded)".to_owned();
        let all = std::iter::once(&policy).chain(&case.given);
        let link = dev(all.map(|text| automation(text)).collect());
        case.is_said(link.state, &link.sentence);
    }
}

#[test]
fn a_push_that_lost_a_race_against_a_merge_is_no_failure_until_it_lasts() {
    let lost = |at: &str, more: &[String]| {
        let failed = "Ready=False (GitOperationFailed) failed to update source: failed to push to remote: object not found";
        let given = [&[failed.to_owned()], more].concat();
        let mut object = object_of(json!({"metadata": {"generation": 1}}), &given);
        object["status"]["conditions"][0]["lastTransitionTime"] = at.into();
        dev(vec![source(
            SourceKind::ImageUpdateAutomation,
            "podinfo",
            &object,
        )])
    };
    let just_now = lost("2026-11-22T11:59:55Z", &[]);
    assert_eq!(just_now.state, LinkState::Progressing);
    assert!(
        just_now.sentence.contains("object not found"),
        "{}",
        just_now.sentence
    );
    let for_a_minute = lost("2026-11-22T11:59:00Z", &[]);
    assert_eq!(for_a_minute.state, LinkState::Failed);
    let stalled = lost(
        "2026-11-22T11:59:55Z",
        &["Stalled=True (InvalidSpec)".into()],
    );
    assert_eq!(stalled.state, LinkState::Failed);
}
