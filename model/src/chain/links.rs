//! How each link is judged: from its own source, against the link before it, in words for people.

use std::time::Duration;

use super::{Chain, Evidence, Link, LinkName, LinkState, Tolerances};
use crate::flux::{self, Condition, Outcome};
use crate::observation::{Declared, Desired, Observations, Observed};
use crate::pipeline::{Deployer, EnvironmentSpec, ObjectName, TargetSpec};
use crate::time::in_words;
use crate::{ChartVersion, CommitId, Timestamp};

/// What is said where git is not known.
pub(super) const NOT_DECLARED: &str = "What git declares is not known, so nothing can be compared.";

/// Whether a commit is one under which the declaration stands.
pub(super) fn declares(declared: &Declared, commit: &CommitId) -> bool {
    declared.commits.contains(commit) || *commit == declared.head
}

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
        desired: want.map(ToString::to_string),
        deployed,
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

/// What a failure says that Flux will not try again.
pub(super) fn stalled(stalled: bool) -> &'static str {
    if stalled {
        " It will not mend by itself."
    } else {
        ""
    }
}

/// The evidence of an object: its Ready condition, and the message of a failure where it has one.
pub(super) fn evidence<T>(
    seen: &Observed<'_, T>,
    kind: &str,
    name: &ObjectName,
    revision: Option<String>,
    ready: Option<&Condition>,
    outcome: &Outcome,
) -> Evidence {
    let message = match outcome {
        Outcome::Failed { message, .. } => Some(message),
        _ => ready.map(|ready| &ready.message),
    };
    Evidence {
        source: seen.source.to_string(),
        object: format!("{kind} {name}"),
        revision,
        condition: ready.map(Condition::short),
        message: message.cloned(),
        confirmed_at: Some(seen.confirmed_at),
    }
}

impl Place<'_> {
    /// Whether that was so lately that one link may still follow another.
    pub(super) fn settles(&self, since: Timestamp) -> bool {
        self.now.since(since) <= self.tolerances.settle
    }

    /// A link that is too old, where it is.
    pub(super) fn stale<T>(
        &self,
        name: LinkName,
        seen: &Observed<'_, T>,
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

    fn declared(&self, declared: Option<Observed<'_, Declared>>) -> Link {
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
            Ok(Desired::Range(range)) => link(
                name,
                LinkState::Holds,
                format!("git follows charts {range}."),
                Some(evidence),
            ),
            Ok(Desired::Image(tag)) => self.automated(tag).unwrap_or_else(|| {
                link(
                    name,
                    LinkState::Holds,
                    format!("git declares {tag}."),
                    Some(evidence),
                )
            }),
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

    fn applied(&self, declared: Option<Observed<'_, Declared>>) -> Link {
        let name = LinkName::Applied;
        let kustomization = &self.target.kustomization;
        if self.target.flux.told_only {
            return self.applied_as_told(declared.map(|seen| seen.value));
        }
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
        let evidence = evidence(
            &seen,
            "Kustomization",
            kustomization,
            reading
                .applied
                .as_ref()
                .map(|commit| commit.short().to_owned()),
            reading.ready.as_ref(),
            &reading.outcome,
        );
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
            return say(LinkState::Unknown, NOT_DECLARED.into());
        };
        // What Flux tried before may be long past; what it refuses for good is not.
        let tried_it = reading
            .attempted
            .as_ref()
            .is_none_or(|commit| declares(declared, commit));
        if let Outcome::Failed { reason, message } = &reading.outcome
            && (tried_it || reading.stalled)
        {
            return say(
                LinkState::Failed,
                format!(
                    "Flux could not apply it ({reason}): {}{}",
                    flux::say(message, 160),
                    stalled(reading.stalled)
                ),
            );
        }
        let applied = reading
            .applied
            .as_ref()
            .filter(|applied| declares(declared, applied));
        let sentence = match applied {
            Some(applied) => match self.spec_disagrees(declared) {
                Some(sentence) => {
                    let state = if self.settles(declared.changed_at) {
                        LinkState::Progressing
                    } else {
                        LinkState::Drifted
                    };
                    return say(state, sentence);
                }
                None => Ok(format!("Flux applied {}.", applied.short())),
            },
            None => Err(match (&reading.ready, &reading.outcome) {
                (Some(ready), Outcome::Progressing { message })
                    if ready.reason == "DependencyNotReady" =>
                {
                    format!("Flux waits to apply it: {}", flux::say(message, 140))
                }
                _ => self.on_its_way(declared),
            }),
        };
        match (sentence, self.git_trouble()) {
            (_, Some(trouble)) if trouble.state == LinkState::Suspended => trouble,
            (Err(_), Some(trouble)) => trouble,
            (Ok(sentence), _) => say(LinkState::Holds, sentence),
            (Err(sentence), None) => say(LinkState::Progressing, sentence),
        }
    }

    /// Why no new commit comes, where that is so.
    fn git_trouble(&self) -> Option<Link> {
        let name = &self.target.git_repository;
        let seen = self
            .observations
            .git_repository(&self.target.cluster, name)?;
        let reading = seen.value;
        let (state, sentence) = match &reading.outcome {
            _ if reading.suspended => (
                LinkState::Suspended,
                "The GitRepository is suspended: Flux fetches nothing.".to_owned(),
            ),
            Outcome::Failed { reason, message } => (
                LinkState::Failed,
                format!(
                    "Flux cannot fetch git ({reason}): {}",
                    flux::say(message, 160)
                ),
            ),
            _ => return None,
        };
        let revision = reading
            .fetched
            .as_ref()
            .map(|commit| commit.short().to_owned());
        let evidence = evidence(
            &seen,
            "GitRepository",
            name,
            revision,
            reading.ready.as_ref(),
            &reading.outcome,
        );
        Some(link(LinkName::Applied, state, sentence, Some(evidence)))
    }

    fn on_its_way(&self, declared: &Declared) -> String {
        let fetched = self
            .observations
            .git_repository(&self.target.cluster, &self.target.git_repository)
            .and_then(|seen| seen.value.fetched.as_ref());
        if fetched.is_some_and(|commit| declares(declared, commit)) {
            return format!(
                "Flux has fetched {} and is applying it.",
                declared.head.short()
            );
        }
        format!(
            "Flux has yet to fetch {}.",
            declared.commits.last().unwrap_or(&declared.head).short()
        )
    }

    /// Whether the object in the cluster asks for something else than git, though git was applied.
    fn spec_disagrees(&self, declared: &Declared) -> Option<String> {
        let want = declared.want.as_ref().ok()?;
        match &self.target.deployer {
            Deployer::HelmRelease(name) => {
                let asked = self.asked(name)?;
                let agrees = match want {
                    Desired::Chart(version) => {
                        ChartVersion::from_revision(&asked).as_ref() == Ok(version)
                    }
                    other => asked == other.to_string(),
                };
                (!agrees).then(|| {
                    format!("git says {want}, the HelmRelease in the cluster says {asked}.")
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
