//! A small dashboard shaped like Weave GitOps: its sign-in, its navigation, lists of objects, and the page
//! of an object with its Sync button.

mod page;
mod state;
mod sync;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use self::state::{DashboardState, ObjectQuery, Stores, cookie};

/// A running dashboard. It ends when it is dropped.
pub struct Dashboard {
    url: Url,
    _task: AbortOnDropHandle<()>,
}

type Shared = State<Arc<DashboardState>>;

impl Dashboard {
    /// Starts the dashboard.
    ///
    /// # Errors
    /// When it cannot listen.
    pub async fn start(listen: SocketAddr, stores: Stores) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(listen)
            .await
            .context("listening for the dashboard")?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let state = Arc::new(DashboardState {
            stores,
            sessions: Mutex::default(),
        });
        let router = Router::new()
            .route("/v1/sync", post(sync::sync))
            .route("/v1/{*rest}", any(|| async { StatusCode::NOT_FOUND }))
            .route("/oauth2/sign_in", post(sign_in))
            .route("/oauth2/userinfo", get(user_info))
            .route("/", get(list_view))
            .route("/{view}", get(list_view))
            .route("/{view}/details", get(details_view))
            // Everything depends on the cookie, as in the original.
            .layer(map_response(async |mut response: Response| {
                let vary = HeaderValue::from_static("Cookie");
                response.headers_mut().insert(header::VARY, vary);
                response
            }))
            .with_state(state);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!("the dashboard ended: {error}");
            }
        });
        let _task = AbortOnDropHandle::new(task);
        Ok(Self { url, _task })
    }

    /// The address of the dashboard, with a slash at the end.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// Any user may sign in with any password that is not empty.
async fn sign_in(State(state): Shared, Json(credentials): Json<Credentials>) -> Response {
    if credentials.username.is_empty() || credentials.password.is_empty() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let session = hex::encode(rand::random::<[u8; 24]>());
    let cookie = format!("session={session}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax");
    let mut sessions = state.sessions.lock();
    sessions.insert(session, credentials.username);
    [(header::SET_COOKIE, cookie)].into_response()
}

/// The user; 400 without a session, 401 with one that is not known.
async fn user_info(State(state): Shared, headers: HeaderMap) -> Result<Response, StatusCode> {
    cookie(&headers).ok_or(StatusCode::BAD_REQUEST)?;
    let user = state.user(&headers).ok_or(StatusCode::UNAUTHORIZED)?;
    Ok(Json(json!({"email": user, "id": user, "groups": null})).into_response())
}

/// A path with an extension is a file, of which there is none; any other is the page.
async fn list_view(
    State(state): Shared,
    headers: HeaderMap,
    view: Option<Path<String>>,
) -> Result<Html<String>, StatusCode> {
    let view = view.map_or_else(String::new, |Path(view)| view);
    if view.contains('.') {
        return Err(StatusCode::NOT_FOUND);
    }
    Ok(Html(match state.user(&headers) {
        Some(_) => page::list(&view, &state.stores),
        None => page::sign_in(),
    }))
}

async fn details_view(
    State(state): Shared,
    headers: HeaderMap,
    Path(view): Path<String>,
    Query(mut query): Query<ObjectQuery>,
) -> Html<String> {
    if state.user(&headers).is_none() {
        return Html(page::sign_in());
    }
    query.kind = page::kind_of(&view).unwrap_or_default().to_owned();
    let object = query.find(&state);
    let object = object.and_then(|(store, key)| store.get(&key));
    Html(page::details(&view, &query, object.as_deref()))
}
