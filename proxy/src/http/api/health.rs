//! Whether Weft is alive, and whether it has something to say.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use crate::app::App;
use crate::problem::Failure;

/// `GET healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok"
}

/// `GET readyz`: the journal answers, and every board was computed from what its sources said.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Result<&'static str, Failure> {
    let not_yet = |detail: &str, cause: Option<String>| Failure {
        cause,
        ..Failure::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_ready",
            "Not ready",
            detail,
        )
    };
    app.journal
        .ping()
        .await
        .map_err(|error| not_yet("The journal does not answer.", Some(error.to_string())))?;
    if !app.boards.ready() {
        return Err(not_yet("Not every source has answered yet.", None));
    }
    Ok("ready")
}
