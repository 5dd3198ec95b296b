//! The updates that all sources write in the same way: a new generation is taken up, something new is
//! stored, nothing is new, nothing can be had.

use serde_json::{Value, json};

use super::{Context, Next};
use crate::clusters::conditions::Status;
use crate::clusters::notify::Report;
use crate::clusters::object::{Key, artifact_revision, generation, observed_generation};

/// The service that artifacts are fetched from inside a cluster.
const STORAGE: &str = "http://source-controller.flux-system.svc.cluster.local./";

/// Takes up a new generation, if there is one. Ready stays what it was until there is more to say.
pub(super) async fn take_up(context: &Context, key: &Key, object: &Value) {
    let (observed, present) = (observed_generation(object), generation(object));
    if observed == present {
        return;
    }
    let message = format!("processing object: new generation {observed} -> {present}");
    context
        .edit(key, |status| {
            status.clear(&["Stalled"]);
            status.set("Reconciling", "True", "Progressing", &message);
            if status.condition("Ready").is_none() {
                status.set("Ready", "Unknown", "Progressing", &message);
            }
        })
        .await;
    if artifact_revision(object).is_none() {
        context
            .edit(key, |status| status.progressing("building artifact"))
            .await;
    }
}

/// Something new that a source has found, in the words of its conditions.
pub(super) struct Found<'a> {
    /// Why the artifact of before is outdated: a reason and a sentence.
    pub news: (&'a str, &'a str),
    /// What Ready and ArtifactInStorage say once it is stored: a reason and a sentence.
    pub stored: (&'a str, &'a str),
    /// The artifact, as its status describes it.
    pub artifact: Artifact<'a>,
}

/// A stored artifact.
pub(super) struct Artifact<'a> {
    /// Its file's name.
    pub file: &'a str,
    /// What it is a revision of.
    pub revision: &'a str,
    /// SHA-256, hexadecimal.
    pub digest: &'a str,
    /// In bytes.
    pub size: usize,
}

/// The three updates of a source that stores something new; `more` joins the last one. The artifact
/// itself is to be stored by `store`, after Ready and before the status shows it.
pub(super) async fn announce(
    context: &Context,
    key: &Key,
    found: &Found<'_>,
    store: impl FnOnce(),
    more: impl FnOnce(&mut Status<'_>),
) {
    let (news_reason, news) = found.news;
    context
        .edit(key, |status| {
            status.progressing(&format!("building artifact: {news}"));
            if status.get("artifact").is_some() {
                status.set("ArtifactOutdated", "True", news_reason, news);
            }
            // A HelmChart keeps the word until it is stored.
            if key.kind.kind == "GitRepository" {
                status.clear(&["FetchFailed"]);
            }
        })
        .await;
    let (reason, message) = found.stored;
    context
        .edit(key, |status| {
            status.set("Ready", "True", reason, message);
            status.set("ArtifactInStorage", "True", reason, message);
            status.clear(&["Reconciling", "ArtifactOutdated", "FetchFailed"]);
        })
        .await;
    store();
    context
        .edit(key, |status| {
            let artifact = &found.artifact;
            let path = format!(
                "{}/{}/{}",
                key.kind.kind.to_lowercase(),
                key.path(),
                artifact.file
            );
            let described = json!({
                "digest": format!("sha256:{}", artifact.digest), "lastUpdateTime": status.now,
                "revision": artifact.revision, "size": artifact.size,
                "url": format!("{STORAGE}{path}"), "path": path,
            });
            status.put("artifact", described);
            more(status);
            status.observe();
        })
        .await;
}

/// Where the latest artifact of a source is always found.
pub(super) fn latest(key: &Key, file: &str) -> Value {
    json!(format!(
        "{STORAGE}{}/{}/{file}",
        key.kind.kind.to_lowercase(),
        key.path()
    ))
}

/// What is stored is what there is: conditions that said otherwise go.
pub(super) async fn unchanged(context: &Context, key: &Key, message: &str) {
    context
        .edit(key, |status| {
            status.clear(&["FetchFailed", "Reconciling"]);
            status.set("Ready", "True", "Succeeded", message);
            status.observe();
        })
        .await;
}

/// The source cannot be had: Ready False and FetchFailed True, with the error.
pub(super) async fn failed(context: &Context, key: &Key, reason: &str, error: &str) -> Next {
    context
        .edit(key, |status| {
            status.set("Reconciling", "True", "ProgressingWithRetry", error);
            status.set("Ready", "False", reason, error);
            status.set("FetchFailed", "True", reason, error);
        })
        .await;
    context.report(key, &Report::new("error", reason, error, ""));
    Next::After(context.pace.retry)
}
