//! What is kept how long, what went, and what is held.

use charter_deploy_model as model;
use serde::Serialize;
use serde_json::{Value, json};

use super::VERSION;
use crate::json::line;

/// Returns what is to be done with records as one line; `kept` counts those that stay as they are.
#[must_use]
pub fn retention_plan(plan: &model::RetentionPlan, kept: u64) -> String {
    line(&RetentionPlan {
        v: VERSION,
        result: "retention-plan",
        at: plan.at.to_string(),
        policy: json!(plan.policy),
        kept,
        records: plan.records.iter().map(PlannedRecord::from).collect(),
    })
}

/// Returns what was done with records as one line.
#[must_use]
pub fn retention_done(done: &model::RetentionDone) -> String {
    let model::RetentionDone { pruned, archived, saved_bytes, prunings } = done.clone();
    line(&RetentionDone { v: VERSION, result: "retention-done", pruned, archived, saved_bytes, prunings })
}

/// Returns a hold that was placed as one line.
#[must_use]
pub fn hold_placed(hold: &model::Hold) -> String {
    line(&Holds { v: VERSION, result: "holds", holds: vec![Held::new(hold, None, true)] })
}

/// Returns a hold that was lifted as one line.
#[must_use]
pub fn hold_lifted(lifted: &model::HoldLifted) -> String {
    let (hold, lifted_at) = (lifted.hold_id.to_string(), lifted.lifted_at.to_string());
    line(&HoldLifted { v: VERSION, result: "hold-lifted", hold, lifted_at })
}

/// Returns holds, in the order given, as one line.
#[must_use]
pub fn holds(list: &[model::StandingHold]) -> String {
    let held = |it: &model::StandingHold| Held::new(&it.hold, it.lifted.as_ref(), it.in_force);
    line(&Holds { v: VERSION, result: "holds", holds: list.iter().map(held).collect() })
}

/// Returns the records that were removed as one line.
#[must_use]
pub fn pruned(prunings: &[model::Pruning]) -> String {
    let of = |pruning: &model::Pruning| {
        let (by, at) = (pruning.pruning_id.to_string(), pruning.pruned_at.to_string());
        let record = move |record: &model::PrunedRecord| PrunedRecord {
            pruning: by.clone(),
            pruned_at: at.clone(),
            path: record.path.clone(),
            bytes: record.bytes,
            at: record.at.to_string(),
            why: json!(record.why),
            said: Said::from(&record.summary),
        };
        pruning.records.iter().map(record).collect::<Vec<_>>()
    };
    line(&PrunedRecords { v: VERSION, result: "pruned", records: prunings.iter().flat_map(of).collect() })
}

/// Returns what is to be done with snapshots as one line.
#[must_use]
pub fn snapshot_plan(plan: &model::SnapshotPlan) -> String {
    let planned = |it: &model::PlannedSnapshot| PlannedSnapshot {
        snapshot: it.decision.snapshot.to_string(),
        prune: it.decision.prune,
        why: json!(it.decision.why),
        until: it.decision.until.map(|until| until.to_string()),
        taken_for: it.taken_for.clone(),
    };
    line(&SnapshotPlan {
        v: VERSION,
        result: "snapshot-plan",
        at: plan.at.to_string(),
        snapshots: plan.snapshots.iter().map(planned).collect(),
        freed_bytes: plan.freed_bytes,
    })
}

/// Returns what removing snapshots came to as one line.
#[must_use]
pub fn snapshots_pruned(snapshots: u64, packs: u64, freed_bytes: u64) -> String {
    line(&SnapshotsPruned { v: VERSION, result: "snapshots-pruned", snapshots, packs, freed_bytes })
}

/// What is to be done with records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionPlan {
    /// The version of the format, 1.
    pub v: u8,
    /// `retention-plan`.
    pub result: &'static str,
    /// The moment it was made for.
    pub at: String,
    /// The policy, as in the record of a pruning.
    pub policy: Value,
    /// How many records stay as they are.
    pub kept: u64,
    /// The records; those that stay as they are only where they were asked for.
    pub records: Vec<PlannedRecord>,
}

/// What is to be done with one record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRecord {
    /// Where it is.
    pub path: String,
    /// `keep`, `archive` or `prune`.
    pub action: &'static str,
    /// Why: an object with `reason`, as in the record of a pruning.
    pub why: Value,
    /// When it may go at the earliest, or was free to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What it takes now.
    pub stored_bytes: u64,
    /// What would be saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved_bytes: Option<u64>,
    /// What it says in short.
    #[serde(flatten)]
    pub said: Said,
}

/// What a record says in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What kind it is of its sort.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch that keeps the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What was done with records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetentionDone {
    /// The version of the format, 1.
    pub v: u8,
    /// `retention-done`.
    pub result: &'static str,
    /// How many records were removed.
    pub pruned: u64,
    /// How many records were compressed.
    pub archived: u64,
    /// What was freed.
    pub saved_bytes: u64,
    /// The paths of the prunings' records.
    pub prunings: Vec<String>,
}

/// Holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Holds {
    /// The version of the format, 1.
    pub v: u8,
    /// `holds`.
    pub result: &'static str,
    /// The holds, in the order given.
    pub holds: Vec<Held>,
}

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Its id.
    pub hold: String,
    /// Whether it is in force.
    pub in_force: bool,
    /// The paths of the records that it covers.
    pub covers: Vec<String>,
    /// Why it was placed.
    pub reason: String,
    /// Who placed it.
    pub placed_by: String,
    /// When.
    pub placed_at: String,
    /// When it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// When it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_at: Option<String>,
    /// Who lifted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_by: Option<String>,
    /// Why it was lifted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifted_because: Option<String>,
}

/// A hold that was lifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HoldLifted {
    /// The version of the format, 1.
    pub v: u8,
    /// `hold-lifted`.
    pub result: &'static str,
    /// Its id.
    pub hold: String,
    /// When it was lifted.
    pub lifted_at: String,
}

/// Records that were removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrunedRecords {
    /// The version of the format, 1.
    pub v: u8,
    /// `pruned`.
    pub result: &'static str,
    /// The records, in the order in which they were removed.
    pub records: Vec<PrunedRecord>,
}

/// A record that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PrunedRecord {
    /// The pruning.
    pub pruning: String,
    /// When it was removed.
    pub pruned_at: String,
    /// Where it was.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its time.
    pub at: String,
    /// Why it went: an object with `reason`, as in the record of the pruning.
    pub why: Value,
    /// What it said in short.
    #[serde(flatten)]
    pub said: Said,
}

/// What is to be done with snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotPlan {
    /// The version of the format, 1.
    pub v: u8,
    /// `snapshot-plan`.
    pub result: &'static str,
    /// The moment it was made for.
    pub at: String,
    /// The snapshots, the oldest first.
    pub snapshots: Vec<PlannedSnapshot>,
    /// What removing those that go frees.
    pub freed_bytes: u64,
}

/// What is to be done with one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedSnapshot {
    /// Its id.
    pub snapshot: String,
    /// Whether it goes.
    pub prune: bool,
    /// Why it stays or goes: an object with `reason`.
    pub why: Value,
    /// When it may go at the earliest, or was free to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why it was taken.
    pub taken_for: String,
}

/// What removing snapshots came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotsPruned {
    /// The version of the format, 1.
    pub v: u8,
    /// `snapshots-pruned`.
    pub result: &'static str,
    /// How many snapshots.
    pub snapshots: u64,
    /// How many packs.
    pub packs: u64,
    /// What was freed.
    pub freed_bytes: u64,
}

impl From<&model::PlannedRecord> for PlannedRecord {
    fn from(record: &model::PlannedRecord) -> Self {
        Self {
            path: record.decision.path.clone(),
            action: match record.decision.action {
                model::RetentionAction::Keep => "keep",
                model::RetentionAction::Archive => "archive",
                model::RetentionAction::Prune => "prune",
            },
            why: json!(record.decision.why),
            until: record.decision.until.map(|until| until.to_string()),
            stored_bytes: record.stored_bytes,
            saved_bytes: record.saved_bytes,
            said: Said::from(&record.summary),
        }
    }
}

impl From<&model::RecordSummary> for Said {
    fn from(summary: &model::RecordSummary) -> Self {
        Self {
            id: summary.id.clone(),
            status: summary.status.clone(),
            sort: summary.sort.clone(),
            environment: summary.environment.map(|environment| environment.to_string()),
            commit: summary.commit.as_ref().map(ToString::to_string),
            branch: summary.branch.clone(),
            by: summary.by.clone(),
        }
    }
}

impl Held {
    fn new(hold: &model::Hold, lifted: Option<&model::HoldLifted>, in_force: bool) -> Self {
        Self {
            hold: hold.hold_id.to_string(),
            in_force,
            covers: hold.covers.clone(),
            reason: hold.reason.clone(),
            placed_by: hold.placed_by.clone(),
            placed_at: hold.placed_at.to_string(),
            until: hold.until.map(|until| until.to_string()),
            lifted_at: lifted.map(|lifted| lifted.lifted_at.to_string()),
            lifted_by: lifted.map(|lifted| lifted.lifted_by.clone()),
            lifted_because: lifted.map(|lifted| lifted.reason.clone()),
        }
    }
}
