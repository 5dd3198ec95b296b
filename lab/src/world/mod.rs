//! The lab assembled: a forge, a cluster and a live application for each environment, and a dashboard, all
//! on loopback.

mod control;
mod forge;
mod steps;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use futures::future::try_join_all;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinHandle;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::apps::App;
use crate::clock::Clock;
use crate::clusters::{Addresses, Cluster, ClusterOptions, Secrets, Timings, Trigger};
use crate::dashboard;
use crate::faults::{Fault, Faults};
use crate::github::RepositoryEvent;
use crate::jobs::ENVIRONMENTS;
use crate::loopback::HttpServer;
use crate::seed::Seed;

pub use self::control::{PullState, PullSummary};
pub use self::forge::{Forge, ForgeOptions};
pub use self::steps::BranchBuild;

/// The number of changes that a watch can go back.
const WATCH_WINDOW: usize = 512;

/// Options of [`Lab::start`].
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// The folder of the git repositories; `None` makes one that is removed with the lab.
    pub data_dir: Option<PathBuf>,
    pub timings: Timings,
    /// Whether a week has already happened; else there is one release, everywhere.
    pub seeded: bool,
    /// The server that Flux's webhooks go to, in place of `https://weft.example.com/`.
    pub weft_url: Option<Url>,
    pub clock: Clock,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self {
            data_dir: None,
            timings: Timings::demo(),
            seeded: true,
            weft_url: None,
            clock: Clock::new(),
        }
    }
}

/// A running lab. Everything in it ends when it is dropped.
pub struct Lab {
    forge: Forge,
    clusters: Vec<Cluster>,
    apps: Vec<Arc<App>>,
    dashboard: HttpServer,
    clock: Clock,
    faults: Faults,
    hook_secret: String,
    _forwarding: AbortOnDropHandle<()>,
    _directory: Option<tempfile::TempDir>,
}

impl Lab {
    /// Starts everything; when it returns, all of it answers and the past has happened. Fails when git is
    /// missing, or a directory cannot be written.
    pub async fn start(options: LabOptions) -> anyhow::Result<Self> {
        let (data_dir, directory) = match options.data_dir {
            Some(data_dir) => (data_dir, None),
            None => {
                let directory = tempfile::tempdir().context("making a directory for the lab")?;
                (directory.path().to_owned(), Some(directory))
            }
        };
        let faults = Faults::default();
        let forge = ForgeOptions {
            data_dir: data_dir.join("forge"),
            clock: options.clock.clone(),
            faults: faults.clone(),
            seed: match options.seeded {
                true => Seed::Week,
                false => Seed::Fresh,
            },
            job_delay: options.timings.job,
        };
        let forge = Forge::start(forge).await.context("starting the forge")?;
        let hook_secret = hex::encode(rand::random::<[u8; 20]>());
        let addresses = Addresses {
            charts: forge.url().join("pages/demo/podinfo/")?,
            registry: forge.url().clone(),
            github: forge.url().clone(),
            weft: options.weft_url,
        };
        let apps = try_join_all(ENVIRONMENTS.map(App::start)).await?;
        let apps: Vec<Arc<App>> = apps.into_iter().map(Arc::new).collect();
        let starting = ENVIRONMENTS.iter().zip(&apps).map(|(environment, app)| {
            Cluster::start(ClusterOptions {
                environment: (*environment).to_owned(),
                data_dir: data_dir.join("clusters"),
                addresses: addresses.clone(),
                secrets: Secrets {
                    github_token: forge.flux_token().to_owned(),
                    weft_hmac: hook_secret.clone(),
                },
                clock: options.clock.clone(),
                faults: faults.clone(),
                timings: options.timings.clone(),
                app: Arc::clone(app),
                past: Some(forge.history_of(environment)),
                watch_window: WATCH_WINDOW,
            })
        });
        let clusters = try_join_all(starting).await?;
        let stores = clusters.iter();
        let stores = stores.map(|it| (it.environment().to_owned(), Arc::clone(it.store())));
        let dashboard = dashboard::start(stores.collect()).await?;
        let forwarding = forward(&forge, &clusters);
        Ok(Self {
            forge,
            clusters,
            apps,
            dashboard,
            clock: options.clock,
            faults,
            hook_secret,
            _forwarding: AbortOnDropHandle::new(forwarding),
            _directory: directory,
        })
    }

    /// The GitHub-shaped server.
    pub fn forge(&self) -> &Forge {
        &self.forge
    }

    /// The cluster of an environment; `None` when there is no such environment.
    pub fn cluster(&self, environment: &str) -> Option<&Cluster> {
        let mut clusters = self.clusters.iter();
        clusters.find(|cluster| cluster.environment() == environment)
    }

    /// Every cluster, in the order of the environments.
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The live application of an environment; `None` when there is no such environment.
    pub fn app(&self, environment: &str) -> Option<&App> {
        let place = ENVIRONMENTS.iter().position(|known| *known == environment);
        self.apps.get(place?).map(AsRef::as_ref)
    }

    /// The address of the dashboard.
    pub fn dashboard_url(&self) -> &Url {
        &self.dashboard.url
    }

    /// The clock that all parts of the lab share.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The faults. Those that last until they are cancelled strike only once [`Lab::apply_faults`] was
    /// called.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The key that Flux's webhooks to Weft are signed with.
    pub fn hook_secret(&self) -> &str {
        &self.hook_secret
    }

    /// Makes clusters unavailable and applications hang where that is ordered, and well elsewhere.
    pub fn apply_faults(&self) {
        for (cluster, app) in self.clusters.iter().zip(&self.apps) {
            let environment = Some(cluster.environment());
            let is_ordered = |fault| self.faults.is_ordered(fault, environment);
            cluster.set_unavailable(is_ordered(Fault::ClusterUnavailable));
            app.hang(is_ordered(Fault::AppHangs));
        }
    }

    /// Ends everything, and waits until the forge's jobs have ended.
    pub async fn shutdown(mut self) {
        self.clusters.clear();
        self.forge.shutdown().await;
    }
}

/// Triggers every cluster when the forge changes, as Flux's Receivers would.
fn forward(forge: &Forge, clusters: &[Cluster]) -> JoinHandle<()> {
    let mut events = forge.events();
    let senders: Vec<_> = clusters.iter().map(Cluster::triggers).collect();
    tokio::spawn(async move {
        loop {
            let triggers: &[Trigger] = match events.recv().await.map(|published| published.event) {
                Ok(RepositoryEvent::Push { update, .. })
                    if update.reference == "refs/heads/main" =>
                {
                    &[Trigger::Git]
                }
                Ok(RepositoryEvent::Image { .. }) => &[Trigger::Images],
                Ok(RepositoryEvent::Chart { .. }) => &[Trigger::Charts],
                Ok(_) => &[],
                Err(RecvError::Lagged(_)) => &[Trigger::Git, Trigger::Images, Trigger::Charts],
                Err(RecvError::Closed) => return,
            };
            for trigger in triggers {
                for sender in &senders {
                    // Fails only when the cluster has ended.
                    let _ = sender.send(*trigger);
                }
            }
        }
    })
}
