//! What the conditions of a Kustomization and of the GitRepository before it mean.

use crate::cases::cases;
use crate::conditions::link_of;
use crate::world::{
    FactList as _, OLD, git_repository, kustomization, kustomization_of, live, object_of,
    with_commits,
};
use model::chain::LinkState;
use serde_json::json;

#[test]
fn a_kustomization_is_read_by_all_its_conditions() {
    for case in cases(include_str!("cases/kustomization.txt")) {
        let object = object_of(json!({"metadata": {"generation": 1}}), &case.given);
        let link = link_of(1, |facts| {
            facts.put(kustomization_of("uat", "uat", &object));
        });
        case.is_said(link.state, &link.sentence);
    }
}

#[test]
fn the_git_repository_speaks_where_no_commit_comes_and_where_none_will() {
    for mut case in cases(include_str!("cases/git_repository.txt")) {
        let applied = with_commits(&case.take("applied ").expect("what is applied"));
        let base = json!({
            "metadata": {"generation": 1},
            "status": {"artifact": {"revision": format!("main@sha1:{OLD}")}},
        });
        let fact = git_repository(&object_of(base, &case.given));
        let link = link_of(1, |facts| {
            facts.put(kustomization("uat", "uat", &applied));
            facts.put(fact.clone());
        });
        case.is_said_by(&link);
        if link.state == LinkState::Failed {
            let message = link.evidence.and_then(|evidence| evidence.message);
            assert!(message.expect("whole").contains("more of it"));
        }
    }
    let answers = link_of(3, |facts| facts.put(live("uat", "uat", "1.1.7")));
    assert_eq!(answers.state, LinkState::Holds);
}
