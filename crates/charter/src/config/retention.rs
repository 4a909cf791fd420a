//! `[retention]`: how long records and snapshots stay.

use charter_deploy_model::{
    BackupRetention, ConfigurationRetention, DataRetentionPolicy, DeploymentRetention, MaintenanceRetention,
    MonitoringRetention, Period,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long records and snapshots stay: as `1 year`, `6 months`, `90 days` or `indefinite`.
///
/// The defaults are minimums: a longer figure is kept, a shorter one is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Retention {
    /// Records of deployments.
    pub deployments: Deployments,
    /// Records of monitoring.
    pub monitoring: Monitoring,
    /// Records of maintenance.
    pub maintenance: Maintenance,
    /// Versions of the configuration, which all stay.
    pub configuration: Configuration,
    /// Snapshots in the backup folder.
    pub backups: Backups,
}

/// Records of deployments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Deployments {
    /// How long all of them stay.
    pub retention: Period,
    /// When a record that stays is compressed.
    pub archive_after: Period,
    /// Whether records are compressed at all.
    pub compression_enabled: bool,
    /// How long those of staging and development stay.
    pub standard: Period,
    /// How long those of production stay.
    pub production: Period,
    /// Whether somebody may ask for them years later; then they stay 3 years at least.
    pub compliance_sensitive: bool,
}

/// Records of monitoring.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Monitoring {
    /// How long a run stays as it is.
    pub detailed: Period,
    /// How long its figures stay.
    pub aggregated: Period,
    /// How long runs that raised an alert stay.
    pub alerts: Period,
}

/// Records of maintenance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Maintenance {
    /// How long what reached production stays.
    pub retention: Period,
    /// How long what succeeded stays.
    pub successful_maintenance: Period,
    /// How long what failed stays.
    pub failed_maintenance: Period,
}

/// Versions of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Configuration {
    /// How many versions are at hand, never compressed.
    #[schemars(range(min = 10, max = 10_000))]
    pub active_versions: u32,
}

/// Snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Backups {
    /// How long they stay.
    pub retention: Period,
    /// How many stay whatever their age.
    #[schemars(range(min = 10, max = 10_000))]
    pub keep_last: u32,
}

impl Default for Deployments {
    fn default() -> Self {
        let DeploymentRetention { retention, archive_after, compression_enabled, standard, production, .. } =
            DeploymentRetention::default();
        Self { retention, archive_after, compression_enabled, standard, production, compliance_sensitive: false }
    }
}

impl Default for Monitoring {
    fn default() -> Self {
        let MonitoringRetention { detailed, aggregated, alerts } = MonitoringRetention::default();
        Self { detailed, aggregated, alerts }
    }
}

impl Default for Maintenance {
    fn default() -> Self {
        let MaintenanceRetention { retention, successful_maintenance, failed_maintenance } =
            MaintenanceRetention::default();
        Self { retention, successful_maintenance, failed_maintenance }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self { active_versions: ConfigurationRetention::default().active_versions }
    }
}

impl Default for Backups {
    fn default() -> Self {
        let BackupRetention { retention, keep_last } = BackupRetention::default();
        Self { retention, keep_last }
    }
}

impl Retention {
    /// Returns the policy that it makes.
    #[must_use]
    pub fn policy(&self) -> DataRetentionPolicy {
        let Self { deployments, monitoring, maintenance, configuration, backups } = self;
        DataRetentionPolicy {
            deployments: DeploymentRetention {
                retention: deployments.retention,
                archive_after: deployments.archive_after,
                compression_enabled: deployments.compression_enabled,
                standard: deployments.standard,
                production: deployments.production,
                compliance_sensitive: deployments
                    .compliance_sensitive
                    .then_some(DeploymentRetention::COMPLIANCE_SENSITIVE),
            },
            monitoring: MonitoringRetention {
                detailed: monitoring.detailed,
                aggregated: monitoring.aggregated,
                alerts: monitoring.alerts,
            },
            maintenance: MaintenanceRetention {
                retention: maintenance.retention,
                successful_maintenance: maintenance.successful_maintenance,
                failed_maintenance: maintenance.failed_maintenance,
            },
            configuration: ConfigurationRetention {
                active_versions: configuration.active_versions,
                ..ConfigurationRetention::default()
            },
            backups: BackupRetention { retention: backups.retention, keep_last: backups.keep_last },
        }
    }
}

/// The periods that may not be shorter than what is settled, by their keys.
pub(super) fn minimums() -> Vec<(&'static str, Period)> {
    let Retention { deployments, monitoring, maintenance, backups, .. } = Retention::default();
    vec![
        ("retention.deployments.retention", deployments.retention),
        ("retention.deployments.standard", deployments.standard),
        ("retention.deployments.production", deployments.production),
        ("retention.monitoring.detailed", monitoring.detailed),
        ("retention.monitoring.aggregated", monitoring.aggregated),
        ("retention.monitoring.alerts", monitoring.alerts),
        ("retention.maintenance.retention", maintenance.retention),
        ("retention.maintenance.successful-maintenance", maintenance.successful_maintenance),
        ("retention.maintenance.failed-maintenance", maintenance.failed_maintenance),
        ("retention.backups.retention", backups.retention),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_section_the_settled_policy_holds() {
        assert_eq!(Retention::default().policy(), DataRetentionPolicy::default());
    }

    #[test]
    fn every_key_reaches_the_policy() {
        let text = r#"
            deployments = { retention = "2 years", archive-after = "1 month", compression-enabled = false, standard = "1 year", production = "3 years", compliance-sensitive = true }
            monitoring = { detailed = "60 days", aggregated = "2 years", alerts = "1 year" }
            maintenance = { retention = "5 years", successful-maintenance = "4 months", failed-maintenance = "2 years" }
            configuration = { active-versions = 20 }
            backups = { retention = "indefinite", keep-last = 30 }
        "#;
        let policy = serde_json::to_value(toml::from_str::<Retention>(text).unwrap().policy()).unwrap();
        let settled = serde_json::to_value(DataRetentionPolicy::default()).unwrap();
        for (section, fields) in policy.as_object().unwrap() {
            for (field, value) in fields.as_object().unwrap() {
                // Versions of the configuration have no key: there is nothing longer than for ever.
                let is_fixed = (section.as_str(), field.as_str()) == ("configuration", "retention");
                assert_eq!(*value == settled[section][field], is_fixed, "{section}.{field}");
            }
        }
    }

    #[test]
    fn every_minimum_names_a_key() {
        let section = serde_json::to_value(Retention::default()).unwrap();
        for (key, period) in minimums() {
            let pointer = key.strip_prefix("retention.").unwrap().replace('.', "/");
            assert_eq!(section.pointer(&format!("/{pointer}")).unwrap(), &period.to_string(), "{key}");
        }
    }
}
