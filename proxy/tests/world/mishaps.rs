//! Approvals that go wrong half way: what was done is found out by reading, and nothing is done twice.

use http::Method;
use model::api::ActionResult;
use model::promotion::PromotionState;
use proxy::actions::ActionError;
use proxy::github::Error;
use tokio::sync::Notify;

use crate::between::{self, Mischief};
use crate::world::World;

/// A world whose Weft reaches the forge's REST through a relay.
async fn world_with(
    method: Method,
    path: &'static str,
    mischief: Mischief,
) -> (World, std::sync::Arc<between::Relay>) {
    let lab = World::lab().await;
    let (url, relay) = between::start(lab.forge().url(), method, path, mischief).await;
    let world = World::beside(lab, |config| {
        config.github.rest_url = url.join("api/v3").expect("an address");
    })
    .await;
    (world, relay)
}

/// Has sam approve and merge what waits before stg.
async fn tap(world: &World) -> (u64, Result<ActionResult, ActionError>) {
    let number = world.waiting("stg").await;
    let sam = world.person("sam").await;
    let card = world.card(&sam, number).await;
    (number, world.approve(&sam, &card, true).await)
}

#[tokio::test]
async fn a_merge_whose_answer_was_lost_is_found_by_reading() {
    let (world, _relay) = world_with(Method::PUT, "/merge", Mischief::LoseTheAnswer).await;
    let (number, done) = tap(&world).await;
    let done = done.expect("it is merged all the same");
    assert!(done.merged && done.merge_commit.is_some());
    assert_eq!(done.card.expect("the card").state, PromotionState::Merged);
    let pull = world.pull(number).await;
    assert_eq!(
        pull.merge_commit,
        done.merge_commit.map(|commit| commit.to_string())
    );
    world.end().await;
}

#[tokio::test]
async fn a_review_whose_answer_was_lost_is_not_given_twice() {
    let (world, _relay) = world_with(Method::POST, "/reviews", Mischief::LoseTheAnswer).await;
    let (number, done) = tap(&world).await;
    let done = done.expect("reviewed and merged all the same");
    assert!(done.reviewed && done.merged);
    let pull = world.pull(number).await;
    assert_eq!(pull.approved_by, ["sam"]);
    world.end().await;
}

#[tokio::test]
async fn an_approval_is_taken_back_when_the_head_moves_at_the_same_moment() {
    let mischief = Mischief::Wait {
        answered: Notify::new(),
        go_on: Notify::new(),
    };
    let (world, relay) = world_with(Method::POST, "/reviews", mischief).await;
    let Mischief::Wait { answered, go_on } = &relay.mischief else {
        unreachable!("it waits")
    };
    let moves = async {
        answered.notified().await;
        let moved = world.lab.forge().move_head("stg", "ana").await;
        moved.expect("moved");
        go_on.notify_one();
    };
    let ((number, done), ()) = tokio::join!(tap(&world), moves);
    let Err(ActionError::Changed { code, card, why }) = done else {
        panic!("{done:?}");
    };
    assert_eq!(code, "head_moved");
    assert!(why.contains("while you approved"), "{why}");
    assert_eq!(card.state, PromotionState::Open);
    let pull = world.pull(number).await;
    assert!(pull.approved_by.is_empty(), "{:?}", pull.approved_by);
    world.end().await;
}

#[tokio::test]
async fn a_promotion_whose_answer_was_lost_is_githubs_failure_and_not_the_persons() {
    let (world, _relay) = world_with(Method::POST, "/pulls", Mischief::LoseTheAnswer).await;
    world.stg_without_its_dispatch().await;
    let failed = world.promote("sam", "1.1.7").await;
    assert!(
        matches!(failed, Err(ActionError::GitHub(Error::Unavailable { .. }))),
        "{failed:?}"
    );
    // The forge has done it all the same, and so nothing is done twice.
    world.waiting("prod").await;
    let again = world.promote("sam", "1.1.7").await.expect_err("nothing");
    assert!(
        matches!(again, ActionError::OutOfDate { code, .. } if code == "nothing_to_do"),
        "{again:?}"
    );
    world.end().await;
}
