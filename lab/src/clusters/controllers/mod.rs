//! The controllers of Flux and Kubernetes, a file for each kind, each writing the updates that the real
//! ones write. `manager` decides when they run.

mod deployment;
mod git_repository;
mod helm_chart;
mod helm_release;
mod helm_repository;
pub(super) mod image_policy;
mod image_repository;
mod image_update;
mod kustomization;
pub(super) mod manager;
mod seeding;
mod sources;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::artifacts::Artifacts;
use super::git;
use super::object::{Key, duration, text};
use super::options::Secrets;
use super::registry::Registry;
use super::report::Report;
use super::status::StatusEditor;
use super::store::Store;
use super::timings::Timings;
use crate::apps::App;
use crate::clock::Clock;
use crate::faults::Faults;

#[derive(Clone)]
pub(super) struct ClusterContext {
    pub environment: Arc<str>,
    pub store: Arc<Store>,
    pub artifacts: Arc<Artifacts>,
    pub mirror: git::Mirror,
    pub registry: Registry,
    pub secrets: Secrets,
    /// While the past is made, nothing is reported.
    pub is_silent: bool,
    pub clock: Clock,
    pub faults: Faults,
    pub timings: Timings,
    pub app: Arc<App>,
    /// Where clones are made.
    pub scratch: PathBuf,
}

/// When an object is reconciled again, if nothing triggers it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    After(Duration),
    WhenTriggered,
}

fn has_controller(key: &Key) -> bool {
    key.kind.reports || key.kind.kind == "Deployment"
}

/// One object while it is reconciled.
struct Reconciler<'a> {
    context: &'a ClusterContext,
    key: &'a Key,
    object: &'a Value,
}

async fn reconcile(context: &ClusterContext, key: &Key) -> anyhow::Result<Next> {
    let Some(object) = context.store.get(key) else {
        return Ok(Next::WhenTriggered);
    };
    let reconciler = Reconciler {
        context,
        key,
        object: &object,
    };
    if object["spec"]["suspend"] == true {
        if key.kind.kind == "HelmRelease" {
            reconciler
                .edit(|status| {
                    status.observe();
                })
                .await;
        }
        return Ok(Next::WhenTriggered);
    }
    match key.kind.kind {
        "GitRepository" => reconciler.git_repository().await,
        "Kustomization" => reconciler.kustomization().await,
        "HelmRepository" => reconciler.helm_repository().await,
        "HelmChart" => reconciler.helm_chart().await,
        "HelmRelease" => reconciler.helm_release().await,
        "Deployment" => reconciler.deployment().await,
        "ImageRepository" => reconciler.image_repository().await,
        "ImagePolicy" => Ok(reconciler.image_policy().await),
        "ImageUpdateAutomation" => reconciler.image_update_automation().await,
        _ => Ok(Next::WhenTriggered),
    }
}

impl<'a> Reconciler<'a> {
    /// Edits the status, then rests for the time between two updates.
    async fn edit(&self, edit: impl FnOnce(&mut StatusEditor<'_>)) {
        self.context.store.edit_status(self.key, edit);
        if !self.context.timings.step.is_zero() {
            tokio::time::sleep(self.context.timings.step).await;
        }
    }

    fn report(&self, severity: &'static str, reason: &str, message: &str, revision: &str) {
        self.send(&Report::new(severity, reason, message, revision));
    }

    fn send(&self, report: &Report) {
        self.context.report(self.key, report);
    }

    /// The string at a pointer of the object; empty when there is none.
    fn text(&self, pointer: &str) -> &'a str {
        text(self.object, pointer).unwrap_or_default()
    }

    /// After the interval of the object, or a minute.
    fn after_interval(&self) -> Next {
        let interval = duration(self.object, "/spec/interval");
        Next::After(interval.unwrap_or(Duration::from_secs(60)))
    }

    fn after_retry(&self) -> Next {
        Next::After(self.context.timings.retry)
    }

    fn source(&self) -> Option<Key> {
        self.key.referenced(self.object, "/spec/sourceRef")
    }

    async fn download(&self, address: &str) -> anyhow::Result<Vec<u8>> {
        let registry = &self.context.registry;
        let url = registry.addresses.connect(address)?;
        let response = registry.http.get(url).send().await?.error_for_status()?;
        Ok(response.bytes().await?.to_vec())
    }
}
