//! What happened: the journeys of releases, and the record as JSON and as CSV.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use model::api::{Journeys, Record};
use model::journal::Entry;
use model::pipeline::{Deployer, EnvironmentSpec, PipelineSpec};
use model::release_history::{ReleaseHistory, figures, journeys as journeys_of};
use model::{EnvironmentName, PipelineName, Timestamp};
use serde::Deserialize;

use super::extract::{Path, Query};
use super::pipelines::unknown;
use crate::app::App;
use crate::problem::Failure;

const USUAL_SPAN: Duration = Duration::from_secs(7 * 24 * 3600);
/// How far before a span its journeys may have begun, and still be drawn.
const RUN_UP: Duration = Duration::from_secs(60 * 24 * 3600);
const LONGEST_SPAN: Duration = Duration::from_secs(400 * 24 * 3600);
const USUAL_PAGE: usize = 50;
const LARGEST_PAGE: usize = 500;
/// The most lines of one CSV file.
const CSV_LINES: usize = 50_000;

/// The query of `GET …/journeys`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    /// RFC 3339; seven days before `until` unless said.
    since: Option<Timestamp>,
    /// RFC 3339; now unless said.
    until: Option<Timestamp>,
}

/// The query of `GET …/journal`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// The `next_cursor` of the page before.
    cursor: Option<u64>,
    /// How many entries; 50 unless said.
    limit: Option<usize>,
}

/// `GET …/journeys`: the journeys that touch a span of time, and the figures over it.
pub(super) async fn journeys(
    State(app): State<Arc<App>>,
    Path(name): Path<PipelineName>,
    Query(span): Query<Span>,
) -> Result<axum::Json<Journeys>, Failure> {
    let environments = chart_environments(spec(&app, &name)?);
    let until = span.until.unwrap_or_else(|| app.clock.now());
    let since = span.since.unwrap_or(until - USUAL_SPAN);
    if since >= until || until.since(since) > LONGEST_SPAN {
        return Err(Failure::bad_request(
            "The span must begin before it ends and have 400 days at most.",
        ));
    }
    // One more millisecond, since a span does not hold its end and this one ends now.
    let end = until + Duration::from_millis(1);
    let entries = app.journal.between(&name, since - RUN_UP, end).await?;
    let within: Vec<Entry> = entries
        .iter()
        .filter(|entry| entry.at >= since)
        .cloned()
        .collect();
    let journeys = journeys_of(&entries, &environments)
        .into_iter()
        .filter(|journey| touches(journey, since))
        .collect();
    let counted = journeys_of(&within, &environments);
    Ok(axum::Json(Journeys {
        since,
        until,
        figures: figures(&counted, &environments, until.since(since)),
        environments,
        journeys,
    }))
}

/// `GET …/journal`: the record, newest first; as CSV where that is asked for.
pub(super) async fn journal(
    State(app): State<Arc<App>>,
    Path(name): Path<PipelineName>,
    Query(page): Query<Page>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let as_csv = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.trim_start().starts_with("text/csv"));
    if as_csv {
        return csv_of(&app, &name).await;
    }
    spec(&app, &name)?;
    let limit = page.limit.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE);
    let mut entries = app.journal.page(&name, page.cursor, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| more);
    let next_cursor = last.map(|entry| entry.id.to_string());
    let record = Record {
        entries,
        next_cursor,
    };
    Ok(axum::Json(record).into_response())
}

/// `GET …/journal.csv`: the whole record as a file.
pub(super) async fn csv(
    State(app): State<Arc<App>>,
    Path(name): Path<PipelineName>,
) -> Result<Response, Failure> {
    csv_of(&app, &name).await
}

async fn csv_of(app: &App, name: &PipelineName) -> Result<Response, Failure> {
    spec(app, name)?;
    let entries = app.journal.page(name, None, CSV_LINES).await?;
    let file = format!(
        "attachment; filename=\"{}-{}.csv\"",
        plain(&name.namespace),
        plain(&name.name)
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, csv_text(&entries)).into_response())
}

fn spec<'a>(app: &'a App, name: &PipelineName) -> Result<&'a PipelineSpec, Failure> {
    let mut pipelines = app.config.pipelines.iter();
    pipelines
        .find(|pipeline| pipeline.name == *name)
        .ok_or_else(|| unknown(name))
}

/// The environments that hold chart releases: only those are on a journey.
fn chart_environments(spec: &PipelineSpec) -> Vec<EnvironmentName> {
    let has_chart = |environment: &&EnvironmentSpec| {
        let mut targets = environment.targets.iter();
        targets.any(|target| matches!(target.deployer, Deployer::HelmRelease(_)))
    };
    let with_chart = spec.environments.iter().filter(has_chart);
    with_chart
        .map(|environment| environment.name.clone())
        .collect()
}

/// Whether something of a journey happened at `since` or later, or it stood somewhere then.
fn touches(journey: &ReleaseHistory, since: Timestamp) -> bool {
    let released = journey.released_at.is_some_and(|at| at >= since);
    released
        || journey.stops.iter().any(|named| {
            let stop = &named.stop;
            let stands = stop.arrived_at.is_some() && stop.left_at.is_none_or(|at| at >= since);
            let times = [
                stop.opened_at,
                stop.approved_at,
                stop.merged_at,
                stop.failed_at,
            ];
            stands || times.into_iter().flatten().any(|at| at >= since)
        })
}

fn csv_text(entries: &[Entry]) -> String {
    let mut text = String::from("at,environment,release,kind,who,source,sentence,written_at\r\n");
    for entry in entries {
        let environment = entry.environment.as_ref().map(ToString::to_string);
        let release = entry.release.as_ref().map(ToString::to_string);
        let cells = [
            entry.at.to_string(),
            environment.unwrap_or_default(),
            release.unwrap_or_default(),
            entry.event.kind().to_owned(),
            entry.who.clone().unwrap_or_default(),
            entry.source.clone(),
            entry.sentence.clone(),
            entry.written_at.to_string(),
        ];
        text.push_str(&cells.map(|cell| csv_cell(&cell)).join(","));
        text.push_str("\r\n");
    }
    text
}

/// One cell, quoted (RFC 4180). Spreadsheets run what begins like a formula: that gets an apostrophe.
fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_of_a_csv_file_is_run_as_a_formula() {
        for (text, cell) in [
            ("Sam said \"yes\", twice", "\"Sam said \"\"yes\"\", twice\""),
            (
                "=HYPERLINK(\"http://evil\")",
                "\"'=HYPERLINK(\"\"http://evil\"\")\"",
            ),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("", "\"\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }
}
