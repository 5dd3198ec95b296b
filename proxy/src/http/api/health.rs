//! Probes: whether Weft is alive, and whether its boards say something.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use crate::board::Boards;
use crate::http::error::ApiError;
use crate::journal::Journal;

/// The process answers.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "probes",
    responses((status = OK, content_type = "text/plain", body = String))
)]
pub(super) async fn alive() -> &'static str {
    "ok"
}

/// The journal answers, and every source of every board has answered or failed once.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "probes",
    responses((status = OK, content_type = "text/plain", body = String))
)]
pub(super) async fn ready(
    State(journal): State<Arc<dyn Journal>>,
    State(boards): State<Arc<Boards>>,
) -> Result<&'static str, ApiError> {
    let not_yet = |detail: &str, cause: Option<String>| ApiError {
        cause,
        ..ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "Not ready",
            detail,
        )
    };
    journal
        .ping()
        .await
        .map_err(|error| not_yet("The journal does not answer.", Some(error.to_string())))?;
    if !boards.ready() {
        return Err(not_yet("Not every source has answered yet.", None));
    }
    Ok("ready")
}
