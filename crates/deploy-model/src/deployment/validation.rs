//! What was found out about a release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccessibilityViolation, GateReport, SecurityVulnerability, WcagLevel};

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
    #[schemars(range(min = 0, max = 100))]
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
    #[schemars(range(min = 0, max = 100))]
    pub performance: f64,
    /// Accessibility.
    #[schemars(range(min = 0, max = 100))]
    pub accessibility: f64,
    /// Best practices.
    #[schemars(range(min = 0, max = 100))]
    pub best_practices: f64,
    /// Findability.
    #[schemars(range(min = 0, max = 100))]
    pub seo: f64,
}

/// The web vitals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoreWebVitals {
    /// Largest contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub lcp: Option<f64>,
    /// First contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub fcp: Option<f64>,
    /// Cumulative layout shift, a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cls: Option<f64>,
    /// First input delay, in milliseconds; in the lab it is Lighthouse's max-potential-FID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub fid: Option<f64>,
    /// Interaction to next paint, in milliseconds (it replaced FID in March 2024).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub inp: Option<f64>,
    /// Total blocking time, in milliseconds (what Lighthouse reports in the lab).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub tbt: Option<f64>,
}

/// How safe a release is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityValidation {
    /// Known weaknesses of what it is made of; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerabilities: Option<Vec<SecurityVulnerability>>,
    /// 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub security_score: f64,
}

/// How usable a release is for everyone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessibilityValidation {
    /// The level that was tested.
    pub wcag_level: WcagLevel,
    /// What keeps people from using it; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violations: Option<Vec<AccessibilityViolation>>,
    /// 0 to 100.
    #[schemars(range(min = 0, max = 100))]
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
    /// How long after the switch began the site was first seen to show the release, in milliseconds; absent when that
    /// was not seen, or the switch was not this process's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_after_ms: Option<u64>,
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
