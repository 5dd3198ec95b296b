//! Writes journal entries beside the watches, many at once: no watch waits for a disk.

use std::sync::Arc;
use std::time::Duration;

use model::journal::Entry;
use tokio::sync::mpsc;

use crate::journal::Journal;

/// The number of updates whose entries may wait; beyond it the watches wait.
const CAPACITY: usize = 1024;
/// The number of entries in one transaction, about.
const BATCH: usize = 1000;
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Appends what the watches send.
pub(super) struct JournalWriter {
    journal: Arc<dyn Journal>,
    entries: mpsc::Receiver<Vec<Entry>>,
}

impl JournalWriter {
    /// Returns the writer and the sender of its entries. It ends with the last sender.
    pub(super) fn new(journal: Arc<dyn Journal>) -> (mpsc::Sender<Vec<Entry>>, Self) {
        let (sender, entries) = mpsc::channel(CAPACITY);
        (sender, Self { journal, entries })
    }

    pub(super) async fn run(mut self) {
        while let Some(mut batch) = self.entries.recv().await {
            while batch.len() < BATCH
                && let Ok(more) = self.entries.try_recv()
            {
                batch.extend(more);
            }
            while let Err(error) = self.journal.append(&batch).await {
                tracing::error!(%error, "what Flux did cannot be journaled");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}
