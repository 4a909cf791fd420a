//! The documents of Statuspage's public API, version 2, which other programs read.
//!
//! Their shapes are those of <https://metastatuspage.com/api/v2/>. Its words have none for what is not measured: such an
//! endpoint is in no document, and the description says how many there are.

use charter_deploy_model::{IncidentSeverity, IncidentStatus, UptimeStatus};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::public::{Public, PublicIncident, PublicWindow};
use super::{hash, slug};
use crate::server::pages::urgency;
use crate::words;

/// Returns the documents by their paths below `api/v2/`, without `.json`.
pub(super) fn documents(public: &Public, url: &str, name: &str, now: Timestamp) -> Vec<(&'static str, Value)> {
    let context = Context { public, url, now, page_id: id(url) };
    let page = json!({ "id": context.page_id, "name": name, "url": url, "time_zone": "Etc/UTC", "updated_at": now });
    let status = json!({ "indicator": indicator(public, now), "description": description(public) });
    let components = context.components();
    let all: Vec<Value> = public.incidents.iter().map(|incident| context.incident(incident)).collect();
    let open = public.incidents.iter().filter(|incident| incident.is_open());
    let open: Vec<Value> = open.map(|incident| context.incident(incident)).collect();
    let windows: Vec<Value> = public.windows.iter().map(|window| context.window(window)).collect();
    let to_come = public.windows.iter().filter(|window| window.until > now);
    let to_come: Vec<Value> = to_come.map(|window| context.window(window)).collect();
    vec![
        ("status", json!({ "page": page, "status": status })),
        (
            "summary",
            json!({
                "page": page, "components": components, "incidents": open,
                "scheduled_maintenances": to_come, "status": status,
            }),
        ),
        ("components", json!({ "page": page, "components": components })),
        ("incidents", json!({ "page": page, "incidents": all })),
        ("incidents/unresolved", json!({ "page": page, "incidents": open })),
        ("scheduled-maintenances", json!({ "page": page, "scheduled_maintenances": windows })),
    ]
}

/// Returns how it is, in a sentence.
pub(super) fn description(public: &Public) -> String {
    let count = |status| public.endpoints.iter().filter(|endpoint| endpoint.status == status).count();
    let total = public.endpoints.len();
    let open = public.incidents.iter().filter(|incident| incident.is_open()).count();
    let (down, degraded, unknown) =
        (count(UptimeStatus::Down), count(UptimeStatus::Degraded), count(UptimeStatus::Unknown));
    match (down, degraded, unknown) {
        _ if total == 0 => "Nothing is being measured".to_owned(),
        (0, 0, _) if open > 0 => format!("{open} incident{} open", if open == 1 { "" } else { "s" }),
        (0, 0, 0) => "All systems operational".to_owned(),
        (0, 0, unknown) if unknown == total => "Nothing is being measured".to_owned(),
        (0, 0, unknown) => format!("{} of {total} systems operational, {unknown} not being measured", total - unknown),
        (0, degraded, _) => format!("{degraded} of {total} systems degraded"),
        (down, ..) if down == total => "Major outage".to_owned(),
        (down, ..) => format!("{down} of {total} systems down"),
    }
}

/// The class that colours the page.
pub(super) fn tone(public: &Public) -> &'static str {
    let open = public.incidents.iter().any(PublicIncident::is_open).then_some(UptimeStatus::Degraded);
    let all = public.endpoints.iter().map(|endpoint| endpoint.status).chain(open);
    let worst = all.min_by_key(|status| urgency(*status));
    worst.map_or("unknown", words::tone)
}

/// One of `none`, `minor`, `major`, `critical` and `maintenance`: what the endpoints show or people said, the worse.
fn indicator(public: &Public, now: Timestamp) -> &'static str {
    let down = public.endpoints.iter().filter(|endpoint| endpoint.status == UptimeStatus::Down).count();
    let degraded = public.endpoints.iter().any(|endpoint| endpoint.status == UptimeStatus::Degraded);
    let seen = match down {
        0 => degraded.then_some(IncidentSeverity::Minor),
        down if down == public.endpoints.len() => Some(IncidentSeverity::Critical),
        _ => Some(IncidentSeverity::Major),
    };
    let said = public.incidents.iter().filter(|incident| incident.is_open()).map(|incident| incident.severity);
    match said.chain(seen).max() {
        Some(severity) => impact(severity),
        None if public.windows.iter().any(|window| window.is_now(now)) => "maintenance",
        None => "none",
    }
}

impl PublicWindow {
    fn is_now(&self, now: Timestamp) -> bool {
        (self.from..self.until).contains(&now)
    }
}

/// Statuspage's ids are twelve letters and digits.
fn id(text: &str) -> String {
    hash(text).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

struct Context<'a> {
    public: &'a Public,
    url: &'a str,
    now: Timestamp,
    page_id: String,
}

impl Context<'_> {
    /// Returns the components that these documents have a word for, in the order of the page.
    fn components(&self) -> Vec<Value> {
        let all = self.public.endpoints.iter().zip(1..);
        all.filter_map(|(endpoint, position)| self.component(&endpoint.name, position)).collect()
    }

    fn component(&self, name: &str, position: usize) -> Option<Value> {
        let endpoint = self.public.endpoints.iter().find(|endpoint| endpoint.name == name)?;
        let away = self
            .public
            .windows
            .iter()
            .any(|window| window.is_now(self.now) && window.endpoints.iter().any(|each| each == name));
        let status = match endpoint.status {
            _ if away => "under_maintenance",
            UptimeStatus::Up => "operational",
            UptimeStatus::Degraded => "degraded_performance",
            UptimeStatus::Down => "major_outage",
            UptimeStatus::Unknown => return None,
        };
        let first = endpoint.days.first().map(|day| day.date.to_string());
        let since = endpoint.since.unwrap_or(self.now);
        Some(json!({
            "id": id(name), "name": name, "status": status, "created_at": since, "updated_at": since,
            "position": position, "description": endpoint.url, "showcase": true, "start_date": first,
            "group_id": null, "page_id": self.page_id, "group": false, "only_show_if_degraded": false,
        }))
    }

    fn components_of(&self, names: &[String]) -> Vec<Value> {
        let place = |name: &String| self.public.endpoints.iter().position(|endpoint| endpoint.name == *name);
        names.iter().filter_map(|name| self.component(name, place(name)? + 1)).collect()
    }

    fn incident(&self, incident: &PublicIncident) -> Value {
        let incident_id = id(&incident.id);
        let updates: Vec<Value> = (incident.updates.iter().rev())
            .map(|update| {
                json!({
                    "id": id(&format!("{} {} {}", incident.id, update.at, update.text)),
                    "status": status(update.status), "body": update.text, "incident_id": incident_id,
                    "created_at": update.at, "updated_at": update.at, "display_at": update.at,
                    "affected_components": incident.endpoints.iter()
                        .map(|name| json!({ "code": id(name), "name": name })).collect::<Vec<_>>(),
                    "deliver_notifications": false, "custom_tweet": null, "tweet_id": null,
                })
            })
            .collect();
        let monitored = incident.updates.iter().find(|update| update.status == IncidentStatus::Monitoring);
        json!({
            "id": incident_id, "name": incident.title, "status": status(incident.status),
            "created_at": incident.from, "updated_at": incident.updated(),
            "monitoring_at": monitored.map(|update| update.at), "resolved_at": incident.until,
            "impact": impact(incident.severity), "shortlink": format!("{}incidents.html#{}", self.url, incident.id),
            "started_at": incident.from, "page_id": self.page_id, "incident_updates": updates,
            "components": self.components_of(&incident.endpoints), "reminder_intervals": null,
        })
    }

    fn window(&self, window: &PublicWindow) -> Value {
        let (status, resolved) = match () {
            () if window.is_now(self.now) => ("in_progress", None),
            () if window.until <= self.now => ("completed", Some(window.until)),
            () => ("scheduled", None),
        };
        let window_id = id(&window.id);
        json!({
            "id": window_id, "name": window.title, "status": status, "created_at": window.from,
            "updated_at": window.from, "monitoring_at": null, "resolved_at": resolved, "impact": "maintenance",
            "shortlink": format!("{}#{}", self.url, slug(&window.id)), "started_at": window.from,
            "page_id": self.page_id, "incident_updates": [], "components": self.components_of(&window.endpoints),
            "scheduled_for": window.from, "scheduled_until": window.until,
        })
    }
}

const fn status(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Investigating => "investigating",
        IncidentStatus::Identified => "identified",
        IncidentStatus::Monitoring => "monitoring",
        IncidentStatus::Resolved => "resolved",
    }
}

const fn impact(severity: IncidentSeverity) -> &'static str {
    match severity {
        IncidentSeverity::Minor => "minor",
        IncidentSeverity::Major => "major",
        IncidentSeverity::Critical => "critical",
    }
}
