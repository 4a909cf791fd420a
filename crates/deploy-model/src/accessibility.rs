//! Faults that keep people from using a page.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// How much a fault keeps people from using a page, in axe-core's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ViolationImpact {
    /// A nuisance.
    Minor,
    /// Some can do less, or more slowly.
    Moderate,
    /// Some cannot do part of it.
    Serious,
    /// Some cannot use it at all.
    Critical,
}

/// One fault that keeps people from using a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessibilityViolation {
    /// The rule's id, such as `image-alt`.
    pub id: String,
    /// How much it matters.
    pub impact: ViolationImpact,
    /// The success criterion, such as `1.1.1`.
    pub wcag_criterion: String,
    /// What is wrong.
    pub description: String,
    /// What to do.
    pub help: String,
    /// Where that is explained.
    pub help_url: String,
    /// A CSS selector of the element.
    pub selector: String,
    /// The page, and the element's source, shortened.
    pub context: String,
    /// When it was first seen.
    pub discovered_at: Timestamp,
    /// When it was gone; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_at: Option<Timestamp>,
}
