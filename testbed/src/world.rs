//! The world assembled: the lab's forge as GitHub, and for each environment a real cluster with real
//! Flux in it and a node that runs real programs. All of it is on loopback and ends when it is dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::future::try_join_all;
use lab::clock::Clock;
use lab::faults::Faults;
use lab::github::RepositoryEvent;
use lab::seed::Seed;
use lab::{Forge, ForgeOptions};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

use crate::control_plane::{ControlPlane, Etcd, EtcdUrl};
use crate::egress_proxy::EgressProxy;
use crate::flux::Flux;
use crate::node::{Images, Node};
use crate::{definitions, objects, reflection};

pub use lab::ENVIRONMENTS;

/// The environment of branch builds, where Flux updates the image by itself.
const DEV: &str = "dev";
/// Where the application is in every cluster.
const NAMESPACE: &str = "app-podinfo";
const APP: &str = "podinfo";
/// What an operator puts into a cluster by hand.
const SECRETS: &str = include_str!("secrets.yaml");
/// What Weft may do in a cluster, and the account that may.
const RIGHTS: &str = include_str!("../../deploy/weft/rbac.yaml");
/// How long the forge's jobs take.
const JOB: Duration = Duration::from_millis(600);

/// An environment: its cluster, Flux's controllers, its node and its application.
pub struct Environment {
    /// What it is called, its cluster too.
    pub name: &'static str,
    pub flux: Flux,
    /// What runs its Pods.
    pub node: Node,
    /// Its API server.
    pub plane: ControlPlane,
    /// Where its application answers people.
    pub live: Url,
    /// A token of Weft's account, with the rights that `deploy/` gives it.
    pub weft_token: String,
    client: kube::Client,
    reflecting: Option<(Arc<Notify>, AbortOnDropHandle<()>)>,
}

/// A running world. What is declared first ends first.
pub struct World {
    /// The environments, in the order in which a release travels through them.
    pub environments: Vec<Environment>,
    pub forge: Forge,
    /// What is to go wrong: `dispatch-lost` and `forge-down` are known here.
    pub faults: Faults,
    /// The key that Flux's webhooks to Weft are signed with.
    pub hook_secret: String,
    /// What the controllers take for the internet.
    pub egress_proxy: EgressProxy,
    /// Where everything is kept.
    pub folder: PathBuf,
    etcd: Etcd,
    _forwarding: AbortOnDropHandle<()>,
}

impl World {
    /// Starts everything below `folder`; when it returns, Flux has begun to install the first release.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        let began = Instant::now();
        let faults = Faults::default();
        let mut options = ForgeOptions::new(folder.join("forge"), Clock::new(), faults.clone());
        options.seed = Seed::Fresh;
        options.job_delay = JOB;
        let forge = Forge::start(options).await.context("starting the forge")?;
        let egress_proxy = EgressProxy::start(folder, forge.url().clone(), faults.clone()).await?;
        let images = Images::start(forge.url().clone(), folder.join("images")).await?;
        let manifests = images.unpacked("main").await?;
        let hook_secret = hex::encode(rand::random::<[u8; 20]>());
        let etcd = Etcd::start(folder)?;
        let definitions = Arc::new(definitions::flux()?);
        tracing::info!("the forge and etcd are up after {:.1?}", began.elapsed());
        let secrets = SECRETS.replace("$FLUX_TOKEN", forge.flux_token());
        let secrets = Arc::new(secrets.replace("$HOOK_SECRET", &hook_secret));
        let starting = ENVIRONMENTS.map(|name| {
            let bootstrap = Bootstrap {
                name,
                folder: folder.join(name),
                definitions: Arc::clone(&definitions),
                secrets: Arc::clone(&secrets),
                manifests: manifests.join("clusters").join(name),
            };
            environment(bootstrap, &etcd, &egress_proxy, Arc::clone(&images), &forge)
        });
        let environments = try_join_all(starting).await?;
        tracing::info!("all clusters are up after {:.1?}", began.elapsed());
        let forwarding = forward(&forge, &environments);
        Ok(Self {
            environments,
            forge,
            faults,
            hook_secret,
            egress_proxy,
            folder: folder.to_owned(),
            etcd,
            _forwarding: forwarding,
        })
    }

    /// The environment of that name.
    pub fn environment(&mut self, name: &str) -> anyhow::Result<&mut Environment> {
        let mut environments = self.environments.iter_mut();
        let found = environments.find(|environment| environment.name == name);
        found.with_context(|| format!("there is no environment {name}"))
    }

    /// All processes of this world but this one.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        let environments = self.environments.iter().flat_map(|environment| {
            let pods = environment.node.processes().into_iter().map(|(_, pid)| pid);
            environment
                .plane
                .pids()
                .chain(environment.flux.pids())
                .chain(pods)
        });
        environments.chain(self.etcd.pid()).collect()
    }

    /// How much memory all of it holds, this process included, in bytes; what programs share is
    /// counted once (the kernel's proportional set size).
    #[must_use]
    pub fn resident(&self) -> u64 {
        let own = std::process::id();
        let of = |pid: &u32| {
            let memory = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
            let line = memory.lines().find(|line| line.starts_with("Pss:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        };
        let pids = self.pids();
        pids.iter().chain([&own]).filter_map(of).sum::<u64>() * 1024
    }
}

impl Environment {
    /// A client that may do everything.
    #[must_use]
    pub fn client(&self) -> kube::Client {
        self.client.clone()
    }
}

/// What a environment begins with.
struct Bootstrap {
    name: &'static str,
    folder: PathBuf,
    definitions: Arc<String>,
    secrets: Arc<String>,
    manifests: PathBuf,
}

async fn environment(
    bootstrap: Bootstrap,
    etcd: &Etcd,
    egress_proxy: &EgressProxy,
    images: Arc<Images>,
    forge: &Forge,
) -> anyhow::Result<Environment> {
    let (name, folder) = (bootstrap.name, bootstrap.folder.clone());
    let store = etcd.url().clone();
    let (plane, token) = tokio::task::spawn_blocking(move || prepare(&bootstrap, &store)).await??;
    let client = plane.client().await?;
    let mut node = Node::start(client.clone(), images, folder.join("pods")).await?;
    let live = node.publish(NAMESPACE, APP).await?;
    let flux = Flux::start(&plane, &folder, egress_proxy, name == DEV)?;
    let reflecting = if name == DEV {
        let look = Arc::new(Notify::new());
        let url = forge.url().clone();
        let task = reflection::start(client.clone(), url, Arc::clone(&look))?;
        Some((look, task))
    } else {
        None
    };
    Ok(Environment {
        name,
        flux,
        node,
        plane,
        live,
        weft_token: token,
        client,
        reflecting,
    })
}

/// A cluster before Flux: its API, Flux's definitions, the secrets that an operator puts there, Weft's
/// account, and what `flux bootstrap` would apply. Gives a token of Weft's account with it.
fn prepare(bootstrap: &Bootstrap, etcd: &EtcdUrl) -> anyhow::Result<(ControlPlane, String)> {
    let mut plane = ControlPlane::start(etcd, bootstrap.name, &bootstrap.folder)?;
    plane.start_manager()?;
    plane.define(&bootstrap.definitions)?;
    plane.apply(&bootstrap.secrets)?;
    plane.apply(RIGHTS)?;
    let path = bootstrap.manifests.display().to_string();
    plane
        .run(&["apply", "--server-side", "--kustomize", &path], "")?
        .ok()?;
    let account = ["weft", "--namespace=weft", "--duration=24h"];
    let words = [&["create", "token"], &account[..]].concat();
    let token = plane.run(&words, "")?.ok()?.trim().to_owned();
    Ok((plane, token))
}

/// Has every cluster look when the forge changes, as Flux's Receivers would.
fn forward(forge: &Forge, environments: &[Environment]) -> AbortOnDropHandle<()> {
    let mut events = forge.events();
    let clients: Vec<_> = environments
        .iter()
        .map(|environment| environment.client.clone())
        .collect();
    let scanners: Vec<_> = environments
        .iter()
        .filter_map(|environment| Some(Arc::clone(&environment.reflecting.as_ref()?.0)))
        .collect();
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            let (git, charts, images) = match events.recv().await.map(|published| published.event) {
                Ok(RepositoryEvent::Push { update, .. }) => {
                    (update.reference == "refs/heads/main", false, false)
                }
                Ok(RepositoryEvent::Chart { .. }) => (false, true, false),
                Ok(RepositoryEvent::Image { .. }) => (false, false, true),
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => (true, true, true),
                Err(RecvError::Closed) => return,
            };
            if images {
                scanners.iter().for_each(|look| look.notify_one());
            }
            let wanted = [
                (git, ("GitRepository", "gitrepositories"), "flux-system"),
                (charts, ("HelmRepository", "helmrepositories"), NAMESPACE),
            ];
            for (_, kind, namespace) in wanted.into_iter().filter(|(wanted, ..)| *wanted) {
                for client in &clients {
                    // Where there is none yet, or its API is away, Flux's own interval does.
                    if let Err(error) = objects::look(client, kind, namespace, APP).await {
                        tracing::debug!(%error, "a cluster was not told to look");
                    }
                }
            }
        }
    }))
}
