//! The third link: what Helm (in dev: the rollout) deployed.

use super::link::{Link, LinkName, LinkState};
use super::target_context::{NOT_DECLARED, Status, TargetContext, failure, link, stalled};
use crate::flux::{self, HelmReleaseReading, Kind, Outcome, Snapshot};
use crate::observation::Desired;
use crate::pipeline::{Deployer, ObjectName};
use crate::{AppVersion, ChartVersion};

impl TargetContext<'_> {
    pub(super) fn deployed(
        &self,
        desired: Option<&Desired>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        match &self.target.deployer {
            Deployer::HelmRelease(name) if self.target.flux.notifications_only => {
                self.deployed_by_notification(name, desired)
            }
            Deployer::HelmRelease(name) => self.deployed_by_helm(name),
            Deployer::Deployment(name) => {
                let mut link = self.deployed_by_rollout(name, desired);
                "roll".clone_into(&mut link.label);
                (link, None)
            }
        }
    }

    fn deployed_by_helm(&self, object: &ObjectName) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let name = LinkName::Deployed;
        let Some(observed) = self.observations.helm_release(&self.target.cluster, object) else {
            let what = format!(
                "No HelmRelease {object} was seen in {}",
                self.target.cluster
            );
            return (self.unknown(name, &what), None);
        };
        let reading = observed.value;
        let deployed = reading.deployed.as_ref();
        let held = deployed.map(|snapshot| (snapshot.chart.clone(), snapshot.app.clone()));
        let status = Status {
            revision: deployed.map(|snapshot| snapshot.chart.to_string()),
            ready: reading.ready.as_ref(),
            outcome: &reading.outcome,
        };
        let mut evidence = self.evidence(&observed, Kind::HelmRelease, object, status);
        if let Some(stale) = self.stale(name, &observed, self.tolerances.flux, &evidence) {
            return (stale, held);
        }
        let (state, sentence) = if reading.suspended {
            (
                LinkState::Suspended,
                "The HelmRelease is suspended: Helm does nothing here.".to_owned(),
            )
        } else {
            match &reading.outcome {
                Outcome::Failed { reason, message } => {
                    // Before Helm has begun, the source of the chart has the cause.
                    let chart = (!flux::is_helms(reason)).then(|| self.why_no_chart(reading));
                    if let Some(link) = chart.flatten() {
                        return (link, held);
                    }
                    if let Some(remediated) = &reading.remediated {
                        evidence.message = Some(format!("{message}\n\n{}", remediated.message));
                    }
                    match (self.desired(reading), &reading.attempted) {
                        // A range has moved past what failed, and Helm has not looked yet.
                        (Some(desired), Some(failed))
                            if flux::is_helms(reason) && desired > *failed =>
                        {
                            (
                                LinkState::Progressing,
                                format!(
                                    "{failed} failed here; {desired} was found and comes next."
                                ),
                            )
                        }
                        _ => (LinkState::Failed, helm_failure(reading, reason, message)),
                    }
                }
                Outcome::Progressing { message } => {
                    if let Some(link) = self.why_no_chart(reading) {
                        return (link, held);
                    }
                    let ready = reading.ready.as_ref();
                    let waits = ready.is_some_and(|ready| ready.reason == "DependencyNotReady");
                    let what = if waits { "Helm waits" } else { "Helm is at it" };
                    (
                        LinkState::Progressing,
                        format!("{what}: {}", flux::say(message, 120)),
                    )
                }
                Outcome::Succeeded => match (self.desired(reading), deployed) {
                    (Some(desired), Some(snapshot)) if desired == snapshot.chart => {
                        if let Some(link) = self.why_no_newer_chart(reading) {
                            return (link, held);
                        }
                        match &reading.drift {
                            Some(drift) => {
                                evidence.message = Some(drift.clone());
                                (LinkState::Drifted, drifted(drift))
                            }
                            None => (
                                LinkState::Holds,
                                format!("Helm deployed {desired}{}.", tests(reading, snapshot)),
                            ),
                        }
                    }
                    (Some(desired), Some(snapshot)) => {
                        if let Some(link) = self.why_no_chart(reading) {
                            return (link, held);
                        }
                        (
                            LinkState::Progressing,
                            format!(
                                "Helm still holds {}; {desired} was found and comes next.",
                                snapshot.chart
                            ),
                        )
                    }
                    (Some(desired), None) => (
                        LinkState::Progressing,
                        format!("Helm has yet to deploy {desired}."),
                    ),
                    (None, _) => (
                        LinkState::Unknown,
                        "Which chart version the range resolves to is not known.".into(),
                    ),
                },
            }
        };
        (link(name, state, sentence, Some(evidence)), held)
    }

    fn deployed_by_rollout(&self, object: &ObjectName, desired: Option<&Desired>) -> Link {
        let name = LinkName::Deployed;
        let Some(observed) = self.observations.deployment(&self.target.cluster, object) else {
            return self.unknown(
                name,
                &format!("No Deployment {object} was seen in {}", self.target.cluster),
            );
        };
        let reading = observed.value;
        let status = Status {
            revision: reading.tag().map(ToOwned::to_owned),
            ready: reading.available.as_ref(),
            outcome: &reading.outcome,
        };
        let evidence = self.evidence(&observed, Kind::Deployment, object, status);
        if let Some(stale) = self.stale(name, &observed, self.tolerances.flux, &evidence) {
            return stale;
        }
        let say = |state, sentence: String| link(name, state, sentence, Some(evidence.clone()));
        match &reading.outcome {
            Outcome::Failed { reason, message } => say(
                LinkState::Failed,
                failure("The rollout failed", reason, message),
            ),
            Outcome::Progressing { message } => say(
                LinkState::Progressing,
                format!("Rolling out: {}", flux::say(message, 120)),
            ),
            Outcome::Succeeded => match desired {
                Some(Desired::Image(tag)) if reading.tag() == Some(tag) => say(
                    LinkState::Holds,
                    "All replicas run the image that git asks for.".into(),
                ),
                Some(desired) => say(
                    LinkState::Progressing,
                    format!("The Deployment has yet to take {desired}."),
                ),
                None => say(LinkState::Unknown, NOT_DECLARED.into()),
            },
        }
    }
}

fn tests(reading: &HelmReleaseReading, deployed: &Snapshot) -> String {
    match deployed.tests_passed {
        _ if reading.test_failure_ignored => ", its test failed and that is ignored here".into(),
        None | Some(0) => String::new(),
        Some(1) => ", its test passed".into(),
        Some(more) => format!(", {more} tests passed"),
    }
}

/// Returns the sentence of a failed release: what was tried, why it failed, what runs now.
fn helm_failure(reading: &HelmReleaseReading, reason: &str, message: &str) -> String {
    let began = flux::is_helms(reason);
    let tried = reading
        .attempted
        .as_ref()
        .filter(|_| began)
        .map_or_else(|| reading.constraint.clone(), ToString::to_string);
    let remediated = reading
        .remediated
        .as_ref()
        .map(|condition| condition.reason.as_str());
    let serving = match (remediated, &reading.deployed) {
        (Some("RollbackFailed"), _) => " It could not be rolled back.".to_owned(),
        (Some("UninstallFailed"), _) => " It could not be removed.".to_owned(),
        (Some("UninstallSucceeded"), None) => " It was removed: nothing runs here.".to_owned(),
        (_, Some(snapshot)) if reading.rolled_back => {
            format!(" Rolled back: users still get {}.", snapshot.chart)
        }
        (_, Some(snapshot)) if reading.attempted.as_ref() != Some(&snapshot.chart) => {
            format!(" Users still get {}.", snapshot.chart)
        }
        _ => String::new(),
    };
    format!(
        "{}: {}{}{serving}",
        failed_step(reason, &tried),
        flux::say(cause_of(message, &tried), 140),
        stalled(reading.stalled)
    )
}

/// Returns the cause in a message, which Flux prefixes with the name of the release.
pub(super) fn cause_of<'a>(message: &'a str, tried: &str) -> &'a str {
    message
        .split_once(&format!("@{tried}"))
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or(message, |(_, cause)| cause)
}

/// Names the failed step by Flux's reason.
pub(super) fn failed_step(reason: &str, tried: &str) -> String {
    match reason {
        "UpgradeFailed" => format!("Helm upgrade to {tried} failed"),
        "InstallFailed" => format!("Helm install of {tried} failed"),
        "TestFailed" => format!("The tests of {tried} failed"),
        "RollbackFailed" => format!("{tried} failed and could not be rolled back"),
        other => format!("Helm could not deploy {tried} ({other})"),
    }
}

/// Returns the sentence of drift, with the first line of the message that names an object.
pub(super) fn drifted(message: &str) -> String {
    let mut lines = message.lines().map(str::trim);
    let first = lines.next().unwrap_or_default();
    let named = lines.find(|line| !line.is_empty()).unwrap_or(first);
    format!(
        "What runs was changed after Helm deployed it: {}",
        flux::say(named, 140)
    )
}
