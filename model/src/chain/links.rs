//! How each link is judged: from its own source, against the link before it, in words for people.

use std::time::Duration;

use super::{Chain, Evidence, Link, LinkName, LinkState, Tolerances};
use crate::flux::{self, Outcome};
use crate::observation::{Declared, Live, Observations, Seen, Want};
use crate::pipeline::{Deployer, EnvironmentSpec, ObjectName, TargetSpec};
use crate::release::commit_of;
use crate::time::in_words;
use crate::{AppVersion, ChartVersion, Timestamp};

/// All that a chain is computed from.
struct Place<'a> {
    environment: &'a EnvironmentSpec,
    target: &'a TargetSpec,
    observations: &'a Observations,
    now: Timestamp,
    tolerances: &'a Tolerances,
}

/// Computes the chain of one target of an environment.
#[must_use]
pub fn chain(
    environment: &EnvironmentSpec,
    target: &TargetSpec,
    observations: &Observations,
    now: Timestamp,
    tolerances: &Tolerances,
) -> Chain {
    let place = Place {
        environment,
        target,
        observations,
        now,
        tolerances,
    };
    let declared = observations.declared(&environment.name);
    let want = declared.and_then(|seen| seen.value.want.as_ref().ok());
    let (deployed_link, deployed) = place.deployed(want);
    Chain {
        links: [
            place.declared(declared),
            place.applied(declared),
            deployed_link,
            place.serving(want, deployed.as_ref().map(|(_, app)| app)),
        ],
        wanted: want.map(ToString::to_string),
        deployed: deployed.map(|(chart, _)| chart),
    }
}

fn link(name: LinkName, state: LinkState, sentence: String, evidence: Option<Evidence>) -> Link {
    Link {
        name,
        label: name.label().to_owned(),
        state,
        sentence,
        evidence,
    }
}

impl Place<'_> {
    /// A link that is too old, where it is.
    fn stale<T>(
        &self,
        name: LinkName,
        seen: &Seen<'_, T>,
        limit: Duration,
        evidence: &Evidence,
    ) -> Option<Link> {
        let age = self.now.since(seen.confirmed_at);
        (age > limit).then(|| {
            let why = self
                .observations
                .contact_with(seen.source)
                .and_then(|contact| contact.failing.as_deref())
                .map(|why| format!(": {}", flux::cut(why.trim_end_matches('.'), 120)))
                .unwrap_or_default();
            let sentence = format!(
                "{} has not been heard for {}{why}.",
                seen.source,
                in_words(age)
            );
            link(name, LinkState::Stale, sentence, Some(evidence.clone()))
        })
    }

    fn unknown(&self, name: LinkName, what: &str) -> Link {
        let source = match name {
            LinkName::Declared => crate::observation::SourceName::github(),
            LinkName::Applied | LinkName::Deployed => {
                crate::observation::SourceName::flux(&self.target.cluster)
            }
            LinkName::Serving => crate::observation::SourceName::live(&self.target.name),
        };
        let why = self
            .observations
            .contact_with(&source)
            .and_then(|contact| contact.failing.as_deref())
            .map_or_else(
                || format!("{what} yet."),
                |why| format!("{what}: {}", flux::say(why, 140)),
            );
        link(name, LinkState::Unknown, why, None)
    }

    fn declared(&self, declared: Option<Seen<'_, Declared>>) -> Link {
        let name = LinkName::Declared;
        let Some(seen) = declared else {
            return self.unknown(name, "GitHub has not told what git declares");
        };
        let value = seen.value;
        let evidence = Evidence {
            source: seen.source.to_string(),
            object: value.path.clone(),
            revision: Some(
                value
                    .commits
                    .last()
                    .unwrap_or(&value.head)
                    .short()
                    .to_owned(),
            ),
            condition: value
                .changed_by
                .as_ref()
                .map(|by| format!("committed by {by}")),
            message: value.want.as_ref().err().cloned(),
            confirmed_at: Some(seen.confirmed_at),
        };
        if let Some(stale) = self.stale(name, &seen, self.tolerances.github, &evidence) {
            return stale;
        }
        match &value.want {
            Ok(Want::Range(range)) => link(
                name,
                LinkState::Holds,
                format!("git follows charts {range}."),
                Some(evidence),
            ),
            Ok(want) => link(
                name,
                LinkState::Holds,
                format!("git declares {want}."),
                Some(evidence),
            ),
            Err(why) => link(
                name,
                LinkState::Failed,
                format!("{} cannot be read: {why}.", value.path),
                Some(evidence),
            ),
        }
    }

    fn applied(&self, declared: Option<Seen<'_, Declared>>) -> Link {
        let name = LinkName::Applied;
        let kustomization = &self.target.kustomization;
        let Some(seen) = self
            .observations
            .kustomization(&self.target.cluster, kustomization)
        else {
            return self.unknown(
                name,
                &format!(
                    "No Kustomization {kustomization} was seen in {}",
                    self.target.cluster
                ),
            );
        };
        let reading = seen.value;
        let evidence = Evidence {
            source: seen.source.to_string(),
            object: format!("Kustomization {kustomization}"),
            revision: reading
                .applied
                .as_ref()
                .map(|commit| commit.short().to_owned()),
            condition: reading.ready.as_ref().map(flux::Condition::short),
            message: reading.ready.as_ref().map(|ready| ready.message.clone()),
            confirmed_at: Some(seen.confirmed_at),
        };
        if let Some(stale) = self.stale(name, &seen, self.tolerances.flux, &evidence) {
            return stale;
        }
        let say = |state, sentence: String| link(name, state, sentence, Some(evidence.clone()));
        if reading.suspended {
            return say(
                LinkState::Suspended,
                "The Kustomization is suspended: Flux applies nothing here.".into(),
            );
        }
        let Some(declared) = declared.map(|seen| seen.value) else {
            return say(
                LinkState::Unknown,
                "What git declares is not known, so nothing can be compared.".into(),
            );
        };
        let is_declared = |commit: &crate::CommitId| {
            declared.commits.contains(commit) || *commit == declared.head
        };
        if let Outcome::Failed { reason, message } = &reading.outcome
            && reading.attempted.as_ref().is_none_or(is_declared)
        {
            return say(
                LinkState::Failed,
                format!(
                    "Flux could not apply it ({reason}): {}",
                    flux::say(message, 160)
                ),
            );
        }
        if let Some(applied) = reading
            .applied
            .as_ref()
            .filter(|applied| is_declared(applied))
        {
            return match self.spec_disagrees(declared) {
                Some(sentence) => {
                    let settled = self.now.since(declared.changed_at) > self.tolerances.settle;
                    say(
                        if settled {
                            LinkState::Drifted
                        } else {
                            LinkState::Progressing
                        },
                        sentence,
                    )
                }
                None => say(
                    LinkState::Holds,
                    format!("Flux applied {}.", applied.short()),
                ),
            };
        }
        let git = self
            .observations
            .git_repository(&self.target.cluster, &self.target.git_repository);
        if let Some(git) = git.map(|seen| seen.value) {
            if let Outcome::Failed { reason, message } = &git.outcome {
                return say(
                    LinkState::Failed,
                    format!(
                        "Flux cannot fetch git ({reason}): {}",
                        flux::say(message, 160)
                    ),
                );
            }
            if git.suspended {
                return say(
                    LinkState::Suspended,
                    "The GitRepository is suspended: Flux fetches nothing.".into(),
                );
            }
            if git.fetched.as_ref().is_some_and(is_declared) {
                return say(
                    LinkState::Progressing,
                    format!(
                        "Flux has fetched {} and is applying it.",
                        declared.head.short()
                    ),
                );
            }
        }
        say(
            LinkState::Progressing,
            format!(
                "Flux has yet to fetch {}.",
                declared.commits.last().unwrap_or(&declared.head).short()
            ),
        )
    }

    /// Whether the object in the cluster asks for something else than git, though git was applied.
    fn spec_disagrees(&self, declared: &Declared) -> Option<String> {
        let want = declared.want.as_ref().ok()?;
        match &self.target.deployer {
            Deployer::HelmRelease(name) => {
                let reading = self
                    .observations
                    .helm_release(&self.target.cluster, name)?
                    .value;
                (reading.constraint != want.to_string()).then(|| {
                    format!(
                        "git says {want}, the HelmRelease in the cluster says {}.",
                        reading.constraint
                    )
                })
            }
            Deployer::Deployment(name) => {
                let reading = self
                    .observations
                    .deployment(&self.target.cluster, name)?
                    .value;
                let tag = reading.tag().unwrap_or_default();
                (tag != want.to_string())
                    .then(|| format!("git says {want}, the Deployment in the cluster says {tag}."))
            }
        }
    }

    fn deployed(&self, want: Option<&Want>) -> (Link, Option<(ChartVersion, AppVersion)>) {
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

    fn serving(&self, want: Option<&Want>, app: Option<&AppVersion>) -> Link {
        let name = LinkName::Serving;
        let Some(seen) = self
            .observations
            .live(&self.environment.name, &self.target.name)
        else {
            return self.unknown(name, "The live app has not answered");
        };
        let (revision, message) = match seen.value {
            Live::Answer {
                version, message, ..
            } => (Some(version.to_string()), message.clone()),
            Live::Silent { why, .. } => (None, Some(why.clone())),
        };
        let evidence = Evidence {
            source: seen.source.to_string(),
            object: self.target.live_url.clone(),
            revision,
            condition: None,
            message,
            confirmed_at: Some(seen.confirmed_at),
        };
        if let Some(stale) = self.stale(name, &seen, self.tolerances.live, &evidence) {
            return stale;
        }
        let say = |state, sentence: String| link(name, state, sentence, Some(evidence.clone()));
        match seen.value {
            Live::Silent { since, why } => {
                let silence = self.now.since(*since);
                let state = if silence > self.tolerances.silence {
                    LinkState::Failed
                } else {
                    LinkState::Unknown
                };
                say(
                    state,
                    format!(
                        "The app has not answered for {}: {}.",
                        in_words(silence),
                        flux::cut(why, 120)
                    ),
                )
            }
            Live::Answer {
                version, revision, ..
            } => match (want, app) {
                (Some(Want::Image(tag)), _) => built_from(tag, revision.as_deref(), version, say),
                (Some(_), Some(app)) if app.agrees_with(version) => {
                    say(LinkState::Holds, format!("The app answers {version}."))
                }
                (Some(_), Some(app)) => say(
                    LinkState::Drifted,
                    format!("Helm deployed app {app}, but the app answers {version}."),
                ),
                _ => say(
                    LinkState::Unknown,
                    format!("The app answers {version}; what it should answer is not known."),
                ),
            },
        }
    }
}

/// Compares a branch build by the commit that it says it was built from.
fn built_from(
    tag: &str,
    revision: Option<&str>,
    version: &AppVersion,
    say: impl Fn(LinkState, String) -> Link,
) -> Link {
    match (commit_of(tag), revision) {
        (Some(commit), Some(revision)) if revision.starts_with(commit) => say(
            LinkState::Holds,
            format!("The app answers that it was built from {commit}."),
        ),
        (Some(commit), Some(revision)) if revision != "unknown" && !revision.is_empty() => say(
            LinkState::Drifted,
            format!(
                "git asks for a build of {commit}, the app was built from {}.",
                flux::cut(revision, 12)
            ),
        ),
        (None, _) if AppVersion(tag.to_owned()).agrees_with(version) => {
            say(LinkState::Holds, format!("The app answers {version}."))
        }
        (None, _) => say(
            LinkState::Drifted,
            format!("git asks for {tag}, the app answers {version}."),
        ),
        _ => say(
            LinkState::Unknown,
            format!("The app answers {version}, but not which commit it was built from."),
        ),
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
