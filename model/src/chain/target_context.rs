//! The input of the rules for one target, and what the judgement of all links has in common: each link is
//! judged from its own source, against the link before it.

use std::time::Duration;

use super::context::{Context, Tolerances};
use super::link::{Chain, Evidence, Link, LinkName, LinkState};
use crate::flux::{self, ClusterObject, Condition, Kind, ObjectRef, Outcome};
use crate::observation::{Declared, Observations, Observed, SourceName};
use crate::pipeline::{EnvironmentSpec, ObjectName, TargetSpec};
use crate::time::in_words;
use crate::{CommitId, Timestamp};

/// The sentence of a link that cannot be compared with git.
pub(super) const NOT_DECLARED: &str = "What git declares is not known, so nothing can be compared.";

/// The input of the rules for one target.
pub(super) struct TargetContext<'a> {
    pub(super) environment: &'a EnvironmentSpec,
    pub(super) target: &'a TargetSpec,
    pub(super) observations: &'a Observations,
    pub(super) now: Timestamp,
    pub(super) tolerances: &'a Tolerances,
}

/// Computes the chain of one target of an environment.
#[must_use]
pub fn chain(environment: &EnvironmentSpec, target: &TargetSpec, context: Context<'_>) -> Chain {
    let target = TargetContext {
        environment,
        target,
        observations: context.observations,
        now: context.now,
        tolerances: context.tolerances,
    };
    let declared = context.observations.declared(&environment.name);
    let desired = declared.and_then(|observed| observed.value.desired.as_ref().ok());
    let (deployed_link, deployed) = target.deployed(desired);
    Chain {
        links: [
            target.declared(declared),
            target.applied(declared),
            deployed_link,
            target.serving(desired, deployed.as_ref().map(|(_, app)| app)),
        ],
        desired: desired.map(ToString::to_string),
        deployed,
    }
}

/// Whether a commit has the declaration.
pub(super) fn declares(declared: &Declared, commit: &CommitId) -> bool {
    declared.commits.contains(commit) || *commit == declared.head
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

/// Returns the addition to the sentence of a failure that Flux does not retry.
pub(super) fn stalled(stalled: bool) -> &'static str {
    if stalled {
        " It will not mend by itself."
    } else {
        ""
    }
}

/// Returns the sentence of a failure by Flux's reason and message.
pub(super) fn failure(what: &str, reason: &str, message: &str) -> String {
    format!("{what} ({reason}): {}", flux::say(message, 160))
}

/// What the status of an object contributes to its evidence.
pub(super) struct Status<'a> {
    pub(super) revision: Option<String>,
    pub(super) ready: Option<&'a Condition>,
    pub(super) outcome: &'a Outcome,
}

impl TargetContext<'_> {
    /// Returns the evidence of an object: its condition, and the message of a failure where there is one.
    pub(super) fn evidence<T>(
        &self,
        observed: &Observed<'_, T>,
        kind: Kind,
        name: &ObjectName,
        status: Status<'_>,
    ) -> Evidence {
        let message = match status.outcome {
            Outcome::Failed { message, .. } => Some(message),
            _ => status.ready.map(|ready| &ready.message),
        };
        Evidence {
            source: observed.source.to_string(),
            object: Some(ClusterObject {
                cluster: self.target.cluster.clone(),
                object: ObjectRef::new(kind, name),
            }),
            location: None,
            revision: status.revision,
            condition: status.ready.map(Condition::short),
            message: message.cloned(),
            confirmed_at: Some(observed.confirmed_at),
        }
    }

    /// Whether `since` is so recent that one link may still follow another.
    pub(super) fn settles(&self, since: Timestamp) -> bool {
        self.now.since(since) <= self.tolerances.settle
    }

    /// Returns a stale link if the observation is older than `limit`.
    pub(super) fn stale<T>(
        &self,
        name: LinkName,
        observed: &Observed<'_, T>,
        limit: Duration,
        evidence: &Evidence,
    ) -> Option<Link> {
        let age = self.now.since(observed.confirmed_at);
        (age > limit).then(|| {
            let why = self
                .failing(observed.source)
                .map(|why| format!(": {}", flux::cut(why.trim_end_matches('.'), 120)))
                .unwrap_or_default();
            let sentence = format!(
                "{} has not been heard for {}{why}.",
                observed.source,
                in_words(age)
            );
            link(name, LinkState::Stale, sentence, Some(evidence.clone()))
        })
    }

    /// Returns a link of which nothing was observed yet.
    pub(super) fn unknown(&self, name: LinkName, what: &str) -> Link {
        let source = match name {
            LinkName::Declared => SourceName::github(),
            LinkName::Applied | LinkName::Deployed => SourceName::flux(&self.target.cluster),
            LinkName::Serving => SourceName::live(&self.target.name),
        };
        let sentence = self.failing(&source).map_or_else(
            || format!("{what} yet."),
            |why| format!("{what}: {}", flux::say(why, 140)),
        );
        link(name, LinkState::Unknown, sentence, None)
    }

    /// Returns why a source does not answer now.
    fn failing(&self, source: &SourceName) -> Option<&str> {
        self.observations.source_health(source)?.failing.as_deref()
    }
}
