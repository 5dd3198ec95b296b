//! What the conditions of a HelmRelease mean, as its controller writes them.

use crate::cases::cases;
use crate::world::{
    FactList as _, deployed, environment, helm, object_of, proven, rolled_back, set, view_of,
};
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

fn helm_link(release: &Value) -> Link {
    link_of(2, |facts| facts.put(helm("uat", release)))
}

#[test]
fn a_helm_release_is_read_by_all_its_conditions() {
    for case in cases(include_str!("cases/helm_release.txt")) {
        let link = helm_link(&object_of(deployed("1.1.7"), &case.given));
        case.is_said(link.state, &link.sentence);
    }
}

#[test]
fn the_evidence_of_a_failure_holds_the_whole_of_what_flux_says() {
    let evidence = helm_link(&rolled_back("1.1.7", "1.1.6")).evidence;
    let evidence = evidence.expect("its evidence");
    let message = evidence.message.clone().expect("its message");
    for words in [
        "Helm upgrade failed for release",
        "Helm rollback to previous release",
    ] {
        assert!(message.contains(words), "{message}");
    }
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
    let version = json!("1.1.7+0cc9a8446c95");
    let mut object = deployed("1.1.7");
    set(
        &mut object,
        "/status/lastAttemptedRevision",
        version.clone(),
    );
    set(
        &mut object,
        "/status/history/0/chartVersion",
        version.clone(),
    );
    let link = helm_link(&object);
    assert_eq!(
        (link.state, link.sentence.as_str()),
        (LinkState::Holds, "Helm deployed 1.1.7.")
    );
    let mut object = rolled_back("1.1.7", "1.1.6");
    set(&mut object, "/status/lastAttemptedRevision", version);
    let message = "Helm upgrade failed for release podinfo/podinfo with chart podinfo@1.1.7+0cc9a8446c95: timed out";
    set(&mut object, "/status/conditions/2/message", json!(message));
    let expected = "Helm upgrade to 1.1.7 failed: timed out. It will not mend by itself. Rolled back: users still get 1.1.6.";
    assert_eq!(helm_link(&object).sentence, expected);
}
