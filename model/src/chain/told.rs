//! The links of a cluster that Weft cannot look into, by what Flux's notifications told of it.
//!
//! They say less than a look: a step that nobody told of did not happen as far as Weft knows. So such a
//! link holds only for exactly what git asks for, and never while anything newer says otherwise.

use super::charts::told_chart;
use super::deployed::{cause_of, drifted, failed_step};
use super::links::{NOT_DECLARED, Place, declares, link};
use super::{Evidence, Link, LinkName, LinkState};
use crate::flux::{self, FluxEvent, Stage};
use crate::observation::{Declared, Desired, Observed};
use crate::pipeline::ObjectName;
use crate::time::clock;
use crate::{AppVersion, ChartVersion, CommitId};

const KUSTOMIZATION: &str = "Kustomization";
const HELM_RELEASE: &str = "HelmRelease";

impl<'a> Place<'a> {
    fn told(&self, kind: &str, name: &ObjectName, stage: Stage) -> Option<Observed<'a, FluxEvent>> {
        self.observations
            .told(&self.target.cluster, kind, name, stage)
    }

    /// The newest word about an object that is not only of a step.
    fn last_word(&self, kind: &str, name: &ObjectName) -> Option<Observed<'a, FluxEvent>> {
        Stage::ALL
            .into_iter()
            .filter(|stage| *stage != Stage::Progress)
            .filter_map(|stage| self.told(kind, name, stage))
            .filter(|seen| seen.value.stage != Stage::Hindered || self.is_recent(seen.value))
            .max_by_key(|seen| (seen.value.at, seen.value.stage))
    }

    /// Flux repeats a failure while it lasts; one that was not repeated for long has passed.
    fn is_recent(&self, notice: &FluxEvent) -> bool {
        self.now.since(notice.at) <= self.tolerances.notifications
    }

    /// Why something that an object waits for does not come.
    fn failure_of(&self, kind: &str, name: &ObjectName) -> Option<Observed<'a, FluxEvent>> {
        self.told(kind, name, Stage::Done)
            .filter(|seen| seen.value.error && self.is_recent(seen.value))
    }

    /// Who says so, at the end of a sentence.
    fn by(&self, notice: &FluxEvent) -> String {
        format!(
            "(by Flux's notification of {}; Weft cannot look itself)",
            clock(notice.at, self.now)
        )
    }

    fn nothing_told(&self, link: LinkName, kind: &str, name: &ObjectName) -> Link {
        let what = format!(
            "Weft cannot look into {}, and no notification has told of the {kind} {name}",
            self.target.cluster
        );
        self.unknown(link, &what)
    }

    /// A link by a notification, or that it is too old.
    fn by_notice(
        &self,
        name: LinkName,
        seen: &Observed<'a, FluxEvent>,
        state: LinkState,
        sentence: &str,
    ) -> Link {
        let notice = seen.value;
        let evidence = Evidence {
            source: seen.source.to_string(),
            object: format!("{} {}", notice.kind, notice.object),
            revision: notice.revision.clone(),
            condition: Some(format!("notified: {}", notice.reason)),
            message: Some(notice.message.clone()),
            confirmed_at: Some(seen.confirmed_at),
        };
        if state != LinkState::Failed
            && let Some(stale) = self.stale(name, seen, self.tolerances.notifications, &evidence)
        {
            return stale;
        }
        let sentence = format!("{} {}.", sentence.trim_end_matches('.'), self.by(notice));
        link(name, state, sentence, Some(evidence))
    }

    pub(super) fn applied_as_told(&self, declared: Option<&Declared>) -> Link {
        let applied = self.kustomization_as_told(declared);
        let git = self.failure_of("GitRepository", &self.target.git_repository);
        match git {
            Some(git) if !matches!(applied.state, LinkState::Holds | LinkState::Failed) => {
                let sentence = format!(
                    "Flux cannot fetch git ({}): {}",
                    git.value.reason,
                    flux::say(&git.value.message, 160)
                );
                self.by_notice(LinkName::Applied, &git, LinkState::Failed, &sentence)
            }
            _ => applied,
        }
    }

    fn kustomization_as_told(&self, declared: Option<&Declared>) -> Link {
        let name = LinkName::Applied;
        let kustomization = &self.target.kustomization;
        let done = self.last_word(KUSTOMIZATION, kustomization);
        let begun = self.told(KUSTOMIZATION, kustomization, Stage::Progress);
        // A step at the revision that is done already is a correction, and no new beginning.
        let newest = match (done, begun) {
            (Some(done), Some(begun))
                if begun.value.at > done.value.at
                    && begun.value.revision != done.value.revision =>
            {
                begun
            }
            (Some(done), _) => done,
            (None, Some(begun)) => begun,
            (None, None) => return self.nothing_told(name, KUSTOMIZATION, kustomization),
        };
        let notice = newest.value;
        let say = |state, sentence: &str| self.by_notice(name, &newest, state, sentence);
        let Some(declared) = declared else {
            return say(LinkState::Unknown, NOT_DECLARED);
        };
        let commit = notice.revision.as_deref().and_then(CommitId::from_revision);
        let is_declared = commit
            .as_ref()
            .is_some_and(|commit| declares(declared, commit));
        if notice.is_failure() && (is_declared || commit.is_none()) {
            let sentence = format!(
                "Flux could not apply it ({}): {}",
                notice.reason,
                flux::say(&notice.message, 160)
            );
            return say(LinkState::Failed, &sentence);
        }
        match commit {
            Some(commit) if is_declared && notice.stage == Stage::Done => say(
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
            None => say(LinkState::Progressing, &flux::say(&notice.message, 120)),
        }
    }

    pub(super) fn deployed_as_told(
        &self,
        release: &ObjectName,
        want: Option<&Desired>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let (deployed, held) = self.release_as_told(release, want);
        // A word that is older than what git asks for is about what it asked for before.
        let asked_at = self
            .observations
            .declared(&self.environment.name)
            .map(|seen| seen.value.changed_at);
        let chart = self
            .failure_of("HelmChart", &told_chart(self.target, release))
            .filter(|seen| asked_at.is_none_or(|at| seen.value.at >= at));
        match chart {
            Some(chart) if !matches!(deployed.state, LinkState::Holds | LinkState::Failed) => {
                let sentence = format!(
                    "The chart cannot be had ({}): {}",
                    chart.value.reason,
                    flux::say(&chart.value.message, 160)
                );
                let link = self.by_notice(LinkName::Deployed, &chart, LinkState::Failed, &sentence);
                (link, held)
            }
            _ => (deployed, held),
        }
    }

    fn release_as_told(
        &self,
        release: &ObjectName,
        want: Option<&Desired>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let name = LinkName::Deployed;
        let last = self.last_word(HELM_RELEASE, release);
        let Some(last) = last else {
            return (self.nothing_told(name, HELM_RELEASE, release), None);
        };
        let notice = last.value;
        let done = self.told(HELM_RELEASE, release, Stage::Done);
        let desired = match want {
            Some(Desired::Chart(version)) => Some(version.clone()),
            Some(Desired::Range(range)) => super::found(self.observations, self.target, range),
            _ => None,
        };
        let say = |state, sentence: &str| self.by_notice(name, &last, state, sentence);
        if notice.is_failure() {
            return self.failed_as_told(&last, done.map(|done| done.value), desired.as_ref());
        }
        let told = [
            Some(last),
            self.told(HELM_RELEASE, release, Stage::Tested),
            done,
        ];
        let held = told
            .into_iter()
            .flatten()
            .filter(|seen| !seen.value.is_failure())
            .find_map(|seen| held(seen.value));
        if notice.stage == Stage::Drift && notice.error {
            return (say(LinkState::Drifted, &drifted(&notice.message)), held);
        }
        let tests = self.told(HELM_RELEASE, release, Stage::Tested);
        let link = match (
            desired,
            version(notice).or_else(|| held.as_ref().map(|(chart, _)| chart.clone())),
        ) {
            (Some(desired), Some(told)) if desired != told => say(
                LinkState::Progressing,
                &format!("Helm holds {told}; nothing was told of {desired} yet"),
            ),
            (Some(desired), Some(_))
                if notice.stage == Stage::Done && self.is_untested(notice, tests) =>
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

    /// A failure, told with what was tried where that was told as well.
    fn failed_as_told(
        &self,
        last: &Observed<'a, FluxEvent>,
        done: Option<&FluxEvent>,
        desired: Option<&ChartVersion>,
    ) -> (Link, Option<(ChartVersion, AppVersion)>) {
        let notice = last.value;
        let say = |state, sentence: &str| self.by_notice(LinkName::Deployed, last, state, sentence);
        let is_rollback = notice.reason == "RollbackSucceeded";
        let held = is_rollback.then(|| held(notice)).flatten();
        // What was gone back to is named by the rollback; what was tried, by the failure before it.
        let tests = self.told(&notice.kind, &notice.object, Stage::Tested);
        let cause = match notice.stage {
            Stage::Remediated => [tests.map(|seen| seen.value), done]
                .into_iter()
                .flatten()
                .filter(|cause| cause.is_failure())
                .filter(|cause| notice.at.since(cause.at) <= self.tolerances.notifications)
                .max_by_key(|cause| (cause.at, cause.stage)),
            _ => Some(notice),
        };
        let Some(cause) = cause else {
            let sentence = format!("A release failed: {}", flux::say(&notice.message, 140));
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
            evidence.message = Some(format!("{}\n\n{}", cause.message, notice.message));
        }
        (link, held)
    }

    /// Whether tests may still say no: they have run here before, or the upgrade is only just done.
    fn is_untested(&self, upgraded: &FluxEvent, tests: Option<Observed<'a, FluxEvent>>) -> bool {
        tests.is_some() || self.settles(upgraded.at)
    }
}

fn version(notice: &FluxEvent) -> Option<ChartVersion> {
    ChartVersion::from_revision(notice.revision.as_deref()?).ok()
}

fn held(notice: &FluxEvent) -> Option<(ChartVersion, AppVersion)> {
    Some((version(notice)?, notice.app.clone()?))
}
