//! The updates that all sources write alike: a new generation, a new artifact, nothing new, a failure.

use serde_json::json;

use super::{Next, Reconciler};
use crate::clusters::object::{artifact_revision, generation, observed_generation};

/// A new artifact, in the words of the conditions.
pub(super) struct NewArtifact<'a> {
    pub revision: &'a str,
    /// Reason and message of why the previous artifact is outdated.
    pub outdated: (&'a str, &'a str),
    /// Reason and message of Ready and ArtifactInStorage.
    pub stored: (&'a str, &'a str),
}

impl Reconciler<'_> {
    /// Announces a new generation, if there is one. Ready stays what it was.
    pub(super) async fn begin_source(&self) {
        let (observed, present) = (observed_generation(self.object), generation(self.object));
        if observed == present {
            return;
        }
        let message = format!("processing object: new generation {observed} -> {present}");
        self.edit(|status| {
            status.clear(&["Stalled"]);
            status.set("Reconciling", "True", "Progressing", &message);
            if status.condition("Ready").is_none() {
                status.set("Ready", "Unknown", "Progressing", &message);
            }
        })
        .await;
        if artifact_revision(self.object).is_none() {
            self.edit(|status| status.progress("building artifact"))
                .await;
        }
    }

    /// The three updates of a new artifact. `store` runs after Ready and before the status names the
    /// artifact.
    pub(super) async fn store_artifact(&self, artifact: &NewArtifact<'_>, store: impl FnOnce()) {
        let (reason, news) = artifact.outdated;
        let message = format!("building artifact: {news}");
        self.edit(|status| {
            status.progress(&message);
            if status.get("artifact").is_some() {
                status.set("ArtifactOutdated", "True", reason, news);
            }
            // A HelmChart keeps the condition until it is stored.
            if self.key.kind.kind == "GitRepository" {
                status.clear(&["FetchFailed"]);
            }
        })
        .await;
        let (reason, message) = artifact.stored;
        self.edit(|status| {
            status.set("Ready", "True", reason, message);
            status.set("ArtifactInStorage", "True", reason, message);
            status.clear(&["Reconciling", "ArtifactOutdated", "FetchFailed"]);
        })
        .await;
        store();
        self.edit(|status| {
            let artifact = json!({"revision": artifact.revision, "lastUpdateTime": status.now});
            status.put("artifact", artifact);
            status.observe();
        })
        .await;
    }

    /// Nothing is new: conditions that said otherwise go.
    pub(super) async fn keep_artifact(&self, message: &str) {
        self.edit(|status| {
            status.clear(&["FetchFailed", "Reconciling"]);
            status.set("Ready", "True", "Succeeded", message);
            status.observe();
        })
        .await;
    }

    /// Ready False and FetchFailed True, with the error.
    pub(super) async fn fail_source(
        &self,
        reason: &str,
        error: &anyhow::Error,
    ) -> anyhow::Result<Next> {
        let error = &format!("{error:#}");
        self.edit(|status| {
            status.set("Reconciling", "True", "ProgressingWithRetry", error);
            status.set("Ready", "False", reason, error);
            status.set("FetchFailed", "True", reason, error);
        })
        .await;
        self.report("error", reason, error, "");
        Ok(self.after_retry())
    }
}
