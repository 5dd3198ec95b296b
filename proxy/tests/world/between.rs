//! A relay between Weft and the forge, in which a test can lose answers and let things happen at the
//! worst moment.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use url::Url;

use crate::world::serve;

/// What the relay does once the forge has answered.
pub enum Mischief {
    /// Answers 502 instead of the forge, which has done what it was asked.
    LoseTheAnswer,
    /// Waits until the test has done something before it passes the answer on.
    Wait {
        /// Told when the forge has answered.
        answered: tokio::sync::Notify,
        /// Waited for before the answer is passed on.
        go_on: tokio::sync::Notify,
    },
}

/// Which request is played with, by method and the end of its path.
pub struct Relay {
    forge: Url,
    method: Method,
    path: &'static str,
    pub mischief: Mischief,
}

/// Starts a relay in front of `forge`; the address to use in its place.
pub async fn start(
    forge: &Url,
    method: Method,
    path: &'static str,
    mischief: Mischief,
) -> (Url, Arc<Relay>) {
    let relay = Arc::new(Relay {
        forge: forge.clone(),
        method,
        path,
        mischief,
    });
    let router = Router::new().fallback(pass).with_state(Arc::clone(&relay));
    (serve(router).await, relay)
}

async fn pass(State(relay): State<Arc<Relay>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().expect("a path").as_str();
    let url = relay.forge.join(path).expect("an address of the forge");
    let body = axum::body::to_bytes(body, usize::MAX)
        .await
        .expect("a body");
    let mut headers = parts.headers;
    headers.remove(http::header::HOST);
    let answer = reqwest::Client::new()
        .request(parts.method.clone(), url)
        .headers(headers)
        .body(body)
        .send()
        .await
        .expect("the forge answers");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await.expect("a body");
    if parts.method == relay.method && parts.uri.path().ends_with(relay.path) {
        match &relay.mischief {
            Mischief::LoseTheAnswer => return StatusCode::BAD_GATEWAY.into_response(),
            Mischief::Wait { answered, go_on } => {
                answered.notify_one();
                go_on.notified().await;
            }
        }
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for (name, value) in &headers {
        if !matches!(name.as_str(), "content-length" | "transfer-encoding") {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
