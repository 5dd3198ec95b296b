//! Kustomization: builds the manifests of a revision, applies them, prunes those that are gone.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Next, Reconciler};
use crate::clusters::kinds::KINDS;
use crate::clusters::manifests::build;
use crate::clusters::object::{Key, artifact_revision, generation, observed_generation, text};
use crate::clusters::report::Report;
use crate::clusters::store::Applied;

impl Reconciler<'_> {
    pub(super) async fn kustomization(&self) -> anyhow::Result<Next> {
        let began = Instant::now();
        let found = self.source().and_then(|source| {
            let files = self.context.artifacts.files.get(&source)?;
            let source = self.context.store.get(&source)?;
            Some((artifact_revision(&source)?.to_owned(), files))
        });
        let Some((revision, files)) = found else {
            let message = "Source artifact not found, retrying in 30s";
            self.edit(|status| status.set("Ready", "False", "ArtifactFailed", message))
                .await;
            return Ok(Next::WhenTriggered);
        };
        let interval = text(self.object, "/spec/interval").unwrap_or("1m");
        let timeout = text(self.object, "/spec/timeout").unwrap_or(interval);
        let doing =
            |what: &str| format!("{what} for revision {revision} with a timeout of {timeout}");
        let fetching = doing("Fetching manifests");
        self.edit(|status| {
            let message = "Reconciliation in progress";
            status.set("Reconciling", "True", "Progressing", &fetching);
            status.set("Ready", "Unknown", "Progressing", message);
        })
        .await;
        let building = doing("Building manifests");
        self.edit(|status| status.set("Reconciling", "True", "Progressing", &building))
            .await;
        let path = text(self.object, "/spec/path").unwrap_or("./");
        let manifests = match build(&files.files, path) {
            Ok(manifests) => manifests,
            Err(error) => {
                let reason = "BuildFailed";
                return Ok(self.fail(&revision, reason, &building, &error).await);
            }
        };
        let detecting = doing("Detecting drift");
        self.edit(|status| {
            status.set("Reconciling", "True", "Progressing", &detecting);
            status.put("lastAttemptedRevision", json!(revision));
        })
        .await;
        let changes = match self.apply(&manifests) {
            Ok(changes) => changes,
            Err(error) => {
                let reason = "ReconciliationFailed";
                return Ok(self.fail(&revision, reason, &detecting, &error).await);
            }
        };
        if !changes.is_empty() {
            self.report("info", "Progressing", &changes.join("\n"), &revision);
        }
        let reason = "ReconciliationSucceeded";
        self.edit(|status| {
            let applied = format!("Applied revision: {revision}");
            status.set("Ready", "True", reason, &applied);
            status.clear(&["Reconciling", "Stalled"]);
        })
        .await;
        let is_new = text(self.object, "/status/lastAppliedRevision") != Some(&revision)
            || observed_generation(self.object) != generation(self.object);
        if is_new {
            self.edit(|status| {
                status.put("lastAppliedRevision", json!(revision));
                status.observe();
            })
            .await;
        }
        let took = began.elapsed();
        let message = format!("Reconciliation finished in {took:?}, next run in {interval}");
        let report = Report::new("info", reason, &message, &revision);
        self.send(&report.with("commit_status", "update"));
        Ok(self.after_interval())
    }

    async fn fail(&self, revision: &str, reason: &str, doing: &str, error: &str) -> Next {
        self.edit(|status| {
            status.put("lastAttemptedRevision", json!(revision));
            status.set("Reconciling", "True", "ProgressingWithRetry", doing);
            status.set("Ready", "False", reason, error);
        })
        .await;
        self.report("error", reason, error, revision);
        self.after_interval()
    }

    /// Applies and prunes; returns the changes, such as `HelmRelease/app-podinfo/podinfo configured`.
    fn apply(&self, manifests: &[Value]) -> Result<Vec<String>, String> {
        let key = self.key;
        let labels = [
            ("kustomize.toolkit.fluxcd.io/name", &*key.name),
            ("kustomize.toolkit.fluxcd.io/namespace", &*key.namespace),
        ];
        let store = &self.context.store;
        let mut changes = Vec::new();
        let mut present = BTreeSet::new();
        for manifest in manifests {
            let (key, applied) = store.apply(manifest, &labels)?;
            match applied {
                Applied::Created => changes.push(change(&key, "created")),
                Applied::Configured => changes.push(change(&key, "configured")),
                Applied::Unchanged => {}
            }
            present.insert(key);
        }
        if self.object["spec"]["prune"] == true {
            let stored = KINDS.iter().flat_map(|kind| store.list(kind, None).1);
            let is_own = |object: &Value| {
                let mut labels = labels.iter();
                labels.all(|(name, value)| object["metadata"]["labels"][name] == *value)
            };
            for (key, _) in stored.filter(|(_, object)| is_own(object)) {
                if !present.contains(&key) {
                    store.remove(&key);
                    changes.push(change(&key, "deleted"));
                }
            }
        }
        Ok(changes)
    }
}

fn change(key: &Key, verb: &str) -> String {
    let path = key.path();
    format!("{}/{} {verb}", key.kind.kind, path.trim_start_matches('/'))
}
