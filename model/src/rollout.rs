//! The rollout of a promotion after its merge: in short as far as the links show it, and step by step with
//! times.

use serde::{Deserialize, Serialize};

use crate::chain::{Chain, Context, LinkName, LinkState, Verdict, VerdictState, chain};
use crate::environment::EnvironmentView;
use crate::flux::{HelmReleaseReading, Outcome, Snapshot};
use crate::observation::{Declared, Observations};
use crate::pipeline::{Deployer, EnvironmentSpec, TargetSpec};
use crate::promotion::{Promotion, PromotionState};
use crate::{ChartVersion, Timestamp};

/// One step of a rollout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutStep {
    /// `merged`, `fetched`, `applied`, `chart fetched`, `upgraded`, `tested`, `rolled out` or `serving`.
    pub name: String,
    pub state: StepState,
    /// When it was done, where that is known.
    pub at: Option<Timestamp>,
}

/// The state of a step of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Done,
    /// Under way.
    Now,
    Failed,
    /// Behind a step that is not done.
    Next,
}

/// Whether an environment already holds the release of a merged promotion. Until then its links are about
/// the release before.
pub(crate) fn has_reached(promotion: &Promotion, view: &EnvironmentView) -> bool {
    promotion.release.is_some() && view.desired_chart == promotion.release
}

/// Returns the verdict of an environment after a promotion into it was merged: the present one, unless that is
/// still about the release before.
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

/// Returns the rollout of a merged promotion in four steps, as the links of the environment show it.
#[must_use]
pub fn steps(promotion: &Promotion, view: &EnvironmentView) -> Vec<RolloutStep> {
    let reached = has_reached(promotion, view);
    let outcome = |name| {
        let link = view.links.iter().find(|link| link.name == name);
        link.filter(|_| reached)
            .map_or(StepOutcome::Open, |link| StepOutcome::of(link.state, None))
    };
    let outcomes = [
        ("applied", outcome(LinkName::Applied)),
        ("upgraded", outcome(LinkName::Deployed)),
        ("serving", outcome(LinkName::Serving)),
    ];
    in_order(promotion, outcomes.into_iter())
}

/// Returns the merge and these steps; every step behind the first that is not done is still to come.
fn in_order(
    promotion: &Promotion,
    outcomes: impl Iterator<Item = (&'static str, StepOutcome)>,
) -> Vec<RolloutStep> {
    let mut steps = vec![RolloutStep {
        name: "merged".into(),
        state: StepState::Done,
        at: promotion.closed_at,
    }];
    let mut open = true;
    for (name, outcome) in outcomes {
        let (state, at) = match (open, outcome) {
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

/// The outcome of one step regardless of the steps before it.
#[derive(Clone, Copy)]
enum StepOutcome {
    Done(Option<Timestamp>),
    Failed,
    Open,
}

impl StepOutcome {
    fn of(link: LinkState, at: Option<Timestamp>) -> Self {
        match link {
            LinkState::Holds => Self::Done(at),
            LinkState::Failed => Self::Failed,
            _ => Self::Open,
        }
    }

    /// Of two targets: a failure before what is open before what is done, and then the later time.
    fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Failed, _) | (_, Self::Failed) => Self::Failed,
            (Self::Open, _) | (_, Self::Open) => Self::Open,
            (Self::Done(one), Self::Done(other)) => Self::Done(one.max(other)),
        }
    }
}

/// Returns the rollout of a merged promotion in all steps: merged → fetched → applied → chart fetched →
/// upgraded → tested → serving, with the times that Flux or GitHub gives. A step is done when it is done in
/// every target.
#[must_use]
pub fn rollout(
    promotion: &Promotion,
    environment: &EnvironmentSpec,
    context: Context<'_>,
) -> Vec<RolloutStep> {
    let observations = context.observations;
    let declared = observations.declared(&environment.name);
    let targets = environment.targets.iter().map(|target| {
        let target = TargetRollout {
            target,
            chain: chain(environment, target, context),
            declared: declared.map(|observed| observed.value),
            release: promotion.release.as_ref(),
            observations,
        };
        target.steps()
    });
    let targets: Vec<Vec<(&'static str, StepOutcome)>> = targets.collect();
    let names = targets.first().map(Vec::as_slice).unwrap_or_default();
    let outcomes = names.iter().enumerate().map(|(at, (name, _))| {
        let outcomes = targets.iter().filter_map(|steps| steps.get(at));
        let worst = outcomes
            .map(|(_, outcome)| *outcome)
            .reduce(StepOutcome::worse);
        (*name, worst.unwrap_or(StepOutcome::Open))
    });
    in_order(promotion, outcomes)
}

/// The input of the steps of one target.
struct TargetRollout<'a> {
    target: &'a TargetSpec,
    chain: Chain,
    declared: Option<&'a Declared>,
    release: Option<&'a ChartVersion>,
    observations: &'a Observations,
}

impl TargetRollout<'_> {
    fn steps(&self) -> Vec<(&'static str, StepOutcome)> {
        let reached =
            self.release.is_some() && self.chain.desired == self.release.map(ToString::to_string);
        let mut steps = vec![("fetched", self.fetched()), ("applied", self.applied())];
        if let Deployer::HelmRelease(name) = &self.target.deployer {
            let helm = self
                .observations
                .helm_release(&self.target.cluster, name)
                .map(|observed| observed.value);
            let snapshot = helm.and_then(|helm| self.snapshot(helm));
            steps.push(("chart fetched", self.chart(helm, snapshot)));
            steps.push(("upgraded", self.upgraded(helm, snapshot)));
            if helm.is_none_or(|helm| helm.tests_wanted) {
                steps.push(("tested", self.tested(snapshot)));
            }
        } else {
            steps.push(("rolled out", self.by_link(LinkName::Deployed, None)));
        }
        steps.push(("serving", self.by_link(LinkName::Serving, None)));
        if !reached {
            steps
                .iter_mut()
                .for_each(|(_, outcome)| *outcome = StepOutcome::Open);
        }
        steps
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
            .map(|observed| observed.value);
        let is_declared = |commit| {
            self.declared
                .is_some_and(|declared| declared.commits.contains(commit))
        };
        match git {
            Some(git) if git.fetched.as_ref().is_some_and(is_declared) => {
                StepOutcome::Done(git.fetched_at)
            }
            // What was applied was fetched, even if newer commits have been fetched since.
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
            .and_then(|observed| observed.value.ready.as_ref())
            .filter(|ready| ready.is("True"))
            .and_then(|ready| ready.since);
        self.by_link(LinkName::Applied, at)
    }

    /// Returns the newest snapshot of the release.
    fn snapshot<'a>(&self, helm: &'a HelmReleaseReading) -> Option<&'a Snapshot> {
        let mut history = helm.history.iter();
        history.find(|snapshot| Some(&snapshot.chart) == self.release)
    }

    fn chart(&self, helm: Option<&HelmReleaseReading>, snapshot: Option<&Snapshot>) -> StepOutcome {
        let chart = helm
            .and_then(|helm| helm.chart.as_ref())
            .and_then(|name| self.observations.helm_chart(&self.target.cluster, name))
            .map(|observed| observed.value);
        match chart {
            Some(chart) if chart.found.as_ref() == self.release => {
                StepOutcome::Done(chart.found_at)
            }
            // What Helm has tried was fetched, from whatever source.
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
        // Of a release that others followed, only the beginning is still known.
        let ended = helm
            .filter(|helm| helm.history.first() == snapshot)
            .and_then(HelmReleaseReading::released_at);
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
