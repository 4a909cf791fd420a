//! What is kept in order, and when, as configured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is kept in order, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MaintenanceConfiguration {
    /// What the site is made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency_updates: Option<DependencyUpdatePolicy>,
    /// What it says and links to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_validation: Option<ContentChecks>,
    /// Its snapshots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<BackupSchedule>,
}

/// How often something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
}

/// How often dependencies are updated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateFrequency {
    /// Once a day.
    Daily,
    /// Once a week.
    Weekly,
    /// Once a month.
    Monthly,
}

/// How dependencies are kept up to date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DependencyUpdatePolicy {
    /// Whether they are.
    pub enabled: bool,
    /// How often.
    pub frequency: UpdateFrequency,
    /// Whether what passes every test needs nobody to approve it.
    pub auto_approve: bool,
    /// Packages that are left as they are.
    pub exclude_packages: Vec<String>,
}

/// How content is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContentChecks {
    /// Whether it is.
    pub enabled: bool,
    /// How often.
    pub frequency: Frequency,
    /// Whether links are followed.
    pub check_links: bool,
    /// Whether images are opened.
    pub validate_images: bool,
}

/// How snapshots are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupSchedule {
    /// Whether they are, beside those before every change.
    pub enabled: bool,
    /// How often.
    pub frequency: Frequency,
    /// How long they are kept, in days.
    pub retention: u64,
    /// Whether they are compressed.
    pub compression: bool,
}
