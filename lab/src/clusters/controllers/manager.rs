//! Who is looked at when: one task per object, woken by its interval, by a change of its own spec,
//! by a change of what it depends on, or by a signal from outside.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::{Context, Memory, Next, has_controller, reconcile};
use crate::clusters::Signal;
use crate::clusters::kinds::{HELM_CHART, KINDS};
use crate::clusters::object::{Key, artifact_revision, generation, is_ready, text};
use crate::clusters::store::{Change, Event};

/// What wakes an object that asks to be looked at again at once.
const REQUESTED: &str = "/metadata/annotations/reconcile.fluxcd.io~1requestedAt";

/// How long until something that went wrong in a way that no status tells is tried again.
const AFTER_ERROR: Duration = Duration::from_secs(10);

/// The running controllers of one cluster.
pub(in crate::clusters) struct Manager {
    context: Context,
    away: watch::Receiver<BTreeSet<&'static str>>,
    running: HashMap<Key, Running>,
}

struct Running {
    wake: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Manager {
    /// Starts the controllers; they run until the task is aborted. Objects that are ready already
    /// wait for their interval first.
    pub(in crate::clusters) fn start(
        context: Context,
        away: watch::Receiver<BTreeSet<&'static str>>,
        mut signals: tokio::sync::mpsc::UnboundedReceiver<Signal>,
    ) -> JoinHandle<()> {
        // Before the task runs, so that nothing that happens meanwhile is missed.
        let mut events = context.store.subscribe();
        tokio::spawn(async move {
            let mut manager = Self {
                context,
                away,
                running: HashMap::new(),
            };
            manager.start_missing();
            loop {
                tokio::select! {
                    event = events.recv() => match event {
                        Ok(event) => manager.handle(&event),
                        Err(RecvError::Lagged(_)) => {
                            manager.start_missing();
                            manager.running.values().for_each(|running| running.wake.notify_one());
                        }
                        Err(RecvError::Closed) => return,
                    },
                    signal = signals.recv() => match signal {
                        Some(signal) => manager.wake_all(signal.wakes()),
                        None => return,
                    },
                }
            }
        })
    }

    fn start_missing(&mut self) {
        for kind in KINDS {
            for (key, object) in self.context.store.list(kind, None).1 {
                if has_controller(&key) && !self.running.contains_key(&key) {
                    self.spawn(&key, &object);
                }
            }
        }
    }

    fn spawn(&mut self, key: &Key, object: &Value) {
        let wake = Arc::new(Notify::new());
        let interval = self.context.interval(object, "/spec/interval");
        // Spread over the interval, so that a cluster does not do everything at the same moment.
        let spread = rand::random_range(0.2..1.0);
        let first = is_ready(object).then(|| interval.mul_f64(spread));
        let looking = look_again_and_again(
            self.context.clone(),
            key.clone(),
            Arc::clone(&wake),
            self.away.clone(),
            first,
        );
        let task = tokio::spawn(looking);
        self.running.insert(key.clone(), Running { wake, task });
    }

    fn handle(&mut self, event: &Event) {
        match event.change {
            Change::Added if has_controller(&event.key) => {
                if !self.running.contains_key(&event.key) {
                    self.spawn(&event.key, &event.object);
                }
            }
            Change::Deleted => {
                self.running.remove(&event.key);
                if event.key.kind.kind == "HelmRelease" {
                    let name = format!("{}-{}", event.key.namespace, event.key.name);
                    let chart = Key::new(&HELM_CHART, &event.key.namespace, &name);
                    self.context.store.remove(&chart);
                }
            }
            Change::Added | Change::Modified => {}
        }
        let before = event.previous.as_deref();
        let changed = |read: fn(&Value) -> Option<&str>| {
            before.is_some_and(|before| read(before) != read(&event.object))
        };
        let respecified =
            before.is_some_and(|before| generation(before) != generation(&event.object));
        if respecified || changed(|object| text(object, REQUESTED)) {
            self.wake(&event.key);
        }
        let stored = changed(artifact_revision)
            || changed(|object| text(object, "/status/artifact/lastUpdateTime"));
        match event.key.kind.kind {
            _ if stored => self.wake_dependents(&event.key),
            "HelmChart" if changed_observed(before, &event.object) => {
                self.wake_release(&event.object);
            }
            "ImageRepository"
                if changed(|object| text(object, "/status/lastScanResult/revision")) =>
            {
                self.wake_all(&["ImagePolicy"]);
            }
            "ImagePolicy" if changed(|object| text(object, "/status/latestRef/tag")) => {
                self.wake_all(&["ImageUpdateAutomation"]);
            }
            _ => {}
        }
    }

    fn wake(&self, key: &Key) {
        if let Some(running) = self.running.get(key) {
            running.wake.notify_one();
        }
    }

    /// Wakes whatever names `source` as where it reads from.
    fn wake_dependents(&self, source: &Key) {
        for (key, running) in &self.running {
            let object = self.context.store.get(key);
            let reads = object
                .and_then(|object| key.referenced(&object, "/spec/sourceRef"))
                .is_some_and(|read| read == *source);
            if reads {
                running.wake.notify_one();
            }
        }
        if source.kind == &HELM_CHART
            && let Some(chart) = self.context.store.get(source)
        {
            self.wake_release(&chart);
        }
    }

    fn wake_release(&self, chart: &Value) {
        let label = |name: &str| {
            text(
                chart,
                &format!("/metadata/labels/helm.toolkit.fluxcd.io~1{name}"),
            )
        };
        if let (Some(namespace), Some(name)) = (label("namespace"), label("name")) {
            self.wake(&Key::new(
                &crate::clusters::kinds::HELM_RELEASE,
                namespace,
                name,
            ));
        }
    }

    fn wake_all(&self, kinds: &[&str]) {
        for (key, running) in &self.running {
            if kinds.contains(&key.kind.kind) {
                running.wake.notify_one();
            }
        }
    }
}

fn changed_observed(before: Option<&Value>, after: &Value) -> bool {
    let observed = |object: &Value| object.pointer("/status/observedGeneration").cloned();
    before.is_some_and(|before| observed(before) != observed(after))
}

/// When someone asked for a look, if that was not handled yet.
fn requested(context: &Context, key: &Key) -> Option<String> {
    let object = context.store.get(key).filter(|_| key.kind.reports)?;
    let asked = text(&object, REQUESTED)?;
    (text(&object, "/status/lastHandledReconcileAt") != Some(asked)).then(|| asked.to_owned())
}

async fn look_again_and_again(
    context: Context,
    key: Key,
    wake: Arc<Notify>,
    mut away: watch::Receiver<BTreeSet<&'static str>>,
    first: Option<Duration>,
) {
    let mut memory = Memory::default();
    let mut next = first.map_or(Next::After(Duration::ZERO), Next::After);
    loop {
        match next {
            Next::WhenTriggered => wake.notified().await,
            Next::After(wait) => tokio::select! {
                () = context.clock.sleep(wait) => {}
                () = wake.notified() => {}
            },
        }
        // The cluster that owns the sender is gone when this fails.
        if away
            .wait_for(|away| !away.contains(key.kind.kind))
            .await
            .is_err()
        {
            return;
        }
        let asked = requested(&context, &key);
        let looked = reconcile(&context, &key, &mut memory).await;
        if let Some(asked) = asked {
            context.store.edit_status(&key, |status| {
                status.put("lastHandledReconcileAt", asked.into());
            });
        }
        next = match looked {
            Ok(next) => next,
            Err(error) => {
                tracing::warn!(
                    environment = &*context.environment,
                    kind = key.kind.kind,
                    object = key.path(),
                    "looking again later: {error:#}"
                );
                Next::After(AFTER_ERROR)
            }
        };
    }
}
