//! What became of a dispatch that brought no pull request, as far as that can be known.
//!
//! notification-controller keeps no record of what it sent. But it offers one event to all Alerts: where
//! Weft heard it, the one for GitHub had it as well; where Weft hears everything but that, none had.

use super::BEFORE_THE_PROOF;
use crate::flux::Stage;
use crate::observation::Observations;
use crate::pipeline::{Deployer, EnvironmentSpec};
use crate::time::clock;
use crate::{ChartVersion, Timestamp};

/// What Weft's own hook witnessed of an event that should have become a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Witness {
    /// Flux told it to Weft, and had it for GitHub too; it happened then.
    Sent(Timestamp),
    /// Flux told Weft other things before and after it, but not this.
    NeverSent,
    /// Weft hears no notifications from there, or did not then.
    NotKnown,
}

/// What was witnessed of the success of a release in an environment that is proven since `since`.
pub(super) fn witness(
    environment: &EnvironmentSpec,
    release: Option<&ChartVersion>,
    since: Timestamp,
    observations: &Observations,
) -> Witness {
    let told = environment.targets.iter().filter_map(|target| {
        let Deployer::HelmRelease(name) = &target.deployer else {
            return None;
        };
        [Stage::Tested, Stage::Done]
            .into_iter()
            .filter_map(|stage| observations.told(&target.cluster, "HelmRelease", name, stage))
            .map(|seen| seen.value)
            .filter(|notice| !notice.is_failure())
            .find(|notice| {
                let revision = notice.revision.as_deref().unwrap_or_default();
                release.is_some() && ChartVersion::from_revision(revision).ok().as_ref() == release
            })
            .map(|notice| notice.at)
    });
    if let Some(at) = told.max() {
        return Witness::Sent(at);
    }
    // The Alert for Weft must be one that tells of this object, and it must have worked before and after.
    let heard_it_all = environment.targets.iter().all(|target| {
        let Deployer::HelmRelease(name) = &target.deployer else {
            return false;
        };
        let told_of_it = Stage::ALL.into_iter().any(|stage| {
            let told = observations.told(&target.cluster, "HelmRelease", name, stage);
            told.is_some()
        });
        told_of_it
            && observations
                .hearing(&target.cluster)
                .is_some_and(|heard| heard.from < since - BEFORE_THE_PROOF && heard.until > since)
    });
    if heard_it_all {
        Witness::NeverSent
    } else {
        Witness::NotKnown
    }
}

impl Witness {
    /// The end of the sentence that says that no pull request came.
    pub(super) fn say(self, behind: &str, now: Timestamp) -> String {
        match self {
            Self::Sent(at) => format!(
                "Flux told Weft at {}, but no run started: the dispatch that opens the one for {behind} was lost on its way to GitHub, or its own Alert did not send it.",
                clock(at, now)
            ),
            Self::NeverSent => format!(
                "Flux tells Weft other things, but it sent nothing of this: the dispatch that opens the one for {behind} was never sent."
            ),
            Self::NotKnown => format!(
                "But the dispatch that opens the one for {behind} was lost, or was never sent: Weft hears too little of Flux there to know which."
            ),
        }
    }
}
