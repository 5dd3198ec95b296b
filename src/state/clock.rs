//! The server's time, for ages on the screen.

use leptos::prelude::*;
use model::Timestamp;

use crate::erased::{ErasedSignal, every};

/// The clock, as a context.
#[derive(Clone, Copy)]
pub struct Clock {
    now: ErasedSignal<Timestamp>,
    /// How far the server's clock is ahead of the browser's, in milliseconds.
    ahead: ErasedSignal<i64>,
}

impl Clock {
    /// The server's time now; subscribes the current reactive scope, which then runs once a second.
    pub fn now(self) -> Timestamp {
        self.now.get()
    }

    /// The server's time now, without subscribing.
    pub fn now_untracked(self) -> Timestamp {
        self.now.get_untracked()
    }

    /// Sets the clock by a timestamp that has just come from the server.
    pub fn set_by(self, server: Timestamp) {
        let ahead = server.millis() - browser_millis();
        // Small differences come from the network, and would make ages jump.
        if (ahead - self.ahead.get_untracked()).abs() > 2_000 {
            self.ahead.set(ahead);
        }
        self.advance();
    }

    fn advance(self) {
        self.now.set(Timestamp::from_millis(
            browser_millis() + self.ahead.get_untracked(),
        ));
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "milliseconds since 1970 fit in 53 bits"
)]
fn browser_millis() -> i64 {
    js_sys::Date::now() as i64
}

/// Provides the clock and lets it run.
pub fn provide_clock() -> Clock {
    let clock = Clock {
        now: ErasedSignal::new(Timestamp::from_millis(browser_millis())),
        ahead: ErasedSignal::new(0),
    };
    every(1_000, move || clock.advance());
    provide_context(clock);
    clock
}
