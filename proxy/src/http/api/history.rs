//! The journal of a pipeline, as JSON, as CSV, and as release histories.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use model::api::{Journeys, Record};
use model::journal::Entry;
use model::pipeline::{Deployer, EnvironmentSpec, PipelineSpec};
use model::release_history::{ReleaseHistory, figures, journeys as journeys_of};
use model::{EnvironmentName, PipelineName, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::clock::Clock;
use crate::http::error::ApiError;
use crate::http::extract::{PipelinePath, Query};
use crate::journal::Journal;

const DEFAULT_SPAN: Duration = Duration::from_secs(7 * 24 * 3600);
/// How far before a span its releases may have begun, and still be shown.
const RUN_UP: Duration = Duration::from_secs(60 * 24 * 3600);
const LONGEST_SPAN: Duration = Duration::from_secs(400 * 24 * 3600);
const DEFAULT_PAGE: usize = 50;
const LARGEST_PAGE: usize = 500;
/// The most lines of one CSV file.
const CSV_LINES: usize = 50_000;
const CSV_HEADER: &str = "at,environment,release,kind,who,source,sentence,written_at\r\n";

/// The span of time of release histories.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct SpanQuery {
    /// RFC 3339; seven days before `until` by default.
    since: Option<Timestamp>,
    /// RFC 3339; now by default.
    until: Option<Timestamp>,
}

/// Paging of the journal.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// The `next_cursor` of the page before.
    cursor: Option<u64>,
    /// How many entries; 50 by default, at most 500.
    limit: Option<usize>,
}

/// The release histories that touch a span of time, and the DORA metrics over it.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines/{namespace}/{name}/journeys",
    tag = "journal",
    params(PipelineName, SpanQuery),
    responses((status = OK, body = Journeys))
)]
pub(super) async fn journeys(
    State(journal): State<Arc<dyn Journal>>,
    State(clock): State<Arc<dyn Clock>>,
    PipelinePath(pipeline): PipelinePath,
    Query(span): Query<SpanQuery>,
) -> Result<Json<Journeys>, ApiError> {
    let environments = chart_environments(pipeline.spec());
    let until = span.until.unwrap_or_else(|| clock.now());
    let since = span.since.unwrap_or(until - DEFAULT_SPAN);
    if since >= until || until.since(since) > LONGEST_SPAN {
        return Err(ApiError::bad_request(
            "The span must begin before it ends and have 400 days at most.",
        ));
    }
    // One more millisecond, since a span does not hold its end and this one ends now.
    let end = until + Duration::from_millis(1);
    let name = &pipeline.spec().name;
    let entries = journal.between(name, since - RUN_UP, end).await?;
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
    Ok(Json(Journeys {
        since,
        until,
        figures: figures(&counted, &environments, until.since(since)),
        environments,
        journeys,
    }))
}

/// The journal, newest first; as CSV where `Accept` begins with `text/csv`.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines/{namespace}/{name}/journal",
    tag = "journal",
    params(PipelineName, PageQuery),
    responses((status = OK, body = Record))
)]
pub(super) async fn journal(
    State(journal): State<Arc<dyn Journal>>,
    PipelinePath(pipeline): PipelinePath,
    Query(page): Query<PageQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let as_csv = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.trim_start().starts_with("text/csv"));
    if as_csv {
        return csv_file(&*journal, &pipeline.spec().name).await;
    }
    let limit = page.limit.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
    let name = &pipeline.spec().name;
    let mut entries = journal.page(name, page.cursor, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let last = entries.last().filter(|_| more);
    let next_cursor = last.map(|entry| entry.id.to_string());
    Ok(Json(Record {
        entries,
        next_cursor,
    })
    .into_response())
}

/// The newest 50,000 entries of the journal as a file.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines/{namespace}/{name}/journal.csv",
    tag = "journal",
    params(PipelineName),
    responses((status = OK, content_type = "text/csv", body = String))
)]
pub(super) async fn journal_csv(
    State(journal): State<Arc<dyn Journal>>,
    PipelinePath(pipeline): PipelinePath,
) -> Result<Response, ApiError> {
    csv_file(&*journal, &pipeline.spec().name).await
}

async fn csv_file(journal: &dyn Journal, name: &PipelineName) -> Result<Response, ApiError> {
    let entries = journal.page(name, None, CSV_LINES).await?;
    let file = format!(
        "attachment; filename=\"{}-{}.csv\"",
        plain(&name.namespace),
        plain(&name.name)
    );
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    let text = csv_text(&entries).map_err(ApiError::internal)?;
    Ok((headers, text).into_response())
}

/// The environments that hold chart releases: a release history has only those.
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

/// Whether a release history has an event at `since` or later, or the release was deployed somewhere then.
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

fn csv_text(entries: &[Entry]) -> csv::Result<Vec<u8>> {
    let mut writer = csv_writer(CSV_HEADER.into());
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
        writer.write_record(cells.map(without_formula))?;
    }
    writer.flush()?;
    Ok(writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?)
}

/// A writer after RFC 4180 with every cell quoted, beginning with `text`.
fn csv_writer(text: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(text)
}

/// A cell that no spreadsheet runs: one that begins like a formula gets an apostrophe.
fn without_formula(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text
    }
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
            let mut writer = csv_writer(Vec::new());
            writer.write_record([without_formula(text.into())]).unwrap();
            assert_eq!(
                writer.into_inner().unwrap(),
                format!("{cell}\r\n").as_bytes()
            );
        }
    }
}
