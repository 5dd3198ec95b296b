//! Writes entries into the journal beside the watches, many at once: no watch waits for a disk.

use std::time::Duration;

use model::journal::Entry;
use tokio::sync::mpsc;

use crate::app::AppState;

/// Updates whose entries may wait; then the watches do.
const WAITING: usize = 1024;
/// Entries in one transaction.
const AT_ONCE: usize = 1000;
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);

/// What writes them.
pub(super) struct Scribe {
    app: AppState,
    entries: mpsc::Receiver<Vec<Entry>>,
}

impl Scribe {
    /// It, and where it takes entries from; it ends when nobody can give it any more.
    pub(super) fn new(app: AppState) -> (mpsc::Sender<Vec<Entry>>, Self) {
        let (sender, entries) = mpsc::channel(WAITING);
        (sender, Self { app, entries })
    }

    pub(super) async fn run(mut self) {
        while let Some(mut batch) = self.entries.recv().await {
            while batch.len() < AT_ONCE
                && let Ok(more) = self.entries.try_recv()
            {
                batch.extend(more);
            }
            while let Err(error) = self.app.journal.append(&batch).await {
                tracing::error!(%error, "what Flux did cannot be journaled");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
