//! The seams of the server: everything that handlers, sources and actions share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::auth::Access;
use crate::board::Boards;
use crate::clock::Clock;
use crate::config::Config;
use crate::flux::ReconcileRequests;
use crate::github::{Endpoints, GitHub};
use crate::journal::{Journal, JournalError, SqliteJournal};
use crate::kubernetes::Clusters;

/// The running server, shared by all of its parts.
pub struct App {
    /// What the operator set.
    pub config: Config,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// GitHub.
    pub github: GitHub,
    /// The boards, by pipeline.
    pub boards: Arc<Boards>,
    /// The clients of the clusters.
    pub(crate) clusters: Clusters,
    /// The requests to reconcile since the start.
    pub(crate) reconcile_requests: Arc<ReconcileRequests>,
    /// The record.
    pub journal: Arc<dyn Journal>,
    /// Who is signed in, and what they may be offered.
    pub access: Access,
    /// The client for everything that is neither GitHub's interface nor Kubernetes.
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
        /// Which.
        folder: String,
        /// Why.
        error: std::io::Error,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The TLS of this machine cannot be set up.
    #[error("the TLS of this machine cannot be set up: {0}")]
    Tls(#[from] reqwest::Error),
}

impl App {
    /// Puts the parts together; nothing runs yet, and no port is open.
    ///
    /// # Errors
    /// When the data folder or the journal in it cannot be used.
    pub async fn build(config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, StartError> {
        let unusable = |error| StartError::DataDir {
            folder: config.data_dir.display().to_string(),
            error,
        };
        std::fs::create_dir_all(&config.data_dir).map_err(unusable)?;
        crate::tls::choose();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let access = Access::open(&config, http.clone()).map_err(unusable)?;
        let journal = SqliteJournal::open(&config.data_dir.join("journal.sqlite")).await?;
        let endpoints = Endpoints {
            rest: config.github.rest_url.clone(),
            graphql: config.github.graphql_url.clone(),
            web: config.github.web_url.clone(),
        };
        let github = GitHub::new(endpoints, config.github.token.clone(), Arc::clone(&clock))?;
        let boards = Boards::new(&config.pipelines, config.tolerances, Arc::clone(&clock));
        Ok(Arc::new(Self {
            clusters: Clusters::new(&config.clusters),
            config,
            boards: Arc::new(boards),
            reconcile_requests: Arc::default(),
            clock,
            github,
            journal: Arc::new(journal),
            access,
            http,
            shutdown: CancellationToken::new(),
        }))
    }
}
