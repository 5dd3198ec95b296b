//! The GitHub-shaped server: real git repositories over smart HTTP, GitHub's REST and GraphQL
//! operations, sign-in, webhooks, branch protection, a chart repository and a container registry. It
//! publishes events and knows nothing of those who subscribe.

mod access;
pub(crate) mod accounts;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod git;
mod git_http;
mod graphql;
pub(crate) mod json;
mod links;
mod oauth;
pub(crate) mod operations;
mod pages;
mod registry;
pub(crate) mod repository;
mod rest;
pub(crate) mod rules;
pub(crate) mod state;
pub(crate) mod tokens;
pub(crate) mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use tokio::net::TcpListener;

pub use self::accounts::{ACCOUNTS, Account, AccountKind, Permission, account};
pub use self::error::ApiError;
pub use self::event::{Published, RepositoryEvent};
pub use self::git::RefUpdate;
pub use self::registry::COLOR_ANNOTATION;
pub use self::tokens::OAuthApp;

use self::state::GitHubState;

/// Serves on `listener` until the state's `stop` is cancelled.
pub(crate) fn serve(github: &Arc<GitHubState>, listener: TcpListener) {
    let stop = github.stop.clone();
    let server = axum::serve(listener, routes(github.clone()))
        .with_graceful_shutdown(async move { stop.cancelled().await });
    github.tasks.spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the GitHub-shaped server stopped serving");
        }
    });
}

fn routes(github: Arc<GitHubState>) -> Router {
    let api_headers = middleware::from_fn_with_state(github.clone(), access::api_headers);
    let rest = rest::routes().layer(api_headers.clone());
    let graphql = graphql::routes().layer(api_headers);
    Router::new()
        .merge(pages::routes())
        .merge(oauth::routes())
        .merge(registry::routes())
        .merge(rest.clone())
        .nest("/api/v3", rest)
        .merge(graphql)
        .layer(DefaultBodyLimit::max(2 << 20))
        .merge(git_http::routes())
        .fallback(|| async { ApiError::not_found() })
        .with_state(github)
}
