//! What an operator sets: one struct per concern, read from one YAML file.
//!
//! `file` is the file's own shape with its checks, `secret` says where secrets come from. Nothing here
//! opens a port or talks to the network.

mod check;
mod error;
mod file;
mod pipeline;
mod secret;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::PipelineSpec;
use model::chain::Tolerances;
use secrecy::SecretString;
use url::Url;

pub use error::ConfigError;

/// Everything that Weft is told at its start.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; `127.0.0.1:8080` unless said.
    pub listen: SocketAddr,
    /// The path under which all of Weft lives, with a slash at both ends; `/promotions/` unless said.
    pub base_path: String,
    /// Where browsers reach Weft, without a path; its origin is the only one that may write.
    pub public_url: Url,
    /// The folder of the journal and of Weft's own keys.
    pub data_dir: PathBuf,
    /// The folder of the built page; without it a plain page says what is needed.
    pub static_dir: Option<PathBuf>,
    /// GitHub.
    pub github: GitHubConfig,
    /// The dashboard that Weft fronts, if it does.
    pub weave_gitops: Option<WeaveGitOpsConfig>,
    /// The clusters that the pipelines' targets are in and Weft can look into.
    pub clusters: Vec<ClusterConfig>,
    /// Those that it knows by their notifications only.
    pub notifying_clusters: Vec<NotifyingCluster>,
    /// The pipelines, in the order of the file.
    pub pipelines: Vec<PipelineSpec>,
    /// How long facts may go unconfirmed and steps may take.
    pub tolerances: Tolerances,
    /// How often each live app is asked; 2 s unless said.
    pub live_poll: Duration,
    /// Whether this is the demo with its own controls. No file can say so.
    pub demo: bool,
}

/// Where GitHub is, and as what Weft talks to it.
#[derive(Clone, Debug)]
pub struct GitHubConfig {
    /// The REST interface: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server.
    pub rest_url: Url,
    /// The GraphQL interface: `https://api.github.com/graphql`, or `https://HOST/api/graphql`.
    pub graphql_url: Url,
    /// Where people sign in and read: `https://github.com`.
    pub web_url: Url,
    /// The GitHub App's client id.
    pub client_id: String,
    /// The GitHub App's client secret.
    pub client_secret: SecretString,
    /// What Weft reads with: an installation's token, or a fine-grained one.
    pub token: SecretString,
    /// What webhooks are signed with; without it none are taken.
    pub webhook_secret: Option<SecretString>,
    /// How often to read when no webhook says to look; 30 s unless said.
    pub poll: Duration,
}

/// The dashboard that Weft fronts.
#[derive(Clone, Debug)]
pub struct WeaveGitOpsConfig {
    /// Where it listens.
    pub upstream: Url,
    /// What it calls those of our clusters that it shows, by our name.
    pub clusters: BTreeMap<String, String>,
}

/// One cluster.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// What targets call it.
    pub name: String,
    /// How to reach its API.
    pub access: ClusterAccess,
    /// What its `generic-hmac` notifications are signed with; without it none are taken.
    pub hook_secret: Option<SecretString>,
}

/// One cluster that Weft cannot look into.
#[derive(Clone, Debug)]
pub struct NotifyingCluster {
    /// What targets call it.
    pub name: String,
    /// What its `generic-hmac` notifications are signed with.
    pub hook_secret: SecretString,
}

/// How to reach a cluster's API.
#[derive(Clone, Debug)]
pub enum ClusterAccess {
    /// By its address and a service account's token.
    Server {
        /// The address.
        server: Url,
        /// The token.
        token: Token,
        /// The certificate authority in PEM, where the system's do not hold it.
        ca: Option<Vec<u8>>,
    },
    /// By a context of a kubeconfig file.
    Kubeconfig {
        /// The file.
        kubeconfig: PathBuf,
        /// The context; the file's current one unless said.
        context: Option<String>,
    },
    /// As the pod that Weft runs in.
    InCluster,
}

/// What a service account proves itself with.
#[derive(Clone, Debug)]
pub enum Token {
    /// This one, for as long as the process runs.
    Given(SecretString),
    /// What is in this file now; white space at its end is dropped.
    File(PathBuf),
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self::Given(token.into())
    }
}

impl Config {
    /// Reads the file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// One sentence with the file and, where it is known, the line.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::at(path, None, format!("cannot be read: {error}")))?;
        Self::parse(path, &text)
    }

    /// As [`Config::read`], for text that came from `path`.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let file: file::File =
            serde_saphyr::from_str(text).map_err(|error| ConfigError::of_yaml(path, &error))?;
        check::checked(path, file)
    }

    /// The cluster of that name.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&ClusterConfig> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// What a cluster's notifications are signed with; `None` where none are taken.
    #[must_use]
    pub fn hook_secret(&self, cluster: &str) -> Option<&SecretString> {
        let told = self
            .notifying_clusters
            .iter()
            .find(|told| told.name == cluster);
        told.map(|told| &told.hook_secret)
            .or_else(|| self.cluster(cluster)?.hook_secret.as_ref())
    }

    /// Where the page opens, such as `https://weft.example.com/promotions/`.
    #[must_use]
    pub fn home_url(&self) -> String {
        format!("{}{}", self.origin(), self.base_path)
    }

    /// The origin that browsers send: scheme, host and port.
    #[must_use]
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Whether browsers reach Weft over TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}
