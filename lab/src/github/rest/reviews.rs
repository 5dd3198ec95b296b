//! Reviews and their dismissal.

use axum::Json;
use axum::extract::Path;
use serde::Deserialize;
use serde_json::Value;

use super::extract::Number;
use crate::github::access::Viewer;
use crate::github::error::ApiError;
use crate::github::json;
use crate::github::operations::{self, reviews};
use crate::github::state::Repo;

fn read(repo: &Repo, number: u64, id: u64) -> Result<Json<Value>, ApiError> {
    let state = repo.state.lock();
    let pull = operations::pull(&state, number)?;
    let review = pull.reviews.iter().find(|review| review.id == id);
    let review = review.ok_or_else(ApiError::not_found)?;
    Ok(Json(json::review(repo, pull, review)))
}

#[derive(Deserialize)]
pub(super) struct NewReview {
    event: Option<String>,
    #[serde(default)]
    body: String,
    commit_id: Option<String>,
}

pub(super) async fn create(
    repo: Repo,
    Path(Number { number }): Path<Number>,
    Viewer(by): Viewer,
    Json(new): Json<NewReview>,
) -> Result<Json<Value>, ApiError> {
    let event = new
        .event
        .ok_or_else(|| ApiError::unprocessable("Pending reviews are not offered: name an event"))?;
    repo.blocking(move |repo| {
        let commit = new.commit_id.as_deref();
        let id = reviews::review(repo, by, number, &event, &new.body, commit)?;
        read(repo, number, id)
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct ReviewId {
    number: u64,
    id: u64,
}

#[derive(Deserialize)]
pub(super) struct Dismissal {
    #[serde(default)]
    message: String,
}

pub(super) async fn dismiss(
    repo: Repo,
    Path(ReviewId { number, id }): Path<ReviewId>,
    Viewer(by): Viewer,
    Json(dismissal): Json<Dismissal>,
) -> Result<Json<Value>, ApiError> {
    repo.blocking(move |repo| {
        reviews::dismiss(repo, by, number, id, &dismissal.message)?;
        read(repo, number, id)
    })
    .await
}
