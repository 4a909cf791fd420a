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
    pub taken_at: Timestamp,
    /// Why it was taken, such as the deployment's id.
    pub reason: String,
    /// What it holds.
    pub contents: Vec<SnapshotContent>,
    /// Bytes that this snapshot added to the repository.
    pub added_bytes: u64,
}

/// Whether one backup is what was saved, and whether it was ever restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupVerification {
    /// The snapshot.
    pub backup_id: Stamp,
    /// The digest over what was saved, as noted when it was.
    pub original_checksum: Digest,
    /// The digest over what the backup holds now.
    pub backup_checksum: Digest,
    /// Whether the two are the same.
    pub verified: bool,
    /// When that was looked at.
    pub verification_time: Timestamp,
    /// Whether it was restored, to see that it can be.
    pub restoration_tested: bool,
    /// How long restoring all of it took, in seconds; absent when it was not restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub restoration_time: Option<f64>,
}

impl BackupVerification {
    /// Says what comparing the two digests showed; nothing was restored.
    #[must_use]
    pub fn compared(backup_id: Stamp, original: Digest, found: Digest, at: Timestamp) -> Self {
        Self {
            backup_id,
            original_checksum: original,
            backup_checksum: found,
            verified: original == found,
            verification_time: at,
            restoration_tested: false,
            restoration_time: None,
        }
    }

    /// Says that it was restored too, and how long that took.
    #[must_use]
    pub fn restored_in(mut self, seconds: f64) -> Self {
        self.restoration_tested = true;
        self.restoration_time = Some(seconds);
        self
    }
}
