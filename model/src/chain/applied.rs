//! The second link: what the Kustomization applied.

use super::link::{Link, LinkName, LinkState};
use super::target_context::{
    NOT_DECLARED, Status, TargetContext, declares, failure, link, stalled,
};
use crate::ChartVersion;
use crate::flux::{self, Kind, Outcome};
use crate::observation::{Declared, Desired, Observed};
use crate::pipeline::Deployer;

impl TargetContext<'_> {
    pub(super) fn applied(&self, declared: Option<Observed<'_, Declared>>) -> Link {
        let name = LinkName::Applied;
        let kustomization = &self.target.kustomization;
        if self.target.flux.notifications_only {
            return self.applied_by_notification(declared.map(|observed| observed.value));
        }
        let Some(observed) = self
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
        let reading = observed.value;
        let applied = reading.applied.as_ref();
        let status = Status {
            revision: applied.map(|commit| commit.short().to_owned()),
            ready: reading.ready.as_ref(),
            outcome: &reading.outcome,
        };
        let evidence = self.evidence(&observed, Kind::Kustomization, kustomization, status);
        if let Some(stale) = self.stale(name, &observed, self.tolerances.flux, &evidence) {
            return stale;
        }
        let say = |state, sentence: String| link(name, state, sentence, Some(evidence.clone()));
        if reading.suspended {
            return say(
                LinkState::Suspended,
                "The Kustomization is suspended: Flux applies nothing here.".into(),
            );
        }
        let Some(declared) = declared.map(|observed| observed.value) else {
            return say(LinkState::Unknown, NOT_DECLARED.into());
        };
        // A failure at another commit is past, unless Flux has stalled.
        let tried_it = reading
            .attempted
            .as_ref()
            .is_none_or(|commit| declares(declared, commit));
        if let Outcome::Failed { reason, message } = &reading.outcome
            && (tried_it || reading.stalled)
        {
            return say(
                LinkState::Failed,
                failure("Flux could not apply it", reason, message) + stalled(reading.stalled),
            );
        }
        let applied = applied.filter(|applied| declares(declared, applied));
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
        match (sentence, self.git_failure()) {
            (_, Some(failure)) if failure.state == LinkState::Suspended => failure,
            (Err(_), Some(failure)) => failure,
            (Ok(sentence), _) => say(LinkState::Holds, sentence),
            (Err(sentence), None) => say(LinkState::Progressing, sentence),
        }
    }

    /// Returns why no new commit is fetched, where that is so.
    fn git_failure(&self) -> Option<Link> {
        let name = &self.target.git_repository;
        let observed = self
            .observations
            .git_repository(&self.target.cluster, name)?;
        let reading = observed.value;
        let (state, sentence) = match &reading.outcome {
            _ if reading.suspended => (
                LinkState::Suspended,
                "The GitRepository is suspended: Flux fetches nothing.".to_owned(),
            ),
            Outcome::Failed { reason, message } => (
                LinkState::Failed,
                failure("Flux cannot fetch git", reason, message),
            ),
            _ => return None,
        };
        let revision = reading
            .fetched
            .as_ref()
            .map(|commit| commit.short().to_owned());
        let status = Status {
            revision,
            ready: reading.ready.as_ref(),
            outcome: &reading.outcome,
        };
        let evidence = self.evidence(&observed, Kind::GitRepository, name, status);
        Some(link(LinkName::Applied, state, sentence, Some(evidence)))
    }

    fn on_its_way(&self, declared: &Declared) -> String {
        let fetched = self
            .observations
            .git_repository(&self.target.cluster, &self.target.git_repository)
            .and_then(|observed| observed.value.fetched.as_ref());
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

    /// Returns how the object in the cluster differs from git although git was applied.
    fn spec_disagrees(&self, declared: &Declared) -> Option<String> {
        let desired = declared.desired.as_ref().ok()?;
        match &self.target.deployer {
            Deployer::HelmRelease(name) => {
                let asked = self.asked(name)?;
                let agrees = match desired {
                    Desired::Chart(version) => {
                        ChartVersion::from_revision(&asked).as_ref() == Ok(version)
                    }
                    other => asked == other.to_string(),
                };
                (!agrees).then(|| {
                    format!("git says {desired}, the HelmRelease in the cluster says {asked}.")
                })
            }
            Deployer::Deployment(name) => {
                let reading = self
                    .observations
                    .deployment(&self.target.cluster, name)?
                    .value;
                let tag = reading.tag().unwrap_or_default();
                (tag != desired.to_string()).then(|| {
                    format!("git says {desired}, the Deployment in the cluster says {tag}.")
                })
            }
        }
    }
}
