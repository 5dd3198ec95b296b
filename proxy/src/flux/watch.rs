//! One watch: each update of one kind, read together with the one before it.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::sync::Arc;

use model::Observation;
use model::flux::{Kind, name_of, sequence_of};
use model::journal::Entry;
use model::observation::{Fact, SourceName};
use model::pipeline::ObjectName;
use serde_json::Value;
use tokio::sync::mpsc;

use super::deployments::DeploymentEntries;
use super::health::WatchHealth;
use super::reconcile_requests::ReconcileRequests;
use crate::board::Boards;
use crate::clock::Clock;
use crate::kubernetes::{ObjectJson, Reason, Reflector, ReflectorEvent};

/// Turns the events of one reflector into observations and journal entries.
pub(super) struct Watch {
    pub(super) cluster: String,
    pub(super) kind: Kind,
    pub(super) boards: Arc<Boards>,
    pub(super) reconcile_requests: Arc<ReconcileRequests>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) health: Arc<WatchHealth>,
    /// Only of a kind that deploys.
    pub(super) deployments: Option<DeploymentEntries>,
    pub(super) entries: mpsc::Sender<Vec<Entry>>,
    /// The sequence number and the reading of each object's last update.
    pub(super) known: BTreeMap<ObjectName, (u64, Fact)>,
    /// The objects of the list that is being read.
    pub(super) listed: Option<BTreeSet<ObjectName>>,
    /// Whether an update changed a board since the live apps were last asked.
    pub(super) has_news: bool,
}

impl Watch {
    pub(super) async fn run(mut self, mut reflector: Reflector) {
        loop {
            match reflector.next().await {
                Ok(event) => self.handle(event).await,
                Err(error) => {
                    let kind = self.kind.as_str();
                    if error.reason == Reason::Expired {
                        // An ordinary end of a watch: the present state is listed at once.
                        tracing::info!(cluster = %self.cluster, kind, why = %error, "listing anew");
                    } else {
                        tracing::warn!(cluster = %self.cluster, kind, why = %error, "a watch broke");
                        self.health.broken(self.kind, error.to_string());
                    }
                    reflector.pause(&error).await;
                }
            }
        }
    }

    async fn handle(&mut self, event: ReflectorEvent) {
        match event {
            ReflectorEvent::Init => {
                self.listed = Some(BTreeSet::new());
                self.health.listing(self.kind);
            }
            ReflectorEvent::InitApply(ObjectJson(object)) => self.apply(&object).await,
            ReflectorEvent::Apply(ObjectJson(object)) => {
                self.apply(&object).await;
                self.look_at_apps();
                self.health.synced(self.kind);
            }
            ReflectorEvent::InitDone => {
                let listed = self.listed.take().unwrap_or_default();
                let names: Vec<ObjectName> = self.known.keys().cloned().collect();
                for name in names.iter().filter(|name| !listed.contains(*name)) {
                    self.forget(name);
                }
                self.look_at_apps();
            }
            ReflectorEvent::Delete(ObjectJson(object)) => {
                if let Some(name) = name_of(&object) {
                    self.forget(&name);
                }
                self.health.synced(self.kind);
            }
            ReflectorEvent::Synced => self.health.synced(self.kind),
        }
    }

    /// Has the live apps asked, once for all news.
    fn look_at_apps(&mut self) {
        if mem::take(&mut self.has_news) && self.deployments.is_some() {
            self.boards.look_at_cluster(&self.cluster);
        }
    }

    fn forget(&mut self, name: &ObjectName) {
        self.known.remove(name);
        self.boards.forget(&self.cluster, self.kind, name);
    }

    async fn apply(&mut self, object: &Value) {
        let Some(name) = name_of(object) else {
            return;
        };
        let sequence = sequence_of(object);
        self.reconcile_requests
            .observe(&self.cluster, self.kind, &name, object);
        let before = self.known.get(&name);
        if self.listed.is_some() && before.is_some_and(|(known, _)| *known > sequence) {
            // A restored cluster counts from an earlier number on: its list is the present state.
            self.boards.forget(&self.cluster, self.kind, &name);
        }
        let fact = Fact::of_object(
            self.kind,
            &self.cluster,
            &name,
            object,
            before.map(|(_, fact)| fact),
        );
        // A namespace holds many objects that no pipeline is made of.
        if !self.boards.concerns(&fact) {
            return;
        }
        if let Some(listed) = &mut self.listed {
            listed.insert(name.clone());
        }
        let now = self.clock.now();
        self.has_news |= self.boards.observe(&Observation {
            source: SourceName::flux(&self.cluster),
            at: now,
            sequence,
            fact: fact.clone(),
        });
        if let Some(deployments) = &mut self.deployments {
            let entries = deployments.of_update(&name, &fact, now);
            if !entries.is_empty() && self.entries.send(entries).await.is_err() {
                tracing::error!("what Flux did cannot be journaled: nobody writes");
            }
        }
        self.known.insert(name, (sequence, fact));
    }
}
