//! The seams of the server: everything that handlers, sources and actions share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::access::intent::Intents;
use crate::clock::Clock;
use crate::config::Config;
use crate::journal::Journal;

/// The running server, shared by all of its parts.
pub struct App {
    /// What the operator set.
    pub config: Config,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The record.
    pub journal: Arc<dyn Journal>,
    /// Mints and verifies intents.
    pub intents: Intents,
    /// Cancelled when the server is to end.
    pub shutdown: CancellationToken,
}
