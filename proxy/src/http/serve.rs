//! The server's loop: accepts connections until the shutdown, and ends in time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// How long requests under way may take once the server is to end.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `shutdown` is cancelled: then accepts nothing more, ends the streams, and lets
/// other requests finish within five seconds.
///
/// # Errors
/// When connections can no longer be accepted.
pub async fn serve(
    shutdown: &CancellationToken,
    listener: TcpListener,
    router: Router,
) -> std::io::Result<()> {
    // Events are small and must leave at once.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection will be slow with small answers");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving =
        axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let too_late = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        ended = serving => ended,
        () = too_late => {
            tracing::warn!("some requests did not end in time and were cut off");
            Ok(())
        }
    }
}
