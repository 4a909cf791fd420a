//! What the records say together.

use charter_deploy_model::analytics::{EndpointUptime, MonitoringAnalytics, PerformanceAnalytics};
use charter_deploy_model::dora::Dora;
use charter_deploy_model::statistics::Trend;
use charter_deploy_model::{Environment, Percent, Window};
use serde::Serialize;

use crate::figures::{duration, grouped, score, time};
use crate::incident::seconds;
use crate::layout::{heading, table};
use crate::style::{BOLD, DIM, paint};
use crate::visible;

/// How an environment fared over days.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Analytics {
    /// Which.
    pub environment: Environment,
    /// The days.
    pub window: Window,
    /// How software was delivered. Without incidents or failed changes its change failure rate is absent: nobody looked.
    pub dora: Dora,
    /// How deployments fared.
    pub deployments: PerformanceAnalytics,
    /// How the site fared once it was live.
    pub monitoring: MonitoringAnalytics,
    /// How each endpoint fared.
    pub endpoints: Vec<WatchedUptime>,
    /// What went wrong.
    pub incidents: IncidentFigures,
    /// How long the parts of deployments took.
    pub times: Vec<Spread>,
}

/// How one endpoint fared, and how fast it answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchedUptime {
    /// Whether it answered.
    #[serde(flatten)]
    pub uptime: EndpointUptime,
    /// How long its answers took; absent when it never answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Spread>,
}

/// How a figure is spread, in milliseconds: nearest-rank percentiles.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Spread {
    /// What took that long.
    pub name: &'static str,
    /// How many values there were.
    pub count: u64,
    /// The 50th percentile.
    pub p50_ms: f64,
    /// The 95th percentile.
    pub p95_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// Where it is going; absent for fewer than four values, or where their order is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trend: Option<Trend>,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentFigures {
    /// Whether anybody would have known of one: a monitor ran, or somebody wrote one down.
    pub collected: bool,
    /// How many began; absent when they are not collected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub began: Option<u64>,
    /// How many of all are not over.
    pub open: u64,
    /// How long those that began and are over lasted, in seconds, the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mttr_seconds: Option<f64>,
    /// The longest of them, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest_seconds: Option<f64>,
}

const NOT_COLLECTED: &str = "N/A: no incident is collected";

/// Returns how an environment fared over days.
#[must_use]
pub fn analytics(it: &Analytics) -> String {
    let (from, to) = (time(it.window.from), time(it.window.to));
    let mut text = format!("{}\n\n", paint(BOLD, &format!("{}, {from} to {to}", it.environment)));
    text += &section("delivery", &delivery(it));
    text += &section("deployments", &deployments(&it.deployments));
    text += &section("incidents", &incidents(&it.incidents));
    text += &uptime(&it.endpoints);
    text += &section("what visitors get", &visits(&it.monitoring));
    text += &spreads(&it.times);
    text
}

type Row = (&'static str, String);

fn section(title: &str, rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rows: Vec<Vec<String>> = rows.iter().map(|(name, value)| vec![format!("  {name}"), value.clone()]).collect();
    let body = table(&["", ""], &rows);
    // The head of such a table is empty.
    format!("{}{}\n", heading(title), body.split_once('\n').map_or("", |(_, rows)| rows))
}

fn no_data() -> String {
    paint(DIM, "no data")
}

fn delivery(it: &Analytics) -> Vec<Row> {
    let dora = &it.dora;
    let timed = |figure: Option<f64>| figure.map_or_else(no_data, seconds);
    let share = |figure: Option<Percent>| figure.map_or_else(no_data, percent);
    let failure = match (dora.change_failure_percent, it.incidents.collected) {
        (None, false) => NOT_COLLECTED.to_owned(),
        (Some(rate), false) => {
            format!("at least {}, by rollbacks and hotfixes; no incident is collected", percent(rate))
        }
        (rate, true) => share(rate),
    };
    vec![
        ("changes that reached users", grouped(dora.changes)),
        ("deployment frequency", dora.deployments_per_day.map_or_else(no_data, |often| format!("{often:.2} a day"))),
        ("lead time for changes, median", timed(dora.lead_time_seconds)),
        ("change failure rate", failure),
        ("time to restore, median", timed(dora.time_to_restore_seconds)),
        ("rework rate", share(dora.rework_percent)),
    ]
}

fn deployments(it: &PerformanceAnalytics) -> Vec<Row> {
    let often = it.deployment_frequency;
    let mut rows = vec![(
        "changes",
        format!("{} in a day, {} in a week, {} in 30 days", often.daily, often.weekly, often.monthly),
    )];
    if let Some(success) = &it.deployment_success {
        rows.push(("succeeded", going(percent(success.rate), success.trend)));
        let reasons: Vec<String> =
            success.failure_reasons.iter().map(|(why, count)| format!("{} {count}", visible(why))).collect();
        if !reasons.is_empty() {
            rows.push(("failed for", reasons.join(", ")));
        }
    }
    if let Some(build) = &it.build_times {
        let text = format!("{} on average, 95 % within {}", seconds(build.average), seconds(build.percentile95));
        rows.push(("build", going(text, build.trend)));
    }
    if let Some(compliance) = &it.constitutional_compliance {
        if let Some(average) = compliance.average_score {
            rows.push(("score", going(format!("{} of 100", score(average.get())), compliance.trend)));
        }
        let codes: Vec<String> =
            compliance.violations.iter().map(|(code, count)| format!("{} {count}", visible(code))).collect();
        if !codes.is_empty() {
            rows.push(("violations", codes.join(", ")));
        }
    }
    rows
}

fn incidents(it: &IncidentFigures) -> Vec<Row> {
    let Some(began) = it.began else { return vec![("began", NOT_COLLECTED.to_owned())] };
    let mut rows = vec![("began", grouped(began))];
    rows.extend((it.open > 0).then(|| ("not over", grouped(it.open))));
    rows.push(("mean time to recovery", it.mttr_seconds.map_or_else(no_data, seconds)));
    rows.extend(it.longest_seconds.map(|longest| ("longest", seconds(longest))));
    rows
}

fn uptime(endpoints: &[WatchedUptime]) -> String {
    if endpoints.is_empty() {
        return section("uptime", &[("", "N/A: no whole hour was watched".to_owned())]);
    }
    let rows: Vec<Vec<String>> = endpoints
        .iter()
        .map(|it| {
            let share = |figure: Option<Percent>| figure.map_or_else(no_data, percent);
            let latency = it.latency.as_ref();
            let took = latency.map_or_else(no_data, |took| {
                format!("{:.0} / {:.0} / {:.0} ms", took.p50_ms, took.p95_ms, took.p99_ms)
            });
            vec![
                format!("  {}", visible(&it.uptime.name)),
                going(share(it.uptime.uptime_percent), it.uptime.trend),
                share(it.uptime.coverage_percent),
                seconds_down(it.uptime.seconds.down),
                took,
            ]
        })
        .collect();
    let head = ["  uptime", "answered", "known", "down", "p50 / p95 / p99"];
    format!("{}\n", table(&head, &rows))
}

fn seconds_down(down: f64) -> String {
    if down > 0.0 { seconds(down) } else { "never".to_owned() }
}

fn visits(it: &MonitoringAnalytics) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(standing) = &it.constitutional_compliance {
        rows.push(("score, as watched", format!("{} of 100", score(standing.overall_score.get()))));
    }
    let Some(visits) = &it.performance else { return rows };
    if let Some(scores) = visits.lighthouse_scores {
        let figures = [scores.performance, scores.accessibility, scores.best_practices, scores.seo].map(score);
        rows.push(("Lighthouse", format!("{} (performance, accessibility, best practices, SEO)", figures.join(" / "))));
    }
    let vitals = visits.core_web_vitals;
    for (name, vital, unit, digits) in [
        ("LCP", vitals.lcp, " s", 2),
        ("INP", vitals.inp, " ms", 0),
        ("CLS", vitals.cls, "", 3),
        ("FCP", vitals.fcp, " s", 2),
        ("TBT", vitals.tbt, " ms", 0),
        ("FID", vitals.fid, " ms", 0),
    ] {
        rows.extend(vital.map(|vital| (name, going(format!("{:.digits$}{unit}", vital.current), vital.trend))));
    }
    rows
}

fn spreads(times: &[Spread]) -> String {
    if times.is_empty() {
        return String::new();
    }
    let milliseconds = |value: f64| duration(value.round().max(0.0) as u64);
    let rows: Vec<Vec<String>> = times
        .iter()
        .map(|it| {
            vec![
                format!("  {}", it.name),
                grouped(it.count),
                milliseconds(it.p50_ms),
                milliseconds(it.p95_ms),
                going(milliseconds(it.p99_ms), it.trend),
            ]
        })
        .collect();
    table(&["  time", "of", "p50", "p95", "p99"], &rows)
}

/// `99.95 %`, never rounded up to all.
fn percent(value: Percent) -> String {
    let hundredths = (value.get() * 100.0).floor() / 100.0;
    if hundredths.fract() == 0.0 { format!("{hundredths:.0} %") } else { format!("{hundredths:.2} %") }
}

fn going(text: String, trend: Option<Trend>) -> String {
    match trend {
        None => text,
        Some(Trend::Improving) => format!("{text}, improving"),
        Some(Trend::Stable) => format!("{text}, stable"),
        Some(Trend::Degrading) => format!("{text}, degrading"),
    }
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::StatusSeconds;
    use charter_deploy_model::analytics::{monitoring, performance};
    use charter_deploy_model::dora::dora;

    use super::*;
    use crate::{Marks, dress};

    fn nothing() -> Analytics {
        let environment = Environment::Production;
        let window = Window::days_until("2026-11-21T00:00:00Z".parse().unwrap(), 30);
        Analytics {
            environment,
            window,
            dora: dora(&[], &[], environment, window),
            deployments: performance(&[], environment, window),
            monitoring: monitoring(&[], &[], environment, window),
            endpoints: Vec::new(),
            incidents: IncidentFigures {
                collected: false,
                began: None,
                open: 0,
                mttr_seconds: None,
                longest_seconds: None,
            },
            times: Vec::new(),
        }
    }

    fn said(it: &Analytics) -> String {
        dress(&analytics(it), false, Marks::Ascii)
    }

    #[test]
    fn what_nobody_knows_is_not_said_to_be_nothing() {
        let text = said(&nothing());
        assert_eq!(text.matches("N/A: no incident is collected").count(), 2, "{text}");
        assert!(text.contains("lead time for changes, median  no data"), "{text}");
        assert!(!text.contains("0 %") && !text.contains("100 %"), "{text}");
    }

    #[test]
    fn uptime_is_never_rounded_up_and_stands_beside_what_is_known() {
        let uptime = EndpointUptime {
            name: "docs".to_owned(),
            address: "https://example.org/".to_owned(),
            seconds: StatusSeconds { down: 1.0, ..StatusSeconds::default() },
            uptime_percent: Percent::new(99.9999).ok(),
            coverage_percent: Percent::new(50.0).ok(),
            trend: Some(Trend::Stable),
        };
        let latency = Spread { name: "answer", count: 9, p50_ms: 12.0, p95_ms: 30.4, p99_ms: 41.0, trend: None };
        let it = Analytics { endpoints: vec![WatchedUptime { uptime, latency: Some(latency) }], ..nothing() };
        let text = said(&it);
        let line = text.lines().find(|line| line.contains("docs")).unwrap();
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(cells, ["docs", "99.99 %, stable", "50 %", "1.00 s", "12 / 30 / 41 ms"]);
    }
}
