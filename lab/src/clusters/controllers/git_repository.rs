//! GitRepository: looks at the branch, fetches what is new, stores it.

use std::sync::Arc;

use serde_json::Value;

use super::{Context, Next, artifact, fetch_failed};
use crate::clusters::artifacts::Stored;
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
    let branch = text(object, "/spec/ref/branch").unwrap_or("master");
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
    let Some(remote) = context.addresses.resolve(address)? else {
        return Ok(fetch_failed(context, key, "GitOperationFailed", "no such host").await);
    };
    let commit = match context.mirror.tip(&remote, branch).await {
        Ok(commit) => commit,
        Err(error) => {
            let error = format!("failed to checkout and determine revision: {error:#}");
            return Ok(fetch_failed(context, key, "GitOperationFailed", &error).await);
        }
    };
    let revision = format!("{branch}@sha1:{commit}");
    if stored == Some(&revision) && context.artifacts.files(key).is_some() {
        context
            .edit(key, |status| {
                status.clear(&["FetchFailed", "Reconciling"]);
                let message = format!("stored artifact for revision '{revision}'");
                status.set("Ready", "True", "Succeeded", &message);
                status.observe();
            })
            .await;
        return Ok(next);
    }
    let snapshot = match context.mirror.fetch(&remote, branch, &commit).await {
        Ok(snapshot) => Arc::new(snapshot),
        Err(error) => {
            let error = format!("failed to checkout and determine revision: {error:#}");
            return Ok(fetch_failed(context, key, "GitOperationFailed", &error).await);
        }
    };
    context
        .edit(key, |status| {
            let upstream = format!("new upstream revision '{revision}'");
            status.progressing(&format!("building artifact: {upstream}"));
            if is_true(object, "ArtifactInStorage") {
                status.set("ArtifactOutdated", "True", "NewRevision", &upstream);
            }
        })
        .await;
    let message = format!("stored artifact for revision '{revision}'");
    context
        .edit(key, |status| {
            status.set("Ready", "True", "Succeeded", &message);
            status.set("ArtifactInStorage", "True", "Succeeded", &message);
            status.clear(&["Reconciling", "ArtifactOutdated", "FetchFailed"]);
        })
        .await;
    context
        .artifacts
        .put(key, Stored::Files(Arc::clone(&snapshot)));
    context
        .edit(key, |status| {
            let file = format!("{commit}.tar.gz");
            let now = status.now.clone();
            let stored = artifact(key, &file, &revision, &snapshot.digest, snapshot.size, &now);
            status.put("artifact", stored);
            status.observe();
        })
        .await;
    let message = format!("stored artifact for commit '{}'", snapshot.subject);
    context.report(
        key,
        &Report::new("info", "NewArtifact", &message, &revision),
    );
    Ok(next)
}
