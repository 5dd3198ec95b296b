//! What the boards publish and what the journal keeps of it, over restarts as well.

use lab::ENVIRONMENTS;
use model::ChartVersion;
use model::chain::VerdictState;
use model::journal::{Entry, Event};

use crate::world::{World, all_proven, view};

/// Waits until the past of each cluster is in the journal, the verdicts with it.
async fn backfilled_entries(world: &World) -> Vec<Entry> {
    world
        .eventually("the journal holds the past", async || {
            let entries = world.entries().await;
            let has = |test: fn(&Event) -> bool| entries.iter().any(|entry| test(&entry.event));
            let deployed = |name: &str| {
                let to = Some(name.into());
                let mut entries = entries.iter();
                entries.any(|entry| entry.event == Event::Deployed && entry.environment == to)
            };
            let all = ENVIRONMENTS.into_iter().all(deployed)
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
    let release = ChartVersion::parse("1.1.6").ok();
    let of = |kind: &str| -> Vec<&Entry> {
        let entries = entries.iter().filter(|entry| entry.event.kind() == kind);
        entries.filter(|entry| entry.release == release).collect()
    };
    assert_eq!(of("released").len(), 1);
    assert!(of("released")[0].colour.is_some());
    assert_eq!(of("promotion_merged").len(), 3);
    assert_eq!(of("deployed").len(), 4);
    let failed = of("deploy_failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].event, Event::DeployFailed { rolled_back: true });
    assert_eq!(failed[0].environment, Some("prod".into()));
    let approved = of("promotion_approved");
    assert!(approved.iter().all(|entry| entry.who.is_some()));
    world.end().await;
}

#[tokio::test]
async fn a_restart_tells_nothing_twice_and_keeps_the_age_of_a_proof() {
    let world = World::start().await;
    let before = world.board_until("all is proven", all_proven).await;
    let first = world
        .eventually("the journal is at rest", async || {
            let entries = backfilled_entries(&world).await;
            let is_verdict = |entry: &&Entry| matches!(entry.event, Event::Verdict { .. });
            let verdicts = entries.iter().filter(is_verdict).count();
            (verdicts >= 5).then_some(entries)
        })
        .await;
    let world = world.restart().await;
    let after = world.board_until("all is proven again", all_proven).await;
    assert!(after.version > before.version);
    for name in ["dev-test", "uat", "stg", "prod"] {
        let since = |board| view(board, name).verdict.since;
        assert_eq!(since(&*after), since(&*before), "{name}");
    }
    let keys = |entries: Vec<Entry>| {
        let mut keys: Vec<String> = entries.into_iter().map(|entry| entry.key).collect();
        keys.sort();
        keys
    };
    assert_eq!(keys(world.entries().await), keys(first));
    world.end().await;
}

#[tokio::test]
async fn a_change_is_published_to_subscribers_with_a_higher_version() {
    let world = World::start().await;
    world.until("prod", VerdictState::Proven).await;
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
