//! Kubernetes-shaped clusters with Flux in them: one API server per environment, and controllers that
//! read the promotion repository out of the forge's git and behave as Flux 2.9 was recorded to.
//! Not the forge, and not the live applications; of both only addresses are known here.

mod addresses;
mod api;
mod artifacts;
mod charts;
mod conditions;
mod controllers;
mod events;
mod git;
mod kinds;
mod manifests;
mod notify;
mod object;
mod pace;
mod registry;
mod setters;
mod store;
mod yaml;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use url::Url;

use self::api::Api;
use self::artifacts::Artifacts;
use self::controllers::Context;
use self::controllers::manager::Manager;
use self::notify::Notifier;
use crate::clock::Clock;
use crate::faults::Faults;

pub use self::addresses::Addresses;
pub use self::controllers::choose_tag;
pub use self::kinds::Kind;
pub use self::notify::Secrets;
pub use self::object::{Key, Object};
pub use self::pace::{Pace, UnknownPace};
pub use self::store::{Applied, Change, Event, Store};

/// What the application of an environment is to answer with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its version, without a `v`.
    pub version: String,
    /// The commit that its container was built from.
    pub revision: String,
    /// `#rrggbb`.
    pub color: String,
    /// Its greeting.
    pub message: String,
}

/// The application that a cluster runs.
pub trait Workload: Send + Sync {
    /// New Pods took the place of the old.
    fn serve(&self, running: Running);

    /// Where the application answers, with a slash at the end; `None` when it answers nowhere.
    fn url(&self) -> Option<Url>;
}

/// One release that was made before the lab was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRelease {
    /// The version of the chart.
    pub chart_version: String,
    /// The version of the application.
    pub app_version: String,
    /// When.
    pub at: OffsetDateTime,
    /// What came of it.
    pub status: PastStatus,
}

/// What came of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastStatus {
    /// It was deployed, and its tests succeeded.
    Deployed,
    /// It failed.
    Failed,
    /// It is the one before, to which a failed one was rolled back.
    RolledBack,
}

/// Where the first objects of a cluster come from.
#[derive(Clone, Debug)]
pub enum Bootstrap {
    /// A path of a git branch, as `flux bootstrap` applies it.
    Git {
        /// The repository's address.
        repository: String,
        /// The branch.
        branch: String,
        /// The path.
        path: String,
    },
    /// These manifests.
    Manifests(Vec<Value>),
}

/// Something happened outside that a cluster would else only see at its next interval; what a
/// Receiver is to Flux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A branch was pushed.
    Git,
    /// The chart repository has a new index.
    Charts,
    /// The registry has a new image.
    Images,
}

impl Signal {
    fn wakes(self) -> &'static [&'static str] {
        match self {
            Self::Git => &["GitRepository"],
            Self::Charts => &["HelmRepository"],
            Self::Images => &["ImageRepository", "Deployment"],
        }
    }
}

/// What a cluster is made of.
pub struct ClusterOptions {
    /// The environment that it is, such as `uat`.
    pub environment: String,
    /// Where its git mirror and its clones are.
    pub data_dir: PathBuf,
    /// Where its API listens.
    pub listen: SocketAddr,
    /// Where public addresses lead.
    pub addresses: Addresses,
    /// The secrets that git does not hold.
    pub secrets: Secrets,
    /// Lab time.
    pub clock: Clock,
    /// What is to go wrong.
    pub faults: Faults,
    /// How long things take.
    pub pace: Pace,
    /// The application that it runs.
    pub workload: Arc<dyn Workload>,
    /// Where its first objects come from.
    pub bootstrap: Bootstrap,
    /// When given, the cluster starts in the middle of this history; else it starts empty, and goes
    /// through everything before one's eyes.
    pub past: Option<Vec<PastRelease>>,
    /// The UID of the Provider `commit-status`, where the statuses of the past bear it already.
    pub commit_status_uid: Option<String>,
    /// How many changes watches can go back.
    pub watch_window: usize,
}

/// One running cluster. It ends when it is dropped.
pub struct Cluster {
    environment: String,
    url: Url,
    token: Arc<str>,
    viewer_token: Arc<str>,
    store: Arc<Store>,
    dark: watch::Sender<bool>,
    /// The kinds whose controllers are away.
    away: watch::Sender<BTreeSet<&'static str>>,
    signals: mpsc::UnboundedSender<Signal>,
    tasks: Vec<JoinHandle<()>>,
}

impl Cluster {
    /// Starts a cluster; when it returns, its API answers.
    ///
    /// # Errors
    /// When it cannot listen, or its first objects cannot be had.
    pub async fn start(options: ClusterOptions) -> anyhow::Result<Self> {
        let environment = options.environment;
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("listening for the cluster {environment}"))?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let store = Arc::new(Store::new(options.clock.clone(), options.watch_window));
        let http = crate::http_client()?;
        let scratch = options.data_dir.join(&environment);
        let mirror = git::Mirror::open(scratch.join("source.git")).await?;
        let notifier = Notifier {
            store: Arc::clone(&store),
            http: http.clone(),
            addresses: options.addresses.clone(),
            secrets: options.secrets,
            clock: options.clock.clone(),
            faults: options.faults.clone(),
            silent: false,
        };
        let context = Context {
            environment: environment.as_str().into(),
            store: Arc::clone(&store),
            artifacts: Arc::new(Artifacts::default()),
            mirror,
            addresses: options.addresses,
            http,
            notifier,
            clock: options.clock,
            faults: options.faults,
            pace: options.pace.clone(),
            workload: options.workload,
            scratch,
        };
        bootstrap(&context, options.bootstrap)
            .await
            .with_context(|| format!("bootstrapping the cluster {environment}"))?;
        if let Some(uid) = options.commit_status_uid {
            let provider = Key::new(&kinds::PROVIDER, "flux-system", "commit-status");
            store.rewrite(&provider, |object| object["metadata"]["uid"] = uid.into());
        }
        if let Some(past) = &options.past {
            context.seeding().settle().await?;
            context.date_back(past);
        }

        let (dark, in_the_dark) = watch::channel(false);
        let (away, controllers_away) = watch::channel(BTreeSet::new());
        let (signals, signalled) = mpsc::unbounded_channel();
        let (token, viewer_token) = (random_token(), random_token());
        let router = api::router(Api {
            store: Arc::clone(&store),
            token: Arc::clone(&token),
            viewer_token: Arc::clone(&viewer_token),
            dark: in_the_dark,
            bookmarks: options.pace.bookmarks,
        });
        let name = environment.clone();
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(environment = name, "the cluster's API ended: {error}");
            }
        });
        let managing = Manager::start(context, controllers_away, signalled);
        Ok(Self {
            environment,
            url,
            token,
            viewer_token,
            store,
            dark,
            away,
            signals,
            tasks: vec![serving, managing],
        })
    }

    /// The environment that it is.
    #[must_use]
    pub fn environment(&self) -> &str {
        &self.environment
    }

    /// Where its API answers: plain HTTP, on loopback.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A bearer token that may read everything, and patch annotations and specs.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A bearer token that may only read.
    #[must_use]
    pub fn viewer_token(&self) -> &str {
        &self.viewer_token
    }

    /// Its objects.
    #[must_use]
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// While dark, the API answers nobody and open watches end; the controllers go on.
    pub fn go_dark(&self, dark: bool) {
        self.dark.send_replace(dark);
    }

    /// Whether it is dark.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        *self.dark.borrow()
    }

    /// While paused, controllers finish what they are doing and begin nothing.
    pub fn pause_controllers(&self, paused: bool) {
        for kind in kinds::KINDS {
            self.stop_controller(kind.kind, paused);
        }
    }

    /// While stopped, the controller of that kind finishes what it is doing and begins nothing; the
    /// others go on.
    pub fn stop_controller(&self, kind: &'static str, stopped: bool) {
        self.away.send_modify(|away| {
            if stopped {
                away.insert(kind);
            } else {
                away.remove(kind);
            }
        });
    }

    /// Where signals for this cluster can be sent by whoever outlives its borrow.
    pub(crate) fn signals(&self) -> mpsc::UnboundedSender<Signal> {
        self.signals.clone()
    }

    /// Has the controllers look at what changed outside, before their interval is over.
    pub fn signal(&self, signal: Signal) {
        // The receiver lives as long as the manager, which ends with this cluster.
        let _ = self.signals.send(signal);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn bootstrap(context: &Context, from: Bootstrap) -> anyhow::Result<()> {
    let manifests = match from {
        Bootstrap::Manifests(manifests) => manifests,
        Bootstrap::Git {
            repository,
            branch,
            path,
        } => {
            let remote = context.addresses.resolve(&repository)?;
            let remote = remote.context("the repository's host is not known")?;
            let tip = context.mirror.tip(&remote, &branch).await?;
            let snapshot = context.mirror.fetch(&remote, &branch, &tip).await?;
            manifests::build(&snapshot.files, &path).map_err(anyhow::Error::msg)?
        }
    };
    for manifest in manifests {
        context
            .store
            .apply(&manifest, &[])
            .map_err(anyhow::Error::msg)?;
    }
    Ok(())
}

fn random_token() -> Arc<str> {
    hex::encode(rand::random::<[u8; 20]>()).into()
}

/// SHA-256, hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
