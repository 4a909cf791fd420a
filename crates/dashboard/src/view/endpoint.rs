//! What is watched.

use charter_deploy_model::{Percent, UptimeStatus};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// How much of an endpoint everyone may know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Publicity {
    /// Nothing, not even that it is there.
    Hidden,
    /// Its name and how it is, and not where.
    #[default]
    Name,
    /// Where it is, too.
    Address,
}

/// One thing that is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Its name, which no other endpoint has.
    pub name: String,
    /// Where it is; absent for what has no address, such as a heartbeat.
    pub url: Option<String>,
    /// How much of it everyone may know.
    pub publicity: Publicity,
    /// How it is.
    pub status: UptimeStatus,
    /// Since when it is so; absent when it was never looked at.
    pub since: Option<Timestamp>,
    /// How fast it answers.
    pub latency: Latency,
    /// In which share of the time it was up.
    pub uptime: Availabilities,
    /// Its last days, the oldest first; days on which nobody looked may be left out.
    pub days: Vec<Day>,
}

/// How fast an endpoint answers, over the last 24 hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// The last answer, in milliseconds.
    pub now_ms: Option<f64>,
    /// The median, in milliseconds.
    pub p50_ms: Option<f64>,
    /// The 95th percentile, in milliseconds.
    pub p95_ms: Option<f64>,
    /// The 99th percentile, in milliseconds.
    pub p99_ms: Option<f64>,
}

/// In which share of the time an endpoint was up, by period; absent where nobody looked in all that time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Availabilities {
    /// The last 24 hours.
    pub hours24: Option<Availability>,
    /// The last 7 days.
    pub days7: Option<Availability>,
    /// The last 30 days.
    pub days30: Option<Availability>,
    /// The last 90 days.
    pub days90: Option<Availability>,
}

/// In which share of a period an endpoint was up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// Of the time that was measured.
    pub uptime_percent: Percent,
    /// How much of the period was measured.
    pub coverage_percent: Percent,
}

/// One day of an endpoint, in shares from 0 to 1 that add up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Day {
    /// The day, in UTC.
    pub date: Date,
    /// As it should be.
    pub up_share: f32,
    /// Late, or only in part.
    pub degraded_share: f32,
    /// Not at all.
    pub down_share: f32,
    /// Not known.
    pub unknown_share: f32,
}

/// What makes a day one on which an endpoint was down or degraded: a quarter of an hour of it.
const A_QUARTER_OF_AN_HOUR: f32 = 0.25 / 24.0;

impl Day {
    /// Returns what to call the day: down from a quarter of an hour of it on, degraded from a quarter of an hour or any
    /// time down on, and unknown when less than half of it was measured and nothing was wrong.
    #[must_use]
    pub fn status(&self) -> UptimeStatus {
        if self.down_share >= A_QUARTER_OF_AN_HOUR {
            UptimeStatus::Down
        } else if self.down_share > 0.0 || self.degraded_share >= A_QUARTER_OF_AN_HOUR {
            UptimeStatus::Degraded
        } else if self.up_share + self.degraded_share < 0.5 {
            UptimeStatus::Unknown
        } else {
            UptimeStatus::Up
        }
    }
}

/// What is known of one endpoint beside its line in the view.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointDetail {
    /// What looks at it, such as `http`.
    pub kind: String,
    /// How often, in seconds.
    pub interval_seconds: f64,
    /// How fast it answered, the oldest first, in equal steps.
    pub latencies: Vec<LatencyPoint>,
    /// What the last answer took its time for; absent when it was not timed.
    pub phases: Option<Phases>,
    /// What it proved to be itself with; absent when it does not.
    pub certificate: Option<Certificate>,
    /// When it changed, the newest first.
    pub changes: Vec<StatusChange>,
    /// What is left of the error budget; absent when none is agreed, or too little was measured.
    pub budget_left_percent: Option<Percent>,
}

/// How fast an endpoint answered in one step of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LatencyPoint {
    /// The step's first moment.
    pub at: Timestamp,
    /// The median, in milliseconds; absent when nothing was measured.
    pub p50_ms: Option<f64>,
    /// The 95th percentile, in milliseconds; absent when nothing was measured.
    pub p95_ms: Option<f64>,
}

/// What an answer took its time for, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Phases {
    /// Looking up the name.
    pub dns_ms: Option<f64>,
    /// Connecting.
    pub connect_ms: Option<f64>,
    /// The handshake of TLS.
    pub tls_ms: Option<f64>,
    /// Waiting for the first byte.
    pub first_byte_ms: Option<f64>,
    /// The rest.
    pub transfer_ms: Option<f64>,
}

/// What an endpoint proves to be itself with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// Who vouches for it.
    pub issuer: String,
    /// When it expires.
    pub not_after: Timestamp,
}

/// An endpoint became another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusChange {
    /// When.
    pub at: Timestamp,
    /// What it became.
    pub status: UptimeStatus,
    /// What was seen.
    pub why: String,
}
