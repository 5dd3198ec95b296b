//! Typed calls to the server, and the event stream.

use std::future::Future;
use std::pin::Pin;

use futures::channel::mpsc::UnboundedSender;
use futures::stream::{StreamExt, select_all};
use gloo_net::eventsource::State;
use gloo_net::eventsource::futures::EventSource;
use gloo_net::http::{Request, RequestBuilder};
use model::api::Problem;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::json;

/// Why a call did not give what was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The server said no, and why.
    Refused(Box<Problem>),
    /// The server could not be reached.
    Lost(String),
    /// The server and this page do not understand each other, as after an update of the server.
    Unreadable(json::Unreadable),
}

impl Failure {
    /// It in a sentence, with what to quote.
    pub fn sentence(&self) -> String {
        match self {
            Self::Refused(problem) => {
                format!("{} (request {})", problem.detail, problem.request_id)
            }
            Self::Lost(why) => format!(
                "The server could not be reached: {why}. Check the connection and try again."
            ),
            Self::Unreadable(why) => {
                format!("The server speaks another language than this page ({why}). Load it again.")
            }
        }
    }
}

/// Gets a resource under the base path, such as `api/v1/session`.
pub async fn get<T: DeserializeOwned>(path: &str) -> Result<T, Failure> {
    read(answer(Request::get(path).build()).await)
}

/// Sends a body; `method` is one of `POST`, `PUT`, `DELETE`.
pub async fn send<T: DeserializeOwned>(
    method: &str,
    path: &str,
    csrf: Option<&str>,
    body: &impl Serialize,
) -> Result<T, Failure> {
    let request = writing(method, path, csrf).json(body);
    read(answer(request).await)
}

/// A request that changes something.
fn writing(method: &str, path: &str, csrf: Option<&str>) -> RequestBuilder {
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

fn read<T: DeserializeOwned>(text: Result<String, Failure>) -> Result<T, Failure> {
    json::from_str(&text?).map_err(Failure::Unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn lost(error: gloo_net::Error) -> Failure {
    Failure::Lost(error.to_string())
}

/// What the server answers, as text: of no type, since the browser would load a copy for each.
fn answer(
    request: Result<Request, gloo_net::Error>,
) -> Pin<Box<dyn Future<Output = Result<String, Failure>>>> {
    Box::pin(async move {
        let response = request.map_err(lost)?.send().await.map_err(lost)?;
        let text = response.text().await.map_err(lost)?;
        if response.ok() {
            let nothing = || "null".to_owned();
            return Ok(Some(text)
                .filter(|it| !it.is_empty())
                .unwrap_or_else(nothing));
        }
        match json::from_str(&text) {
            Ok(problem) => Err(Failure::Refused(Box::new(problem))),
            Err(_) => Err(Failure::Lost(format!("it answered {}", response.status()))),
        }
    })
}

/// What the stream brings.
pub enum Event {
    /// An event of that name with its data.
    Message(&'static str, String),
    /// The connection broke; the browser tries again by itself.
    Broken,
    /// The connection ended for good; open another.
    Ended,
}

/// Follows the event stream at `path` until it ends; every event goes to `sink`. Gives whether any came.
pub async fn follow(path: &str, sink: &UnboundedSender<Event>) -> bool {
    let Ok(mut source) = EventSource::new(path) else {
        sink.unbounded_send(Event::Ended).ok();
        return false;
    };
    let mut heard = false;
    let names = ["board", "row", "session", "ping"];
    let streams: Vec<_> = names
        .iter()
        .filter_map(|name| {
            Some(
                source
                    .subscribe(*name)
                    .ok()?
                    .map(move |message| (*name, message)),
            )
        })
        .collect();
    let mut events = select_all(streams);
    while let Some((name, message)) = events.next().await {
        let event = match message {
            Ok((_, message)) => {
                heard = true;
                Event::Message(name, message.data().as_string().unwrap_or_default())
            }
            Err(_) if source.state() == State::Closed => break,
            Err(_) => Event::Broken,
        };
        if sink.unbounded_send(event).is_err() {
            break;
        }
    }
    source.close();
    // The receiver may be gone with its page; then nobody needs to know.
    sink.unbounded_send(Event::Ended).ok();
    heard
}
