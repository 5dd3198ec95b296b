//! The rollout of a release: its image is pulled, and the application serves it.

use serde_json::{Value, json};

use super::actions::Attempt;
use super::history::{HelmAction, HelmRevision};
use crate::apps::Serving;
use crate::clusters::object::text;
use crate::clusters::registry::PulledImage;
use crate::faults::Fault;

impl Attempt<'_> {
    /// Pulls the image as the new Pods would, or fails as the wait for them does.
    pub(super) async fn roll_out(&self, action: HelmAction) -> Result<PulledImage, String> {
        let context = self.reconciler.context;
        tokio::time::sleep(context.timings.upgrade).await;
        let deployment = format!("Deployment/{}", self.reconciler.key.path());
        let timed_out = format!("timeout waiting for: [{deployment} status: 'InProgress']");
        let (fault, environment) = (Fault::HelmUpgradeFails, Some(&*context.environment));
        if action == HelmAction::Upgrade && context.faults.take(fault, environment) {
            return Err(timed_out);
        }
        let image = image(&self.values);
        let pulled = context.registry.pull(&image).await;
        pulled.map_err(|error| {
            tracing::debug!(image, "{error:#}");
            timed_out
        })
    }

    /// Serves the revision that a rollback went back to: its image bears the version of its app.
    pub(super) async fn serve_again(&self, previous: &HelmRevision) {
        let mut values = self.values.clone();
        values["image"]["tag"] = json!(previous.app_version);
        match self.reconciler.context.registry.pull(&image(&values)).await {
            Ok(image) => self.serve(image),
            Err(error) => {
                let release = self.reconciler.key.path();
                tracing::warn!(release, "the old image cannot be had: {error:#}");
            }
        }
    }

    pub(super) fn serve(&self, image: PulledImage) {
        let value = |name: &str| text(&self.values, name).unwrap_or_default().to_owned();
        let color = Some(value("/ui/color")).filter(|color| !color.is_empty());
        self.reconciler.context.app.serve(Serving {
            color: color.unwrap_or(image.color),
            message: value("/ui/message"),
            version: image.version,
            revision: image.revision,
        });
    }
}

fn image(values: &Value) -> String {
    let part = |name: &str| text(values, name).unwrap_or_default();
    format!("{}:{}", part("/image/repository"), part("/image/tag"))
}
