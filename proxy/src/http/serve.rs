//! Accepting connections until the end, and ending in time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::app::App;

/// How long requests under way may take once the server is to end.
const GRACE: Duration = Duration::from_secs(5);

/// Why the server ended by itself.
#[derive(Debug, thiserror::Error)]
#[error("the server ended: {0}")]
pub struct ServeError(#[from] std::io::Error);

/// Serves until `app.shutdown` is cancelled: then accepts nothing more, ends the streams, and lets
/// other requests finish within five seconds.
///
/// # Errors
/// When connections can no longer be accepted.
pub async fn serve(
    app: &Arc<App>,
    listener: TcpListener,
    router: Router,
) -> Result<(), ServeError> {
    // Events are small and must leave at once.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection will be slow with small answers");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(app.shutdown.clone().cancelled_owned());
    let too_late = async {
        app.shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = serving => Ok(ended?),
        () = too_late => {
            tracing::warn!("some requests did not end in time and were cut off");
            Ok(())
        }
    }
}
