//! Server-sent events: boards and rows as they change.
//!
//! A stream carries the newest state, not every step to it: a client that was away gets the current board, and
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
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use crate::board::Boards;
use crate::clock::Clock;
use crate::http::error::ApiError;
use crate::http::extract::{Query, unknown_pipeline};

const HEARTBEAT: Duration = Duration::from_secs(10);
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The boards that a stream carries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamQuery {
    /// `namespace/name`: the board of this pipeline; without it, the rows of all.
    pipeline: Option<String>,
}

/// The data of a `ping`: the server's time, so that ages are counted by one clock.
#[derive(Serialize)]
struct Ping {
    at: model::Timestamp,
}

/// `board` events of one pipeline or `row` events of all, the current ones first, and a `ping` every ten
/// seconds. The id of an event is the version of its board; a board that the client has by its
/// `Last-Event-ID` is not sent again.
#[utoipa::path(
    get,
    path = "/api/v1/stream",
    tag = "pipelines",
    params(StreamQuery),
    responses((status = OK, content_type = "text/event-stream", body = String))
)]
pub(super) async fn stream(
    State(boards): State<Arc<Boards>>,
    State(clock): State<Arc<dyn Clock>>,
    State(shutdown): State<CancellationToken>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let pipeline = query
        .pipeline
        .map(|text| {
            let name = PipelineName::parse(&text).ok_or_else(|| {
                ApiError::bad_request("The pipeline must be written namespace/name.")
            })?;
            boards.get(&name).ok_or_else(|| unknown_pipeline(&name))?;
            Ok::<_, ApiError>(name)
        })
        .transpose()?;
    let known = headers
        .get(LAST_EVENT_ID)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    // Proxies like nginx hold a stream back unless they are told not to.
    let unbuffered = AppendHeaders([("x-accel-buffering", "no")]);
    Ok((
        unbuffered,
        Sse::new(events(boards, clock, shutdown, pipeline, known)),
    ))
}

fn events(
    boards: Arc<Boards>,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
    pipeline: Option<PipelineName>,
    known: Option<u64>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        // Subscribed before the current boards are read, so that nothing falls between the two.
        let mut changes = boards.subscribe();
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        // With rows of many pipelines, one number cannot say what is known of each: all are sent.
        let known = known.filter(|_| pipeline.is_some());
        for board in current(&boards, pipeline.as_ref()) {
            if known != Some(board.version) {
                yield Ok(event(&board, pipeline.is_some()));
            }
        }
        loop {
            let changed = tokio::select! {
                () = shutdown.cancelled() => break,
                _ = heartbeat.tick() => {
                    yield Ok(ping(&*clock));
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
                // Too slow for every step: the current state is all that counts.
                Err(RecvError::Lagged(_)) => {
                    for board in current(&boards, pipeline.as_ref()) {
                        yield Ok(event(&board, pipeline.is_some()));
                    }
                }
                Err(RecvError::Closed) => break,
            }
        }
    }
}

fn current(boards: &Boards, pipeline: Option<&PipelineName>) -> Vec<Arc<Board>> {
    match pipeline {
        Some(name) => boards.get(name).into_iter().collect(),
        None => boards.all(),
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

fn ping(clock: &dyn Clock) -> Event {
    let at = clock.now();
    json(Event::default().event("ping"), &Ping { at })
}

fn json(event: Event, data: &impl Serialize) -> Event {
    event
        .json_data(data)
        .expect("the model's types always have a JSON form")
}
