//! The presenter's controls over HTTP: `lab/v1/state`, `lab/v1/steps/{step}`, `lab/v1/faults/{fault}`
//! and `lab/v1/clock`, below wherever the demo mounts them. Each answers with the state afterwards.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::{Scenario, ScenarioError, ScenarioState};
use crate::faults::FaultError;
use crate::github::ApiError;

/// Returns the routes of the demo's controls, below `lab/v1/`.
pub fn routes(scenario: Scenario) -> Router {
    Router::new()
        .route("/lab/v1/state", get(state))
        .route("/lab/v1/steps/{step}", post(run_step))
        .route(
            "/lab/v1/faults/{fault}",
            put(order_or_cancel).delete(order_or_cancel),
        )
        .route("/lab/v1/clock", post(advance))
        .with_state(scenario)
}

type StateResult = Result<Json<ScenarioState>, ScenarioError>;

async fn state(State(scenario): State<Scenario>) -> StateResult {
    Ok(Json(scenario.state().await?))
}

async fn run_step(State(scenario): State<Scenario>, Path(step): Path<String>) -> StateResult {
    scenario.run_step(&step).await?;
    state(State(scenario)).await
}

/// The body of a request, which may be empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ControlRequest {
    environment: Option<String>,
    advance_seconds: u64,
}

impl ControlRequest {
    fn read(body: &[u8]) -> Result<Self, ScenarioError> {
        match body {
            [] => Ok(Self::default()),
            body => Ok(serde_json::from_slice(body)?),
        }
    }
}

async fn order_or_cancel(
    State(scenario): State<Scenario>,
    Path(fault): Path<String>,
    method: Method,
    body: Bytes,
) -> StateResult {
    let environment = ControlRequest::read(&body)?.environment;
    match method {
        Method::DELETE => scenario.cancel_fault(&fault, environment.as_deref())?,
        _ => scenario.order_fault(&fault, environment.as_deref()).await?,
    }
    state(State(scenario)).await
}

async fn advance(State(scenario): State<Scenario>, body: Bytes) -> StateResult {
    let by = ControlRequest::read(&body)?.advance_seconds;
    scenario.lab().clock().advance(Duration::from_secs(by));
    state(State(scenario)).await
}

impl From<&ScenarioError> for StatusCode {
    fn from(error: &ScenarioError) -> Self {
        match error {
            ScenarioError::NoSuchStep(_) | ScenarioError::Fault(FaultError::Unknown(_)) => {
                Self::NOT_FOUND
            }
            ScenarioError::NotNow(_) => Self::CONFLICT,
            ScenarioError::Body(_) => Self::BAD_REQUEST,
            ScenarioError::Fault(_) => Self::UNPROCESSABLE_ENTITY,
            ScenarioError::Forge(ApiError::Answer { status, .. }) => {
                Self::from_u16(*status).unwrap_or(Self::BAD_GATEWAY)
            }
            ScenarioError::Forge(ApiError::Internal(_)) => Self::BAD_GATEWAY,
        }
    }
}

/// Problem details (RFC 9457).
impl IntoResponse for ScenarioError {
    fn into_response(self) -> Response {
        let status = StatusCode::from(&self);
        let title = status.canonical_reason().unwrap_or("Error");
        let body = json!({
            "type": "about:blank", "title": title, "status": status.as_u16(),
            "detail": self.to_string(), "code": "lab_refused",
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, body.to_string()).into_response()
    }
}
