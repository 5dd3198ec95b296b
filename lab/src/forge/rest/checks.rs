//! Statuses, check runs, workflow runs, and dispatches.

use std::sync::Arc;

use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Paging;
use crate::forge::access::Viewer;
use crate::forge::acts::marks::{self, NewStatus};
use crate::forge::engine::Engine;
use crate::forge::present;
use crate::forge::refusal::Refusal;

type ByRef = Path<(String, String, String)>;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route(
            "/repos/{owner}/{repo}/statuses/{sha}",
            post(set_status).get(statuses),
        )
        .route(
            "/repos/{owner}/{repo}/commits/{reference}/statuses",
            get(statuses),
        )
        .route(
            "/repos/{owner}/{repo}/commits/{reference}/status",
            get(combined),
        )
        .route(
            "/repos/{owner}/{repo}/commits/{reference}/check-runs",
            get(check_runs),
        )
        .route("/repos/{owner}/{repo}/actions/runs", get(runs))
        .route("/repos/{owner}/{repo}/dispatches", post(dispatch))
}

#[derive(Deserialize)]
struct AskedStatus {
    #[serde(default)]
    state: String,
    context: Option<String>,
    description: Option<String>,
    target_url: Option<String>,
}

async fn set_status(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, sha)): ByRef,
    viewer: Viewer,
    Json(asked): Json<AskedStatus>,
) -> Result<Response, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let new = NewStatus {
                state: asked.state,
                context: asked.context.unwrap_or_else(|| "default".to_owned()),
                description: asked.description,
                target_url: asked.target_url,
            };
            let id = marks::set_status(engine, &repository, by, &sha, new)?;
            let state = repository.state.lock();
            let status = state
                .statuses
                .values()
                .flatten()
                .find(|status| status.id == id)
                .ok_or_else(Refusal::not_found)?;
            let body = present::status(&engine.links(), &repository, &sha, status);
            Ok((StatusCode::CREATED, Json(body)).into_response())
        })
        .await
}

/// The commit that the path's ref stands for.
fn resolve(engine: &Engine, owner: &str, name: &str, reference: &str) -> Result<String, Refusal> {
    let repository = engine.repository(owner, name)?;
    let commit = repository.git.resolve(reference)?;
    commit.map(|commit| commit.oid.clone()).ok_or_else(|| {
        Refusal::invalid(
            "Commit",
            "ref",
            "invalid",
            &format!("No commit found for SHA: {reference}"),
        )
    })
}

async fn statuses(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, reference)): ByRef,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    engine
        .blocking(move |engine| {
            let sha = resolve(engine, &owner, &name, &reference)?;
            let repository = engine.repository(&owner, &name)?;
            let links = engine.links();
            let state = repository.state.lock();
            // Newest first, as GitHub lists them.
            let items = state
                .statuses
                .get(&sha)
                .into_iter()
                .flatten()
                .rev()
                .map(|status| present::status(&links, &repository, &sha, status))
                .collect();
            Ok(super::page(engine, &uri, &paging, items))
        })
        .await
}

async fn combined(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, reference)): ByRef,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    engine
        .blocking(move |engine| {
            let sha = resolve(engine, &owner, &name, &reference)?;
            let repository = engine.repository(&owner, &name)?;
            let state = repository.state.lock();
            Ok(Json(present::combined_status(
                &engine.links(),
                &repository,
                &state,
                &sha,
            )))
        })
        .await
}

#[derive(Deserialize)]
struct CheckFilter {
    check_name: Option<String>,
    status: Option<String>,
    filter: Option<String>,
    page: Option<usize>,
    per_page: Option<usize>,
}

async fn check_runs(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, reference)): ByRef,
    Query(filter): Query<CheckFilter>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    engine
        .blocking(move |engine| {
            let sha = resolve(engine, &owner, &name, &reference)?;
            let repository = engine.repository(&owner, &name)?;
            let links = engine.links();
            let state = repository.state.lock();
            let runs = match filter.filter.as_deref() {
                Some("all") => state.checks.get(&sha).into_iter().flatten().collect(),
                _ => state.latest_checks(&sha),
            };
            let items: Vec<Value> = runs
                .into_iter()
                .filter(|run| {
                    filter
                        .check_name
                        .as_ref()
                        .is_none_or(|name| *name == run.name)
                })
                .filter(|run| {
                    let status = filter.status.as_deref();
                    status.is_none_or(|status| status == run.phase.status())
                })
                .map(|run| present::check_run(&links, &repository, &state, run))
                .collect();
            let paging = Paging {
                page: filter.page,
                per_page: filter.per_page,
            };
            let link = paging.link(engine, &uri, items.len());
            let body = json!({ "total_count": items.len(), "check_runs": paging.cut(items) });
            Ok(super::with_link(link, Json(body)))
        })
        .await
}

#[derive(Deserialize)]
struct RunFilter {
    event: Option<String>,
    branch: Option<String>,
    status: Option<String>,
    head_sha: Option<String>,
    page: Option<usize>,
    per_page: Option<usize>,
}

async fn runs(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    Query(filter): Query<RunFilter>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let links = engine.links();
    let state = repository.state.lock();
    let items: Vec<Value> = state
        .runs
        .iter()
        .rev()
        .filter(|run| filter.event.as_ref().is_none_or(|event| event == run.event))
        .filter(|run| {
            filter
                .branch
                .as_ref()
                .is_none_or(|branch| *branch == run.head_branch)
        })
        .filter(|run| filter.head_sha.as_ref().is_none_or(|sha| *sha == run.head))
        .filter(|run| {
            filter.status.as_deref().is_none_or(|status| {
                status == run.phase.status() || Some(status) == run.phase.conclusion()
            })
        })
        .map(|run| present::workflow_run(&links, &repository, run))
        .collect();
    let paging = Paging {
        page: filter.page,
        per_page: filter.per_page,
    };
    let link = paging.link(&engine, &uri, items.len());
    let body = json!({ "total_count": items.len(), "workflow_runs": paging.cut(items) });
    Ok(super::with_link(link, Json(body)))
}

#[derive(Deserialize)]
struct Dispatch {
    #[serde(default)]
    event_type: String,
    #[serde(default)]
    client_payload: Value,
}

async fn dispatch(
    State(engine): State<Arc<Engine>>,
    Path((owner, name)): Path<(String, String)>,
    viewer: Viewer,
    Json(asked): Json<Dispatch>,
) -> Result<StatusCode, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            marks::dispatch(
                engine,
                &repository,
                by,
                &asked.event_type,
                asked.client_payload,
            )?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
