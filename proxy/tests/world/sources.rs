//! What the sources make of the lab over real sockets: git, pull requests, Flux and the live apps.

use crate::world::{World, view};
use lab::faults::Fault;
use model::api::Promote;
use model::chain::{LinkName, LinkState, VerdictState};
use model::gate::GateState;
use model::{ChartVersion, EnvironmentName};
use proxy::actions::ActionError;

#[tokio::test]
async fn every_environment_of_the_seeded_week_is_proven_end_to_end() {
    let world = World::start().await;
    let board = world
        .board_until("every environment is proven", |board| {
            board
                .environments
                .iter()
                .all(|view| view.verdict.state == VerdictState::Proven)
        })
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
    assert_eq!(
        evidence.subject(),
        "environments/prod/podinfo-helmrelease.yaml"
    );
    assert!(
        evidence
            .condition
            .as_deref()
            .is_some_and(|by| by.starts_with("committed by "))
    );
    world.end().await;
}

#[tokio::test]
async fn an_open_pull_request_becomes_a_gate_that_waits_for_approval() {
    let world = World::start().await;
    let number = world.waiting("stg").await;
    let board = world.board();
    let gate = &board.gates[2];
    assert_eq!(gate.state, GateState::WaitsForApproval);
    assert_eq!(
        gate.release.as_ref().map(ToString::to_string).as_deref(),
        Some("1.1.7")
    );
    let promotion = gate.promotion.as_ref().expect("its promotion");
    assert_eq!(promotion.number, number);
    assert_eq!(promotion.missing_approvals, Some(1));
    world.end().await;
}

#[tokio::test]
async fn a_failed_release_is_red_though_the_tick_on_its_commit_is_green() {
    let world = World::start().await;
    let number = world.waiting("stg").await;
    world
        .lab
        .faults()
        .order(Fault::HelmUpgradeFails.as_str(), Some("stg"))
        .expect("the fault");
    world
        .lab
        .forge()
        .review(number, "sam", "APPROVE", "")
        .await
        .expect("approved");
    world
        .lab
        .forge()
        .merge(number, "sam")
        .await
        .expect("merged");
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
    let proven =
        |board: &model::api::Board| view(board, "uat").verdict.state == VerdictState::Proven;
    world.board_until("uat is proven", proven).await;
    let cluster = world.lab.cluster("uat").expect("the cluster");
    cluster.set_unavailable(true);
    world
        .board_until("the cluster is missed", |board| {
            let source = board
                .sources
                .iter()
                .find(|source| source.name == "flux uat");
            source.is_some_and(|source| source.failing.is_some())
        })
        .await;
    world
        .lab
        .clock()
        .advance(std::time::Duration::from_secs(61));
    let board = world
        .board_until("uat is stale", |board| {
            view(board, "uat").verdict.state == VerdictState::Stale
        })
        .await;
    let verdict = &view(&board, "uat").verdict;
    assert_eq!(verdict.breaks_at, Some(LinkName::Applied));
    assert!(
        verdict.sentence.contains("flux uat has not been heard"),
        "{}",
        verdict.sentence
    );
    cluster.set_unavailable(false);
    world.board_until("uat is proven again", proven).await;
    world.end().await;
}

#[tokio::test]
async fn github_that_does_not_answer_makes_what_git_declares_stale_and_nothing_else() {
    let world = World::start().await;
    world
        .board_until("uat is proven", |board| {
            view(board, "uat").verdict.state == VerdictState::Proven
        })
        .await;
    world
        .lab
        .faults()
        .order(Fault::ForgeDown.as_str(), None)
        .expect("the fault");
    world
        .board_until("GitHub is missed", |board| {
            let source = board.sources.iter().find(|source| source.name == "github");
            source.is_some_and(|source| source.failing.is_some())
        })
        .await;
    world
        .lab
        .clock()
        .advance(std::time::Duration::from_secs(181));
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
    world
        .board_until("prod is proven", |board| {
            view(board, "prod").verdict.state == VerdictState::Proven
        })
        .await;
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
    let overdue = std::time::Duration::from_secs(2);
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
    let pipeline = world.pipeline();
    let prod = EnvironmentName::from("prod");
    let ordered = async |login: &str, release: &str| {
        let person = world.person(login).await;
        let release = ChartVersion::parse(release).expect("a version");
        proxy::actions::promote(&world.app, &person, pipeline, &prod, &Promote { release }).await
    };
    let refused = ordered("kim", "1.1.7")
        .await
        .expect_err("kim may only read");
    assert!(matches!(refused, ActionError::NotPermitted { .. }));
    let refused = ordered("sam", "1.1.6")
        .await
        .expect_err("that is not proven");
    assert!(matches!(refused, ActionError::OutOfDate { code, .. } if code == "not_proven"));
    let promoted = ordered("sam", "1.1.7").await.expect("opened");
    assert_eq!(world.waiting("prod").await, promoted.number);
    let refused = ordered("sam", "1.1.7").await.expect_err("it is there");
    assert!(matches!(refused, ActionError::OutOfDate { code, .. } if code == "nothing_to_do"));
    world.end().await;
}
