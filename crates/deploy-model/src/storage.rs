//! Every record of one project, as one value.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{MaintenanceAutomation, MonitoringRun, ProductionConfiguration, ProductionDeployment};

/// Every record of one project, in the order of the log: what an export holds.
///
/// The data model's `LocalStorage`. Monitoring comes as runs, each with its entries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocalStorage {
    /// Every deployment.
    pub deployments: Vec<ProductionDeployment>,
    /// Every monitoring run that is kept in full.
    pub monitoring: Vec<MonitoringRun>,
    /// Every piece of maintenance.
    pub maintenance: Vec<MaintenanceAutomation>,
    /// The configuration of production as last recorded; absent before the first deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<ProductionConfiguration>,
    /// About all of them.
    pub metadata: StorageMetadata,
}

/// About all records of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StorageMetadata {
    /// When the log's root was last anchored where a remote has it too; absent when it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<Timestamp>,
    /// The version of the program that put them together.
    pub version: String,
    /// Whether what is live in production was compliant when it was deployed; absent when nothing is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional_compliance: Option<bool>,
}
