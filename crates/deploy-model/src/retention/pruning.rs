//! What was pruned is a record itself.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DataRetentionPolicy, Why};
use crate::{CommitHash, Digest, Environment, PruningId, Record};

/// Says which records were removed, why, and what they said in short.
///
/// It is written and logged before the first of their files goes. Their lines stay in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pruning {
    /// This pruning's name.
    pub pruning_id: PruningId,
    /// When.
    pub pruned_at: Timestamp,
    /// Who had it done.
    pub pruned_by: String,
    /// The policy that said so.
    pub policy: DataRetentionPolicy,
    /// How many records.
    pub count: u64,
    /// The oldest one's time.
    pub first: Timestamp,
    /// The youngest one's.
    pub last: Timestamp,
    /// Their paths.
    #[schemars(length(min = 1))]
    pub paths: Vec<String>,
    /// The records, in the order of the paths.
    pub records: Vec<PrunedRecord>,
}

/// What is left of a record that was pruned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PrunedRecord {
    /// Where it was.
    pub path: String,
    /// The SHA-256 of its bytes, as the log has it.
    pub digest: Digest,
    /// Its size, in bytes.
    pub bytes: u64,
    /// Its time.
    pub at: Timestamp,
    /// Why it went.
    pub why: Why,
    /// What it said in short.
    #[serde(flatten)]
    pub summary: RecordSummary,
}

/// What a record said in short. What it did not say is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordSummary {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What kind it was of its sort, such as `update` or `dependency-update`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// The commit that was deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitHash>,
    /// The branch that keeps the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl Record for Pruning {
    const SCHEMA: &'static str = "pruning/1";

    fn path(&self) -> String {
        format!("{}/{}.json", Self::FOLDER, self.pruning_id)
    }
}

impl Pruning {
    /// Where prunings are.
    pub const FOLDER: &'static str = "integrity/prunings";
}
