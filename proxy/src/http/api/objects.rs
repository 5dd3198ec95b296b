//! Objects of an environment: their Kubernetes events, and reconcile requests.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::api::object::{Events, Reconcile};
use model::flux::ObjectRef;
use model::flux::membership::named_objects;
use model::pipeline::{EnvironmentSpec, PipelineName};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::actions;
use crate::app::AppState;
use crate::board::PipelineState;
use crate::flux::dashboard_page;
use crate::http::error::ApiError;
use crate::http::extract::{
    EnvironmentParameter, EnvironmentPath, Query, ReadSession, WriteSession,
};
use crate::kubernetes::Reason;

/// The object whose events are read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct EventsQuery {
    /// The cluster, as the evidence's source names it.
    cluster: String,
    /// `Kind/namespace/name`.
    object: String,
}

/// The last Kubernetes events of an object that belongs to the environment.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines/{namespace}/{name}/environments/{environment}/events",
    tag = "objects",
    params(PipelineName, EnvironmentParameter, EventsQuery),
    responses((status = OK, body = Events))
)]
pub(super) async fn events(
    State(app): State<AppState>,
    path: EnvironmentPath,
    Query(query): Query<EventsQuery>,
) -> Result<Json<Events>, ApiError> {
    let object = ObjectRef::parse(&query.object)
        .filter(|object| is_part(&path.pipeline, &path.environment, &query.cluster, object))
        .ok_or_else(|| ApiError::not_found("The environment has no such object."))?;
    let name = &query.cluster;
    let answer = match app.clusters.get(name) {
        Some(cluster) => cluster
            .events(&object)
            .await
            .map_err(|error| match error.reason {
                Reason::Forbidden => format!(
                    "Weft's account in {name} may not read events in the namespace {}.",
                    object.name.namespace
                ),
                _ => format!("The events of {name} cannot be read: {error}."),
            }),
        None => Err(format!(
            "Weft cannot look into {name}: it knows it by its notifications only."
        )),
    };
    let none = || "Kubernetes has no event of it from the last hour.".to_owned();
    let (events, why) = match answer {
        Ok(events) => {
            let why = events.is_empty().then(none);
            (events, why)
        }
        Err(why) => (Vec::new(), Some(why)),
    };
    Ok(Json(Events {
        events,
        why,
        dashboard: dashboard_page(app.config.weave_gitops.as_ref(), name, &object),
    }))
}

/// Whether an object is one that the environment's targets name, or that speaks on its board now.
fn is_part(
    lane: &PipelineState,
    environment: &EnvironmentSpec,
    cluster: &str,
    object: &ObjectRef,
) -> bool {
    let named = environment.targets.iter().any(|target| {
        let mut named = named_objects(target);
        target.cluster == cluster && named.any(|named| named == (object.kind, &object.name))
    });
    let speaks = || {
        let board = lane.board();
        let mut environments = board.environments.iter();
        let view = environments.find(|view| view.name == environment.name);
        let links = view.into_iter().flat_map(|view| {
            let targets = view.targets.iter().flat_map(|target| &target.links);
            view.links.iter().chain(targets)
        });
        links
            .filter_map(|link| link.evidence.as_ref()?.object.as_ref())
            .any(|here| here.cluster == cluster && here.object == *object)
    };
    named || speaks()
}

/// Whether the viewer may have Flux reconcile the environment, what else does the same, and the state of
/// the last request.
#[utoipa::path(
    get,
    path = "/api/v1/pipelines/{namespace}/{name}/environments/{environment}/reconcile",
    tag = "objects",
    params(PipelineName, EnvironmentParameter),
    responses((status = OK, body = Reconcile))
)]
pub(super) async fn reconcile_state(
    State(app): State<AppState>,
    session: ReadSession,
    path: EnvironmentPath,
) -> Result<Json<Reconcile>, ApiError> {
    let person = session.person().await?;
    let (pipeline, environment) = (&path.pipeline, &path.environment);
    let view = actions::reconcile_view(&app, person.as_ref(), pipeline, environment).await;
    view.map(Json).map_err(|error| session.failed(error))
}

/// Has Flux reconcile the environment now.
#[utoipa::path(
    post,
    path = "/api/v1/pipelines/{namespace}/{name}/environments/{environment}/reconcile",
    tag = "objects",
    params(PipelineName, EnvironmentParameter),
    responses((status = ACCEPTED, body = Reconcile))
)]
pub(super) async fn reconcile(
    State(app): State<AppState>,
    session: WriteSession,
    path: EnvironmentPath,
) -> Result<(StatusCode, Json<Reconcile>), ApiError> {
    let view = session
        .act(|person| async move {
            actions::reconcile(&app, &person, &path.pipeline, &path.environment).await
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}
