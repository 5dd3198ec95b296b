//! ImageUpdateAutomation: writes the tags that policies chose into git, with a commit and a push.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Next, Reconciler};
use crate::clusters::git::{CommitAuthor, WorkingTree};
use crate::clusters::kinds::IMAGE_POLICY;
use crate::clusters::object::{Key, artifact_revision, text, timestamp};
use crate::clusters::setters::{self, Choices};

const REASON: &str = "Succeeded";

impl Reconciler<'_> {
    pub(super) async fn image_update_automation(&self) -> anyhow::Result<Next> {
        let Some(source) = self.source() else {
            return Ok(Next::WhenTriggered);
        };
        let repository = self.context.store.get(&source);
        let revision = repository.as_deref().and_then(artifact_revision);
        let files = self.context.artifacts.files.get(&source);
        let (Some(files), Some(revision)) = (files, revision) else {
            return Ok(Next::WhenTriggered);
        };
        let path = text(self.object, "/spec/update/path").unwrap_or(".");
        let path = path.trim_start_matches("./");
        let choices = self.choices();
        let files = files.files.iter();
        let below = files.filter(|(file, _)| file.starts_with(path));
        let mut texts = below.filter_map(|(_, contents)| std::str::from_utf8(contents).ok());
        let is_due = texts.any(|text| !setters::write(text, &choices).1.is_empty());
        let pushed = match is_due {
            true => self.push(&source, path, &choices).await,
            false => Ok(None),
        };
        let pushed = match pushed {
            Ok(pushed) => pushed,
            Err(error) => {
                let (reason, error) = ("GitOperationFailed", format!("{error:#}"));
                self.edit(|status| status.set("Ready", "False", reason, &error))
                    .await;
                self.report("error", reason, &error, revision);
                return Ok(self.after_retry());
            }
        };
        let branch = text(self.object, "/spec/git/push/branch").unwrap_or("main");
        let message = match &pushed {
            Some((commit, message)) => {
                let commit = &commit[..7];
                format!("pushed commit '{commit}' to branch '{branch}'\n{message}")
            }
            None => "repository up-to-date".to_owned(),
        };
        self.edit(|status| {
            if let Some((commit, _)) = &pushed {
                status.put("lastPushCommit", json!(commit));
                status.put("lastPushTime", json!(status.now));
            }
            status.set("Ready", "True", REASON, &message);
            status.observe();
        })
        .await;
        if let Some((commit, _)) = pushed {
            let revision = format!("{branch}@sha1:{commit}");
            self.report("info", REASON, &message, &revision);
        }
        Ok(self.after_interval())
    }

    fn choices(&self) -> Choices {
        let namespace = Some(self.key.namespace.as_str());
        let (_, policies) = self.context.store.list(&IMAGE_POLICY, namespace);
        let choices = policies.into_iter().filter_map(|(key, policy)| {
            let latest = |part: &str| {
                let pointer = format!("/status/latestRef/{part}");
                text(&policy, &pointer).map(str::to_owned)
            };
            let policy = format!("{}:{}", key.namespace, key.name);
            Some((policy, (latest("name")?, latest("tag")?)))
        });
        choices.collect()
    }

    /// The new commit and its message; `None` when the branch holds the choices already.
    async fn push(
        &self,
        source: &Key,
        path: &str,
        choices: &Choices,
    ) -> anyhow::Result<Option<(String, String)>> {
        let repository = self.context.store.get(source);
        let address = repository.as_deref().and_then(|it| text(it, "/spec/url"));
        let addresses = &self.context.registry.addresses;
        let remote = addresses.connect(address.unwrap_or_default())?;
        let part = |pointer: &str, default| text(self.object, pointer).unwrap_or(default);
        let branch = part("/spec/git/checkout/ref/branch", "main");
        let token = self.context.secrets.github_token.clone();
        let tree = WorkingTree::clone(&remote, branch, token, &self.context.scratch).await?;
        let mut written = Vec::new();
        for file in yaml_files(&tree.path().join(path))? {
            let (text, changes) = setters::write(&std::fs::read_to_string(&file)?, choices);
            if !changes.is_empty() {
                std::fs::write(&file, text)?;
                written.extend(changes);
            }
        }
        if written.is_empty() {
            return Ok(None);
        }
        let email = "fluxcdbot@users.noreply.github.com";
        let author = CommitAuthor {
            name: part("/spec/git/commit/author/name", "fluxcdbot").to_owned(),
            email: part("/spec/git/commit/author/email", email).to_owned(),
            at: timestamp(self.context.clock.now()),
        };
        let default = "Update from image update automation";
        let template = part("/spec/git/commit/messageTemplate", default);
        let message = setters::message(template, &written);
        let target = part("/spec/git/push/branch", branch);
        let commit = tree.push(path, &author, &message, target).await?;
        Ok(Some((commit, message)))
    }
}

fn yaml_files(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if matches!(extension, Some("yaml" | "yml")) {
            files.push(path);
        }
    }
    Ok(files)
}
