//! What the sources make of the lab over real sockets: git, pull requests, Flux and the live apps.

use std::time::Duration;

use lab::faults::Fault;
use model::ChartVersion;
use model::chain::{LinkName, LinkState, VerdictState};
use model::gate::GateState;
use proxy::actions::ActionError;

use crate::world::{World, all_proven, view};

/// Waits until Weft says that a source does not answer.
async fn until_failing(world: &World, name: &str) {
    world
        .board_until(&format!("{name} is missed"), |board| {
            let mut sources = board.sources.iter();
            sources.any(|source| source.name == name && source.failing.is_some())
        })
        .await;
}

#[tokio::test]
async fn every_environment_of_the_seeded_week_is_proven_end_to_end() {
    let world = World::start().await;
    let board = world
        .board_until("every environment is proven", all_proven)
        .await;
    let served: Vec<String> = board
        .environments
        .iter()
        .map(|view| view.release.label())
        .collect();
    assert_eq!(served[1..], ["1.1.7", "1.1.7", "1.1.6", "1.1.6"]);
    assert!(
        board
            .environments
            .iter()
            .all(|view| view.release.colour.is_some())
    );
    world.end().await;
}

#[tokio::test]
async fn what_git_declares_is_told_with_file_commit_and_author() {
    let world = World::start().await;
    let board = world
        .board_until("git is read", |board| {
            view(board, "prod").desired.as_deref() == Some("1.1.6")
        })
        .await;
    let link = &view(&board, "prod").links[0];
    assert_eq!(
        (link.name, link.state),
        (LinkName::Declared, LinkState::Holds)
    );
    let evidence = link.evidence.as_ref().expect("its evidence");
    let path = "environments/prod/podinfo-helmrelease.yaml";
    assert_eq!(evidence.subject(), path);
    let by = evidence.condition.as_deref().expect("its author");
    assert!(by.starts_with("committed by "), "{by}");
    world.end().await;
}

#[tokio::test]
async fn an_open_pull_request_becomes_a_gate_that_waits_for_approval() {
    let world = World::start().await;
    let number = world.waiting("stg").await;
    let board = world.board();
    let gate = &board.gates[2];
    assert_eq!(gate.state, GateState::WaitsForApproval);
    assert_eq!(gate.release, ChartVersion::parse("1.1.7").ok());
    let promotion = gate.promotion.as_ref().expect("its promotion");
    assert_eq!(promotion.number, number);
    assert_eq!(promotion.missing_approvals, Some(1));
    world.end().await;
}

#[tokio::test]
async fn a_failed_release_is_red_though_the_tick_on_its_commit_is_green() {
    let world = World::start().await;
    let number = world.waiting("stg").await;
    world.fault(Fault::HelmUpgradeFails, Some("stg"));
    world.merge(number, "sam").await;
    let board = world
        .board_until("stg is failed and the tick is seen to lie", |board| {
            let view = view(board, "stg");
            view.verdict.state == VerdictState::Failed && view.status_is_misleading
        })
        .await;
    let verdict = &view(&board, "stg").verdict;
    assert_eq!(verdict.breaks_at, Some(LinkName::Deployed));
    assert!(verdict.sentence.contains("1.1.7"), "{}", verdict.sentence);
    assert_eq!(view(&board, "stg").release.label(), "1.1.6");
    world.end().await;
}

#[tokio::test]
async fn a_cluster_that_goes_dark_makes_its_links_stale_and_comes_back() {
    let world = World::start().await;
    world.until("uat", VerdictState::Proven).await;
    let cluster = world.lab.cluster("uat").expect("the cluster");
    cluster.set_unavailable(true);
    until_failing(&world, "flux uat").await;
    world.lab.clock().advance(Duration::from_secs(61));
    let board = world.until("uat", VerdictState::Stale).await;
    let verdict = &view(&board, "uat").verdict;
    assert_eq!(verdict.breaks_at, Some(LinkName::Applied));
    assert!(
        verdict.sentence.contains("flux uat has not been heard"),
        "{}",
        verdict.sentence
    );
    cluster.set_unavailable(false);
    world.until("uat", VerdictState::Proven).await;
    world.end().await;
}

#[tokio::test]
async fn github_that_does_not_answer_makes_what_git_declares_stale_and_nothing_else() {
    let world = World::start().await;
    world.until("uat", VerdictState::Proven).await;
    world.fault(Fault::ForgeDown, None);
    until_failing(&world, "github").await;
    world.lab.clock().advance(Duration::from_secs(181));
    let board = world
        .board_until("only git is stale", |board| {
            let states: Vec<LinkState> = view(board, "uat")
                .links
                .iter()
                .map(|link| link.state)
                .collect();
            states[0] == LinkState::Stale
                && states[1..].iter().all(|state| *state == LinkState::Holds)
        })
        .await;
    assert_eq!(view(&board, "uat").verdict.state, VerdictState::Stale);
    world.end().await;
}

#[tokio::test]
async fn an_app_that_hangs_is_named_as_the_link_that_breaks() {
    let world = World::start().await;
    world.until("prod", VerdictState::Proven).await;
    world.lab.app("prod").expect("the app").down(true);
    let board = world
        .board_until("prod is not proven", |board| {
            view(board, "prod").verdict.state != VerdictState::Proven
        })
        .await;
    assert_eq!(
        view(&board, "prod").verdict.breaks_at,
        Some(LinkName::Serving)
    );
    world.end().await;
}

#[tokio::test]
async fn a_dispatch_that_was_lost_is_named_when_its_pull_request_is_overdue() {
    let overdue = Duration::from_secs(2);
    let world = World::start_with(|config| config.tolerances.promotion = overdue).await;
    world.stg_without_its_dispatch().await;
    let board = world
        .board_until("the dispatch is known to be lost", |board| {
            board.gates[3].state == GateState::Lost
        })
        .await;
    assert!(
        board.gates[3].sentence.contains("was lost"),
        "{}",
        board.gates[3].sentence
    );
    let refused = world.promote("kim", "1.1.7").await;
    let refused = refused.expect_err("kim may only read");
    assert!(matches!(refused, ActionError::NotPermitted { .. }));
    let refused = world.promote("sam", "1.1.6").await;
    let refused = refused.expect_err("that is not proven");
    assert!(matches!(refused, ActionError::OutOfDate { code, .. } if code == "not_proven"));
    let promoted = world.promote("sam", "1.1.7").await.expect("opened");
    assert_eq!(world.waiting("prod").await, promoted.number);
    let refused = world.promote("sam", "1.1.7").await;
    let refused = refused.expect_err("it is there");
    assert!(matches!(refused, ActionError::OutOfDate { code, .. } if code == "nothing_to_do"));
    world.end().await;
}
