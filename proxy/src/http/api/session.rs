//! Who is looking.

use std::sync::Arc;

use axum::extract::State;
use http::HeaderMap;
use model::api::Session;

use crate::app::App;
use crate::auth::Reader;
use crate::http::dashboard;

/// `GET api/v1/session`: the viewer, and what a page needs to know before anything else.
pub(super) async fn session(
    State(app): State<Arc<App>>,
    Reader(session): Reader,
    headers: HeaderMap,
) -> axum::Json<Session> {
    // Without the cookie for writing, as in another site's frame, there is nothing to send it with.
    let csrf_token = session
        .as_ref()
        .filter(|session| {
            let write = app.access.cookies.write(&headers);
            write.is_some_and(|write| session.may_write(write))
        })
        .map(|session| session.csrf_token.clone());
    axum::Json(Session {
        viewer: session.map(|session| session.viewer.clone()),
        csrf_token,
        dashboard_user: dashboard::user(&app, &headers).await,
        dashboard: app.config.weave_gitops.is_some(),
        demo: app.config.demo,
        version: env!("CARGO_PKG_VERSION").into(),
    })
}
