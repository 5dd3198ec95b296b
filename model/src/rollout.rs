//! A promotion after its merge: how far its release has come into the environment, in short for the lane and
//! step by step, with times, for the card.

use crate::api::EnvironmentView;
use crate::chain::{Chain, LinkName, LinkState, Tolerances, Verdict, VerdictState, chain};
use crate::flux::{HelmReleaseReading, Outcome, Snapshot};
use crate::gate::{RolloutStep, StepState};
use crate::observation::{Declared, Observations};
use crate::pipeline::{Deployer, EnvironmentSpec, TargetSpec};
use crate::promotion::{Promotion, PromotionState};
use crate::{ChartVersion, Timestamp};

/// Whether what is known of an environment already speaks of a merged promotion's release. Until then its
/// links, however green, are about the release before.
pub(crate) fn has_reached(promotion: &Promotion, view: &EnvironmentView) -> bool {
    promotion.release.is_some() && view.desired_chart == promotion.release
}

/// What holds in an environment after a promotion into it was merged: its verdict, unless that still is
/// about the release before.
#[must_use]
pub fn verdict_after(promotion: &Promotion, view: &EnvironmentView) -> Verdict {
    let older = view.desired_chart < promotion.release;
    if promotion.state != PromotionState::Merged || !older {
        return view.verdict.clone();
    }
    let what = promotion
        .release
        .as_ref()
        .map_or_else(|| promotion.title.clone(), ToString::to_string);
    Verdict {
        state: VerdictState::Rolling,
        sentence: format!("{what} is merged; {} is about to fetch it.", view.name),
        breaks_at: Some(LinkName::Declared),
        since: promotion.closed_at.unwrap_or(view.verdict.since),
    }
}

/// The way of a merged promotion into its environment, as short as its links are.
#[must_use]
pub fn steps(promotion: &Promotion, view: &EnvironmentView) -> Vec<RolloutStep> {
    let reached = has_reached(promotion, view);
    let mark = |name| {
        let link = view.links.iter().find(|link| link.name == name);
        link.filter(|_| reached)
            .map_or(StepOutcome::Open, |link| StepOutcome::of(link.state, None))
    };
    let marks = [
        ("applied", mark(LinkName::Applied)),
        ("upgraded", mark(LinkName::Deployed)),
        ("serving", mark(LinkName::Serving)),
    ];
    in_order(promotion, marks.into_iter())
}

/// The merge, then these steps: all behind the first that is not done are still to come.
fn in_order(
    promotion: &Promotion,
    marks: impl Iterator<Item = (&'static str, StepOutcome)>,
) -> Vec<RolloutStep> {
    let mut steps = vec![RolloutStep {
        name: "merged".into(),
        state: StepState::Done,
        at: promotion.closed_at,
    }];
    let mut open = true;
    for (name, mark) in marks {
        let (state, at) = match (open, mark) {
            (false, _) => (StepState::Next, None),
            (true, StepOutcome::Done(at)) => (StepState::Done, at),
            (true, StepOutcome::Failed) => (StepState::Failed, None),
            (true, StepOutcome::Open) => (StepState::Now, None),
        };
        open = state == StepState::Done;
        steps.push(RolloutStep {
            name: name.into(),
            state,
            at,
        });
    }
    steps
}

/// How one step stands, wherever the ones before it do.
#[derive(Clone, Copy)]
enum StepOutcome {
    Done(Option<Timestamp>),
    Failed,
    Open,
}

impl StepOutcome {
    /// What a link says of it, and when that came about.
    fn of(link: LinkState, at: Option<Timestamp>) -> Self {
        match link {
            LinkState::Holds => Self::Done(at),
            LinkState::Failed => Self::Failed,
            _ => Self::Open,
        }
    }
}

/// The whole way of a merged promotion: merged → fetched → applied → chart fetched → upgraded → tested →
/// serving, each with the time that Flux or GitHub gives. A step is done where it is done in every target.
#[must_use]
pub fn rollout(
    promotion: &Promotion,
    environment: &EnvironmentSpec,
    observations: &Observations,
    now: Timestamp,
    tolerances: &Tolerances,
) -> Vec<RolloutStep> {
    let place = |target| Place {
        target,
        chain: chain(environment, target, observations, now, tolerances),
        declared: observations
            .declared(&environment.name)
            .map(|seen| seen.value),
        release: promotion.release.as_ref(),
        observations,
    };
    let ways: Vec<Vec<(&'static str, StepOutcome)>> = environment
        .targets
        .iter()
        .map(|target| place(target).way())
        .collect();
    let names = ways.first().map(Vec::as_slice).unwrap_or_default();
    let marks = names.iter().enumerate().map(|(at, (name, _))| {
        let marks = ways.iter().filter_map(|way| way.get(at));
        (*name, worst(marks.map(|(_, mark)| *mark)))
    });
    in_order(promotion, marks)
}

/// A failure before what is open before what is done, and that when the last target did it.
fn worst(marks: impl Iterator<Item = StepOutcome>) -> StepOutcome {
    marks
        .reduce(|one, other| match (one, other) {
            (StepOutcome::Failed, _) | (_, StepOutcome::Failed) => StepOutcome::Failed,
            (StepOutcome::Open, _) | (_, StepOutcome::Open) => StepOutcome::Open,
            (StepOutcome::Done(one), StepOutcome::Done(other)) => StepOutcome::Done(one.max(other)),
        })
        .unwrap_or(StepOutcome::Open)
}

struct Place<'a> {
    target: &'a TargetSpec,
    chain: Chain,
    declared: Option<&'a Declared>,
    release: Option<&'a ChartVersion>,
    observations: &'a Observations,
}

impl Place<'_> {
    fn way(&self) -> Vec<(&'static str, StepOutcome)> {
        let reached =
            self.release.is_some() && self.chain.desired == self.release.map(ToString::to_string);
        let mark = |mark: StepOutcome| if reached { mark } else { StepOutcome::Open };
        let mut way = vec![
            ("fetched", mark(self.fetched())),
            ("applied", mark(self.applied())),
        ];
        if let Deployer::HelmRelease(name) = &self.target.deployer {
            let helm = self
                .observations
                .helm_release(&self.target.cluster, name)
                .map(|seen| seen.value);
            let snapshot = helm.and_then(|helm| self.snapshot(helm));
            way.push(("chart fetched", mark(self.chart(helm, snapshot))));
            way.push(("upgraded", mark(self.upgraded(helm, snapshot))));
            if helm.is_none_or(|helm| helm.tests_wanted) {
                way.push(("tested", mark(self.tested(snapshot))));
            }
        } else {
            way.push(("rolled out", mark(self.by_link(LinkName::Deployed, None))));
        }
        way.push(("serving", mark(self.by_link(LinkName::Serving, None))));
        way
    }

    fn link(&self, name: LinkName) -> LinkState {
        let mut links = self.chain.links.iter();
        links
            .find(|link| link.name == name)
            .map_or(LinkState::Unknown, |link| link.state)
    }

    fn by_link(&self, name: LinkName, at: Option<Timestamp>) -> StepOutcome {
        StepOutcome::of(self.link(name), at)
    }

    fn fetched(&self) -> StepOutcome {
        let target = self.target;
        let git = self
            .observations
            .git_repository(&target.cluster, &target.git_repository)
            .map(|seen| seen.value);
        let stands = |commit| {
            self.declared
                .is_some_and(|declared| declared.commits.contains(commit))
        };
        match git {
            Some(git) if git.fetched.as_ref().is_some_and(stands) => {
                StepOutcome::Done(git.fetched_at)
            }
            // What was applied was fetched, however much has been fetched since.
            _ if self.link(LinkName::Applied) == LinkState::Holds => StepOutcome::Done(None),
            Some(git) if matches!(git.outcome, Outcome::Failed { .. }) => StepOutcome::Failed,
            _ => StepOutcome::Open,
        }
    }

    fn applied(&self) -> StepOutcome {
        let target = self.target;
        let at = self
            .observations
            .kustomization(&target.cluster, &target.kustomization)
            .and_then(|seen| seen.value.ready.as_ref())
            .filter(|ready| ready.is("True"))
            .and_then(|ready| ready.since);
        self.by_link(LinkName::Applied, at)
    }

    /// The newest of the release that Helm has.
    fn snapshot<'a>(&self, helm: &'a HelmReleaseReading) -> Option<&'a Snapshot> {
        let mut history = helm.history.iter();
        history.find(|snapshot| Some(&snapshot.chart) == self.release)
    }

    fn chart(&self, helm: Option<&HelmReleaseReading>, snapshot: Option<&Snapshot>) -> StepOutcome {
        let chart = helm
            .and_then(|helm| helm.chart.as_ref())
            .and_then(|name| self.observations.helm_chart(&self.target.cluster, name))
            .map(|seen| seen.value);
        match chart {
            Some(chart) if chart.found.as_ref() == self.release => {
                StepOutcome::Done(chart.found_at)
            }
            // What Helm has tried was fetched, whatever it came from.
            _ if snapshot.is_some() || self.link(LinkName::Deployed) == LinkState::Holds => {
                StepOutcome::Done(None)
            }
            Some(chart) if matches!(chart.outcome, Outcome::Failed { .. }) => StepOutcome::Failed,
            _ => StepOutcome::Open,
        }
    }

    fn upgraded(
        &self,
        helm: Option<&HelmReleaseReading>,
        snapshot: Option<&Snapshot>,
    ) -> StepOutcome {
        // Of a release that was followed by others, only its beginning is still told.
        let ended = helm
            .filter(|helm| helm.history.first() == snapshot)
            .and_then(|helm| helm.released_at);
        match snapshot {
            Some(snapshot) if matches!(snapshot.status.as_str(), "deployed" | "superseded") => {
                StepOutcome::Done(ended.max(snapshot.at))
            }
            _ => self.by_link(LinkName::Deployed, None),
        }
    }

    fn tested(&self, snapshot: Option<&Snapshot>) -> StepOutcome {
        let at = snapshot.and_then(|snapshot| snapshot.tested_at);
        self.by_link(LinkName::Deployed, at)
    }
}
