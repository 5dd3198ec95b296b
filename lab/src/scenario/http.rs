//! The presenter's controls over HTTP: `lab/v1/state`, `lab/v1/steps/{step}`, `lab/v1/faults/{fault}`
//! and `lab/v1/clock`, below wherever the demo mounts them. Each answers with the state afterwards.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::{Scenario, ScenarioError, ScenarioState};
use crate::faults::FaultError;
use crate::github::ApiError;

/// The routes.
pub fn routes(scenario: Scenario) -> Router {
    Router::new()
        .route("/lab/v1/state", get(state))
        .route("/lab/v1/steps/{step}", post(take))
        .route("/lab/v1/faults/{fault}", put(order).delete(cancel))
        .route("/lab/v1/clock", post(advance))
        .with_state(scenario)
}

type Answer = Result<Json<ScenarioState>, Problem>;

async fn state(State(scenario): State<Scenario>) -> Answer {
    Ok(Json(scenario.state().await?))
}

async fn take(State(scenario): State<Scenario>, Path(step): Path<String>) -> Answer {
    scenario.run_step(&step).await?;
    Ok(Json(scenario.state().await?))
}

#[derive(Default, Deserialize)]
struct Order {
    environment: Option<String>,
}

async fn order(State(scenario): State<Scenario>, Path(fault): Path<String>, body: Bytes) -> Answer {
    let order: Order = read(&body)?;
    scenario
        .order_fault(&fault, order.environment.as_deref())
        .await?;
    Ok(Json(scenario.state().await?))
}

async fn cancel(
    State(scenario): State<Scenario>,
    Path(fault): Path<String>,
    body: Bytes,
) -> Answer {
    let order: Order = read(&body)?;
    scenario.cancel_fault(&fault, order.environment.as_deref())?;
    Ok(Json(scenario.state().await?))
}

#[derive(Default, Deserialize)]
struct Advance {
    #[serde(default)]
    advance_seconds: u64,
}

async fn advance(State(scenario): State<Scenario>, body: Bytes) -> Answer {
    let advance: Advance = read(&body)?;
    let by = Duration::from_secs(advance.advance_seconds);
    scenario.lab().clock().advance(by);
    Ok(Json(scenario.state().await?))
}

/// An empty body says nothing.
fn read<T: Default + for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Problem> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body).map_err(|error| Problem {
        status: StatusCode::BAD_REQUEST,
        detail: format!("the body cannot be read: {error}"),
    })
}

impl From<&ScenarioError> for StatusCode {
    fn from(error: &ScenarioError) -> Self {
        match error {
            ScenarioError::NoSuchStep(_) | ScenarioError::Fault(FaultError::Unknown(_)) => {
                Self::NOT_FOUND
            }
            ScenarioError::NotNow(_) => Self::CONFLICT,
            ScenarioError::Fault(_) => Self::UNPROCESSABLE_ENTITY,
            ScenarioError::Forge(ApiError::Answer { status, .. }) => {
                Self::from_u16(*status).unwrap_or(Self::BAD_GATEWAY)
            }
            ScenarioError::Forge(ApiError::Internal(_)) => Self::BAD_GATEWAY,
        }
    }
}

/// Problem details (RFC 9457).
struct Problem {
    status: StatusCode,
    detail: String,
}

impl From<ScenarioError> for Problem {
    fn from(error: ScenarioError) -> Self {
        Self {
            status: StatusCode::from(&error),
            detail: error.to_string(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = json!({
            "type": "about:blank", "title": title, "status": self.status.as_u16(),
            "detail": self.detail, "code": "lab_refused",
        });
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (self.status, kind, body.to_string()).into_response()
    }
}
