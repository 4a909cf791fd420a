//! How far a long piece of work is, and whether it is still wanted.

use std::sync::atomic::{AtomicU64, Ordering};

use charter_host::Scope;

use crate::GateError;

/// Counts how far a step is, and ends it when the caller wants that.
pub(super) struct Step<'a> {
    scope: &'a Scope,
    doing: &'static str,
    total: Option<u64>,
    done: AtomicU64,
}

impl<'a> Step<'a> {
    /// Begins a step; a total of 0 is one that nobody knows.
    pub(super) fn new(scope: &'a Scope, doing: &'static str, total: usize) -> Self {
        Self { scope, doing, total: (total > 0).then_some(total as u64), done: AtomicU64::new(0) }
    }

    pub(super) fn then<T>(&self, work: impl FnOnce() -> Result<T, GateError>) -> Result<T, GateError> {
        if self.scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        let result = work()?;
        self.scope.progress(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.total, self.doing);
        Ok(result)
    }
}
