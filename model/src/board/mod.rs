//! All of one pipeline, computed from its observations.

mod messages;

use crate::api::{Board, EnvironmentView, SourceView, TargetView};
use crate::chain::{Chain, Link, LinkState, Tolerances, Verdict, VerdictState, chain};
use crate::gate::{Gate, gate};
use crate::observation::{Desired, Live, Observations};
use crate::pipeline::{Deployer, EnvironmentSpec, PipelineSpec, TargetSpec};
use crate::{ChartVersion, Release, Timestamp};

pub use messages::row;
use messages::{differ, headline, note, subtitle, tick};

/// Computes the board. `previous` is the board before it, from which verdicts that did not change keep
/// the time since when they hold; it decides nothing else.
#[must_use]
pub fn board(
    spec: &PipelineSpec,
    observations: &Observations,
    previous: Option<&Board>,
    now: Timestamp,
    tolerances: &Tolerances,
) -> Board {
    let mut environments: Vec<EnvironmentView> = Vec::with_capacity(spec.environments.len());
    for environment in &spec.environments {
        let before = previous.and_then(|board| {
            board
                .environments
                .iter()
                .find(|view| view.name == environment.name)
        });
        let view = view(
            environment,
            observations,
            before,
            environments.last(),
            now,
            tolerances,
        );
        environments.push(view);
    }
    let gates: Vec<Gate> = spec
        .environments
        .iter()
        .zip(spec.environments.iter().skip(1))
        .zip(environments.windows(2))
        .map(|((from, environment), pair)| {
            gate(
                from,
                environment,
                &pair[0],
                &pair[1],
                observations,
                now,
                tolerances,
            )
        })
        .collect();
    let sources = observations
        .contacts()
        .map(|(name, contact)| SourceView {
            name: name.to_string(),
            ok_at: contact.ok_at,
            failing: contact.failing.clone(),
        })
        .collect();
    Board {
        pipeline: spec.name.clone(),
        repository: spec.repository.clone(),
        version: previous.map_or(1, |board| board.version),
        as_of: now,
        subtitle: subtitle(&environments, now),
        headline: headline(&environments, &gates),
        environments,
        gates,
        sources,
    }
}

/// Whether two boards say the same, their ages aside.
#[must_use]
pub fn eq_ignoring_ages(a: &Board, b: &Board) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    for board in [&mut a, &mut b] {
        board.version = 0;
        board.as_of = Timestamp::default();
        board
            .sources
            .iter_mut()
            .for_each(|source| source.ok_at = None);
        for view in &mut board.environments {
            view.seen_at = None;
            view.links.iter_mut().for_each(forget_age);
            view.targets
                .iter_mut()
                .flat_map(|target| &mut target.links)
                .for_each(forget_age);
        }
    }
    a == b
}

fn forget_age(link: &mut Link) {
    if let Some(evidence) = &mut link.evidence {
        evidence.confirmed_at = None;
    }
}

fn view(
    spec: &EnvironmentSpec,
    observations: &Observations,
    previous: Option<&EnvironmentView>,
    upstream: Option<&EnvironmentView>,
    now: Timestamp,
    tolerances: &Tolerances,
) -> EnvironmentView {
    let declared = observations.declared(&spec.name).map(|seen| seen.value);
    let want = declared.and_then(|declared| declared.want.as_ref().ok());
    let desired_chart = desired_chart(spec, want, observations);
    let chains: Vec<(&TargetSpec, Chain)> = spec
        .targets
        .iter()
        .map(|target| {
            let mut chain = chain(spec, target, observations, now, tolerances);
            catches_up(&mut chain, desired_chart.as_ref());
            (target, chain)
        })
        .collect();
    let views: Vec<TargetView> = chains
        .iter()
        .map(|(target, chain)| TargetView {
            name: target.name.clone(),
            release: serving(spec, target, chain, observations),
            links: chain.links.to_vec(),
            state: chain.state(),
        })
        .collect();
    // An environment holds only what all its targets hold: the worst one speaks for it.
    let worst = (0..chains.len()).max_by_key(|at| (severity(views[*at].state), usize::MAX - at));
    let (links, release, state, breaks_at, sentence) =
        match worst.and_then(|at| chains.get(at).zip(views.get(at))) {
            Some(((_, chain), view)) => {
                let broken = chain.breaks_at();
                let sentence = broken.map_or_else(
                    || "git, sync, helm and live agree.".to_owned(),
                    |link| link.sentence.clone(),
                );
                (
                    view.links.clone(),
                    view.release.clone(),
                    view.state,
                    broken.map(|link| link.name),
                    sentence,
                )
            }
            None => (
                Vec::new(),
                Release::default(),
                VerdictState::Unknown,
                None,
                "No target is configured.".to_owned(),
            ),
        };
    let sentence = if views.len() > 1 && state != VerdictState::Proven {
        worst
            .and_then(|at| views.get(at))
            .map_or(sentence.clone(), |view| {
                format!("{}: {sentence}", view.name)
            })
    } else {
        sentence
    };
    let desired = match want {
        Some(Desired::Range(range)) => Some(
            desired_chart
                .as_ref()
                .map_or_else(|| range.clone(), ToString::to_string),
        ),
        other => other.map(ToString::to_string),
    };
    let since = previous
        .filter(|view| {
            view.verdict.state == state
                && view.verdict.breaks_at == breaks_at
                && view.desired == desired
        })
        .map_or(now, |view| view.verdict.since);
    let tick = observations
        .status(&spec.name)
        .zip(declared)
        .filter(|(status, declared)| declared.commits.contains(&status.value.commit))
        .and_then(|(status, _)| tick(status.value, state, breaks_at));
    // Of several apps the one that has been quiet longest counts; one that never answered, before all.
    let seen: Option<Vec<Timestamp>> = spec
        .targets
        .iter()
        .map(|target| {
            let live = observations.live(&spec.name, &target.name);
            live.map(|seen| seen.confirmed_at)
        })
        .collect();
    let seen_at = seen.and_then(|seen| seen.into_iter().min());
    let note = note(spec, want, observations, desired_chart.as_ref(), upstream);
    let note = match differ(&views) {
        Some(differ) if note.is_empty() => differ,
        Some(differ) => format!("{differ}; {note}"),
        None => note,
    };
    EnvironmentView {
        name: spec.name.clone(),
        user_facing: spec.user_facing,
        link: spec.link.clone(),
        release,
        desired,
        desired_chart,
        verdict: Verdict {
            state,
            sentence,
            breaks_at,
            since,
        },
        links,
        note,
        status_is_misleading: state == VerdictState::Failed && tick.is_some(),
        tick,
        seen_at,
        targets: if views.len() > 1 { views } else { Vec::new() },
    }
}

/// A target whose own range resolved to less than another's has yet to catch up with it.
fn catches_up(chain: &mut Chain, newest: Option<&ChartVersion>) {
    let held = chain.deployed.as_ref().map(|(chart, _)| chart);
    if let (Some(held), Some(newest)) = (held, newest)
        && held < newest
        && chain.links[2].state == LinkState::Holds
    {
        chain.links[2].sentence =
            format!("Helm holds {held} here; {newest} was found for another target.");
        chain.links[2].state = LinkState::Progressing;
    }
}

fn severity(state: VerdictState) -> u8 {
    match state {
        VerdictState::Proven => 0,
        VerdictState::Rolling => 1,
        VerdictState::Drifted => 2,
        VerdictState::Unknown => 3,
        VerdictState::Stale => 4,
        VerdictState::Failed => 5,
    }
}

/// What a target really serves: the app's own answer, and the chart version only where Helm's agrees with it.
fn serving(
    spec: &EnvironmentSpec,
    target: &TargetSpec,
    chain: &Chain,
    observations: &Observations,
) -> Release {
    let Some(seen) = observations.live(&spec.name, &target.name) else {
        return Release::default();
    };
    let Live::Answer {
        version, colour, ..
    } = seen.value
    else {
        return Release::default();
    };
    let mut release = Release {
        chart: None,
        app: Some(version.clone()),
        image_tag: None,
        colour: *colour,
    };
    match &target.deployer {
        Deployer::HelmRelease(_) => {
            let deployed = chain.deployed.as_ref();
            let deployed = deployed.filter(|(_, app)| app.agrees_with(version));
            release.chart = deployed.map(|(chart, _)| chart.clone());
        }
        Deployer::Deployment(name) => {
            let holds = chain.links[3].state == LinkState::Holds;
            let reading = observations
                .deployment(&target.cluster, name)
                .filter(|_| holds);
            release.image_tag = reading
                .and_then(|seen| seen.value.tag())
                .map(ToOwned::to_owned);
        }
    }
    release
}

fn desired_chart(
    spec: &EnvironmentSpec,
    want: Option<&Desired>,
    observations: &Observations,
) -> Option<ChartVersion> {
    match want? {
        Desired::Chart(version) => Some(version.clone()),
        Desired::Image(_) => None,
        // Where targets have found different ones, the newest is what all are to hold.
        Desired::Range(range) => {
            let found = |target| crate::chain::found(observations, target, range);
            spec.targets.iter().filter_map(found).max()
        }
    }
}
