//! The board of a pipeline, computed from its observations.

mod messages;
mod view;

use crate::chain::{Chain, Context, Link, LinkState, Verdict, VerdictState, chain};
use crate::environment::{EnvironmentView, TargetView};
use crate::gate::{Gate, Sides, gate};
use crate::observation::{Desired, Live, Observations};
use crate::pipeline::{Deployer, EnvironmentSpec, PipelineSpec, TargetSpec};
use crate::{ChartVersion, Release, Timestamp};

pub use messages::row;
use messages::{contradiction, differ, headline, note, subtitle};
pub use view::{Board, Cell, Headline, Row, SourceView, Tone};

/// Computes the board. Verdicts that are the same on the `previous` board keep their time; nothing else
/// depends on it.
#[must_use]
pub fn board(spec: &PipelineSpec, previous: Option<&Board>, context: Context<'_>) -> Board {
    let mut environments: Vec<EnvironmentView> = Vec::with_capacity(spec.environments.len());
    for environment in &spec.environments {
        let mut before = previous.into_iter().flat_map(|board| &board.environments);
        let before = before.find(|view| view.name == environment.name);
        let view = view(environment, before, environments.last(), context);
        environments.push(view);
    }
    let pairs = spec.environments.windows(2).zip(environments.windows(2));
    let gates: Vec<Gate> = pairs
        .map(|(specs, views)| {
            let sides = Sides {
                from: &specs[0],
                to: &specs[1],
                before: &views[0],
                behind: &views[1],
            };
            gate(sides, context)
        })
        .collect();
    let sources = context
        .observations
        .sources()
        .map(|(name, health)| SourceView {
            name: name.to_string(),
            ok_at: health.ok_at,
            failing: health.failing.clone(),
        });
    Board {
        pipeline: spec.name.clone(),
        repository: spec.repository.clone(),
        version: previous.map_or(1, |board| board.version),
        as_of: context.now,
        subtitle: subtitle(&environments, context.now),
        headline: headline(&environments, &gates),
        environments,
        gates,
        sources: sources.collect(),
    }
}

/// Whether two boards are equal except for their version and the ages of what they show.
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

/// Computes the state of an environment. `previous` is its state on the board before, `upstream` the
/// environment before it.
fn view(
    spec: &EnvironmentSpec,
    previous: Option<&EnvironmentView>,
    upstream: Option<&EnvironmentView>,
    context: Context<'_>,
) -> EnvironmentView {
    let observations = context.observations;
    let declared = observations
        .declared(&spec.name)
        .map(|observed| observed.value);
    let declared_version = declared.and_then(|declared| declared.desired.as_ref().ok());
    let desired_chart = desired_chart(spec, declared_version, observations);
    let targets = spec.targets.iter().map(|target| {
        let mut chain = chain(spec, target, context);
        mark_behind(&mut chain, desired_chart.as_ref());
        TargetView {
            name: target.name.clone(),
            release: serving(spec, target, &chain, observations),
            state: chain.state(),
            links: chain.links.into(),
        }
    });
    let views: Vec<TargetView> = targets.collect();
    // An environment holds only what all of its targets hold, so the worst one decides.
    let worst = views.iter().rev().max_by_key(|view| view.state);
    let state = worst.map_or(VerdictState::Unknown, |view| view.state);
    let broken = worst.and_then(|view| {
        let mut links = view.links.iter();
        links.find(|link| link.state != LinkState::Holds)
    });
    let breaks_at = broken.map(|link| link.name);
    let sentence = match (worst, broken) {
        (None, _) => "No target is configured.".to_owned(),
        (Some(_), None) => "git, sync, helm and live agree.".to_owned(),
        (Some(view), Some(link)) if views.len() > 1 => format!("{}: {}", view.name, link.sentence),
        (Some(_), Some(link)) => link.sentence.clone(),
    };
    let links = worst.map(|view| view.links.clone()).unwrap_or_default();
    let release = worst.map(|view| view.release.clone()).unwrap_or_default();
    let desired = match declared_version {
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
        .map_or(context.now, |view| view.verdict.since);
    let commit_status = observations
        .status(&spec.name)
        .zip(declared)
        .filter(|(status, declared)| declared.commits.contains(&status.value.commit))
        .and_then(|(status, _)| contradiction(status.value, state, breaks_at));
    // Of several apps the one that has been silent longest counts, and one that never answered first.
    let seen: Option<Vec<Timestamp>> = spec
        .targets
        .iter()
        .map(|target| {
            let live = observations.live(&spec.name, &target.name);
            live.map(|observed| observed.confirmed_at)
        })
        .collect();
    let seen_at = seen.and_then(|observed| observed.into_iter().min());
    let note = note(
        spec,
        declared_version,
        desired_chart.as_ref(),
        upstream,
        observations,
    );
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
        status_is_misleading: state == VerdictState::Failed && commit_status.is_some(),
        commit_status,
        seen_at,
        targets: if views.len() > 1 { views } else { Vec::new() },
    }
}

/// Marks a target whose range resolved to an older version than that of another target as progressing.
fn mark_behind(chain: &mut Chain, newest: Option<&ChartVersion>) {
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

/// Returns what a target serves: the answer of the app, with the chart version only where the app version of
/// the deployed chart agrees.
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
                .and_then(|observed| observed.value.tag())
                .map(ToOwned::to_owned);
        }
    }
    release
}

fn desired_chart(
    spec: &EnvironmentSpec,
    desired: Option<&Desired>,
    observations: &Observations,
) -> Option<ChartVersion> {
    match desired? {
        Desired::Chart(version) => Some(version.clone()),
        Desired::Image(_) => None,
        // Where targets have found different versions, all of them are to hold the newest.
        Desired::Range(range) => {
            let found = |target| crate::chain::found(observations, target, range);
            spec.targets.iter().filter_map(found).max()
        }
    }
}
