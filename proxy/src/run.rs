//! Serving until the process is told to end: the port, the sources, the signals.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::{AppState, StartError};
use crate::config::ConfigError;
use crate::http::{self, SiteError};
use crate::sources;

/// How long the sources may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// An error that ends the server's process.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Site(#[from] SiteError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("cannot listen on {address}: {error}")]
    Bind {
        address: SocketAddr,
        error: std::io::Error,
    },
    #[error("the server ended: {0}")]
    Serve(std::io::Error),
    #[cfg(feature = "demo")]
    #[error("the lab could not be started: {0:#}")]
    Lab(anyhow::Error),
    /// The operating system refused a runtime, a signal handler or standard output.
    #[error("the process could not be set up: {0}")]
    Process(#[from] std::io::Error),
}

/// Binds the port.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, RunError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| RunError::Bind { address, error })
}

/// Starts the sources and serves until SIGINT or SIGTERM.
pub(crate) async fn serve_until_shutdown(
    app: &AppState,
    listener: TcpListener,
    router: Router,
    home: &str,
) -> Result<(), RunError> {
    let signal = shutdown_on_signal(app.shutdown.clone())?;
    let tasks = sources::start(app, &app.shutdown);
    writeln!(std::io::stdout(), "weft: listening on {home}")?;
    let served = http::serve(&app.shutdown, listener, router).await;
    app.shutdown.cancel();
    signal.abort();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!("some sources did not end in time");
    }
    served.map_err(RunError::Serve)
}

/// Cancels the token on the first SIGINT or SIGTERM. The handlers are in place on return.
fn shutdown_on_signal(shutdown: CancellationToken) -> std::io::Result<tokio::task::JoinHandle<()>> {
    #[cfg(unix)]
    let mut terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())?
    };
    Ok(tokio::spawn(async move {
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = std::future::pending::<Option<()>>();
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => {
                if let Err(error) = interrupted {
                    tracing::error!(%error, "Ctrl-C cannot be heard");
                    return;
                }
            }
            _ = terminated => {}
        }
        tracing::info!("ending");
        shutdown.cancel();
    }))
}
