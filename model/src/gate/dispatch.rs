//! The fate of a dispatch that opened no pull request.
//!
//! notification-controller keeps no record of what it sent, but it offers each event to all Alerts. If Weft
//! received the event, the Alert for GitHub had it as well; if Weft received all others, none had it.

use std::time::Duration;

use crate::flux::{Kind, Stage};
use crate::observation::Observations;
use crate::pipeline::{Deployer, EnvironmentSpec};
use crate::time::clock;
use crate::{ChartVersion, Timestamp};

/// Flux sends its dispatch when the tests of the chart passed, shortly before Weft has proven the release.
pub(super) const BEFORE_THE_PROOF: Duration = Duration::from_secs(15);

/// What the notifications to Weft show of an event that should have become a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Witness {
    /// Flux notified Weft of the event, which happened then, and so had it for GitHub too.
    Sent(Timestamp),
    /// Flux notified Weft of other events before and after, but not of this one.
    NeverSent,
    /// Weft receives no notifications from there, or did not at that time.
    NotKnown,
}

/// Looks for the success of a release in an environment that is proven since `since`.
pub(super) fn witness(
    environment: &EnvironmentSpec,
    release: Option<&ChartVersion>,
    since: Timestamp,
    observations: &Observations,
) -> Witness {
    let sent = environment.targets.iter().filter_map(|target| {
        let Deployer::HelmRelease(name) = &target.deployer else {
            return None;
        };
        [Stage::Tested, Stage::Done]
            .into_iter()
            .filter_map(|stage| {
                observations.notification(&target.cluster, Kind::HelmRelease, name, stage)
            })
            .map(|observed| observed.value)
            .filter(|event| !event.is_failure())
            .find(|event| {
                let revision = event.revision.as_deref().unwrap_or_default();
                release.is_some() && ChartVersion::from_revision(revision).ok().as_ref() == release
            })
            .map(|event| event.at)
    });
    if let Some(at) = sent.max() {
        return Witness::Sent(at);
    }
    // The Alert for Weft must include this object, and must have worked before and after.
    let received_all = environment.targets.iter().all(|target| {
        let Deployer::HelmRelease(name) = &target.deployer else {
            return false;
        };
        let includes_it = Stage::ALL.into_iter().any(|stage| {
            let event = observations.notification(&target.cluster, Kind::HelmRelease, name, stage);
            event.is_some()
        });
        includes_it
            && observations
                .notification_window(&target.cluster)
                .is_some_and(|window| {
                    window.from < since - BEFORE_THE_PROOF && window.until > since
                })
    });
    if received_all {
        Witness::NeverSent
    } else {
        Witness::NotKnown
    }
}

impl Witness {
    /// Returns the end of the sentence about a missing pull request.
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
