//! The append-only record behind one documented trait.
//!
//! `sqlite` is the embedded backend; every backend passes the suite in `tests/http/journal.rs`. What an entry
//! means is said in `model::journal`.

mod sqlite;

use async_trait::async_trait;
use model::journal::Entry;
use model::pipeline::{PipelineName, RepositoryName};
use model::{CommitId, Timestamp};

pub use sqlite::SqliteJournal;

/// Why the journal did not answer.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    #[error("the journal's database failed: {0}")]
    Database(#[from] sqlx::Error),
    #[error("the journal's tables could not be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the journal holds something that cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

/// What makes two taps the same action: the same person did the same thing to the same head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionKey {
    /// The person's numeric id on GitHub.
    pub user: u64,
    pub repository: RepositoryName,
    /// The pull request.
    pub number: u64,
    /// The head that the person saw.
    pub head: CommitId,
    /// `approve`, `merge`, `refuse` …
    pub action: String,
}

/// The record. Entries are never changed nor removed.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Writes entries, all or none, in their order. An entry whose `key` its pipeline holds already is
    /// skipped. Gives those newly written, with their ids.
    async fn append(&self, entries: &[Entry]) -> Result<Vec<Entry>, JournalError>;

    /// One page of a pipeline's entries, newest first by `at`; `before` is the id of the last entry of
    /// the page before it. An unknown `before` gives an empty page.
    async fn page(
        &self,
        pipeline: &PipelineName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError>;

    /// All entries of a pipeline with `since <= at < until`, oldest first.
    async fn between(
        &self,
        pipeline: &PipelineName,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Entry>, JournalError>;

    /// The newest verdict of each environment of a pipeline.
    async fn last_verdicts(&self, pipeline: &PipelineName) -> Result<Vec<Entry>, JournalError>;

    /// Marks an intent as used, atomically: `true` the first time, `false` ever after. It is remembered
    /// at least until `expires_at`, after which no intent of that id verifies any more.
    async fn consume_intent(
        &self,
        id: &str,
        user: u64,
        expires_at: Timestamp,
    ) -> Result<bool, JournalError>;

    /// Keeps how an action ended; the first outcome of a key stays.
    async fn store_outcome(
        &self,
        key: &ActionKey,
        outcome: &serde_json::Value,
    ) -> Result<(), JournalError>;

    /// How an action ended, if it was done before.
    async fn outcome(&self, key: &ActionKey) -> Result<Option<serde_json::Value>, JournalError>;

    /// Whether the journal answers.
    async fn ping(&self) -> Result<(), JournalError>;
}
