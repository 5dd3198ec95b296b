//! Releases: the plan of one, and its start.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::PipelineName;
use model::api::{ReleasePlan, ReleaseStarted, StartRelease};
use serde::Deserialize;
use utoipa::IntoParams;
use workflow::release::ReleaseRequest;

use crate::actions;
use crate::app::AppState;
use crate::http::error::ApiError;
use crate::http::extract::{self, PipelinePath, Query, ReadSession, WriteSession};

/// The values of a planned release; those left out are proposed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanQuery {
    /// `#rrggbb`.
    colour: Option<String>,
    /// The container's version.
    version: Option<String>,
    chart_version: Option<String>,
}

/// The release that would be started.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines/{namespace}/{name}/release",
    tag = "releases",
    params(PipelineName, PlanQuery),
    responses((status = OK, body = ReleasePlan))
)]
pub(super) async fn plan(
    State(app): State<AppState>,
    session: ReadSession,
    PipelinePath(pipeline): PipelinePath,
    Query(query): Query<PlanQuery>,
) -> Result<Json<ReleasePlan>, ApiError> {
    let person = session.person().await?;
    let request = ReleaseRequest {
        colour: query.colour,
        version: query.version,
        chart_version: query.chart_version,
    };
    let planned = actions::release_plan(&app, person.as_ref(), pipeline.spec(), &request).await;
    planned.map(Json).map_err(|error| session.failed(error))
}

/// Pushes a release and opens its pull request.
#[utoipa::path(
    post,
    path = "/api/v1/pipelines/{namespace}/{name}/releases",
    tag = "releases",
    params(PipelineName),
    request_body = StartRelease,
    responses((status = CREATED, body = ReleaseStarted))
)]
pub(super) async fn start(
    State(app): State<AppState>,
    session: WriteSession,
    PipelinePath(pipeline): PipelinePath,
    extract::Json(order): extract::Json<StartRelease>,
) -> Result<(StatusCode, Json<ReleaseStarted>), ApiError> {
    let started = session
        .act(|person| async move {
            actions::start_release(&app, &person, pipeline.spec(), &order).await
        })
        .await?;
    Ok((StatusCode::CREATED, Json(started)))
}
