//! HelmChart: chooses the version that its range allows and pulls the package.

use std::sync::Arc;

use serde_json::{Value, json};

use super::sources::{self, Artifact, Found};
use super::{Context, Next};
use crate::clusters::artifacts::Stored;
use crate::clusters::charts::Chart;
use crate::clusters::notify::Report;
use crate::clusters::object::{
    Key, artifact_revision, condition, generation, is_true, observed_generation, text,
};

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let next = Next::After(context.interval(object, "/spec/interval"));
    let chart = text(object, "/spec/chart").unwrap_or_default();
    let wanted = text(object, "/spec/version").unwrap_or("*");
    let Some(source) = key.referenced(object, "/spec/sourceRef") else {
        return Ok(Next::WhenTriggered);
    };
    // Until the repository has an index there is nothing to choose from; its first one triggers us.
    let Some(index) = context.artifacts.index(&source) else {
        return Ok(Next::WhenTriggered);
    };
    let repository = context.store.get(&source);
    let repository = repository.as_deref().unwrap_or(&Value::Null);
    let stored = artifact_revision(object);
    // What is stalled at this generation was observed, though the status says so only later.
    let stalled = condition(object, "Stalled")
        .is_some_and(|stalled| stalled["observedGeneration"] == json!(generation(object)));
    if !stalled {
        sources::take_up(context, key, object).await;
    }
    let entry = match index.choose(chart, wanted) {
        Ok(entry) => entry.clone(),
        Err(none) => {
            let reason = "InvalidChartReference";
            let message = format!(
                "invalid chart reference: failed to get chart version for remote reference: {none}"
            );
            context
                .edit(key, |status| {
                    status.clear(&["Reconciling"]);
                    status.set("Stalled", "True", reason, &message);
                    status.set("Ready", "False", reason, &message);
                    status.set("FetchFailed", "True", reason, &message);
                })
                .await;
            if !stalled {
                context.report(key, &Report::new("error", reason, &message, ""));
            }
            return Ok(Next::WhenTriggered);
        }
    };
    let current = stored == Some(entry.version.as_str())
        && observed_generation(object) == generation(object)
        && is_true(object, "Ready")
        && context.artifacts.chart(key).is_some();
    if current {
        context
            .edit(key, |status| {
                status.put(
                    "observedSourceArtifactRevision",
                    source_revision(repository),
                );
            })
            .await;
        return Ok(next);
    }
    let address = entry.address(text(repository, "/spec/url").unwrap_or_default())?;
    let package = match download(context, &address).await {
        Ok(package) => Arc::new(package),
        Err(error) => {
            let error = format!(
                "chart pull error: failed to download chart for remote reference: {error:#}"
            );
            return Ok(sources::failed(context, key, "ChartPullError", &error).await);
        }
    };
    let message = format!("pulled '{chart}' chart with version '{}'", package.version);
    let found = Found {
        news: ("NewChart", &message),
        stored: ("ChartPullSucceeded", &message),
        artifact: Artifact {
            file: &format!("{chart}-{}.tgz", package.version),
            revision: &package.version,
            digest: &package.digest,
            size: package.size,
        },
    };
    let stored = Stored::Chart(Arc::clone(&package));
    sources::announce(
        context,
        key,
        &found,
        || context.artifacts.put(key, stored),
        |status| {
            status.put(
                "observedSourceArtifactRevision",
                source_revision(repository),
            );
            status.put("observedChartName", json!(chart));
            status.put("url", sources::latest(key, "latest.tar.gz"));
        },
    )
    .await;
    context.report(
        key,
        &Report::new("info", "ChartPullSucceeded", &message, &package.version),
    );
    Ok(next)
}

fn source_revision(repository: &Value) -> Value {
    json!(artifact_revision(repository))
}

async fn download(context: &Context, address: &str) -> anyhow::Result<Chart> {
    let Some(url) = context.addresses.resolve(address)? else {
        anyhow::bail!("no such host");
    };
    let response = context.http.get(url).send().await?.error_for_status()?;
    Chart::read(&response.bytes().await?)
}
