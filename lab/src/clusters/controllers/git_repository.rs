//! GitRepository: looks up the tip of the branch, and fetches and stores it when it is new.

use anyhow::Context as _;

use super::sources::NewArtifact;
use super::{Next, Reconciler};
use crate::clusters::git::Snapshot;
use crate::clusters::object::{artifact_revision, text};

impl Reconciler<'_> {
    pub(super) async fn git_repository(&self) -> anyhow::Result<Next> {
        self.begin_source().await;
        let fetched = self.fetch().await;
        let (revision, fetched) = match fetched.context("failed to checkout and determine revision")
        {
            Ok(fetched) => fetched,
            Err(error) => return self.fail_source("GitOperationFailed", &error).await,
        };
        let message = format!("stored artifact for revision '{revision}'");
        let Some(snapshot) = fetched else {
            self.keep_artifact(&message).await;
            return Ok(self.after_interval());
        };
        let report = format!("stored artifact for commit '{}'", snapshot.subject);
        let outdated = format!("new upstream revision '{revision}'");
        let artifact = NewArtifact {
            revision: &revision,
            outdated: ("NewRevision", &outdated),
            stored: ("Succeeded", &message),
        };
        let files = &self.context.artifacts.files;
        self.store_artifact(&artifact, || files.put(self.key, snapshot))
            .await;
        self.report("info", "NewArtifact", &report, &revision);
        Ok(self.after_interval())
    }

    /// The revision of the branch, and its files when they are not stored yet.
    async fn fetch(&self) -> anyhow::Result<(String, Option<Snapshot>)> {
        let addresses = &self.context.registry.addresses;
        let remote = addresses.connect(self.text("/spec/url"))?;
        let branch = text(self.object, "/spec/ref/branch").unwrap_or("master");
        let commit = self.context.mirror.tip(&remote, branch).await?;
        let revision = format!("{branch}@sha1:{commit}");
        let is_stored = self.context.artifacts.files.get(self.key).is_some();
        if is_stored && artifact_revision(self.object) == Some(&revision) {
            return Ok((revision, None));
        }
        let snapshot = self.context.mirror.fetch(&remote, branch, &commit).await?;
        Ok((revision, Some(snapshot)))
    }
}
