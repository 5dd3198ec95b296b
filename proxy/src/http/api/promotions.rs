//! Promotions: the card that an approver reads, and the actions on it.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::api::{ActionResult, Approve, Promote, Promoted, PromotionCard, Refuse};
use model::pipeline::{PipelineName, RepositoryName};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::actions;
use crate::app::AppState;
use crate::http::error::ApiError;
use crate::http::extract::{
    self, EnvironmentParameter, EnvironmentPath, Path, ReadSession, WriteSession,
};

/// The path of a promotion.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct PromotionPath {
    owner: String,
    repo: String,
    number: u64,
}

impl PromotionPath {
    fn split(self) -> (RepositoryName, u64) {
        let (owner, name) = (self.owner, self.repo);
        (RepositoryName { owner, name }, self.number)
    }
}

/// The promotion card, read from GitHub.
#[utoipa::path(
    get,
    path = "/api/v1/promotions/{owner}/{repo}/{number}",
    tag = "promotions",
    params(PromotionPath),
    responses((status = OK, body = PromotionCard))
)]
pub(super) async fn card(
    State(app): State<AppState>,
    session: ReadSession,
    Path(path): Path<PromotionPath>,
) -> Result<Json<PromotionCard>, ApiError> {
    let person = session.person().await?;
    let (repository, number) = path.split();
    let card = actions::card(&app, person.as_ref(), &repository, number).await;
    card.map(Json).map_err(|error| session.failed(error))
}

/// Approves a promotion, and merges it where that is ordered.
#[utoipa::path(
    post,
    path = "/api/v1/promotions/{owner}/{repo}/{number}/approve",
    tag = "promotions",
    params(PromotionPath),
    request_body = Approve,
    responses((status = OK, body = ActionResult))
)]
pub(super) async fn approve(
    State(app): State<AppState>,
    session: WriteSession,
    Path(path): Path<PromotionPath>,
    extract::Json(order): extract::Json<Approve>,
) -> Result<Json<ActionResult>, ApiError> {
    let (repository, number) = path.split();
    let done = session.act(|person| async move {
        actions::approve(&app, &person, &repository, number, order).await
    });
    done.await.map(Json)
}

/// Refuses a promotion by a review that requests changes.
#[utoipa::path(
    post,
    path = "/api/v1/promotions/{owner}/{repo}/{number}/refuse",
    tag = "promotions",
    params(PromotionPath),
    request_body = Refuse,
    responses((status = OK, body = ActionResult))
)]
pub(super) async fn refuse(
    State(app): State<AppState>,
    session: WriteSession,
    Path(path): Path<PromotionPath>,
    extract::Json(order): extract::Json<Refuse>,
) -> Result<Json<ActionResult>, ApiError> {
    let (repository, number) = path.split();
    let done = session.act(|person| async move {
        actions::refuse(&app, &person, &repository, number, order).await
    });
    done.await.map(Json)
}

/// Opens the promotion into an environment whose dispatch was lost.
#[utoipa::path(
    post,
    path = "/api/v1/pipelines/{namespace}/{name}/environments/{environment}/dispatch",
    tag = "promotions",
    params(PipelineName, EnvironmentParameter),
    request_body = Promote,
    responses((status = CREATED, body = Promoted))
)]
pub(super) async fn promote(
    State(app): State<AppState>,
    session: WriteSession,
    path: EnvironmentPath,
    extract::Json(order): extract::Json<Promote>,
) -> Result<(StatusCode, Json<Promoted>), ApiError> {
    let promoted = session
        .act(|person| async move {
            let (pipeline, to) = (&path.pipeline, &path.environment.name);
            actions::promote(&app, &person, pipeline, to, &order).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(promoted)))
}
