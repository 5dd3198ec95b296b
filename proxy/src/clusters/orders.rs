//! The orders to reconcile that were given since Weft began: one at a time for each environment. The
//! watches tell what Flux has taken up.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::api::object::{OrderState, ReconcileOrder};
use model::flux::Kind;
use model::pipeline::ObjectName;
use model::{EnvironmentName, PipelineName, Timestamp};
use serde_json::Value;
use tokio::sync::Notify;

use super::errands::is_handled;
use super::kinds::Object;

/// An environment of a pipeline.
pub(crate) type At = (PipelineName, EnvironmentName);

/// All orders.
#[derive(Default)]
pub(crate) struct Orders {
    held: Mutex<Held>,
    news: Notify,
}

#[derive(Default)]
struct Held {
    orders: BTreeMap<At, ReconcileOrder>,
    awaited: Vec<Awaited>,
}

/// An object that Flux is waited for.
struct Awaited {
    cluster: String,
    object: Object,
    /// What it was annotated with.
    asked: Timestamp,
    handled: bool,
}

impl Awaited {
    fn is(&self, cluster: &str, kind: Kind, name: &ObjectName) -> bool {
        self.cluster == cluster && self.object.kind == kind && self.object.name == *name
    }
}

impl Orders {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last order for an environment.
    pub(crate) fn last(&self, at: &At) -> Option<ReconcileOrder> {
        self.held().orders.get(at).cloned()
    }

    /// Begins an order, unless one is under way.
    pub(crate) fn begin(&self, at: &At, order: ReconcileOrder) -> bool {
        let mut held = self.held();
        let running = held
            .orders
            .get(at)
            .is_some_and(|order| order.state == OrderState::Running);
        if !running {
            held.orders.insert(at.clone(), order);
        }
        !running
    }

    /// Notes how an order goes.
    pub(crate) fn note(&self, at: &At, state: OrderState, sentence: String) {
        if let Some(order) = self.held().orders.get_mut(at) {
            order.state = state;
            order.sentence = sentence;
        }
    }

    /// Takes note of an object that a watch has brought.
    pub(super) fn seen(&self, cluster: &str, kind: Kind, name: &ObjectName, object: &Value) {
        let mut news = false;
        for awaited in &mut self.held().awaited {
            if awaited.is(cluster, kind, name) && is_handled(object, awaited.asked) {
                awaited.handled = true;
                news = true;
            }
        }
        if news {
            self.news.notify_waiters();
        }
    }

    /// From now on the watches are asked whether Flux has taken up what is asked for at a time.
    pub(crate) fn await_from(&self, cluster: &str, object: &Object, asked: Timestamp) {
        self.held().awaited.push(Awaited {
            cluster: cluster.to_owned(),
            object: object.clone(),
            asked,
            handled: false,
        });
    }

    /// Waits until the watches say so; whether they did, within `patience`.
    pub(crate) async fn handled(
        &self,
        cluster: &str,
        object: &Object,
        asked: Timestamp,
        patience: Duration,
    ) -> bool {
        let is_it = |it: &Awaited| it.is(cluster, object.kind, &object.name) && it.asked == asked;
        let waiting = async {
            loop {
                let news = self.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if self.held().awaited.iter().any(|it| is_it(it) && it.handled) {
                    return;
                }
                news.await;
            }
        };
        let handled = tokio::time::timeout(patience, waiting).await.is_ok();
        self.forget(cluster, object, asked);
        handled
    }

    /// Waits no longer.
    pub(crate) fn forget(&self, cluster: &str, object: &Object, asked: Timestamp) {
        let is_it = |it: &Awaited| it.is(cluster, object.kind, &object.name) && it.asked == asked;
        self.held().awaited.retain(|it| !is_it(it));
    }
}
