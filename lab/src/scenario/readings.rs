//! The state of the clusters, as far as the steps depend on it.

use serde_json::Value;

use crate::clusters::{Cluster, Key, Kind, StoredObject, condition, is_current, is_true, text};

/// The progress of a HelmRelease towards one chart version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It is deployed, and its tests succeeded.
    Deployed,
    /// It is asked for, and not deployed yet.
    UnderWay,
    /// It was tried and failed, with the message of Flux.
    Failed(String),
    /// Another version is asked for.
    NotAskedFor,
}

/// The progress of the release of a cluster towards `chart_version`.
pub(super) fn progress(cluster: &Cluster, chart_version: &str) -> Progress {
    let release = object(cluster, "HelmRelease", "podinfo").unwrap_or_default();
    let chart = object(cluster, "HelmChart", "app-podinfo-podinfo").unwrap_or_default();
    let ready = condition(&release, "Ready").filter(|ready| is_current(&release, ready));
    let history = release["status"]["history"].as_array();
    let mut history = history.into_iter().flatten();
    let deployed = history.find(|revision| revision["status"] == "deployed");
    let deployed = deployed.is_some_and(|revision| revision["chartVersion"] == chart_version);
    let names = |object: &Value, pointer: &str| text(object, pointer) == Some(chart_version);
    if deployed && ready.is_some_and(|ready| ready["status"] == "True") {
        return Progress::Deployed;
    }
    if !names(&chart, "/status/artifact/revision") && !names(&release, "/spec/chart/spec/version") {
        return Progress::NotAskedFor;
    }
    match ready.and_then(|ready| text(ready, "/message")) {
        Some(message)
            if names(&release, "/status/lastAttemptedRevision") && is_true(&release, "Stalled") =>
        {
            Progress::Failed(message.to_owned())
        }
        _ => Progress::UnderWay,
    }
}

/// The tag that the Deployment of a cluster has rolled out; `None` while it rolls.
pub(super) fn rolled_out_tag(cluster: &Cluster) -> Option<String> {
    let deployment = object(cluster, "Deployment", "podinfo")?;
    let status = &deployment["status"];
    let is_done = status["observedGeneration"] == deployment["metadata"]["generation"]
        && status["replicas"] == status["updatedReplicas"]
        && status["availableReplicas"] == status["updatedReplicas"];
    let image = text(&deployment, "/spec/template/spec/containers/0/image")?;
    let (_, tag) = image.rsplit_once(':')?;
    is_done.then(|| tag.to_owned())
}

/// Seconds since the epoch at which a branch build was made, the last part of its tag.
pub(super) fn built_at(tag: &str) -> Option<u64> {
    tag.rsplit_once('-')?.1.parse().ok()
}

fn object(cluster: &Cluster, kind: &str, name: &str) -> Option<StoredObject> {
    let key = Key::new(Kind::named(kind)?, "app-podinfo", name);
    cluster.store().get(&key)
}
