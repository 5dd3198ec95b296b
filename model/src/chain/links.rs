//! How each link is judged: from its own source, against the link before it, in words for people.

use std::time::Duration;

use super::{Chain, Evidence, Link, LinkName, LinkState, Tolerances};
use crate::Timestamp;
use crate::flux::{self, Outcome};
use crate::observation::{Declared, Observations, Seen, Want};
use crate::pipeline::{Deployer, EnvironmentSpec, TargetSpec};
use crate::time::in_words;

/// All that a chain is computed from.
pub(super) struct Place<'a> {
    pub(super) environment: &'a EnvironmentSpec,
    pub(super) target: &'a TargetSpec,
    pub(super) observations: &'a Observations,
    pub(super) now: Timestamp,
    pub(super) tolerances: &'a Tolerances,
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

pub(super) fn link(
    name: LinkName,
    state: LinkState,
    sentence: String,
    evidence: Option<Evidence>,
) -> Link {
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
    pub(super) fn stale<T>(
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

    pub(super) fn unknown(&self, name: LinkName, what: &str) -> Link {
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
}
