//! The pipelines: one row each, and each one's board.

use std::sync::Arc;

use axum::extract::State;
use model::PipelineName;
use model::api::{Board, Row, Rows};
use model::board::row;
use model::chain::VerdictState;
use serde::Deserialize;

use super::extract::{Path, Query};
use crate::app::App;
use crate::auth::{AccessError, Reader};
use crate::problem::Failure;

const USUAL_PAGE: usize = 50;
const LARGEST_PAGE: usize = 500;

/// The query of `GET api/v1/pipelines`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Text in the pipeline's name or in what one of its environments serves.
    q: Option<String>,
    /// `me`: only where the viewer is asked to approve.
    waiting: Option<Waiting>,
    /// Only where an environment has this verdict.
    verdict: Option<VerdictState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many rows; 50 unless said.
    limit: Option<usize>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Waiting {
    Me,
}

/// `GET api/v1/pipelines`: one page of rows, by the name of the pipeline.
pub(super) async fn rows(
    State(app): State<Arc<App>>,
    Reader(session): Reader,
    Query(desired): Query<Wanted>,
) -> Result<axum::Json<Rows>, Failure> {
    let viewer = session.map(|session| session.viewer.login.clone());
    if desired.waiting.is_some() && viewer.is_none() {
        return Err(AccessError::NotSignedIn.into());
    }
    let rows = app
        .boards
        .all()
        .into_iter()
        .map(|board| row(&board))
        .collect();
    Ok(axum::Json(page(rows, &desired, viewer.as_deref())))
}

/// `GET api/v1/pipelines/{namespace}/{name}`: the board.
pub(super) async fn board(
    State(app): State<Arc<App>>,
    Path(name): Path<PipelineName>,
) -> Result<axum::Json<Board>, Failure> {
    let board = app.boards.get(&name).ok_or_else(|| unknown(&name))?;
    Ok(axum::Json(Board::clone(&board)))
}

/// The failure for a pipeline that is not configured.
pub(super) fn unknown(name: &PipelineName) -> Failure {
    Failure::not_found(format!("There is no pipeline {name}."))
}

fn page(mut rows: Vec<Row>, desired: &Wanted, viewer: Option<&str>) -> Rows {
    rows.retain(|row| matches(row, desired, viewer));
    rows.sort_by(|a, b| a.pipeline.cmp(&b.pipeline));
    let total = rows.len();
    if let Some(cursor) = &desired.cursor {
        rows.retain(|row| row.pipeline.to_string() > *cursor);
    }
    let limit = desired.limit.unwrap_or(USUAL_PAGE).clamp(1, LARGEST_PAGE);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    Rows {
        next_cursor: last.map(|row| row.pipeline.to_string()),
        total,
        rows,
    }
}

fn matches(row: &Row, desired: &Wanted, viewer: Option<&str>) -> bool {
    let text = desired
        .q
        .as_deref()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    let says = |words: &str| words.to_lowercase().contains(&text);
    let asked = |login: &String| viewer.is_some_and(|viewer| login.eq_ignore_ascii_case(viewer));
    (text.is_empty()
        || says(&row.pipeline.to_string())
        || row.cells.iter().any(|cell| says(&cell.label)))
        && desired
            .verdict
            .is_none_or(|verdict| row.cells.iter().any(|cell| cell.verdict == verdict))
        && (desired.waiting.is_none() || row.waits_for.iter().any(asked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::api::{Cell, Tone};
    use model::pipeline::RepositoryName;

    fn named(name: &str, label: &str, verdict: VerdictState, waits_for: &[&str]) -> Row {
        Row {
            pipeline: PipelineName {
                namespace: "apps".into(),
                name: name.into(),
            },
            repository: RepositoryName {
                owner: "demo".into(),
                name: "apps".into(),
            },
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
        let by = |desired: Wanted| {
            let rows = page(fleet(), &desired, Some("sam"));
            names(&rows).join(" ")
        };
        let none = Wanted::default;
        assert_eq!(by(none()), "api jobs web");
        let q = |q: &str| Wanted {
            q: Some(q.into()),
            ..none()
        };
        assert_eq!(by(q(" API ")), "api");
        assert_eq!(by(q("1.1")), "api");
        assert_eq!(by(q("nothing")), "");
        let waiting = Some(Waiting::Me);
        assert_eq!(by(Wanted { waiting, ..none() }), "api jobs");
        let verdict = Some(VerdictState::Proven);
        assert_eq!(by(Wanted { verdict, ..none() }), "jobs web");
    }

    #[test]
    fn pages_follow_on() {
        let first = Wanted {
            limit: Some(2),
            ..Wanted::default()
        };
        let first = page(fleet(), &first, None);
        assert_eq!((names(&first), first.total), (vec!["api", "jobs"], 3));
        let next = Wanted {
            limit: Some(2),
            cursor: first.next_cursor,
            ..Wanted::default()
        };
        let next = page(fleet(), &next, None);
        assert_eq!((names(&next), next.total), (vec!["web"], 3));
        assert_eq!(next.next_cursor, None);
    }
}
