//! How things stand in the lab, as far as steps depend on it.

use serde_json::Value;

use crate::clusters::{Cluster, Key, Kind};

/// How a HelmRelease stands towards one chart version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is deployed, and its tests succeeded.
    Deployed,
    /// It is asked for, and not there yet.
    Under,
    /// It was tried and failed, with Flux's message.
    Failed(String),
    /// Something else is asked for.
    Elsewhere,
}

/// How the release of a cluster stands towards `chart_version`.
pub(super) fn standing(cluster: &Cluster, chart_version: &str) -> Standing {
    let release = object(cluster, "HelmRelease", "podinfo");
    let chart = object(cluster, "HelmChart", "app-podinfo-podinfo");
    let text = |value: &Value, pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let resolved = text(&chart, "/status/artifact/revision");
    let pinned = text(&release, "/spec/chart/spec/version");
    let ready = condition(&release, "Ready");
    let word = |name: &str| text(&ready, name);
    let deployed = release["status"]["history"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["status"] == "deployed");
    let newest = deployed.map(|entry| text(entry, "/chartVersion"));
    let current = ready["observedGeneration"] == release["metadata"]["generation"];
    if newest.as_deref() == Some(chart_version) && word("/status") == "True" && current {
        return Standing::Deployed;
    }
    if resolved != chart_version && pinned != chart_version {
        return Standing::Elsewhere;
    }
    let attempted = text(&release, "/status/lastAttemptedRevision");
    let stalled = condition(&release, "Stalled");
    if attempted == chart_version && stalled["status"] == "True" && current {
        return Standing::Failed(word("/message"));
    }
    Standing::Under
}

/// The tag that the Deployment of dev has rolled out; `None` while it rolls.
pub(super) fn rolled_out(cluster: &Cluster) -> Option<String> {
    let deployment = object(cluster, "Deployment", "podinfo");
    let status = &deployment["status"];
    let settled = status["observedGeneration"] == deployment["metadata"]["generation"]
        && status["replicas"] == status["updatedReplicas"]
        && status["availableReplicas"] == status["updatedReplicas"];
    let image = deployment.pointer("/spec/template/spec/containers/0/image");
    let (_, tag) = image?.as_str()?.rsplit_once(':')?;
    settled.then(|| tag.to_owned())
}

/// When a branch build was made: the last part of its tag.
pub(super) fn built_at(tag: &str) -> Option<u64> {
    tag.rsplit_once('-')?.1.parse().ok()
}

fn object(cluster: &Cluster, kind: &str, name: &str) -> Value {
    let found = Kind::named(kind)
        .and_then(|kind| cluster.store().get(&Key::new(kind, "app-podinfo", name)));
    found.map(|object| (*object).clone()).unwrap_or_default()
}

fn condition(object: &Value, name: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    let found = conditions.find(|condition| condition["type"] == name);
    found.cloned().unwrap_or_default()
}
