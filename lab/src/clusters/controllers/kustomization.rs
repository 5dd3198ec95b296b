//! Kustomization: builds the manifests of a revision, applies them, prunes what is no longer there.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};

use super::{Context, Memory, Next};
use crate::clusters::kinds::KINDS;
use crate::clusters::manifests::{build, inventory_id};
use crate::clusters::notify::Report;
use crate::clusters::object::{
    Key, artifact_revision, duration, generation, go_duration, observed_generation, text,
};
use crate::clusters::store::Applied;

/// How many revisions the status remembers.
const HISTORY: usize = 5;

pub(super) async fn reconcile(
    context: &Context,
    key: &Key,
    object: &Value,
    memory: &mut Memory,
) -> anyhow::Result<Next> {
    let began = Instant::now();
    let interval = context.interval(object, "/spec/interval");
    let source = key.referenced(object, "/spec/sourceRef");
    let source_object = source.as_ref().and_then(|source| context.store.get(source));
    let revision = source_object.as_deref().and_then(artifact_revision);
    let files = source
        .as_ref()
        .and_then(|source| context.artifacts.files(source));
    let (Some(revision), Some(files)) = (revision, files) else {
        let message = "Source artifact not found, retrying in 30s";
        context
            .edit(key, |status| {
                status.set("Ready", "False", "ArtifactFailed", message);
            })
            .await;
        return Ok(Next::WhenTriggered);
    };
    let declared = duration(object, "/spec/interval").unwrap_or(std::time::Duration::from_secs(60));
    let timeout = duration(object, "/spec/timeout")
        .unwrap_or_else(|| declared.max(std::time::Duration::from_secs(30)));
    let doing = |what: &str| {
        format!(
            "{what} for revision {revision} with a timeout of {}",
            go_duration(timeout)
        )
    };
    let path = text(object, "/spec/path").unwrap_or("./");

    let last = memory.last_success.take();
    context
        .edit(key, |status| {
            if let Some((at, took)) = last {
                count_again(status.get("history").cloned(), &at, took)
                    .into_iter()
                    .for_each(|history| status.put("history", history));
            }
            status.set(
                "Reconciling",
                "True",
                "Progressing",
                &doing("Fetching manifests"),
            );
            status.set(
                "Ready",
                "Unknown",
                "Progressing",
                "Reconciliation in progress",
            );
        })
        .await;
    context
        .edit(key, |status| {
            status.set(
                "Reconciling",
                "True",
                "Progressing",
                &doing("Building manifests"),
            );
        })
        .await;
    let manifests = match build(&files.files, path) {
        Ok(manifests) => manifests,
        Err(error) => {
            let building = doing("Building manifests");
            return Ok(failed(
                context,
                key,
                object,
                revision,
                "BuildFailed",
                &building,
                &error,
            )
            .await);
        }
    };
    context
        .edit(key, |status| {
            status.set(
                "Reconciling",
                "True",
                "Progressing",
                &doing("Detecting drift"),
            );
            status.put("lastAttemptedRevision", json!(revision));
        })
        .await;
    let outcome = match apply(context, key, object, &manifests) {
        Ok(outcome) => outcome,
        Err(error) => {
            let detecting = doing("Detecting drift");
            let reason = "ReconciliationFailed";
            return Ok(failed(context, key, object, revision, reason, &detecting, &error).await);
        }
    };
    if !outcome.changes.is_empty() {
        let message = outcome.changes.join("\n");
        context.report(key, &Report::new("info", "Progressing", &message, revision));
    }
    let applied = format!("Applied revision: {revision}");
    context
        .edit(key, |status| {
            status.set("Ready", "True", "ReconciliationSucceeded", &applied);
            status.clear(&["Reconciling", "Stalled"]);
        })
        .await;
    let took = began.elapsed();
    let now = crate::clusters::object::timestamp(context.clock.now());
    let news = text(object, "/status/lastAppliedRevision") != Some(revision)
        || observed_generation(object) != generation(object)
        || object.pointer("/status/inventory") != Some(&outcome.inventory);
    if news {
        context
            .edit(key, |status| {
                let built = crate::clusters::sha256(json!(manifests).to_string().as_bytes());
                let history = status.get("history").cloned();
                status.put("history", remember(history, &built, revision, &now, took));
                status.put("inventory", outcome.inventory);
                status.put("lastAppliedRevision", json!(revision));
                status.observe();
            })
            .await;
    } else {
        memory.last_success = Some((now, took));
    }
    let message = format!(
        "Reconciliation finished in {}, next run in {}",
        go_duration(took),
        go_duration(declared)
    );
    let report = Report::new("info", "ReconciliationSucceeded", &message, revision);
    context.report(key, &report.with("commit_status", "update"));
    Ok(Next::After(interval))
}

async fn failed(
    context: &Context,
    key: &Key,
    object: &Value,
    revision: &str,
    reason: &str,
    doing: &str,
    error: &str,
) -> Next {
    context
        .edit(key, |status| {
            status.put("lastAttemptedRevision", json!(revision));
            status.set("Reconciling", "True", "ProgressingWithRetry", doing);
            status.set("Ready", "False", reason, error);
        })
        .await;
    context.report(key, &Report::new("error", reason, error, revision));
    let retry = if object.pointer("/spec/retryInterval").is_some() {
        "/spec/retryInterval"
    } else {
        "/spec/interval"
    };
    Next::After(context.interval(object, retry))
}

struct Outcome {
    inventory: Value,
    /// `HelmRelease/app-podinfo/podinfo configured`, one for each change.
    changes: Vec<String>,
}

fn apply(
    context: &Context,
    key: &Key,
    object: &Value,
    manifests: &[Value],
) -> Result<Outcome, String> {
    let labels = [
        ("kustomize.toolkit.fluxcd.io/name", key.name.as_str()),
        (
            "kustomize.toolkit.fluxcd.io/namespace",
            key.namespace.as_str(),
        ),
    ];
    let mut changes = Vec::new();
    let mut entries = Vec::new();
    let mut present = BTreeSet::new();
    for manifest in manifests {
        let (applied_key, applied) = context.store.apply(manifest, &labels)?;
        let id = inventory_id(&applied_key);
        entries.push(json!({"id": id, "v": applied_key.kind.version}));
        present.insert(id);
        match applied {
            Applied::Created => changes.push(format!("{} created", subject(&applied_key))),
            Applied::Configured => changes.push(format!("{} configured", subject(&applied_key))),
            Applied::Unchanged => {}
        }
    }
    if object["spec"]["prune"] == json!(true) {
        for gone in pruned(context, object, &present) {
            context.store.remove(&gone);
            changes.push(format!("{} deleted", subject(&gone)));
        }
    }
    Ok(Outcome {
        inventory: json!({"entries": entries}),
        changes,
    })
}

/// What the inventory of before lists and the present one does not.
fn pruned(context: &Context, object: &Value, present: &BTreeSet<String>) -> Vec<Key> {
    let before = object
        .pointer("/status/inventory/entries")
        .and_then(Value::as_array);
    let gone: BTreeSet<&str> = before
        .into_iter()
        .flatten()
        .filter_map(|entry| text(entry, "/id"))
        .filter(|id| !present.contains(*id))
        .collect();
    let stored = KINDS
        .iter()
        .flat_map(|kind| context.store.list(kind, None).1);
    stored
        .map(|(key, _)| key)
        .filter(|key| gone.contains(inventory_id(key).as_str()))
        .collect()
}

fn subject(key: &Key) -> String {
    if key.namespace.is_empty() {
        format!("{}/{}", key.kind.kind, key.name)
    } else {
        format!("{}/{}", key.kind.kind, key.path())
    }
}

/// The history with a new first entry, or with its first entry taken further.
fn remember(
    history: Option<Value>,
    built: &str,
    revision: &str,
    now: &str,
    took: std::time::Duration,
) -> Value {
    let mut entries = match history {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let digest = format!("sha256:{built}");
    let known = entries
        .iter()
        .position(|entry| entry["digest"] == json!(digest));
    let mut entry = match known {
        Some(place) => entries.remove(place),
        None => json!({"digest": digest, "firstReconciled": now, "totalReconciliations": 0}),
    };
    entry["lastReconciled"] = json!(now);
    entry["lastReconciledDuration"] = json!(go_duration(took));
    entry["lastReconciledStatus"] = json!("ReconciliationSucceeded");
    entry["metadata"] = json!({"revision": revision});
    let total = entry["totalReconciliations"].as_i64().unwrap_or_default();
    entry["totalReconciliations"] = json!(total + 1);
    entries.insert(0, entry);
    entries.truncate(HISTORY);
    Value::Array(entries)
}

/// The history after one more success of the same revision.
fn count_again(history: Option<Value>, at: &str, took: std::time::Duration) -> Option<Value> {
    let mut history = history?;
    let first = history.get_mut(0)?;
    let total = first["totalReconciliations"].as_i64().unwrap_or_default();
    first["lastReconciled"] = json!(at);
    first["lastReconciledDuration"] = json!(go_duration(took));
    first["totalReconciliations"] = json!(total + 1);
    Some(history)
}
