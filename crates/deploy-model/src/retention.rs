//! How long records stay, what keeps them longer, and what is left of those that went.

mod hold;
mod outcome;
mod period;
mod plan;
mod policy;
mod pruning;
mod snapshots;

pub use hold::{Hold, HoldLifted, in_force};
pub use outcome::{PlannedRecord, PlannedSnapshot, RetentionDone, RetentionPlan, SnapshotPlan, StandingHold};
pub use period::Period;
pub use plan::{Decision, KeptRecord, Pin, RecordSort, RetentionAction, Why, plan_retention};
pub use policy::{
    BackupRetention, ConfigurationRetention, DataRetentionPolicy, DeploymentRetention, MaintenanceRetention,
    MonitoringRetention,
};
pub use pruning::{PrunedRecord, Pruning, RecordSummary};
pub use snapshots::{SnapshotDecision, SnapshotWhy, plan_snapshots};
