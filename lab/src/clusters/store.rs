//! The objects of one cluster: generations, resource versions, and the log of changes that watches
//! read. Not what the objects mean; that is the controllers' business.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::sync::broadcast;

use super::conditions::Status;
use super::kinds::Kind;
use super::object::{self, Key, Object};
use crate::clock::Clock;

/// How an object changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is different.
    Modified,
    /// It is gone; the event holds its last state.
    Deleted,
}

/// One change of one object.
#[derive(Debug)]
pub struct Event {
    /// The cluster's resource version that this change made.
    pub revision: u64,
    /// What happened.
    pub change: Change,
    /// To what.
    pub key: Key,
    /// The object after the change.
    pub object: Object,
    /// The object before the change.
    pub previous: Option<Object>,
}

/// What applying a manifest did, in the words that kustomize-controller reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The object is new.
    Created,
    /// The object changed.
    Configured,
    /// The object was so already.
    Unchanged,
}

/// The log no longer reaches back to the resource version asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expired;

/// The objects of one cluster.
pub struct Store {
    inner: Mutex<Inner>,
    events: broadcast::Sender<Arc<Event>>,
    clock: Clock,
    window: usize,
}

struct Inner {
    objects: BTreeMap<Key, Object>,
    revision: u64,
    log: VecDeque<Arc<Event>>,
    /// The newest revision that the log has forgotten.
    forgotten: u64,
}

impl Store {
    /// An empty store whose log keeps `window` changes.
    #[must_use]
    pub fn new(clock: Clock, window: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                objects: BTreeMap::new(),
                revision: 1,
                log: VecDeque::new(),
                forgotten: 0,
            }),
            events: broadcast::Sender::new(window.max(16)),
            clock,
            window,
        }
    }

    /// The object with that key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<Object> {
        self.inner.lock().objects.get(key).cloned()
    }

    /// The present resource version, and all objects of a kind, in one namespace or in all, ordered
    /// by namespace and name.
    #[must_use]
    pub fn list(&self, kind: &'static Kind, namespace: Option<&str>) -> (u64, Vec<(Key, Object)>) {
        let inner = self.inner.lock();
        let found = inner
            .objects
            .iter()
            .filter(|(key, _)| key.kind == kind)
            .filter(|(key, _)| namespace.is_none_or(|wanted| key.namespace == wanted))
            .map(|(key, object)| (key.clone(), Arc::clone(object)))
            .collect();
        (inner.revision, found)
    }

    /// The present resource version.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.inner.lock().revision
    }

    /// Every change from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Event>> {
        self.events.subscribe()
    }

    /// The changes after `revision` that have happened, and those that will.
    ///
    /// # Errors
    /// When the log has forgotten some of them.
    #[allow(clippy::type_complexity, reason = "a pair that is taken apart at once")]
    pub fn since(
        &self,
        revision: u64,
    ) -> Result<(Vec<Arc<Event>>, broadcast::Receiver<Arc<Event>>), Expired> {
        let inner = self.inner.lock();
        if revision < inner.forgotten {
            return Err(Expired);
        }
        let past = inner
            .log
            .iter()
            .filter(|event| event.revision > revision)
            .cloned()
            .collect();
        Ok((past, self.events.subscribe()))
    }

    /// Whether the log still reaches back to `revision`.
    #[must_use]
    pub fn remembers(&self, revision: u64) -> bool {
        revision >= self.inner.lock().forgotten
    }

    /// Makes the object be as `manifest` says, with `labels` added, and keeps its status. What
    /// someone else had set in the spec and the manifest does not say is taken away.
    ///
    /// # Errors
    /// When the manifest names no kind that is served, or no name.
    pub fn apply(
        &self,
        manifest: &Value,
        labels: &[(&str, &str)],
    ) -> Result<(Key, Applied), String> {
        let key = Key::of(manifest).ok_or_else(|| {
            format!(
                "no matches for kind \"{}\" in version \"{}\"",
                object::text(manifest, "/kind").unwrap_or_default(),
                object::text(manifest, "/apiVersion").unwrap_or_default()
            )
        })?;
        let mut wanted = manifest.clone();
        if let Some(spec) = wanted.get_mut("spec").and_then(Value::as_object_mut) {
            key.kind.fill_defaults(spec);
        }
        for (name, value) in labels {
            wanted["metadata"]["labels"][*name] = json!(value);
        }
        let mut inner = self.inner.lock();
        let Some(present) = inner.objects.get(&key).cloned() else {
            let created = self.created(&key, wanted);
            self.put(&mut inner, &key, created);
            return Ok((key, Applied::Created));
        };
        let mut next = (*present).clone();
        for part in ["labels", "annotations"] {
            if let Some(values) = wanted["metadata"].get(part).and_then(Value::as_object) {
                for (name, value) in values {
                    next["metadata"][part][name] = value.clone();
                }
            }
        }
        replace_contents(&mut next, wanted);
        let changed = self.put(&mut inner, &key, next);
        let applied = if changed {
            Applied::Configured
        } else {
            Applied::Unchanged
        };
        Ok((key, applied))
    }

    /// Edits the status of an object; an edit that changes nothing is no event. `None` when the
    /// object is gone.
    pub fn edit_status(&self, key: &Key, edit: impl FnOnce(&mut Status<'_>)) -> Option<Object> {
        let mut inner = self.inner.lock();
        let mut next = (**inner.objects.get(key)?).clone();
        edit(&mut Status::of(
            &mut next,
            object::timestamp(self.clock.now()),
        ));
        self.put(&mut inner, key, next);
        inner.objects.get(key).cloned()
    }

    /// Merges a patch (RFC 7396) into metadata and spec; the status stays. `None` when there is no
    /// such object.
    pub fn merge_patch(&self, key: &Key, patch: &Value) -> Option<Object> {
        let mut inner = self.inner.lock();
        let mut next = (**inner.objects.get(key)?).clone();
        for part in ["labels", "annotations"] {
            if let Some(patch) = patch.pointer(&format!("/metadata/{part}")) {
                merge(&mut next["metadata"][part], patch);
            }
        }
        if let Some(patch) = patch.get("spec") {
            merge(&mut next["spec"], patch);
        }
        self.put(&mut inner, key, next);
        inner.objects.get(key).cloned()
    }

    /// Rewrites an object whole, generation and all: for seeding the past.
    pub fn rewrite(&self, key: &Key, edit: impl FnOnce(&mut Value)) -> Option<Object> {
        let mut inner = self.inner.lock();
        let present = inner.objects.get(key)?.clone();
        let mut next = (*present).clone();
        edit(&mut next);
        self.log(&mut inner, key, Change::Modified, next, Some(present));
        inner.objects.get(key).cloned()
    }

    /// Deletes an object; `false` when there was none.
    pub fn remove(&self, key: &Key) -> bool {
        let mut inner = self.inner.lock();
        let Some(last) = inner.objects.remove(key) else {
            return false;
        };
        let object = (*last).clone();
        self.log(&mut inner, key, Change::Deleted, object, Some(last));
        true
    }

    fn created(&self, key: &Key, mut object: Value) -> Value {
        if key.kind.namespaced {
            object["metadata"]["namespace"] = json!(key.namespace);
        }
        object["metadata"]["uid"] = json!(uid());
        object["metadata"]["creationTimestamp"] = json!(object::timestamp(self.clock.now()));
        object["metadata"]["generation"] = json!(1);
        if key.kind.reports {
            object["status"] = json!({"observedGeneration": -1});
        }
        object
    }

    /// Stores `next` unless it is the same; raises the generation when the spec changed.
    fn put(&self, inner: &mut Inner, key: &Key, mut next: Value) -> bool {
        let previous = inner.objects.get(key).cloned();
        let change = match &previous {
            None => Change::Added,
            Some(previous) if **previous == next => return false,
            Some(previous) => {
                if previous.get("spec") != next.get("spec") {
                    next["metadata"]["generation"] = json!(object::generation(previous) + 1);
                }
                Change::Modified
            }
        };
        self.log(inner, key, change, next, previous);
        true
    }

    fn log(
        &self,
        inner: &mut Inner,
        key: &Key,
        change: Change,
        mut object: Value,
        previous: Option<Object>,
    ) {
        inner.revision += 1;
        object["metadata"]["resourceVersion"] = json!(inner.revision.to_string());
        let object = Arc::new(object);
        if change != Change::Deleted {
            inner.objects.insert(key.clone(), Arc::clone(&object));
        }
        let event = Arc::new(Event {
            revision: inner.revision,
            change,
            key: key.clone(),
            object,
            previous,
        });
        inner.log.push_back(Arc::clone(&event));
        while inner.log.len() > self.window {
            if let Some(oldest) = inner.log.pop_front() {
                inner.forgotten = oldest.revision;
            }
        }
        // Nobody listening is no error: the objects are what counts.
        let _ = self.events.send(event);
    }
}

/// Everything of `wanted` but its metadata and status replaces that of `object`.
fn replace_contents(object: &mut Value, wanted: Value) {
    let (Some(object), Value::Object(wanted)) = (object.as_object_mut(), wanted) else {
        return;
    };
    let kept = |name: &str| matches!(name, "metadata" | "status");
    object.retain(|name, _| kept(name) || wanted.contains_key(name));
    for (name, value) in wanted {
        if !kept(&name) {
            object.insert(name, value);
        }
    }
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Some(target) = target.as_object_mut() {
        for (name, value) in patch {
            if value.is_null() {
                target.remove(name);
            } else {
                merge(target.entry(name).or_insert(Value::Null), value);
            }
        }
    }
}

/// A random version 4 UUID.
fn uid() -> String {
    let mut bytes: [u8; 16] = rand::random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
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

    #[test]
    fn only_a_changed_spec_raises_the_generation() {
        let store = Store::new(Clock::new(), 16);
        store.apply(&manifest("1.0.0"), &[]).unwrap();
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
        let store = Store::new(Clock::new(), 16);
        store.apply(&manifest("1.0.0"), &[]).unwrap();
        store.merge_patch(&key(), &json!({"spec": {"suspend": true}}));
        assert_eq!(store.get(&key()).unwrap()["spec"]["suspend"], json!(true));
        store.apply(&manifest("1.0.0"), &[]).unwrap();
        assert_eq!(store.get(&key()).unwrap()["spec"].get("suspend"), None);
    }

    #[test]
    fn the_log_says_when_it_has_forgotten() {
        let store = Store::new(Clock::new(), 2);
        store.apply(&manifest("1.0.0"), &[]).unwrap();
        let first = store.revision();
        for version in ["1.0.1", "1.0.2", "1.0.3"] {
            store.apply(&manifest(version), &[]).unwrap();
        }
        assert!(store.since(first).is_err());
        assert_eq!(store.since(first + 1).unwrap().0.len(), 2);
    }
}
