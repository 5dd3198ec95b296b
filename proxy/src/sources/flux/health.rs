//! How the watches of one cluster are doing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::flux::Kind;
use tokio::sync::Notify;

/// What each watch is at.
pub(super) struct Health {
    watches: Mutex<BTreeMap<Kind, State>>,
    /// Told when one of them is at something else.
    pub(super) changed: Notify,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// It does not know all of its objects.
    Listing,
    /// It knows all of them and hears of every change.
    Following,
    /// It does not work, and tries again by itself.
    Broken(String),
}

impl Health {
    pub(super) fn new(kinds: impl Iterator<Item = Kind>) -> Self {
        Self {
            watches: Mutex::new(kinds.map(|kind| (kind, State::Listing)).collect()),
            changed: Notify::new(),
        }
    }

    pub(super) fn following(&self, kind: Kind) {
        self.set(kind, State::Following);
    }

    /// It lists anew. One that is broken stays so until it follows.
    pub(super) fn listing(&self, kind: Kind) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state @ State::Following) = watches.get_mut(&kind) {
            *state = State::Listing;
        }
    }

    pub(super) fn broken(&self, kind: Kind, why: String) {
        self.set(kind, State::Broken(why));
    }

    fn set(&self, kind: Kind, state: State) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if watches.get(&kind) != Some(&state) {
            watches.insert(kind, state);
            self.changed.notify_one();
        }
    }

    /// Whether all watches follow; an error where one is broken.
    pub(super) fn check(&self) -> Result<bool, String> {
        let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = true;
        for state in watches.values() {
            match state {
                State::Following => {}
                State::Listing => all = false,
                State::Broken(why) => return Err(why.clone()),
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_is_well_when_all_of_its_watches_follow() {
        let health = Health::new([Kind::HelmRelease, Kind::Kustomization].into_iter());
        health.following(Kind::HelmRelease);
        assert_eq!(health.check(), Ok(false));
        health.following(Kind::Kustomization);
        assert_eq!(health.check(), Ok(true));
        health.broken(Kind::HelmRelease, "reset".into());
        assert_eq!(health.check(), Err("reset".into()));
        health.listing(Kind::HelmRelease);
        assert_eq!(health.check(), Err("reset".into()), "a list is only a try");
        health.following(Kind::HelmRelease);
        assert_eq!(health.check(), Ok(true));
    }

    #[test]
    fn while_a_watch_lists_anew_nothing_is_confirmed() {
        let health = Health::new([Kind::HelmRelease].into_iter());
        health.following(Kind::HelmRelease);
        health.listing(Kind::HelmRelease);
        assert_eq!(health.check(), Ok(false));
    }
}
