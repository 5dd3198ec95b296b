//! What the boards publish and what the journal keeps of it, over restarts as well.

use model::EnvironmentName;
use model::chain::VerdictState;
use model::journal::{Entry, Event};

use crate::world::{World, pipeline_name, view};

async fn entries(world: &World) -> Vec<Entry> {
    world
        .app
        .journal
        .page(&pipeline_name(), None, 500)
        .await
        .expect("the journal")
}

/// Waits until the past of each cluster is in the journal, the verdicts with it.
async fn backfilled_entries(world: &World) -> Vec<Entry> {
    world
        .eventually("the journal holds the past", async || {
            let entries = entries(world).await;
            let has = |test: fn(&Event) -> bool| entries.iter().any(|entry| test(&entry.event));
            let deployed = |environment: &&str| {
                entries.iter().any(|entry| {
                    entry.event == Event::Deployed
                        && entry.environment.as_ref().map(EnvironmentName::as_str)
                            == Some(*environment)
                })
            };
            let clusters = ["dev", "dev-test", "uat", "stg", "prod"];
            let all = clusters.iter().all(deployed)
                && has(|event| matches!(event, Event::Released { .. }))
                && has(|event| matches!(event, Event::DeployFailed { .. }))
                && has(|event| matches!(event, Event::Verdict { .. }));
            all.then_some(entries)
        })
        .await
}

#[tokio::test]
async fn the_past_is_in_the_journal_after_the_first_start() {
    let world = World::start().await;
    let entries = backfilled_entries(&world).await;
    let of = |desired: &str, kind: &str| -> Vec<&Entry> {
        entries
            .iter()
            .filter(|entry| entry.event.kind() == kind)
            .filter(|entry| {
                entry.release.as_ref().map(ToString::to_string).as_deref() == Some(desired)
            })
            .collect()
    };
    assert_eq!(of("1.1.6", "released").len(), 1);
    assert!(of("1.1.6", "released")[0].colour.is_some());
    assert_eq!(of("1.1.6", "promotion_merged").len(), 3);
    assert_eq!(of("1.1.6", "deployed").len(), 4);
    let failed = of("1.1.6", "deploy_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].event, Event::DeployFailed { rolled_back: true });
    assert_eq!(
        failed[0].environment.as_ref().map(EnvironmentName::as_str),
        Some("prod")
    );
    let approved = of("1.1.6", "promotion_approved");
    assert!(approved.iter().all(|entry| entry.who.is_some()));
    world.end().await;
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_keeps_the_age_of_a_proof() {
    let world = World::start().await;
    let proven = |board: &model::api::Board| {
        board
            .environments
            .iter()
            .all(|view| view.verdict.state == VerdictState::Proven)
    };
    let before = world.board_until("all is proven", proven).await;
    let first = world
        .eventually("the journal is at rest", async || {
            let entries = backfilled_entries(&world).await;
            let verdicts = entries
                .iter()
                .filter(|entry| matches!(entry.event, Event::Verdict { .. }))
                .count();
            (verdicts >= 5).then_some(entries)
        })
        .await;
    let world = world.restart().await;
    let after = world.board_until("all is proven again", proven).await;
    assert!(after.version > before.version);
    for name in ["dev-test", "uat", "stg", "prod"] {
        let since = |board| view(board, name).verdict.since;
        assert_eq!(since(&*after), since(&*before), "{name}");
    }
    let keys = |entries: &[Entry]| -> Vec<String> {
        let mut keys: Vec<String> = entries.iter().map(|entry| entry.key.clone()).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(&entries(&world).await), keys(&first));
    world.end().await;
}

#[tokio::test]
async fn a_change_is_published_to_subscribers_with_a_higher_version() {
    let world = World::start().await;
    world
        .board_until("prod is proven", |board| {
            view(board, "prod").verdict.state == VerdictState::Proven
        })
        .await;
    let mut changes = world.app.boards.subscribe();
    let before = world.board().version;
    world.lab.app("prod").expect("the app").down(true);
    let changed = async {
        loop {
            let board = changes.recv().await.expect("boards are published");
            if view(&board, "prod").verdict.state != VerdictState::Proven {
                return board.version;
            }
        }
    };
    let version = tokio::time::timeout(std::time::Duration::from_secs(10), changed)
        .await
        .expect("a board without the proof");
    assert!(version > before);
    world.end().await;
}
