//! Reviews and requests for them.

use std::sync::Arc;

use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Paging;
use crate::forge::access::Viewer;
use crate::forge::accounts;
use crate::forge::acts::{self, pulls, reviews};
use crate::forge::engine::Engine;
use crate::forge::present;
use crate::forge::refusal::Refusal;

type One = Path<(String, String, u64)>;

pub(super) fn routes() -> Router<Arc<Engine>> {
    Router::new()
        .route(
            "/repos/{owner}/{repo}/pulls/{number}/reviews",
            get(list).post(create),
        )
        .route(
            "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}",
            get(detail),
        )
        .route(
            "/repos/{owner}/{repo}/pulls/{number}/reviews/{id}/dismissals",
            put(dismiss),
        )
        .route(
            "/repos/{owner}/{repo}/pulls/{number}/requested_reviewers",
            get(requested).post(request),
        )
}

async fn list(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
    _viewer: Viewer,
) -> Result<Response, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let links = engine.links();
    let state = repository.state.lock();
    let pull = acts::pull(&state, number)?;
    let items = pull
        .reviews
        .iter()
        .map(|review| present::review(&links, &repository, pull, review))
        .collect();
    Ok(super::page(&engine, &uri, &paging, items))
}

fn read(
    engine: &Engine,
    owner: &str,
    name: &str,
    number: u64,
    id: u64,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(owner, name)?;
    let state = repository.state.lock();
    let pull = acts::pull(&state, number)?;
    let review = pull
        .reviews
        .iter()
        .find(|review| review.id == id)
        .ok_or_else(Refusal::not_found)?;
    Ok(Json(present::review(
        &engine.links(),
        &repository,
        pull,
        review,
    )))
}

async fn detail(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number, id)): Path<(String, String, u64, u64)>,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    read(&engine, &owner, &name, number, id)
}

#[derive(Deserialize)]
struct NewReview {
    event: Option<String>,
    body: Option<String>,
    commit_id: Option<String>,
}

async fn create(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    viewer: Viewer,
    Json(asked): Json<NewReview>,
) -> Result<Json<Value>, Refusal> {
    let by = viewer.account()?;
    let event = asked
        .event
        .ok_or_else(|| Refusal::unprocessable("Pending reviews are not offered: name an event"))?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let body = asked.body.as_deref().unwrap_or_default();
            let commit = asked.commit_id.as_deref();
            let id = reviews::review(engine, &repository, by, number, &event, body, commit)?;
            read(engine, &owner, &name, number, id)
        })
        .await
}

#[derive(Deserialize)]
struct Dismissal {
    #[serde(default)]
    message: String,
}

async fn dismiss(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number, id)): Path<(String, String, u64, u64)>,
    viewer: Viewer,
    Json(asked): Json<Dismissal>,
) -> Result<Json<Value>, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            reviews::dismiss(engine, &repository, by, number, id, &asked.message)?;
            read(engine, &owner, &name, number, id)
        })
        .await
}

async fn requested(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    _viewer: Viewer,
) -> Result<Json<Value>, Refusal> {
    let repository = engine.repository(&owner, &name)?;
    let links = engine.links();
    let state = repository.state.lock();
    let pull = acts::pull(&state, number)?;
    let users: Vec<Value> = pull
        .requested
        .iter()
        .filter_map(|login| accounts::account(login))
        .map(|account| present::user(&links, account))
        .collect();
    let teams = if pull.requested_team {
        vec![present::team(&links)]
    } else {
        Vec::new()
    };
    Ok(Json(json!({ "users": users, "teams": teams })))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    reviewers: Vec<String>,
    #[serde(default)]
    team_reviewers: Vec<String>,
}

async fn request(
    State(engine): State<Arc<Engine>>,
    Path((owner, name, number)): One,
    viewer: Viewer,
    Json(asked): Json<Wanted>,
) -> Result<Response, Refusal> {
    let by = viewer.account()?;
    engine
        .blocking(move |engine| {
            let repository = engine.repository(&owner, &name)?;
            let (people, teams) = (&asked.reviewers, &asked.team_reviewers);
            pulls::request_reviewers(engine, &repository, by, number, people, teams)?;
            let state = repository.state.lock();
            let pull = acts::pull(&state, number)?;
            let body = present::pull(&engine.links(), &repository, pull);
            Ok((StatusCode::CREATED, Json(body)).into_response())
        })
        .await
}
