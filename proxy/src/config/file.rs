//! The shape of the configuration file: this is its schema. Durations are in seconds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use serde_saphyr::Spanned;
use url::Url;

use super::pipeline;
use super::secret::Source;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// `127.0.0.1:8080` unless said.
    pub listen: Option<SocketAddr>,
    /// `/promotions/` unless said.
    pub base_path: Option<Spanned<String>>,
    /// Where browsers reach Weft, such as `https://weft.example.com`.
    pub public_url: Spanned<Url>,
    /// A folder that Weft may write to.
    pub data_dir: PathBuf,
    pub static_dir: Option<Spanned<PathBuf>>,
    pub github: GitHub,
    pub weave_gitops: Option<WeaveGitOps>,
    /// At least one.
    pub clusters: Vec<Cluster>,
    /// At least one.
    pub pipelines: Spanned<Vec<pipeline::Pipeline>>,
    #[serde(default)]
    pub tolerances: Tolerances,
    /// Seconds between two questions to a live app; 2 unless said.
    pub live_poll: Option<Spanned<f64>>,
}

/// `github`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GitHub {
    /// `https://api.github.com` unless said.
    pub rest_url: Option<Spanned<Url>>,
    /// `https://api.github.com/graphql` unless said.
    pub graphql_url: Option<Spanned<Url>>,
    /// `https://github.com` unless said.
    pub web_url: Option<Spanned<Url>>,
    /// The GitHub App's, as its secret.
    pub client_id: String,
    pub client_secret: Spanned<Source>,
    /// What Weft reads with.
    pub token: Spanned<Source>,
    /// What webhooks are signed with.
    pub webhook_secret: Option<Spanned<Source>>,
    /// Seconds; 30 unless said.
    pub poll: Option<Spanned<f64>>,
}

/// `weave_gitops`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeaveGitOps {
    /// Such as `http://weave-gitops.flux-system:9001`.
    pub upstream: Spanned<Url>,
    /// What it calls those of `clusters` that it shows; unless said, `Default` is the one that Weft runs
    /// in, or the only one.
    pub clusters: Option<BTreeMap<String, String>>,
}

/// One of `clusters`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Cluster {
    /// What targets call it.
    pub name: Spanned<String>,
    /// How to reach it: exactly one of its four ways.
    pub access: Spanned<Access>,
    /// What its notifications are signed with; needed where they are all that is known of it.
    pub hook_secret: Option<Spanned<Source>>,
}

/// `access` of a cluster: `server` with `token` (and `ca`), or `kubeconfig` (and `context`), or
/// `in_cluster: true`, or `notifications: true`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Access {
    pub server: Option<Url>,
    /// A service account's token.
    pub token: Option<Source>,
    /// A PEM file.
    pub ca: Option<PathBuf>,
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    /// As the pod that Weft runs in.
    #[serde(default)]
    pub in_cluster: bool,
    /// Not at all: what its notifications tell is all that is known.
    #[serde(default)]
    pub notifications: bool,
}

/// `tolerances`, in seconds.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tolerances {
    /// What GitHub said; 180.
    pub github: Option<Spanned<f64>>,
    /// What a cluster's watch said; 60.
    pub flux: Option<Spanned<f64>>,
    /// How long a cluster that is known by its notifications only may tell nothing; 900.
    pub notifications: Option<Spanned<f64>>,
    /// What a live app answered; 20.
    pub live: Option<Spanned<f64>>,
    /// How long two links may disagree while one follows the other; 30.
    pub settle: Option<Spanned<f64>>,
    /// How long an app may be silent; 10.
    pub silence: Option<Spanned<f64>>,
    /// How long a promotion's pull request may take to come; 180.
    pub promotion: Option<Spanned<f64>>,
}
