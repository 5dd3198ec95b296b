//! Kubernetes-shaped clusters with Flux in them: an API server for each environment, and controllers that
//! read the promotion repository from git and behave as Flux 2.9 was recorded to. Of GitHub and the
//! registry only addresses are known here.

mod addresses;
mod api;
mod artifacts;
mod charts;
mod controllers;
mod events;
mod git;
mod kinds;
mod manifests;
mod notify;
mod object;
mod options;
mod registry;
mod report;
mod setters;
mod status;
mod store;
mod timings;
mod yaml;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use self::api::Api;
use self::controllers::ClusterContext;
use self::controllers::manager::Manager;
use self::registry::Registry;
use crate::loopback::HttpServer;
use crate::seed;

pub use self::addresses::Addresses;
pub use self::controllers::image_policy::choose as choose_tag;
pub use self::kinds::Kind;
pub use self::object::{Key, StoredObject};
pub(crate) use self::object::{condition, is_current, is_true, text};
pub use self::options::{ClusterOptions, Secrets, Trigger};
pub use self::store::{Applied, ChangeKind, ObjectChange, Store};
pub use self::timings::Timings;

/// One running cluster. It ends when it is dropped.
pub struct Cluster {
    environment: String,
    server: HttpServer,
    api: Api,
    unavailable: watch::Sender<bool>,
    paused: watch::Sender<BTreeSet<&'static str>>,
    triggers: mpsc::UnboundedSender<Trigger>,
    _managing: AbortOnDropHandle<()>,
}

impl Cluster {
    /// Starts a cluster; when it returns, its API answers. Fails when its first objects cannot be had.
    pub async fn start(options: ClusterOptions) -> anyhow::Result<Self> {
        let environment = options.environment;
        let store = Arc::new(Store::new(options.clock.clone(), options.watch_window));
        let scratch = options.data_dir.join(&environment);
        let bookmarks = options.timings.bookmarks;
        let context = ClusterContext {
            environment: environment.as_str().into(),
            store: Arc::clone(&store),
            artifacts: Arc::default(),
            mirror: git::Mirror::open(scratch.join("source.git")).await?,
            registry: Registry {
                http: crate::http_client()?,
                addresses: options.addresses,
            },
            secrets: options.secrets,
            is_silent: false,
            clock: options.clock,
            faults: options.faults,
            timings: options.timings,
            app: options.app,
            scratch,
        };
        bootstrap(&context)
            .await
            .with_context(|| format!("bootstrapping the cluster {environment}"))?;
        if let Some(past) = &options.past {
            // The one that the commit statuses of the past bear.
            let uid = json!(seed::provider_uid(&environment));
            let provider = Key::new(&kinds::PROVIDER, "flux-system", "commit-status");
            store.edit(&provider, |object| object["metadata"]["uid"] = uid);
            context.seeding().settle().await?;
            context.date_back(past);
        }

        let unavailable = watch::Sender::new(false);
        let paused = watch::Sender::new(BTreeSet::new());
        let (triggers, triggered) = mpsc::unbounded_channel();
        let api = Api {
            store,
            token: random_token(),
            viewer_token: random_token(),
            unavailable: unavailable.subscribe(),
            bookmarks,
        };
        let router = api::router(api.clone());
        let server = HttpServer::start(format!("the cluster {environment}"), router).await?;
        let managing = Manager::start(context, paused.subscribe(), triggered);
        Ok(Self {
            environment,
            server,
            api,
            unavailable,
            paused,
            triggers,
            _managing: AbortOnDropHandle::new(managing),
        })
    }

    /// The environment, such as `uat`.
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// The address of its API: plain HTTP, on loopback.
    pub fn url(&self) -> &Url {
        &self.server.url
    }

    /// A bearer token that may read everything, and patch annotations and specs.
    pub fn token(&self) -> &str {
        &self.api.token
    }

    /// A bearer token that may only read.
    pub fn viewer_token(&self) -> &str {
        &self.api.viewer_token
    }

    /// The objects of the cluster.
    pub fn store(&self) -> &Arc<Store> {
        &self.api.store
    }

    /// While unavailable, the API answers nobody and open watches end; the controllers go on.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.send_replace(unavailable);
    }

    /// Whether the API server refuses to answer.
    pub fn is_unavailable(&self) -> bool {
        *self.unavailable.borrow()
    }

    /// While paused, controllers finish what they are doing and begin nothing.
    pub fn pause_controllers(&self, paused: bool) {
        for kind in kinds::KINDS {
            self.pause_controller(kind.kind, paused);
        }
    }

    /// Pauses or resumes the controller of one kind.
    pub fn pause_controller(&self, kind: &'static str, paused: bool) {
        self.paused.send_modify(|kinds| {
            match paused {
                true => kinds.insert(kind),
                false => kinds.remove(kind),
            };
        });
    }

    /// A sender of triggers that may outlive the cluster.
    pub(crate) fn triggers(&self) -> mpsc::UnboundedSender<Trigger> {
        self.triggers.clone()
    }

    /// Wakes the controllers that the trigger concerns.
    pub fn trigger(&self, trigger: Trigger) {
        // The receiver lives as long as the manager, which ends with this cluster.
        let _ = self.triggers.send(trigger);
    }
}

/// Applies what `flux bootstrap` would.
async fn bootstrap(context: &ClusterContext) -> anyhow::Result<()> {
    let remote = context.registry.addresses.github.join("demo/podinfo")?;
    let tip = context.mirror.tip(&remote, "main").await?;
    let snapshot = context.mirror.fetch(&remote, "main", &tip).await?;
    let path = format!("clusters/{}", context.environment);
    let manifests = manifests::build(&snapshot.files, &path).map_err(anyhow::Error::msg)?;
    for manifest in manifests {
        let applied = context.store.apply(&manifest, &[]);
        applied.map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

fn random_token() -> Arc<str> {
    hex::encode(rand::random::<[u8; 20]>()).into()
}
