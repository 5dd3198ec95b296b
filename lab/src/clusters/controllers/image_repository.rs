//! ImageRepository: lists the tags of an image.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Context, Next, sources};
use crate::clusters::artifacts::Stored;
use crate::clusters::object::{Key, text};
use crate::clusters::registry::{parts, tags};

/// How many tags the status shows.
const SHOWN: usize = 10;

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let image = text(object, "/spec/image").unwrap_or_default();
    let mut found = match tags(&context.http, &context.addresses, image).await {
        Ok(found) => found,
        Err(error) => {
            return Ok(
                sources::failed(context, key, "ReadOperationFailed", &format!("{error:#}")).await,
            );
        }
    };
    found.sort_by(|one, other| other.cmp(one));
    let checksum = crate::clusters::sha256(found.join("\n").as_bytes());
    let (host, name, _) = parts(image);
    let message = format!(
        "successful scan: found {} tags with checksum {}",
        found.len(),
        &checksum[..10]
    );
    context
        .artifacts
        .put(key, Stored::Tags(Arc::new(found.clone())));
    context
        .edit(key, |status| {
            status.clear(&["Reconciling", "FetchFailed"]);
            status.set("Ready", "True", "Succeeded", &message);
            status.put("canonicalImageName", json!(format!("{host}/{name}")));
            status.put(
                "observedExclusionList",
                object["spec"]["exclusionList"].clone(),
            );
            let shown = &found[..found.len().min(SHOWN)];
            let scan = json!({
                "scanTime": status.now, "tagCount": found.len(), "latestTags": shown,
                "revision": format!("sha256:{checksum}"),
            });
            status.put("lastScanResult", scan);
            status.observe();
        })
        .await;
    Ok(Next::After(context.interval(object, "/spec/interval")))
}
