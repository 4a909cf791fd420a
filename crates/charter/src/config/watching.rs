//! What is watched once it is live.

use std::collections::BTreeMap;

use charter_deploy_model::AlertSeverity;
use charter_monitor::rules::window::MaintenanceConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is watched, how often, and how it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Watching {
    /// Where it is looked from, as records say it.
    pub location: String,
    /// How often it is put on record how things stand, in seconds.
    #[schemars(range(min = 10, max = 86_400))]
    pub record_every_seconds: u64,
    /// When nobody is called.
    pub maintenance: Vec<MaintenanceConfig>,
    /// What is watched, by name. Without any, the environment's `url` is.
    pub endpoints: BTreeMap<String, EndpointConfig>,
}

impl Default for Watching {
    fn default() -> Self {
        Self {
            location: "local".to_owned(),
            record_every_seconds: 300,
            maintenance: Vec::new(),
            endpoints: BTreeMap::new(),
        }
    }
}

/// One thing that is watched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EndpointConfig {
    /// What looks at it: `kind`, and that kind's own keys.
    pub probe: Value,
    /// How often it is looked at, in seconds.
    #[serde(default = "thirty")]
    #[schemars(range(min = 1, max = 86_400))]
    pub interval_seconds: u64,
    /// How much it matters when it is down.
    #[serde(default = "critical")]
    pub severity: AlertSeverity,
    /// Names of endpoints without which it cannot be up: while one of them is down, nobody is called because of it.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// So many bad looks in a row make it down; each was confirmed by three more before it counts.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 100))]
    pub fall: u32,
    /// So many good looks in a row make it up again.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 100))]
    pub rise: u32,
}

impl EndpointConfig {
    /// Returns what watches a web address as everybody would.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        Self {
            probe: serde_json::json!({ "kind": "http", "url": url }),
            interval_seconds: thirty(),
            severity: critical(),
            depends_on: Vec::new(),
            fall: one(),
            rise: two(),
        }
    }
}

const fn thirty() -> u64 {
    30
}

const fn critical() -> AlertSeverity {
    AlertSeverity::Critical
}

const fn one() -> u32 {
    1
}

const fn two() -> u32 {
    2
}
