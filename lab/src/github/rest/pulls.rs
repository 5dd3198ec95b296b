//! Pull requests: list, open, read, change, merge and comment.

use axum::Json;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::extract::{Number, Page};
use crate::github::access::Viewer;
use crate::github::error::ApiError;
use crate::github::json;
use crate::github::operations;
use crate::github::operations::merge::{self, MergeRequest};
use crate::github::operations::pulls::{self, NewPull, PullUpdate};
use crate::github::repository::Pull;
use crate::github::rules;
use crate::github::state::Repo;

#[derive(Deserialize)]
pub(super) struct Filter {
    state: Option<String>,
    head: Option<String>,
    base: Option<String>,
    sort: Option<String>,
    direction: Option<String>,
}

impl Filter {
    fn admits(&self, owner: &str, pull: &Pull) -> bool {
        let state = match self.state.as_deref() {
            Some("all") => true,
            Some("closed") => !pull.is_open(),
            _ => pull.is_open(),
        };
        let head = self.head.as_ref().is_none_or(|head| {
            let head = head.strip_prefix(&format!("{owner}:")).unwrap_or(head);
            head == pull.head_ref
        });
        let base = self.base.as_ref().is_none_or(|base| *base == pull.base_ref);
        state && head && base
    }
}

pub(super) async fn list(repo: Repo, Query(filter): Query<Filter>, page: Page) -> Response {
    let state = repo.state.lock();
    let pulls = state.pulls.values();
    let mut pulls: Vec<&Pull> = pulls
        .filter(|pull| filter.admits(&repo.owner, pull))
        .collect();
    match filter.sort.as_deref() {
        Some("updated") => pulls.sort_by_key(|pull| pull.updated_at),
        _ => pulls.sort_by_key(|pull| (pull.created_at, pull.number)),
    }
    if filter.direction.as_deref() != Some("asc") {
        pulls.reverse();
    }
    page.answer(pulls, |pulls| {
        let pulls = pulls.into_iter();
        Json(
            pulls
                .map(|pull| json::pull(&repo, pull))
                .collect::<Vec<_>>(),
        )
    })
}

/// A pull request with the fields that have to be computed.
fn read(repo: &Repo, number: u64) -> Result<Json<Value>, ApiError> {
    let state = repo.state.lock();
    let pull = operations::pull(&state, number)?;
    Ok(Json(json::pull_detail(repo, &state, pull)?))
}

pub(super) async fn open(
    repo: Repo,
    Viewer(by): Viewer,
    Json(new): Json<NewPull>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    repo.blocking(move |repo| {
        let number = pulls::open(repo, by, &new)?;
        Ok((StatusCode::CREATED, read(repo, number)?))
    })
    .await
}

pub(super) async fn detail(
    repo: Repo,
    Path(Number { number }): Path<Number>,
) -> Result<Json<Value>, ApiError> {
    repo.blocking(move |repo| read(repo, number)).await
}

pub(super) async fn update(
    repo: Repo,
    Path(Number { number }): Path<Number>,
    Viewer(by): Viewer,
    Json(update): Json<PullUpdate>,
) -> Result<Json<Value>, ApiError> {
    repo.blocking(move |repo| {
        pulls::update(repo, by, number, &update)?;
        read(repo, number)
    })
    .await
}

pub(super) async fn files(
    repo: Repo,
    Path(Number { number }): Path<Number>,
    page: Page,
) -> Result<Response, ApiError> {
    repo.blocking(move |repo| {
        let pull = operations::pull(&repo.state.lock(), number)?.clone();
        let files = rules::files(repo, &pull)?;
        let files = files.iter();
        let items: Vec<Value> = files
            .map(|file| json::file(repo, &pull.head, file))
            .collect();
        Ok(page.answer(items, Json))
    })
    .await
}

pub(super) async fn merge(
    repo: Repo,
    Path(Number { number }): Path<Number>,
    Viewer(by): Viewer,
    request: Option<Json<MergeRequest>>,
) -> Result<Json<Value>, ApiError> {
    let Json(request) = request.unwrap_or_default();
    repo.blocking(move |repo| {
        let sha = merge::merge(repo, by, number, &request)?;
        Ok(Json(json!({
            "sha": sha,
            "merged": true,
            "message": "Pull Request successfully merged",
        })))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct NewComment {
    #[serde(default)]
    body: String,
}

pub(super) async fn comment(
    repo: Repo,
    Path(Number { number }): Path<Number>,
    Viewer(by): Viewer,
    Json(new): Json<NewComment>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let comment = pulls::comment(&repo, by, number, &new.body)?;
    let body = json::comment(&repo, number, &comment);
    Ok((StatusCode::CREATED, Json(body)))
}

pub(super) async fn comments(
    repo: Repo,
    Path(Number { number }): Path<Number>,
    page: Page,
) -> Result<Response, ApiError> {
    let state = repo.state.lock();
    let comments = operations::pull(&state, number)?.comments.iter();
    let items: Vec<Value> = comments
        .map(|comment| json::comment(&repo, number, comment))
        .collect();
    Ok(page.answer(items, Json))
}
