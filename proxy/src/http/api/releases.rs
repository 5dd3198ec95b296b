//! Starting a release: the plan, and the order.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use model::PipelineName;
use model::api::{ReleasePlan, ReleaseStarted, StartRelease};
use model::pipeline::PipelineSpec;
use serde::Deserialize;
use workflow::release::ReleaseRequest;

use super::extract::{Json, Path, Query};
use super::pipelines::unknown;
use super::promotions::{failure, to_its_end};
use crate::actions;
use crate::app::App;
use crate::auth::{Reader, Writer};
use crate::problem::Failure;

/// What a plan is asked for; what is left open is proposed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// `#rrggbb`.
    colour: Option<String>,
    /// The container's version.
    version: Option<String>,
    /// The chart's version.
    chart_version: Option<String>,
}

/// `GET …/release`: the release that would be started.
pub(super) async fn plan(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(name): Path<PipelineName>,
    Query(desired): Query<Wanted>,
) -> Result<axum::Json<ReleasePlan>, Failure> {
    let person = reader.person(&app).await?;
    let request = ReleaseRequest {
        colour: desired.colour,
        version: desired.version,
        chart_version: desired.chart_version,
    };
    let planned = actions::release_plan(&app, person.as_ref(), spec(&app, &name)?, &request).await;
    planned
        .map(axum::Json)
        .map_err(|error| failure(&app, reader.0.as_ref(), error))
}

/// `POST …/releases`: pushes it and opens its pull request.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    writer: Writer,
    Path(name): Path<PipelineName>,
    Json(order): Json<StartRelease>,
) -> Result<(StatusCode, axum::Json<ReleaseStarted>), Failure> {
    let person = writer.person(&app).await?;
    to_its_end(async move {
        let started = actions::start_release(&app, &person, spec(&app, &name)?, &order).await;
        started
            .map(|started| (StatusCode::CREATED, axum::Json(started)))
            .map_err(|error| failure(&app, Some(&writer.0), error))
    })
    .await
}

fn spec<'a>(app: &'a App, name: &PipelineName) -> Result<&'a PipelineSpec, Failure> {
    let lane = app.boards.lane(name).ok_or_else(|| unknown(name))?;
    Ok(lane.spec())
}
