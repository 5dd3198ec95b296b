//! The forge of the world: the GitHub-shaped server with the seeded promotion repository, and the jobs
//! that react to its events.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use url::Url;

use crate::clock::Clock;
use crate::faults::Faults;
use crate::github::accounts::{self, flux_bot, promotion_bot};
use crate::github::state::{GitHubState, Repo};
use crate::github::webhooks::Webhooks;
use crate::github::{self, OAuthApp, Published};
use crate::http_client;
use crate::jobs::{self, Runner};
use crate::seed::{self, Deployed, Seed};

/// Options of [`Forge::start`].
#[derive(Clone, Debug)]
pub struct ForgeOptions {
    /// The folder of the repositories; created when it is missing.
    pub data_dir: PathBuf,
    pub clock: Clock,
    /// The faults that strike the forge: `forge-down`.
    pub faults: Faults,
    pub seed: Seed,
    pub job_delay: Duration,
}

impl ForgeOptions {
    /// A forge with a seeded week and jobs of 300 ms.
    pub fn new(data_dir: PathBuf, clock: Clock, faults: Faults) -> Self {
        Self {
            data_dir,
            clock,
            faults,
            seed: Seed::Week,
            job_delay: Duration::from_millis(300),
        }
    }
}

/// A running forge with the repository `demo/podinfo`.
pub struct Forge {
    github: Arc<GitHubState>,
    pub(super) repo: Repo,
    pub(super) runner: Arc<Runner>,
    webhooks: Arc<Webhooks>,
    history: Vec<Deployed>,
    flux_token: String,
    bot_token: String,
}

impl Forge {
    /// Seeds the repository, and serves on a free loopback port. Fails when git is missing, or the
    /// directory cannot be written.
    pub async fn start(options: ForgeOptions) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("listening for the forge")?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let (dir, now) = (options.data_dir, options.clock.now());
        let seeded = tokio::task::spawn_blocking(move || seed::seed(&dir, options.seed, now));
        let seeded = seeded.await?.context("seeding the repository")?;
        let github = Arc::new(GitHubState::new(
            url,
            options.clock,
            options.faults,
            seeded.repository,
            seeded.ids,
        ));
        let repo = github.repo("demo", "podinfo")?;
        let runner = jobs::start(&github, options.job_delay);
        let webhooks = Webhooks::start(&github, http_client()?);
        github::serve(&github, listener);
        Ok(Self {
            history: seeded.history,
            flux_token: github.tokens.lasting(flux_bot()),
            bot_token: github.tokens.lasting(promotion_bot()),
            github,
            repo,
            runner,
            webhooks,
        })
    }

    /// Stops serving and waits until every job and request has ended.
    pub async fn shutdown(self) {
        self.github.stop.cancel();
        self.github.tasks.close();
        self.github.tasks.wait().await;
    }

    /// The root of the forge, `http://127.0.0.1:PORT/`.
    pub fn url(&self) -> &Url {
        &self.github.url
    }

    /// The client id and secrets of the app that people sign in to.
    pub fn app(&self) -> &OAuthApp {
        &self.github.app
    }

    /// The token that Flux pushes, sets statuses and dispatches with.
    pub fn flux_token(&self) -> &str {
        &self.flux_token
    }

    /// The token of the bot that opens promotions, which Weft reads with.
    pub fn bot_token(&self) -> &str {
        &self.bot_token
    }

    /// A token of an account that does not expire; `None` when no account has that login.
    pub fn token_for(&self, login: &str) -> Option<String> {
        accounts::account(login).map(|account| self.github.tokens.lasting(account))
    }

    /// Revokes every token that a person got by signing in.
    pub fn revoke(&self, login: &str) {
        if let Some(account) = accounts::account(login) {
            self.github.tokens.revoke_all(account);
        }
    }

    /// Sends webhooks to `url`, signed with `secret`.
    pub fn add_webhook(&self, url: Url, secret: &str) {
        self.webhooks.add(url, secret.to_owned());
    }

    /// Subscribes to the repository's events from now on.
    pub fn events(&self) -> broadcast::Receiver<Published> {
        self.github.subscribe()
    }

    /// The Helm actions of an environment's seeded history, oldest first.
    pub fn history_of(&self, environment: &str) -> Vec<Deployed> {
        let history = self.history.iter();
        let actions = history.filter(|action| action.environment == environment);
        actions.cloned().collect()
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        self.github.stop.cancel();
    }
}
