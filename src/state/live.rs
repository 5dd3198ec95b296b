//! Whether the page is live, and since when it is not.

use leptos::prelude::*;
use model::Timestamp;

use super::Clock;
use crate::held::Held;

/// How the connection to the server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveStatus {
    /// Nothing has come yet.
    Connecting,
    /// Events come.
    Live,
    /// It broke a moment ago.
    Reconnecting,
    /// It has been broken for longer; actions are off.
    LastSeen(Timestamp),
}

/// The connection's state, shared.
#[derive(Clone, Copy)]
pub struct Live {
    heard: Held<Option<Timestamp>>,
    broken: Held<bool>,
    clock: Clock,
}

/// The server sends a ping each 10 s; after three are missing the page is stale.
const STALE_MILLIS: u128 = 30_000;

impl Live {
    /// Notes that something was heard.
    pub fn heard(self) {
        self.heard.set(Some(self.clock.now_untracked()));
        if *self.broken.peek() {
            self.broken.set(false);
        }
    }

    /// Notes that the connection broke.
    pub fn broke(self) {
        self.broken.set(true);
    }

    /// How it is now.
    pub fn status(self) -> LiveStatus {
        let (heard, broken) = (*self.heard.get(), *self.broken.get());
        let Some(heard) = heard else {
            return if broken {
                LiveStatus::Reconnecting
            } else {
                LiveStatus::Connecting
            };
        };
        let age = self.clock.now().since(heard).as_millis();
        match (broken, age) {
            (_, age) if age > STALE_MILLIS => LiveStatus::LastSeen(heard),
            (true, age) if age > 5_000 => LiveStatus::LastSeen(heard),
            (true, _) => LiveStatus::Reconnecting,
            (false, _) => LiveStatus::Live,
        }
    }

    /// Whether what is on the screen may be acted on.
    pub fn fresh(self) -> bool {
        !matches!(self.status(), LiveStatus::LastSeen(_))
    }
}

/// Provides the connection's state.
pub fn provide_live(clock: Clock) {
    provide_context(Live {
        heard: Held::new(None),
        broken: Held::new(false),
        clock,
    });
}
