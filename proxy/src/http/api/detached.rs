//! Actions that do not end with the connection of the browser that ordered them.

use crate::http::error::ApiError;

/// Runs an action to its end even where the browser goes away meanwhile: a review without the merge that was
/// ordered with it is what nobody asked for.
pub(super) async fn spawn_detached<T: Send + 'static>(
    action: impl Future<Output = Result<T, ApiError>> + Send + 'static,
) -> Result<T, ApiError> {
    match tokio::spawn(action).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
