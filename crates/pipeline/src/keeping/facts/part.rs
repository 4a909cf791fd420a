//! What retention reads of each sort of record, by the names that the data model gives them.

use std::collections::BTreeSet;

use charter_deploy_model::{CommitHash, ConfigurationId, DeploymentId, Environment, RecordSummary, ReleaseId, Stamp};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeploymentPart {
    pub(super) deployment_id: DeploymentId,
    pub(super) environment: Environment,
    pub(super) finished_at: Timestamp,
    pub(super) configuration_id: Option<ConfigurationId>,
    pub(super) rollback_deployment_id: Option<DeploymentId>,
    pub(super) release_id: Option<ReleaseId>,
    pub(super) previous_release_id: Option<ReleaseId>,
    pub(super) backup_id: Option<Stamp>,
    status: String,
    deployment_type: String,
    commit_hash: CommitHash,
    branch_name: String,
    deployed_by: String,
}

impl DeploymentPart {
    pub(super) fn reached_production(&self) -> bool {
        self.environment == Environment::Production && self.status == "success"
    }

    pub(super) fn summary(&self) -> RecordSummary {
        RecordSummary {
            id: Some(self.deployment_id.to_string()),
            status: Some(self.status.clone()),
            sort: Some(self.deployment_type.clone()),
            environment: Some(self.environment),
            commit: Some(self.commit_hash.clone()),
            branch: Some(self.branch_name.clone()),
            by: Some(self.deployed_by.clone()),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConfigurationPart {
    pub(super) configuration_id: ConfigurationId,
    pub(super) environment: Environment,
}

impl ConfigurationPart {
    pub(super) fn summary(&self) -> RecordSummary {
        let id = Some(self.configuration_id.to_string());
        RecordSummary { id, environment: Some(self.environment), ..RecordSummary::default() }
    }
}

/// One run, whose endpoints are `entries`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MonitoringPart {
    pub(super) timestamp: Timestamp,
    pub(super) monitoring_id: Option<String>,
    monitoring_type: Option<String>,
    #[serde(default)]
    entries: Vec<EndpointPart>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndpointPart {
    deployment_id: Option<DeploymentId>,
    #[serde(default)]
    alerts: Vec<IgnoredAny>,
}

impl MonitoringPart {
    pub(super) fn alerts(&self) -> bool {
        self.entries.iter().any(|entry| !entry.alerts.is_empty())
    }

    pub(super) fn deployments(&self) -> impl Iterator<Item = DeploymentId> {
        self.entries.iter().filter_map(|entry| entry.deployment_id).collect::<BTreeSet<_>>().into_iter()
    }

    pub(super) fn summary(&self) -> RecordSummary {
        RecordSummary { id: self.monitoring_id.clone(), sort: self.monitoring_type.clone(), ..RecordSummary::default() }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MaintenancePart {
    pub(super) scheduled_time: Timestamp,
    pub(super) executed_time: Option<Timestamp>,
    pub(super) deployment_id: Option<DeploymentId>,
    pub(super) monitoring_id: Option<String>,
    pub(super) status: Option<String>,
    maintenance_id: String,
    maintenance_type: Option<String>,
}

impl MaintenancePart {
    pub(super) fn summary(&self) -> RecordSummary {
        RecordSummary {
            id: Some(self.maintenance_id.clone()),
            status: self.status.clone(),
            sort: self.maintenance_type.clone(),
            ..RecordSummary::default()
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IncidentPart {
    pub(super) start_time: Timestamp,
    pub(super) deployment_id: Option<DeploymentId>,
    incident_id: String,
    status: Option<String>,
    severity: Option<String>,
}

impl IncidentPart {
    pub(super) fn summary(&self) -> RecordSummary {
        RecordSummary {
            id: Some(self.incident_id.clone()),
            status: self.status.clone(),
            sort: self.severity.clone(),
            ..RecordSummary::default()
        }
    }
}
