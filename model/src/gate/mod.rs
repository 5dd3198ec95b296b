//! The gate between two environments: what a release waits for there, in one sentence.

mod dispatch;

use serde::{Deserialize, Serialize};

use crate::chain::{Context, VerdictState};
use crate::environment::EnvironmentView;
use crate::pipeline::{EnvironmentSpec, GateKind, RepositoryName};
use crate::promotion::{CheckState, CheckSummary, Mergeable, Promotion, PromotionState};
use crate::rollout::{self, RolloutStep};
use crate::time::in_words;
use crate::{ChartVersion, CommitId, EnvironmentName, Timestamp};

/// The state of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Both sides hold the same release.
    Idle,
    /// A newer release is not proven before the gate yet.
    WaitsForProof,
    /// A newer release is proven, and its pull request is due.
    WaitsForPromotion,
    /// A newer release is proven, and its pull request did not open in time.
    Lost,
    /// The checks of the pull request are running.
    WaitsForChecks,
    /// A required check failed, a reviewer refused, or the pull request cannot be merged.
    Blocked,
    /// Approvals are missing.
    WaitsForApproval,
    /// All rules are met, and a person has to merge.
    WaitsForMerge,
    /// The pull request was merged, and the release is being rolled out.
    Rolling,
    /// The pull requests are not known, or too old.
    Unknown,
}

impl GateState {
    /// Whether a person has to approve or merge.
    #[must_use]
    pub fn waits_for_people(self) -> bool {
        matches!(self, Self::WaitsForApproval | Self::WaitsForMerge)
    }
}

/// The open pull request at a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromotionSummary {
    pub repository: RepositoryName,
    pub number: u64,
    /// The page on GitHub.
    pub url: String,
    pub author: String,
    /// The chart version that it declares.
    pub release: Option<ChartVersion>,
    pub head: CommitId,
    pub opened_at: Timestamp,
    pub checks: CheckSummary,
    /// Logins of the approvers that count.
    pub approved_by: Vec<String>,
    /// Logins of the requested reviewers.
    pub requested: Vec<String>,
    /// The number of missing approvals; `None` where the rules are not known.
    pub missing_approvals: Option<u32>,
}

impl From<&Promotion> for PromotionSummary {
    fn from(promotion: &Promotion) -> Self {
        Self {
            repository: promotion.repository.clone(),
            number: promotion.number,
            url: promotion.url.clone(),
            author: promotion.author.clone(),
            release: promotion.release.clone(),
            head: promotion.head.clone(),
            opened_at: promotion.opened_at,
            checks: promotion.summary(),
            approved_by: promotion
                .approvals()
                .map(|review| review.login.clone())
                .collect(),
            requested: promotion.requested.clone(),
            missing_approvals: promotion.missing_approvals(),
        }
    }
}

/// The gate between two environments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gate {
    pub from: EnvironmentName,
    pub to: EnvironmentName,
    pub kind: GateKind,
    pub state: GateState,
    pub sentence: String,
    /// The release that waits.
    pub release: Option<ChartVersion>,
    /// When it began to wait.
    pub since: Option<Timestamp>,
    pub promotion: Option<PromotionSummary>,
    /// The steps of the rollout while it is under way.
    pub steps: Vec<RolloutStep>,
    /// The page of the workflow run that should have opened the pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

impl Gate {
    /// Whether a person has to approve or merge.
    #[must_use]
    pub fn waits_for_people(&self) -> bool {
        self.state.waits_for_people()
    }
}

/// The environments on both sides of a gate, as configured and as they are.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'a> {
    pub from: &'a EnvironmentSpec,
    pub to: &'a EnvironmentSpec,
    /// The state of `from`.
    pub before: &'a EnvironmentView,
    /// The state of `to`.
    pub behind: &'a EnvironmentView,
}

/// Computes the gate between two environments.
#[must_use]
pub fn gate(sides: Sides<'_>, context: Context<'_>) -> Gate {
    let Sides {
        to, before, behind, ..
    } = sides;
    let observations = context.observations;
    let known = observations.promotion(&to.name);
    let promotion = known.and_then(|observed| observed.value.as_deref());
    let open = promotion.filter(|promotion| promotion.state == PromotionState::Open);
    let mut gate = Gate {
        from: before.name.clone(),
        to: to.name.clone(),
        kind: to.gate,
        state: GateState::Idle,
        sentence: String::new(),
        release: None,
        since: None,
        promotion: open.map(PromotionSummary::from),
        steps: Vec::new(),
        run: None,
    };
    let rolling = matches!(behind.verdict.state, VerdictState::Rolling);
    let merged = promotion.filter(|promotion| promotion.state == PromotionState::Merged);
    if let Some(merged) = merged.filter(|merged| rolling && rollout::has_reached(merged, behind)) {
        gate.steps = rollout::steps(merged, behind);
    }
    let github = context.tolerances.github;
    (gate.state, gate.sentence) = if to.gate == GateKind::Automatic {
        automatic(before, behind)
    } else if known.is_some_and(|observed| context.now.since(observed.confirmed_at) > github) {
        (
            GateState::Unknown,
            "GitHub has not been heard for a while; what waits here is old.".to_owned(),
        )
    } else if let Some(open) = open {
        gate.release.clone_from(&open.release);
        gate.since = Some(open.opened_at);
        with_promotion(open, &to.name, before)
    } else if known.is_none() {
        (
            GateState::Unknown,
            "GitHub has not told yet what waits here.".to_owned(),
        )
    } else if rolling {
        let what = behind.desired.as_deref().unwrap_or("The release");
        (
            GateState::Rolling,
            format!("{what} is on its way into {}.", to.name),
        )
    } else {
        without_promotion(sides, context, &mut gate)
    };
    gate
}

fn automatic(before: &EnvironmentView, behind: &EnvironmentView) -> (GateState, String) {
    match behind.verdict.state {
        VerdictState::Rolling => (
            GateState::Rolling,
            format!(
                "{} is on its way in by itself.",
                behind.desired.as_deref().unwrap_or("A release")
            ),
        ),
        _ => (
            GateState::Idle,
            format!(
                "{} follows releases by itself; a merge after {} is the gate.",
                behind.name, before.name
            ),
        ),
    }
}

/// Judges a gate with an open pull request.
fn with_promotion(
    promotion: &Promotion,
    environment: &EnvironmentName,
    before: &EnvironmentView,
) -> (GateState, String) {
    let what = promotion
        .release
        .as_ref()
        .map_or_else(|| promotion.title.clone(), ToString::to_string);
    let number = promotion.number;
    let summary = promotion.summary();
    if let Some(check) = promotion.required_check(CheckState::Failed) {
        return (
            GateState::Blocked,
            format!(
                "#{number} cannot go on: the required check «{}» failed.",
                check.name
            ),
        );
    }
    if promotion.mergeable == Mergeable::Conflicting {
        return (
            GateState::Blocked,
            format!("#{number} conflicts with {}.", promotion.base_ref),
        );
    }
    if promotion.draft {
        return (GateState::Blocked, format!("#{number} is a draft."));
    }
    if let Some(login) = promotion.refused_by() {
        return (GateState::Blocked, format!("@{login} refused #{number}."));
    }
    let pending = promotion.required_check(CheckState::Pending);
    if pending.is_some() || promotion.unreported().next().is_some() {
        let sentence = format!(
            "{what} waits for checks: {} of {} passed.",
            summary.passed,
            summary.total()
        );
        return (GateState::WaitsForChecks, sentence);
    }
    let doubt = if before.verdict.state == VerdictState::Proven {
        ""
    } else {
        " Take care: the environment before it is not proven now."
    };
    match promotion.missing_approvals() {
        None => (
            GateState::Blocked,
            format!(
                "#{number} waits, but the rules of {} could not be read.",
                promotion.base_ref
            ),
        ),
        Some(0) => (
            GateState::WaitsForMerge,
            format!("{what} is approved and waits to be merged into {environment}.{doubt}"),
        ),
        Some(missing) => {
            let from = people(&promotion.requested);
            let approvals = if missing == 1 {
                "1 approval".to_owned()
            } else {
                format!("{missing} approvals")
            };
            (
                GateState::WaitsForApproval,
                format!("{what} waits for {approvals}{from} to enter {environment}.{doubt}"),
            )
        }
    }
}

fn people(requested: &[String]) -> String {
    match requested {
        [] => String::new(),
        [one] => format!(" from @{one}"),
        [some @ .., last] => {
            let some: Vec<String> = some.iter().map(|login| format!("@{login}")).collect();
            format!(" from {} or @{last}", some.join(", "))
        }
    }
}

/// Judges a gate without an open pull request, and completes its `release`, `since` and `run`.
fn without_promotion(
    sides: Sides<'_>,
    context: Context<'_>,
    gate: &mut Gate,
) -> (GateState, String) {
    let Sides { before, behind, .. } = sides;
    let newer = match (&before.desired_chart, &behind.desired_chart) {
        (Some(before), Some(behind)) => before > behind,
        (Some(_), None) => true,
        _ => false,
    };
    if !newer {
        let sentence = match (&before.desired_chart, &behind.desired_chart) {
            (Some(a), Some(b)) if a == b => format!("Nothing waits: both hold {a}."),
            _ => "Nothing waits.".to_owned(),
        };
        return (GateState::Idle, sentence);
    }
    gate.release.clone_from(&before.desired_chart);
    let what = before.desired.as_deref().unwrap_or("A newer release");
    if before.verdict.state != VerdictState::Proven {
        let sentence = match before.verdict.state {
            VerdictState::Failed => format!(
                "{what} failed in {}; nothing goes on to {}.",
                before.name, behind.name
            ),
            _ => format!(
                "{what} must first be proven in {}: {}.",
                before.name,
                before.verdict.state.word()
            ),
        };
        gate.since = Some(before.verdict.since);
        return (GateState::WaitsForProof, sentence);
    }
    let since = before.verdict.since;
    gate.since = Some(since);
    let waited = context.now.since(since);
    let late = waited > context.tolerances.promotion;
    let run = context.observations.dispatch();
    let run = run.and_then(|observed| observed.value.as_ref());
    let run = run.filter(|run| run.at >= since - dispatch::BEFORE_THE_PROOF);
    gate.run = run.map(|run| run.url.clone());
    match run {
        Some(run) if run.status != "completed" => (
            GateState::WaitsForPromotion,
            format!(
                "{what} is proven in {}; the workflow that opens its pull request for {} is under way.",
                before.name, behind.name
            ),
        ),
        Some(run)
            if !matches!(
                run.conclusion.as_deref(),
                Some("success" | "skipped" | "neutral")
            ) =>
        {
            (
                GateState::Lost,
                format!(
                    "No pull request came: the dispatch about {what} arrived, but the workflow that opens the one for {} failed.",
                    behind.name
                ),
            )
        }
        Some(_) if late => (
            GateState::Lost,
            format!(
                "No pull request came: {what} has been proven in {} for {}, and the workflow ran, but opened none for {}.",
                before.name,
                in_words(waited),
                behind.name
            ),
        ),
        None if late => {
            let release = before.desired_chart.as_ref();
            let witness = dispatch::witness(sides.from, release, since, context.observations);
            (
                GateState::Lost,
                format!(
                    "No pull request came: {what} has been proven in {} for {}. {}",
                    before.name,
                    in_words(waited),
                    witness.say(behind.name.as_str(), context.now)
                ),
            )
        }
        _ => (
            GateState::WaitsForPromotion,
            format!(
                "{what} is proven in {}; its pull request for {} is due.",
                before.name, behind.name
            ),
        ),
    }
}
