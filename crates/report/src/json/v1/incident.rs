//! Incidents, emergencies and what the records say together.

use charter_deploy_model as model;
use serde::Serialize;
use serde_json::Value;

use super::VERSION;
use crate::json::line;

/// Incidents, as `incident list` gives them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incidents {
    /// The version of the format, 1.
    pub v: u8,
    /// `incidents`.
    pub result: &'static str,
    /// Each, as it is recorded, in the order of their beginnings.
    pub incidents: Vec<Value>,
    /// How long those that are over lasted, in seconds, the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mttr_seconds: Option<f64>,
}

/// One incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Incident {
    /// The version of the format, 1.
    pub v: u8,
    /// `incident`.
    pub result: &'static str,
    /// As it is recorded.
    pub incident: Value,
}

/// What is to be learned of one incident.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PostMortem {
    /// The version of the format, 1.
    pub v: u8,
    /// `post-mortem`.
    pub result: &'static str,
    /// The incident, as it is recorded.
    pub incident: Value,
    /// How long its parts took, in seconds.
    pub times: Value,
    /// The alerts of its time, by their names.
    pub alerts: Vec<String>,
    /// The deployment that users saw when it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The deployments that ended while it lasted.
    pub during: Vec<String>,
    /// How long all incidents that are over lasted, in seconds, the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mttr_seconds: Option<f64>,
    /// The post-mortem to be filled in.
    pub markdown: String,
}

/// What an emergency did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Emergency {
    /// The version of the format, 1.
    pub v: u8,
    /// `emergency`.
    pub result: &'static str,
    /// What was done: `environment`, `reason`, `dryRun`, `incident`, `steps` and `next`.
    pub emergency: Value,
}

/// What the records say together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analytics {
    /// The version of the format, 1.
    pub v: u8,
    /// `analytics`.
    pub result: &'static str,
    /// How the environment fared: `dora`, `deployments`, `monitoring`, `endpoints`, `incidents` and `times`.
    pub analytics: Value,
}

fn value(it: &impl Serialize) -> Value {
    serde_json::to_value(it).expect("it has text keys and finite numbers only")
}

/// Returns incidents as one line.
#[must_use]
pub fn incidents(incidents: &[model::UptimeIncident]) -> String {
    line(&Incidents {
        v: VERSION,
        result: "incidents",
        incidents: incidents.iter().map(value).collect(),
        mttr_seconds: model::mean_time_to_recovery(incidents),
    })
}

/// Returns one incident as one line.
#[must_use]
pub fn incident(incident: &model::UptimeIncident) -> String {
    line(&Incident { v: VERSION, result: "incident", incident: value(incident) })
}

/// Returns what is to be learned of one incident as one line.
#[must_use]
pub fn post_mortem(it: &crate::PostMortem) -> String {
    line(&PostMortem {
        v: VERSION,
        result: "post-mortem",
        incident: value(&it.incident),
        times: value(&it.times()),
        alerts: it.alerts.iter().map(|alert| alert.alert_id.to_string()).collect(),
        before: it.before.as_ref().map(|before| before.deployment_id.to_string()),
        during: it.during.iter().map(|deployment| deployment.deployment_id.to_string()).collect(),
        mttr_seconds: model::mean_time_to_recovery(&it.all),
        markdown: crate::post_mortem(it),
    })
}

/// Returns what an emergency did as one line.
#[must_use]
pub fn emergency(emergency: &crate::Emergency) -> String {
    line(&Emergency { v: VERSION, result: "emergency", emergency: value(emergency) })
}

/// Returns what the records say together as one line.
#[must_use]
pub fn analytics(analytics: &crate::Analytics) -> String {
    line(&Analytics { v: VERSION, result: "analytics", analytics: value(analytics) })
}
