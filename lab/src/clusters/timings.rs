//! How long things take in the lab: at a presenter's pace, or as fast as a test can go.

use std::time::Duration;

/// Durations of the steps that no object sets.
#[derive(Clone, Debug, PartialEq)]
pub struct Timings {
    /// A Helm install, upgrade or rollback, and the rollout of a Deployment.
    pub upgrade: Duration,
    pub tests: Duration,
    /// Between two updates of a status that real controllers write one right after the other.
    pub step: Duration,
    /// Until an object that is not ready is reconciled again, where no event comes sooner.
    pub retry: Duration,
    pub job: Duration,
    /// Between the bookmarks of a watch.
    pub bookmarks: Duration,
}

impl Timings {
    /// What a presenter can talk along with.
    pub fn demo() -> Self {
        Self {
            upgrade: Duration::from_millis(1500),
            tests: Duration::from_millis(600),
            step: Duration::from_millis(40),
            retry: Duration::from_secs(5),
            job: Duration::from_millis(300),
            bookmarks: Duration::from_secs(10),
        }
    }

    /// What tests of the page can follow.
    pub fn fast() -> Self {
        Self {
            upgrade: Duration::from_millis(500),
            tests: Duration::from_millis(300),
            step: Duration::from_millis(10),
            retry: Duration::from_secs(1),
            job: Duration::from_millis(60),
            ..Self::demo()
        }
    }

    /// A few milliseconds each.
    pub fn instant() -> Self {
        Self {
            upgrade: Duration::from_millis(5),
            tests: Duration::from_millis(5),
            step: Duration::from_millis(1),
            retry: Duration::from_millis(100),
            job: Duration::from_millis(1),
            bookmarks: Duration::from_secs(1),
        }
    }

    /// No waiting, for the making of a past.
    pub(super) fn seeding() -> Self {
        Self {
            upgrade: Duration::ZERO,
            tests: Duration::ZERO,
            step: Duration::ZERO,
            ..Self::instant()
        }
    }
}
