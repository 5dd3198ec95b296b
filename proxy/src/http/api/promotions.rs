//! One promotion: everything an approver needs, and the two things they can do.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use model::EnvironmentName;
use model::api::{ActionResult, Approve, Promote, Promoted, PromotionCard, Refuse};
use model::pipeline::{PipelineName, RepositoryName};
use serde::Deserialize;

use super::extract::{Json, Path};
use super::pipelines::unknown;
use crate::actions::{self, ActionError};
use crate::app::App;
use crate::auth::{Reader, Session, Writer};
use crate::github;
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
    let card = actions::card(&app, person.as_ref(), &repository, promotion.number).await;
    card.map(axum::Json)
        .map_err(|error| failure(&app, reader.0.as_ref(), error))
}

/// `POST …/approve`: a review, and a merge where it is asked for.
pub(super) async fn approve(
    State(app): State<Arc<App>>,
    writer: Writer,
    Path(promotion): Path<Promotion>,
    Json(order): Json<Approve>,
) -> Result<axum::Json<ActionResult>, Failure> {
    let person = writer.person(&app).await?;
    to_its_end(async move {
        let repository = promotion.repository();
        let done = actions::approve(&app, &person, &repository, promotion.number, order).await;
        done.map(axum::Json)
            .map_err(|error| failure(&app, Some(&writer.0), error))
    })
    .await
}

/// `POST …/refuse`: a review that asks for changes.
pub(super) async fn refuse(
    State(app): State<Arc<App>>,
    writer: Writer,
    Path(promotion): Path<Promotion>,
    Json(order): Json<Refuse>,
) -> Result<axum::Json<ActionResult>, Failure> {
    let person = writer.person(&app).await?;
    to_its_end(async move {
        let repository = promotion.repository();
        let done = actions::refuse(&app, &person, &repository, promotion.number, order).await;
        done.map(axum::Json)
            .map_err(|error| failure(&app, Some(&writer.0), error))
    })
    .await
}

/// The path of an environment.
#[derive(Debug, Deserialize)]
pub(super) struct Environment {
    namespace: String,
    name: String,
    environment: String,
}

/// `POST …/environments/{environment}/dispatch`: the promotion that never came.
pub(super) async fn promote(
    State(app): State<Arc<App>>,
    writer: Writer,
    Path(at): Path<Environment>,
    Json(order): Json<Promote>,
) -> Result<(StatusCode, axum::Json<Promoted>), Failure> {
    let person = writer.person(&app).await?;
    to_its_end(async move {
        let pipeline = PipelineName {
            namespace: at.namespace,
            name: at.name,
        };
        let lane = app
            .boards
            .lane(&pipeline)
            .ok_or_else(|| unknown(&pipeline))?;
        let to = EnvironmentName(at.environment);
        let done = actions::promote(&app, &person, lane, &to, &order).await;
        done.map(|promoted| (StatusCode::CREATED, axum::Json(promoted)))
            .map_err(|error| failure(&app, Some(&writer.0), error))
    })
    .await
}

/// Lets an action end even where the browser goes away meanwhile: half an order, a review without the
/// merge that was tapped with it, is what nobody asked for.
pub(super) async fn to_its_end<T: Send + 'static>(
    action: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::spawn(action).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The answer to an action that was not done. Whose token GitHub no longer takes is signed out.
pub(super) fn failure(app: &App, session: Option<&Arc<Session>>, error: ActionError) -> Failure {
    if let ActionError::GitHub(github::Error::Unauthorized) = error
        && let Some(session) = session
    {
        app.access.sessions.close(session);
    }
    error.into()
}
