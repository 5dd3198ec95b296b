//! The objects of one cluster, their generations and resource versions, and the log of changes that
//! watches read. What the objects mean is the controllers' business.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;

use super::kinds::Kind;
use super::object::{self, Key, StoredObject, text};
use super::status::StatusEditor;
use crate::clock::Clock;

/// How an object changed, in the words of a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ChangeKind {
    Added,
    Modified,
    /// The change holds the last state of the object.
    Deleted,
}

/// One change of one object.
#[derive(Debug)]
pub struct ObjectChange {
    /// The resource version of the cluster that this change made.
    pub revision: u64,
    pub kind: ChangeKind,
    pub key: Key,
    pub object: StoredObject,
    /// Before the change; `None` when it was created.
    pub previous: Option<StoredObject>,
}

/// The changes after some revision: those of the log, and those to come.
pub type ChangeStream = (
    Vec<Arc<ObjectChange>>,
    broadcast::Receiver<Arc<ObjectChange>>,
);

/// What applying a manifest did, in the words of kustomize-controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Created,
    Configured,
    Unchanged,
}

/// The objects of one cluster.
pub struct Store {
    inner: Mutex<Inner>,
    changes: broadcast::Sender<Arc<ObjectChange>>,
    clock: Clock,
    window: usize,
}

struct Inner {
    objects: BTreeMap<Key, StoredObject>,
    revision: u64,
    log: VecDeque<Arc<ObjectChange>>,
    /// The newest revision that is no longer in the log.
    forgotten: u64,
}

impl Store {
    /// An empty store whose log keeps `window` changes.
    pub fn new(clock: Clock, window: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                objects: BTreeMap::new(),
                revision: 1,
                log: VecDeque::new(),
                forgotten: 0,
            }),
            changes: broadcast::Sender::new(window.max(16)),
            clock,
            window,
        }
    }

    /// The object with this key, if it exists.
    pub fn get(&self, key: &Key) -> Option<StoredObject> {
        self.inner.lock().objects.get(key).cloned()
    }

    /// The present revision, and all objects of a kind in one namespace or in all, by namespace and
    /// name.
    pub fn list(
        &self,
        kind: &'static Kind,
        namespace: Option<&str>,
    ) -> (u64, Vec<(Key, StoredObject)>) {
        let inner = self.inner.lock();
        let wanted = |key: &Key| {
            key.kind == kind && namespace.is_none_or(|namespace| key.namespace == namespace)
        };
        let found = inner.objects.iter().filter(|(key, _)| wanted(key));
        let found = found.map(|(key, object)| (key.clone(), Arc::clone(object)));
        (inner.revision, found.collect())
    }

    /// The present revision.
    pub fn revision(&self) -> u64 {
        self.inner.lock().revision
    }

    /// Every change from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<ObjectChange>> {
        self.changes.subscribe()
    }

    /// The changes after `revision`; `None` when the log has forgotten some of them.
    pub fn since(&self, revision: u64) -> Option<ChangeStream> {
        let inner = self.inner.lock();
        if revision < inner.forgotten {
            return None;
        }
        let past = inner.log.iter().filter(|past| past.revision > revision);
        Some((past.cloned().collect(), self.changes.subscribe()))
    }

    /// Creates or updates an object from a manifest, with `labels` added. The status stays; fields
    /// that the manifest does not set are removed, but for labels and annotations. Fails when it names
    /// no kind that is served, or no name.
    pub fn apply(
        &self,
        manifest: &Value,
        labels: &[(&str, &str)],
    ) -> Result<(Key, Applied), String> {
        let key = Key::of(manifest).ok_or_else(|| {
            let part = |pointer: &str| text(manifest, pointer).unwrap_or_default().to_owned();
            let (kind, version) = (part("/kind"), part("/apiVersion"));
            format!("no matches for kind \"{kind}\" in version \"{version}\"")
        })?;
        let mut next = manifest.clone();
        for (name, value) in labels {
            next["metadata"]["labels"][*name] = json!(value);
        }
        let mut inner = self.inner.lock();
        let Some(present) = inner.objects.get(&key).cloned() else {
            self.initialize(&key, &mut next);
            self.put(&mut inner, &key, next);
            return Ok((key, Applied::Created));
        };
        let metadata = next["metadata"].take();
        next["metadata"] = present["metadata"].clone();
        json_patch::merge(&mut next["metadata"], &metadata);
        if let Some(status) = present.get("status") {
            next["status"] = status.clone();
        }
        match self.put(&mut inner, &key, next) {
            true => Ok((key, Applied::Configured)),
            false => Ok((key, Applied::Unchanged)),
        }
    }

    /// Edits the status of an object. An edit that changes nothing is no change. `None` when the
    /// object is gone.
    pub fn edit_status(
        &self,
        key: &Key,
        edit: impl FnOnce(&mut StatusEditor<'_>),
    ) -> Option<StoredObject> {
        let now = object::timestamp(self.clock.now());
        self.edit(key, |object| edit(&mut StatusEditor::new(object, now)))
    }

    /// Merges a patch (RFC 7396) into everything but the status. `None` when there is no such object.
    pub fn merge_patch(&self, key: &Key, patch: &Value) -> Option<StoredObject> {
        let mut patch = patch.clone();
        if let Some(patch) = patch.as_object_mut() {
            patch.remove("status");
        }
        self.edit(key, |object| json_patch::merge(object, &patch))
    }

    /// Edits an object in any of its parts.
    pub fn edit(&self, key: &Key, edit: impl FnOnce(&mut Value)) -> Option<StoredObject> {
        let mut inner = self.inner.lock();
        let mut next = (**inner.objects.get(key)?).clone();
        edit(&mut next);
        self.put(&mut inner, key, next);
        inner.objects.get(key).cloned()
    }

    /// Deletes an object; `false` when there was none.
    pub fn remove(&self, key: &Key) -> bool {
        let mut inner = self.inner.lock();
        let Some(last) = inner.objects.remove(key) else {
            return false;
        };
        let object = (*last).clone();
        self.log(&mut inner, key, ChangeKind::Deleted, object, Some(last));
        true
    }

    fn initialize(&self, key: &Key, object: &mut Value) {
        let metadata = &mut object["metadata"];
        if key.kind.namespaced {
            metadata["namespace"] = json!(key.namespace);
        }
        metadata["uid"] = json!(uuid::Uuid::new_v4().to_string());
        metadata["creationTimestamp"] = json!(object::timestamp(self.clock.now()));
        metadata["generation"] = json!(1);
        if key.kind.reports {
            object["status"] = json!({"observedGeneration": -1});
        }
    }

    /// Stores `next` unless it is the same; raises the generation when the spec changed.
    fn put(&self, inner: &mut Inner, key: &Key, mut next: Value) -> bool {
        let previous = inner.objects.get(key).cloned();
        let kind = match &previous {
            None => ChangeKind::Added,
            Some(previous) if **previous == next => return false,
            Some(previous) => {
                if previous.get("spec") != next.get("spec") {
                    next["metadata"]["generation"] = json!(object::generation(previous) + 1);
                }
                ChangeKind::Modified
            }
        };
        self.log(inner, key, kind, next, previous);
        true
    }

    fn log(
        &self,
        inner: &mut Inner,
        key: &Key,
        kind: ChangeKind,
        mut object: Value,
        previous: Option<StoredObject>,
    ) {
        inner.revision += 1;
        object["metadata"]["resourceVersion"] = json!(inner.revision.to_string());
        let object = Arc::new(object);
        if kind != ChangeKind::Deleted {
            inner.objects.insert(key.clone(), Arc::clone(&object));
        }
        let change = Arc::new(ObjectChange {
            revision: inner.revision,
            kind,
            key: key.clone(),
            object,
            previous,
        });
        inner.log.push_back(Arc::clone(&change));
        while inner.log.len() > self.window {
            if let Some(oldest) = inner.log.pop_front() {
                inner.forgotten = oldest.revision;
            }
        }
        // Fails only when nobody listens.
        let _ = self.changes.send(change);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::kinds;

    fn manifest(version: &str) -> Value {
        json!({
            "apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
            "metadata": {"name": "podinfo", "namespace": "app-podinfo"},
            "spec": {"chart": {"spec": {"version": version}}},
        })
    }

    fn key() -> Key {
        Key::new(&kinds::HELM_RELEASE, "app-podinfo", "podinfo")
    }

    /// A store with the first version.
    fn store(window: usize) -> Store {
        let store = Store::new(Clock::new(), window);
        store.apply(&manifest("1.0.0"), &[]).unwrap();
        store
    }

    #[test]
    fn only_a_changed_spec_raises_the_generation() {
        let store = store(16);
        assert_eq!(object::generation(&store.get(&key()).unwrap()), 1);
        store.edit_status(&key(), |status| status.put("helmChart", json!("a/b")));
        assert_eq!(object::generation(&store.get(&key()).unwrap()), 1);
        store.apply(&manifest("1.0.1"), &[]).unwrap();
        let object = store.get(&key()).unwrap();
        assert_eq!(object::generation(&object), 2);
        assert_eq!(object::text(&object, "/status/helmChart"), Some("a/b"));
    }

    #[test]
    fn what_changes_nothing_is_no_event() {
        let store = Store::new(Clock::new(), 16);
        store.apply(&manifest("1.0.0"), &[("a", "b")]).unwrap();
        let revision = store.revision();
        let (_, applied) = store.apply(&manifest("1.0.0"), &[("a", "b")]).unwrap();
        store.edit_status(&key(), |status| status.put("observedGeneration", json!(-1)));
        assert_eq!(applied, Applied::Unchanged);
        assert_eq!(store.revision(), revision);
    }

    #[test]
    fn a_field_that_the_manifest_does_not_hold_is_taken_away_again() {
        let store = store(16);
        store.merge_patch(&key(), &json!({"spec": {"suspend": true}}));
        assert_eq!(store.get(&key()).unwrap()["spec"]["suspend"], json!(true));
        store.apply(&manifest("1.0.0"), &[]).unwrap();
        assert_eq!(store.get(&key()).unwrap()["spec"].get("suspend"), None);
    }

    #[test]
    fn the_log_says_when_it_has_forgotten() {
        let store = store(2);
        let first = store.revision();
        for version in ["1.0.1", "1.0.2", "1.0.3"] {
            store.apply(&manifest(version), &[]).unwrap();
        }
        assert!(store.since(first).is_none());
        assert_eq!(store.since(first + 1).unwrap().0.len(), 2);
    }
}
