//! A span of time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A span of time: from its first moment until just before its last.
///
/// ```
/// use charter_deploy_model::Window;
///
/// let week = Window::days_until("2026-11-21T00:00:00Z".parse()?, 7);
/// assert!(week.contains("2026-11-14T00:00:00Z".parse()?));
/// assert!(!week.contains("2026-11-21T00:00:00Z".parse()?));
/// assert_eq!(week.days(), 7.0);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    /// Its first moment.
    pub from: Timestamp,
    /// The moment at which it is over.
    pub to: Timestamp,
}

const DAY_SECONDS: i64 = 86_400;

impl Window {
    /// Returns the window of this many days of 24 hours that ends at `to`.
    #[must_use]
    pub fn days_until(to: Timestamp, days: u32) -> Self {
        let from = Timestamp::new(to.as_second() - i64::from(days) * DAY_SECONDS, to.subsec_nanosecond());
        Self { from: from.unwrap_or(Timestamp::MIN), to }
    }

    /// Says whether a moment lies in it.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        (self.from..self.to).contains(&moment)
    }

    /// Returns how long it is, in days of 24 hours; 0 when it ends before it begins.
    #[must_use]
    pub fn days(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a day has 86,400 seconds")]
        let day = DAY_SECONDS as f64;
        self.to.duration_since(self.from).as_secs_f64().max(0.0) / day
    }
}
