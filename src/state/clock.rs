//! The time on the server's clock, once a second, for ages on the screen.

use gloo_timers::callback::Interval;
use leptos::prelude::*;
use model::Timestamp;

/// The shared clock.
#[derive(Clone, Copy)]
pub struct Clock {
    now: RwSignal<Timestamp>,
    ahead: RwSignal<i64>,
}

impl Clock {
    /// The time now, as the server would say it; changes once a second.
    pub fn now(self) -> Timestamp {
        self.now.get()
    }

    /// The same without following its changes.
    pub fn now_untracked(self) -> Timestamp {
        self.now.get_untracked()
    }

    /// Sets the clock by a time that the server has just said.
    pub fn set_by(self, server: Timestamp) {
        let ahead = server.millis() - browser_millis();
        // Small differences are the network's, and would make ages jump.
        if (ahead - self.ahead.get_untracked()).abs() > 2_000 {
            self.ahead.set(ahead);
        }
        self.tick();
    }

    fn tick(self) {
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

/// Starts the clock.
pub fn provide_clock() -> Clock {
    let clock = Clock {
        now: RwSignal::new(Timestamp::from_millis(browser_millis())),
        ahead: RwSignal::new(0),
    };
    Interval::new(1_000, move || clock.tick()).forget();
    provide_context(clock);
    clock
}
