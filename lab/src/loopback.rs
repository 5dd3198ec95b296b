//! HTTP between the parts of the lab: loopback only, and never by a proxy.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use url::Url;

/// A running server on a free port. It is aborted when it is dropped, and what it is answering with it: an application
/// that hangs must not keep the lab from ending.
pub(crate) struct HttpServer {
    /// The address, with a slash at the end.
    pub url: Url,
    _task: AbortOnDropHandle<()>,
}

impl HttpServer {
    /// Starts a server; `name` is for errors and logs.
    pub(crate) async fn start(name: String, router: Router) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.with_context(|| format!("listening for {name}"))?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!("{name} ended: {error}");
            }
        });
        let _task = AbortOnDropHandle::new(task);
        Ok(Self { url, _task })
    }
}

/// A client that gives up after ten seconds.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    // Fails only when the process has chosen a provider already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .context("building the HTTP client")
}
