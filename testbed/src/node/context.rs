//! What the task of each Pod shares with the node.

use std::path::PathBuf;
use std::sync::Arc;

use super::images::Images;
use super::network::{Network, Running};

/// The name of the Node object.
pub(super) const NAME: &str = "node";

/// The parts of the node that the task of a Pod uses.
#[derive(Clone)]
pub(super) struct NodeContext {
    pub(super) client: kube::Client,
    pub(super) http: reqwest::Client,
    pub(super) images: Arc<Images>,
    pub(super) network: Network,
    pub(super) running: Running,
    /// The folder of what Pods write on standard output and error.
    pub(super) logs: PathBuf,
}
