//! Typed requests to the server, and its event stream.

use std::future::Future;
use std::pin::Pin;

use crate::data::Problem;
use futures::channel::mpsc::UnboundedSender;
use futures::stream::{StreamExt, select_all};
use gloo_net::eventsource::State;
use gloo_net::eventsource::futures::EventSource;
use gloo_net::http::{Request, RequestBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json;

/// The error of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum ApiError {
    /// The server answered with problem details.
    Problem(Box<Problem>),
    /// The server could not be reached.
    Network(String),
    /// The answer has another shape than this page expects, as after an update of the server.
    Parse(json::ParseError),
}

impl ApiError {
    /// The message for the screen, with the request id to quote.
    pub fn sentence(&self) -> String {
        match self {
            Self::Problem(problem) => {
                format!("{} (request {})", problem.detail, problem.request_id)
            }
            Self::Network(why) => format!(
                "The server could not be reached: {why}. Check the connection and try again."
            ),
            Self::Parse(why) => {
                format!("The server speaks another language than this page ({why}). Load it again.")
            }
        }
    }
}

/// Gets a resource by its path below the base, such as `api/v1/session`.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, ApiError> {
    parse(fetch(Request::get(path).build()).await)
}

/// Sends a body as JSON; `method` is `POST`, `PUT` or `DELETE`.
pub async fn send<T: DeserializeOwned>(
    method: &str,
    path: &str,
    csrf: Option<&str>,
    body: &impl Serialize,
) -> Result<T, ApiError> {
    let request = write_request(method, path, csrf).json(body);
    parse(fetch(request).await)
}

/// Builds a request that changes something, with its CSRF token.
fn write_request(method: &str, path: &str, csrf: Option<&str>) -> RequestBuilder {
    let method = match method {
        "PUT" => gloo_net::http::Method::PUT,
        "DELETE" => gloo_net::http::Method::DELETE,
        _ => gloo_net::http::Method::POST,
    };
    let request = RequestBuilder::new(path).method(method);
    match csrf {
        Some(csrf) => request.header("X-Weft-CSRF", csrf),
        None => request,
    }
}

fn parse<T: DeserializeOwned>(text: Result<String, ApiError>) -> Result<T, ApiError> {
    json::from_str(&text?).map_err(ApiError::Parse)
}

#[expect(clippy::needless_pass_by_value, reason = "the signature of `map_err`")]
fn network(error: gloo_net::Error) -> ApiError {
    ApiError::Network(error.to_string())
}

/// Sends a request and returns the body of its answer; `null` where it is empty.
///
/// Neither generic nor `async fn`: the first load would bring a copy for each type of answer.
fn fetch(
    request: Result<Request, gloo_net::Error>,
) -> Pin<Box<dyn Future<Output = Result<String, ApiError>>>> {
    Box::pin(async move {
        let response = request.map_err(network)?.send().await.map_err(network)?;
        let text = response.text().await.map_err(network)?;
        if response.ok() {
            return Ok(if text.is_empty() {
                "null".to_owned()
            } else {
                text
            });
        }
        match json::from_str(&text) {
            Ok(problem) => Err(ApiError::Problem(Box::new(problem))),
            Err(_) => Err(ApiError::Network(format!(
                "it answered {}",
                response.status()
            ))),
        }
    })
}

/// An event of the stream, or of its connection.
pub enum StreamEvent {
    /// An event with its name and data.
    Message(&'static str, String),
    /// The connection broke; the browser reconnects by itself.
    Disconnected,
    /// The connection is closed for good; a new one must be opened.
    Closed,
}

/// Subscribes to the event stream at `path` until it is closed, and sends every event to `sink`.
///
/// Returns whether any event came.
pub async fn subscribe(path: &str, sink: &UnboundedSender<StreamEvent>) -> bool {
    let Ok(mut source) = EventSource::new(path) else {
        sink.unbounded_send(StreamEvent::Closed).ok();
        return false;
    };
    let mut received = false;
    let mut streams = Vec::new();
    for name in ["board", "row", "session", "ping"] {
        if let Ok(stream) = source.subscribe(name) {
            streams.push(stream.map(move |message| (name, message)));
        }
    }
    let mut events = select_all(streams);
    while let Some((name, message)) = events.next().await {
        let event = match message {
            Ok((_, message)) => {
                received = true;
                StreamEvent::Message(name, message.data().as_string().unwrap_or_default())
            }
            Err(_) if source.state() == State::Closed => break,
            Err(_) => StreamEvent::Disconnected,
        };
        if sink.unbounded_send(event).is_err() {
            break;
        }
    }
    source.close();
    // The receiver is gone once its page is.
    sink.unbounded_send(StreamEvent::Closed).ok();
    received
}
