//! The stream of events: what a page must show next, the moment that Weft knows it.
//!
//! A stream tells the newest state, not every step to it: whoever was away gets the present board, and
//! of two boards the one with the higher version is newer.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{AppendHeaders, IntoResponse};
use futures::Stream;
use http::{HeaderMap, HeaderName};
use model::PipelineName;
use model::api::Board;
use model::board::row;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;

use super::extract::Query;
use super::pipelines::unknown;
use crate::app::App;
use crate::problem::Failure;

const HEARTBEAT: Duration = Duration::from_secs(10);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The query of `GET api/v1/stream`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// `namespace/name`: the board of this pipeline; without it, the rows of all.
    pipeline: Option<String>,
}

/// The data of a `ping`: the server's time, so that ages are counted by one clock.
#[derive(Serialize)]
struct Ping {
    at: model::Timestamp,
}

/// `GET api/v1/stream`: `board` events of one pipeline or `row` events of all, the present ones first,
/// and a `ping` every ten seconds. The id of an event is the version of its board; a board that the
/// client has by its `Last-Event-ID` is not sent again.
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    Query(desired): Query<Wanted>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let pipeline = desired
        .pipeline
        .map(|text| {
            let name = name(&text).ok_or_else(|| {
                Failure::bad_request("The pipeline must be written namespace/name.")
            })?;
            app.boards.get(&name).ok_or_else(|| unknown(&name))?;
            Ok::<_, Failure>(name)
        })
        .transpose()?;
    let known = headers
        .get(LAST_EVENT_ID)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    // Proxies like nginx hold a stream back unless they are told not to.
    let unbuffered = AppendHeaders([("x-accel-buffering", "no")]);
    Ok((unbuffered, Sse::new(events(app, pipeline, known))))
}

fn name(text: &str) -> Option<PipelineName> {
    let (namespace, name) = text.split_once('/')?;
    Some(PipelineName {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

fn events(
    app: Arc<App>,
    pipeline: Option<PipelineName>,
    known: Option<u64>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        // Subscribed before the present is read, so that nothing falls between the two.
        let mut changes = app.boards.subscribe();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        // With rows of many pipelines, one number cannot say what is known of each: all are sent.
        let known = known.filter(|_| pipeline.is_some());
        for board in present(&app, pipeline.as_ref()) {
            if known != Some(board.version) {
                yield Ok(event(&board, pipeline.is_some()));
            }
        }
        loop {
            let changed = tokio::select! {
                () = app.shutdown.cancelled() => break,
                _ = heartbeat.tick() => {
                    yield Ok(ping(&app));
                    continue;
                }
                changed = changes.recv() => changed,
            };
            match changed {
                Ok(board) => {
                    if pipeline.as_ref().is_none_or(|name| *name == board.pipeline) {
                        yield Ok(event(&board, pipeline.is_some()));
                    }
                }
                // Too slow for every step: the present state is all that counts.
                Err(RecvError::Lagged(_)) => {
                    for board in present(&app, pipeline.as_ref()) {
                        yield Ok(event(&board, pipeline.is_some()));
                    }
                }
                Err(RecvError::Closed) => break,
            }
        }
    }
}

fn present(app: &App, pipeline: Option<&PipelineName>) -> Vec<Arc<Board>> {
    match pipeline {
        Some(name) => app.boards.get(name).into_iter().collect(),
        None => app.boards.all(),
    }
}

fn event(board: &Board, whole: bool) -> Event {
    let event = Event::default().id(board.version.to_string());
    if whole {
        json(event.event("board"), board)
    } else {
        json(event.event("row"), &row(board))
    }
}

fn ping(app: &App) -> Event {
    let at = app.clock.now();
    json(Event::default().event("ping"), &Ping { at })
}

fn json(event: Event, data: &impl Serialize) -> Event {
    event
        .json_data(data)
        .expect("the model's types always have a JSON form")
}
