//! Times in which users did not get what they came for.

use charter_deploy_model::{IncidentStatus, UptimeIncident};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One time in which users did not get what they came for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// The incident; what it impacted are endpoints by their names.
    #[serde(flatten)]
    pub record: UptimeIncident,
    /// What everyone is told that it is; absent when nobody worded that, and then only the endpoints are named.
    pub public_title: Option<String>,
    /// What happened in it, the oldest first.
    pub timeline: Vec<IncidentUpdate>,
}

/// One thing that happened in an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentUpdate {
    /// When.
    pub at: Timestamp,
    /// How far the incident had been dealt with.
    pub status: IncidentStatus,
    /// What happened.
    pub text: String,
    /// Who says so; absent when the monitor does.
    pub by: Option<String>,
    /// Whether everyone may read it; who said it stays among us either way.
    pub public: bool,
}

impl Incident {
    /// Says whether it is not over.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.record.end_time.is_none() && self.record.status != IncidentStatus::Resolved
    }

    /// Returns how long it lasted, or has lasted until now, in seconds.
    #[must_use]
    pub fn lasted(&self, now: Timestamp) -> f64 {
        let until_now = || now.duration_since(self.record.start_time).as_secs_f64().max(0.0);
        self.record.seconds().unwrap_or_else(until_now)
    }
}
