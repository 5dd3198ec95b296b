//! How long things take in the lab: at a presenter's pace, or as fast as a test can go.

use std::time::Duration;

/// A pace that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no pace named {0:?}: demo, fast and instant are known")]
pub struct UnknownPace(String);

/// How long the steps take that have no duration of their own.
#[derive(Clone, Debug, PartialEq)]
pub struct Pace {
    /// A Helm install, upgrade or rollback, and the rollout of a Deployment.
    pub upgrade: Duration,
    /// The tests of a release.
    pub tests: Duration,
    /// Between two updates of a status that real controllers write one right after the other.
    pub step: Duration,
    /// How long until something that is not ready is looked at again, where no event says sooner.
    pub retry: Duration,
    /// One of the forge's jobs.
    pub job: Duration,
    /// How often a watch gets a bookmark.
    pub bookmarks: Duration,
    /// How much of an object's interval its controllers wait; 1 but in tests of heartbeats.
    pub intervals: f64,
}

impl Pace {
    /// What a presenter can talk along with.
    #[must_use]
    pub fn demo() -> Self {
        Self {
            upgrade: Duration::from_millis(1500),
            tests: Duration::from_millis(600),
            step: Duration::from_millis(40),
            retry: Duration::from_secs(5),
            job: Duration::from_millis(300),
            bookmarks: Duration::from_secs(10),
            intervals: 1.0,
        }
    }

    /// As the demo's, at a fifth of its length: what one can still follow, in tests of the page.
    #[must_use]
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
    #[must_use]
    pub fn instant() -> Self {
        Self {
            upgrade: Duration::from_millis(5),
            tests: Duration::from_millis(5),
            step: Duration::from_millis(1),
            retry: Duration::from_millis(100),
            job: Duration::from_millis(1),
            bookmarks: Duration::from_secs(1),
            intervals: 1.0,
        }
    }

    /// No waiting at all: how the past is seeded.
    pub(super) fn seeding() -> Self {
        Self {
            upgrade: Duration::ZERO,
            tests: Duration::ZERO,
            step: Duration::ZERO,
            ..Self::instant()
        }
    }
}

impl std::str::FromStr for Pace {
    type Err = UnknownPace;

    fn from_str(name: &str) -> Result<Self, UnknownPace> {
        match name {
            "demo" => Ok(Self::demo()),
            "fast" => Ok(Self::fast()),
            "instant" => Ok(Self::instant()),
            _ => Err(UnknownPace(name.to_owned())),
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self::demo()
    }
}
