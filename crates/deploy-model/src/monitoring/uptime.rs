//! Whether a site answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Percent, UptimeIncident};

/// How a site answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UptimeStatus {
    /// As it should.
    Up,
    /// Not at all, or with an error.
    Down,
    /// Late, or only in part.
    Degraded,
    /// It could not be found out: nobody could look.
    Unknown,
}

/// Whether a site answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UptimeGroup {
    /// How it answers.
    pub status: UptimeStatus,
    /// How long the answer took, in milliseconds; absent when there was none, or it was not timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub response_time: Option<f64>,
    /// The answer's status; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Where it was looked from.
    pub location: String,
    /// In which share of looks it answered over the period that the monitor reports; absent at the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<Percent>,
    /// What it is or was down for in that period.
    pub incidents: Vec<UptimeIncident>,
}
