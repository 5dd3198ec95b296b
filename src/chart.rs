//! The geometry of the journey chart.

use std::time::Duration;

use model::Timestamp;
use model::release_history::{EnvironmentVisit, ReleaseHistory};

/// The width of the chart in its own units; it scales to the page.
pub const WIDTH: f64 = 1180.0;
/// The left end of the time axis, right of the environments' names.
pub const LEFT: f64 = 86.0;
/// The right end of the time axis.
pub const RIGHT: f64 = 1165.0;
/// The line of the first environment.
const TOP: f64 = 34.0;
/// The distance between the lines of environments.
const STEP: f64 = 60.0;
/// Half the height of a bar.
pub const HALF: f64 = 9.0;
/// In seconds.
const HOUR: u64 = 3_600;

/// The time that the chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeRange {
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

impl TimeRange {
    /// All ranges, shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The name, as in the address.
    pub fn name(self) -> &'static str {
        self.measures().0
    }

    /// Finds a range by its name; a week where there is none.
    pub fn named(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|range| range.name() == name)
            .unwrap_or(Self::Week)
    }

    /// The length of the range.
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.measures().1 * HOUR)
    }

    /// The time between two ticks of the axis.
    fn tick_interval(self) -> Duration {
        Duration::from_secs(self.measures().2 * HOUR)
    }

    /// The name, the length and the time between two ticks, in hours.
    fn measures(self) -> (&'static str, u64, u64) {
        match self {
            Self::Day => ("day", 24, 4),
            Self::Week => ("week", 7 * 24, 24),
            Self::Month => ("month", 30 * 24, 5 * 24),
        }
    }
}

/// The time axis.
#[derive(Clone, Copy, Debug)]
pub struct TimeScale {
    since: Timestamp,
    until: Timestamp,
}

impl TimeScale {
    /// An axis of the range up to `now`, with a little margin after it.
    pub fn new(range: TimeRange, now: Timestamp) -> Self {
        let margin = range.duration() / 24;
        Self {
            since: now + margin - range.duration(),
            until: now + margin,
        }
    }

    /// The start of the axis.
    pub fn since(self) -> Timestamp {
        self.since
    }

    /// The coordinate of a time, clamped to the axis.
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of a month are far below 2^52"
    )]
    pub fn x(self, at: Timestamp) -> f64 {
        let length = (self.until.millis() - self.since.millis()) as f64;
        let offset = (at.millis() - self.since.millis()) as f64;
        LEFT + (RIGHT - LEFT) * (offset / length).clamp(0.0, 1.0)
    }

    /// The ticks of the axis, each with its coordinate and time.
    pub fn ticks(self, range: TimeRange) -> Vec<(f64, Timestamp)> {
        let step = i64::try_from(range.tick_interval().as_millis()).unwrap_or(i64::MAX);
        let first = self.since.millis().div_euclid(step) * step + step;
        (0..)
            .map(|n| Timestamp::from_millis(first + n * step))
            .take_while(|at| *at < self.until)
            .map(|at| (self.x(at), at))
            .collect()
    }
}

/// Formats a coordinate for SVG with one decimal: the formatting of floats would add to the first load.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the drawing is some thousand units large"
)]
pub fn svg(coordinate: f64) -> String {
    let tenths = (coordinate * 10.0).round() as i32;
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

/// The vertical coordinate of the environment at `index`.
#[expect(clippy::cast_precision_loss, reason = "there are few environments")]
pub fn y(index: usize) -> f64 {
    TOP + STEP * index as f64
}

/// The height of a chart with this number of environments.
pub fn height(environments: usize) -> f64 {
    y(environments.saturating_sub(1)) + 66.0
}

/// A release in an environment, from its arrival until it left.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// The left end.
    pub x: f64,
    pub width: f64,
    /// The vertical centre.
    pub y: f64,
}

/// The way of a release from one environment to the next, through its pull request.
#[derive(Clone, Debug, PartialEq)]
pub struct Connector {
    /// The SVG path.
    pub path: String,
    /// The point at which the pull request was opened.
    pub opened: Option<(f64, f64)>,
    /// The point at which the pull request was merged.
    pub merged: Option<(f64, f64)>,
    /// The point at which the release failed.
    pub failed: Option<(f64, f64)>,
    /// Whether the pull request is open; the path is then dashed, and ends at now.
    pub waits: bool,
}

/// The bar of a visit; `None` before the release has arrived, and where it left before the chart begins.
pub fn bar(
    scale: TimeScale,
    index: usize,
    visit: &EnvironmentVisit,
    now: Timestamp,
) -> Option<Bar> {
    let from = visit.arrived_at?;
    let until = visit.left_at.unwrap_or(now);
    if until < scale.since() {
        return None;
    }
    let (left, right) = (scale.x(from), scale.x(until));
    Some(Bar {
        x: left,
        width: (right - left).max(2.0),
        y: y(index),
    })
}

/// The connector into the environment at `index` from the one above it; `None` where there is none to draw.
pub fn connector(
    scale: TimeScale,
    index: usize,
    before: Option<&EnvironmentVisit>,
    visit: &EnvironmentVisit,
    now: Timestamp,
) -> Option<Connector> {
    let above = index.checked_sub(1)?;
    let start = before
        .and_then(|before| before.arrived_at)
        .or(visit.opened_at)?;
    let end = [visit.arrived_at, visit.failed_at, visit.merged_at]
        .into_iter()
        .flatten()
        .max();
    if end.unwrap_or(now) < scale.since() {
        return None;
    }
    let (high, low) = (y(above), y(index));
    let mut points = vec![(scale.x(start), high + HALF)];
    let opened = visit.opened_at.map(|at| (scale.x(at), high + 22.0));
    points.extend(opened);
    let merged = visit.merged_at.map(|at| (scale.x(at), low - 22.0));
    points.extend(merged);
    let failed = visit.failed_at.map(|at| (scale.x(at), low));
    let waits =
        opened.is_some() && merged.is_none() && visit.arrived_at.is_none() && failed.is_none();
    if let Some(at) = visit.arrived_at {
        points.push((scale.x(at), low - HALF));
    } else if let Some((x, _)) = failed {
        points.push((x, low - HALF));
    } else if waits {
        points.push((scale.x(now), low - 22.0));
    }
    if points.len() < 2 {
        return None;
    }
    let path = points
        .iter()
        .enumerate()
        .map(|(n, (x, y))| {
            let command = if n == 0 { "M" } else { " L" };
            format!("{command}{} {}", svg(*x), svg(*y))
        })
        .collect();
    Some(Connector {
        path,
        opened,
        merged,
        failed,
        waits,
    })
}

/// Whether any part of a release's history lies within the chart.
pub fn visible(scale: TimeScale, history: &ReleaseHistory) -> bool {
    history.stops.iter().any(|named| {
        let visit = &named.stop;
        let times = [
            visit.arrived_at,
            visit.left_at,
            visit.opened_at,
            visit.merged_at,
            visit.failed_at,
        ];
        visit.arrived_at.is_some() && visit.left_at.is_none()
            || times.into_iter().flatten().any(|at| at >= scale.since())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-22T12:00:00Z").unwrap()
    }

    fn ago(hours: u64) -> Timestamp {
        now() - Duration::from_secs(hours * 3600)
    }

    #[test]
    fn later_lies_further_right_and_all_lies_within() {
        let scale = TimeScale::new(TimeRange::Week, now());
        assert!(scale.x(ago(48)) < scale.x(ago(24)));
        assert!(scale.x(ago(10_000)) >= LEFT && scale.x(now()) < RIGHT);
    }

    #[test]
    fn coordinates_have_one_digit_behind_the_point() {
        assert_eq!(svg(1180.0), "1180.0");
        assert_eq!(svg(86.04), "86.0");
        assert_eq!(svg(-0.25), "-0.3");
        assert_eq!(svg(0.96), "1.0");
    }

    #[test]
    fn a_week_has_a_tick_for_each_day() {
        let scale = TimeScale::new(TimeRange::Week, now());
        assert_eq!(scale.ticks(TimeRange::Week).len(), 7);
    }

    #[test]
    fn a_release_that_is_still_there_reaches_up_to_now() {
        let scale = TimeScale::new(TimeRange::Week, now());
        let visit = EnvironmentVisit {
            arrived_at: Some(ago(24)),
            ..EnvironmentVisit::default()
        };
        let bar = bar(scale, 1, &visit, now()).unwrap();
        assert!((bar.x + bar.width - scale.x(now())).abs() < 0.01);
    }

    #[test]
    fn what_left_before_the_chart_begins_is_not_drawn() {
        let visit = EnvironmentVisit {
            arrived_at: Some(ago(400)),
            left_at: Some(ago(300)),
            ..EnvironmentVisit::default()
        };
        assert_eq!(
            bar(TimeScale::new(TimeRange::Week, now()), 0, &visit, now()),
            None
        );
    }

    #[test]
    fn a_pull_request_that_waits_is_drawn_up_to_now() {
        let scale = TimeScale::new(TimeRange::Day, now());
        let before = EnvironmentVisit {
            arrived_at: Some(ago(2)),
            ..EnvironmentVisit::default()
        };
        let visit = EnvironmentVisit {
            opened_at: Some(ago(1)),
            ..EnvironmentVisit::default()
        };
        let connector = connector(scale, 1, Some(&before), &visit, now()).unwrap();
        assert!(connector.waits && connector.merged.is_none());
        assert!(
            connector
                .path
                .ends_with(&format!("L{:.1} {:.1}", scale.x(now()), y(1) - 22.0))
        );
    }

    #[test]
    fn a_failure_is_marked_where_it_happened() {
        let scale = TimeScale::new(TimeRange::Day, now());
        let visit = EnvironmentVisit {
            opened_at: Some(ago(3)),
            merged_at: Some(ago(2)),
            failed_at: Some(ago(1)),
            ..EnvironmentVisit::default()
        };
        assert_eq!(
            connector(scale, 1, None, &visit, now()).unwrap().failed,
            Some((scale.x(ago(1)), y(1)))
        );
    }

    #[test]
    fn an_unknown_span_is_a_week() {
        assert_eq!(TimeRange::named("year"), TimeRange::Week);
        assert_eq!(TimeRange::named("day"), TimeRange::Day);
    }
}
