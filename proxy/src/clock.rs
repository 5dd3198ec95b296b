//! Where the time comes from: an argument of everything that needs it.

use model::Timestamp;
use time::OffsetDateTime;

/// Tells the time. The demo's is the lab's, which a presenter can advance.
pub trait Clock: Send + Sync {
    /// What time it is now.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is where the time comes from"
    )]
    fn now(&self) -> Timestamp {
        OffsetDateTime::now_utc().into()
    }
}
