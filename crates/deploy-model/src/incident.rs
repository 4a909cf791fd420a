//! Times in which users did not get what they came for.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DeploymentId, IncidentId};

/// How much users noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentSeverity {
    /// A little.
    Minor,
    /// A great deal.
    Major,
    /// Nothing worked.
    Critical,
}

/// How far an incident has been dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IncidentStatus {
    /// Nobody knows the cause yet.
    Investigating,
    /// The cause is known.
    Identified,
    /// It was repaired and is being watched.
    Monitoring,
    /// It is over.
    Resolved,
}

/// One time in which users did not get what they came for.
///
/// Recorded once it is over; while it lasts it is in the monitor's journal, and in the entries of monitoring runs.
/// Beside the data model's fields it names the deployment that was live, so that a failure can be laid to a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UptimeIncident {
    /// This incident's name.
    pub incident_id: IncidentId,
    /// The deployment that was live when it began; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<DeploymentId>,
    /// When it was noticed.
    pub start_time: Timestamp,
    /// When it was over; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// How long it lasted, in seconds; absent until it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub duration: Option<f64>,
    /// How much users noticed.
    pub severity: IncidentSeverity,
    /// How far it has been dealt with.
    pub status: IncidentStatus,
    /// What happened.
    pub description: String,
    /// What did not work: endpoints, by their addresses or names.
    pub impacted_services: Vec<String>,
    /// Why it happened, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_cause: Option<String>,
    /// What ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// What was learned, or where that is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_mortem: Option<String>,
}

impl UptimeIncident {
    /// Returns how long it lasted, in seconds; nothing until it is over.
    #[must_use]
    pub fn seconds(&self) -> Option<f64> {
        self.end_time.map(|end| end.duration_since(self.start_time).as_secs_f64().max(0.0)).or(self.duration)
    }
}
