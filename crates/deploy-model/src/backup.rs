//! What a backup says of itself.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, Stamp};

/// One tree that a snapshot holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotContent {
    /// What it is, such as `ledger`, `configuration` or `live`.
    pub name: String,
    /// How many files.
    pub files: u64,
    /// Their size, in bytes, before compression.
    pub bytes: u64,
    /// The digest over their paths, sizes and digests.
    pub digest: Digest,
}

/// One snapshot in the backup repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The second it was taken in; its name.
    pub id: Stamp,
    /// When it was taken.
    #[schemars(with = "String")]
    pub taken_at: Timestamp,
    /// Why it was taken, such as the deployment's id.
    pub reason: String,
    /// What it holds.
    pub contents: Vec<SnapshotContent>,
    /// Bytes that this snapshot added to the repository.
    pub added_bytes: u64,
}
