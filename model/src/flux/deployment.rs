//! Deployment: the progress of a rollout (`apps/v1`), for environments without Helm.

use serde_json::Value;

use super::object::{Condition, Object, Outcome};
use crate::Timestamp;

/// The state of a Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentReading {
    /// The image of the first container, with registry and tag.
    pub image: String,
    /// The outcome of the rollout of the current spec.
    pub outcome: Outcome,
    pub available: Option<Condition>,
    /// When the current image was completely rolled out. `Available` does not change in a rollout without
    /// a gap.
    pub rolled_out_at: Option<Timestamp>,
}

impl DeploymentReading {
    /// Reads one update by the rule of `kubectl rollout status`.
    #[must_use]
    pub fn read(object: &Value) -> Self {
        let object = Object::new(object);
        let desired = object.integer("/spec/replicas").unwrap_or(1);
        let count = |name: &str| object.integer(&format!("/status/{name}")).unwrap_or(0);
        let observed = object.integer("/status/observedGeneration").unwrap_or(-1);
        let progressing = object.condition("Progressing");
        let stalled = progressing.as_ref().filter(|condition| {
            condition.is("False") || condition.reason == "ProgressDeadlineExceeded"
        });
        let outcome = if observed < object.generation {
            Outcome::progressing("the rollout has not begun")
        } else if let Some(condition) = stalled {
            Outcome::failed(condition)
        } else if count("updatedReplicas") < desired
            || count("replicas") > count("updatedReplicas")
            || count("availableReplicas") < count("updatedReplicas")
        {
            let updated = count("updatedReplicas");
            Outcome::progressing(format!("{updated} of {desired} replicas run the new image"))
        } else {
            Outcome::Succeeded
        };
        Self {
            image: object
                .text("/spec/template/spec/containers/0/image")
                .unwrap_or_default()
                .to_owned(),
            outcome,
            available: object.condition("Available"),
            rolled_out_at: object.updated("Progressing", "NewReplicaSetAvailable"),
        }
    }

    /// Returns the tag of the image.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        image_tag(&self.image)
    }
}

/// Returns the tag of an image; `None` where it has none. The registry may have a port, and a digest may follow.
#[must_use]
pub fn image_tag(image: &str) -> Option<&str> {
    let image = image.split('@').next()?;
    let (_, last) = image.rsplit_once('/').unwrap_or(("", image));
    last.split_once(':').map(|(_, tag)| tag)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(status: &Value) -> DeploymentReading {
        DeploymentReading::read(&json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 2, "template": {"spec": {"containers": [{"image": "127.0.0.1:5000/demo/podinfo:fix-a1b9c3e-1"}]}}},
            "status": status,
        }))
    }

    #[test]
    fn a_rollout_is_done_only_when_all_replicas_are_new_and_available() {
        let done = json!({"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2});
        assert_eq!(deployment(&done).outcome, Outcome::Succeeded);
        for (name, value) in [
            ("observedGeneration", 1),
            ("replicas", 3),
            ("updatedReplicas", 1),
            ("availableReplicas", 1),
        ] {
            let mut status = done.clone();
            status[name] = json!(value);
            assert!(
                matches!(deployment(&status).outcome, Outcome::Progressing { .. }),
                "{name}"
            );
        }
    }

    #[test]
    fn a_port_in_the_registry_is_not_the_tag() {
        assert_eq!(deployment(&json!({})).tag(), Some("fix-a1b9c3e-1"));
    }
}
