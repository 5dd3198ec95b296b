//! The live applications: one podinfo-shaped server per environment, answering as podinfo 6.14
//! does, with whatever version and colour were deployed.

mod page;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

/// What an application serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// The version that the container was built with.
    pub version: String,
    /// The colour, `#rrggbb`.
    pub color: String,
    /// The greeting; podinfo's own when empty.
    pub message: String,
    /// The commit that the container was built from.
    pub revision: String,
}

/// How an application behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Behaviour {
    hangs: bool,
    down: bool,
}

struct Inside {
    environment: String,
    serving: watch::Sender<Option<Serving>>,
    behaviour: watch::Sender<Behaviour>,
}

/// A running application; it answers 503 until something is deployed.
pub struct App {
    url: Url,
    inside: Arc<Inside>,
    stop: CancellationToken,
}

impl App {
    /// Starts the server of an environment; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(environment: &str, listen: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("the app of {environment} cannot listen on {listen}"))?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let inside = Arc::new(Inside {
            environment: environment.to_owned(),
            serving: watch::Sender::new(None),
            behaviour: watch::Sender::new(Behaviour::default()),
        });
        let routes = Router::new()
            .route("/", get(home))
            .route("/api/info", get(info))
            .route("/version", get(version))
            .route("/healthz", get(health))
            .route("/readyz", get(health))
            .layer(middleware::from_fn_with_state(inside.clone(), misbehave))
            .with_state(inside.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            // A hanging application must not keep the lab from ending, so nothing is drained.
            tokio::select! {
                result = axum::serve(listener, routes).into_future() => {
                    if let Err(error) = result {
                        tracing::error!(%error, "an application stopped serving");
                    }
                }
                () = stopped.cancelled() => {}
            }
        });
        Ok(Self { url, inside, stop })
    }

    /// Where the application answers.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Serves something else from now on.
    pub fn serve(&self, serving: Serving) {
        self.inside.serving.send_replace(Some(serving));
    }

    /// What is served; `None` before the first deployment.
    #[must_use]
    pub fn serving(&self) -> Option<Serving> {
        self.inside.serving.borrow().clone()
    }

    /// Whether requests are accepted and never answered.
    pub fn hang(&self, hangs: bool) {
        self.inside
            .behaviour
            .send_modify(|behaviour| behaviour.hangs = hangs);
    }

    /// Whether every request is answered with 503.
    pub fn down(&self, down: bool) {
        self.inside
            .behaviour
            .send_modify(|behaviour| behaviour.down = down);
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn misbehave(State(inside): State<Arc<Inside>>, request: Request, next: Next) -> Response {
    let mut behaviour = inside.behaviour.subscribe();
    if behaviour
        .wait_for(|behaviour| !behaviour.hangs)
        .await
        .is_err()
    {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let down = inside.behaviour.borrow().down;
    if down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    next.run(request).await
}

/// `/api/info`: all strings, in podinfo's order.
#[derive(Serialize)]
struct Info<'a> {
    hostname: &'a str,
    version: &'a str,
    revision: &'a str,
    color: &'a str,
    logo: &'a str,
    message: &'a str,
    goos: &'a str,
    goarch: &'a str,
    runtime: &'a str,
    num_goroutine: &'a str,
    num_cpu: &'a str,
}

#[derive(Serialize)]
struct Version<'a> {
    commit: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Health<'a> {
    status: &'a str,
}

fn greeting(serving: &Serving) -> String {
    if serving.message.is_empty() {
        format!("greetings from podinfo v{}", serving.version)
    } else {
        serving.message.clone()
    }
}

fn indented(body: &impl Serialize) -> Response {
    match serde_json::to_string_pretty(body) {
        Ok(text) => {
            let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
            (kind, text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn home(state: State<Arc<Inside>>, headers: HeaderMap) -> Response {
    let browser = headers
        .get(header::USER_AGENT)
        .is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla"));
    if !browser {
        return info(state).await;
    }
    let serving = state.serving.borrow().clone();
    match serving {
        Some(serving) => {
            let greeting = greeting(&serving);
            Html(page::page(&state.environment, &serving, &greeting)).into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn info(State(inside): State<Arc<Inside>>) -> Response {
    let serving = inside.serving.borrow().clone();
    let Some(serving) = serving else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    indented(&Info {
        hostname: &format!("podinfo-{}", inside.environment),
        version: &serving.version,
        revision: &serving.revision,
        color: &serving.color,
        logo: "",
        message: &greeting(&serving),
        goos: "linux",
        goarch: "amd64",
        runtime: "go1.26.0",
        num_goroutine: "8",
        num_cpu: "2",
    })
}

async fn version(State(inside): State<Arc<Inside>>) -> Response {
    let serving = inside.serving.borrow().clone();
    match serving {
        Some(serving) => indented(&Version {
            commit: &serving.revision,
            version: &serving.version,
        }),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn health(State(inside): State<Arc<Inside>>) -> Response {
    let deployed = inside.serving.borrow().is_some();
    if deployed {
        indented(&Health { status: "OK" })
    } else {
        StatusCode::SERVICE_UNAVAILABLE.into_response()
    }
}
