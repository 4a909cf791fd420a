//! Work that would hold up everything else on its thread.

use std::panic::resume_unwind;

/// Runs `work` on a thread for blocking work.
///
/// Once begun it runs to its end, even when the caller no longer waits.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The runtime is shutting down: this task will not be polled again either.
            Err(_) => std::future::pending().await,
        },
    }
}
