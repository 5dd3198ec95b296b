//! The live applications: a podinfo-shaped server for each environment, which answers as podinfo 6.14
//! does, with the version and the colour that were deployed.

mod page;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;
use tokio::sync::watch;
use url::Url;

use crate::loopback::HttpServer;

/// What an application serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Serving {
    /// The version of the container, without a `v`.
    pub version: String,
    /// `#rrggbb`.
    pub color: String,
    /// The greeting; podinfo's own when empty.
    pub message: String,
    /// The commit that the container was built from.
    pub revision: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct Behaviour {
    hangs: bool,
    down: bool,
}

struct AppState {
    environment: String,
    /// `None` before the first deployment.
    serving: watch::Sender<Option<Serving>>,
    behaviour: watch::Sender<Behaviour>,
}

/// A running application; it answers 503 until something is deployed.
pub struct App {
    server: HttpServer,
    state: Arc<AppState>,
}

impl App {
    /// Starts the server of an environment on a free port.
    pub async fn start(environment: &str) -> anyhow::Result<Self> {
        let state = Arc::new(AppState {
            environment: environment.to_owned(),
            serving: watch::Sender::new(None),
            behaviour: watch::Sender::default(),
        });
        let routes = Router::new()
            .route("/", get(home))
            .route("/api/info", get(info))
            .route("/version", get(version))
            .route("/healthz", get(health))
            .route("/readyz", get(health))
            .layer(middleware::from_fn_with_state(state.clone(), behave))
            .with_state(state.clone());
        let server = HttpServer::start(format!("the app of {environment}"), routes).await?;
        Ok(Self { server, state })
    }

    /// The address of the application, with a slash at the end.
    pub fn url(&self) -> &Url {
        &self.server.url
    }

    /// Replaces what is served.
    pub fn serve(&self, serving: Serving) {
        self.state.serving.send_replace(Some(serving));
    }

    /// What is served; `None` before the first deployment.
    pub fn serving(&self) -> Option<Serving> {
        self.state.serving.borrow().clone()
    }

    /// Whether requests are accepted and never answered.
    pub fn hang(&self, hangs: bool) {
        self.state.behaviour.send_modify(|it| it.hangs = hangs);
    }

    /// Whether every request is answered with 503.
    pub fn down(&self, down: bool) {
        self.state.behaviour.send_modify(|it| it.down = down);
    }
}

impl AppState {
    fn serving(&self) -> Result<Serving, StatusCode> {
        let serving = self.serving.borrow().clone();
        serving.ok_or(StatusCode::SERVICE_UNAVAILABLE)
    }
}

async fn behave(
    State(state): State<Arc<AppState>>,
    request: Request,
    next: Next,
) -> Result<Response, StatusCode> {
    let mut behaviour = state.behaviour.subscribe();
    let answers = behaviour.wait_for(|behaviour| !behaviour.hangs).await;
    if answers.map_or(true, |behaviour| behaviour.down) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    Ok(next.run(request).await)
}

fn greeting(serving: &Serving) -> String {
    match &*serving.message {
        "" => format!("greetings from podinfo v{}", serving.version),
        message => message.to_owned(),
    }
}

/// A JSON object with its fields in podinfo's order, all of them strings.
fn indented(fields: &[(&str, &str)]) -> Response {
    let fields = fields.iter();
    let lines = fields.map(|(name, value)| format!("  \"{name}\": {}", json!(value)));
    let text = format!("{{\n{}\n}}", lines.collect::<Vec<_>>().join(",\n"));
    let kind = [(header::CONTENT_TYPE, "application/json; charset=utf-8")];
    (kind, text).into_response()
}

async fn home(state: State<Arc<AppState>>, headers: HeaderMap) -> Result<Response, StatusCode> {
    let agent = headers.get(header::USER_AGENT);
    if !agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla")) {
        return info(state).await;
    }
    let serving = state.serving()?;
    let page = page::page(
        &state.environment,
        &serving.version,
        &serving.color,
        &greeting(&serving),
    );
    Ok(page.into_response())
}

async fn info(State(state): State<Arc<AppState>>) -> Result<Response, StatusCode> {
    let serving = state.serving()?;
    Ok(indented(&[
        ("hostname", &format!("podinfo-{}", state.environment)),
        ("version", &serving.version),
        ("revision", &serving.revision),
        ("color", &serving.color),
        ("logo", ""),
        ("message", &greeting(&serving)),
        ("goos", "linux"),
        ("goarch", "amd64"),
        ("runtime", "go1.26.0"),
        ("num_goroutine", "8"),
        ("num_cpu", "2"),
    ]))
}

async fn version(State(state): State<Arc<AppState>>) -> Result<Response, StatusCode> {
    let serving = state.serving()?;
    let fields = [
        ("commit", &*serving.revision),
        ("version", &serving.version),
    ];
    Ok(indented(&fields))
}

async fn health(State(state): State<Arc<AppState>>) -> Result<Response, StatusCode> {
    state.serving()?;
    Ok(indented(&[("status", "OK")]))
}
