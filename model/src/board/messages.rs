//! The texts of a board: headline, subtitle, notes, and the row of the matrix.

use super::view::{Board, Cell, Headline, Row, Tone};
use crate::chain::{LinkName, VerdictState};
use crate::environment::{EnvironmentView, TargetView};
use crate::gate::{Gate, GateState};
use crate::observation::{CommitStatus, Desired, Observations};
use crate::pipeline::EnvironmentSpec;
use crate::promotion::PromotionState;
use crate::release::branch_of;
use crate::time::in_words;
use crate::{ChartVersion, Release, Timestamp};

pub(super) fn note(
    spec: &EnvironmentSpec,
    desired: Option<&Desired>,
    desired_chart: Option<&ChartVersion>,
    upstream: Option<&EnvironmentView>,
    observations: &Observations,
) -> String {
    match desired {
        Some(Desired::Image(tag)) => {
            let branch = branch_of(tag).map_or_else(
                || format!("image {tag}"),
                |branch| format!("branch build of {branch}"),
            );
            return branch;
        }
        Some(Desired::Range(range)) => return format!("follows {range}"),
        _ => {}
    }
    if let (Some(upstream), Some(desired)) = (upstream, desired_chart)
        && let Some(ahead) = upstream.desired_chart.as_ref()
        && ahead > desired
    {
        // What failed there and was rolled back is not in it.
        let how = match upstream.verdict.state {
            _ if upstream.release.chart.as_ref() == Some(ahead) => "is in",
            VerdictState::Failed => "failed in",
            _ => "is on its way into",
        };
        return format!("behind: {ahead} {how} {}", upstream.name);
    }
    observations
        .promotion(&spec.name)
        .and_then(|observed| observed.value.as_deref())
        .filter(|promotion| {
            promotion.state == PromotionState::Merged && promotion.release.as_ref() == desired_chart
        })
        .and_then(|promotion| {
            let by = promotion
                .approvals()
                .next()
                .map(|review| review.login.clone())
                .or_else(|| promotion.merged_by.clone())?;
            Some(format!("approved by {by} in #{}", promotion.number))
        })
        .unwrap_or_default()
}

/// Returns how Flux's commit status contradicts the verdict.
pub(super) fn contradiction(
    status: &CommitStatus,
    state: VerdictState,
    breaks_at: Option<LinkName>,
) -> Option<String> {
    let commit = status.commit.short();
    match (status.state.as_str(), state) {
        ("success", VerdictState::Failed) => Some(match breaks_at {
            Some(LinkName::Deployed | LinkName::Serving) => format!(
                "GitHub shows a green tick on {commit}: it speaks of the Kustomization only."
            ),
            _ => format!("GitHub shows a green tick on {commit}, though this failed."),
        }),
        ("failure" | "error", VerdictState::Proven) => Some(format!(
            "GitHub shows a red cross on {commit}, though every link holds."
        )),
        _ => None,
    }
}

/// Returns what each target serves, where they differ.
pub(super) fn differ(targets: &[TargetView]) -> Option<String> {
    let first = targets.first()?;
    if targets.iter().all(|target| target.release == first.release) {
        return None;
    }
    let say = |target: &TargetView| {
        if target.release == Release::default() {
            return format!("{} does not answer", target.name);
        }
        let colour = target.release.colour.map(|colour| format!(" in {colour}"));
        format!(
            "{} serves {}{}",
            target.name,
            target.release.label(),
            colour.unwrap_or_default()
        )
    };
    let all: Vec<String> = targets.iter().map(say).collect();
    Some(all.join(", "))
}

pub(super) fn subtitle(environments: &[EnvironmentView], now: Timestamp) -> String {
    let Some(newest) = environments
        .iter()
        .filter_map(|view| view.desired_chart.as_ref())
        .max()
    else {
        return "No release has been seen yet.".into();
    };
    let proven = |view: &&EnvironmentView| {
        view.verdict.state == VerdictState::Proven && view.desired_chart.as_ref() == Some(newest)
    };
    let charts: Vec<&EnvironmentView> = environments
        .iter()
        .filter(|view| view.desired_chart.is_some())
        .collect();
    if charts.iter().all(proven) {
        return format!("{newest} serves everywhere, proven");
    }
    let failed = charts.iter().find(|view| {
        view.verdict.state == VerdictState::Failed && view.desired_chart.as_ref() == Some(newest)
    });
    if let Some(failed) = failed {
        return format!("{newest} failed in {}", failed.name);
    }
    let Some(furthest) = charts.iter().rposition(proven) else {
        return format!("{newest} is on its way");
    };
    let held = in_words(now.since(charts[furthest].verdict.since));
    match charts.get(furthest + 1) {
        Some(next) => format!(
            "{newest} is on its way: proven in {} for {held}, next stop {}",
            charts[furthest].name, next.name
        ),
        None => format!(
            "{newest} has reached {}, proven for {held}",
            charts[furthest].name
        ),
    }
}

pub(super) fn headline(environments: &[EnvironmentView], gates: &[Gate]) -> Headline {
    let say = |tone, environment: &crate::EnvironmentName, sentence: String| Headline {
        sentence,
        tone,
        environment: Some(environment.clone()),
    };
    let in_state = |state| {
        environments
            .iter()
            .rev()
            .find(|view| view.verdict.state == state)
    };
    let gate_in = |desired: &[GateState]| {
        gates
            .iter()
            .rev()
            .find(|gate| desired.contains(&gate.state))
    };
    if let Some(failed) = in_state(VerdictState::Failed) {
        let lie = if failed.status_is_misleading {
            " GitHub shows a green tick."
        } else {
            ""
        };
        return say(
            Tone::Alarm,
            &failed.name,
            format!("{} failed. {}{lie}", failed.name, failed.verdict.sentence),
        );
    }
    if let Some(lost) = gate_in(&[GateState::Lost, GateState::Blocked]) {
        return say(Tone::Alarm, &lost.to, lost.sentence.clone());
    }
    for state in [
        VerdictState::Stale,
        VerdictState::Unknown,
        VerdictState::Drifted,
    ] {
        if let Some(view) = in_state(state) {
            return say(
                Tone::Alarm,
                &view.name,
                format!(
                    "{} is {}. {}",
                    view.name,
                    state.word(),
                    view.verdict.sentence
                ),
            );
        }
    }
    if let Some(waits) = gate_in(&[GateState::WaitsForApproval, GateState::WaitsForMerge]) {
        return say(Tone::Waiting, &waits.to, waits.sentence.clone());
    }
    if let Some(rolling) = in_state(VerdictState::Rolling) {
        return say(
            Tone::Moving,
            &rolling.name,
            format!("{} is rolling. {}", rolling.name, rolling.verdict.sentence),
        );
    }
    if let Some(moving) = gate_in(&[
        GateState::WaitsForChecks,
        GateState::WaitsForPromotion,
        GateState::WaitsForProof,
        GateState::Rolling,
    ]) {
        return say(Tone::Moving, &moving.to, moving.sentence.clone());
    }
    Headline {
        sentence: "Nothing waits, and every environment is proven.".into(),
        tone: Tone::Calm,
        environment: None,
    }
}

/// Returns the row of the matrix for a board.
#[must_use]
pub fn row(board: &Board) -> Row {
    let cells = board.environments.iter().enumerate().map(|(at, view)| {
        let gate = at.checked_sub(1).and_then(|before| board.gates.get(before));
        let waits = gate.is_some_and(Gate::waits_for_people);
        let words = match (view.verdict.state, gate) {
            (VerdictState::Failed, _) => {
                let at = view
                    .links
                    .iter()
                    .find(|link| Some(link.name) == view.verdict.breaks_at);
                at.map_or_else(
                    || "failed".to_owned(),
                    |link| format!("failed at {}", link.label),
                )
            }
            (VerdictState::Rolling, _) => {
                format!("rolling {}", view.desired.as_deref().unwrap_or_default())
            }
            (VerdictState::Proven, Some(gate)) if waits => {
                format!(
                    "{} waits",
                    gate.release
                        .as_ref()
                        .map_or_else(|| "a release".into(), ToString::to_string)
                )
            }
            (VerdictState::Proven, Some(gate)) if gate.state == GateState::Lost => {
                "nothing came".to_owned()
            }
            (state, _) => state.word().to_owned(),
        };
        Cell {
            environment: view.name.clone(),
            label: view.release.label(),
            colour: view.release.colour,
            verdict: view.verdict.state,
            words,
            waits,
        }
    });
    let mut waits_for: Vec<String> = board
        .gates
        .iter()
        .filter(|gate| gate.waits_for_people())
        .filter_map(|gate| gate.promotion.as_ref())
        .flat_map(|promotion| promotion.requested.clone())
        .collect();
    waits_for.sort();
    waits_for.dedup();
    Row {
        pipeline: board.pipeline.clone(),
        repository: board.repository.clone(),
        version: board.version,
        sentence: board.headline.sentence.clone(),
        tone: board.headline.tone,
        cells: cells.collect(),
        waits_for,
    }
}
