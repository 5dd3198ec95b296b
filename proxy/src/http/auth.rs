//! Signing in by GitHub's web flow, and out again.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode, header};

use super::page;
use crate::app::App;
use crate::auth::{LOGIN_LIFETIME, Return, SESSION_LIFETIME, Start, Writer};
use crate::problem::Failure;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/auth/github/login", get(login))
        .route("/auth/github/callback", get(callback))
        .route("/auth/popup.js", get(popup_script))
        .route("/auth/logout", post(logout))
}

/// Sends the browser to GitHub.
async fn login(
    State(app): State<Arc<App>>,
    start: Result<Query<Start>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(start) = start?;
    let access = &app.access;
    let (page, sealed) = access.logins.begin(&start, &access.oauth, app.clock.now());
    let cookie = access.cookies.set_login(&sealed, LOGIN_LIFETIME);
    let headers = AppendHeaders([(header::SET_COOKIE, cookie)]);
    Ok((headers, Redirect::to(page.as_str())).into_response())
}

/// Takes the browser back from GitHub.
async fn callback(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    answer: Result<Query<Return>, QueryRejection>,
) -> Result<Response, Response> {
    let access = &app.access;
    // A sign-in ends once, however it ends.
    let over = AppendHeaders([(header::SET_COOKIE, access.cookies.clear_login())]);
    let ended = async {
        let Query(answer) = answer?;
        let cookie = access.cookies.login(&headers);
        let now = app.clock.now();
        let ended = access
            .logins
            .end(cookie, answer, &access.oauth, &app.github, now);
        Ok::<_, Failure>(ended.await?)
    };
    let signed_in = match ended.await {
        Ok(signed_in) => signed_in,
        Err(failure) => return Err((over, failure).into_response()),
    };
    tracing::info!(login = signed_in.viewer.login, "signed in");
    let opened = access
        .sessions
        .open(signed_in.viewer, signed_in.tokens, app.clock.now());
    let cookies = access
        .cookies
        .set_session(&opened.read, &opened.write, SESSION_LIFETIME);
    let cookies = AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok(if signed_in.popup {
        let page = page::signed_in(&app.config.base_path);
        (over, cookies, Html(page)).into_response()
    } else {
        (over, cookies, Redirect::to(&signed_in.return_to)).into_response()
    })
}

async fn logout(State(app): State<Arc<App>>, Writer(session): Writer) -> Response {
    app.access.sessions.close(&session);
    let cleared = app.access.cookies.clear_session();
    let cookies = AppendHeaders(cleared.map(|cookie| (header::SET_COOKIE, cookie)));
    (StatusCode::NO_CONTENT, cookies).into_response()
}

async fn popup_script() -> impl IntoResponse {
    super::script(include_str!("popup.js"))
}
