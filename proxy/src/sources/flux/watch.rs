//! One watch: every update of one kind read together with the one before it.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use kube::api::{Api, DynamicObject};
use kube::runtime::utils::Backoff;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as follow};
use model::Observation;
use model::flux::{
    DeploymentReading, GitRepositoryReading, HelmChartReading, HelmReleaseReading,
    KustomizationReading, name_of, order_of,
};
use model::observation::{Fact, SourceName};
use model::pipeline::ObjectName;
use serde_json::Value;

use super::kinds::Kind;
use super::record::Record;
use super::{Health, client};
use crate::app::App;

/// After so many seconds the server ends a watch, so that a dead connection is found out soon.
const LIFE: u32 = 30;

pub(super) struct Watch {
    app: Arc<App>,
    cluster: String,
    kind: Kind,
    health: Arc<Health>,
    record: Record,
    /// The last update of each object: its place, and its reading.
    held: BTreeMap<ObjectName, (u64, Fact)>,
    /// While objects are listed: those that have come.
    listed: Option<Vec<ObjectName>>,
}

impl Watch {
    pub(super) fn new(app: Arc<App>, cluster: String, kind: Kind, health: Arc<Health>) -> Self {
        Self {
            record: Record::new(Arc::clone(&app), cluster.clone()),
            app,
            cluster,
            kind,
            health,
            held: BTreeMap::new(),
            listed: None,
        }
    }

    pub(super) async fn run(mut self, api: Api<DynamicObject>) {
        let config = watcher::Config::default().timeout(LIFE);
        let mut events = pin!(follow(api, config).backoff(Pauses::default()));
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => self.take(event).await,
                Err(error) => {
                    let why = client::why_broken(&error);
                    tracing::warn!(cluster = %self.cluster, kind = self.kind.as_str(), %why, "a watch broke");
                    self.health.broken(self.kind, why, Instant::now());
                }
            }
        }
    }

    async fn take(&mut self, event: Event<DynamicObject>) {
        match event {
            Event::Init => self.listed = Some(Vec::new()),
            Event::InitApply(object) => self.apply(&object).await,
            Event::InitDone => {
                let listed = self.listed.take().unwrap_or_default();
                let gone: Vec<ObjectName> = self
                    .held
                    .keys()
                    .filter(|name| !listed.contains(name))
                    .cloned()
                    .collect();
                for name in gone {
                    self.forget(&name);
                }
                self.health.following(self.kind);
            }
            Event::Apply(object) => {
                self.apply(&object).await;
                self.health.following(self.kind);
            }
            Event::Delete(object) => {
                if let Some(name) = json(&object).as_ref().and_then(name_of) {
                    self.forget(&name);
                }
            }
        }
    }

    fn forget(&mut self, name: &ObjectName) {
        self.held.remove(name);
        self.app
            .boards
            .forget(&self.cluster, self.kind.as_str(), name);
    }

    async fn apply(&mut self, object: &DynamicObject) {
        let Some(object) = json(object) else {
            return;
        };
        let Some(name) = name_of(&object) else {
            return;
        };
        if let Some(listed) = &mut self.listed {
            listed.push(name.clone());
        }
        let order = order_of(&object);
        let before = self.held.get(&name);
        if self.listed.is_some() && before.is_some_and(|(held, _)| *held > order) {
            // A cluster that was restored counts from an earlier number on: what it lists is what is.
            self.app
                .boards
                .forget(&self.cluster, self.kind.as_str(), &name);
        }
        let fact = read(
            self.kind,
            &self.cluster,
            &name,
            &object,
            before.map(|(_, fact)| fact),
        );
        let news = self.app.boards.observe(&Observation {
            source: SourceName::flux(&self.cluster),
            at: self.app.clock.now(),
            order,
            fact: fact.clone(),
        });
        if news && matches!(self.kind, Kind::HelmRelease | Kind::Deployment) {
            self.app.boards.look_at_cluster(&self.cluster);
        }
        self.record.note(&name, &object, &fact).await;
        self.held.insert(name, (order, fact));
    }
}

fn json(object: &DynamicObject) -> Option<Value> {
    serde_json::to_value(object)
        .inspect_err(|error| tracing::warn!(%error, "an object of Kubernetes cannot be read"))
        .ok()
}

fn read(
    kind: Kind,
    cluster: &str,
    name: &ObjectName,
    object: &Value,
    before: Option<&Fact>,
) -> Fact {
    let (cluster, name) = (cluster.to_owned(), name.clone());
    match kind {
        Kind::GitRepository => {
            let before = match before {
                Some(Fact::GitRepository(_, _, reading)) => Some(reading),
                _ => None,
            };
            Fact::GitRepository(cluster, name, GitRepositoryReading::read(object, before))
        }
        Kind::Kustomization => {
            let before = match before {
                Some(Fact::Kustomization(_, _, reading)) => Some(reading),
                _ => None,
            };
            Fact::Kustomization(cluster, name, KustomizationReading::read(object, before))
        }
        Kind::HelmChart => Fact::HelmChart(cluster, name, HelmChartReading::read(object)),
        Kind::HelmRelease => {
            let before = match before {
                Some(Fact::HelmRelease(_, _, reading)) => Some(&**reading),
                _ => None,
            };
            let reading = HelmReleaseReading::read(object, before);
            Fact::HelmRelease(cluster, name, Box::new(reading))
        }
        Kind::Deployment => Fact::Deployment(cluster, name, DeploymentReading::read(object)),
    }
}

/// A quarter of a second after the first failure, then twice as long each time, four seconds at most: a
/// cluster that comes back is seen soon.
struct Pauses(Duration);

const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

impl Default for Pauses {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

impl Backoff for Pauses {
    fn reset(&mut self) {
        self.0 = FIRST_PAUSE;
    }
}
