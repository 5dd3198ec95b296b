//! Whether the page receives events, and since when it does not.

use leptos::prelude::*;
use model::Timestamp;

use super::clock::Clock;
use crate::erased::ErasedSignal;

/// The state of the connection to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveStatus {
    /// No event has come yet.
    Connecting,
    /// Events come in.
    Live,
    /// The connection broke at most five seconds after the last event.
    Reconnecting,
    /// No event has come for longer; actions are disabled. Holds the time of the last event.
    LastSeen(Timestamp),
}

/// The connection to the server, as a context.
#[derive(Clone, Copy)]
pub struct Live {
    received_at: ErasedSignal<Option<Timestamp>>,
    broken: ErasedSignal<bool>,
    clock: Clock,
}

/// The age of the last event, in milliseconds, after which the page is stale: the server sends a ping every 10 s.
const STALE_MILLIS: u128 = 30_000;

impl Live {
    /// Records that an event came.
    pub fn record_event(self) {
        self.received_at.set(Some(self.clock.now_untracked()));
        if self.broken.get_untracked() {
            self.broken.set(false);
        }
    }

    /// Records that the connection broke.
    pub fn record_break(self) {
        self.broken.set(true);
    }

    /// The status now; subscribes the current reactive scope.
    pub fn status(self) -> LiveStatus {
        let broken = self.broken.get();
        let Some(received_at) = self.received_at.get() else {
            return if broken {
                LiveStatus::Reconnecting
            } else {
                LiveStatus::Connecting
            };
        };
        let age = self.clock.now().since(received_at).as_millis();
        match (broken, age) {
            (_, age) if age > STALE_MILLIS => LiveStatus::LastSeen(received_at),
            (true, age) if age > 5_000 => LiveStatus::LastSeen(received_at),
            (true, _) => LiveStatus::Reconnecting,
            (false, _) => LiveStatus::Live,
        }
    }

    /// Whether the screen is recent enough to act on.
    pub fn fresh(self) -> bool {
        !matches!(self.status(), LiveStatus::LastSeen(_))
    }

    /// Why nothing can be done, where the screen is too old to act on.
    pub fn why_stale(self) -> Option<String> {
        let why = "The page has not heard from Weft for a while; actions are off until it does.";
        (!self.fresh()).then(|| why.to_owned())
    }
}

/// Provides the state of the connection.
pub fn provide_live(clock: Clock) {
    provide_context(Live {
        received_at: ErasedSignal::new(None),
        broken: ErasedSignal::new(false),
        clock,
    });
}
