//! Reconciling an environment now, as `flux reconcile --with-source` does: each object of the chain is annotated
//! after Flux took up the one before.
//!
//! Requires the person's write access to the repository, and Weft's own permission to annotate.

use std::sync::Arc;

use model::Timestamp;
use model::api::Permission;
use model::api::object::{Reconcile, ReconcileRequest, ReconcileState};
use model::flux::membership::flux_objects;
use model::flux::{HelmChartReading, HelmReleaseReading, Kind, ObjectRef, SourceKind};
use model::journal::{Entry, Event};
use model::pipeline::{Deployer, EnvironmentSpec, ObjectName, TargetSpec};
use serde_json::Value;

use super::ActionError;
use super::permissions::why_not_write;
use crate::app::AppState;
use crate::auth::Person;
use crate::board::PipelineState;
use crate::flux::{dashboard_page, is_handled, is_suspended, request_reconciliation, text};
use crate::kubernetes::{Cluster, Reason};

/// The reconciliation of one environment.
#[derive(Clone)]
struct Reconciliation {
    app: AppState,
    pipeline: Arc<PipelineState>,
    environment: EnvironmentSpec,
}

/// One object to be annotated, and its cluster.
struct ReconcileStep {
    cluster: String,
    object: ObjectRef,
}

/// Returns whether the viewer may reconcile an environment, the command that does the same, and the state of
/// the last order.
///
/// # Errors
/// The error of a call to GitHub.
pub async fn reconcile_view(
    app: &AppState,
    person: Option<&Person>,
    pipeline: &Arc<PipelineState>,
    environment: &EnvironmentSpec,
) -> Result<Reconcile, ActionError> {
    let reconciliation = Reconciliation::new(app, pipeline, environment);
    let why = reconciliation.why_not(person).await?;
    Ok(reconciliation.view(why.map(|(_, why)| why)))
}

/// Starts the reconciliation of an environment; [`reconcile_view`] returns its progress.
///
/// # Errors
/// `NotPermitted`, `OutOfDate` where an order is under way or an object is suspended, `Cluster`, or the
/// error of a call to GitHub.
pub async fn reconcile(
    app: &AppState,
    person: &Person,
    pipeline: &Arc<PipelineState>,
    environment: &EnvironmentSpec,
) -> Result<Reconcile, ActionError> {
    let reconciliation = Reconciliation::new(app, pipeline, environment);
    if let Some((code, why)) = reconciliation.why_not(Some(person)).await? {
        return Err(match code {
            "under_way" => ActionError::OutOfDate { code, why },
            code => ActionError::NotPermitted { code, why },
        });
    }
    let steps = reconciliation.steps().await?;
    let order = ReconcileRequest {
        at: app.clock.now(),
        who: person.viewer.login.clone(),
        state: ReconcileState::Running,
        sentence: "Asking Flux…".to_owned(),
    };
    let asked = order.at;
    if !app.reconcile_requests.begin(&reconciliation.at(), order) {
        let (code, why) = reconciliation.under_way();
        return Err(ActionError::OutOfDate { code, why });
    }
    let who = &person.viewer.login;
    let sentence = format!("@{who} ordered: reconcile {}.", environment.name);
    if let Err(error) = reconciliation
        .write_down(who, asked, Event::ReconcileOrdered, sentence)
        .await
    {
        let sentence = "Nothing was done: it could not be written down.".to_owned();
        reconciliation.note(ReconcileState::Failed, sentence);
        return Err(error);
    }
    let (running, who) = (reconciliation.clone(), who.clone());
    tokio::spawn(async move {
        let ending = running.app.shutdown.clone();
        ending
            .run_until_cancelled(running.run(steps, asked, &who))
            .await;
    });
    let (_, why) = reconciliation.under_way();
    Ok(reconciliation.view(Some(why)))
}

impl Reconciliation {
    fn new(app: &AppState, pipeline: &Arc<PipelineState>, environment: &EnvironmentSpec) -> Self {
        Self {
            app: app.clone(),
            pipeline: Arc::clone(pipeline),
            environment: environment.clone(),
        }
    }

    fn at(&self) -> crate::flux::EnvironmentKey {
        let pipeline = self.pipeline.spec().name.clone();
        (pipeline, self.environment.name.clone())
    }

    fn note(&self, state: ReconcileState, sentence: String) {
        self.app
            .reconcile_requests
            .note(&self.at(), state, sentence);
    }

    fn under_way(&self) -> (&'static str, String) {
        let why = format!("Flux is being asked in {} already.", self.environment.name);
        ("under_way", why)
    }

    fn view(&self, why: Option<String>) -> Reconcile {
        let commands = self.environment.targets.iter().flat_map(commands);
        let target = self.environment.targets.first();
        let dashboard = target.and_then(|target| {
            let last = flux_objects(target).last()?;
            dashboard_page(
                self.app.config.weave_gitops.as_ref(),
                &target.cluster,
                &last,
            )
        });
        Reconcile {
            permission: Permission::unless(why),
            command: commands.collect::<Vec<_>>().join(" && "),
            dashboard,
            order: self.app.reconcile_requests.last(&self.at()),
        }
    }

    /// Returns why the order cannot be given now, with its stable code.
    async fn why_not(
        &self,
        person: Option<&Person>,
    ) -> Result<Option<(&'static str, String)>, ActionError> {
        let Some(person) = person else {
            let why = "Sign in with GitHub first.".to_owned();
            return Ok(Some(("not_signed_in", why)));
        };
        let last = self.app.reconcile_requests.last(&self.at());
        if last.is_some_and(|order| order.state == ReconcileState::Running) {
            return Ok(Some(self.under_way()));
        }
        for target in &self.environment.targets {
            let name = &target.cluster;
            let Some(cluster) = self.app.clusters.get(name) else {
                let why =
                    format!("Weft cannot look into {name}: it knows it by its notifications only.");
                return Ok(Some(("no_cluster_access", why)));
            };
            for object in flux_objects(target) {
                match cluster.may_annotate(&object).await {
                    Ok(true) => {}
                    Err(error) if error.reason != Reason::Forbidden => {
                        let why = format!("Weft cannot ask {name}: {error}.");
                        return Ok(Some(("cluster_unavailable", why)));
                    }
                    Ok(false) | Err(_) => {
                        let why = format!(
                            "Weft's account in {name} may not annotate {object}; it is installed without that right."
                        );
                        return Ok(Some(("no_cluster_access", why)));
                    }
                }
            }
        }
        let repository = &self.pipeline.spec().repository;
        let why = why_not_write(&self.app, person, repository, "have Flux look now").await?;
        Ok(why.map(|why| ("no_write_access", why)))
    }

    /// Returns the objects in Flux's order; fails where one is suspended.
    async fn steps(&self) -> Result<Vec<ReconcileStep>, ActionError> {
        let mut steps = Vec::new();
        for target in &self.environment.targets {
            let Some(cluster) = self.app.clusters.get(&target.cluster) else {
                continue;
            };
            for object in self.chain(cluster, target).await? {
                let step = ReconcileStep {
                    cluster: target.cluster.clone(),
                    object,
                };
                // Two targets may share a source.
                if !steps.iter().any(|known: &ReconcileStep| {
                    known.cluster == step.cluster && known.object == step.object
                }) {
                    steps.push(step);
                }
            }
        }
        Ok(steps)
    }

    async fn chain(
        &self,
        cluster: &Cluster,
        target: &TargetSpec,
    ) -> Result<Vec<ObjectRef>, ActionError> {
        let mut chain = Vec::new();
        for object in flux_objects(target) {
            let found = self.unsuspended(cluster, &object, &target.cluster).await?;
            let is_release = object.kind == Kind::HelmRelease;
            let release = is_release.then(|| HelmReleaseReading::read(&found, None));
            if let Some(chart) = release.and_then(|release| release.chart_object()) {
                if let Some(source) = source_of(cluster, &chart).await {
                    chain.extend(worth_asking(cluster, source).await);
                }
                chain.extend(worth_asking(cluster, chart).await);
            }
            chain.push(object);
        }
        Ok(chain)
    }

    /// Reads an object; fails where it is suspended.
    async fn unsuspended(
        &self,
        cluster: &Cluster,
        object: &ObjectRef,
        name: &str,
    ) -> Result<Value, ActionError> {
        let found = cluster.read(object).await.map_err(|trouble| {
            ActionError::Cluster(format!(
                "Nothing was done: {object} in {name} cannot be read: {trouble}."
            ))
        })?;
        if is_suspended(&found) {
            return Err(ActionError::OutOfDate {
                code: "suspended",
                why: format!(
                    "Nothing was done: {object} in {name} is suspended, so Flux does not look at it."
                ),
            });
        }
        Ok(found)
    }

    async fn run(&self, steps: Vec<ReconcileStep>, asked: Timestamp, who: &str) {
        let done = self.walk(&steps, asked).await;
        let (state, sentence) = match done {
            Ok(()) => {
                let names = steps.iter().map(|step| step.object.kind.as_str());
                let names: Vec<&str> = names.collect();
                (
                    ReconcileState::Done,
                    format!("Flux took it up: {}.", names.join(", ")),
                )
            }
            Err(why) => (ReconcileState::Failed, why),
        };
        let event = Event::Reconciled {
            ok: state == ReconcileState::Done,
        };
        let told = format!("{}: {sentence}", self.environment.name);
        if let Err(error) = self.write_down(who, asked, event, told).await {
            tracing::error!(%error, "how a reconciliation ended cannot be journaled");
        }
        self.note(state, sentence);
    }

    async fn walk(&self, steps: &[ReconcileStep], asked: Timestamp) -> Result<(), String> {
        let requests = &self.app.reconcile_requests;
        let patience = self.app.config.tolerances.settle;
        for ReconcileStep { cluster, object } in steps {
            self.note(ReconcileState::Running, format!("Asking {object}…"));
            let Some(way) = self.app.clusters.get(cluster) else {
                return Err(format!("There is no way into {cluster}."));
            };
            let sent = request_reconciliation(way, object, asked).await;
            sent.map_err(|error| {
                format!("{object} in {cluster} could not be annotated: {error}.")
            })?;
            if requests.wait(cluster, object, asked, patience).await {
                continue;
            }
            // A broken watch reports nothing: read before saying that Flux does not answer.
            let now = way.read(object).await;
            if !now.is_ok_and(|now| is_handled(&now, asked)) {
                return Err(format!(
                    "Flux has not taken it up: {object} in {cluster} still waits after {} s. Its controller may be busy, or away.",
                    patience.as_secs()
                ));
            }
        }
        Ok(())
    }

    async fn write_down(
        &self,
        who: &str,
        asked: Timestamp,
        event: Event,
        sentence: String,
    ) -> Result<(), ActionError> {
        let environment = &self.environment.name;
        let key = format!(
            "reconcile {environment} {} {}",
            event.kind(),
            asked.millis()
        );
        let entry = Entry::new(&self.pipeline.spec().name, event, self.app.clock.now())
            .environment(environment.clone())
            .by(who.to_owned())
            .sentence(sentence)
            .key(key);
        self.app.journal.append(&[entry]).await?;
        Ok(())
    }
}

/// Returns the commands that do the same.
fn commands(target: &TargetSpec) -> Vec<String> {
    let mut kinds = vec![("kustomization", &target.kustomization)];
    if let Deployer::HelmRelease(name) = &target.deployer {
        kinds.push(("helmrelease", name));
    }
    let command = |(kind, name): (&str, &ObjectName)| {
        format!(
            "flux reconcile {kind} {} --namespace {} --with-source",
            name.name, name.namespace
        )
    };
    kinds.into_iter().map(command).collect()
}

/// Returns the source of a HelmChart that can be read.
async fn source_of(cluster: &Cluster, chart: &ObjectRef) -> Option<ObjectRef> {
    let found = cluster.read(chart).await.ok()?;
    HelmChartReading::read(&found).source
}

/// Returns the object where Flux would reconcile it and Weft may annotate it. The others are left to the
/// HelmRelease itself, which waits for its chart.
async fn worth_asking(cluster: &Cluster, object: ObjectRef) -> Option<ObjectRef> {
    let found = cluster.read(&object).await.ok()?;
    // A registry is no index: there is nothing to fetch but the chart.
    let registry = text(&found, "/spec/type") == Some("oci")
        && object.kind == Kind::Source(SourceKind::HelmRepository);
    let fits = !is_suspended(&found) && !registry;
    (fits && cluster.may_annotate(&object).await == Ok(true)).then_some(object)
}
