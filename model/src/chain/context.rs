//! The input of the rules: observations, the time, and what is tolerated.

use std::time::Duration;

use crate::Timestamp;
use crate::observation::Observations;

/// How long a fact may go unconfirmed, and how long a step may take, before a verdict changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerances {
    /// Age of what GitHub answered.
    pub github: Duration,
    /// Age of what the watch of a cluster confirmed.
    pub flux: Duration,
    /// Age of the last notification of a cluster that is known by notifications only.
    pub notifications: Duration,
    /// Age of what the live app answered.
    pub live: Duration,
    /// How long two links may disagree while one follows the other.
    pub settle: Duration,
    /// How long an app may be silent before that is a failure.
    pub silence: Duration,
    /// How long after a proof the pull request of the next promotion may take to open.
    pub promotion: Duration,
}

impl Tolerances {
    /// The defaults of the configuration.
    pub const DEFAULT: Self = Self {
        github: Duration::from_secs(180),
        flux: Duration::from_secs(60),
        notifications: Duration::from_secs(900),
        live: Duration::from_secs(20),
        settle: Duration::from_secs(30),
        silence: Duration::from_secs(10),
        promotion: Duration::from_secs(180),
    };
}

impl Default for Tolerances {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The input of the rules besides the configuration of the pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub observations: &'a Observations,
    pub now: Timestamp,
    pub tolerances: &'a Tolerances,
}
