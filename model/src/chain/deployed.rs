//! The third link: what Helm, or in dev the rollout, made of what was applied.

use super::links::{Place, link};
use super::{Evidence, Link, LinkName, LinkState};
use crate::flux::{self, Outcome};
use crate::observation::Want;
use crate::pipeline::{Deployer, ObjectName};
use crate::{AppVersion, ChartVersion};

impl Place<'_> {
    pub(super) fn deployed(
        &self,
        want: Option<&Want>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        match &self.target.deployer {
            Deployer::HelmRelease(name) => self.deployed_by_helm(name),
            Deployer::Deployment(name) => {
                let mut link = self.deployed_by_rollout(name, want);
                "roll".clone_into(&mut link.label);
                (link, None)
            }
        }
    }

    fn deployed_by_helm(&self, object: &ObjectName) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let name = LinkName::Deployed;
        let Some(seen) = self.observations.helm_release(&self.target.cluster, object) else {
            let what = format!(
                "No HelmRelease {object} was seen in {}",
                self.target.cluster
            );
            return (self.unknown(name, &what), None);
        };
        let reading = seen.value;
        let deployed = reading.deployed.as_ref();
        let held = deployed.map(|snapshot| (snapshot.chart.clone(), snapshot.app.clone()));
        let evidence = Evidence {
            source: seen.source.to_string(),
            object: format!("HelmRelease {object}"),
            revision: deployed.map(|snapshot| snapshot.chart.to_string()),
            condition: reading.ready.as_ref().map(flux::Condition::short),
            message: match &reading.outcome {
                Outcome::Failed { message, .. } => Some(message.clone()),
                _ => reading.ready.as_ref().map(|ready| ready.message.clone()),
            },
            confirmed_at: Some(seen.confirmed_at),
        };
        if let Some(stale) = self.stale(name, &seen, self.tolerances.flux, &evidence) {
            return (stale, held);
        }
        let chart = reading
            .chart
            .as_ref()
            .and_then(|chart| self.observations.helm_chart(&self.target.cluster, chart))
            .map(|seen| seen.value)
            .filter(|chart| chart.constraint == reading.constraint);
        let (state, sentence) = if reading.suspended {
            (
                LinkState::Suspended,
                "The HelmRelease is suspended: Helm does nothing here.".to_owned(),
            )
        } else {
            match &reading.outcome {
                Outcome::Failed { reason, message } => {
                    (LinkState::Failed, helm_failure(reading, reason, message))
                }
                Outcome::Progressing { message } => match chart.map(|chart| &chart.outcome) {
                    Some(Outcome::Failed { message, .. }) => (
                        LinkState::Failed,
                        format!("The chart cannot be had: {}", flux::say(message, 160)),
                    ),
                    _ => (
                        LinkState::Progressing,
                        format!("Helm is at it: {}", flux::say(message, 120)),
                    ),
                },
                Outcome::Succeeded => {
                    let wanted = ChartVersion::from_revision(&reading.constraint)
                        .ok()
                        .or_else(|| chart.and_then(|chart| chart.found.clone()));
                    match (wanted, deployed) {
                        (Some(wanted), Some(snapshot)) if wanted == snapshot.chart => (
                            LinkState::Holds,
                            format!("Helm deployed {wanted}{}.", tests(snapshot.tests_passed)),
                        ),
                        (Some(wanted), Some(snapshot)) => (
                            LinkState::Progressing,
                            format!(
                                "Helm still holds {}; {wanted} was found and comes next.",
                                snapshot.chart
                            ),
                        ),
                        (Some(wanted), None) => (
                            LinkState::Progressing,
                            format!("Helm has yet to deploy {wanted}."),
                        ),
                        (None, _) => (
                            LinkState::Unknown,
                            "Which chart version the range resolves to is not known.".into(),
                        ),
                    }
                }
            }
        };
        (link(name, state, sentence, Some(evidence)), held)
    }

    fn deployed_by_rollout(&self, object: &ObjectName, want: Option<&Want>) -> Link {
        let name = LinkName::Deployed;
        let Some(seen) = self.observations.deployment(&self.target.cluster, object) else {
            return self.unknown(
                name,
                &format!("No Deployment {object} was seen in {}", self.target.cluster),
            );
        };
        let reading = seen.value;
        let evidence = Evidence {
            source: seen.source.to_string(),
            object: format!("Deployment {object}"),
            revision: reading.tag().map(ToOwned::to_owned),
            condition: reading.available.as_ref().map(flux::Condition::short),
            message: reading
                .available
                .as_ref()
                .map(|available| available.message.clone()),
            confirmed_at: Some(seen.confirmed_at),
        };
        if let Some(stale) = self.stale(name, &seen, self.tolerances.flux, &evidence) {
            return stale;
        }
        let say = |state, sentence: String| link(name, state, sentence, Some(evidence.clone()));
        match &reading.outcome {
            Outcome::Failed { reason, message } => say(
                LinkState::Failed,
                format!("The rollout failed ({reason}): {}", flux::say(message, 160)),
            ),
            Outcome::Progressing { message } => say(
                LinkState::Progressing,
                format!("Rolling out: {}", flux::say(message, 120)),
            ),
            Outcome::Succeeded => match want {
                Some(Want::Image(tag)) if reading.tag() == Some(tag) => say(
                    LinkState::Holds,
                    "All replicas run the image that git asks for.".into(),
                ),
                Some(want) => say(
                    LinkState::Progressing,
                    format!("The Deployment has yet to take {want}."),
                ),
                None => say(
                    LinkState::Unknown,
                    "What git declares is not known, so nothing can be compared.".into(),
                ),
            },
        }
    }
}

fn tests(passed: Option<usize>) -> String {
    match passed {
        None | Some(0) => String::new(),
        Some(1) => ", its test passed".into(),
        Some(more) => format!(", {more} tests passed"),
    }
}

/// What an operator wants to hear of a failed release: what was tried, why it failed, what runs now.
fn helm_failure(reading: &flux::HelmReleaseReading, reason: &str, message: &str) -> String {
    let tried = reading
        .attempted
        .as_ref()
        .map_or_else(|| reading.constraint.clone(), ToString::to_string);
    let step = match reason {
        "UpgradeFailed" => format!("Helm upgrade to {tried} failed"),
        "InstallFailed" => format!("Helm install of {tried} failed"),
        "TestFailed" => format!("The tests of {tried} failed"),
        "RollbackFailed" => format!("{tried} failed and could not be rolled back"),
        other => format!("Helm could not deploy {tried} ({other})"),
    };
    // Flux repeats the release's name before the cause; the cause is what counts.
    let cause = message
        .split_once(&format!("@{tried}: "))
        .map_or(message, |(_, cause)| cause);
    let serving = match &reading.deployed {
        Some(snapshot) if reading.rolled_back => {
            format!(" Rolled back: users still get {}.", snapshot.chart)
        }
        Some(snapshot) if reading.attempted.as_ref() != Some(&snapshot.chart) => {
            format!(" Users still get {}.", snapshot.chart)
        }
        _ => String::new(),
    };
    format!("{step}: {}{serving}", flux::say(cause, 140))
}
