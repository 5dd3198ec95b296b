//! One watch: every update of one kind read together with the one before it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::Observation;
use model::flux::{Kind, name_of, sequence_of};
use model::journal::Entry;
use model::observation::{Fact, SourceName};
use model::pipeline::ObjectName;
use serde_json::Value;
use tokio::sync::mpsc;

use super::follow::{Event, Follower};
use super::health::Health;
use super::object::Object;
use super::record::Record;
use crate::app::AppState;

pub(super) struct Watch {
    app: AppState,
    cluster: String,
    kind: Kind,
    health: Arc<Health>,
    /// Only of what deploys.
    record: Option<Record>,
    /// Where what is to be journaled goes.
    entries: mpsc::Sender<Vec<Entry>>,
    /// The last update of each object: its place, and its reading.
    held: BTreeMap<ObjectName, (u64, Fact)>,
    /// While objects are listed: those that have come.
    listed: Option<BTreeSet<ObjectName>>,
    /// Whether one of those is news to the apps' boards.
    news: bool,
}

impl Watch {
    pub(super) fn new(
        app: AppState,
        cluster: String,
        kind: Kind,
        health: Arc<Health>,
        entries: mpsc::Sender<Vec<Entry>>,
    ) -> Self {
        Self {
            record: deploys(kind).then(|| Record::new(app.clone(), cluster.clone())),
            app,
            cluster,
            kind,
            health,
            entries,
            held: BTreeMap::new(),
            listed: None,
            news: false,
        }
    }

    pub(super) async fn run(mut self, mut follower: Follower) {
        loop {
            match follower.next().await {
                Ok(event) => self.take(event).await,
                Err(trouble) => {
                    let why = &trouble.why;
                    if trouble.expired {
                        // An ordinary end of a watch: what is now is listed at once.
                        tracing::info!(cluster = %self.cluster, kind = self.kind.as_str(), %why, "listing anew");
                    } else {
                        tracing::warn!(cluster = %self.cluster, kind = self.kind.as_str(), %why, "a watch broke");
                        self.health.broken(self.kind, why.clone());
                    }
                    follower.pause(&trouble).await;
                }
            }
        }
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Began => {
                self.listed = Some(BTreeSet::new());
                self.health.listing(self.kind);
            }
            Event::Listed(Object(object)) => self.apply(&object).await,
            Event::Changed(Object(object)) => {
                self.apply(&object).await;
                self.look();
                self.health.following(self.kind);
            }
            Event::Whole => {
                let listed = self.listed.take().unwrap_or_default();
                let gone: Vec<ObjectName> = self
                    .held
                    .keys()
                    .filter(|name| !listed.contains(*name))
                    .cloned()
                    .collect();
                for name in gone {
                    self.forget(&name);
                }
                self.look();
            }
            Event::Gone(Object(object)) => {
                if let Some(name) = name_of(&object) {
                    self.forget(&name);
                }
                self.health.following(self.kind);
            }
            Event::Following => self.health.following(self.kind),
        }
    }

    /// Has the live apps asked, once for all that was news.
    fn look(&mut self) {
        if std::mem::take(&mut self.news)
            && matches!(self.kind, Kind::HelmRelease | Kind::Deployment)
        {
            self.app.boards.look_at_cluster(&self.cluster);
        }
    }

    fn forget(&mut self, name: &ObjectName) {
        self.held.remove(name);
        self.app
            .boards
            .forget(&self.cluster, self.kind.as_str(), name);
    }

    async fn apply(&mut self, object: &Value) {
        let Some(name) = name_of(object) else {
            return;
        };
        let order = sequence_of(object);
        self.app
            .clusters
            .seen(&self.cluster, self.kind, &name, object);
        let before = self.held.get(&name);
        if self.listed.is_some() && before.is_some_and(|(held, _)| *held > order) {
            // A cluster that was restored counts from an earlier number on: what it lists is what is.
            self.app
                .boards
                .forget(&self.cluster, self.kind.as_str(), &name);
        }
        let fact = Fact::of_object(
            self.kind,
            &self.cluster,
            &name,
            object,
            before.map(|(_, fact)| fact),
        );
        // A namespace holds many objects that no pipeline is made of.
        if !self.app.boards.concerns(&fact) {
            return;
        }
        if let Some(listed) = &mut self.listed {
            listed.insert(name.clone());
        }
        self.news |= self.app.boards.observe(&Observation {
            source: SourceName::flux(&self.cluster),
            at: self.app.clock.now(),
            order,
            fact: fact.clone(),
        });
        let record = self.record.as_mut();
        let entries = record.map_or_else(Vec::new, |record| record.news(&name, object, &fact));
        if !entries.is_empty() && self.entries.send(entries).await.is_err() {
            tracing::error!("what Flux did cannot be journaled: nobody writes");
        }
        self.held.insert(name, (order, fact));
    }
}

/// Whether such an object is what deploys an application.
fn deploys(kind: Kind) -> bool {
    matches!(kind, Kind::HelmRelease | Kind::Deployment)
}
