//! Single objects of a cluster: their last events, and having Flux look at an environment now.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use model::EnvironmentName;
use model::api::object::{Events, Reconcile};
use model::flux::Kind;
use model::pipeline::{Deployer, EnvironmentSpec, ObjectName, PipelineName, TargetSpec};
use serde::Deserialize;

use super::extract::{Path, Query};
use super::pipelines::unknown;
use super::promotions::{failure, to_its_end};
use crate::actions;
use crate::app::App;
use crate::auth::{Reader, Writer};
use crate::board::Lane;
use crate::clusters::{Object, Trouble, dashboard_page};
use crate::problem::Failure;

/// The path of an environment.
#[derive(Debug, Deserialize)]
pub(super) struct At {
    namespace: String,
    name: String,
    environment: String,
}

impl At {
    fn find<'a>(&self, app: &'a App) -> Result<(&'a Arc<Lane>, &'a EnvironmentSpec), Failure> {
        let pipeline = PipelineName {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        };
        let lane = app
            .boards
            .lane(&pipeline)
            .ok_or_else(|| unknown(&pipeline))?;
        let name = EnvironmentName(self.environment.clone());
        let environment = lane.spec().environment(&name);
        let environment = environment.ok_or_else(|| {
            Failure::not_found(format!("{pipeline} has no environment of that name."))
        })?;
        Ok((lane, environment))
    }
}

/// Which object's events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// The cluster, as the evidence's source names it.
    cluster: String,
    /// `Kind/namespace/name`.
    object: String,
}

/// `GET …/environments/{environment}/events?cluster=&object=`: the last events of an object that the
/// environment is made of.
pub(super) async fn events(
    State(app): State<Arc<App>>,
    Path(at): Path<At>,
    Query(desired): Query<Wanted>,
) -> Result<axum::Json<Events>, Failure> {
    let (lane, environment) = at.find(&app)?;
    let object = Object::parse(&desired.object)
        .filter(|object| is_part(lane, environment, &desired.cluster, object))
        .ok_or_else(|| Failure::not_found("The environment has no such object."))?;
    let name = &desired.cluster;
    let answer = match app.clusters.get(name) {
        Some(cluster) => cluster.events(&object).await.map_err(|why| match why {
            Trouble::Forbidden => format!(
                "Weft's account in {name} may not read events in the namespace {}.",
                object.name.namespace
            ),
            why => format!("The events of {name} cannot be read: {why}."),
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
    Ok(axum::Json(Events {
        events,
        why,
        dashboard: dashboard_page(app.config.weave_gitops.as_ref(), name, &object),
    }))
}

/// Whether an object is one that the environment's targets name, or that speaks on its board now.
fn is_part(lane: &Lane, environment: &EnvironmentSpec, cluster: &str, object: &Object) -> bool {
    let named = environment
        .targets
        .iter()
        .any(|target| target.cluster == cluster && names(target, object));
    let speaks = || {
        let board = lane.board();
        let mut environments = board.environments.iter();
        let view = environments.find(|view| view.name == environment.name);
        let links = view.into_iter().flat_map(|view| {
            let targets = view.targets.iter().flat_map(|target| &target.links);
            view.links.iter().chain(targets)
        });
        links
            .filter_map(|link| link.evidence.as_ref()?.object_ref())
            .any(|speaks| {
                speaks.cluster == cluster
                    && speaks.kind == object.kind.as_str()
                    && speaks.namespace == object.name.namespace
                    && speaks.name == object.name.name
            })
    };
    named || speaks()
}

fn names(target: &TargetSpec, object: &Object) -> bool {
    let is = |kind: Kind, name: &ObjectName| object.kind == kind && object.name == *name;
    let deployer = match &target.deployer {
        Deployer::HelmRelease(name) => is(Kind::HelmRelease, name),
        Deployer::Deployment(name) => is(Kind::Deployment, name),
    };
    deployer
        || is(Kind::GitRepository, &target.git_repository)
        || is(Kind::Kustomization, &target.kustomization)
}

/// `GET …/environments/{environment}/reconcile`: whether the viewer may order it, what else does the
/// same, and how the last order goes.
pub(super) async fn look(
    State(app): State<Arc<App>>,
    reader: Reader,
    Path(at): Path<At>,
) -> Result<axum::Json<Reconcile>, Failure> {
    let (lane, environment) = at.find(&app)?;
    let person = reader.person(&app).await?;
    let view = actions::reconcile_view(&app, person.as_ref(), lane, environment).await;
    view.map(axum::Json)
        .map_err(|error| failure(&app, reader.0.as_ref(), error))
}

/// `POST …/environments/{environment}/reconcile`: has Flux look now.
pub(super) async fn reconcile(
    State(app): State<Arc<App>>,
    writer: Writer,
    Path(at): Path<At>,
) -> Result<(StatusCode, axum::Json<Reconcile>), Failure> {
    let person = writer.person(&app).await?;
    to_its_end(async move {
        let (lane, environment) = at.find(&app)?;
        let ordered = actions::reconcile(&app, &person, lane, environment).await;
        ordered
            .map(|view| (StatusCode::ACCEPTED, axum::Json(view)))
            .map_err(|error| failure(&app, Some(&writer.0), error))
    })
    .await
}
