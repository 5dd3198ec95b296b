//! The GitHub-shaped server: real git repositories over smart HTTP, GitHub's REST and GraphQL
//! operations, sign-in, webhooks, branch protection, a chart repository and a container registry.
//! What its Actions-like jobs do is in `crate::jobs`, what it starts with in `crate::seed`.

mod access;
mod accounts;
pub(crate) mod acts;
mod control;
pub(crate) mod engine;
pub(crate) mod git;
mod graphql;
mod oauth;
mod pages;
pub(crate) mod present;
mod refusal;
mod registry;
mod rest;
mod rules;
mod smart;
pub(crate) mod state;
mod tokens;
mod webhooks;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

pub use self::accounts::{ACCOUNTS, Account, Kind, Permission, account};
pub use self::control::{BranchBuild, PullState, PullSummary};
pub use self::engine::Signal;
pub use self::refusal::Refusal;
pub use self::registry::COLOR_ANNOTATION;
pub use self::tokens::App;
pub use self::webhooks::signature;

pub(crate) use self::accounts::{APPROVER_LOGINS, APPROVERS, actions_bot, flux_bot, promotion_bot};

use self::engine::Engine;
use self::git::Git;
use self::state::{DEFAULT_BRANCH, Repository};
use self::tokens::Tokens;
use self::webhooks::Webhooks;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::http_client;
use crate::seed::{self, Deployed, Seed};

/// How a forge is started.
#[derive(Clone, Debug)]
pub struct ForgeOptions {
    /// Where the repositories are kept; created when it is missing.
    pub data_dir: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Lab time.
    pub clock: Clock,
    /// The faults that strike the forge: `forge-down`.
    pub faults: Faults,
    /// What the repository starts with.
    pub seed: Seed,
    /// How long each job takes.
    pub job_delay: Duration,
}

impl ForgeOptions {
    /// A forge on a free loopback port with a seeded week and jobs of 300 ms.
    #[must_use]
    pub fn new(data_dir: PathBuf, clock: Clock, faults: Faults) -> Self {
        Self {
            data_dir,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock,
            faults,
            seed: Seed::Week,
            job_delay: Duration::from_millis(300),
        }
    }
}

/// A running forge with the repository `demo/podinfo`.
pub struct Forge {
    engine: Arc<Engine>,
    history: Vec<Deployed>,
    flux_token: String,
    bot_token: String,
}

impl Forge {
    /// Seeds the repository, binds and serves.
    ///
    /// # Errors
    /// When git is missing, the directory cannot be written, or the address cannot be bound.
    pub async fn start(options: ForgeOptions) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(options.listen)
            .await
            .with_context(|| format!("the forge cannot listen on {}", options.listen))?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let now = options.clock.now();
        let ids = AtomicU64::new(10_000);
        let planted = {
            let (dir, seed) = (options.data_dir.clone(), options.seed);
            tokio::task::spawn_blocking(move || {
                let git = Git::create(&dir.join("demo/podinfo.git"), DEFAULT_BRANCH)?;
                seed::plant(&git, seed, now, &ids).map(|planted| (git, planted, ids))
            })
            .await?
        };
        let (git, planted, ids) = planted.context("seeding the repository")?;
        let repository = Arc::new(Repository {
            id: 6001,
            owner: "demo".to_owned(),
            name: "podinfo".to_owned(),
            created_at: planted.created_at,
            git,
            moving: Mutex::default(),
            promoting: Mutex::default(),
            state: Mutex::new(planted.state),
        });
        let (webhooks, deliveries) = Webhooks::new(http_client()?);
        let engine = Arc::new(Engine {
            url,
            app: App {
                client_id: "Iv1.weft-demo".to_owned(),
                client_secret: tokens::random(""),
                webhook_secret: tokens::random(""),
            },
            clock: options.clock,
            faults: options.faults,
            job_delay: options.job_delay,
            held: watch::Sender::new(None),
            tokens: Tokens::default(),
            repositories: BTreeMap::from([(repository.full_name(), repository)]),
            webhooks,
            signals: broadcast::Sender::new(256),
            runtime: tokio::runtime::Handle::current(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            ids,
        });
        engine.spawn(deliveries);
        let stop = engine.stop.clone();
        let server = axum::serve(listener, routes(engine.clone()))
            .with_graceful_shutdown(async move { stop.cancelled().await });
        engine.tasks.spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the forge stopped serving");
            }
        });
        Ok(Self {
            history: planted.history,
            flux_token: engine.tokens.lasting(flux_bot()),
            bot_token: engine.tokens.lasting(promotion_bot()),
            engine,
        })
    }

    /// Stops serving and waits until every job and request has ended.
    pub async fn shutdown(self) {
        self.engine.stop.cancel();
        self.engine.tasks.close();
        self.engine.tasks.wait().await;
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        self.engine.stop.cancel();
    }
}

fn routes(engine: Arc<Engine>) -> Router {
    let dress = middleware::from_fn_with_state(engine.clone(), access::dress);
    let rest = rest::routes()
        .merge(oauth::api_routes())
        .layer(dress.clone());
    let graphql = graphql::routes().layer(dress);
    Router::new()
        .merge(pages::routes())
        .merge(oauth::routes())
        .merge(registry::routes())
        .merge(rest.clone())
        .nest("/api/v3", rest)
        .merge(graphql)
        .layer(DefaultBodyLimit::max(2 << 20))
        .merge(smart::routes())
        .fallback(|| async { Refusal::not_found() })
        .with_state(engine)
}
