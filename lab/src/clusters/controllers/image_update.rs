//! ImageUpdateAutomation: writes the tags that policies chose into git, with a commit and a push.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Context, Next};
use crate::clusters::git::{Author, Clone};
use crate::clusters::kinds::IMAGE_POLICY;
use crate::clusters::notify::Report;
use crate::clusters::object::{Key, artifact_revision, text, timestamp};
use crate::clusters::setters::{self, Written};

/// What policies chose: `(image, tag)` by `namespace:name`.
type Chosen = BTreeMap<String, (String, String)>;

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let next = Next::After(context.interval(object, "/spec/interval"));
    let Some(source) = key.referenced(object, "/spec/sourceRef") else {
        return Ok(Next::WhenTriggered);
    };
    let source_object = context.store.get(&source);
    let revision = source_object.as_deref().and_then(artifact_revision);
    let (Some(files), Some(revision)) = (context.artifacts.files(&source), revision) else {
        return Ok(Next::WhenTriggered);
    };
    let path = text(object, "/spec/update/path").unwrap_or(".");
    let below = path.trim_start_matches("./").to_owned();
    let chosen = chosen(context, &key.namespace);
    let due = files
        .files
        .iter()
        .filter(|(file, _)| file.starts_with(&below))
        .filter_map(|(_, contents)| std::str::from_utf8(contents).ok())
        .any(|text| !setters::write(text, &chosen).1.is_empty());
    let pushed = if due {
        match push(context, object, source_object.as_deref(), &below, &chosen).await {
            Ok(pushed) => pushed,
            Err(error) => {
                let error = format!("{error:#}");
                context
                    .edit(key, |status| {
                        status.set("Ready", "False", "GitOperationFailed", &error);
                    })
                    .await;
                context.report(
                    key,
                    &Report::new("error", "GitOperationFailed", &error, revision),
                );
                return Ok(Next::After(context.pace.retry));
            }
        }
    } else {
        None
    };
    let branch = text(object, "/spec/git/push/branch").unwrap_or("main");
    context
        .edit(key, |status| {
            let now = json!(status.now);
            status.put("lastAutomationRunTime", now.clone());
            status.put("observedSourceRevision", json!(revision));
            status.put("observedPolicies", observed(&chosen));
            let mut message = "repository up-to-date".to_owned();
            if let Some((commit, said)) = &pushed {
                status.put("lastPushCommit", json!(commit));
                status.put("lastPushTime", now);
                message = format!(
                    "pushed commit '{}' to branch '{branch}'\n{said}",
                    &commit[..7]
                );
            }
            status.set("Ready", "True", "Succeeded", &message);
            status.observe();
        })
        .await;
    if let Some((commit, said)) = pushed {
        let message = format!(
            "pushed commit '{}' to branch '{branch}'\n{said}",
            &commit[..7]
        );
        let revision = format!("{branch}@sha1:{commit}");
        context.report(key, &Report::new("info", "Succeeded", &message, &revision));
    }
    Ok(next)
}

fn chosen(context: &Context, namespace: &str) -> Chosen {
    let (_, policies) = context.store.list(&IMAGE_POLICY, Some(namespace));
    policies
        .into_iter()
        .filter_map(|(key, policy)| {
            let image = text(&policy, "/status/latestRef/name")?.to_owned();
            let tag = text(&policy, "/status/latestRef/tag")?.to_owned();
            Some((format!("{}:{}", key.namespace, key.name), (image, tag)))
        })
        .collect()
}

fn observed(chosen: &Chosen) -> Value {
    chosen
        .iter()
        .map(|(policy, (image, tag))| {
            let name = policy.split(':').next_back().unwrap_or_default();
            (name.to_owned(), json!({"name": image, "tag": tag}))
        })
        .collect()
}

/// The new commit and its message; `None` when the branch already holds what was chosen.
async fn push(
    context: &Context,
    object: &Value,
    source: Option<&Value>,
    below: &str,
    chosen: &Chosen,
) -> anyhow::Result<Option<(String, String)>> {
    let address = source
        .and_then(|source| text(source, "/spec/url"))
        .unwrap_or_default();
    let remote = context
        .addresses
        .resolve(address)?
        .context("no such host")?;
    let branch = text(object, "/spec/git/checkout/ref/branch").unwrap_or("main");
    let token = context.notifier.secrets.git_token.clone();
    let clone = Clone::of(&remote, branch, token, &context.scratch).await?;
    let mut written: Vec<Written> = Vec::new();
    let mut directories = vec![clone.path().join(below)];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            } else if path
                .extension()
                .is_some_and(|kind| kind == "yaml" || kind == "yml")
            {
                let (text, changes) = setters::write(&std::fs::read_to_string(&path)?, chosen);
                if !changes.is_empty() {
                    std::fs::write(&path, text)?;
                    written.extend(changes);
                }
            }
        }
    }
    if written.is_empty() {
        return Ok(None);
    }
    let said = |pointer: &str, fallback: &str| text(object, pointer).unwrap_or(fallback).to_owned();
    let author = Author {
        name: said("/spec/git/commit/author/name", "fluxcdbot"),
        email: said(
            "/spec/git/commit/author/email",
            "fluxcdbot@users.noreply.github.com",
        ),
        at: timestamp(context.clock.now()),
    };
    let message = setters::message(
        &said(
            "/spec/git/commit/messageTemplate",
            "Update from image update automation",
        ),
        &written,
    );
    let target = text(object, "/spec/git/push/branch").unwrap_or(branch);
    let commit = clone.push(below, &author, &message, target).await?;
    Ok(Some((commit, message)))
}
