//! All of one pipeline, computed from its observations.

use crate::chain::{Chain, Link, LinkName, Tolerances, Verdict, VerdictState, chain};
use crate::gate::{Gate, GateState, gate};
use crate::observation::{Live, Observations, Want};
use crate::pipeline::{Deployer, EnvironmentSpec, PipelineSpec, TargetSpec};
use crate::promotion::PromotionState;
use crate::release::branch_of;
use crate::time::in_words;
use crate::wire::{Board, Cell, Headline, Row, SourceView, Station, TargetView, Tone};
use crate::{ChartVersion, Release, Timestamp};

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
    let mut stations: Vec<Station> = Vec::with_capacity(spec.environments.len());
    for environment in &spec.environments {
        let before = previous.and_then(|board| {
            board
                .stations
                .iter()
                .find(|station| station.name == environment.name)
        });
        let station = station(
            environment,
            observations,
            before,
            stations.last(),
            now,
            tolerances,
        );
        stations.push(station);
    }
    let gates: Vec<Gate> = spec
        .environments
        .iter()
        .skip(1)
        .zip(stations.windows(2))
        .map(|(environment, pair)| {
            gate(
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
        subtitle: subtitle(&stations, now),
        headline: headline(&stations, &gates),
        stations,
        gates,
        sources,
    }
}

/// Whether two boards say the same, their ages aside.
#[must_use]
pub fn says_the_same(a: &Board, b: &Board) -> bool {
    let (mut a, mut b) = (a.clone(), b.clone());
    for board in [&mut a, &mut b] {
        board.version = 0;
        board.as_of = Timestamp::default();
        board
            .sources
            .iter_mut()
            .for_each(|source| source.ok_at = None);
        for station in &mut board.stations {
            station.seen_at = None;
            station.links.iter_mut().for_each(forget_age);
            station
                .targets
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

fn station(
    spec: &EnvironmentSpec,
    observations: &Observations,
    previous: Option<&Station>,
    upstream: Option<&Station>,
    now: Timestamp,
    tolerances: &Tolerances,
) -> Station {
    let chains: Vec<(&TargetSpec, Chain)> = spec
        .targets
        .iter()
        .map(|target| (target, chain(spec, target, observations, now, tolerances)))
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
    let declared = observations.declared(&spec.name).map(|seen| seen.value);
    let want = declared.and_then(|declared| declared.want.as_ref().ok());
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
    let since = previous
        .filter(|station| {
            station.verdict.state == state
                && station.verdict.breaks_at == breaks_at
                && station.wanted == want.map(ToString::to_string)
        })
        .map_or(now, |station| station.verdict.since);
    let wanted_chart = wanted_chart(spec, want, observations);
    let tick_lies = state == VerdictState::Failed
        && breaks_at != Some(LinkName::Declared)
        && observations
            .status(&spec.name)
            .zip(declared)
            .is_some_and(|(status, declared)| {
                status.value.state == "success" && declared.commits.contains(&status.value.commit)
            });
    let seen_at = spec
        .targets
        .iter()
        .filter_map(|target| observations.live(&spec.name, &target.name))
        .map(|seen| seen.confirmed_at)
        .min();
    let note = note(spec, want, observations, wanted_chart.as_ref(), upstream);
    Station {
        name: spec.name.clone(),
        loud: spec.loud,
        link: spec.link.clone(),
        release,
        wanted: match want {
            Some(Want::Range(range)) => Some(
                wanted_chart
                    .as_ref()
                    .map_or_else(|| range.clone(), ToString::to_string),
            ),
            other => other.map(ToString::to_string),
        },
        wanted_chart,
        verdict: Verdict {
            state,
            sentence,
            breaks_at,
            since,
        },
        links,
        note,
        tick_lies,
        seen_at,
        targets: if views.len() > 1 { views } else { Vec::new() },
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
        Deployer::HelmRelease(name) => {
            let deployed = observations
                .helm_release(&target.cluster, name)
                .and_then(|seen| seen.value.deployed.as_ref())
                .filter(|snapshot| snapshot.app.agrees_with(version));
            release.chart = deployed.map(|snapshot| snapshot.chart.clone());
        }
        Deployer::Deployment(name) => {
            let holds = chain.links[3].state == crate::chain::LinkState::Holds;
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

fn wanted_chart(
    spec: &EnvironmentSpec,
    want: Option<&Want>,
    observations: &Observations,
) -> Option<ChartVersion> {
    match want? {
        Want::Chart(version) => Some(version.clone()),
        Want::Image(_) => None,
        Want::Range(range) => spec.targets.iter().find_map(|target| {
            let Deployer::HelmRelease(name) = &target.deployer else {
                return None;
            };
            let release = observations.helm_release(&target.cluster, name)?.value;
            let chart = observations
                .helm_chart(&target.cluster, release.chart.as_ref()?)?
                .value;
            (chart.constraint == *range)
                .then(|| chart.found.clone())
                .flatten()
        }),
    }
}

fn note(
    spec: &EnvironmentSpec,
    want: Option<&Want>,
    observations: &Observations,
    wanted_chart: Option<&ChartVersion>,
    upstream: Option<&Station>,
) -> String {
    match want {
        Some(Want::Image(tag)) => {
            let branch = branch_of(tag).map_or_else(
                || format!("image {tag}"),
                |branch| format!("branch build of {branch}"),
            );
            return branch;
        }
        Some(Want::Range(range)) => return format!("follows {range}"),
        _ => {}
    }
    let ahead = upstream.and_then(|station| station.wanted_chart.as_ref());
    if let (Some(ahead), Some(wanted)) = (ahead, wanted_chart)
        && ahead > wanted
    {
        return format!(
            "behind: {ahead} is in {}",
            upstream.map_or("", |station| station.name.as_str())
        );
    }
    observations
        .promotion(&spec.name)
        .and_then(|seen| seen.value.as_deref())
        .filter(|promotion| {
            promotion.state == PromotionState::Merged && promotion.release.as_ref() == wanted_chart
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

fn subtitle(stations: &[Station], now: Timestamp) -> String {
    let Some(newest) = stations
        .iter()
        .filter_map(|station| station.wanted_chart.as_ref())
        .max()
    else {
        return "No release has been seen yet.".into();
    };
    let proven = |station: &&Station| {
        station.verdict.state == VerdictState::Proven
            && station.wanted_chart.as_ref() == Some(newest)
    };
    let charts: Vec<&Station> = stations
        .iter()
        .filter(|station| station.wanted_chart.is_some())
        .collect();
    if charts.iter().all(proven) {
        return format!("{newest} serves everywhere, proven");
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

fn headline(stations: &[Station], gates: &[Gate]) -> Headline {
    let say = |tone, environment: &crate::EnvironmentName, sentence: String| Headline {
        sentence,
        tone,
        environment: Some(environment.clone()),
    };
    let in_state = |state| {
        stations
            .iter()
            .rev()
            .find(|station| station.verdict.state == state)
    };
    let gate_in =
        |wanted: &[GateState]| gates.iter().rev().find(|gate| wanted.contains(&gate.state));
    if let Some(failed) = in_state(VerdictState::Failed) {
        let lie = if failed.tick_lies {
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
        if let Some(station) = in_state(state) {
            return say(
                Tone::Alarm,
                &station.name,
                format!(
                    "{} is {}. {}",
                    station.name,
                    state.word(),
                    station.verdict.sentence
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

/// The row of the matrix that a board makes.
#[must_use]
pub fn row(board: &Board) -> Row {
    let cells = board.stations.iter().enumerate().map(|(at, station)| {
        let gate = at.checked_sub(1).and_then(|before| board.gates.get(before));
        let waits = gate.is_some_and(Gate::waits_for_people);
        let words = match (station.verdict.state, gate) {
            (VerdictState::Failed, _) => {
                let at = station
                    .links
                    .iter()
                    .find(|link| Some(link.name) == station.verdict.breaks_at);
                at.map_or_else(
                    || "failed".to_owned(),
                    |link| format!("failed at {}", link.label),
                )
            }
            (VerdictState::Rolling, _) => {
                format!("rolling {}", station.wanted.as_deref().unwrap_or_default())
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
            environment: station.name.clone(),
            label: station.release.label(),
            colour: station.release.colour,
            verdict: station.verdict.state,
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
