//! Deployment: rolls one replica over to the image of its template. Only in environments without
//! Helm; what Helm deploys is rolled out by its HelmRelease.

use serde_json::{Value, json};

use super::{Context, Next};
use crate::clusters::Running;
use crate::clusters::conditions::Status;
use crate::clusters::object::{Key, generation, observed_generation, text};
use crate::clusters::registry::pull;

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let available = object.pointer("/status/availableReplicas") == Some(&json!(1));
    let updated = object.pointer("/status/replicas") == Some(&json!(1));
    if observed_generation(object) == generation(object) && available && updated {
        return Ok(Next::WhenTriggered);
    }
    let image = text(object, "/spec/template/spec/containers/0/image").unwrap_or_default();
    let replica_set = format!(
        "{}-{}",
        key.name,
        &crate::clusters::sha256(image.as_bytes())[..10]
    );
    let old = i64::from(available);
    context
        .edit(key, |status| {
            status.observe();
            counts(status, 1 + old, old);
            let message = format!("ReplicaSet \"{replica_set}\" is progressing.");
            status.set("Progressing", "True", "ReplicaSetUpdated", &message);
            if !available {
                let message = "Deployment does not have minimum availability.";
                status.set("Available", "False", "MinimumReplicasUnavailable", message);
            }
        })
        .await;
    tokio::time::sleep(context.pace.upgrade).await;
    let pulled = match pull(&context.http, &context.addresses, image).await {
        Ok(pulled) => pulled,
        Err(error) => {
            tracing::debug!(deployment = key.path(), "ImagePullBackOff: {error:#}");
            return Ok(Next::After(context.pace.retry));
        }
    };
    let chosen = |name: &str| environment(object, name).map(str::to_owned);
    context.workload.serve(Running {
        color: chosen("PODINFO_UI_COLOR").unwrap_or(pulled.color),
        message: chosen("PODINFO_UI_MESSAGE")
            .unwrap_or_else(|| format!("greetings from podinfo v{}", pulled.version)),
        version: pulled.version,
        revision: pulled.revision,
    });
    context
        .edit(key, |status| {
            counts(status, 1, 1);
            let message = format!("ReplicaSet \"{replica_set}\" has successfully progressed.");
            status.set("Progressing", "True", "NewReplicaSetAvailable", &message);
            let message = "Deployment has minimum availability.";
            status.set("Available", "True", "MinimumReplicasAvailable", message);
        })
        .await;
    Ok(Next::WhenTriggered)
}

/// One replica is of the new template; `replicas` in all, of which `ready` answer.
fn counts(status: &mut Status<'_>, replicas: i64, ready: i64) {
    status.put("replicas", json!(replicas));
    status.put("updatedReplicas", json!(1));
    status.put("readyReplicas", json!(ready));
    status.put("availableReplicas", json!(ready));
    let unavailable = replicas - ready;
    let unavailable = if unavailable == 0 {
        Value::Null
    } else {
        json!(unavailable)
    };
    status.put("unavailableReplicas", unavailable);
}

/// A variable of the first container's environment.
fn environment<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object
        .pointer("/spec/template/spec/containers/0/env")?
        .as_array()?
        .iter()
        .find(|variable| text(variable, "/name") == Some(name))
        .and_then(|variable| text(variable, "/value"))
}
