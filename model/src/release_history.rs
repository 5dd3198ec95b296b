//! The histories of releases through the environments, and the DORA metrics over them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::journal::{Entry, Event};
use crate::time::in_words;
use crate::{ChartVersion, Colour, EnvironmentName, Timestamp};

/// The visit of a release to an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentVisit {
    /// The number of the promotion pull request.
    pub number: Option<u64>,
    pub opened_at: Option<Timestamp>,
    /// When the pull request was first approved.
    pub approved_at: Option<Timestamp>,
    /// The login of the first approver.
    pub approved_by: Option<String>,
    pub merged_at: Option<Timestamp>,
    /// When the release was first deployed.
    pub arrived_at: Option<Timestamp>,
    /// When the next release was deployed.
    pub left_at: Option<Timestamp>,
    /// When the deployment first failed.
    pub failed_at: Option<Timestamp>,
    /// Whether the failure was rolled back.
    pub rolled_back: bool,
}

/// A visit with the name of the environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedVisit {
    pub environment: EnvironmentName,
    pub stop: EnvironmentVisit,
}

/// The history of one release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseHistory {
    pub release: ChartVersion,
    /// The colour that the release showed, where that was observed.
    pub colour: Option<Colour>,
    /// When the release was merged.
    pub released_at: Option<Timestamp>,
    /// In the order of promotion, without environments that the release never came near.
    pub stops: Vec<NamedVisit>,
}

/// One metric as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figure {
    /// Such as `47 min`; `–` where there is nothing to count.
    pub value: String,
    pub name: String,
    /// How it was counted, in a sentence.
    pub explains: String,
}

impl Figure {
    /// The median of these times. `explains` gets the number of them with the noun.
    fn median(
        times: impl Iterator<Item = Duration>,
        noun: &str,
        name: String,
        explains: impl Fn(String) -> String,
    ) -> Self {
        let times: Vec<Duration> = times.collect();
        Self {
            value: median(&times).map_or_else(|| "–".into(), in_words),
            name,
            explains: explains(count(times.len(), noun)),
        }
    }
}

/// The DORA metrics over a range of time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DoraMetrics {
    /// Median time from the merge of a release to its deployment in the last environment.
    pub lead_time: Option<Figure>,
    /// Median time between two environments, in the order of promotion.
    pub steps: Vec<Figure>,
    /// Deployments to the last environment per week.
    pub frequency: Option<Figure>,
    /// The share of deployments that failed.
    pub failure_rate: Option<Figure>,
    /// Median time from a failure to the next success in the same environment.
    pub time_to_restore: Option<Figure>,
}

/// Computes the histories, oldest release first, of the environments with chart releases in the order of
/// promotion.
#[must_use]
pub fn journeys(entries: &[Entry], environments: &[EnvironmentName]) -> Vec<ReleaseHistory> {
    let mut ways: Ways<'_> = BTreeMap::new();
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| (entry.at, entry.id));
    for entry in sorted {
        let Some(release) = &entry.release else {
            continue;
        };
        let (journey, stops) = ways.entry(release).or_insert_with(|| {
            let journey = ReleaseHistory {
                release: release.clone(),
                colour: None,
                released_at: None,
                stops: Vec::new(),
            };
            (journey, BTreeMap::new())
        });
        journey.colour = journey.colour.or(entry.colour);
        if let Event::Released { .. } = entry.event {
            journey.released_at.get_or_insert(entry.at);
        }
        let Some(environment) = entry
            .environment
            .as_ref()
            .filter(|name| environments.contains(name))
        else {
            continue;
        };
        note(stops.entry(environment).or_default(), entry);
    }
    let arrivals = arrivals(&ways);
    let mut journeys: Vec<ReleaseHistory> = ways
        .into_values()
        .map(|(mut journey, mut stops)| {
            for (environment, stop) in &mut stops {
                let next = |arrived: Timestamp| {
                    arrivals
                        .get(*environment)?
                        .iter()
                        .find(|(at, release)| *at > arrived && *release != journey.release)
                };
                stop.left_at = stop.arrived_at.and_then(next).map(|(at, _)| *at);
            }
            journey.stops = environments
                .iter()
                .filter_map(|name| {
                    Some(NamedVisit {
                        environment: name.clone(),
                        stop: stops.remove(name)?,
                    })
                })
                .filter(|named| named.stop != EnvironmentVisit::default())
                .collect();
            journey
        })
        .filter(|journey| !journey.stops.is_empty() || journey.released_at.is_some())
        .collect();
    journeys.sort_by_key(|journey| {
        journey.released_at.or_else(|| {
            journey
                .stops
                .first()
                .and_then(|named| named.stop.arrived_at)
        })
    });
    journeys
}

type Ways<'a> = BTreeMap<
    &'a ChartVersion,
    (
        ReleaseHistory,
        BTreeMap<&'a EnvironmentName, EnvironmentVisit>,
    ),
>;

fn arrivals(ways: &Ways<'_>) -> BTreeMap<EnvironmentName, Vec<(Timestamp, ChartVersion)>> {
    let mut arrivals: BTreeMap<EnvironmentName, Vec<(Timestamp, ChartVersion)>> = BTreeMap::new();
    for (release, (_, stops)) in ways {
        for (environment, stop) in stops {
            if let Some(at) = stop.arrived_at {
                arrivals
                    .entry((*environment).clone())
                    .or_default()
                    .push((at, (*release).clone()));
            }
        }
    }
    for list in arrivals.values_mut() {
        list.sort();
    }
    arrivals
}

fn note(stop: &mut EnvironmentVisit, entry: &Entry) {
    match &entry.event {
        Event::PromotionOpened { number } => {
            stop.number = Some(*number);
            stop.opened_at = Some(entry.at);
        }
        Event::PromotionApproved { number } => {
            stop.number = Some(*number);
            stop.approved_at.get_or_insert(entry.at);
            if stop.approved_by.is_none() {
                stop.approved_by.clone_from(&entry.who);
            }
        }
        Event::PromotionMerged { number } => {
            stop.number = Some(*number);
            stop.merged_at = Some(entry.at);
        }
        Event::Deployed => {
            stop.arrived_at.get_or_insert(entry.at);
        }
        Event::DeployFailed { rolled_back } => {
            stop.failed_at.get_or_insert(entry.at);
            stop.rolled_back |= *rolled_back;
        }
        _ => {}
    }
}

/// Computes the metrics over the histories of `span`.
#[must_use]
pub fn figures(
    journeys: &[ReleaseHistory],
    environments: &[EnvironmentName],
    span: Duration,
) -> DoraMetrics {
    let Some(last) = environments.last() else {
        return DoraMetrics::default();
    };
    let arrived = |journey: &ReleaseHistory, name: &EnvironmentName| {
        let mut stops = journey.stops.iter();
        stops
            .find(|named| named.environment == *name)?
            .stop
            .arrived_at
    };
    let whole = journeys
        .iter()
        .filter_map(|journey| Some(arrived(journey, last)?.since(journey.released_at?)));
    let steps = environments.windows(2).map(|pair| {
        let [from, to] = [&pair[0], &pair[1]];
        let times = journeys
            .iter()
            .filter_map(|journey| Some(arrived(journey, to)?.since(arrived(journey, from)?)));
        Figure::median(times, "release", format!("{from} to {to}"), |over| {
            format!(
                "Median time between a release's deployment in {from} and in {to}, over {over}."
            )
        })
    });
    let reached = journeys
        .iter()
        .filter(|journey| arrived(journey, last).is_some())
        .count();
    let stops = || journeys.iter().flat_map(|journey| &journey.stops);
    let failed = stops()
        .filter(|named| named.stop.failed_at.is_some())
        .count();
    let arrived = stops()
        .filter(|named| named.stop.arrived_at.is_some())
        .count();
    // A failed attempt and the good one after it are two deployments.
    let tried = failed + arrived;
    let restores = restores(journeys, environments);
    let weeks = (span.as_secs_f64() / 604_800.0).max(1.0 / 7.0);
    DoraMetrics {
        lead_time: Some(Figure::median(
            whole,
            "release",
            format!("lead time, merge to {last}"),
            |over| {
                format!(
                    "Median time from the merge of a release to its deployment in {last}, over {over}."
                )
            },
        )),
        steps: steps.collect(),
        frequency: Some(Figure {
            value: format!("{:.1}", one_decimal(reached, weeks)),
            name: format!("releases to {last} a week"),
            explains: format!(
                "{} deployed in {last} within {}.",
                count(reached, "release"),
                in_words(span)
            ),
        }),
        failure_rate: Some(Figure {
            value: (failed * 100)
                .checked_div(tried)
                .map_or_else(|| "–".into(), |share| format!("{share} %")),
            name: "deployments that failed".into(),
            explains: format!(
                "{failed} of {} in all environments; a rolled-back upgrade counts as failed.",
                count(tried, "deployment")
            ),
        }),
        time_to_restore: Some(Figure::median(
            restores.into_iter(),
            "failure",
            "to restore".into(),
            |over| {
                format!(
                    "Median time from a failed deployment to the next good one in the same environment, over {over}."
                )
            },
        )),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a count of releases is far below 2^52"
)]
fn one_decimal(count: usize, weeks: f64) -> f64 {
    count as f64 / weeks
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

fn restores(journeys: &[ReleaseHistory], environments: &[EnvironmentName]) -> Vec<Duration> {
    let mut restores = Vec::new();
    for environment in environments {
        let stops = || {
            journeys
                .iter()
                .flat_map(|journey| &journey.stops)
                .filter(|named| named.environment == *environment)
        };
        for failed_at in stops().filter_map(|named| named.stop.failed_at) {
            let restored = stops()
                .filter_map(|named| named.stop.arrived_at)
                .filter(|at| *at > failed_at)
                .min();
            restores.extend(restored.map(|at| at.since(failed_at)));
        }
    }
    restores
}

fn median(times: &[Duration]) -> Option<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::PipelineName;

    fn entry(minute: i64, release: &str, environment: &str, event: Event) -> Entry {
        let at = Timestamp::from_millis(minute * 60_000);
        Entry::new(&PipelineName::new("app-podinfo", "podinfo"), event, at)
            .environment((!environment.is_empty()).then(|| environment.into()))
            .release(ChartVersion::parse(release).ok())
    }

    fn row() -> Vec<EnvironmentName> {
        ["dev-test", "uat", "prod"]
            .map(EnvironmentName::from)
            .to_vec()
    }

    fn history() -> Vec<Entry> {
        vec![
            entry(0, "1.0.0", "", Event::Released { number: 1 }),
            entry(2, "1.0.0", "dev-test", Event::Deployed),
            entry(10, "1.0.0", "uat", Event::Deployed),
            entry(47, "1.0.0", "prod", Event::Deployed),
            entry(100, "1.1.0", "", Event::Released { number: 4 }),
            entry(101, "1.1.0", "dev-test", Event::Deployed),
            entry(
                110,
                "1.1.0",
                "uat",
                Event::DeployFailed { rolled_back: true },
            ),
            entry(120, "1.1.0", "uat", Event::Deployed),
        ]
    }

    #[test]
    fn a_release_leaves_an_environment_when_the_next_one_arrives() {
        let journeys = journeys(&history(), &row());
        let first = &journeys[0];
        assert_eq!(first.release.to_string(), "1.0.0");
        assert_eq!(
            first.stops[1].stop.left_at,
            Some(Timestamp::from_millis(120 * 60_000))
        );
        assert_eq!(first.stops[2].stop.left_at, None);
    }

    #[test]
    fn a_rolled_back_attempt_is_no_arrival() {
        let journeys = journeys(&history()[..7], &row());
        let stop = &journeys[1].stops[1].stop;
        assert!(stop.rolled_back && stop.arrived_at.is_none());
        assert_eq!(journeys[0].stops[1].stop.left_at, None);
    }

    #[test]
    fn the_figures_say_how_they_were_counted() {
        let journeys = journeys(&history(), &row());
        let figures = figures(&journeys, &row(), Duration::from_secs(604_800));
        assert_eq!(figures.lead_time.unwrap().value, "47 min");
        assert_eq!(figures.failure_rate.unwrap().value, "16 %");
        let restore = figures.time_to_restore.unwrap();
        assert_eq!(restore.value, "10 min");
        assert!(restore.explains.contains("1 failure"));
    }

    #[test]
    fn journeys_do_not_depend_on_the_order_of_the_entries() {
        let mut reversed = history();
        reversed.reverse();
        assert_eq!(journeys(&reversed, &row()), journeys(&history(), &row()));
    }
}
