//! ImageRepository: lists the tags of an image.

use serde_json::json;

use super::{Next, Reconciler};
use crate::clusters::artifacts::sha256;

impl Reconciler<'_> {
    pub(super) async fn image_repository(&self) -> anyhow::Result<Next> {
        let scanned = self.context.registry.tags(self.text("/spec/image")).await;
        let mut tags = match scanned {
            Ok(tags) => tags,
            Err(error) => return self.fail_source("ReadOperationFailed", &error).await,
        };
        tags.sort_by(|one, other| other.cmp(one));
        let checksum = sha256(tags.join("\n").as_bytes());
        let message = format!(
            "successful scan: found {} tags with checksum {}",
            tags.len(),
            &checksum[..10]
        );
        self.context.artifacts.tags.put(self.key, tags);
        self.edit(|status| {
            status.clear(&["Reconciling", "FetchFailed"]);
            status.set("Ready", "True", "Succeeded", &message);
            let revision = format!("sha256:{checksum}");
            let scan = json!({"scanTime": status.now, "revision": revision});
            status.put("lastScanResult", scan);
            status.observe();
        })
        .await;
        Ok(self.after_interval())
    }
}
