//! How usable a site is for everyone.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccessibilityViolation, WcagLevel};

/// How usable a site is for everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessibilityGroup {
    /// How it stands against WCAG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wcag_compliance: Option<WcagCompliance>,
    /// What axe-core counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axe_results: Option<AxeResults>,
    /// How it reads aloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub screen_reader_test: Option<ScreenReaderTest>,
}

/// How a site stands against WCAG.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WcagCompliance {
    /// The level that was tested.
    pub level: WcagLevel,
    /// What is wrong.
    pub violations: Vec<AccessibilityViolation>,
    /// Rules that found nothing wrong.
    pub passed_tests: Vec<String>,
}

/// What axe-core counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AxeResults {
    /// Rules that found something wrong.
    pub violations: u64,
    /// Rules that could not decide.
    pub incomplete: u64,
    /// Rules that found nothing wrong.
    pub passes: u64,
}

/// How a site reads aloud.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScreenReaderTest {
    /// Whether everything can be reached and understood.
    pub compatible: bool,
    /// What cannot.
    pub issues: Vec<String>,
}
