//! What every backend of the journal must do, as one suite, and SQLite against it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use model::chain::VerdictState;
use model::journal::{Entry, Event};
use model::pipeline::{PipelineName, RepositoryName};
use model::{ChartVersion, CommitId, EnvironmentName, Timestamp};
use proxy::journal::{ActionKey, Journal, SqliteJournal};
use serde_json::json;

/// Holds a backend against the words of [`Journal`]. `make` gives an empty one each time it is called.
async fn conformance<J: Journal + 'static>(make: impl AsyncFn() -> J) {
    entries_come_back_as_they_were_written(&make().await).await;
    equal_keys_are_written_once(&make().await).await;
    pages_follow_on_without_gap_or_overlap(&make().await).await;
    pipelines_do_not_see_each_other(&make().await).await;
    a_span_holds_its_beginning_and_not_its_end(&make().await).await;
    the_last_verdict_of_each_environment_is_found(&make().await).await;
    an_intent_is_used_once_even_by_many_at_a_time(Arc::new(make().await)).await;
    the_first_outcome_of_an_action_stays(&make().await).await;
    make().await.ping().await.unwrap();
}

fn pipeline(name: &str) -> PipelineName {
    PipelineName::new("app-podinfo", name)
}

fn entry(minute: i64, key: &str) -> Entry {
    let event = Event::PromotionMerged { number: 64 };
    Entry::new(&pipeline("podinfo"), event, at(minute))
        .written_at(Timestamp::from_millis(minute * 60_000 + 5))
        .environment(EnvironmentName::from("uat"))
        .release(ChartVersion::parse("1.1.7").ok())
        .by("sam".to_owned())
        .source("github")
        .sentence("«1.1.7» went into uat")
        .key(key)
}

fn verdict(minute: i64, environment: &str, to: VerdictState) -> Entry {
    Entry {
        environment: Some(environment.into()),
        event: Event::Verdict {
            from: None,
            to,
            breaks_at: None,
        },
        ..entry(minute, &format!("{environment}-{minute}"))
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(minute * 60_000)
}

fn minutes(entries: &[Entry]) -> Vec<i64> {
    let minutes = entries.iter().map(|entry| entry.at.millis() / 60_000);
    minutes.collect()
}

async fn append(journal: &dyn Journal, entries: &[Entry]) -> Vec<Entry> {
    journal.append(entries).await.unwrap()
}

async fn page(journal: &dyn Journal, before: Option<u64>, limit: usize) -> Vec<Entry> {
    let page = journal.page(&pipeline("podinfo"), before, limit).await;
    page.unwrap()
}

async fn entries_come_back_as_they_were_written(journal: &dyn Journal) {
    let entries = [entry(1, "a"), verdict(2, "uat", VerdictState::Proven)];
    let written = append(journal, &entries).await;
    assert!(written[0].id > 0 && written[1].id > written[0].id);
    let mut read = page(journal, None, 10).await;
    read.reverse();
    assert_eq!(read, written, "all of an entry survives, its id included");
    assert!(append(journal, &[]).await.is_empty());
}

async fn equal_keys_are_written_once(journal: &dyn Journal) {
    append(journal, &[entry(1, "a")]).await;
    let again = [entry(2, "a"), entry(3, "b"), entry(4, "b")];
    let written = append(journal, &again).await;
    assert_eq!(minutes(&written), [3], "only the new key is written, once");
    assert_eq!(minutes(&page(journal, None, 10).await), [3, 1]);
}

async fn pages_follow_on_without_gap_or_overlap(journal: &dyn Journal) {
    // Read from a history: older ones are written later, and two happened at the same time.
    let minutes_and_keys = [(5, "a"), (6, "b"), (1, "c"), (3, "d"), (3, "e"), (2, "f")];
    append(
        journal,
        &minutes_and_keys.map(|(minute, key)| entry(minute, key)),
    )
    .await;
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let next = page(journal, before, 2).await;
        let Some(last) = next.last() else { break };
        before = Some(last.id);
        seen.extend(next);
    }
    assert_eq!(minutes(&seen), [6, 5, 3, 3, 2, 1], "newest first");
    let mut ids: Vec<u64> = seen.iter().map(|entry| entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "no entry is on two pages");
    assert!(page(journal, Some(999_999), 2).await.is_empty());
}

async fn pipelines_do_not_see_each_other(journal: &dyn Journal) {
    let other = Entry {
        pipeline: pipeline("other"),
        ..entry(1, "a")
    };
    let written = append(journal, &[entry(1, "a"), other]).await;
    assert_eq!(written.len(), 2, "equal keys are two entries");
    assert_eq!(page(journal, None, 10).await.len(), 1);
    let of_other = page(journal, Some(written[1].id), 10).await;
    assert!(of_other.is_empty(), "another's entry is no place in this");
}

async fn a_span_holds_its_beginning_and_not_its_end(journal: &dyn Journal) {
    let all = [4, 1, 3, 2].map(|minute| entry(minute, &minute.to_string()));
    append(journal, &all).await;
    let name = pipeline("podinfo");
    let found = journal.between(&name, at(2), at(4)).await.unwrap();
    assert_eq!(minutes(&found), [2, 3], "oldest first");
}

async fn the_last_verdict_of_each_environment_is_found(journal: &dyn Journal) {
    let all = [
        verdict(1, "uat", VerdictState::Proven),
        verdict(2, "stg", VerdictState::Rolling),
        verdict(3, "uat", VerdictState::Failed),
        entry(4, "merged"),
    ];
    append(journal, &all).await;
    let last = journal.last_verdicts(&pipeline("podinfo")).await.unwrap();
    let last = last.into_iter().map(|entry| (entry.environment, entry.at));
    let mut last: Vec<(Option<EnvironmentName>, Timestamp)> = last.collect();
    last.sort();
    let expected = [(Some("stg".into()), at(2)), (Some("uat".into()), at(3))];
    assert_eq!(last, expected);
}

async fn an_intent_is_used_once_even_by_many_at_a_time(journal: Arc<dyn Journal>) {
    let ends = Timestamp::from_millis(300_000);
    let taps = (0..8).map(|_| {
        let journal = Arc::clone(&journal);
        tokio::spawn(async move { journal.consume_intent("one", 7, ends).await })
    });
    let mut firsts = 0;
    for tap in futures::future::join_all(taps).await {
        firsts += usize::from(tap.unwrap().unwrap());
    }
    assert_eq!(firsts, 1, "exactly one tap is the first");
    assert!(journal.consume_intent("two", 7, ends).await.unwrap());
}

async fn the_first_outcome_of_an_action_stays(journal: &dyn Journal) {
    let key = ActionKey {
        user: 7,
        repository: RepositoryName::new("demo", "podinfo"),
        number: 64,
        head: CommitId::new("9f3c1a7"),
        action: "approve".into(),
    };
    assert_eq!(journal.outcome(&key).await.unwrap(), None);
    for outcome in [json!({"merged": true}), json!({"merged": false})] {
        journal.store_outcome(&key, &outcome).await.unwrap();
    }
    let stored = journal.outcome(&key).await.unwrap();
    assert_eq!(stored, Some(json!({"merged": true})));
    let other = ActionKey {
        head: CommitId::new("0000000"),
        ..key
    };
    let none = journal.outcome(&other).await.unwrap();
    assert_eq!(none, None, "another head is another action");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_does_what_the_journal_promises() {
    let folder = tempfile::tempdir().unwrap();
    let made = AtomicU32::new(0);
    conformance(async || {
        let number = made.fetch_add(1, Ordering::Relaxed);
        let file = folder.path().join(format!("{number}.sqlite"));
        SqliteJournal::open(&file).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.sqlite");
    let ends = Timestamp::from_millis(1);
    let before = SqliteJournal::open(&file).await.unwrap();
    assert!(before.consume_intent("one", 7, ends).await.unwrap());
    drop(before);
    let after = SqliteJournal::open(&file).await.unwrap();
    assert!(!after.consume_intent("one", 7, ends).await.unwrap());
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.sqlite");
    let words = "these are words, not a database, and quite a lot of them";
    std::fs::write(&file, words).unwrap();
    assert!(SqliteJournal::open(&file).await.is_err());
}
