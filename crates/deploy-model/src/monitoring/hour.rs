//! One hour of looks: what is kept of every single one once the hour is over.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What every endpoint was seen to be in one hour, look by look.
///
/// Not of the data model: its runs say how things stood each few minutes, and this says how each single look went, in
/// a few bytes a look. Who wrote it knows how to read `samples`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringHour {
    /// When the hour began.
    pub hour: Timestamp,
    /// Where it was looked from.
    pub location: String,
    /// Each endpoint, in the order of the samples.
    pub endpoints: Vec<EndpointHour>,
    /// Why looks were not good, in the order in which the samples number them.
    pub causes: Vec<String>,
    /// Every look: columns, compressed by zstd, in base64.
    pub samples: String,
}

/// One endpoint's hour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndpointHour {
    /// Its name.
    pub name: String,
    /// What is looked at.
    pub address: String,
    /// How long it was each, in seconds; what is missing to an hour was not planned to be watched.
    pub seconds: StatusSeconds,
    /// How long its answers took: a histogram that can be added to others, in base64; absent when nothing answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<String>,
}

/// How long something was what, in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusSeconds {
    /// It answered as it should.
    #[schemars(range(min = 0))]
    pub up: f64,
    /// It answered late, or only in part.
    #[schemars(range(min = 0))]
    pub degraded: f64,
    /// It did not answer, or wrongly.
    #[schemars(range(min = 0))]
    pub down: f64,
    /// Nobody could look.
    #[schemars(range(min = 0))]
    pub unknown: f64,
}

impl StatusSeconds {
    /// Returns the time in which it was known how things stood.
    #[must_use]
    pub fn known(&self) -> f64 {
        self.up + self.degraded + self.down
    }

    /// Returns in which share of the known time it answered, in percent; nothing when nothing is known.
    ///
    /// ```
    /// use charter_deploy_model::StatusSeconds;
    ///
    /// let hour = StatusSeconds { up: 1794.0, degraded: 3.0, down: 3.0, unknown: 1800.0 };
    /// assert_eq!(hour.availability().map(|percent| (percent * 100.0).round() / 100.0), Some(99.83));
    /// assert_eq!(hour.coverage(), Some(50.0));
    /// assert_eq!(StatusSeconds { unknown: 3600.0, ..Default::default() }.availability(), None);
    /// ```
    #[must_use]
    pub fn availability(&self) -> Option<f64> {
        let known = self.known();
        (known > 0.0).then(|| (self.up + self.degraded) * 100.0 / known)
    }

    /// Returns of which share of the time it is known how things stood, in percent; nothing when no time has passed.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        let all = self.known() + self.unknown;
        (all > 0.0).then(|| self.known() * 100.0 / all)
    }
}

impl std::ops::AddAssign for StatusSeconds {
    fn add_assign(&mut self, other: Self) {
        self.up += other.up;
        self.degraded += other.degraded;
        self.down += other.down;
        self.unknown += other.unknown;
    }
}
