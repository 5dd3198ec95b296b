//! Live boards and rows: read once, then updated by events; the newer always wins.

use std::rc::Rc;

use crate::data::{Board, Row, Rows};
use leptos::prelude::*;
use model::pipeline::PipelineName;

use super::clock::Clock;
use super::event_stream::use_event_stream;
use crate::api::{self, ApiError};
use crate::erased::{ErasedSignal, on_change, spawn_local};
use crate::json;

/// Whether `incoming` may replace `current`: an older snapshot never overwrites a newer event.
///
/// The time goes before the version, since a restarted server counts versions from the beginning.
pub fn is_newer(current: Option<&Board>, incoming: &Board) -> bool {
    current.is_none_or(|current| {
        current.pipeline != incoming.pipeline
            || (incoming.as_of, incoming.version) >= (current.as_of, current.version)
    })
}

/// Replaces the row of the same pipeline, unless it is newer; returns whether it did.
///
/// A pipeline that is not on this page of the board is not added.
pub fn merge_row(rows: &mut [Row], incoming: Row) -> bool {
    let current = rows
        .iter_mut()
        .find(|row| row.pipeline == incoming.pipeline);
    match current {
        Some(current) if current.version <= incoming.version => {
            *current = incoming;
            true
        }
        _ => false,
    }
}

/// A board that is kept up to date.
#[derive(Clone, Copy, Default)]
pub struct LiveBoard {
    /// The newest board; `None` until one was read.
    pub board: ErasedSignal<Option<Board>>,
    /// The error of the last read, where it failed.
    pub error: ErasedSignal<Option<ApiError>>,
}

/// Keeps the board of a pipeline up to date while the calling component is mounted.
pub fn use_board(pipeline: &PipelineName) -> LiveBoard {
    let live = LiveBoard::default();
    let clock = expect_context::<Clock>();
    let update = move |incoming: Board| {
        clock.set_by(incoming.as_of);
        if live.board.is_disposed() {
            return;
        }
        let newer = |current: &Option<Board>| is_newer(current.as_ref(), &incoming);
        if live.board.with_untracked(newer) {
            live.error.set(None);
            live.board.set(Some(incoming));
        }
    };
    let path = format!("api/v1/pipelines/{pipeline}");
    let refetch: Rc<dyn Fn()> = Rc::new(move || {
        let path = path.clone();
        spawn_local(async move {
            match api::get::<Board>(&path).await {
                Ok(board) => update(board),
                Err(error) => live.error.set(Some(error)),
            }
        });
    });
    let stream = format!(
        "api/v1/stream?pipeline={}%2F{}",
        pipeline.namespace, pipeline.name
    );
    use_event_stream(stream, &refetch, move |name, data| {
        if let ("board", Ok(board)) = (name, json::from_str::<Board>(data)) {
            update(board);
        }
    });
    live
}

/// The rows of one query, kept up to date.
#[derive(Clone, Copy, Default)]
pub struct LiveRows {
    /// The newest rows; `None` until some were read.
    pub rows: ErasedSignal<Option<Rows>>,
    /// The error of the last read, where it failed.
    pub error: ErasedSignal<Option<ApiError>>,
}

/// Keeps the rows of a query (`q=…&verdict=…`) up to date while the calling component is mounted.
pub fn use_rows(query: Memo<String>) -> LiveRows {
    let live = LiveRows::default();
    let last_request = ErasedSignal::new(0_u32);
    let refetch: Rc<dyn Fn()> = Rc::new(move || {
        let query = query.get_untracked();
        let request = last_request.get_untracked() + 1;
        last_request.set(request);
        spawn_local(async move {
            let answer = api::get::<Rows>(&format!("api/v1/pipelines?{query}")).await;
            // The answer to an older request must not overwrite the answer to a newer one.
            if last_request.is_disposed() || last_request.get_untracked() != request {
                return;
            }
            match answer {
                Ok(rows) => {
                    live.error.set(None);
                    live.rows.set(Some(rows));
                }
                Err(error) => live.error.set(Some(error)),
            }
        });
    });
    let again = Rc::clone(&refetch);
    on_change(query, move || again());
    use_event_stream("api/v1/stream".to_owned(), &refetch, move |name, data| {
        if let ("row", Ok(row)) = (name, json::from_str::<Row>(data)) {
            let mut rows = live.rows.get_untracked();
            let merged = rows
                .as_mut()
                .is_some_and(|rows| merge_row(&mut rows.rows, row));
            if merged {
                live.rows.set(rows);
            }
        }
    });
    live
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Headline;
    use model::api::Tone;
    use model::{PipelineName, Timestamp};

    fn name(name: &str) -> PipelineName {
        PipelineName::new("apps", name)
    }

    fn board(second: i64, version: u64) -> Board {
        Board {
            pipeline: name("podinfo"),
            version,
            as_of: Timestamp::from_millis(second * 1_000),
            subtitle: String::new(),
            headline: Headline {
                sentence: String::new(),
                tone: Tone::Calm,
            },
            environments: Vec::new(),
            gates: Vec::new(),
        }
    }

    fn row(pipeline: &str, version: u64, sentence: &str) -> Row {
        Row {
            pipeline: name(pipeline),
            version,
            sentence: sentence.into(),
            cells: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    #[test]
    fn an_older_snapshot_never_overwrites_a_newer_event() {
        let current = board(10, 7);
        assert!(!is_newer(Some(&current), &board(9, 6)));
        assert!(!is_newer(Some(&current), &board(10, 6)));
        assert!(is_newer(Some(&current), &board(10, 7)));
        assert!(is_newer(Some(&current), &board(11, 8)));
        assert!(is_newer(None, &board(0, 0)));
    }

    #[test]
    fn a_server_that_began_to_count_anew_is_believed() {
        assert!(is_newer(Some(&board(10, 900)), &board(11, 1)));
    }

    #[test]
    fn the_newer_row_wins_and_strangers_stay_away() {
        let mut rows = vec![row("podinfo", 3, "now")];
        assert!(!merge_row(&mut rows, row("podinfo", 2, "then")));
        assert!(!merge_row(&mut rows, row("ledger", 9, "elsewhere")));
        assert_eq!(rows, vec![row("podinfo", 3, "now")]);
        assert!(merge_row(&mut rows, row("podinfo", 4, "later")));
        assert_eq!(rows, vec![row("podinfo", 4, "later")]);
    }
}
