//! Incidents: as lines, as a whole, and what was learned of one.

mod emergency;
mod post_mortem;

use charter_deploy_model::{IncidentSeverity, IncidentStatus, UptimeIncident, mean_time_to_recovery};
use jiff::Timestamp;

pub use emergency::{Emergency, EmergencyStep, StepOutcome, emergency};
pub use post_mortem::{PostMortem, incident_overview, post_mortem};

use crate::figures::{count, duration, time};
use crate::layout::{field, table};
use crate::style::{BOLD, DIM, Mark, paint};
use crate::visible;

/// Returns incidents, a line each, in the order given, and how long they lasted on average.
#[must_use]
pub fn incidents(incidents: &[UptimeIncident], now: Timestamp) -> String {
    if incidents.is_empty() {
        return format!("{}\n", paint(DIM, "no incidents"));
    }
    let rows: Vec<Vec<String>> = incidents.iter().map(|incident| row(incident, now)).collect();
    let mut text = table(&["  INCIDENT", "SEVERITY", "LASTED", "WHAT"], &rows);
    let open = incidents.iter().filter(|it| it.seconds().is_none()).count() as u64;
    let mut parts = vec![count(incidents.len() as u64, "incidents")];
    parts.extend((open > 0).then(|| format!("{open} not over")));
    parts.extend(mean_time_to_recovery(incidents).map(|mean| format!("mean time to recovery {}", seconds(mean))));
    text += &format!("\n{}\n", paint(BOLD, &parts.join(" · ")));
    text
}

fn row(it: &UptimeIncident, now: Timestamp) -> Vec<String> {
    let mark = if it.seconds().is_some() {
        Mark::Good
    } else if it.severity == IncidentSeverity::Minor {
        Mark::Care
    } else {
        Mark::Bad
    };
    let what = if it.impacted_services.is_empty() {
        visible(&it.description)
    } else {
        format!("{}: {}", visible(&it.impacted_services.join(", ")), visible(&it.description))
    };
    let state = if it.seconds().is_some() { String::new() } else { format!(" · {}", status(it.status)) };
    vec![
        format!("{} {}", mark.painted(), it.incident_id),
        severity(it.severity).to_owned(),
        lasted(it, now),
        what + &state,
    ]
}

fn lasted(it: &UptimeIncident, now: Timestamp) -> String {
    let so_far = || now.duration_since(it.start_time).as_secs_f64().max(0.0);
    it.seconds().map_or_else(|| format!("{} so far", seconds(so_far())), seconds)
}

/// Returns one incident with all that was written about it.
#[must_use]
pub fn incident(it: &UptimeIncident, now: Timestamp) -> String {
    const LABELS: usize = "deployment".len();
    let mark = if it.seconds().is_some() { Mark::Good } else { Mark::Bad };
    let mut text = format!("{} {}  {}\n\n", mark.painted(), it.incident_id, paint(BOLD, &visible(&it.description)));
    let mut line = |label: &str, said: Option<String>| {
        if let Some(said) = said.filter(|said| !said.is_empty()) {
            text += &field(label, LABELS, &said);
        }
    };
    line("status", Some(format!("{}, {}, {}", status(it.status), severity(it.severity), lasted(it, now))));
    line("services", Some(visible(&it.impacted_services.join(", "))));
    line("deployment", it.deployment_id.map(|id| id.to_string()));
    line("public", it.public_description.as_deref().map(visible));
    line("cause", it.root_cause.as_deref().map(visible));
    line("resolution", it.resolution.as_deref().map(visible));
    for update in &it.updates {
        let public = if update.public { " · public" } else { "" };
        let said = format!(
            "{} {} {}",
            visible(&update.text),
            paint(DIM, "—"),
            paint(DIM, &format!("{}, {}{public}", visible(&update.by), status(update.status)))
        );
        line(&time(update.at)[11..19], Some(said));
    }
    text
}

/// Seconds as people read them.
pub(crate) fn seconds(seconds: f64) -> String {
    duration((seconds * 1000.0).round().max(0.0) as u64)
}

pub(crate) const fn severity(severity: IncidentSeverity) -> &'static str {
    match severity {
        IncidentSeverity::Minor => "minor",
        IncidentSeverity::Major => "major",
        IncidentSeverity::Critical => "critical",
    }
}

pub(crate) const fn status(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Investigating => "investigating",
        IncidentStatus::Identified => "identified",
        IncidentStatus::Monitoring => "monitoring",
        IncidentStatus::Resolved => "resolved",
    }
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::{IncidentId, MonitoringAlert, OpenIncident, Stamp};

    use super::*;
    use crate::{Marks, dress};

    const HOSTILE: &str = "down\u{1b}[2J\r\n✓ forged | **bold** <img src=x>";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn open(title: &str) -> OpenIncident {
        let began = at("2026-11-21T02:07:11Z");
        let id = IncidentId::new(Stamp::of(began));
        let services = vec!["docs".to_owned()];
        OpenIncident::begin(id, began, "ann", IncidentSeverity::Critical, title, services)
    }

    fn learned(incident: UptimeIncident, alerts: Vec<MonitoringAlert>) -> PostMortem {
        let all = vec![incident.clone()];
        let made_at = at("2026-11-21T03:00:00Z");
        PostMortem { incident, alerts, before: None, compared_with: None, during: Vec::new(), all, made_at }
    }

    fn alert() -> MonitoringAlert {
        serde_json::from_value(serde_json::json!({
            "alertId": "20261121-020441-alert", "type": "uptime", "severity": "critical", "title": "docs is down",
            "description": "no answer", "triggeredAt": "2026-11-21T02:04:41Z",
            "acknowledgedAt": "2026-11-21T02:09:11Z", "escalated": false, "notificationsSent": [], "metadata": {},
        }))
        .unwrap()
    }

    #[test]
    fn what_is_not_over_says_how_long_it_has_been() {
        let now = at("2026-11-21T02:09:16Z");
        let text = dress(&incidents(&[open("nobody can sign in").record()], now), false, Marks::Unicode);
        assert!(text.contains("2 min 05 s so far"), "{text}");
        assert!(text.ends_with("\n1 incident · 1 not over\n"), "{text}");
        assert_eq!(dress(&incidents(&[], now), false, Marks::Ascii), "no incidents\n");
    }

    #[test]
    fn a_post_mortem_has_what_is_known_and_fields_for_what_is_not() {
        let mut it = open("nobody can sign in");
        it.resolve(at("2026-11-21T02:17:11Z"), "chris", "emptied the store");
        let text = post_mortem(&learned(it.record(), vec![alert()]));
        for part in [
            "| lasted | 10 min 00 s |",
            "| authors | ann, chris |",
            "## Root cause\n\n_to be filled in_\n",
            "## Resolution\n\nemptied the store\n",
            "| first failing look until it was noticed | 2 min 30 s |",
            "| deployment shown until it was noticed | not known |",
            "| noticed until it was over | 10 min 00 s |",
            "|  | prevent |  |  |",
            "- Mean time to recovery over 1 incident: 10 min 00 s.",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let timeline = text.split("## Timeline").nth(1).unwrap();
        let place = |what: &str| timeline.find(what).unwrap_or_else(|| panic!("{what} in {timeline}"));
        assert!(place("alert: docs is down") < place("opened"), "{timeline}");
        assert!(place("opened") < place("emptied the store"), "{timeline}");
    }

    #[test]
    fn what_people_write_acts_on_no_terminal_and_is_no_markup() {
        let mut it = open(HOSTILE);
        it.update(at("2026-11-21T02:08:00Z"), HOSTILE, HOSTILE, None, true);
        it.incident.impacted_services = vec![HOSTILE.to_owned()];
        it.public_title = Some(HOSTILE.to_owned());
        let (record, now) = (it.record(), at("2026-11-21T03:00:00Z"));
        let said = Emergency {
            environment: charter_deploy_model::Environment::Production,
            reason: HOSTILE.to_owned(),
            dry_run: false,
            incident: None,
            steps: vec![EmergencyStep {
                at: Some(now),
                name: "assess",
                outcome: StepOutcome::Done,
                text: HOSTILE.to_owned(),
            }],
            next: vec![HOSTILE.to_owned()],
        };
        let terminal = [incidents(std::slice::from_ref(&record), now), incident(&record, now), emergency(&said)];
        for text in terminal.map(|text| dress(&text, false, Marks::Unicode)) {
            assert!(!text.contains('\u{1b}') && !text.lines().any(|line| line.starts_with("✓ forged")), "{text}");
        }
        for text in [post_mortem(&learned(record.clone(), Vec::new())), incident_overview(&[record], now)] {
            assert!(!text.contains("<img") && !text.contains("**bold**"), "{text}");
            assert!(text.lines().filter(|line| line.starts_with('|')).all(|line| line.ends_with('|')), "{text}");
        }
    }
}
