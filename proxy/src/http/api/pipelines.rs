//! Pipelines: a row of each, and their boards.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::api::{Board, Row, Rows};
use model::board::row;
use model::chain::VerdictState;
use model::pipeline::PipelineName;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::auth::AuthError;
use crate::board::Boards;
use crate::http::error::ApiError;
use crate::http::extract::{PipelinePath, Query, ReadSession};

const DEFAULT_PAGE: usize = 50;
const LARGEST_PAGE: usize = 500;

/// Filters and paging of the rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct RowsQuery {
    /// Text in the pipeline's name or in what one of its environments serves.
    q: Option<String>,
    /// `me`: only where the viewer is asked to approve.
    #[param(inline)]
    waiting: Option<Waiting>,
    /// Only where an environment has this verdict.
    verdict: Option<VerdictState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many rows; 50 by default, at most 500.
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Waiting {
    Me,
}

/// One page of rows, by the name of the pipeline.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines",
    tag = "pipelines",
    params(RowsQuery),
    responses((status = OK, body = Rows))
)]
pub(super) async fn rows(
    State(boards): State<Arc<Boards>>,
    ReadSession { session, .. }: ReadSession,
    Query(query): Query<RowsQuery>,
) -> Result<Json<Rows>, ApiError> {
    let viewer = session.map(|session| session.viewer.login.clone());
    if query.waiting.is_some() && viewer.is_none() {
        return Err(AuthError::NotSignedIn.into());
    }
    let rows = boards.all().iter().map(|board| row(board)).collect();
    Ok(Json(page(rows, &query, viewer.as_deref())))
}

/// The board of a pipeline.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines/{namespace}/{name}",
    tag = "pipelines",
    params(PipelineName),
    responses((status = OK, body = Board))
)]
pub(super) async fn board(PipelinePath(pipeline): PipelinePath) -> Json<Board> {
    Json(Board::clone(&pipeline.board()))
}

fn page(mut rows: Vec<Row>, query: &RowsQuery, viewer: Option<&str>) -> Rows {
    rows.retain(|row| matches(row, query, viewer));
    rows.sort_by(|a, b| a.pipeline.cmp(&b.pipeline));
    let total = rows.len();
    if let Some(cursor) = &query.cursor {
        rows.retain(|row| row.pipeline.to_string() > *cursor);
    }
    let limit = query.limit.unwrap_or(DEFAULT_PAGE).clamp(1, LARGEST_PAGE);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    Rows {
        next_cursor: last.map(|row| row.pipeline.to_string()),
        total,
        rows,
    }
}

fn matches(row: &Row, query: &RowsQuery, viewer: Option<&str>) -> bool {
    let text = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let says = |words: &str| words.to_lowercase().contains(&text);
    let asked = |login: &String| viewer.is_some_and(|viewer| login.eq_ignore_ascii_case(viewer));
    (text.is_empty()
        || says(&row.pipeline.to_string())
        || row.cells.iter().any(|cell| says(&cell.label)))
        && query
            .verdict
            .is_none_or(|verdict| row.cells.iter().any(|cell| cell.verdict == verdict))
        && (query.waiting.is_none() || row.waits_for.iter().any(asked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::api::{Cell, Tone};
    use model::pipeline::RepositoryName;

    fn named(name: &str, label: &str, verdict: VerdictState, waits_for: &[&str]) -> Row {
        Row {
            pipeline: PipelineName::new("apps", name),
            repository: RepositoryName::new("demo", "apps"),
            version: 1,
            sentence: String::new(),
            tone: Tone::Calm,
            cells: vec![Cell {
                environment: "prod".into(),
                label: label.into(),
                colour: None,
                verdict,
                words: String::new(),
                waits: false,
            }],
            waits_for: waits_for.iter().map(|login| (*login).to_owned()).collect(),
        }
    }

    fn fleet() -> Vec<Row> {
        vec![
            named("web", "2.0.0", VerdictState::Proven, &[]),
            named("api", "1.1.7", VerdictState::Failed, &["sam"]),
            named("jobs", "0.3.0", VerdictState::Proven, &["li", "Sam"]),
        ]
    }

    fn names(rows: &Rows) -> Vec<&str> {
        let rows = rows.rows.iter();
        rows.map(|row| row.pipeline.name.as_str()).collect()
    }

    #[test]
    fn filters_keep_what_they_say() {
        let by = |query: RowsQuery| {
            let rows = page(fleet(), &query, Some("sam"));
            names(&rows).join(" ")
        };
        let none = RowsQuery::default;
        assert_eq!(by(none()), "api jobs web");
        let q = |q: &str| RowsQuery {
            q: Some(q.into()),
            ..none()
        };
        assert_eq!(by(q(" API ")), "api");
        assert_eq!(by(q("1.1")), "api");
        assert_eq!(by(q("nothing")), "");
        let waiting = Some(Waiting::Me);
        assert_eq!(by(RowsQuery { waiting, ..none() }), "api jobs");
        let verdict = Some(VerdictState::Proven);
        assert_eq!(by(RowsQuery { verdict, ..none() }), "jobs web");
    }

    #[test]
    fn pages_follow_on() {
        let first = RowsQuery {
            limit: Some(2),
            ..RowsQuery::default()
        };
        let first = page(fleet(), &first, None);
        assert_eq!((names(&first), first.total), (vec!["api", "jobs"], 3));
        let next = RowsQuery {
            limit: Some(2),
            cursor: first.next_cursor,
            ..RowsQuery::default()
        };
        let next = page(fleet(), &next, None);
        assert_eq!((names(&next), next.total), (vec!["web"], 3));
        assert_eq!(next.next_cursor, None);
    }
}
