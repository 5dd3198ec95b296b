//! The lab's clock: real time plus an offset that tests and presenters may advance. Everything in the
//! lab that waits for an interval waits on it, so that an hour of lab time takes no hour.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

/// Lab time. Clones share the same offset.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset: Arc<watch::Sender<Duration>>,
}

impl Clock {
    /// A clock that agrees with real time.
    pub fn new() -> Self {
        Self::default()
    }

    /// The present lab time, UTC.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + *self.offset.borrow()
    }

    /// Moves lab time forward by `by` and wakes everyone who sleeps on this clock.
    pub fn advance(&self, by: Duration) {
        self.offset.send_modify(|offset| *offset += by);
    }

    /// How far lab time is ahead of real time.
    pub fn offset(&self) -> Duration {
        *self.offset.borrow()
    }

    /// Waits until `duration` of lab time has passed; returns at once when an advance skips it.
    pub async fn sleep(&self, duration: Duration) {
        let deadline = self.now() + duration;
        let mut offset = self.offset.subscribe();
        loop {
            offset.mark_unchanged();
            let Ok(left) = Duration::try_from(deadline - self.now()) else {
                return;
            };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                // The sender lives in `self`, so the channel cannot close while we wait.
                _ = offset.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_hour_of_lab_time_passes_when_the_clock_is_advanced() {
        let clock = Clock::new();
        // The sleep begins before the clock is advanced.
        let sleep = clock.sleep(Duration::from_secs(3600));
        let advance = async { clock.advance(Duration::from_secs(3601)) };
        let slept = async { tokio::join!(sleep, advance) };
        let slept = tokio::time::timeout(Duration::from_secs(5), slept).await;
        slept.expect("the sleeper wakes");
    }

    #[test]
    fn clones_share_their_offset() {
        let clock = Clock::new();
        let other = clock.clone();
        clock.advance(Duration::from_secs(60));
        assert_eq!(other.offset(), Duration::from_secs(60));
    }
}
