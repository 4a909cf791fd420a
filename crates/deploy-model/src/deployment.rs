//! A deployment, as recorded.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{CommitHash, ConfigurationId, DeploymentId, Digest, GateReport, ParseError, ReleaseId, Stamp};

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductionDeployment {
    /// This deployment's name.
    pub deployment_id: DeploymentId,
    /// The commit that was deployed.
    pub commit_hash: CommitHash,
    /// The production branch that keeps it; for other environments the branch it was deployed from.
    pub branch_name: String,
    /// When it began.
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// When it reached its final state.
    #[schemars(with = "String")]
    pub finished_at: Timestamp,

    /// Where it was shown.
    pub environment: Environment,
    /// What it is in the life of the site.
    pub deployment_type: DeploymentType,
    /// What set it off.
    pub trigger_source: TriggerSource,
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

    /// What went wrong.
    pub errors: Vec<DeploymentError>,
    /// What was noticed.
    pub warnings: Vec<String>,
    /// The rest.
    pub metadata: DeploymentMetadata,
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildInfo {
    /// Astro's version, where Astro was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub astro_version: Option<String>,
    /// Node's version, where Node was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_version: Option<String>,
    /// How long the build took, in seconds; absent when nothing was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_time: Option<f64>,
    /// How large the result is; absent when it did not come to a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_size: Option<BundleSize>,
    /// What was done to make it smaller or faster.
    pub optimizations: Vec<String>,
    /// How many files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The digest of the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_digest: Option<Digest>,
}

/// Sizes in bytes, uncompressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleSize {
    /// Script.
    pub javascript: u64,
    /// Style.
    pub css: u64,
    /// Everything that is neither script nor style nor a page.
    pub assets: u64,
    /// Everything.
    pub total: u64,
}

/// What was found out about a release. What was not measured is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// How it stands against the constitution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional_compliance: Option<ConstitutionalCompliance>,
    /// How fast it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceValidation>,
    /// How safe it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityValidation>,
    /// How usable it is for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<AccessibilityValidation>,
    /// Every gate's verdict with its evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateReport>,
    /// What the live check saw; absent when it did not come to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveVerification>,
}

/// How a release stands against the constitution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConstitutionalCompliance {
    /// 0 to 100; absent when not every principle was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Codes of findings that count.
    pub violations: Vec<String>,
    /// Gates that passed.
    pub passed_checks: Vec<String>,
}

/// How fast a release is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceValidation {
    /// Lighthouse's scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lighthouse: Option<Lighthouse>,
    /// What a visitor would feel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_web_vitals: Option<CoreWebVitals>,
}

/// Lighthouse's scores, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lighthouse {
    /// Speed.
    pub performance: f64,
    /// Accessibility.
    pub accessibility: f64,
    /// Best practices.
    pub best_practices: f64,
    /// Findability.
    pub seo: f64,
}

/// The web vitals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoreWebVitals {
    /// Largest contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lcp: Option<f64>,
    /// First contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fcp: Option<f64>,
    /// Cumulative layout shift, a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cls: Option<f64>,
    /// First input delay, in milliseconds; in the lab it is Lighthouse's max-potential-FID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fid: Option<f64>,
    /// Interaction to next paint, in milliseconds (it replaced FID in March 2024).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inp: Option<f64>,
    /// Total blocking time, in milliseconds (what Lighthouse reports in the lab).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbt: Option<f64>,
}

/// How safe a release is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityValidation {
    /// 0 to 100.
    pub security_score: f64,
}

/// A level of WCAG 2.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum WcagLevel {
    /// The least.
    A,
    /// What the constitution demands.
    #[serde(rename = "AA")]
    Aa,
    /// The most.
    #[serde(rename = "AAA")]
    Aaa,
}

/// How usable a release is for everyone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessibilityValidation {
    /// The level that was tested.
    pub wcag_level: WcagLevel,
    /// 0 to 100.
    pub compliance_score: f64,
}

/// What the live check saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveVerification {
    /// Where it looked.
    pub url: String,
    /// Whether that was a server of our own on loopback, because no `url` is configured.
    pub loopback: bool,
    /// Each check.
    pub checks: Vec<LiveCheck>,
}

/// One request of the live check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveCheck {
    /// The path that was asked for.
    pub path: String,
    /// Whether the answer was as it should be.
    pub passed: bool,
    /// The status of the answer; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// In which part of a deployment an error arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeploymentErrorType {
    /// Building.
    Build,
    /// Judging.
    Validation,
    /// Staging, showing, verifying.
    Deployment,
    /// Going back.
    Rollback,
}

/// How grave an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorSeverity {
    /// Noted.
    Warning,
    /// It kept the deployment from succeeding.
    Error,
    /// Users may be affected.
    Critical,
}

/// One thing that went wrong in a deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentError {
    /// Names it within the deployment.
    pub error_id: String,
    /// Where it arose.
    #[serde(rename = "type")]
    pub error_type: DeploymentErrorType,
    /// How grave it is.
    pub severity: ErrorSeverity,
    /// What went wrong, with its causes.
    pub message: String,
    /// Figures that help to understand it.
    pub context: BTreeMap<String, Value>,
    /// When.
    #[schemars(with = "String")]
    pub timestamp: Timestamp,
    /// Whether the deployment itself dealt with it.
    pub resolved: bool,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
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
