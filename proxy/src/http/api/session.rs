//! The viewer's session.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use model::api::Session;

use crate::auth::Auth;
use crate::config::Config;
use crate::http::dashboard;
use crate::http::extract::ReadSession;

/// The viewer, and what a page needs to know before anything else.
#[utoipa::path(
    get,
    path = "/api/v1/session",
    tag = "session",
    responses((status = OK, body = Session))
)]
pub(super) async fn session(
    State(auth): State<Arc<Auth>>,
    State(config): State<Arc<Config>>,
    State(client): State<reqwest::Client>,
    ReadSession { session, .. }: ReadSession,
    headers: HeaderMap,
) -> Json<Session> {
    // Without the cookie for writing, as in another site's frame, there is nothing to send it with.
    let csrf_token = session
        .as_ref()
        .filter(|session| {
            let write = auth.cookies.write(&headers);
            write.is_some_and(|write| session.may_write(&write))
        })
        .map(|session| session.csrf_token.clone());
    let dashboard = config.weave_gitops.as_ref();
    Json(Session {
        viewer: session.map(|session| session.viewer.clone()),
        csrf_token,
        dashboard_user: match dashboard {
            Some(dashboard) => dashboard::user(&client, dashboard, &headers).await,
            None => None,
        },
        dashboard: dashboard.is_some(),
        demo: config.demo,
        version: env!("CARGO_PKG_VERSION").into(),
    })
}
