//! What is watched once a site is live, as configured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::WcagLevel;

/// What is watched once a site is live.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringConfiguration {
    /// Whether it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<UptimeWatch>,
    /// How fast it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceWatch>,
    /// How usable it is for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<AccessibilityWatch>,
    /// How safe it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityWatch>,
}

/// How it is watched whether a site answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UptimeWatch {
    /// Whether it is.
    pub enabled: bool,
    /// How long from one look to the next, in seconds.
    pub frequency: u64,
    /// From where, by name.
    pub locations: Vec<String>,
    /// An answer that takes longer than this raises an alert, in milliseconds.
    pub alert_threshold: u64,
}

/// How it is watched how fast a site is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceWatch {
    /// Whether it is.
    pub enabled: bool,
    /// How long from one look to the next, in hours.
    pub frequency: u64,
    /// What a page may transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budgets: Option<TransferBudgets>,
}

/// What a page may transfer, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferBudgets {
    /// Script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub javascript: Option<u64>,
    /// Style.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub css: Option<u64>,
    /// Images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<u64>,
}

/// How it is watched how usable a site is for everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessibilityWatch {
    /// Whether it is.
    pub enabled: bool,
    /// The level it must reach.
    pub wcag_level: WcagLevel,
    /// How long from one look to the next, in hours.
    pub frequency: u64,
}

/// How it is watched how safe a site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityWatch {
    /// Whether it is.
    pub enabled: bool,
    /// Whether what it is made of is looked up in advisories.
    pub vulnerability_scanning: bool,
    /// Whether its certificate is looked at.
    pub ssl_monitoring: bool,
    /// Whether its HTTP headers are looked at.
    pub header_checking: bool,
}
