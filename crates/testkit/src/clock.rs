//! A clock that a test sets.

use std::sync::Mutex;

use charter_host::Clock;
use jiff::Timestamp;

/// Shows the time it was last set to: it stands still, jumps and steps back as the test wants.
///
/// ```
/// use charter_host::Clock as _;
/// use charter_testkit::ManualClock;
///
/// let clock = ManualClock::at("2026-11-21T02:07:11Z".parse()?);
/// clock.set("2020-01-01T00:00:00Z".parse()?);
/// assert_eq!(clock.now().to_string(), "2020-01-01T00:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Makes a clock that shows `time`.
    #[must_use]
    pub const fn at(time: Timestamp) -> Self {
        Self(Mutex::new(time))
    }

    /// Sets it.
    ///
    /// # Panics
    /// When another thread panicked while it set the clock.
    pub fn set(&self, time: Timestamp) {
        *self.0.lock().expect("setting a clock does not panic") = time;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("setting a clock does not panic")
    }
}
