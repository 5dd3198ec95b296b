//! The REST interface: GitHub's paths, parameters and answers, over `operations` and `json`. Served at
//! the root (as api.github.com does) and under `/api/v3` (as GitHub Enterprise does).

mod checks;
mod contents;
mod extract;
mod pulls;
mod repositories;
mod reviews;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};

use super::state::GitHubState;

/// Returns every REST route.
pub(crate) fn routes() -> Router<Arc<GitHubState>> {
    let repository = Router::new()
        .route("/", get(repositories::detail))
        .route("/rules/branches/{*branch}", get(repositories::branch_rules))
        .route("/commits/{reference}", get(contents::commit))
        .route("/commits/{reference}/statuses", get(checks::statuses))
        .route("/statuses/{sha}", post(checks::set_status))
        .route("/actions/runs", get(checks::runs))
        .route("/dispatches", post(checks::dispatch))
        .route("/compare/{*basehead}", get(contents::compare))
        .route("/contents/{*path}", get(contents::contents))
        .route("/git/ref/{*name}", get(contents::reference))
        .route("/git/refs", post(contents::create_ref))
        .route("/git/refs/{*name}", delete(contents::delete_ref))
        .route("/pulls", get(pulls::list).post(pulls::open))
        .route("/pulls/{number}", get(pulls::detail).patch(pulls::update))
        .route("/pulls/{number}/files", get(pulls::files))
        .route("/pulls/{number}/merge", put(pulls::merge))
        .route("/pulls/{number}/reviews", post(reviews::create))
        .route(
            "/pulls/{number}/reviews/{id}/dismissals",
            put(reviews::dismiss),
        )
        .route(
            "/issues/{number}/comments",
            get(pulls::comments).post(pulls::comment),
        );
    Router::new()
        .route("/user", get(repositories::viewer))
        .nest("/repos/{owner}/{repo}", repository)
}
