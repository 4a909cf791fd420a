//! The one place that numbers events.

use std::sync::{Arc, Mutex, PoisonError};

use charter_deploy_model::{Event, EventKind, Observer};
use charter_host::Clock;

/// Hands each event to every observer, in one order.
#[derive(Debug)]
pub struct Events {
    clock: Arc<dyn Clock>,
    observers: Vec<Arc<dyn Observer>>,
    sequence: Mutex<u64>,
}

impl Events {
    /// Begins counting for these observers.
    #[must_use]
    pub const fn new(clock: Arc<dyn Clock>, observers: Vec<Arc<dyn Observer>>) -> Self {
        Self { clock, observers, sequence: Mutex::new(0) }
    }

    pub(crate) fn emit(&self, kind: EventKind) {
        let mut sequence = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
        *sequence += 1;
        let event = Event { sequence: *sequence, at: self.clock.now(), kind };
        for observer in &self.observers {
            observer.observe(&event);
        }
    }

    pub(crate) fn warn(&self, message: impl Into<String>) {
        self.emit(EventKind::Warned { message: message.into() });
    }
}
