//! Which verdicts are in the journal already, since when the present ones hold, and what is to be written.

use std::collections::BTreeMap;

use model::api::{Board, EnvironmentView};
use model::chain::{LinkName, VerdictState};
use model::journal::{Entry, Event};
use model::pipeline::{Deployer, EnvironmentSpec};
use model::{ChartVersion, EnvironmentName, Observations, PipelineSpec, Timestamp};

use super::lane::is_warm_in;

/// A verdict as the journal knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    state: VerdictState,
    breaks_at: Option<LinkName>,
    release: Option<ChartVersion>,
    at: Timestamp,
}

impl Known {
    fn says(&self, view: &EnvironmentView) -> bool {
        self.state == view.verdict.state
            && self.breaks_at == view.verdict.breaks_at
            && self.release == view.desired_chart
    }
}

impl From<&EnvironmentView> for Known {
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
    known: BTreeMap<EnvironmentName, Known>,
    /// Environments whose sources have all been heard since the start.
    warm: Vec<EnvironmentName>,
    pending: Vec<Entry>,
}

impl Verdicts {
    /// What the journal held at the start.
    pub(super) fn restored(entries: Vec<Entry>) -> Self {
        let known = entries.into_iter().filter_map(|entry| {
            let Event::Verdict { to, breaks_at, .. } = entry.event else {
                return None;
            };
            let known = Known {
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

    /// Notes what changed on a new board, and gives verdicts that are older than this server their age.
    ///
    /// An environment is left alone until each of its sources has been heard: what is unknown only
    /// because the server has just started is no news for the record.
    pub(super) fn judge(
        &mut self,
        pipeline: &PipelineSpec,
        observations: &Observations,
        board: &mut Board,
    ) {
        let now = board.as_of;
        for (spec, view) in pipeline.environments.iter().zip(&mut board.environments) {
            let known = self.known.get(&spec.name);
            let same = known.is_some_and(|known| known.says(view));
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
            self.known.insert(spec.name.clone(), Known::from(&*view));
        }
    }

    /// What is still to be written.
    pub(super) fn pending(&self) -> Vec<Entry> {
        self.pending.clone()
    }

    /// All of it has been written.
    pub(super) fn written(&mut self) {
        self.pending.clear();
    }
}

/// When Flux deployed what an environment holds; a proof that Weft meets ready-made is as old as that.
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
