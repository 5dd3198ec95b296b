//! HelmRepository: downloads the index and stores it when it is new.

use anyhow::Context as _;

use super::sources::NewArtifact;
use super::{Next, Reconciler};
use crate::clusters::artifacts::sha256;
use crate::clusters::charts::Index;
use crate::clusters::object::artifact_revision;

impl Reconciler<'_> {
    pub(super) async fn helm_repository(&self) -> anyhow::Result<Next> {
        let address = self.text("/spec/url");
        self.begin_source().await;
        let downloaded = self.download_index(address).await;
        let (text, index) = match downloaded.context("failed to fetch Helm repository index") {
            Ok(downloaded) => downloaded,
            Err(error) => return self.fail_source("IndexationFailed", &error).await,
        };
        let revision = format!("sha256:{}", sha256(text.as_bytes()));
        let message = format!("stored artifact: revision '{revision}'");
        let indexes = &self.context.artifacts.indexes;
        if artifact_revision(self.object) == Some(&revision) && indexes.get(self.key).is_some() {
            self.keep_artifact(&message).await;
            return Ok(self.after_interval());
        }
        let outdated = format!("new index revision '{revision}'");
        let artifact = NewArtifact {
            revision: &revision,
            outdated: ("NewRevision", &outdated),
            stored: ("Succeeded", &message),
        };
        self.store_artifact(&artifact, || indexes.put(self.key, index))
            .await;
        let size = text.len() as f64 / 1000.0;
        let message = format!("stored fetched index of size {size}kB from '{address}'");
        self.report("info", "NewArtifact", &message, &revision);
        Ok(self.after_interval())
    }

    async fn download_index(&self, address: &str) -> anyhow::Result<(String, Index)> {
        let address = format!("{}/index.yaml", address.trim_end_matches('/'));
        let text = String::from_utf8(self.download(&address).await?)?;
        let index = serde_saphyr::from_str(&text).context("reading index.yaml")?;
        Ok((text, index))
    }
}
