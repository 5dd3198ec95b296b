//! The health of the watches of one cluster.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use model::flux::Kind;
use tokio::sync::Notify;

/// The state of each watch.
pub(super) struct WatchHealth {
    watches: Mutex<BTreeMap<Kind, WatchState>>,
    /// Notified when a state changes.
    pub(super) changed: Notify,
}

#[derive(Debug, PartialEq, Eq)]
enum WatchState {
    /// Not all of its objects are known.
    Listing,
    /// Every change arrives.
    Synced,
    /// The last try failed, for this reason; it retries by itself.
    Broken(String),
}

impl WatchHealth {
    pub(super) fn new(kinds: impl Iterator<Item = Kind>) -> Self {
        Self {
            watches: Mutex::new(kinds.map(|kind| (kind, WatchState::Listing)).collect()),
            changed: Notify::new(),
        }
    }

    pub(super) fn synced(&self, kind: Kind) {
        self.set(kind, WatchState::Synced);
    }

    /// Notes that a watch lists again. A broken one stays broken until it is synced.
    pub(super) fn listing(&self, kind: Kind) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state @ WatchState::Synced) = watches.get_mut(&kind) {
            *state = WatchState::Listing;
        }
    }

    pub(super) fn broken(&self, kind: Kind, why: String) {
        self.set(kind, WatchState::Broken(why));
    }

    fn set(&self, kind: Kind, state: WatchState) {
        let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        if watches.get(&kind) != Some(&state) {
            watches.insert(kind, state);
            self.changed.notify_one();
        }
    }

    /// Returns whether all watches are synced.
    ///
    /// # Errors
    /// The reason of one that is broken.
    pub(super) fn check(&self) -> Result<bool, String> {
        let watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = true;
        for state in watches.values() {
            match state {
                WatchState::Synced => {}
                WatchState::Listing => all = false,
                WatchState::Broken(why) => return Err(why.clone()),
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
        let health = WatchHealth::new([Kind::HelmRelease, Kind::Kustomization].into_iter());
        health.synced(Kind::HelmRelease);
        assert_eq!(health.check(), Ok(false));
        health.synced(Kind::Kustomization);
        assert_eq!(health.check(), Ok(true));
        health.broken(Kind::HelmRelease, "reset".into());
        assert_eq!(health.check(), Err("reset".into()));
        health.listing(Kind::HelmRelease);
        assert_eq!(health.check(), Err("reset".into()), "a list is only a try");
        health.synced(Kind::HelmRelease);
        assert_eq!(health.check(), Ok(true));
    }

    #[test]
    fn while_a_watch_lists_anew_nothing_is_confirmed() {
        let health = WatchHealth::new([Kind::HelmRelease].into_iter());
        health.synced(Kind::HelmRelease);
        health.listing(Kind::HelmRelease);
        assert_eq!(health.check(), Ok(false));
    }
}
