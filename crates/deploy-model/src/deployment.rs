//! A deployment, as recorded.

mod build;
mod error;
mod validation;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use build::{BuildInfo, BundleSize};
pub use error::{DeploymentError, DeploymentErrorType, ErrorSeverity};
pub use validation::{
    AccessibilityValidation, ConstitutionalCompliance, CoreWebVitals, Lighthouse, LiveCheck, LiveVerification,
    PerformanceValidation, SecurityValidation, Validation,
};

use crate::{CommitHash, ConfigurationId, DeploymentId, ParseError, ReleaseId, Stamp};

/// Where a release is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Environment {
    /// For those who make the site.
    Development,
    /// For those who judge it.
    Staging,
    /// For everyone.
    Production,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        })
    }
}

impl FromStr for Environment {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "development" => Ok(Self::Development),
            "staging" => Ok(Self::Staging),
            "production" => Ok(Self::Production),
            _ => Err(ParseError::new("environment", "development, staging or production", text)),
        }
    }
}

/// What a deployment is in the life of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentType {
    /// The first of its environment.
    Initial,
    /// The next one.
    Update,
    /// An urgent one.
    Hotfix,
    /// An earlier release shown again.
    Rollback,
}

/// What set a deployment off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TriggerSource {
    /// A person typed the command.
    Manual,
    /// A schedule or another program did.
    Automated,
    /// An emergency procedure did.
    Emergency,
}

/// How far-reaching a change is: what decides who must approve it and how long its record is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseClass {
    /// An urgent repair.
    Hotfix,
    /// Nothing that users must learn.
    Minor,
    /// Something new.
    Major,
    /// Something that users must do differently.
    Breaking,
}

/// What a hotfix that could not wait went without. Every other gate judged it as always.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Emergency {
    /// Why it could not wait.
    pub reason: String,
    /// Who said so: the git user's name.
    pub declared_by: String,
    /// The ids of the gates that were not asked, sorted.
    pub left_out: Vec<String>,
}

/// How a deployment ended, or where it stands while it is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentStatus {
    /// Not begun.
    Pending,
    /// Being built.
    Building,
    /// Being judged.
    Validating,
    /// Being shown.
    Deploying,
    /// Shown and verified.
    Success,
    /// Never shown.
    Failed,
    /// Shown, found wanting, taken back.
    RolledBack,
}

/// How much a change matters to users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UserImpact {
    /// Not at all.
    None,
    /// A little.
    Low,
    /// Noticeably.
    Medium,
    /// Greatly.
    High,
}

/// One deployment: what was shown to whom, from which source, on which evidence, and how it ended.
///
/// The data model's entity, and beside its fields: `committedAt`, `shownAt`, `finishedAt`, `releaseClass`, `emergency`,
/// `configurationId`, `releaseId`, `previousReleaseId`, `backupId`, `switchMs`; in `buildInfo` `files` and
/// `artifactDigest`, in `validation` `gates` and `live`, in `coreWebVitals` `inp` and `tbt`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductionDeployment {
    /// This deployment's name.
    pub deployment_id: DeploymentId,
    /// The commit that was deployed.
    pub commit_hash: CommitHash,
    /// The production branch that keeps it; for other environments the branch it was deployed from.
    pub branch_name: String,
    /// When the commit was made, as git has it; absent when that was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub committed_at: Option<Timestamp>,
    /// When it began.
    pub timestamp: Timestamp,
    /// When users were first shown its release; absent when they never were, or the moment was not noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_at: Option<Timestamp>,
    /// When it reached its final state.
    pub finished_at: Timestamp,

    /// Where it was shown.
    pub environment: Environment,
    /// What it is in the life of the site.
    pub deployment_type: DeploymentType,
    /// How far-reaching the change is; absent when nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_class: Option<ReleaseClass>,
    /// What set it off.
    pub trigger_source: TriggerSource,
    /// What it went without, and on whose word; absent when it was no emergency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
    /// Who or what did it: the git user's name.
    pub deployed_by: String,
    /// The version of the configuration it was made under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_id: Option<ConfigurationId>,

    /// What was built.
    pub build_info: BuildInfo,
    /// What was found out about it.
    pub validation: Validation,

    /// How it ended.
    pub status: DeploymentStatus,
    /// Where users find it.
    pub deployment_url: String,
    /// For a rollback, the deployment whose release is shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_deployment_id: Option<DeploymentId>,

    /// The release it staged or showed again; absent when it never came to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_id: Option<ReleaseId>,
    /// The release that was live before it; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_release_id: Option<ReleaseId>,
    /// The snapshot that was there before anything changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_id: Option<Stamp>,
    /// How long the switch to the release took, in milliseconds; absent when it did not come to that, or when an
    /// interruption kept it from being measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_ms: Option<u64>,

    /// What went wrong.
    pub errors: Vec<DeploymentError>,
    /// What was noticed.
    pub warnings: Vec<String>,
    /// The rest.
    pub metadata: DeploymentMetadata,
}

/// The rest of what a deployment records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentMetadata {
    /// Whether every gate passed and nothing was undecided.
    pub constitutional_compliance: bool,
    /// Whether later releases are compared with this one.
    pub performance_baseline: bool,
    /// How much the change matters to users.
    pub user_impact: UserImpact,
    /// How many users that is, where analytics know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_users: Option<u64>,
}
