//! What stands before an environment, and what it waits for, in one sentence.

mod dispatch;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::dispatch::Witness;
use crate::api::EnvironmentView;
use crate::chain::{Tolerances, VerdictState};
use crate::observation::{DispatchRun, Observations};
use crate::pipeline::{EnvironmentSpec, GateKind, RepositoryName};
use crate::promotion::{CheckState, CheckSummary, Mergeable, Promotion, PromotionState};
use crate::rollout;
use crate::time::in_words;
use crate::{ChartVersion, CommitId, EnvironmentName, Timestamp};

/// Flux sends its dispatch when the chart's tests passed, which is a little before Weft has proven it.
const BEFORE_THE_PROOF: Duration = Duration::from_secs(15);

/// What a gate is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// Both sides hold the same release: nothing to do.
    Idle,
    /// A newer release stands before it, and is not proven there yet.
    WaitsForProof,
    /// It is proven, and its pull request is due.
    WaitsForPromotion,
    /// It is proven, and no pull request came in time.
    Lost,
    /// The pull request's checks run.
    WaitsForChecks,
    /// A required check failed, somebody refused, or it cannot be merged.
    Blocked,
    /// People must approve.
    WaitsForApproval,
    /// All rules are met; somebody must merge.
    WaitsForMerge,
    /// It was merged, and the release is on its way in.
    Rolling,
    /// What is needed to know is missing or old.
    Unknown,
}

impl GateState {
    /// Whether a person has to act.
    #[must_use]
    pub fn waits_for_people(self) -> bool {
        matches!(self, Self::WaitsForApproval | Self::WaitsForMerge)
    }
}

/// The pull request at a gate, as far as a board needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PromotionSummary {
    /// Where.
    pub repository: RepositoryName,
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// Who opened it.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub author: String,
    /// The chart version it declares.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub release: Option<ChartVersion>,
    /// Its head.
    pub head: CommitId,
    /// When it was opened.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
    pub opened_at: Timestamp,
    /// Its checks, counted.
    pub checks: CheckSummary,
    /// Who has approved it.
    pub approved_by: Vec<String>,
    /// Who is asked.
    pub requested: Vec<String>,
    /// How many approvals are missing; `None` where the rules are not known.
    #[cfg_attr(target_arch = "wasm32", serde(skip_deserializing))]
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

/// One step of a release's way into an environment after the merge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutStep {
    /// `merged`, `applied`, `deployed`, `serving`.
    pub name: String,
    /// Whether it is done, under way, failed, or to come.
    pub state: StepState,
    /// When it was done, where that is known.
    pub at: Option<Timestamp>,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Done.
    Done,
    /// Under way.
    Now,
    /// It failed here.
    Failed,
    /// To come.
    Next,
}

/// What stands before an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Gate {
    /// The environment before it.
    pub from: EnvironmentName,
    /// The environment behind it.
    pub to: EnvironmentName,
    /// How a release passes.
    pub kind: GateKind,
    /// What it is doing.
    pub state: GateState,
    /// What it waits for, in one sentence.
    pub sentence: String,
    /// The release that waits before it.
    pub release: Option<ChartVersion>,
    /// Since when it has waited.
    pub since: Option<Timestamp>,
    /// The pull request.
    pub promotion: Option<PromotionSummary>,
    /// The way of the release after the merge, while it is on it.
    pub steps: Vec<RolloutStep>,
    /// The page of the workflow's run that should have opened the pull request, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

impl Gate {
    /// Whether a person has to act.
    #[must_use]
    pub fn waits_for_people(&self) -> bool {
        self.state.waits_for_people()
    }
}

/// Computes the gate between two environments.
#[must_use]
pub fn gate(
    from: &EnvironmentSpec,
    spec: &EnvironmentSpec,
    before: &EnvironmentView,
    behind: &EnvironmentView,
    observations: &Observations,
    now: Timestamp,
    tolerances: &Tolerances,
) -> Gate {
    let held = observations.promotion(&spec.name);
    let promotion = held.and_then(|seen| seen.value.as_deref());
    let open = promotion.filter(|promotion| promotion.state == PromotionState::Open);
    let mut gate = Gate {
        from: before.name.clone(),
        to: spec.name.clone(),
        kind: spec.gate,
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
    let (state, sentence) = match spec.gate {
        GateKind::Automatic => automatic(before, behind),
        GateKind::Approval => {
            if held.is_some_and(|seen| now.since(seen.confirmed_at) > tolerances.github) {
                (
                    GateState::Unknown,
                    "GitHub has not been heard for a while; what waits here is old.".to_owned(),
                )
            } else if let Some(open) = open {
                gate.release.clone_from(&open.release);
                gate.since = Some(open.opened_at);
                let (state, sentence) = waits(open, &spec.name, before);
                (state, sentence)
            } else if held.is_none() {
                (
                    GateState::Unknown,
                    "GitHub has not told yet what waits here.".to_owned(),
                )
            } else if rolling {
                let what = behind.desired.as_deref().unwrap_or("The release");
                (
                    GateState::Rolling,
                    format!("{what} is on its way into {}.", spec.name),
                )
            } else {
                let dispatch = observations.dispatch();
                let run = dispatch.and_then(|seen| seen.value.as_ref());
                let witness = dispatch::witness(
                    from,
                    before.desired_chart.as_ref(),
                    before.verdict.since,
                    observations,
                );
                let (state, sentence, since) =
                    without_promotion(before, behind, (run, witness), now, tolerances, &mut gate);
                gate.since = since;
                (state, sentence)
            }
        }
    };
    gate.state = state;
    gate.sentence = sentence;
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

fn waits(
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
    let failed = promotion
        .checks
        .iter()
        .find(|check| check.required && check.state == CheckState::Failed);
    if let Some(check) = failed {
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
    let required_pending = promotion
        .checks
        .iter()
        .any(|check| check.required && check.state == CheckState::Pending)
        || promotion.unreported().next().is_some();
    if required_pending {
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

fn without_promotion(
    before: &EnvironmentView,
    behind: &EnvironmentView,
    (run, witness): (Option<&DispatchRun>, Witness),
    now: Timestamp,
    tolerances: &Tolerances,
    gate: &mut Gate,
) -> (GateState, String, Option<Timestamp>) {
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
        return (GateState::Idle, sentence, None);
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
        return (
            GateState::WaitsForProof,
            sentence,
            Some(before.verdict.since),
        );
    }
    let since = before.verdict.since;
    let waited = now.since(since);
    let late = waited > tolerances.promotion;
    let run = run.filter(|run| run.at >= since - BEFORE_THE_PROOF);
    gate.run = run.map(|run| run.url.clone());
    let (state, sentence) = match run {
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
        None if late => (
            GateState::Lost,
            format!(
                "No pull request came: {what} has been proven in {} for {}. {}",
                before.name,
                in_words(waited),
                witness.say(behind.name.as_str(), now)
            ),
        ),
        _ => (
            GateState::WaitsForPromotion,
            format!(
                "{what} is proven in {}; its pull request for {} is due.",
                before.name, behind.name
            ),
        ),
    };
    (state, sentence, Some(since))
}
