//! Signing in to the dashboard: one cookie named `session`, kept in memory for an hour. Any user may
//! sign in with any password that is not empty.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;

use super::Shared;

const LASTS: Duration = Duration::from_secs(3600);

/// Who is signed in.
#[derive(Default)]
pub(super) struct Sessions {
    users: Mutex<HashMap<String, (String, Instant)>>,
}

impl Sessions {
    /// The user whose cookie a request bears.
    pub(super) fn user(&self, headers: &HeaderMap) -> Option<String> {
        let (user, since) = self.users.lock().get(&cookie(headers)?)?.clone();
        (since.elapsed() < LASTS).then_some(user)
    }
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix("session=").map(str::to_owned))
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
}

/// 200 and a cookie with an empty body; 401; or 400 with JSON.
pub(super) async fn sign_in(
    State(shared): State<Shared>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Response {
    let Ok(Json(credentials)) = credentials else {
        let body = json!({"message": "Failed to read request body."});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    if credentials.username.is_empty() || credentials.password.is_empty() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let session = hex::encode(rand::random::<[u8; 24]>());
    let mut users = shared.sessions.users.lock();
    users.retain(|_, (_, since)| since.elapsed() < LASTS);
    users.insert(session.clone(), (credentials.username, Instant::now()));
    let cookie = format!("session={session}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, "no-cache=\"Set-Cookie\"".to_owned()),
    ];
    (StatusCode::OK, headers).into_response()
}

/// 200 with the user; 400, empty, without a session; 401 with one that is not known.
pub(super) async fn user_info(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    match shared.sessions.user(&headers) {
        Some(user) => {
            let body = json!({"email": user, "id": user, "groups": null}).to_string();
            ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
        }
        None if cookie(&headers).is_some() => StatusCode::UNAUTHORIZED.into_response(),
        None => StatusCode::BAD_REQUEST.into_response(),
    }
}

/// Empties the cookie.
pub(super) async fn log_out(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    if let Some(session) = cookie(&headers) {
        shared.sessions.users.lock().remove(&session);
    }
    let emptied = "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax";
    (StatusCode::OK, [(header::SET_COOKIE, emptied)]).into_response()
}
