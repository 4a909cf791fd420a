//! What was seen of a site once it was live, as recorded.

mod accessibility;
mod constitutional;
mod hour;
mod performance;
mod run;
mod security;
mod uptime;

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use accessibility::{AccessibilityGroup, AxeResults, ScreenReaderTest, WcagCompliance};
pub use constitutional::ConstitutionalGroup;
pub use hour::{EndpointHour, MonitoringHour, StatusSeconds};
pub use performance::{
    BundleAnalysis, LighthouseRun, LoadTime, PerformanceGroup, RatedVital, RatedVitals, Rating, Vital,
};
pub use run::{MonitoringRun, RunFault};
pub use security::{SecurityGroup, SecurityHeaders, SslCheck};
pub use uptime::{UptimeGroup, UptimeStatus};

use crate::statistics::Trend;
use crate::{DeploymentId, Environment, MonitoringAlert, MonitoringId};

/// What is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MonitoringType {
    /// Whether a site answers.
    Uptime,
    /// How fast it is.
    Performance,
    /// How usable it is for everyone.
    Accessibility,
    /// How safe it is.
    Security,
    /// How it stands against the constitution.
    Constitutional,
}

impl MonitoringType {
    /// Every one, in the data model's order.
    pub const ALL: [Self; 5] =
        [Self::Uptime, Self::Performance, Self::Accessibility, Self::Security, Self::Constitutional];
}

impl fmt::Display for MonitoringType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uptime => "uptime",
            Self::Performance => "performance",
            Self::Accessibility => "accessibility",
            Self::Security => "security",
            Self::Constitutional => "constitutional",
        })
    }
}

/// What one monitoring run saw of one endpoint.
///
/// The data model's entity. Several share a run's id, so its key is (`monitoringId`, `siteUrl`). The group that
/// `monitoringType` names is there; the others are where the run looked at them too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("allOf" = the_group_that_is_named()))]
pub struct ProductionMonitoring {
    /// The run's name.
    pub monitoring_id: MonitoringId,
    /// When this endpoint was looked at.
    pub timestamp: Timestamp,
    /// What was watched.
    pub monitoring_type: MonitoringType,

    /// The endpoint.
    pub site_url: String,
    /// The environment it shows.
    pub environment: Environment,
    /// The deployment it showed; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment_id: Option<DeploymentId>,

    /// Whether it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uptime: Option<UptimeGroup>,
    /// How fast it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceGroup>,
    /// How usable it is for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<AccessibilityGroup>,
    /// How safe it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityGroup>,
    /// How it stands against the constitution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional: Option<ConstitutionalGroup>,

    /// Alerts that were raised by what was seen.
    pub alerts: Vec<MonitoringAlert>,
    /// Where it is going, as far as there is enough to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trends: Option<MonitoringTrends>,
}

impl ProductionMonitoring {
    /// Says whether the group that `monitoringType` names is there.
    #[must_use]
    pub const fn has_its_group(&self) -> bool {
        match self.monitoring_type {
            MonitoringType::Uptime => self.uptime.is_some(),
            MonitoringType::Performance => self.performance.is_some(),
            MonitoringType::Accessibility => self.accessibility.is_some(),
            MonitoringType::Security => self.security.is_some(),
            MonitoringType::Constitutional => self.constitutional.is_some(),
        }
    }
}

/// Where an endpoint is going, by the rule of [`trend`](crate::statistics::trend). What cannot be told is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringTrends {
    /// Its speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_trend: Option<Trend>,
    /// How often it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability_trend: Option<Trend>,
    /// How often it answers with an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_rate_trend: Option<Trend>,
}

fn the_group_that_is_named() -> Value {
    MonitoringType::ALL
        .into_iter()
        .map(|named| {
            let group = named.to_string();
            json!({
                "if": { "properties": { "monitoringType": { "const": group } }, "required": ["monitoringType"] },
                "then": { "required": [group] },
            })
        })
        .collect()
}
