//! The nouns: every record this system keeps, its JSON Schema, what makes it valid, and the pure rules over them.
//!
//! Everything here is data: no clock, no file, no network. What one crate learns reaches another as a value of
//! this crate, so a reader who knows these types knows what can be said at all. Types with a grammar ([`Stamp`],
//! [`DeploymentId`], [`CommitHash`], [`Digest`], [`ProductionBranch`]) can only be made by parsing, so that a value
//! that exists is well-formed. A figure that was not measured is absent, never 0.
//!
//! ```
//! use charter_deploy_model::{ProductionBranch, Stamp};
//!
//! let stamp: Stamp = "20261121-020711".parse()?;
//! let branch = ProductionBranch::new(stamp, "New prices!");
//! assert_eq!(branch.to_string(), "20261121-020711-prod-new-prices");
//! # Ok::<(), charter_deploy_model::ParseError>(())
//! ```

mod accessibility;
mod alert;
pub mod analytics;
pub mod attestation;
mod backup;
pub mod chain;
mod configuration;
pub mod constitution;
mod deployment;
pub mod dora;
mod event;
pub mod exit;
mod failure;
mod finding;
pub mod flow;
mod id;
mod incident;
mod integrity;
mod kind;
mod maintenance;
mod monitoring;
mod notice;
mod percent;
mod record;
mod release;
mod retention;
#[cfg(test)]
mod sample;
pub mod statistics;
mod storage;
mod verdict;
mod vulnerability;
mod window;

pub use accessibility::{AccessibilityViolation, ViolationImpact, WcagLevel};
pub use alert::{AlertSeverity, MonitoringAlert};
pub use attestation::{Attestation, Envelope};
pub use backup::{BackupVerification, Snapshot, SnapshotContent};
pub use configuration::{
    AccessibilityWatch, ApplicationInfo, BackupSchedule, BundleTargets, ConstitutionalConfiguration, ContentChecks,
    DependencyUpdatePolicy, DeploymentConfiguration, DeploymentStrategy, Enforcement, EnvironmentVariables,
    FeatureFlags, Frequency, HeaderConfiguration, LighthouseTargets, MaintenanceConfiguration, MonitoringConfiguration,
    Optimizations, PerformanceConfiguration, PerformanceTargets, PerformanceWatch, ProductionConfiguration,
    RollbackStrategy, ScanConfiguration, SecurityConfiguration, SecurityWatch, TransferBudgets, UpdateFrequency,
    UptimeWatch,
};
pub use deployment::{
    AccessibilityValidation, BuildInfo, BundleSize, ConstitutionalCompliance, CoreWebVitals, DeploymentError,
    DeploymentErrorType, DeploymentMetadata, DeploymentStatus, DeploymentType, Emergency, Environment, ErrorSeverity,
    Lighthouse, LiveCheck, LiveVerification, PerformanceValidation, ProductionDeployment, ReleaseClass,
    SecurityValidation, TriggerSource, UserImpact, Validation,
};
pub use event::{Event, EventKind, Observer};
pub use failure::{Failure, UsersSee};
pub use finding::{Finding, Fix, Inspection, LeftOut, Location, LookedAt, Measure, Tree, Unit};
pub use id::{
    AlertId, CommitHash, ConfigurationId, DeploymentId, Digest, HoldId, IncidentId, MaintenanceId, MonitoringId,
    ParseError, ProductionBranch, PruningId, ReleaseId, Stamp,
};
pub use incident::{
    IncidentSeverity, IncidentStatus, IncidentTimes, IncidentUpdate, OpenIncident, UptimeIncident, incident_times,
    mean_time_to_recovery,
};
pub use integrity::{DataIntegrityCheck, Standing, ValidationRules, Verification, VerifiedEntry};
pub use kind::{CodeMeta, KindMeta, Lane, Needs, Principle, Severity};
pub use maintenance::{
    BackupIntegrity, BackupRetentionTerm, BackupType, BackupWork, ContentFreshness, ContentValidation,
    DependencyUpdate, DependencyUpdates, ImpactAssessment, MaintenanceApproval, MaintenanceAutomation,
    MaintenanceError, MaintenanceErrorType, MaintenanceProgress, MaintenanceResults, MaintenanceStatus,
    MaintenanceType, PatchTests, Priority, RiskLevel, SecurityPatch, UpdateTests, UpdateType,
};
pub use monitoring::{
    AccessibilityGroup, AxeResults, BundleAnalysis, ConstitutionalGroup, EndpointHour, LighthouseRun, LoadTime,
    MonitoringHour, MonitoringRun, MonitoringTrends, MonitoringType, PerformanceGroup, ProductionMonitoring,
    RatedVital, RatedVitals, Rating, RunFault, ScreenReaderTest, SecurityGroup, SecurityHeaders, SslCheck,
    StatusSeconds, UptimeGroup, UptimeStatus, Vital, WcagCompliance,
};
pub use notice::{Notice, Occasion};
pub use percent::{Percent, PercentError};
pub use record::{Record, RecordKind, record_schema};
pub use release::Release;
pub use retention::{
    BackupRetention, ConfigurationRetention, DataRetentionPolicy, Decision, DeploymentRetention, Hold, HoldLifted,
    KeptRecord, MaintenanceRetention, MonitoringRetention, Period, Pin, PlannedRecord, PlannedSnapshot, PrunedRecord,
    Pruning, RecordSort, RecordSummary, RetentionAction, RetentionDone, RetentionPlan, SnapshotDecision, SnapshotPlan,
    SnapshotWhy, StandingHold, Why, in_force, plan_retention, plan_snapshots,
};
pub use storage::{LocalStorage, StorageMetadata};
pub use verdict::{GateOutcome, GateReport, Inconclusive, Verdict, Waiver, WaiverUse};
pub use vulnerability::{SecurityVulnerability, VulnerabilitySeverity};
pub use window::Window;
