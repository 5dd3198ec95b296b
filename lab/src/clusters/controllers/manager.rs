//! The schedule of the controllers: one task for each object, woken by its interval, by a change of its
//! spec, by a change of what it depends on, or by a trigger from outside.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;

use super::{ClusterContext, Next, has_controller, reconcile};
use crate::clusters::kinds::{HELM_CHART, HELM_RELEASE, KINDS};
use crate::clusters::object::{
    Key, artifact_revision, duration, generation, is_ready, observed_generation, text,
};
use crate::clusters::options::Trigger;
use crate::clusters::store::{ChangeKind, ObjectChange};

/// The annotation that asks for a reconciliation at once.
const REQUESTED: &str = "/metadata/annotations/reconcile.fluxcd.io~1requestedAt";

/// Until an error that no status shows is retried.
const AFTER_ERROR: Duration = Duration::from_secs(10);

/// The kinds whose controllers are paused.
type Paused = watch::Receiver<BTreeSet<&'static str>>;

pub(in crate::clusters) struct Manager {
    context: ClusterContext,
    paused: Paused,
    tasks: HashMap<Key, ReconcileTask>,
}

struct ReconcileTask {
    wake: Arc<Notify>,
    _task: AbortOnDropHandle<()>,
}

impl Manager {
    /// Starts the controllers; they run until the task is aborted. Objects that are ready already
    /// wait for their interval first.
    pub(in crate::clusters) fn start(
        context: ClusterContext,
        paused: Paused,
        mut triggers: mpsc::UnboundedReceiver<Trigger>,
    ) -> JoinHandle<()> {
        // Before the task runs, so that nothing that happens meanwhile is missed.
        let mut changes = context.store.subscribe();
        let mut manager = Self {
            context,
            paused,
            tasks: HashMap::new(),
        };
        tokio::spawn(async move {
            manager.start_missing();
            loop {
                tokio::select! {
                    change = changes.recv() => match change {
                        Ok(change) => manager.handle(&change),
                        Err(RecvError::Lagged(_)) => {
                            manager.start_missing();
                            manager.tasks.values().for_each(|task| task.wake.notify_one());
                        }
                        Err(RecvError::Closed) => return,
                    },
                    trigger = triggers.recv() => match trigger {
                        Some(trigger) => manager.wake_kinds(trigger.kinds()),
                        None => return,
                    },
                }
            }
        })
    }

    fn start_missing(&mut self) {
        for kind in KINDS {
            for (key, object) in self.context.store.list(kind, None).1 {
                self.start_task(&key, &object);
            }
        }
    }

    fn start_task(&mut self, key: &Key, object: &Value) {
        if !has_controller(key) || self.tasks.contains_key(key) {
            return;
        }
        let wake = Arc::new(Notify::new());
        // Spread over the interval, so that a cluster does not do everything at the same moment.
        let interval = duration(object, "/spec/interval").unwrap_or(Duration::from_secs(60));
        let first = match is_ready(object) {
            true => interval.mul_f64(rand::random_range(0.2..1.0)),
            false => Duration::ZERO,
        };
        let task = tokio::spawn(reconcile_loop(
            self.context.clone(),
            key.clone(),
            Arc::clone(&wake),
            self.paused.clone(),
            first,
        ));
        let _task = AbortOnDropHandle::new(task);
        self.tasks
            .insert(key.clone(), ReconcileTask { wake, _task });
    }

    fn handle(&mut self, change: &ObjectChange) {
        let (key, object) = (&change.key, &change.object);
        match change.kind {
            ChangeKind::Added => self.start_task(key, object),
            ChangeKind::Deleted => {
                self.tasks.remove(key);
                if key.kind == &HELM_RELEASE {
                    let name = format!("{}-{}", key.namespace, key.name);
                    let chart = Key::new(&HELM_CHART, &key.namespace, &name);
                    self.context.store.remove(&chart);
                }
            }
            ChangeKind::Modified => {}
        }
        let Some(before) = change.previous.as_deref() else {
            return;
        };
        let changed = |pointer: &str| text(before, pointer) != text(object, pointer);
        if generation(before) != generation(object) || changed(REQUESTED) {
            self.wake(key);
        }
        let is_stored = artifact_revision(before) != artifact_revision(object)
            || changed("/status/artifact/lastUpdateTime");
        match key.kind.kind {
            _ if is_stored => self.wake_dependents(key),
            "HelmChart" if observed_generation(before) != observed_generation(object) => {
                self.wake_release(object);
            }
            "ImageRepository" if changed("/status/lastScanResult/revision") => {
                self.wake_kinds(&["ImagePolicy"]);
            }
            "ImagePolicy" if changed("/status/latestRef/tag") => {
                self.wake_kinds(&["ImageUpdateAutomation"]);
            }
            _ => {}
        }
    }

    fn wake(&self, key: &Key) {
        if let Some(task) = self.tasks.get(key) {
            task.wake.notify_one();
        }
    }

    /// Wakes whatever reads from `source`.
    fn wake_dependents(&self, source: &Key) {
        for (key, task) in &self.tasks {
            let object = self.context.store.get(key);
            let read = object.and_then(|object| key.referenced(&object, "/spec/sourceRef"));
            if read.is_some_and(|read| read == *source) {
                task.wake.notify_one();
            }
        }
        if source.kind == &HELM_CHART
            && let Some(chart) = self.context.store.get(source)
        {
            self.wake_release(&chart);
        }
    }

    fn wake_release(&self, chart: &Value) {
        let labels = &chart["metadata"]["labels"];
        let label = |name: &str| labels[format!("helm.toolkit.fluxcd.io/{name}")].as_str();
        if let (Some(namespace), Some(name)) = (label("namespace"), label("name")) {
            self.wake(&Key::new(&HELM_RELEASE, namespace, name));
        }
    }

    fn wake_kinds(&self, kinds: &[&str]) {
        let tasks = self.tasks.iter();
        let woken = tasks.filter(|(key, _)| kinds.contains(&key.kind.kind));
        woken.for_each(|(_, task)| task.wake.notify_one());
    }
}

/// The time at which someone asked for a reconciliation, if that was not handled yet.
fn requested(context: &ClusterContext, key: &Key) -> Option<String> {
    let object = context.store.get(key).filter(|_| key.kind.reports)?;
    let requested = text(&object, REQUESTED)?;
    let handled = text(&object, "/status/lastHandledReconcileAt");
    (handled != Some(requested)).then(|| requested.to_owned())
}

async fn reconcile_loop(
    context: ClusterContext,
    key: Key,
    wake: Arc<Notify>,
    mut paused: Paused,
    first: Duration,
) {
    let mut next = Next::After(first);
    loop {
        match next {
            Next::WhenTriggered => wake.notified().await,
            Next::After(wait) => tokio::select! {
                () = context.clock.sleep(wait) => {}
                () = wake.notified() => {}
            },
        }
        let is_running = |paused: &BTreeSet<_>| !paused.contains(key.kind.kind);
        // Fails when the cluster that owns the sender is gone.
        if paused.wait_for(is_running).await.is_err() {
            return;
        }
        let requested = requested(&context, &key);
        let reconciled = reconcile(&context, &key).await;
        if let Some(requested) = requested {
            context.store.edit_status(&key, |status| {
                status.put("lastHandledReconcileAt", requested.into());
            });
        }
        next = reconciled.unwrap_or_else(|error| {
            tracing::warn!(
                environment = &*context.environment,
                kind = key.kind.kind,
                object = key.path(),
                "looking again later: {error:#}"
            );
            Next::After(AFTER_ERROR)
        });
    }
}
