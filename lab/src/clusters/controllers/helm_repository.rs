//! HelmRepository: downloads the index and stores it when it is new.

use std::sync::Arc;

use serde_json::Value;

use super::sources::{self, Artifact, Found};
use super::{Context, Next};
use crate::clusters::artifacts::Stored;
use crate::clusters::charts::Index;
use crate::clusters::notify::Report;
use crate::clusters::object::{Key, artifact_revision, text};

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let address = text(object, "/spec/url").unwrap_or_default();
    let next = Next::After(context.interval(object, "/spec/interval"));
    sources::take_up(context, key, object).await;
    let (text, index) = match fetch(context, address).await {
        Ok(fetched) => fetched,
        Err(error) => {
            let error = format!("failed to fetch Helm repository index: {error:#}");
            return Ok(sources::failed(context, key, "IndexationFailed", &error).await);
        }
    };
    let digest = crate::clusters::sha256(text.as_bytes());
    let revision = format!("sha256:{digest}");
    let message = format!("stored artifact: revision '{revision}'");
    if artifact_revision(object) == Some(&revision) && context.artifacts.index(key).is_some() {
        sources::unchanged(context, key, &message).await;
        return Ok(next);
    }
    let found = Found {
        news: ("NewRevision", &format!("new index revision '{revision}'")),
        stored: ("Succeeded", &message),
        artifact: Artifact {
            file: &format!("index-{digest}.yaml"),
            revision: &revision,
            digest: &digest,
            size: text.len(),
        },
    };
    let index = Stored::Index(Arc::new(index));
    sources::announce(
        context,
        key,
        &found,
        || context.artifacts.put(key, index),
        |status| status.put("url", sources::latest(key, "index.yaml")),
    )
    .await;
    let message = format!(
        "stored fetched index of size {} from '{address}'",
        human(text.len())
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

/// A size as Flux writes it: `781B`, `2.569kB`.
fn human(bytes: usize) -> String {
    if bytes < 1000 {
        format!("{bytes}B")
    } else {
        format!("{}kB", bytes as f64 / 1000.0)
    }
}
