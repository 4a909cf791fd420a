//! What monitoring calls people for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{AlertId, MonitoringType};

/// How urgent an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlertSeverity {
    /// For the record.
    Info,
    /// Something may go wrong.
    Warning,
    /// Something is wrong.
    Error,
    /// Users are affected.
    Critical,
}

/// One thing that monitoring calls people for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MonitoringAlert {
    /// This alert's name.
    pub alert_id: AlertId,
    /// What was being watched.
    #[serde(rename = "type")]
    pub alert_type: MonitoringType,
    /// How urgent it is.
    pub severity: AlertSeverity,
    /// What is wrong, one line.
    pub title: String,
    /// What is wrong, with the figures.
    pub description: String,
    /// When it was raised.
    pub triggered_at: Timestamp,
    /// When somebody took it on; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Timestamp>,
    /// When it was over; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    /// Whether it was passed on because nobody took it on.
    pub escalated: bool,
    /// The names of the routes it was sent by; never addresses or webhook URLs.
    pub notifications_sent: Vec<String>,
    /// Figures that help to understand it.
    pub metadata: BTreeMap<String, Value>,
}
