//! The arithmetic of the journey chart: where times and environments lie, and what is drawn there.

use std::time::Duration;

use model::Timestamp;
use model::release_history::{EnvironmentVisit, ReleaseHistory};

/// The width of the drawing, in its own units; it scales to the page.
pub const WIDTH: f64 = 1180.0;
/// Where time begins, right of the environments' names.
pub const LEFT: f64 = 86.0;
/// Where time ends.
pub const RIGHT: f64 = 1165.0;
/// The first environment's line.
const TOP: f64 = 34.0;
/// The distance between environments.
const STEP: f64 = 60.0;
/// Half the height of a bar.
pub const HALF: f64 = 9.0;

/// How much time the chart shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

impl Span {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// Its name, as in the address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The span of that name; a week where there is none.
    pub fn named(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|span| span.name() == name)
            .unwrap_or(Self::Week)
    }

    /// How long it is.
    pub fn duration(self) -> Duration {
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
        };
        Duration::from_secs(days * 86_400)
    }

    /// The distance between two ticks of its time axis.
    fn tick(self) -> Duration {
        Duration::from_secs(match self {
            Self::Day => 4 * 3_600,
            Self::Week => 86_400,
            Self::Month => 5 * 86_400,
        })
    }
}

/// Where times lie.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    since: Timestamp,
    until: Timestamp,
}

impl Scale {
    /// Shows `span` up to `now`, with a little room behind it.
    pub fn new(span: Span, now: Timestamp) -> Self {
        let room = span.duration() / 24;
        Self {
            since: now + room - span.duration(),
            until: now + room,
        }
    }

    /// The first moment shown.
    pub fn since(self) -> Timestamp {
        self.since
    }

    /// Where a time lies, kept within the drawing.
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of a month are far below 2^52"
    )]
    pub fn x(self, at: Timestamp) -> f64 {
        let whole = (self.until.millis() - self.since.millis()) as f64;
        let part = (at.millis() - self.since.millis()) as f64;
        LEFT + (RIGHT - LEFT) * (part / whole).clamp(0.0, 1.0)
    }

    /// The ticks of the time axis: where, and the moment.
    pub fn ticks(self, span: Span) -> Vec<(f64, Timestamp)> {
        let step = i64::try_from(span.tick().as_millis()).unwrap_or(i64::MAX);
        let first = self.since.millis().div_euclid(step) * step + step;
        (0..)
            .map(|n| Timestamp::from_millis(first + n * step))
            .take_while(|at| *at < self.until)
            .map(|at| (self.x(at), at))
            .collect()
    }
}

/// A coordinate as SVG reads it, in tenths: Rust's way of writing floats would be more code to load.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the drawing is some thousand units large"
)]
pub fn svg(coordinate: f64) -> String {
    let tenths = (coordinate * 10.0).round() as i32;
    let sign = if tenths < 0 { "-" } else { "" };
    format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
}

/// The line of the environment at `index`.
#[expect(clippy::cast_precision_loss, reason = "there are few environments")]
pub fn y(index: usize) -> f64 {
    TOP + STEP * index as f64
}

/// The height of a drawing of so many environments.
pub fn height(environments: usize) -> f64 {
    y(environments.saturating_sub(1)) + 66.0
}

/// One release in one environment, from its arrival to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Left end.
    pub x: f64,
    /// Width.
    pub width: f64,
    /// Middle.
    pub y: f64,
}

/// A path from one environment to the next, through its pull request.
#[derive(Clone, Debug, PartialEq)]
pub struct Connector {
    /// The SVG path.
    pub path: String,
    /// Where the pull request was opened.
    pub opened: Option<(f64, f64)>,
    /// Where it was merged.
    pub merged: Option<(f64, f64)>,
    /// Where it failed.
    pub failed: Option<(f64, f64)>,
    /// Whether it still waits: drawn dashed up to now.
    pub waits: bool,
}

/// The bar of a stop, if the release arrived there and was still there when the chart begins.
pub fn bar(scale: Scale, index: usize, stop: &EnvironmentVisit, now: Timestamp) -> Option<Bar> {
    let from = stop.arrived_at?;
    let until = stop.left_at.unwrap_or(now);
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

/// The way into the environment at `index` from the one above it.
pub fn step(
    scale: Scale,
    index: usize,
    before: Option<&EnvironmentVisit>,
    stop: &EnvironmentVisit,
    now: Timestamp,
) -> Option<Connector> {
    let above = index.checked_sub(1)?;
    let start = before
        .and_then(|before| before.arrived_at)
        .or(stop.opened_at)?;
    let end = [stop.arrived_at, stop.failed_at, stop.merged_at]
        .into_iter()
        .flatten()
        .max();
    if end.unwrap_or(now) < scale.since() {
        return None;
    }
    let (high, low) = (y(above), y(index));
    let mut points = vec![(scale.x(start), high + HALF)];
    let opened = stop.opened_at.map(|at| (scale.x(at), high + 22.0));
    points.extend(opened);
    let merged = stop.merged_at.map(|at| (scale.x(at), low - 22.0));
    points.extend(merged);
    let failed = stop.failed_at.map(|at| (scale.x(at), low));
    let waits =
        opened.is_some() && merged.is_none() && stop.arrived_at.is_none() && failed.is_none();
    if let Some(at) = stop.arrived_at {
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
            let step = if n == 0 { "M" } else { " L" };
            format!("{step}{} {}", svg(*x), svg(*y))
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

/// Whether any of a journey lies within the chart.
pub fn visible(scale: Scale, journey: &ReleaseHistory) -> bool {
    journey.stops.iter().any(|named| {
        let stop = &named.stop;
        let times = [
            stop.arrived_at,
            stop.left_at,
            stop.opened_at,
            stop.merged_at,
            stop.failed_at,
        ];
        stop.arrived_at.is_some() && stop.left_at.is_none()
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
        let scale = Scale::new(Span::Week, now());
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
        let scale = Scale::new(Span::Week, now());
        assert_eq!(scale.ticks(Span::Week).len(), 7);
    }

    #[test]
    fn a_release_that_is_still_there_reaches_up_to_now() {
        let scale = Scale::new(Span::Week, now());
        let stop = EnvironmentVisit {
            arrived_at: Some(ago(24)),
            ..EnvironmentVisit::default()
        };
        let bar = bar(scale, 1, &stop, now()).unwrap();
        assert!((bar.x + bar.width - scale.x(now())).abs() < 0.01);
    }

    #[test]
    fn what_left_before_the_chart_begins_is_not_drawn() {
        let stop = EnvironmentVisit {
            arrived_at: Some(ago(400)),
            left_at: Some(ago(300)),
            ..EnvironmentVisit::default()
        };
        assert_eq!(bar(Scale::new(Span::Week, now()), 0, &stop, now()), None);
    }

    #[test]
    fn a_pull_request_that_waits_is_drawn_up_to_now() {
        let scale = Scale::new(Span::Day, now());
        let before = EnvironmentVisit {
            arrived_at: Some(ago(2)),
            ..EnvironmentVisit::default()
        };
        let stop = EnvironmentVisit {
            opened_at: Some(ago(1)),
            ..EnvironmentVisit::default()
        };
        let step = step(scale, 1, Some(&before), &stop, now()).unwrap();
        assert!(step.waits && step.merged.is_none());
        assert!(
            step.path
                .ends_with(&format!("L{:.1} {:.1}", scale.x(now()), y(1) - 22.0))
        );
    }

    #[test]
    fn a_failure_is_marked_where_it_happened() {
        let scale = Scale::new(Span::Day, now());
        let stop = EnvironmentVisit {
            opened_at: Some(ago(3)),
            merged_at: Some(ago(2)),
            failed_at: Some(ago(1)),
            ..EnvironmentVisit::default()
        };
        assert_eq!(
            step(scale, 1, None, &stop, now()).unwrap().failed,
            Some((scale.x(ago(1)), y(1)))
        );
    }

    #[test]
    fn an_unknown_span_is_a_week() {
        assert_eq!(Span::named("year"), Span::Week);
        assert_eq!(Span::named("day"), Span::Day);
    }
}
