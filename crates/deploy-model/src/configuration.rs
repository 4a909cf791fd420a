//! A version of the configuration, as recorded.

mod maintenance;
mod monitoring;
mod performance;
mod security;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

pub use maintenance::{
    BackupSchedule, ContentChecks, DependencyUpdatePolicy, Frequency, MaintenanceConfiguration, UpdateFrequency,
};
pub use monitoring::{
    AccessibilityWatch, MonitoringConfiguration, PerformanceWatch, SecurityWatch, TransferBudgets, UptimeWatch,
};
pub use performance::{BundleTargets, LighthouseTargets, Optimizations, PerformanceConfiguration, PerformanceTargets};
pub use security::{HeaderConfiguration, ScanConfiguration, SecurityConfiguration};

use crate::{ConfigurationId, Environment, Percent};

/// How strictly the constitution is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// Whatever is wrong, undecided or unknown blocks.
    #[default]
    Strict,
    /// Errors block; warnings and what could not be decided do not.
    Standard,
    /// Nothing blocks but what is broken; everything is reported.
    Flexible,
}

/// One version of the configuration of one environment.
///
/// Recorded whenever the configuration that is loaded differs from the last one recorded. Groups that nothing
/// configures are absent. The data model declares `environment` twice: the enum keeps the name, the object is
/// `environmentVariables` here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductionConfiguration {
    /// This version's name.
    pub configuration_id: ConfigurationId,
    /// Counts up: the patch number rises with every recorded change.
    pub version: Version,
    /// The environment it is for.
    pub environment: Environment,
    /// What is deployed.
    pub application: ApplicationInfo,
    /// How it is deployed.
    pub deployment: DeploymentConfiguration,
    /// How fast it is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceConfiguration>,
    /// What is watched once it is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<MonitoringConfiguration>,
    /// What is kept in order, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<MaintenanceConfiguration>,
    /// How it is protected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityConfiguration>,
    /// How strictly the constitution is held.
    pub constitutional: ConstitutionalConfiguration,
    /// What the build is told; secrets by name only.
    pub environment_variables: EnvironmentVariables,
    /// What is switched on, and for how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeatureFlags>,
}

/// What is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationInfo {
    /// Its name.
    pub name: String,
    /// Its own version, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it is, one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where its users find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage: Option<String>,
    /// Where its source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// How a release takes over from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentStrategy {
    /// Two environments, one of them live.
    BlueGreen,
    /// Instance by instance.
    Rolling,
    /// All at once, by one switch.
    Atomic,
    /// A share of the traffic first.
    Canary,
}

/// Who takes a bad release back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackStrategy {
    /// A failed live check does.
    Automatic,
    /// A person does.
    Manual,
}

/// How it is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentConfiguration {
    /// How a release takes over.
    pub strategy: DeploymentStrategy,
    /// Who takes a bad release back.
    pub rollback_strategy: RollbackStrategy,
    /// Where the live check looks; absent when it looks at loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_check_url: Option<String>,
    /// How long the live check may take, in seconds.
    pub health_check_timeout: u64,
    /// The gates that judge a release, by id.
    pub validation_steps: Vec<String>,
}

/// How strictly the constitution is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConstitutionalConfiguration {
    /// Whether nothing routine may run on GitHub Actions; absent when not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_git_hub_actions: Option<bool>,
    /// Whether production must be as fast as promised; absent when not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_first: Option<bool>,
    /// Whether a change must lose nothing and be easy to take back; absent when not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_preservation: Option<bool>,
    /// Whether production branches must be named, complete and kept; absent when not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_preservation: Option<bool>,
    /// Whether everything must be judged on this machine first; absent when not configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local_validation: Option<bool>,
    /// What blocks.
    pub enforcement_level: Enforcement,
}

/// What the build is told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentVariables {
    /// Plain variables and their values.
    pub variables: BTreeMap<String, String>,
    /// Names of secrets; never their values.
    pub secrets: Vec<String>,
}

/// What is switched on, and for how many.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeatureFlags {
    /// Whether a feature is on, by its name.
    pub flags: BTreeMap<String, bool>,
    /// To which share of users a feature is shown, by its name.
    pub rollout_percentage: BTreeMap<String, Percent>,
}
