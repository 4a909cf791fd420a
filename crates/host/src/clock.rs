//! Wall time.

use std::fmt;

use jiff::Timestamp;

/// Tells the wall time. Durations come from tokio's clock instead, so that tests can pause it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Returns the present moment. It may be earlier than the last one: clocks are set back.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
