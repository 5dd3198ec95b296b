//! The HTTP interface: the routes under the base path, the page's files, and the reverse proxy.
//!
//! Handlers are in `api`, `auth` and `webhooks`; the layers around them in `problem_details` and here. Nothing
//! but the programs imports this module.

mod api;
mod auth;
mod dashboard;
mod error;
mod extract;
mod openapi;
mod page;
mod policy;
mod problem_details;
mod request_id;
mod same_origin;
mod scripts;
mod serve;
mod site;
mod webhooks;

use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use http::{HeaderValue, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use utoipa_axum::routes;

use crate::app::AppState;

use error::ApiError;

pub use policy::PolicyError;
pub use serve::serve;
pub use site::SiteError;

/// The most bytes of a request's body.
const BODY_LIMIT: usize = 1024 * 1024;

/// All routes. `extra` are those that only the demo has, relative to the base path.
///
/// # Errors
/// When the built page cannot be served as it is.
pub fn router(app: &AppState, extra: Option<Router>) -> Result<Router, SiteError> {
    let base = app.config.base_path.as_str();
    let site = site::Site::open(&app.config)?;
    let policy = site.policy.clone();
    let nowhere = any(|| async { ApiError::not_found("There is nothing at this address.") });
    let (described, api) = openapi::router()
        // The built page's files are compressed already; streams are left as they are.
        .merge(api::routes().layer(CompressionLayer::new()))
        .merge(auth::routes())
        .merge(webhooks::routes())
        .merge(scripts::routes())
        .routes(routes!(openapi::openapi))
        .split_for_parts();
    let mut own = described.layer(Extension(openapi::document(api, base)));
    if let Some(extra) = extra {
        let guarded = middleware::from_fn_with_state(app.clone(), same_origin::guard);
        own = own.merge(extra.route_layer(guarded).with_state(()));
    }
    for reserved in ["api", "auth", "hooks", "lab"] {
        own = own.route(&format!("/{reserved}/{{*rest}}"), nowhere.clone());
    }
    // The page has every path of its own that is not one of the above.
    let own = own
        .fallback(site::serve)
        .layer(middleware::from_fn(move |request, next| {
            secured(policy.clone(), request, next)
        }))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(Extension(site))
        .with_state(app.clone());
    let bare = base.trim_end_matches('/');
    let home = base.to_owned();
    let mut all = Router::new()
        .route(bare, get(move || async move { Redirect::permanent(&home) }))
        .nest_service(base, own);
    all = match &app.config.weave_gitops {
        Some(dashboard) => {
            let forward = any(dashboard::forward)
                .layer(Extension(dashboard::Upstream(dashboard.upstream.clone())))
                .with_state(app.clone());
            all.fallback_service(forward)
        }
        None => {
            let home = base.to_owned();
            all.route("/", get(move || async move { Redirect::temporary(&home) }))
                .fallback(|| async { ApiError::not_found("There is nothing at this address.") })
        }
    };
    let problem_details = middleware::from_fn_with_state(app.clone(), problem_details::layer);
    // The last layer is the outermost.
    Ok(all
        .layer(CatchPanicLayer::custom(panicked))
        .layer(problem_details)
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(middleware::map_request(async |request| {
            request_id::without_harmful_id(request)
        })))
}

/// Sets the headers that every response of Weft carries.
async fn secured(policy: HeaderValue, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What is computed for one viewer is not stored, unless a route says otherwise.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "this is the signature that tower-http calls"
)]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let words = panic
        .downcast_ref::<&str>()
        .map(|words| (*words).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    ApiError::internal(words.unwrap_or_else(|| "a panic without words".into())).into_response()
}
