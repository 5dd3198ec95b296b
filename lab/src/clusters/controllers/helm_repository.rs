//! HelmRepository: downloads the index and stores it when it is new.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Context, Next, artifact, fetch_failed};
use crate::clusters::artifacts::Stored;
use crate::clusters::charts::Index;
use crate::clusters::notify::{Report, generation_words};
use crate::clusters::object::{
    Key, artifact_revision, generation, is_true, observed_generation, text,
};

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let address = text(object, "/spec/url").unwrap_or_default();
    let next = Next::After(context.interval(object, "/spec/interval"));
    let stored = artifact_revision(object);
    if observed_generation(object) != generation(object) {
        let message = generation_words(object);
        context
            .edit(key, |status| status.progressing(&message))
            .await;
        if stored.is_none() {
            context
                .edit(key, |status| status.progressing("building artifact"))
                .await;
        }
    }
    let fetched = fetch(context, address).await;
    let (text, index) = match fetched {
        Ok((text, index)) => (text, Arc::new(index)),
        Err(error) => {
            let error = format!("failed to fetch Helm repository index: {error:#}");
            return Ok(fetch_failed(context, key, "IndexationFailed", &error).await);
        }
    };
    let digest = crate::clusters::sha256(text.as_bytes());
    let revision = format!("sha256:{digest}");
    if stored == Some(&revision) && context.artifacts.index(key).is_some() {
        context
            .edit(key, |status| {
                status.clear(&["FetchFailed", "Reconciling"]);
                let message = format!("stored artifact: revision '{revision}'");
                status.set("Ready", "True", "Succeeded", &message);
                status.observe();
            })
            .await;
        return Ok(next);
    }
    context
        .edit(key, |status| {
            let upstream = format!("new index revision '{revision}'");
            status.progressing(&format!("building artifact: {upstream}"));
            if is_true(object, "ArtifactInStorage") {
                status.set("ArtifactOutdated", "True", "NewRevision", &upstream);
            }
        })
        .await;
    let message = format!("stored artifact: revision '{revision}'");
    context
        .edit(key, |status| {
            status.set("Ready", "True", "Succeeded", &message);
            status.set("ArtifactInStorage", "True", "Succeeded", &message);
            status.clear(&["Reconciling", "ArtifactOutdated", "FetchFailed"]);
        })
        .await;
    context.artifacts.put(key, Stored::Index(index));
    context
        .edit(key, |status| {
            let now = status.now.clone();
            let stored = artifact(
                key,
                &format!("index-{digest}.yaml"),
                &revision,
                &digest,
                text.len(),
                &now,
            );
            status.put("artifact", stored);
            let path = format!("helmrepository/{}/index.yaml", key.path());
            status.put(
                "url",
                json!(format!(
                    "http://source-controller.flux-system.svc.cluster.local./{path}"
                )),
            );
            status.observe();
        })
        .await;
    let message = format!(
        "stored fetched index of size {}B from '{address}'",
        text.len()
    );
    context.report(
        key,
        &Report::new("info", "NewArtifact", &message, &revision),
    );
    Ok(next)
}

async fn fetch(context: &Context, address: &str) -> anyhow::Result<(String, Index)> {
    let index = format!("{}/index.yaml", address.trim_end_matches('/'));
    let Some(url) = context.addresses.resolve(&index)? else {
        anyhow::bail!("no such host");
    };
    let response = context.http.get(url).send().await?.error_for_status()?;
    let text = response.text().await?;
    let index = Index::read(&text)?;
    Ok((text, index))
}
