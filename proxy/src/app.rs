//! The server's state: puts the parts together. Only the programs, the interface, actions and sources
//! know it; none of its parts does.

use std::sync::Arc;

use axum::extract::FromRef;
use tokio_util::sync::CancellationToken;

use crate::auth::Auth;
use crate::board::Boards;
use crate::clock::Clock;
use crate::config::Config;
use crate::flux::ReconcileRequests;
use crate::github::{Endpoints, GitHub};
use crate::journal::{Journal, JournalError, SqliteJournal};
use crate::kubernetes::Clusters;

/// The running server's parts; cheap to clone. Handlers take single parts of it by `State`.
#[derive(Clone, FromRef)]
pub struct AppState {
    pub config: Arc<Config>,
    pub clock: Arc<dyn Clock>,
    pub github: GitHub,
    /// The current state of every pipeline.
    pub boards: Arc<Boards>,
    pub(crate) clusters: Arc<Clusters>,
    pub(crate) reconcile_requests: Arc<ReconcileRequests>,
    pub journal: Arc<dyn Journal>,
    pub auth: Arc<Auth>,
    /// The client for everything that is neither GitHub's API nor Kubernetes; it follows no redirects.
    pub http: reqwest::Client,
    /// Cancelled when the server is to end.
    pub shutdown: CancellationToken,
}

/// Why the server could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("the data folder {folder} cannot be used: {error}")]
    DataDir {
        folder: String,
        error: std::io::Error,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The TLS of this machine cannot be set up.
    #[error("the TLS of this machine cannot be set up: {0}")]
    Tls(#[from] reqwest::Error),
}

impl AppState {
    /// Puts the parts together; nothing runs yet, and no port is open.
    ///
    /// # Errors
    /// When the data folder or the journal in it cannot be used.
    pub async fn build(config: Config, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let unusable = |error| StartError::DataDir {
            folder: config.data_dir.display().to_string(),
            error,
        };
        std::fs::create_dir_all(&config.data_dir).map_err(unusable)?;
        crate::tls::choose();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let endpoints = Endpoints {
            rest: config.github.rest_url.clone(),
            graphql: config.github.graphql_url.clone(),
            web: config.github.web_url.clone(),
        };
        let github = GitHub::new(endpoints, config.github.token.clone(), Arc::clone(&clock))?;
        let auth = Auth::open(&config, http.clone(), github.clone(), Arc::clone(&clock))
            .map_err(unusable)?;
        let journal = SqliteJournal::open(&config.data_dir.join("journal.sqlite")).await?;
        let boards = Boards::new(&config.pipelines, config.tolerances, Arc::clone(&clock));
        Ok(Self {
            clusters: Arc::new(Clusters::new(&config.clusters)),
            config: Arc::new(config),
            boards: Arc::new(boards),
            reconcile_requests: Arc::default(),
            clock,
            github,
            journal: Arc::new(journal),
            auth: Arc::new(auth),
            http,
            shutdown: CancellationToken::new(),
        })
    }
}
