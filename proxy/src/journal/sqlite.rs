//! The journal in one SQLite file.

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use model::journal::Entry;
use model::pipeline::PipelineName;
use model::{EnvironmentName, Timestamp};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Row, SqlStr};

use super::{ActionKey, Journal, JournalError};

/// Its tables, one text per step; a step is never changed once it was released.
const STEPS: [(&str, &str); 1] = [("entries, intents, outcomes", include_str!("schema.sql"))];
const CONNECTIONS: u32 = 4;

/// The journal in one SQLite file, written ahead so that readers do not wait for the writer.
#[derive(Clone, Debug)]
pub struct SqliteJournal {
    pool: SqlitePool,
}

impl SqliteJournal {
    /// Opens the file, creating it and bringing its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or is not a journal of this version of Weft or an older one.
    pub async fn open(file: &Path) -> Result<Self, JournalError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // What was acknowledged must survive a power cut, not only a crash.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .connect_with(options)
            .await?;
        migrator().run(&pool).await?;
        Ok(Self { pool })
    }
}

fn migrator() -> Migrator {
    let migrations: Vec<Migration> = STEPS
        .iter()
        .zip(1..)
        .map(|((name, sql), version)| {
            Migration::new(
                version,
                Cow::Borrowed(*name),
                MigrationType::Simple,
                SqlStr::from_static(sql),
                false,
            )
        })
        .collect();
    Migrator {
        migrations: Cow::Owned(migrations),
        ..Migrator::DEFAULT
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn entries(rows: &[SqliteRow]) -> Result<Vec<Entry>, JournalError> {
    let entry = |row: &SqliteRow| {
        let mut entry: Entry = serde_json::from_str(row.try_get("body")?)?;
        let id: i64 = row.try_get("id")?;
        entry.id = u64::try_from(id).unwrap_or_default();
        Ok(entry)
    };
    rows.iter().map(entry).collect()
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(&self, entries: &[Entry]) -> Result<Vec<Entry>, JournalError> {
        let mut written = Vec::new();
        if entries.is_empty() {
            return Ok(written);
        }
        // Begun as a writer: a transaction that becomes one later may be refused halfway.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        for entry in entries {
            let done = sqlx::query(
                "INSERT INTO entries (namespace, name, key, at, kind, environment, body)
                 VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            )
            .bind(&entry.pipeline.namespace)
            .bind(&entry.pipeline.name)
            .bind(&entry.key)
            .bind(entry.at.millis())
            .bind(entry.event.kind())
            .bind(entry.environment.as_ref().map(EnvironmentName::as_str))
            .bind(serde_json::to_string(entry)?)
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() == 1 {
                written.push(Entry {
                    id: u64::try_from(done.last_insert_rowid()).unwrap_or_default(),
                    ..entry.clone()
                });
            }
        }
        transaction.commit().await?;
        Ok(written)
    }

    async fn page(
        &self,
        pipeline: &PipelineName,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        // Two texts, since only the comparison alone is looked up in the index.
        let query = match before {
            None => {
                "SELECT id, body FROM entries WHERE namespace = ?1 AND name = ?2
                 ORDER BY at DESC, id DESC LIMIT ?4"
            }
            Some(_) => {
                "SELECT id, body FROM entries WHERE namespace = ?1 AND name = ?2
                 AND (at, id) < (SELECT at, id FROM entries
                                 WHERE namespace = ?1 AND name = ?2 AND id = ?3)
                 ORDER BY at DESC, id DESC LIMIT ?4"
            }
        };
        let rows = sqlx::query(query)
            .bind(&pipeline.namespace)
            .bind(&pipeline.name)
            .bind(before.map(signed))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.pool)
            .await?;
        entries(&rows)
    }

    async fn between(
        &self,
        pipeline: &PipelineName,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Entry>, JournalError> {
        let rows = sqlx::query(
            "SELECT id, body FROM entries WHERE namespace = ? AND name = ? AND at >= ? AND at < ?
             ORDER BY at, id",
        )
        .bind(&pipeline.namespace)
        .bind(&pipeline.name)
        .bind(since.millis())
        .bind(until.millis())
        .fetch_all(&self.pool)
        .await?;
        entries(&rows)
    }

    async fn last_verdicts(&self, pipeline: &PipelineName) -> Result<Vec<Entry>, JournalError> {
        let rows = sqlx::query(
            "SELECT id, body FROM entries WHERE id IN
             (SELECT max(id) FROM entries WHERE namespace = ? AND name = ? AND kind = 'verdict'
              GROUP BY environment) ORDER BY id",
        )
        .bind(&pipeline.namespace)
        .bind(&pipeline.name)
        .fetch_all(&self.pool)
        .await?;
        entries(&rows)
    }

    async fn consume_intent(
        &self,
        id: &str,
        user: u64,
        expires_at: Timestamp,
    ) -> Result<bool, JournalError> {
        let done = sqlx::query(
            "INSERT INTO intents (id, user, expires_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(id)
        .bind(signed(user))
        .bind(expires_at.millis())
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn store_outcome(
        &self,
        key: &ActionKey,
        outcome: &serde_json::Value,
    ) -> Result<(), JournalError> {
        sqlx::query(
            "INSERT INTO outcomes (user, repository, number, head, action, outcome)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(signed(key.user))
        .bind(key.repository.to_string())
        .bind(signed(key.number))
        .bind(key.head.to_string())
        .bind(&key.action)
        .bind(outcome.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn outcome(&self, key: &ActionKey) -> Result<Option<serde_json::Value>, JournalError> {
        let row = sqlx::query(
            "SELECT outcome FROM outcomes
             WHERE user = ? AND repository = ? AND number = ? AND head = ? AND action = ?",
        )
        .bind(signed(key.user))
        .bind(key.repository.to_string())
        .bind(signed(key.number))
        .bind(key.head.to_string())
        .bind(&key.action)
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok(serde_json::from_str(row.try_get("outcome")?)?))
            .transpose()
    }

    async fn ping(&self) -> Result<(), JournalError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }
}
