//! The configuration: one struct per concern.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use model::PipelineSpec;
use model::chain::Tolerances;
use secrecy::SecretString;
use url::Url;

/// The configuration of the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on; by default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// The path of all URLs, with a slash at both ends; by default `/promotions/`.
    pub base_path: String,
    /// The URL at which browsers reach Weft, without a path. Only its origin may write.
    pub public_url: Url,
    /// The folder of the journal and the keys.
    pub data_dir: PathBuf,
    /// The folder of the built page; without it the server shows how to build one.
    pub static_dir: Option<PathBuf>,
    pub github: GitHubConfig,
    pub weave_gitops: Option<WeaveGitOpsConfig>,
    pub clusters: Vec<ClusterConfig>,
    pub notifying_clusters: Vec<NotifyingCluster>,
    /// In the order of the file.
    pub pipelines: Vec<PipelineSpec>,
    pub tolerances: Tolerances,
    /// The interval at which each live app is asked; by default 2 s.
    pub live_poll: Duration,
    /// Whether this is the demo with its own controls; no file can set it.
    pub demo: bool,
}

/// The addresses of GitHub, and the credentials of Weft.
#[derive(Clone, Debug)]
pub struct GitHubConfig {
    /// The REST API: `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server.
    pub rest_url: Url,
    /// The GraphQL API: `https://api.github.com/graphql`, or `https://HOST/api/graphql`.
    pub graphql_url: Url,
    /// The website, where people sign in: `https://github.com`.
    pub web_url: Url,
    /// The GitHub App's, as its secret.
    pub client_id: String,
    pub client_secret: SecretString,
    /// The token that Weft reads with: one of an installation, or a fine-grained one.
    pub token: SecretString,
    /// The secret that webhooks are signed with; without it none are accepted.
    pub webhook_secret: Option<SecretString>,
    /// The interval of reads without a webhook; by default 30 s.
    pub poll: Duration,
}

/// The Weave GitOps dashboard that Weft is the front of.
#[derive(Clone, Debug)]
pub struct WeaveGitOpsConfig {
    pub upstream: Url,
    /// The names of clusters in the dashboard, by their names here.
    pub clusters: BTreeMap<String, String>,
}

/// A cluster that Weft has access to.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// The name that targets use.
    pub name: String,
    pub access: ClusterAccess,
    /// The secret of its `generic-hmac` notifications; without it none are accepted.
    pub hook_secret: Option<SecretString>,
}

/// A cluster that only sends notifications.
#[derive(Clone, Debug)]
pub struct NotifyingCluster {
    /// The name that targets use.
    pub name: String,
    /// The secret of its `generic-hmac` notifications.
    pub hook_secret: SecretString,
}

/// The access to the API of a cluster.
#[derive(Clone, Debug)]
pub enum ClusterAccess {
    /// An address and the token of a service account.
    Server {
        server: Url,
        token: Token,
        /// A certificate authority in PEM that the system does not have.
        ca: Option<Vec<u8>>,
    },
    /// A context of a kubeconfig file.
    Kubeconfig {
        kubeconfig: PathBuf,
        /// By default the current context of the file.
        context: Option<String>,
    },
    /// The service account of the pod that Weft runs in.
    InCluster,
}

/// The token of a service account.
#[derive(Clone, Debug)]
pub enum Token {
    /// A token that is valid as long as the process runs.
    Given(SecretString),
    /// The present content of a file, without white space at its end.
    File(PathBuf),
}

impl From<&str> for Token {
    fn from(token: &str) -> Self {
        Self::Given(token.into())
    }
}

impl Config {
    /// Returns the cluster with a name.
    pub fn cluster(&self, name: &str) -> Option<&ClusterConfig> {
        self.clusters.iter().find(|cluster| cluster.name == name)
    }

    /// Returns the secret of the notifications of a cluster; `None` where none are accepted.
    pub fn hook_secret(&self, cluster: &str) -> Option<&SecretString> {
        let notifying = self
            .notifying_clusters
            .iter()
            .find(|notifying| notifying.name == cluster);
        notifying
            .map(|notifying| &notifying.hook_secret)
            .or_else(|| self.cluster(cluster)?.hook_secret.as_ref())
    }

    /// Returns the URL of the page, such as `https://weft.example.com/promotions/`.
    pub fn home_url(&self) -> String {
        format!("{}{}", self.origin(), self.base_path)
    }

    /// Returns the origin that browsers send: scheme, host and port.
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }

    /// Whether browsers reach Weft over TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }
}
