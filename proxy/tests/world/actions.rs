//! The card and the exact-commit protocol: what is approved is what was seen, by whom GitHub lets.

use std::time::Duration;

use model::api::{ActionResult, PromotionCard, Refuse};
use model::chain::VerdictState;
use model::gate::{Gate, GateState};
use model::journal::{Entry, Event};
use model::promotion::PromotionState;
use model::rollout::{RolloutStep, StepState};
use model::{ChartVersion, Colour};
use proxy::actions::ActionError;
use proxy::auth::Person;
use serde_json::{Value, json};

use crate::world::{World, gate, repository, view};

/// A world with a promotion before stg, and a person who looks at its card.
async fn waiting(login: &str) -> (World, u64, Person, PromotionCard) {
    let world = World::start().await;
    let number = world.waiting("stg").await;
    let person = world.person(login).await;
    let card = world.card(&person, number).await;
    (world, number, person, card)
}

async fn refuse(
    world: &World,
    person: &Person,
    card: &PromotionCard,
    comment: &str,
) -> Result<ActionResult, ActionError> {
    let order = Refuse {
        intent: card.intent.clone().expect("an intent"),
        comment: comment.to_owned(),
    };
    proxy::actions::refuse(&world.app, person, &repository(), card.number, order).await
}

fn changed(result: Result<ActionResult, ActionError>) -> (&'static str, Box<PromotionCard>) {
    match result {
        Err(ActionError::Changed { code, card, .. }) => (code, card),
        other => panic!("it should have been refused as changed: {other:?}"),
    }
}

#[tokio::test]
async fn an_approver_approves_and_merges_in_one_tap_and_the_release_arrives() {
    let (world, number, sam, card) = waiting("sam").await;
    let offered = &card.approve_and_merge;
    assert!(offered.allowed, "{offered:?}");
    let done = world.approve(&sam, &card, true).await.expect("merged");
    assert!(done.reviewed && done.merged, "{}", done.sentence);
    let after = done.card.expect("the card after it");
    assert_eq!(after.state, PromotionState::Merged);
    assert!(after.intent.is_none());
    world.until_serving("stg", "1.1.7").await;
    world
        .eventually("every step of its way is done, with its time", async || {
            let steps = world.card(&sam, number).await.steps;
            let done = |step: &RolloutStep| step.state == StepState::Done && step.at.is_some();
            let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
            let whole = [
                "merged",
                "fetched",
                "applied",
                "chart fetched",
                "upgraded",
                "tested",
                "serving",
            ];
            (names == whole && steps.iter().all(done)).then_some(())
        })
        .await;
    let entries = world.entries().await;
    let ordered =
        |event: &Event| matches!(event, Event::Intended { number: n, .. } if *n == number);
    let done =
        |event: &Event| matches!(event, Event::Done { number: n, ok: true, .. } if *n == number);
    assert!(entries.iter().any(|entry| ordered(&entry.event)));
    assert!(entries.iter().any(|entry| done(&entry.event)));
    world.end().await;
}

#[tokio::test]
async fn the_card_shows_what_changes_and_what_speaks_for_it() {
    let world = World::start().await;
    for environment in ["uat", "stg"] {
        world.until(environment, VerdictState::Proven).await;
    }
    let number = world.waiting("stg").await;
    let sam = world.person("sam").await;
    let card = world
        .eventually("the releases are known", async || {
            let card = world.card(&sam, number).await;
            (!card.commits.is_empty()).then_some(card)
        })
        .await;
    assert_eq!(card.environment.as_str(), "stg");
    assert_eq!(card.from.label(), "1.1.6");
    assert_eq!(card.to.label(), "1.1.7");
    assert!(card.from.colour.is_some() && card.to.colour.is_some());
    assert_ne!(card.from.colour, card.to.colour);
    assert_eq!(card.evidence_from.as_str(), "uat");
    assert!(card.evidence_holds, "{:?}", card.evidence);
    let mut evidence = card.evidence.iter();
    assert!(evidence.all(|line| line.ok), "{:?}", card.evidence);
    let paths: Vec<&str> = card.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths[0], "environments/stg/podinfo-helmrelease.yaml");
    assert!(paths.contains(&"charts/podinfo/Chart.yaml"), "{paths:?}");
    assert!(card.files[0].patch.contains("+      version: 1.1.7"));
    let missing = &card.missing;
    assert!(missing.starts_with("1 approval is missing"), "{missing}");
    world.end().await;
}

#[tokio::test]
async fn a_card_without_a_session_shows_all_and_offers_nothing() {
    let world = World::start().await;
    let number = world.waiting("stg").await;
    let card = proxy::actions::card(&world.app, None, &repository(), number)
        .await
        .expect("the card");
    assert!(card.intent.is_none());
    let why = card.approve.why.as_deref();
    assert_eq!(why, Some("Sign in with GitHub first."));
    world.end().await;
}

#[tokio::test]
async fn a_head_that_moved_while_somebody_read_is_refused_with_the_new_state() {
    let (world, _, sam, card) = waiting("sam").await;
    let head = world.lab.forge().move_head("stg", "ana").await;
    let head = head.expect("moved");
    let (code, now) = changed(world.approve(&sam, &card, true).await);
    assert_eq!(code, "head_moved");
    assert_eq!(now.head.as_str(), head);
    assert!(now.reviews.is_empty(), "nothing was approved");
    assert!(now.intent.is_some_and(|intent| Some(intent) != card.intent));
    world.end().await;
}

#[tokio::test]
async fn a_second_tap_gets_the_result_of_the_first() {
    let (world, number, sam, card) = waiting("sam").await;
    let (first, second) = tokio::join!(
        world.approve(&sam, &card, true),
        world.approve(&sam, &card, true)
    );
    let (first, second) = (first.expect("merged"), second.expect("the same"));
    assert!(first.merged);
    assert_eq!(first.merge_commit, second.merge_commit);
    assert_eq!(world.pull(number).await.approved_by, ["sam"]);
    world.end().await;
}

#[tokio::test]
async fn an_intent_ends_after_five_minutes_and_serves_nobody_else() {
    let (world, _, sam, card) = waiting("sam").await;
    let li = world.person("li").await;
    let stolen = world.approve(&li, &card, true).await;
    assert!(
        matches!(stolen, Err(ActionError::ForgedIntent)),
        "{stolen:?}"
    );
    world.lab.clock().advance(Duration::from_secs(301));
    let (code, now) = changed(world.approve(&sam, &card, true).await);
    assert_eq!(code, "intent_expired");
    assert_eq!(now.state, PromotionState::Open);
    world.end().await;
}

#[tokio::test]
async fn a_reader_is_told_before_and_after_the_tap_that_it_would_not_count() {
    let (world, number, kim, card) = waiting("kim").await;
    assert!(!card.approve.allowed && !card.approve_and_merge.allowed && !card.refuse.allowed);
    let refused = world.approve(&kim, &card, true).await;
    let Err(ActionError::NotPermitted { code, why }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(code, "no_write_access");
    assert!(why.contains("may only read demo/podinfo"), "{why}");
    assert!(world.pull(number).await.approved_by.is_empty());
    world.end().await;
}

#[tokio::test]
async fn nobody_approves_what_they_opened_themselves() {
    let world = World::start().await;
    let number = world.waiting("stg").await;
    let ana = world.person("ana").await;
    let forge = world.lab.forge();
    let bots = world.pull(number).await;
    forge.close(number, "ana").await.expect("closed");
    let pulls = forge.url().join("api/v3/repos/demo/podinfo/pulls");
    let own = reqwest::Client::new()
        .post(pulls.expect("an address"))
        .bearer_auth(forge.token_for("ana").expect("the account"))
        .json(&json!({"title": bots.title, "head": bots.head_ref, "base": "main"}));
    let own = own.send().await.expect("an answer");
    let own: Value = own.json().await.expect("the new pull request");
    let number = own["number"].as_u64().expect("its number");
    let card = world.card(&ana, number).await;
    let refused = world.approve(&ana, &card, false).await;
    let Err(ActionError::NotPermitted { code, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(code, "own_pull_request");
    world.end().await;
}

#[tokio::test]
async fn a_base_that_moved_by_another_promotion_does_not_stop_an_approval() {
    let (world, _, sam, card) = waiting("sam").await;
    let forge = world.lab.forge();
    let before = forge.branch("main").expect("main");
    let built = forge.push_branch_build("#123456", "ana").await;
    built.expect("a branch build");
    world
        .eventually("image automation has moved main", async || {
            let now = forge.branch("main").expect("main");
            (now != before).then_some(())
        })
        .await;
    let done = world.approve(&sam, &card, true).await.expect("merged");
    assert!(done.merged);
    world.end().await;
}

#[tokio::test]
async fn a_refusal_is_a_review_that_asks_for_changes_and_blocks_the_gate() {
    let (world, _, li, card) = waiting("li").await;
    let refused = refuse(&world, &li, &card, "  ").await;
    assert!(
        matches!(refused, Err(ActionError::Incomplete(_))),
        "{refused:?}"
    );
    let done = refuse(&world, &li, &card, "Not before the holidays.").await;
    let done = done.expect("refused");
    assert!(done.reviewed && !done.merged);
    world
        .board_until("the gate before stg is blocked", |board| {
            board.gates[2].state == GateState::Blocked && board.gates[2].sentence.contains("@li")
        })
        .await;
    world.end().await;
}

#[tokio::test]
async fn a_pull_request_that_is_no_promotion_has_no_card() {
    let world = World::start().await;
    world.waiting("stg").await;
    for (number, word) in [(99_999, "knows nothing"), (1, "no promotion")] {
        let card = proxy::actions::card(&world.app, None, &repository(), number).await;
        let error = card.expect_err("there is no card");
        assert!(error.to_string().contains(word), "{error}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_release_travels_from_its_merge_to_prod_by_approvals_alone() {
    let world = World::start().await;
    let forge = world.lab.forge();
    let release = forge
        .open_release("#00aa88", "5.1.9", "1.1.8", "ana")
        .await
        .expect("the release is opened");
    world
        .eventually("the release's checks have passed", async || {
            let pull = forge.pull(release).await.ok()?;
            pull.checks_passed.then_some(())
        })
        .await;
    world.merge(release, "li").await;
    let li = world.person("li").await;
    let (version, colour) = (
        ChartVersion::parse("1.1.8").ok(),
        Colour::parse("#00aa88").ok(),
    );
    for environment in ["uat", "stg", "prod"] {
        let carries = |gate: &Gate| gate.waits_for_people() && gate.release == version;
        world
            .board_until(&format!("1.1.8 waits before {environment}"), |board| {
                gate(board, environment).is_some_and(carries)
            })
            .await;
        let card = world.card(&li, world.waiting(environment).await).await;
        assert!(card.evidence_holds, "{environment}: {:?}", card.evidence);
        let done = world.approve(&li, &card, true).await.expect("merged");
        assert!(done.merged, "{}", done.sentence);
        let board = world.until_serving(environment, "1.1.8").await;
        assert_eq!(view(&board, environment).release.colour, colour);
    }
    world
        .eventually("the journey is written down", async || {
            let entries = world.entries().await;
            let arrived =
                |entry: &&Entry| entry.event == Event::Deployed && entry.release == version;
            (entries.iter().filter(arrived).count() == 4).then_some(())
        })
        .await;
    world.end().await;
}
