//! Computes one pipeline's board after each change and each second, and publishes what is new.

use std::sync::Arc;
use std::time::Duration;

use model::Timestamp;
use model::api::Board;
use model::board::eq_ignoring_ages;
use model::chain::Tolerances;
use tokio::sync::broadcast;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::pipeline_state::PipelineState;
use super::verdicts::Verdicts;
use crate::clock::Clock;
use crate::journal::Journal;

/// The interval at which durations and ages are computed again.
const TICK: Duration = Duration::from_secs(1);
/// Observations that come within this time of each other make one board.
const BURST: Duration = Duration::from_millis(2);
/// The interval at which ages alone are worth a board, while somebody is subscribed.
const AGES: Duration = Duration::from_secs(5);

pub(super) struct BoardTask {
    pub(super) pipeline: Arc<PipelineState>,
    pub(super) changes: broadcast::Sender<Arc<Board>>,
    pub(super) tolerances: Tolerances,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) journal: Arc<dyn Journal>,
}

impl BoardTask {
    pub(super) async fn run(self, ending: CancellationToken) {
        let Some(mut verdicts) = ending.run_until_cancelled(self.restore()).await else {
            return;
        };
        let mut published_at = self.clock.now();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = ending.cancelled() => return,
                () = self.pipeline.changed.notified() => tokio::time::sleep(BURST).await,
                _ = tick.tick() => {}
            }
            let now = self.clock.now();
            self.publish(&mut verdicts, &mut published_at, now);
            self.record(&mut verdicts).await;
        }
    }

    /// Reads the last verdicts, and retries while the journal does not answer.
    async fn restore(&self) -> Verdicts {
        let pipeline = &self.pipeline.spec().name;
        loop {
            match self.journal.last_verdicts(pipeline).await {
                Ok(entries) => return Verdicts::restored(entries),
                Err(error) => {
                    tracing::error!(%error, %pipeline, "the last verdicts cannot be read");
                }
            }
            tokio::time::sleep(TICK).await;
        }
    }

    fn publish(&self, verdicts: &mut Verdicts, published_at: &mut Timestamp, now: Timestamp) {
        let previous = self.pipeline.board();
        let (mut next, observations) = self.pipeline.compute(&previous, now, &self.tolerances);
        verdicts.judge(self.pipeline.spec(), &observations, &mut next);
        let watched = self.changes.receiver_count() > 0;
        let due = now.since(*published_at) >= AGES;
        if eq_ignoring_ages(&previous, &next) && !(watched && due) {
            self.pipeline.set_board(Arc::new(next));
            return;
        }
        next.version = previous.version + 1;
        let next = Arc::new(next);
        self.pipeline.set_board(Arc::clone(&next));
        *published_at = now;
        // An error says that nobody is subscribed; a later subscriber reads the board first.
        drop(self.changes.send(next));
    }

    async fn record(&self, verdicts: &mut Verdicts) {
        let entries = verdicts.pending();
        if entries.is_empty() {
            return;
        }
        match self.journal.append(&entries).await {
            Ok(_) => verdicts.written(),
            // They stay pending, and the next round tries again.
            Err(error) => tracing::error!(%error, "changed verdicts cannot be journaled"),
        }
    }
}
