//! The viewer, the repository, and the rules of its branches.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::github::access::{self, Viewer};
use crate::github::error::ApiError;
use crate::github::json;
use crate::github::rules;
use crate::github::state::{GitHubState, Repo};

pub(super) async fn viewer(
    State(github): State<Arc<GitHubState>>,
    Viewer(account): Viewer,
) -> Json<Value> {
    Json(json::user(&github.links(), account))
}

pub(super) async fn detail(repo: Repo, headers: HeaderMap) -> Result<Json<Value>, ApiError> {
    let viewer = access::viewer(&repo.github, &headers)?;
    let state = repo.state.lock();
    let open = state.pulls.values().filter(|pull| pull.is_open()).count();
    Ok(Json(json::full_repository(&repo, viewer, open)))
}

#[derive(Deserialize)]
pub(super) struct Branch {
    branch: String,
}

pub(super) async fn branch_rules(repo: Repo, Path(Branch { branch }): Path<Branch>) -> Json<Value> {
    let Some(protection) = rules::protection(&branch) else {
        return Json(json!([]));
    };
    let from = |mut rule: Value| {
        rule["ruleset_source_type"] = "Repository".into();
        rule["ruleset_source"] = repo.full_name().into();
        rule["ruleset_id"] = 5001.into();
        rule
    };
    let contexts = protection.checks.iter();
    let contexts: Vec<Value> = contexts.map(|name| json!({ "context": name })).collect();
    Json(json!([
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
    ]))
}
