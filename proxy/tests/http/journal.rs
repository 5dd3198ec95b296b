//! The SQLite journal against the suite that every backend passes.

use std::sync::Arc;

use model::Timestamp;
use proxy::journal::{Journal, SqliteJournal, conformance};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_does_what_the_journal_promises() {
    let folder = tempfile::tempdir().unwrap();
    let made = std::sync::atomic::AtomicU32::new(0);
    conformance(|| {
        let number = made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let file = folder.path().join(format!("{number}.sqlite"));
        async move { Arc::new(SqliteJournal::open(&file).await.unwrap()) as Arc<dyn Journal> }
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
    std::fs::write(
        &file,
        "these are words, not a database, and quite a lot of them",
    )
    .unwrap();
    assert!(SqliteJournal::open(&file).await.is_err());
}
