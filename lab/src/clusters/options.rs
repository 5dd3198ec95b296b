//! The options of a cluster, and the triggers that reach it from outside.

use std::path::PathBuf;
use std::sync::Arc;

use super::addresses::Addresses;
use super::timings::Timings;
use crate::apps::App;
use crate::clock::Clock;
use crate::faults::Faults;
use crate::seed::Deployed;

/// A change outside that wakes controllers before their interval, as a Receiver of Flux does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A branch was pushed.
    Git,
    /// The chart repository has a new index.
    Charts,
    /// The registry has a new image.
    Images,
}

impl Trigger {
    pub(super) fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Git => &["GitRepository"],
            Self::Charts => &["HelmRepository"],
            Self::Images => &["ImageRepository", "Deployment"],
        }
    }
}

/// The secrets that the objects of git name, and that git does not hold.
#[derive(Clone, Default)]
pub struct Secrets {
    /// `github-token` and `git-auth`, for commit statuses, dispatches, and pushes of the image automation.
    pub github_token: String,
    /// `weft-hmac`, the key that signs webhooks.
    pub weft_hmac: String,
}

/// How a cluster is started, on the manifests of `clusters/{environment}` at the tip of main.
pub struct ClusterOptions {
    /// The environment, such as `uat`.
    pub environment: String,
    /// The folder of its git mirror and its clones.
    pub data_dir: PathBuf,
    pub addresses: Addresses,
    pub secrets: Secrets,
    pub clock: Clock,
    pub faults: Faults,
    pub timings: Timings,
    pub app: Arc<App>,
    /// The history in whose middle the cluster starts; `None` for a cluster that starts empty.
    pub past: Option<Vec<Deployed>>,
    /// How many changes watches can go back.
    pub watch_window: usize,
}
