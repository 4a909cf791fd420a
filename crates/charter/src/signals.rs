//! The first signal asks for an end, the second makes one.

use std::future::Future;

use charter_host::Scope;
use tokio::signal::unix::{SignalKind, signal};

/// Runs work to its end. The first Ctrl-C (or SIGTERM) cancels its scope; it is still awaited, so that it can finish
/// or undo the step it is in. The second returns at once, and the journal tells the next command what to do.
pub(crate) async fn heed<T: Send + 'static>(
    scope: Scope,
    note: impl Fn(&str),
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let mut work = tokio::spawn(work);
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return work.await.ok();
    };
    let mut asked = false;
    loop {
        tokio::select! {
            done = &mut work => return match done {
                Ok(value) => Some(value),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => None,
            },
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        if asked {
            note("stopped at once; `cargo xtask resume` completes or undoes what was under way");
            return None;
        }
        asked = true;
        note("finishing or undoing the step under way; once more stops at once");
        scope.cancel.cancel();
    }
}
