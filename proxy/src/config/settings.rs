//! The configuration as the server uses it: one struct per concern.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use model::PipelineSpec;
use model::chain::Tolerances;
use secrecy::SecretString;
use url::Url;

use super::secret::Token;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; `127.0.0.1:8080` by default.
    pub listen: SocketAddr,
    /// The path under which all of Weft lives, with a slash at both ends; `/promotions/` by default.
    pub base_path: String,
    /// Where browsers reach Weft, without a path; its origin is the only one that may write.
    pub public_url: Url,
    /// The folder of the journal and of Weft's own keys.
    pub data_dir: PathBuf,
    /// The folder of the built page; without it a plain page says what is needed.
    pub static_dir: Option<PathBuf>,
    pub github: GitHubConfig,
    /// The dashboard behind Weft, where there is one.
    pub weave_gitops: Option<WeaveGitOpsConfig>,
    /// The clusters whose API Weft reads.
    pub clusters: Vec<ClusterConfig>,
    /// The clusters that it knows by their notifications only.
    pub notifying_clusters: Vec<NotifyingCluster>,
    /// The pipelines, in the order of the file.
    pub pipelines: Vec<PipelineSpec>,
    /// How long facts may go unconfirmed, and steps may take.
    pub tolerances: Tolerances,
    /// The interval between two requests to a live app; 2 s by default.
    pub live_poll: Duration,
    /// Whether this is the demo with its own controls. No file can set it.
    pub demo: bool,
}

/// The addresses of GitHub, and the credentials for it.
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
    /// The token for reading: an installation's, or a fine-grained one.
    pub token: SecretString,
    /// The key of webhooks' signatures; without it none are accepted.
    pub webhook_secret: Option<SecretString>,
    /// The interval between two reads without a webhook; 30 s by default.
    pub poll: Duration,
}

/// The dashboard behind Weft.
#[derive(Clone, Debug)]
pub struct WeaveGitOpsConfig {
    pub upstream: Url,
    /// The dashboard's names of the clusters that it shows, by Weft's name.
    pub clusters: BTreeMap<String, String>,
}

/// A cluster whose API Weft reads.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// The name that targets use.
    pub name: String,
    pub access: ClusterAccess,
    /// The key of its `generic-hmac` notifications; without it none are accepted.
    pub hook_secret: Option<SecretString>,
}

/// A cluster that Weft knows by its notifications only.
#[derive(Clone, Debug)]
pub struct NotifyingCluster {
    /// The name that targets use.
    pub name: String,
    /// The key of its `generic-hmac` notifications.
    pub hook_secret: SecretString,
}

/// How to reach a cluster's API.
#[derive(Clone, Debug)]
pub enum ClusterAccess {
    /// By its address and a service account's token.
    Server {
        server: Url,
        token: Token,
        /// The certificate authority in PEM, where the system's do not hold it.
        ca: Option<Vec<u8>>,
    },
    /// By a context of a kubeconfig file.
    Kubeconfig {
        kubeconfig: PathBuf,
        /// The file's current one by default.
        context: Option<String>,
    },
    /// As the pod that Weft runs in.
    InCluster,
}

impl Config {
    /// The cluster of that name, where Weft reads its API.
    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&ClusterConfig> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// The key of a cluster's notifications; `None` where none are accepted.
    #[must_use]
    pub fn hook_secret(&self, cluster: &str) -> Option<&SecretString> {
        let told = self
            .notifying_clusters
            .iter()
            .find(|told| told.name == cluster);
        told.map(|told| &told.hook_secret)
            .or_else(|| self.cluster(cluster)?.hook_secret.as_ref())
    }

    /// The address of the page, such as `https://weft.example.com/promotions/`.
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
