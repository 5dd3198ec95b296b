//! The verdicts of a pipeline: the journaled ones, since when the present ones hold, and the entries to write.

use std::collections::BTreeMap;

use model::api::{Board, EnvironmentView};
use model::chain::{LinkName, VerdictState};
use model::journal::{Entry, Event};
use model::pipeline::{Deployer, EnvironmentSpec};
use model::{ChartVersion, EnvironmentName, Observations, PipelineSpec, Timestamp};

use super::pipeline_state::is_warm_in;

/// A verdict that the journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
struct JournaledVerdict {
    state: VerdictState,
    breaks_at: Option<LinkName>,
    release: Option<ChartVersion>,
    at: Timestamp,
}

impl JournaledVerdict {
    fn equals(&self, view: &EnvironmentView) -> bool {
        self.state == view.verdict.state
            && self.breaks_at == view.verdict.breaks_at
            && self.release == view.desired_chart
    }
}

impl From<&EnvironmentView> for JournaledVerdict {
    fn from(view: &EnvironmentView) -> Self {
        Self {
            state: view.verdict.state,
            breaks_at: view.verdict.breaks_at,
            release: view.desired_chart.clone(),
            at: view.verdict.since,
        }
    }
}

/// The verdicts of one pipeline's environments.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    known: BTreeMap<EnvironmentName, JournaledVerdict>,
    /// Environments whose sources have all answered or failed since the start.
    warm: Vec<EnvironmentName>,
    pending: Vec<Entry>,
}

impl Verdicts {
    /// Creates the verdicts from the last journal entries.
    pub(super) fn restored(entries: Vec<Entry>) -> Self {
        let known = entries.into_iter().filter_map(|entry| {
            let Event::Verdict { to, breaks_at, .. } = entry.event else {
                return None;
            };
            let known = JournaledVerdict {
                state: to,
                breaks_at,
                release: entry.release,
                at: entry.at,
            };
            Some((entry.environment?, known))
        });
        Self {
            known: known.collect(),
            ..Self::default()
        }
    }

    /// Notes the changes of a new board, and gives verdicts that are older than this server their age.
    ///
    /// An environment is left alone until each of its sources has answered or failed: a verdict that is
    /// unknown only because the server has just started is not journaled.
    pub(super) fn judge(
        &mut self,
        pipeline: &PipelineSpec,
        observations: &Observations,
        board: &mut Board,
    ) {
        let now = board.as_of;
        for (spec, view) in pipeline.environments.iter().zip(&mut board.environments) {
            let known = self.known.get(&spec.name);
            let same = known.is_some_and(|known| known.equals(view));
            if !self.warm.contains(&spec.name) {
                view.verdict.since = match known {
                    Some(known) if same => known.at,
                    None if view.verdict.state == VerdictState::Proven => {
                        deployed_at(spec, observations)
                            .filter(|at| *at < now)
                            .unwrap_or(now)
                    }
                    _ => view.verdict.since,
                };
                if !is_warm_in(spec, observations, true) {
                    continue;
                }
                self.warm.push(spec.name.clone());
            }
            if same {
                continue;
            }
            let from = known.map(|known| known.state);
            self.pending.push(entry(pipeline, view, from, now));
            self.known
                .insert(spec.name.clone(), JournaledVerdict::from(&*view));
        }
    }

    pub(super) fn pending(&self) -> Vec<Entry> {
        self.pending.clone()
    }

    pub(super) fn written(&mut self) {
        self.pending.clear();
    }
}

/// Returns when Flux deployed the present release; a proof that already holds at the start is as old.
fn deployed_at(spec: &EnvironmentSpec, observations: &Observations) -> Option<Timestamp> {
    let at = |target: &model::pipeline::TargetSpec| match &target.deployer {
        Deployer::HelmRelease(name) => {
            let reading = observations.helm_release(&target.cluster, name)?.value;
            reading.deployed.as_ref()?.at
        }
        Deployer::Deployment(name) => {
            let reading = observations.deployment(&target.cluster, name)?.value;
            reading.available.as_ref()?.since
        }
    };
    spec.targets.iter().map(at).max().flatten()
}

fn entry(
    pipeline: &PipelineSpec,
    view: &EnvironmentView,
    from: Option<VerdictState>,
    now: Timestamp,
) -> Entry {
    let state = view.verdict.state;
    let shows_it = view.release.chart == view.desired_chart;
    let event = Event::Verdict {
        from,
        to: state,
        breaks_at: view.verdict.breaks_at,
    };
    let (name, word, since) = (&view.name, state.word(), view.verdict.since);
    Entry::new(&pipeline.name, event, since)
        .written_at(now)
        .key(format!("verdict {name} {word} {}", since.millis()))
        .environment(name.clone())
        .release(view.desired_chart.clone())
        .colour(view.release.colour.filter(|_| shows_it))
        .sentence(format!("{name} is {word}: {}", view.verdict.sentence))
}
