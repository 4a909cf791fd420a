//! What goes along with each call: a way to stop, a way to say how far it is.

use std::fmt;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// Hears how far long work is. Called often and from any thread, so it must be quick.
pub trait Progress: fmt::Debug + Send + Sync {
    /// Hears that `done` of `total` steps of `doing` are behind us; the total may be unknown.
    fn progress(&self, done: u64, total: Option<u64>, doing: &str);
}

/// Goes along with each call.
///
/// Readers may be dropped at any await. Writers are never dropped: they look at [`Scope::cancel`] between safe steps.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Cancelled when the caller wants the work to end early.
    pub cancel: CancellationToken,
    progress: Option<Arc<dyn Progress>>,
}

impl Scope {
    /// Makes a scope whose progress somebody hears.
    #[must_use]
    pub fn with_progress(progress: Arc<dyn Progress>) -> Self {
        Self { cancel: CancellationToken::new(), progress: Some(progress) }
    }

    /// Makes a scope that is cancelled with this one and can be cancelled alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self { cancel: self.cancel.child_token(), progress: self.progress.clone() }
    }

    /// Makes a scope that is never cancelled, for steps that must be completed once they have begun.
    #[must_use]
    pub fn shielded(&self) -> Self {
        Self { cancel: CancellationToken::new(), progress: self.progress.clone() }
    }

    /// Says how far the work is.
    pub fn progress(&self, done: u64, total: Option<u64>, doing: &str) {
        if let Some(progress) = &self.progress {
            progress.progress(done, total, doing);
        }
    }
}
