//! What the controllers of Flux and Kubernetes do, one module per kind, each going through the
//! updates that the real ones go through. `manager` decides when; here is what they share.

mod deployment;
mod git_repository;
mod helm_chart;
mod helm_release;
mod helm_repository;
mod image_policy;
mod image_repository;
mod image_update;
mod kustomization;
pub(super) mod manager;
pub(super) mod seeding;
mod sources;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::addresses::Addresses;
use super::artifacts::Artifacts;
use super::conditions::Status;
use super::notify::{Notifier, Report};
use super::object::{Key, Object, duration};
use super::pace::Pace;
use super::store::Store;
use super::{Workload, git};

pub use self::image_policy::choose as choose_tag;
use crate::clock::Clock;
use crate::faults::Faults;

/// What every controller of one cluster works with.
#[derive(Clone)]
pub(super) struct Context {
    pub environment: Arc<str>,
    pub store: Arc<Store>,
    pub artifacts: Arc<Artifacts>,
    pub mirror: git::Mirror,
    pub addresses: Addresses,
    pub http: reqwest::Client,
    pub notifier: Notifier,
    pub clock: Clock,
    pub faults: Faults,
    pub pace: Pace,
    pub workload: Arc<dyn Workload>,
    /// Where clones are made.
    pub scratch: PathBuf,
}

impl Context {
    /// Edits a status, then rests for the time between two updates.
    async fn edit(&self, key: &Key, edit: impl FnOnce(&mut Status<'_>)) -> Option<Object> {
        let edited = self.store.edit_status(key, edit);
        if !self.pace.step.is_zero() {
            tokio::time::sleep(self.pace.step).await;
        }
        edited
    }

    /// How long the interval at `pointer` is here; a minute where the object names none.
    fn interval(&self, object: &Value, pointer: &str) -> Duration {
        duration(object, pointer)
            .unwrap_or(Duration::from_secs(60))
            .mul_f64(self.pace.intervals)
    }

    fn report(&self, key: &Key, report: &Report) {
        self.notifier.report(key, report);
    }
}

/// When an object is looked at again, if nothing triggers it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    After(Duration),
    WhenTriggered,
}

/// What a controller remembers of an object between two looks and does not write down.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When a Kustomization last succeeded and how long it took: written with its next update.
    pub last_success: Option<(String, Duration)>,
}

/// Whether the object's kind has a controller.
pub(super) fn has_controller(key: &Key) -> bool {
    key.kind.reports || key.kind.kind == "Deployment"
}

/// Looks at an object once and does what it asks for.
async fn reconcile(context: &Context, key: &Key, memory: &mut Memory) -> anyhow::Result<Next> {
    let Some(object) = context.store.get(key) else {
        return Ok(Next::WhenTriggered);
    };
    if object["spec"]["suspend"] == json!(true) {
        // helm-controller does nothing then but say that it has seen so.
        if key.kind.kind == "HelmRelease" {
            context
                .edit(key, |status| {
                    status.observe();
                })
                .await;
        }
        return Ok(Next::WhenTriggered);
    }
    match key.kind.kind {
        "GitRepository" => git_repository::reconcile(context, key, &object).await,
        "Kustomization" => kustomization::reconcile(context, key, &object, memory).await,
        "HelmRepository" => helm_repository::reconcile(context, key, &object).await,
        "HelmChart" => helm_chart::reconcile(context, key, &object).await,
        "HelmRelease" => helm_release::reconcile(context, key, &object).await,
        "Deployment" => deployment::reconcile(context, key, &object).await,
        "ImageRepository" => image_repository::reconcile(context, key, &object).await,
        "ImagePolicy" => image_policy::reconcile(context, key, &object).await,
        "ImageUpdateAutomation" => image_update::reconcile(context, key, &object).await,
        _ => Ok(Next::WhenTriggered),
    }
}
