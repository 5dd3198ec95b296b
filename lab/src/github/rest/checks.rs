//! Statuses, workflow runs, and dispatches.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::contents::{Reference, resolve};
use super::extract::Page;
use crate::github::access::Viewer;
use crate::github::error::ApiError;
use crate::github::json;
use crate::github::operations::statuses::{self, NewStatus};
use crate::github::repository::WorkflowRun;
use crate::github::state::Repo;

#[derive(Deserialize)]
pub(super) struct Sha {
    sha: String,
}

pub(super) async fn set_status(
    repo: Repo,
    Path(Sha { sha }): Path<Sha>,
    Viewer(by): Viewer,
    Json(new): Json<NewStatus>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    repo.blocking(move |repo| {
        let status = statuses::set_status(repo, by, &sha, new)?;
        let body = json::status(repo, &sha, &status);
        Ok((StatusCode::CREATED, Json(body)))
    })
    .await
}

pub(super) async fn statuses(
    repo: Repo,
    Path(Reference { reference }): Path<Reference>,
    page: Page,
) -> Result<Response, ApiError> {
    repo.blocking(move |repo| {
        let sha = &resolve(repo, &reference)?.oid;
        let state = repo.state.lock();
        // Newest first, as GitHub lists them.
        let statuses = state.statuses.get(sha).into_iter().flatten().rev();
        let items: Vec<Value> = statuses
            .map(|status| json::status(repo, sha, status))
            .collect();
        Ok(page.answer(items, Json))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct RunFilter {
    event: Option<String>,
    status: Option<String>,
}

impl RunFilter {
    fn admits(&self, run: &WorkflowRun) -> bool {
        let status =
            |status: &str| status == run.phase.status() || Some(status) == run.phase.conclusion();
        self.event
            .as_ref()
            .is_none_or(|event| event == run.workflow.event)
            && self.status.as_deref().is_none_or(status)
    }
}

pub(super) async fn runs(repo: Repo, Query(filter): Query<RunFilter>, page: Page) -> Response {
    let state = repo.state.lock();
    let runs = state.runs.iter().rev().filter(|run| filter.admits(run));
    let items: Vec<Value> = runs.map(|run| json::workflow_run(&repo, run)).collect();
    let total = items.len();
    page.answer(items, |items| {
        Json(json!({ "total_count": total, "workflow_runs": items }))
    })
}

#[derive(Deserialize)]
pub(super) struct Dispatch {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    client_payload: Value,
}

pub(super) async fn dispatch(
    repo: Repo,
    Viewer(by): Viewer,
    Json(asked): Json<Dispatch>,
) -> Result<StatusCode, ApiError> {
    statuses::dispatch(&repo, by, &asked.event_type, asked.client_payload)?;
    Ok(StatusCode::NO_CONTENT)
}
