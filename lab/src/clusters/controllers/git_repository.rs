//! GitRepository: looks at the branch, fetches what is new, stores it.

use std::sync::Arc;

use serde_json::Value;

use super::sources::{self, Artifact, Found};
use super::{Context, Next};
use crate::clusters::artifacts::Stored;
use crate::clusters::notify::Report;
use crate::clusters::object::{Key, artifact_revision, text};

const FAILED: &str = "GitOperationFailed";

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
) -> anyhow::Result<Next> {
    let address = text(object, "/spec/url").unwrap_or_default();
    let branch = text(object, "/spec/ref/branch").unwrap_or("master");
    let next = Next::After(context.interval(object, "/spec/interval"));
    sources::take_up(context, key, object).await;
    let Some(remote) = context.addresses.resolve(address)? else {
        return Ok(sources::failed(context, key, FAILED, "no such host").await);
    };
    let failed =
        |error: anyhow::Error| format!("failed to checkout and determine revision: {error:#}");
    let commit = match context.mirror.tip(&remote, branch).await {
        Ok(commit) => commit,
        Err(error) => return Ok(sources::failed(context, key, FAILED, &failed(error)).await),
    };
    let revision = format!("{branch}@sha1:{commit}");
    let message = format!("stored artifact for revision '{revision}'");
    if artifact_revision(object) == Some(&revision) && context.artifacts.files(key).is_some() {
        sources::unchanged(context, key, &message).await;
        return Ok(next);
    }
    let snapshot = match context.mirror.fetch(&remote, branch, &commit).await {
        Ok(snapshot) => Arc::new(snapshot),
        Err(error) => return Ok(sources::failed(context, key, FAILED, &failed(error)).await),
    };
    let found = Found {
        news: (
            "NewRevision",
            &format!("new upstream revision '{revision}'"),
        ),
        stored: ("Succeeded", &message),
        artifact: Artifact {
            file: &format!("{commit}.tar.gz"),
            revision: &revision,
            digest: &snapshot.digest,
            size: snapshot.size,
        },
    };
    let files = Stored::Files(Arc::clone(&snapshot));
    sources::announce(
        context,
        key,
        &found,
        || context.artifacts.put(key, files),
        |_| {},
    )
    .await;
    let message = format!("stored artifact for commit '{}'", snapshot.subject);
    context.report(
        key,
        &Report::new("info", "NewArtifact", &message, &revision),
    );
    Ok(next)
}
