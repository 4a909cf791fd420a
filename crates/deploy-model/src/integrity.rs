//! What verification answers for each line and file of the store.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Digest;

/// How one record stands against the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The file is what the log says.
    Ok,
    /// The file was removed by a recorded pruning.
    PrunedBy(
        /// The path of the pruning's record.
        String,
    ),
    /// The log names it, but there is no file.
    Missing,
    /// The file is not what the log says.
    Altered,
    /// There is a file that the log does not name.
    Unlogged,
    /// The log ends before an anchor's size, so lines were cut off.
    Truncated,
    /// The log's lines are not those an anchor was made over.
    Rewritten,
    /// The line itself cannot be read.
    Malformed,
}

impl Standing {
    /// Says whether this is as it should be.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        matches!(self, Self::Ok | Self::PrunedBy(_))
    }
}

/// One thing that verification looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedEntry {
    /// Path relative to the store, or `log/entries` for the log itself.
    pub path: String,
    /// How it stands.
    pub standing: Standing,
    /// Figures that explain it, such as the two digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The result of a whole verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// How many lines the log has.
    pub size: u64,
    /// The root of the tree over them (RFC 6962).
    pub root: Digest,
    /// How many entries are sound.
    pub sound: u64,
    /// How many anchors the log was compared with.
    pub anchors: u64,
    /// How many of those anchors a remote holds too.
    pub anchors_published: u64,
    /// What is not sound; empty when all is well.
    pub faults: Vec<VerifiedEntry>,
}

impl Verification {
    /// Says whether nothing is amiss.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Whether the records as a whole hang together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataIntegrityCheck {
    /// The root of the tree over the log's lines: a SHA-256 over the digests of all records.
    pub checksum: Digest,
    /// When they were looked at.
    pub last_validated: Timestamp,
    /// What was looked at.
    pub validation_rules: ValidationRules,
}

/// Whether each rule over the records holds. One with nothing to judge is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValidationRules {
    /// Whether each deployment follows the one before: see [`deployments`](crate::chain::deployments).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_chain: Option<bool>,
    /// Whether monitoring never paused: see [`monitoring`](crate::chain::monitoring).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring_continuity: Option<bool>,
    /// Whether no version of the configuration is missing: see [`configurations`](crate::chain::configurations).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_history: Option<bool>,
}
