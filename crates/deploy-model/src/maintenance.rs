//! What was done to keep a site healthy, as recorded.

mod work;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use work::{
    BackupIntegrity, BackupRetentionTerm, BackupType, BackupWork, ContentFreshness, ContentValidation,
    DependencyUpdate, DependencyUpdates, PatchTests, RiskLevel, SecurityPatch, UpdateTests, UpdateType,
};

use crate::{BackupVerification, DeploymentId, ErrorSeverity, MaintenanceId, MonitoringId, UserImpact};

/// What is kept in order. The last three are added to the data model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaintenanceType {
    /// What the site is made of.
    DependencyUpdate,
    /// What it says and links to.
    ContentValidation,
    /// Its snapshots.
    Backup,
    /// Its vulnerabilities.
    SecurityPatch,
    /// Its speed, and how it stands against the constitution.
    Optimization,
    /// Whether what is live is still what was deployed.
    Drift,
    /// Faults of its source that a program can repair.
    CodeRepair,
    /// Whether a snapshot can be restored.
    RestoreDrill,
}

/// How soon something should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// When there is time.
    Low,
    /// In its turn.
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

/// How far a piece of maintenance has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaintenanceStatus {
    /// To be done.
    Scheduled,
    /// Being done.
    Running,
    /// Done.
    Success,
    /// Not done.
    Failed,
    /// Waiting for people.
    RequiresApproval,
    /// Given up.
    Cancelled,
}

/// One piece of maintenance: what was to be done, what was done, and how it ended.
///
/// The data model's entity, and beside its fields: `deploymentId`, `monitoringId`, `restoreDrill`. Recorded in its final
/// state; one that is only due is a plan, and goes into a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceAutomation {
    /// This piece's name.
    pub maintenance_id: MaintenanceId,
    /// What is kept in order.
    pub maintenance_type: MaintenanceType,
    /// When it was to be done.
    pub scheduled_time: Timestamp,
    /// When it was; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed_time: Option<Timestamp>,
    /// The deployment that it led to; absent when it led to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<DeploymentId>,
    /// The monitoring run that opened it; absent when something else did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_id: Option<MonitoringId>,

    /// How soon it should be done.
    pub priority: Priority,
    /// Whether a program opened it.
    pub automated: bool,
    /// Whether people must approve it, once or by a standing approval.
    pub approval_required: bool,
    /// What it means for users; absent when nobody assessed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact_assessment: Option<ImpactAssessment>,

    /// Dependencies that were brought up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency_updates: Option<DependencyUpdates>,
    /// Content that was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_validation: Option<ContentValidation>,
    /// A backup that was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupWork>,
    /// Vulnerabilities that were repaired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_patch: Option<SecurityPatch>,
    /// A backup that was restored to see that it can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_drill: Option<BackupVerification>,

    /// How far it has come.
    pub status: MaintenanceStatus,
    /// Which of its steps that was; absent before it was planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<MaintenanceProgress>,
    /// What came of it; absent when it was not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<MaintenanceResults>,
    /// Who let it go ahead; absent when nobody was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<MaintenanceApproval>,
}

/// What a piece of maintenance means for users.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImpactAssessment {
    /// How much it matters to them.
    pub user_impact: UserImpact,
    /// How long they go without, in seconds; absent when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub downtime: Option<f64>,
    /// How long taking it back takes, in seconds; absent when nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub rollback_time: Option<f64>,
}

/// How far a piece of maintenance has come, in steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceProgress {
    /// How many there are.
    pub total_steps: u64,
    /// How many are done.
    pub completed_steps: u64,
    /// The one that it is at, or ended in.
    pub current_step: String,
}

/// What came of a piece of maintenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceResults {
    /// Whether it did what it set out to do.
    pub success: bool,
    /// What it changed, one line each.
    pub changes: Vec<String>,
    /// What went wrong.
    pub errors: Vec<MaintenanceError>,
    /// Whether its changes had to be taken back.
    pub rollback_required: bool,
    /// Whether every gate passed afterwards; absent when none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional_compliance: Option<bool>,
}

/// In which part of maintenance an error arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MaintenanceErrorType {
    /// Updating dependencies.
    Dependency,
    /// Checking content.
    Content,
    /// Taking or restoring a backup.
    Backup,
    /// Repairing vulnerabilities.
    Security,
    /// Reading the configuration.
    Configuration,
}

/// One thing that went wrong in a piece of maintenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceError {
    /// Names it within the piece.
    pub error_id: String,
    /// Where it arose.
    #[serde(rename = "type")]
    pub error_type: MaintenanceErrorType,
    /// How grave it is.
    pub severity: ErrorSeverity,
    /// What went wrong, with its causes.
    pub message: String,
    /// Figures that help to understand it.
    pub context: BTreeMap<String, Value>,
    /// When.
    pub timestamp: Timestamp,
    /// Whether changes were taken back because of it.
    pub rollback_triggered: bool,
    /// What dealt with it; absent when nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
}

/// Who let a piece of maintenance go ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceApproval {
    /// Whether anybody must.
    pub required: bool,
    /// Who asked.
    pub requested_by: String,
    /// When.
    pub requested_at: Timestamp,
    /// Who did; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// What was said about it.
    pub comments: Vec<String>,
}
