//! How long records stay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Period;

/// How long records stay, and when they are compressed.
///
/// Every figure is a minimum, and of those that hold for a record the longest wins. The names are the data model's;
/// added are the deployment policy's classes (`standard`, `production`, `complianceSensitive`) and `backups`. The
/// default is what the specification settles; it holds beside every other policy, so a shorter figure changes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DataRetentionPolicy {
    /// Records of deployments.
    pub deployments: DeploymentRetention,
    /// Records of monitoring.
    pub monitoring: MonitoringRetention,
    /// Records of maintenance.
    pub maintenance: MaintenanceRetention,
    /// Versions of the configuration.
    pub configuration: ConfigurationRetention,
    /// Snapshots in the backup repository.
    pub backups: BackupRetention,
}

/// How long records of deployments stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DeploymentRetention {
    /// All of them: 1 year.
    pub retention: Period,
    /// When a record that stays is compressed: after 6 months. Records of maintenance too.
    pub archive_after: Period,
    /// Whether records are compressed at all.
    pub compression_enabled: bool,
    /// Those of other environments than production: 90 days.
    pub standard: Period,
    /// Those of production: 1 year.
    pub production: Period,
    /// All of them, in an industry where somebody may ask: at least 3 years. Absent where nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compliance_sensitive: Option<Period>,
}

/// How long records of monitoring stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MonitoringRetention {
    /// What each run saw: 30 days.
    pub detailed: Period,
    /// What its figures come to: 1 year. A run that nothing sums up stays that long itself, compressed.
    pub aggregated: Period,
    /// Runs that raised an alert: 6 months.
    pub alerts: Period,
}

/// How long records of maintenance stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MaintenanceRetention {
    /// What reached production: 1 year.
    pub retention: Period,
    /// What succeeded and did not reach production: 3 months.
    pub successful_maintenance: Period,
    /// What did not succeed: 1 year.
    pub failed_maintenance: Period,
}

/// How long versions of the configuration stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ConfigurationRetention {
    /// All of them: indefinite.
    pub retention: Period,
    /// How many versions of each environment are at hand, never compressed: the last 10.
    pub active_versions: u32,
}

/// How long snapshots stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BackupRetention {
    /// All of them: 30 days.
    pub retention: Period,
    /// How many stay whatever their age: the last 10.
    pub keep_last: u32,
}

impl Default for DeploymentRetention {
    fn default() -> Self {
        Self {
            retention: Period::Years(1),
            archive_after: Period::Months(6),
            compression_enabled: true,
            standard: Period::Days(90),
            production: Period::Years(1),
            compliance_sensitive: None,
        }
    }
}

impl DeploymentRetention {
    /// The least that holds where somebody may ask: 3 years.
    pub const COMPLIANCE_SENSITIVE: Period = Period::Years(3);
}

impl Default for MonitoringRetention {
    fn default() -> Self {
        Self { detailed: Period::Days(30), aggregated: Period::Years(1), alerts: Period::Months(6) }
    }
}

impl Default for MaintenanceRetention {
    fn default() -> Self {
        Self {
            retention: Period::Years(1),
            successful_maintenance: Period::Months(3),
            failed_maintenance: Period::Years(1),
        }
    }
}

impl Default for ConfigurationRetention {
    fn default() -> Self {
        Self { retention: Period::Indefinite, active_versions: 10 }
    }
}

impl Default for BackupRetention {
    fn default() -> Self {
        Self { retention: Period::Days(30), keep_last: 10 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_settled_policy_has_the_names_and_words_of_the_data_model() {
        assert_eq!(
            serde_json::to_value(DataRetentionPolicy::default()).unwrap(),
            json!({
                "deployments": {
                    "retention": "1 year",
                    "archiveAfter": "6 months",
                    "compressionEnabled": true,
                    "standard": "90 days",
                    "production": "1 year",
                },
                "monitoring": { "detailed": "30 days", "aggregated": "1 year", "alerts": "6 months" },
                "maintenance": {
                    "retention": "1 year",
                    "successfulMaintenance": "3 months",
                    "failedMaintenance": "1 year",
                },
                "configuration": { "retention": "indefinite", "activeVersions": 10 },
                "backups": { "retention": "30 days", "keepLast": 10 },
            })
        );
    }

    #[test]
    fn what_the_data_model_writes_is_read() {
        let policy: DataRetentionPolicy = serde_json::from_value(json!({
            "deployments": { "retention": "1 year", "archiveAfter": "6 months", "compressionEnabled": true },
            "monitoring": { "detailed": "30 days", "aggregated": "1 year", "alerts": "6 months" },
            "maintenance": { "retention": "1 year", "successfulMaintenance": "3 months", "failedMaintenance": "1 year" },
            "configuration": { "retention": "indefinite", "activeVersions": 10 },
        }))
        .unwrap();
        assert_eq!(policy, DataRetentionPolicy::default());
    }
}
