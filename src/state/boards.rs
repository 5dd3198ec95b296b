//! Boards and rows: a first reading, then live events, the newer always winning.

use std::rc::Rc;

use futures::channel::mpsc;
use futures::future::abortable;
use futures::{StreamExt, join};
use gloo_timers::future::TimeoutFuture;
use leptos::ev;
use leptos::prelude::*;
use model::api::{Board, Row, Rows};
use model::pipeline::PipelineName;

use super::{Clock, Live};
use crate::api::{self, Event, Failure};
use crate::held::{Held, on_change, spawn};
use crate::json;

/// Whether `incoming` may replace `held`: an older snapshot never overwrites a newer event.
pub fn is_newer(held: Option<&Board>, incoming: &Board) -> bool {
    held.is_none_or(|held| {
        held.pipeline != incoming.pipeline
            || (incoming.as_of, incoming.version) >= (held.as_of, held.version)
    })
}

/// Puts a row in its place, unless a newer one is there; rows that are not on this page stay away.
pub fn merge_row(rows: &mut [Row], incoming: Row) -> bool {
    match rows
        .iter_mut()
        .find(|row| row.pipeline == incoming.pipeline)
    {
        Some(held) if held.version <= incoming.version => {
            *held = incoming;
            true
        }
        _ => false,
    }
}

/// A board that keeps itself up to date, and why it cannot be had.
#[derive(Clone, Copy)]
pub struct LiveBoard {
    /// The newest board.
    pub board: Held<Option<Board>>,
    /// Why there is none.
    pub failure: Held<Option<Failure>>,
}

/// Follows the board of one pipeline while the calling component is mounted.
pub fn use_board(pipeline: &PipelineName) -> LiveBoard {
    let held = LiveBoard {
        board: Held::new(None),
        failure: Held::new(None),
    };
    let clock = expect_context::<Clock>();
    let take = move |board: Board| {
        clock.set_by(board.as_of);
        if held.board.gone() {
            return;
        }
        if is_newer(held.board.peek().as_ref().as_ref(), &board) {
            held.failure.set(None);
            held.board.set(Some(board));
        }
    };
    let path = format!("api/v1/pipelines/{}/{}", pipeline.namespace, pipeline.name);
    let refetch: Rc<dyn Fn()> = Rc::new(move || {
        let path = path.clone();
        spawn(async move {
            match api::get::<Board>(&path).await {
                Ok(board) => take(board),
                Err(failure) => held.failure.set(Some(failure)),
            }
        });
    });
    follow(
        format!(
            "api/v1/stream?pipeline={}%2F{}",
            pipeline.namespace, pipeline.name
        ),
        &refetch,
        move |name, data| {
            if let ("board", Ok(board)) = (name, json::from_str::<Board>(data)) {
                take(board);
            }
        },
    );
    held
}

/// The rows of one query, kept up to date.
#[derive(Clone, Copy)]
pub struct LiveRows {
    /// The newest rows.
    pub rows: Held<Option<Rows>>,
    /// Why there are none.
    pub failure: Held<Option<Failure>>,
}

/// Follows the rows of a query (`q=…&verdict=…`) while the calling component is mounted.
pub fn use_rows(query: Memo<String>) -> LiveRows {
    let held = LiveRows {
        rows: Held::new(None),
        failure: Held::new(None),
    };
    let asked = Held::new(0_u32);
    let refetch: Rc<dyn Fn()> = Rc::new(move || {
        let query = query.get_untracked();
        let question = *asked.peek() + 1;
        asked.set(question);
        spawn(async move {
            let answer = api::get::<Rows>(&format!("api/v1/pipelines?{query}")).await;
            // An answer to an older question must not overwrite the newer one's.
            if asked.gone() || *asked.peek() != question {
                return;
            }
            match answer {
                Ok(rows) => {
                    held.failure.set(None);
                    held.rows.set(Some(rows));
                }
                Err(failure) => held.failure.set(Some(failure)),
            }
        });
    });
    let again = Rc::clone(&refetch);
    on_change(query, move || again());
    follow("api/v1/stream".to_owned(), &refetch, move |name, data| {
        if let ("row", Ok(row)) = (name, json::from_str::<Row>(data)) {
            let mut rows = held.rows.peek().as_ref().clone();
            if rows
                .as_mut()
                .is_some_and(|rows| merge_row(&mut rows.rows, row))
            {
                held.rows.set(rows);
            }
        }
    });
    held
}

/// How long to wait before the stream is opened again, in milliseconds.
const FIRST_PAUSE: u32 = 500;

/// Twice as long each time that nothing was heard, up to 8 s; from the beginning once something was.
fn next_pause(pause: u32, heard: bool) -> u32 {
    if heard {
        FIRST_PAUSE
    } else {
        (pause * 2).min(8_000)
    }
}

/// What takes an event: its name and its data.
type OnEvent = dyn Fn(&str, &str);

/// Reads once, then follows the stream; reads again whenever the connection or the tab comes back.
fn follow(path: String, refetch: &Rc<dyn Fn()>, on_event: impl Fn(&str, &str) + 'static) {
    let on_event: Box<OnEvent> = Box::new(on_event);
    let live = expect_context::<Live>();
    let clock = expect_context::<Clock>();
    refetch();
    let (sink, mut events) = mpsc::unbounded();
    let again = Rc::clone(refetch);
    let (task, handle) = abortable(async move {
        let reading = async {
            let mut broken = false;
            while let Some(event) = events.next().await {
                match event {
                    Event::Message(name, data) => {
                        if let ("ping", Ok(at)) =
                            (name, model::Timestamp::parse(data.trim_matches('"')))
                        {
                            clock.set_by(at);
                        }
                        live.heard();
                        if std::mem::take(&mut broken) {
                            again();
                        }
                        on_event(name, &data);
                    }
                    Event::Broken | Event::Ended => {
                        broken = true;
                        live.broke();
                    }
                }
            }
        };
        let opening = async {
            let mut pause = FIRST_PAUSE;
            loop {
                let heard = api::follow(&path, &sink).await;
                TimeoutFuture::new(pause).await;
                pause = next_pause(pause, heard);
            }
        };
        join!(reading, opening);
    });
    spawn(async move {
        // Aborted when the page goes away, which is the only way it ends.
        task.await.ok();
    });
    on_cleanup(move || handle.abort());
    let refetch = Rc::clone(refetch);
    let listener = window_event_listener(ev::visibilitychange, move |_| {
        if !document().hidden() {
            refetch();
        }
    });
    on_cleanup(move || listener.remove());
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::api::{Headline, Tone};
    use model::{PipelineName, Timestamp};

    fn name(name: &str) -> PipelineName {
        PipelineName {
            namespace: "apps".into(),
            name: name.into(),
        }
    }

    fn repository() -> model::pipeline::RepositoryName {
        model::pipeline::RepositoryName {
            owner: "demo".into(),
            name: "podinfo".into(),
        }
    }

    fn board(second: i64, version: u64) -> Board {
        Board {
            pipeline: name("podinfo"),
            repository: repository(),
            version,
            as_of: Timestamp::from_millis(second * 1_000),
            subtitle: String::new(),
            headline: Headline {
                sentence: String::new(),
                tone: Tone::Calm,
                environment: None,
            },
            environments: Vec::new(),
            gates: Vec::new(),
            sources: Vec::new(),
        }
    }

    fn row(pipeline: &str, version: u64, sentence: &str) -> Row {
        Row {
            pipeline: name(pipeline),
            repository: repository(),
            version,
            sentence: sentence.into(),
            tone: Tone::Calm,
            cells: Vec::new(),
            waits_for: Vec::new(),
        }
    }

    #[test]
    fn an_older_snapshot_never_overwrites_a_newer_event() {
        let held = board(10, 7);
        assert!(!is_newer(Some(&held), &board(9, 6)));
        assert!(!is_newer(Some(&held), &board(10, 6)));
        assert!(is_newer(Some(&held), &board(10, 7)));
        assert!(is_newer(Some(&held), &board(11, 8)));
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

    #[test]
    fn a_silent_stream_is_asked_ever_more_rarely() {
        let mut pause = FIRST_PAUSE;
        for desired in [1_000, 2_000, 4_000, 8_000, 8_000] {
            pause = next_pause(pause, false);
            assert_eq!(pause, desired);
        }
        assert_eq!(next_pause(pause, true), FIRST_PAUSE);
    }
}
