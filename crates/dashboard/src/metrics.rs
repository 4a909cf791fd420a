//! The figures, as monitoring systems read them.

use std::fmt::{self, Display, Write as _};

use charter_deploy_model::UptimeStatus;

use crate::words::vital_id;
use crate::{Availability, Endpoint, View};

/// How often the pages refused something, since they are served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefusedCounts {
    /// Requests by a name that is none of theirs.
    pub host: u64,
    /// Forms that came from elsewhere.
    pub origin: u64,
    /// Forms of people who had not signed in.
    pub session: u64,
    /// Wrong tokens.
    pub token: u64,
    /// What other services sent and was not taken.
    pub hook: u64,
}

/// Writes the figures of a view in the text format of OpenMetrics 1.0; what was not measured has no line.
///
/// <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>
///
/// ```
/// use charter_dashboard::{RefusedCounts, View, metrics};
///
/// let text = metrics(&View::new("docs", "2026-11-21T02:07:11Z".parse()?), &RefusedCounts::default());
/// assert!(text.ends_with("# EOF\n"));
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn metrics(view: &View, refused: &RefusedCounts) -> String {
    let mut text = Text(String::with_capacity(2048 + view.endpoints.len() * 1024));
    endpoints(&mut text, &view.endpoints);
    if let Some(standing) = &view.standing {
        text.family("charter_constitution_score", "gauge", "How much of the constitution is kept, of 100.");
        text.sample("charter_constitution_score", &[], standing.total);
        text.family("charter_principle_points", "gauge", "How much of a principle is kept, of 20.");
        for it in &standing.principles {
            text.sample("charter_principle_points", &[("principle", it.principle.meta().numeral)], it.points);
        }
    }
    text.family("charter_web_vital", "gauge", "A web vital of a page: paints in seconds, delays in milliseconds.");
    for page in &view.vitals {
        for it in &page.vitals {
            let labels = [("url", page.url.as_str()), ("vital", vital_id(it.vital))];
            text.sample("charter_web_vital", &labels, it.rated.value);
        }
    }
    text.family("charter_alerts_open", "gauge", "Alerts that are not over.");
    text.sample("charter_alerts_open", &[], view.open_alerts().count());
    text.family("charter_incidents_open", "gauge", "Incidents that are not over.");
    text.sample("charter_incidents_open", &[], view.open_incidents().count());
    if let Some(live) = &view.live {
        text.family("charter_live", "info", "The deployment that users see.");
        let (id, commit) = (live.deployment_id.to_string(), live.commit.as_str());
        text.sample("charter_live_info", &[("deployment", &id), ("commit", commit)], 1);
        text.family("charter_live_since_timestamp_seconds", "gauge", "Since when users see it.");
        text.unit("charter_live_since_timestamp_seconds", "seconds");
        text.sample("charter_live_since_timestamp_seconds", &[], live.since.as_second());
    }
    if let Some(health) = view.health {
        if let Some(ms) = health.lateness_p99_ms {
            text.family("charter_monitor_lateness_seconds", "summary", "How late the monitor looks.");
            text.unit("charter_monitor_lateness_seconds", "seconds");
            text.sample("charter_monitor_lateness_seconds", &[("quantile", "0.99")], ms / 1000.0);
        }
        text.family("charter_monitor_missed_slots", "gauge", "Looks that were missed over 24 hours.");
        text.sample("charter_monitor_missed_slots", &[], health.missed_slots);
        text.family("charter_outbox", "gauge", "Notices that are not delivered.");
        for (state, count) in [("waiting", health.outbox_waiting), ("failing", health.outbox_failing)] {
            if let Some(count) = count {
                text.sample("charter_outbox", &[("state", state)], count);
            }
        }
    }
    text.family("charter_dashboard_refused", "counter", "What these pages refused.");
    let RefusedCounts { host, origin, session, token, hook } = *refused;
    for (reason, count) in [("host", host), ("origin", origin), ("session", session), ("token", token), ("hook", hook)]
    {
        text.sample("charter_dashboard_refused_total", &[("reason", reason)], count);
    }
    text.0.push_str("# EOF\n");
    text.0
}

type Figure = fn(Availability) -> f64;

fn endpoints(text: &mut Text, endpoints: &[Endpoint]) {
    text.family("charter_endpoint_status", "stateset", "How an endpoint is.");
    for endpoint in endpoints {
        for (status, name) in [
            (UptimeStatus::Up, "up"),
            (UptimeStatus::Degraded, "degraded"),
            (UptimeStatus::Down, "down"),
            (UptimeStatus::Unknown, "unknown"),
        ] {
            let labels = [("endpoint", endpoint.name.as_str()), ("charter_endpoint_status", name)];
            text.sample("charter_endpoint_status", &labels, u8::from(endpoint.status == status));
        }
    }
    text.family("charter_endpoint_latency_seconds", "summary", "How fast an endpoint answers, over 24 hours.");
    text.unit("charter_endpoint_latency_seconds", "seconds");
    for endpoint in endpoints {
        let it = endpoint.latency;
        for (quantile, ms) in [("0.5", it.p50_ms), ("0.95", it.p95_ms), ("0.99", it.p99_ms)] {
            if let Some(ms) = ms {
                let labels = [("endpoint", endpoint.name.as_str()), ("quantile", quantile)];
                text.sample("charter_endpoint_latency_seconds", &labels, ms / 1000.0);
            }
        }
    }
    let uptime: Figure = |it| it.uptime_percent.get();
    let coverage: Figure = |it| it.coverage_percent.get();
    for (name, help, figure) in [
        ("charter_endpoint_uptime_ratio", "In which share of measured time it was up.", uptime),
        ("charter_endpoint_coverage_ratio", "Which share of time was measured.", coverage),
    ] {
        text.family(name, "gauge", help);
        text.unit(name, "ratio");
        for endpoint in endpoints {
            let it = endpoint.uptime;
            for (period, availability) in
                [("24h", it.hours24), ("7d", it.days7), ("30d", it.days30), ("90d", it.days90)]
            {
                if let Some(availability) = availability {
                    let labels = [("endpoint", endpoint.name.as_str()), ("period", period)];
                    text.sample(name, &labels, figure(availability) / 100.0);
                }
            }
        }
    }
}

/// Text that is being written; writing to memory does not fail.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, sort: &str, help: &str) {
        let _ = writeln!(self.0, "# TYPE {name} {sort}\n# HELP {name} {help}");
    }

    fn unit(&mut self, name: &str, unit: &str) {
        let _ = writeln!(self.0, "# UNIT {name} {unit}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, value)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if place == 0 { '{' } else { ',' }, Escaped(value));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }
}

/// A label's value: only these three are escaped.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for each in self.0.chars() {
            match each {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                _ => f.write_char(each)?,
            }
        }
        Ok(())
    }
}
