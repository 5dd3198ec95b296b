//! The JSON API: one file for each resource, the routes in one table.

mod detached;
mod health;
mod history;
mod objects;
mod pipelines;
mod promotions;
mod releases;
mod session;
mod stream;

use axum::Router;
use axum::routing::{get, post};

use crate::app::AppState;

pub(super) fn routes() -> Router<AppState> {
    const PIPELINE: &str = "/api/v1/pipelines/{namespace}/{name}";
    const PROMOTION: &str = "/api/v1/promotions/{owner}/{repo}/{number}";
    Router::new()
        .route("/api/v1/session", get(session::session))
        .route("/api/v1/pipelines", get(pipelines::rows))
        .route(PIPELINE, get(pipelines::board))
        .route(&format!("{PIPELINE}/journeys"), get(history::journeys))
        .route(&format!("{PIPELINE}/journal"), get(history::journal))
        .route(&format!("{PIPELINE}/journal.csv"), get(history::csv))
        .route(&format!("{PIPELINE}/release"), get(releases::plan))
        .route(&format!("{PIPELINE}/releases"), post(releases::start))
        .route(
            &format!("{PIPELINE}/environments/{{environment}}/dispatch"),
            post(promotions::promote),
        )
        .route(
            &format!("{PIPELINE}/environments/{{environment}}/events"),
            get(objects::events),
        )
        .route(
            &format!("{PIPELINE}/environments/{{environment}}/reconcile"),
            get(objects::reconcile_state).post(objects::reconcile),
        )
        .route("/api/v1/stream", get(stream::stream))
        .route(PROMOTION, get(promotions::card))
        .route(&format!("{PROMOTION}/approve"), post(promotions::approve))
        .route(&format!("{PROMOTION}/refuse"), post(promotions::refuse))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}
