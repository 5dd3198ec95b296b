//! Deployment: how far a rollout is (`apps/v1`), for environments without Helm.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Condition, Object, Outcome};
use crate::Timestamp;

/// What a Deployment says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentReading {
    /// The first container's image, whole.
    pub image: String,
    /// How the rollout of the present spec stands.
    pub outcome: Outcome,
    /// Its Available condition.
    pub available: Option<Condition>,
    /// When the present image was rolled out whole; Available never changes in a rollout without a gap.
    #[serde(default)]
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
            Outcome::Progressing {
                message: "the rollout has not begun".into(),
            }
        } else if let Some(condition) = stalled {
            Outcome::Failed {
                reason: condition.reason.clone(),
                message: condition.message.clone(),
            }
        } else if count("updatedReplicas") < desired
            || count("replicas") > count("updatedReplicas")
            || count("availableReplicas") < count("updatedReplicas")
        {
            let message = format!(
                "{} of {desired} replicas run the new image",
                count("updatedReplicas")
            );
            Outcome::Progressing { message }
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

    /// The image's tag, without a digest.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        let image = self.image.split('@').next()?;
        let (_, last) = image.rsplit_once('/').unwrap_or(("", image));
        last.split_once(':').map(|(_, tag)| tag)
    }
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
