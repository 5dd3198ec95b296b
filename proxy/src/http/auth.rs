//! Signing in through GitHub's web flow, and out again.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Query, WriteSession};
use super::page;
use crate::app::AppState;
use crate::auth::{Auth, Callback, LOGIN_LIFETIME, LoginQuery, SESSION_LIFETIME};
use crate::config::Config;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(callback))
        .routes(routes!(logout))
}

/// Sends the browser to GitHub.
#[utoipa::path(
    get,
    path = "/auth/github/login",
    tag = "auth",
    params(LoginQuery),
    responses((status = SEE_OTHER))
)]
async fn login(
    State(auth): State<Arc<Auth>>,
    Query(query): Query<LoginQuery>,
) -> impl IntoResponse {
    let (page, sealed) = auth.begin_login(&query);
    let cookie = auth.cookies.set_login(&sealed, LOGIN_LIFETIME);
    (set_cookies([cookie]), Redirect::to(page.as_str()))
}

/// Takes the browser back from GitHub.
#[utoipa::path(
    get,
    path = "/auth/github/callback",
    tag = "auth",
    params(Callback),
    responses((status = SEE_OTHER))
)]
async fn callback(
    State(auth): State<Arc<Auth>>,
    State(config): State<Arc<Config>>,
    headers: HeaderMap,
    callback: Result<Query<Callback>, ApiError>,
) -> Response {
    // A sign-in ends once, whatever comes of it.
    let cleared = set_cookies([auth.cookies.clear_login()]);
    let ended = async {
        let Query(callback) = callback?;
        let cookie = auth.cookies.login(&headers);
        Ok::<_, ApiError>(auth.end_login(cookie.as_deref(), callback).await?)
    };
    let (signed_in, cookies) = match ended.await {
        Ok(ended) => ended,
        Err(error) => return (cleared, error).into_response(),
    };
    tracing::info!(login = signed_in.viewer.login, "signed in");
    let (read, write) = (&cookies.read, &cookies.write);
    let session = set_cookies(auth.cookies.set_session(read, write, SESSION_LIFETIME));
    if signed_in.popup {
        let page = page::signed_in(&config.base_path);
        (cleared, session, Html(page)).into_response()
    } else {
        (cleared, session, Redirect::to(&signed_in.return_to)).into_response()
    }
}

/// Ends the session.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "auth",
    responses((status = NO_CONTENT))
)]
async fn logout(State(auth): State<Arc<Auth>>, write: WriteSession) -> impl IntoResponse {
    auth.sessions.close(&write.session);
    (
        StatusCode::NO_CONTENT,
        set_cookies(auth.cookies.clear_session()),
    )
}

fn set_cookies<const N: usize>(
    cookies: [HeaderValue; N],
) -> AppendHeaders<[(header::HeaderName, HeaderValue); N]> {
    AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)))
}
