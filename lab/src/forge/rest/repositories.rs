//! The viewer, the repository, and the rules of its branches.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::forge::access::Viewer;
use crate::forge::accounts;
use crate::forge::engine::Engine;
use crate::forge::present;
use crate::forge::refusal::Refusal;
use crate::forge::rules;
use crate::forge::tokens::RATE_LIMIT;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route("/user", get(viewer))
        .route("/users/{login}", get(user))
        .route("/rate_limit", get(rate_limit))
        .route("/repos/{owner}/{repo}", get(detail))
        .route(
            "/repos/{owner}/{repo}/rules/branches/{*branch}",
            get(branch_rules),
        )
}

async fn viewer(State(engine): State<Arc<Engine>>, viewer: Viewer) -> Result<Json<Value>, Refusal> {
    let account = viewer.account()?;
    Ok(Json(present::private_user(&engine.links(), account)))
}

async fn user(
    State(engine): State<Arc<Engine>>,
    Path(login): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let account = accounts::account(&login).ok_or_else(Refusal::not_found)?;
    Ok(Json(present::private_user(&engine.links(), account)))
}

async fn rate_limit(State(engine): State<Arc<Engine>>, viewer: Viewer) -> Json<Value> {
    let login = viewer.0.map_or("", |account| account.login);
    let usage = engine.tokens.count(login, 0, engine.now());
    let core = json!({
        "limit": RATE_LIMIT,
        "used": usage.used,
        "remaining": RATE_LIMIT - usage.used,
        "reset": usage.resets.unix_timestamp(),
    });
    let resources = json!({ "core": core, "graphql": core, "search": core });
    Json(json!({ "resources": resources, "rate": core }))
}

async fn detail(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let open = repository
        .state
        .lock()
        .pulls
        .values()
        .filter(|pull| pull.is_open())
        .count();
    let body = present::full_repository(&engine.links(), &repository, viewer.0, open);
    Ok(Json(body))
}

async fn branch_rules(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, branch)): Path<(String, String, String)>,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let Some(protection) = rules::protection(&branch) else {
        return Ok(Json(json!([])));
    };
    let from = |mut rule: Value| {
        rule["ruleset_source_type"] = "Repository".into();
        rule["ruleset_source"] = repository.full_name().into();
        rule["ruleset_id"] = 5001.into();
        rule
    };
    let contexts: Vec<Value> = protection
        .checks
        .iter()
        .map(|context| json!({ "context": context }))
        .collect();
    Ok(Json(json!([
        from(json!({ "type": "deletion" })),
        from(json!({ "type": "non_fast_forward" })),
        from(json!({ "type": "pull_request", "parameters": {
            "allowed_merge_methods": ["merge", "squash"],
            "dismiss_stale_reviews_on_push": true,
            "require_code_owner_review": false,
            "require_last_push_approval": false,
            "required_approving_review_count": protection.approvals,
            "required_review_thread_resolution": false,
        } })),
        from(json!({ "type": "required_status_checks", "parameters": {
            "do_not_enforce_on_create": false,
            "required_status_checks": contexts,
            "strict_required_status_checks_policy": false,
        } })),
    ])))
}
