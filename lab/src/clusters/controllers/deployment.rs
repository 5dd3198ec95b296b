//! Deployment: rolls one replica over to the image of its template. Only in environments without
//! Helm; the Deployments of charts are rolled out by their HelmRelease.

use serde_json::json;

use super::{Next, Reconciler};
use crate::apps::Serving;
use crate::clusters::artifacts::sha256;
use crate::clusters::object::{generation, observed_generation, text};
use crate::clusters::status::StatusEditor;

const CONTAINER: &str = "/spec/template/spec/containers/0";

impl Reconciler<'_> {
    pub(super) async fn deployment(&self) -> anyhow::Result<Next> {
        let status = &self.object["status"];
        let available = status["availableReplicas"] == 1;
        let is_observed = observed_generation(self.object) == generation(self.object);
        if is_observed && available && status["replicas"] == 1 {
            return Ok(Next::WhenTriggered);
        }
        let image = self.text(&format!("{CONTAINER}/image"));
        let replica_set = format!("{}-{}", self.key.name, &sha256(image.as_bytes())[..10]);
        let old = i64::from(available);
        self.edit(|status| {
            status.observe();
            put_replicas(status, 1 + old, old);
            let message = format!("ReplicaSet \"{replica_set}\" is progressing.");
            status.set("Progressing", "True", "ReplicaSetUpdated", &message);
            if !available {
                let message = "Deployment does not have minimum availability.";
                status.set("Available", "False", "MinimumReplicasUnavailable", message);
            }
        })
        .await;
        tokio::time::sleep(self.context.timings.upgrade).await;
        let image = match self.context.registry.pull(image).await {
            Ok(image) => image,
            Err(error) => {
                let deployment = self.key.path();
                tracing::debug!(deployment, "ImagePullBackOff: {error:#}");
                return Ok(self.after_retry());
            }
        };
        let color = self.variable("PODINFO_UI_COLOR");
        self.context.app.serve(Serving {
            color: color.unwrap_or(image.color),
            message: self.variable("PODINFO_UI_MESSAGE").unwrap_or_default(),
            version: image.version,
            revision: image.revision,
        });
        self.edit(|status| {
            put_replicas(status, 1, 1);
            let message = format!("ReplicaSet \"{replica_set}\" has successfully progressed.");
            status.set("Progressing", "True", "NewReplicaSetAvailable", &message);
            let message = "Deployment has minimum availability.";
            status.set("Available", "True", "MinimumReplicasAvailable", message);
        })
        .await;
        Ok(Next::WhenTriggered)
    }

    /// A variable of the first container's environment.
    fn variable(&self, name: &str) -> Option<String> {
        let variables = self.object.pointer(&format!("{CONTAINER}/env"))?;
        let mut variables = variables.as_array()?.iter();
        let variable = variables.find(|variable| variable["name"] == name)?;
        text(variable, "/value").map(str::to_owned)
    }
}

/// One replica is of the new template; `replicas` in all, of which `available` answer.
fn put_replicas(status: &mut StatusEditor<'_>, replicas: i64, available: i64) {
    status.put("replicas", json!(replicas));
    status.put("updatedReplicas", json!(1));
    status.put("availableReplicas", json!(available));
}
