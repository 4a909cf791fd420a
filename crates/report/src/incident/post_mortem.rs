//! What is to be learned of an incident, as Markdown with fields to fill in.
//!
//! The headings are those of the template in Google's book on site reliability engineering; what the records know is
//! filled in.

use charter_deploy_model::{
    CommitHash, DeploymentStatus, IncidentTimes, MonitoringAlert, ProductionDeployment, Record, UptimeIncident,
    incident_times, mean_time_to_recovery,
};
use jiff::Timestamp;

use super::{lasted, seconds, severity, status};
use crate::figures::{count, time};
use crate::markdown::{escaped, table};
use crate::words;

/// All that is known of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct PostMortem {
    /// The incident.
    pub incident: UptimeIncident,
    /// The alerts of its time.
    pub alerts: Vec<MonitoringAlert>,
    /// The deployment that users saw when it began; absent when that is not known.
    pub before: Option<ProductionDeployment>,
    /// The commit of what users saw before that deployment.
    pub compared_with: Option<CommitHash>,
    /// The deployments that ended while it lasted, in the order of the log.
    pub during: Vec<ProductionDeployment>,
    /// All incidents, for how long they lasted on average.
    pub all: Vec<UptimeIncident>,
    /// When this was made.
    pub made_at: Timestamp,
}

impl PostMortem {
    /// Returns how long the parts of the incident took.
    #[must_use]
    pub fn times(&self) -> IncidentTimes {
        incident_times(&self.incident, &self.alerts, self.before.as_ref())
    }
}

const TO_FILL: &str = "_to be filled in_";

/// Returns a post-mortem as Markdown: what the records know, and fields to fill in.
#[must_use]
pub fn post_mortem(it: &PostMortem) -> String {
    let incident = &it.incident;
    let mut text = format!("# Post-mortem: {}\n\n", escaped(&incident.description));
    text += &head(it);
    text += &format!("\n## Summary\n\n{}\n", summary(it));
    text += &format!("\n## Impact\n\n{}\n", impact(it));
    text += &format!("\n## Root cause\n\n{}\n", said(incident.root_cause.as_deref()));
    text += &format!("\n## Trigger\n\n{}\n", trigger(it));
    text += &format!("\n## Resolution\n\n{}\n", said(incident.resolution.as_deref()));
    text += &format!("\n## Detection and recovery\n\n{}", detection(it));
    text += &format!("\n## Timeline\n\n{}", timeline(it));
    text += "\n## Action items\n\n";
    let rows: Vec<Vec<String>> = ["prevent", "mitigate", "detect"]
        .iter()
        .map(|sort| vec![String::new(), (*sort).to_owned(), String::new(), String::new()])
        .collect();
    text += &table(&["action", "type", "owner", "due"], &rows);
    text += "\n## Lessons\n";
    for heading in ["What went well", "What went wrong", "Where we were lucky"] {
        text += &format!("\n### {heading}\n\n- {TO_FILL}\n");
    }
    text += &format!("\n## Supporting information\n\n{}", supporting(it));
    text
}

fn said(text: Option<&str>) -> String {
    text.map_or_else(|| TO_FILL.to_owned(), escaped)
}

fn head(it: &PostMortem) -> String {
    let incident = &it.incident;
    let mut authors: Vec<&str> = Vec::new();
    for update in &incident.updates {
        if !authors.contains(&update.by.as_str()) {
            authors.push(&update.by);
        }
    }
    let authors: Vec<String> = authors.into_iter().map(escaped).collect();
    let end = incident.end_time.map_or_else(|| "not over".to_owned(), time);
    let rows = [
        ("incident", incident.incident_id.to_string()),
        ("from", time(incident.start_time)),
        ("until", end),
        ("lasted", lasted(incident, it.made_at)),
        ("status", status(incident.status).to_owned()),
        ("severity", severity(incident.severity).to_owned()),
        ("authors", if authors.is_empty() { TO_FILL.to_owned() } else { authors.join(", ") }),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    table(&["", ""], &rows)
}

fn summary(it: &PostMortem) -> String {
    let incident = &it.incident;
    let services: Vec<String> = incident.impacted_services.iter().map(|name| escaped(name)).collect();
    let what = if services.is_empty() { String::new() } else { format!(", on {}", services.join(", ")) };
    let public = incident.public_description.as_deref();
    let public = public.map(|text| format!(" Everyone was told: “{}”.", escaped(text))).unwrap_or_default();
    format!("{}{what}: {}.{public}", escaped(&incident.description), lasted(incident, it.made_at))
}

fn impact(it: &PostMortem) -> String {
    let services = it.incident.impacted_services.len() as u64;
    let services = if services == 0 { "No service is named".to_owned() } else { count(services, "services") };
    format!(
        "{services}, for {}. How many people, and what they could not do: {TO_FILL}.",
        lasted(&it.incident, it.made_at)
    )
}

fn trigger(it: &PostMortem) -> String {
    let Some(before) = &it.before else {
        return format!("No deployment is known to have preceded it. What set it off: {TO_FILL}.");
    };
    let times = it.times();
    let after = times.after_deployment_seconds.map(|after| format!(", shown {} before it began", seconds(after)));
    let mut text = format!(
        "Users saw `{}` ({}, commit `{}`, by {}){}. Whether that set it off: {TO_FILL}.",
        before.deployment_id,
        words::deployment_type(before.deployment_type),
        before.commit_hash.short(),
        escaped(&before.deployed_by),
        after.unwrap_or_default()
    );
    if let Some(earlier) = &it.compared_with {
        text += &format!("\n\n```\ngit diff {} {}\n```", earlier.short(), before.commit_hash.short());
    }
    text
}

fn detection(it: &PostMortem) -> String {
    let times = it.times();
    let known = |figure: Option<f64>| figure.map_or_else(|| "not known".to_owned(), seconds);
    let rows = [
        ("first failing look until it was noticed", known(times.detection_seconds)),
        ("deployment shown until it was noticed", known(times.after_deployment_seconds)),
        ("noticed until somebody took it on", known(times.acknowledged_seconds)),
        ("noticed until it was over", known(times.recovered_seconds)),
        ("error budget it cost", TO_FILL.to_owned()),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    table(&["", ""], &rows)
}

/// Everything that has a moment, in the order of time.
fn timeline(it: &PostMortem) -> String {
    let incident = &it.incident;
    let mut events: Vec<(Timestamp, String, String)> = Vec::new();
    for deployment in it.before.iter().chain(&it.during) {
        let at = deployment.shown_at.unwrap_or(deployment.finished_at);
        let took = deployment.switch_ms.map(|switch| format!(", switched in {switch} ms")).unwrap_or_default();
        let what = match deployment.status {
            DeploymentStatus::Success => format!("{} shown{took}", words::deployment_type(deployment.deployment_type)),
            other => words::status(other).1.to_owned(),
        };
        events.push((at, format!("`{}` {what}", deployment.deployment_id), escaped(&deployment.deployed_by)));
    }
    let monitor = || "monitor".to_owned();
    for alert in &it.alerts {
        events.push((alert.triggered_at, format!("alert: {}", escaped(&alert.title)), monitor()));
        events.extend(alert.acknowledged_at.map(|at| (at, format!("taken on: {}", escaped(&alert.title)), monitor())));
        events.extend(alert.resolved_at.map(|at| (at, format!("over: {}", escaped(&alert.title)), monitor())));
    }
    if incident.updates.is_empty() {
        events.push((incident.start_time, "it began".to_owned(), monitor()));
        events.extend(incident.end_time.map(|end| (end, "it was over".to_owned(), monitor())));
    }
    for update in &incident.updates {
        let what = format!("{}: {}", status(update.status), escaped(&update.text));
        events.push((update.at, what, escaped(&update.by)));
    }
    events.sort_by_key(|event| event.0);
    let rows: Vec<Vec<String>> = events.into_iter().map(|(at, what, who)| vec![time(at), what, who]).collect();
    table(&["when", "what", "who"], &rows)
}

fn supporting(it: &PostMortem) -> String {
    let incident = &it.incident;
    let mut text = String::new();
    if incident.end_time.is_some() {
        text += &format!("- Record: `{}`; `cargo xtask verify` holds it to the log.\n", incident.path());
    }
    if let Some(post_mortem) = &incident.post_mortem {
        text += &format!("- What was learned: {}\n", escaped(post_mortem));
    }
    if let Some(mean) = mean_time_to_recovery(&it.all) {
        let over = it.all.iter().filter(|one| one.seconds().is_some()).count() as u64;
        text += &format!("- Mean time to recovery over {}: {}.\n", count(over, "incidents"), seconds(mean));
    }
    text + &format!("- Made from the records at {}.\n", time(it.made_at))
}

/// Returns all incidents as Markdown: a table, and how long they lasted on average.
#[must_use]
pub fn incident_overview(incidents: &[UptimeIncident], now: Timestamp) -> String {
    let rows: Vec<Vec<String>> = incidents
        .iter()
        .map(|it| {
            vec![
                it.incident_id.to_string(),
                severity(it.severity).to_owned(),
                status(it.status).to_owned(),
                lasted(it, now),
                it.deployment_id.map(|id| id.to_string()).unwrap_or_default(),
                escaped(&it.description),
            ]
        })
        .collect();
    let listed = table(&["incident", "severity", "status", "lasted", "users saw", "what"], &rows);
    let listed = if listed.is_empty() { "No incident is known.\n".to_owned() } else { listed };
    let mean = mean_time_to_recovery(incidents).map_or_else(|| "no data".to_owned(), seconds);
    format!("# Incidents\n\nMean time to recovery: {mean}.\n\n{listed}")
}
