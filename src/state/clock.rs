//! The time on the server's clock, once a second, for ages on the screen.

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use model::Timestamp;

use crate::held::{Held, spawn};

/// The shared clock.
#[derive(Clone, Copy)]
pub struct Clock {
    now: Held<Timestamp>,
    ahead: Held<i64>,
}

impl Clock {
    /// The time now, as the server would say it; changes once a second.
    pub fn now(self) -> Timestamp {
        *self.now.get()
    }

    /// The same without following its changes.
    pub fn now_untracked(self) -> Timestamp {
        *self.now.peek()
    }

    /// Sets the clock by a time that the server has just said.
    pub fn set_by(self, server: Timestamp) {
        let ahead = server.millis() - browser_millis();
        // Small differences are the network's, and would make ages jump.
        if (ahead - *self.ahead.peek()).abs() > 2_000 {
            self.ahead.set(ahead);
        }
        self.tick();
    }

    fn tick(self) {
        self.now.set(Timestamp::from_millis(
            browser_millis() + *self.ahead.peek(),
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
        now: Held::new(Timestamp::from_millis(browser_millis())),
        ahead: Held::new(0),
    };
    spawn(async move {
        loop {
            TimeoutFuture::new(1_000).await;
            clock.tick();
        }
    });
    provide_context(clock);
    clock
}
