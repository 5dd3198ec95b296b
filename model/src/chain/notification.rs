//! The links of a cluster that Weft has no access to, by the notifications of its Flux.
//!
//! Notifications say less than objects: a step without one is not known to have happened. So such a link
//! holds only for exactly what git asks for, and never while a newer notification contradicts it.

use super::charts::found;
use super::deployed::{cause_of, drifted, failed_step};
use super::link::{Evidence, Link, LinkName, LinkState};
use super::target_context::{NOT_DECLARED, TargetContext, declares, failure, link};
use crate::flux::membership::helm_chart;
use crate::flux::{self, ClusterObject, FluxEvent, Kind, Stage};
use crate::observation::{Declared, Desired, Observed};
use crate::pipeline::ObjectName;
use crate::time::clock;
use crate::{AppVersion, ChartVersion, CommitId};

impl<'a> TargetContext<'a> {
    fn notification(
        &self,
        kind: Kind,
        name: &ObjectName,
        stage: Stage,
    ) -> Option<Observed<'a, FluxEvent>> {
        self.observations
            .notification(&self.target.cluster, kind, name, stage)
    }

    /// Returns the newest notification about an object that is more than a step.
    fn last_outcome(&self, kind: Kind, name: &ObjectName) -> Option<Observed<'a, FluxEvent>> {
        Stage::ALL
            .into_iter()
            .filter(|stage| *stage != Stage::Progress)
            .filter_map(|stage| self.notification(kind, name, stage))
            .filter(|observed| {
                observed.value.stage != Stage::Hindered || self.is_recent(observed.value)
            })
            .max_by_key(|observed| (observed.value.at, observed.value.stage))
    }

    /// Whether a failure still lasts: Flux repeats it until it has passed.
    fn is_recent(&self, event: &FluxEvent) -> bool {
        self.now.since(event.at) <= self.tolerances.notifications
    }

    /// Returns the failure of an object that another one waits for.
    fn failure_of(&self, kind: Kind, name: &ObjectName) -> Option<Observed<'a, FluxEvent>> {
        self.notification(kind, name, Stage::Done)
            .filter(|observed| observed.value.error && self.is_recent(observed.value))
    }

    /// Returns the attribution at the end of a sentence.
    fn by(&self, event: &FluxEvent) -> String {
        format!(
            "(by Flux's notification of {}; Weft cannot look itself)",
            clock(event.at, self.now)
        )
    }

    fn no_notification(&self, link: LinkName, kind: Kind, name: &ObjectName) -> Link {
        let what = format!(
            "Weft cannot look into {}, and no notification has told of the {} {name}",
            self.target.cluster,
            kind.as_str()
        );
        self.unknown(link, &what)
    }

    /// Returns a link judged by a notification, or a stale one.
    fn notified_link(
        &self,
        name: LinkName,
        observed: &Observed<'a, FluxEvent>,
        state: LinkState,
        sentence: &str,
    ) -> Link {
        let event = observed.value;
        let evidence = Evidence {
            source: observed.source.to_string(),
            object: Some(ClusterObject {
                cluster: self.target.cluster.clone(),
                object: event.object.clone(),
            }),
            location: None,
            revision: event.revision.clone(),
            condition: Some(format!("notified: {}", event.reason)),
            message: Some(event.message.clone()),
            confirmed_at: Some(observed.confirmed_at),
        };
        if state != LinkState::Failed
            && let Some(stale) =
                self.stale(name, observed, self.tolerances.notifications, &evidence)
        {
            return stale;
        }
        let sentence = format!("{} {}.", sentence.trim_end_matches('.'), self.by(event));
        link(name, state, sentence, Some(evidence))
    }

    fn failed_link(&self, name: LinkName, observed: &Observed<'a, FluxEvent>, what: &str) -> Link {
        let event = observed.value;
        let sentence = failure(what, &event.reason, &event.message);
        self.notified_link(name, observed, LinkState::Failed, &sentence)
    }

    pub(super) fn applied_by_notification(&self, declared: Option<&Declared>) -> Link {
        let applied = self.kustomization_by_notification(declared);
        let git = self.failure_of(Kind::GitRepository, &self.target.git_repository);
        match git {
            Some(git) if !matches!(applied.state, LinkState::Holds | LinkState::Failed) => {
                self.failed_link(LinkName::Applied, &git, "Flux cannot fetch git")
            }
            _ => applied,
        }
    }

    fn kustomization_by_notification(&self, declared: Option<&Declared>) -> Link {
        let name = LinkName::Applied;
        let kustomization = &self.target.kustomization;
        let done = self.last_outcome(Kind::Kustomization, kustomization);
        let begun = self.notification(Kind::Kustomization, kustomization, Stage::Progress);
        // A step at the revision that is applied already is a correction of drift, no new rollout.
        let newest = match (done, begun) {
            (Some(done), Some(begun))
                if begun.value.at > done.value.at
                    && begun.value.revision != done.value.revision =>
            {
                begun
            }
            (Some(done), _) => done,
            (None, Some(begun)) => begun,
            (None, None) => return self.no_notification(name, Kind::Kustomization, kustomization),
        };
        let event = newest.value;
        let say = |state, sentence: &str| self.notified_link(name, &newest, state, sentence);
        let Some(declared) = declared else {
            return say(LinkState::Unknown, NOT_DECLARED);
        };
        let commit = event.revision.as_deref().and_then(CommitId::from_revision);
        let is_declared = commit
            .as_ref()
            .is_some_and(|commit| declares(declared, commit));
        if event.is_failure() && (is_declared || commit.is_none()) {
            return self.failed_link(name, &newest, "Flux could not apply it");
        }
        match commit {
            Some(commit) if is_declared && event.stage == Stage::Done => say(
                LinkState::Holds,
                &format!("Flux applied {}", commit.short()),
            ),
            Some(commit) if is_declared => say(
                LinkState::Progressing,
                &format!("Flux is applying {}", commit.short()),
            ),
            Some(commit) => say(
                LinkState::Progressing,
                &format!("Flux has only told of {} so far", commit.short()),
            ),
            None => say(LinkState::Progressing, &flux::say(&event.message, 120)),
        }
    }

    pub(super) fn deployed_by_notification(
        &self,
        release: &ObjectName,
        desired: Option<&Desired>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let (deployed, held) = self.helm_release_by_notification(release, desired);
        // A notification that is older than the declaration is about the one before it.
        let asked_at = self
            .observations
            .declared(&self.environment.name)
            .map(|observed| observed.value.changed_at);
        let chart = self
            .failure_of(Kind::HelmChart, &helm_chart(self.target, release))
            .filter(|observed| asked_at.is_none_or(|at| observed.value.at >= at));
        match chart {
            Some(chart) if !matches!(deployed.state, LinkState::Holds | LinkState::Failed) => {
                let what = "The chart cannot be had";
                (self.failed_link(LinkName::Deployed, &chart, what), held)
            }
            _ => (deployed, held),
        }
    }

    fn helm_release_by_notification(
        &self,
        release: &ObjectName,
        desired: Option<&Desired>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let name = LinkName::Deployed;
        let last = self.last_outcome(Kind::HelmRelease, release);
        let Some(last) = last else {
            return (self.no_notification(name, Kind::HelmRelease, release), None);
        };
        let event = last.value;
        let done = self.notification(Kind::HelmRelease, release, Stage::Done);
        let desired = match desired {
            Some(Desired::Chart(version)) => Some(version.clone()),
            Some(Desired::Range(range)) => found(self.observations, self.target, range),
            _ => None,
        };
        let say = |state, sentence: &str| self.notified_link(name, &last, state, sentence);
        if event.is_failure() {
            return self.failure_by_notification(
                &last,
                done.map(|done| done.value),
                desired.as_ref(),
            );
        }
        let succeeded = [
            Some(last),
            self.notification(Kind::HelmRelease, release, Stage::Tested),
            done,
        ];
        let held = succeeded
            .into_iter()
            .flatten()
            .filter(|observed| !observed.value.is_failure())
            .find_map(|observed| held(observed.value));
        if event.stage == Stage::Drift && event.error {
            return (say(LinkState::Drifted, &drifted(&event.message)), held);
        }
        let tests = self.notification(Kind::HelmRelease, release, Stage::Tested);
        let link = match (
            desired,
            version(event).or_else(|| held.as_ref().map(|(chart, _)| chart.clone())),
        ) {
            (Some(desired), Some(notified)) if desired != notified => say(
                LinkState::Progressing,
                &format!("Helm holds {notified}; nothing was told of {desired} yet"),
            ),
            (Some(desired), Some(_))
                if event.stage == Stage::Done && self.is_untested(event, tests) =>
            {
                say(
                    LinkState::Progressing,
                    &format!("Helm deployed {desired}; of its tests nothing was told yet"),
                )
            }
            (Some(desired), Some(_)) => say(LinkState::Holds, &format!("Helm deployed {desired}")),
            (Some(desired), None) => say(
                LinkState::Progressing,
                &format!("Nothing was told of {desired} yet"),
            ),
            (None, _) => say(
                LinkState::Unknown,
                "Which chart version the range resolves to was not told",
            ),
        };
        (link, held)
    }

    /// Returns the link of a failed release, with what was tried where a notification says so.
    fn failure_by_notification(
        &self,
        last: &Observed<'a, FluxEvent>,
        done: Option<&FluxEvent>,
        desired: Option<&ChartVersion>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let event = last.value;
        let say =
            |state, sentence: &str| self.notified_link(LinkName::Deployed, last, state, sentence);
        let is_rollback = event.reason == "RollbackSucceeded";
        let held = is_rollback.then(|| held(event)).flatten();
        // A rollback names the release that was restored; the failure before it, the one that was tried.
        let tests = self.notification(event.object.kind, &event.object.name, Stage::Tested);
        let cause = match event.stage {
            Stage::Remediated => [tests.map(|observed| observed.value), done]
                .into_iter()
                .flatten()
                .filter(|cause| cause.is_failure())
                .filter(|cause| event.at.since(cause.at) <= self.tolerances.notifications)
                .max_by_key(|cause| (cause.at, cause.stage)),
            _ => Some(event),
        };
        let Some(cause) = cause else {
            let sentence = format!("A release failed: {}", flux::say(&event.message, 140));
            return (say(LinkState::Failed, &sentence), held);
        };
        let tried = version(cause);
        if let (Some(tried), Some(desired)) = (&tried, desired)
            && tried != desired
        {
            let sentence = format!("{tried} failed; nothing was told of {desired} yet");
            return (say(LinkState::Progressing, &sentence), held);
        }
        let tried = tried.or_else(|| desired.cloned());
        let tried = tried.map_or_else(|| "the chart".to_owned(), |tried| tried.to_string());
        let then = match &held {
            Some((chart, _)) => format!(" Rolled back: users still get {chart}."),
            None => String::new(),
        };
        let sentence = format!(
            "{}: {}{then}",
            failed_step(&cause.reason, &tried),
            flux::say(cause_of(&cause.message, &tried), 140)
        );
        let mut link = say(LinkState::Failed, &sentence);
        if let Some(evidence) = link.evidence.as_mut().filter(|_| is_rollback) {
            evidence.message = Some(format!("{}\n\n{}", cause.message, event.message));
        }
        (link, held)
    }

    /// Whether tests may still fail: they have run here before, or the upgrade is very recent.
    fn is_untested(&self, upgraded: &FluxEvent, tests: Option<Observed<'a, FluxEvent>>) -> bool {
        tests.is_some() || self.settles(upgraded.at)
    }
}

fn version(event: &FluxEvent) -> Option<ChartVersion> {
    ChartVersion::from_revision(event.revision.as_deref()?).ok()
}

fn held(event: &FluxEvent) -> Option<(ChartVersion, AppVersion)> {
    Some((version(event)?, event.app.clone()?))
}
