//! What becomes of a release in the cluster: its image is pulled, and the application answers as it.

use serde_json::Value;

use super::actions::{Action, Attempt};
use crate::clusters::Running;
use crate::clusters::object::text;
use crate::clusters::registry::{Image, pull};

impl Attempt<'_> {
    /// What the new Pods would do: the image is pulled and becomes ready, or the wait for it ends.
    pub(super) async fn roll_out(&self, action: Action) -> Result<Image, String> {
        tokio::time::sleep(self.context.pace.upgrade).await;
        let deployment = format!("Deployment/{}", self.key.path());
        let timed_out = format!("timeout waiting for: [{deployment} status: 'InProgress']");
        let ordered = action == Action::Upgrade
            && self
                .context
                .faults
                .take_helm_upgrade_fails(&self.context.environment);
        if ordered {
            return Err(timed_out);
        }
        pull(
            &self.context.http,
            &self.context.addresses,
            &self.image(&self.values),
        )
        .await
        .map_err(|error| {
            tracing::debug!(image = self.image(&self.values), "{error:#}");
            timed_out
        })
    }

    /// Serves the release that a rollback went back to: its image bears the version of its app.
    pub(super) async fn serve_again(&self, previous: &Value) {
        let mut values = self.values.clone();
        values["image"]["tag"] = previous["appVersion"].clone();
        match pull(
            &self.context.http,
            &self.context.addresses,
            &self.image(&values),
        )
        .await
        {
            Ok(image) => self.context.workload.serve(self.running_app(image)),
            Err(error) => tracing::warn!(
                release = self.key.path(),
                "the old image cannot be had: {error:#}"
            ),
        }
    }

    fn image(&self, values: &Value) -> String {
        let part = |name: &str| text(values, name).unwrap_or_default().to_owned();
        format!("{}:{}", part("/image/repository"), part("/image/tag"))
    }

    pub(super) fn running_app(&self, image: Image) -> Running {
        let chosen = |name: &str| text(&self.values, name).filter(|value| !value.is_empty());
        Running {
            color: chosen("/ui/color").map_or(image.color, str::to_owned),
            message: chosen("/ui/message").map_or_else(
                || format!("greetings from podinfo v{}", image.version),
                str::to_owned,
            ),
            version: image.version,
            revision: image.revision,
        }
    }
}
