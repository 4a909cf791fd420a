//! What people are called for, and what they said to it.

use charter_deploy_model::{
    DeploymentId, MaintenanceAutomation, MaintenanceId, MaintenanceStatus, MaintenanceType, MonitoringAlert, Priority,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that people are called for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// The alert.
    #[serde(flatten)]
    pub record: MonitoringAlert,
    /// The endpoint it is about; absent when it is about none.
    pub endpoint: Option<String>,
    /// Who took it on; absent until then.
    pub acknowledged_by: Option<String>,
    /// What they said; absent until then.
    pub acknowledged_because: Option<String>,
    /// The endpoints that would have raised alerts of their own, had this one not been there.
    pub suppressed: Vec<String>,
    /// The deployment that preceded it; absent when none did lately.
    pub after: Option<DeploymentId>,
}

/// Alerts that are kept quiet for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// What is kept quiet, in words.
    pub what: String,
    /// Who wants that.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A time in which endpoints may be away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceWindow {
    /// Its name, which no other window has.
    pub id: String,
    /// What is done, for everyone to read when it is public.
    pub title: String,
    /// The endpoints, by their names; none means all.
    pub endpoints: Vec<String>,
    /// When it begins.
    pub from: Timestamp,
    /// When it is over.
    pub until: Timestamp,
    /// Whether everyone may know of it.
    pub public: bool,
}

impl MaintenanceWindow {
    /// Says whether it is now.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        (self.from..self.until).contains(&moment)
    }

    /// Says whether an endpoint may be away in it.
    #[must_use]
    pub fn covers(&self, endpoint: &str) -> bool {
        self.endpoints.is_empty() || self.endpoints.iter().any(|each| each == endpoint)
    }
}

/// One thing that is done to keep a site healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Work {
    /// Its id.
    pub id: MaintenanceId,
    /// What is kept in order.
    pub sort: MaintenanceType,
    /// How soon it should be done.
    pub priority: Priority,
    /// How far it has come.
    pub status: MaintenanceStatus,
    /// When it was to be done.
    pub scheduled: Timestamp,
    /// What it changed, one line each.
    pub changes: Vec<String>,
}

impl From<&MaintenanceAutomation> for Work {
    fn from(record: &MaintenanceAutomation) -> Self {
        Self {
            id: record.maintenance_id,
            sort: record.maintenance_type,
            priority: record.priority,
            status: record.status,
            scheduled: record.scheduled_time,
            changes: record.results.as_ref().map_or_else(Vec::new, |results| results.changes.clone()),
        }
    }
}
