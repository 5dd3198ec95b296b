//! The fourth link: what the live app answers.

use super::link::{Evidence, Link, LinkName, LinkState};
use super::target_context::{TargetContext, link};
use crate::flux;
use crate::observation::{Desired, Live};
use crate::pipeline::Deployer;
use crate::release::commit_of;
use crate::time::in_words;
use crate::{AppVersion, CommitId, Timestamp};

impl TargetContext<'_> {
    pub(super) fn serving(&self, desired: Option<&Desired>, app: Option<&AppVersion>) -> Link {
        let name = LinkName::Serving;
        let Some(observed) = self
            .observations
            .live(&self.environment.name, &self.target.name)
        else {
            return self.unknown(name, "The live app has not answered");
        };
        let (revision, message) = match observed.value {
            Live::Answer {
                version, message, ..
            } => (Some(version.to_string()), message.clone()),
            Live::Silent { why, .. } => (None, Some(why.clone())),
        };
        let evidence = Evidence {
            source: observed.source.to_string(),
            object: None,
            location: Some(self.target.live_url.clone()),
            revision,
            condition: None,
            message,
            confirmed_at: Some(observed.confirmed_at),
        };
        if let Some(stale) = self.stale(name, &observed, self.tolerances.live, &evidence) {
            return stale;
        }
        let just_deployed = self.deployed_at().is_some_and(|at| self.settles(at));
        let say = |state, sentence: String| {
            // The old Pods may still answer, or the app has not been asked again yet.
            let state = match state {
                LinkState::Drifted if just_deployed => LinkState::Progressing,
                state => state,
            };
            link(name, state, sentence, Some(evidence.clone()))
        };
        match observed.value {
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
            } => match (desired, app) {
                (Some(Desired::Image(tag)), _) => {
                    built_from(tag, revision.as_deref(), version, say)
                }
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
    /// Returns when the deployment ended, where the cluster reports it.
    fn deployed_at(&self) -> Option<Timestamp> {
        let cluster = &self.target.cluster;
        match &self.target.deployer {
            Deployer::HelmRelease(name) => {
                let reading = self.observations.helm_release(cluster, name)?.value;
                let tested = reading.deployed.as_ref().and_then(|held| held.tested_at);
                reading.released_at().max(tested)
            }
            Deployer::Deployment(name) => {
                let reading = self.observations.deployment(cluster, name)?.value;
                reading.rolled_out_at
            }
        }
    }
}

/// Compares a branch build by the commit that it reports as its own.
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
                CommitId::new(&flux::cut(revision, 40)).short()
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
