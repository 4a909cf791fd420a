//! What one piece of maintenance did, by its kind.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, SecurityVulnerability};

/// Which part of a version changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateType {
    /// The last number: repairs.
    Patch,
    /// The middle one: additions.
    Minor,
    /// The first one: what used to work may not.
    Major,
}

/// One dependency that has a newer version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DependencyUpdate {
    /// The package.
    pub package: String,
    /// The version in use.
    pub current_version: String,
    /// The version to use.
    pub target_version: String,
    /// Which part of the version changes.
    pub update_type: UpdateType,
    /// Whether what used to work may not.
    pub breaking: bool,
    /// Whether it repairs a vulnerability.
    pub security: bool,
    /// What it brings, one line.
    pub description: String,
    /// What its authors say of it, or where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_notes: Option<String>,
    /// Whether it must be tried before it is used.
    pub test_required: bool,
    /// Whether it may be used.
    pub approved: bool,
    /// When it was; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_at: Option<Timestamp>,
}

/// Dependencies that were brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DependencyUpdates {
    /// Each of them.
    pub updates: Vec<DependencyUpdate>,
    /// How many of them repair a vulnerability.
    pub security_updates: u64,
    /// How many of them break something.
    pub breaking_changes: u64,
    /// How the site fared with them; absent when it was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_results: Option<UpdateTests>,
}

/// How a site fared with its new dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateTests {
    /// Whether it could be built.
    pub build_success: bool,
    /// How many tests passed; absent when none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests_passed: Option<u64>,
    /// How many failed; absent when none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests_failed: Option<u64>,
    /// Whether every gate passed; absent when none ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional_compliance: Option<bool>,
}

/// What a site says and links to, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentValidation {
    /// How many links were followed.
    pub links_checked: u64,
    /// Those that lead nowhere.
    pub broken_links: Vec<String>,
    /// How many images were opened.
    pub images_validated: u64,
    /// Those that are broken.
    pub invalid_images: Vec<String>,
    /// How old the content is; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_freshness: Option<ContentFreshness>,
}

/// How old the content is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentFreshness {
    /// Pages that have not changed for longer than they should.
    pub stale_content: Vec<String>,
    /// When any page last changed.
    pub last_updated: Timestamp,
}

/// What a backup holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BackupType {
    /// Everything.
    Full,
    /// What changed since the last.
    Incremental,
    /// The configuration only.
    Configuration,
}

/// A backup that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupWork {
    /// What it holds.
    pub backup_type: BackupType,
    /// How large it is, in bytes.
    pub backup_size: u64,
    /// Where it is.
    pub backup_location: String,
    /// Whether it is what was saved.
    pub integrity: BackupIntegrity,
    /// How long it is kept.
    pub retention: BackupRetentionTerm,
}

/// Whether a backup is what was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupIntegrity {
    /// Whether that was looked at, and is so.
    pub verified: bool,
    /// The digest over what was saved.
    pub checksum: Digest,
}

/// How long a backup is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupRetentionTerm {
    /// Until when; absent when it has no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_until: Option<Timestamp>,
    /// Whether it is removed then.
    pub auto_delete: bool,
}

/// How much is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RiskLevel {
    /// Little.
    Low,
    /// Something.
    Medium,
    /// Much.
    High,
    /// Everything.
    Critical,
}

/// Vulnerabilities that were repaired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityPatch {
    /// Each of them.
    pub vulnerabilities: Vec<SecurityVulnerability>,
    /// Packages that were changed.
    pub patched_packages: Vec<String>,
    /// How much was at stake.
    pub risk_level: RiskLevel,
    /// How the site fared with them; absent when it was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_results: Option<PatchTests>,
}

/// How a site fared with its repaired dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatchTests {
    /// Whether the vulnerabilities are gone.
    pub security_scan_passed: bool,
    /// Whether everything still works; absent when nothing was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functional_tests_passed: Option<bool>,
}
