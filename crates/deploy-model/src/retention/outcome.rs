//! What retention would do, and what it did.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DataRetentionPolicy, Decision, Hold, HoldLifted, RecordSummary, SnapshotDecision};

/// What is to be done with every record, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionPlan {
    /// The moment.
    pub at: Timestamp,
    /// The policy.
    pub policy: DataRetentionPolicy,
    /// The records, folder by folder, in the order of the log.
    pub records: Vec<PlannedRecord>,
}

/// What is to be done with one record, and what that saves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRecord {
    /// What is to be done, and why.
    #[serde(flatten)]
    pub decision: Decision,
    /// What it says in short.
    pub summary: RecordSummary,
    /// What it takes now, in bytes.
    pub stored_bytes: u64,
    /// What would be saved, in bytes: measured, not estimated. Absent when nothing is to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_bytes: Option<u64>,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionDone {
    /// How many records were removed.
    pub pruned: u64,
    /// How many records were compressed.
    pub archived: u64,
    /// The bytes that were freed, without those that the prunings' own records take.
    pub saved_bytes: u64,
    /// The paths of the prunings' records.
    pub prunings: Vec<String>,
}

/// A hold, and whether it still counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StandingHold {
    /// The hold.
    pub hold: Hold,
    /// Its end, when somebody lifted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifted: Option<HoldLifted>,
    /// Whether it is in force.
    pub in_force: bool,
}

/// What is to be done with every snapshot, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotPlan {
    /// The moment.
    pub at: Timestamp,
    /// The snapshots, the oldest first.
    pub snapshots: Vec<PlannedSnapshot>,
    /// What removing those that go frees, in bytes; what other snapshots share with them stays.
    pub freed_bytes: u64,
}

/// What is to be done with one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedSnapshot {
    /// What is to be done, and why.
    #[serde(flatten)]
    pub decision: SnapshotDecision,
    /// Why it was taken.
    pub taken_for: String,
}
