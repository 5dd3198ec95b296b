//! The HTTP client with which the lab's parts talk to one another: loopback only, never by a proxy.

use std::time::Duration;

use anyhow::Context as _;

/// A client that gives up after ten seconds.
///
/// # Errors
/// When the TLS library refuses its own defaults.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    // Fails only when the process has chosen a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .context("building the HTTP client")
}
