//! The scripts that are part of the binary.

use axum::response::IntoResponse;
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(embed))
        .routes(routes!(popup))
}

/// The script that adds Weft to the dashboard's navigation.
#[utoipa::path(
    get,
    path = "/embed.js",
    tag = "dashboard",
    responses((status = OK, content_type = "text/javascript", body = String))
)]
async fn embed() -> impl IntoResponse {
    script(include_str!("embed.js"))
}

/// The script that closes a sign-in's popup.
#[utoipa::path(
    get,
    path = "/auth/popup.js",
    tag = "auth",
    responses((status = OK, content_type = "text/javascript", body = String))
)]
async fn popup() -> impl IntoResponse {
    script(include_str!("popup.js"))
}

/// Kept for five minutes, since a new version of Weft may change it.
fn script(text: &'static str) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, text)
}
