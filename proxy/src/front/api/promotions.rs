//! One promotion: everything an approver needs, and the two things they can do.

use std::sync::Arc;

use axum::extract::State;
use model::pipeline::RepositoryName;
use model::wire::{ActionResult, Approve, PromotionCard, Refuse};
use serde::Deserialize;

use super::extract::{Json, Path};
use crate::access::{Reader, Writer};
use crate::actions;
use crate::app::App;
use crate::problem::Failure;

/// The path of a promotion.
#[derive(Debug, Deserialize)]
pub(super) struct Promotion {
    owner: String,
    repo: String,
    number: u64,
}

impl Promotion {
    fn repository(&self) -> RepositoryName {
        RepositoryName {
            owner: self.owner.clone(),
            name: self.repo.clone(),
        }
    }
}

/// `GET api/v1/promotions/{owner}/{repo}/{number}`: the card, read anew.
pub(super) async fn card(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(promotion): Path<Promotion>,
) -> Result<axum::Json<PromotionCard>, Failure> {
    let person = reader.person(&app).await?;
    let repository = promotion.repository();
    let card = actions::card(&app, person.as_ref(), &repository, promotion.number).await?;
    Ok(axum::Json(card))
}

/// `POST …/approve`: a review, and a merge where it is asked for.
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    writer: Writer,
    Path(promotion): Path<Promotion>,
    Json(order): Json<Approve>,
) -> Result<axum::Json<ActionResult>, Failure> {
    let person = writer.person(&app).await?;
    let repository = promotion.repository();
    let done = actions::approve(&app, &person, &repository, promotion.number, order).await?;
    Ok(axum::Json(done))
}

/// `POST …/refuse`: a review that asks for changes.
pub(super) async fn refuse(
    State(app): State<Arc<App>>,
    writer: Writer,
    Path(promotion): Path<Promotion>,
    Json(order): Json<Refuse>,
) -> Result<axum::Json<ActionResult>, Failure> {
    let person = writer.person(&app).await?;
    let repository = promotion.repository();
    let done = actions::refuse(&app, &person, &repository, promotion.number, order).await?;
    Ok(axum::Json(done))
}
