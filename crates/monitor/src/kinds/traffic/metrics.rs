//! What a server counts of itself, in the text format of Prometheus (version 0.0.4).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Summary;
use crate::kinds::http::HttpConfig;

/// Where a server tells its counts, and which of them are told of.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MetricsConfig {
    /// How they are asked for, as for an `http` probe.
    pub request: HttpConfig,
    /// The counter of requests.
    #[serde(default = "requests")]
    pub requests: String,
    /// Its label that holds the status.
    #[serde(default = "code")]
    pub status_label: String,
    /// The histogram of durations, in seconds.
    #[serde(default)]
    pub durations: Option<String>,
    /// Other counters, such as of orders: each is told as a rate.
    #[serde(default)]
    pub counters: Vec<String>,
}

fn requests() -> String {
    "http_requests_total".to_owned()
}

fn code() -> String {
    "code".to_owned()
}

/// What is counted at one moment: each series by its name and labels as they are written.
pub(super) type Counts = BTreeMap<String, f64>;

/// Reads the series that are told of, or built from; everything else is left out.
pub(super) fn read(text: &str, config: &MetricsConfig) -> Counts {
    let buckets = config.durations.as_ref().map(|name| format!("{name}_bucket"));
    let wanted = |name: &str| {
        name == config.requests || buckets.as_deref() == Some(name) || config.counters.iter().any(|it| it == name)
    };
    let line = |line: &str| {
        let end = line.rfind('}').map_or_else(|| line.find(' ').unwrap_or(line.len()), |at| at + 1);
        let (series, value) = line.split_at(end);
        let value = value.split_whitespace().next()?.parse::<f64>().ok().filter(|value| value.is_finite())?;
        wanted(name_of(series)).then(|| (series.to_owned(), value))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(line).collect()
}

fn name_of(series: &str) -> &str {
    series.split('{').next().unwrap_or_default()
}

/// Returns a label's value; an escaped one is returned as it is written.
fn label<'a>(series: &'a str, label: &str) -> Option<&'a str> {
    let labels = series.split_once('{')?.1;
    let at = labels.match_indices(label).find(|(at, _)| {
        let before = labels[..*at].chars().next_back();
        matches!(before, None | Some(',' | ' ')) && labels[at + label.len()..].starts_with("=\"")
    })?;
    labels[at.0 + label.len() + 2..].split('"').next()
}

/// Returns what came between two moments. A counter that is smaller than before began anew at nothing.
pub(super) fn between(before: &Counts, after: &Counts, config: &MetricsConfig) -> (Summary, BTreeMap<String, f64>) {
    let grown = after.iter().map(|(series, value)| {
        let was = before.get(series).copied().unwrap_or(0.0);
        (series.as_str(), if *value < was { *value } else { value - was })
    });
    let (mut summary, mut others) = (Summary::default(), BTreeMap::new());
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for (series, count) in grown {
        let name = name_of(series);
        if name == config.requests {
            summary.requests += count;
            if label(series, &config.status_label).is_some_and(|status| status.starts_with('5')) {
                summary.errors += count;
            }
        } else if config.counters.iter().any(|it| it == name) {
            *others.entry(name.to_owned()).or_insert(0.0) += count;
        } else if let Some(bound) = label(series, "le").and_then(|bound| bound.parse().ok()) {
            match buckets.iter_mut().find(|(other, _)| *other == bound) {
                Some((_, sum)) => *sum += count,
                None => buckets.push((bound, count)),
            }
        }
    }
    buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    summary.milliseconds = [50.0, 95.0, 99.0].map(|percent| quantile(&buckets, percent).map(|it| it * 1000.0));
    (summary, others)
}

/// Returns a quantile of cumulative buckets as Prometheus does: evenly spread within a bucket, and the highest bound
/// for what lies above it.
fn quantile(buckets: &[(f64, f64)], percent: f64) -> Option<f64> {
    let (last, all) = buckets.last().filter(|(bound, all)| bound.is_infinite() && *all > 0.0)?;
    let rank = all * percent / 100.0;
    let at = buckets.iter().position(|(_, count)| *count >= rank)?;
    let (from, below) = if at == 0 { (0.0, 0.0) } else { buckets[at - 1] };
    let (to, count) = buckets[at];
    if to >= *last {
        return (at > 0).then_some(from);
    }
    Some(from + (to - from) * (rank - below) / (count - below))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TEXT: &str = "# TYPE http_requests_total counter\n\
        http_requests_total{code=\"200\",path=\"/a b}\"} 100\n\
        http_requests_total{path=\"/\", code=\"502\"} 4 1700000000\n\
        orders_total 7\n\
        other_total 9\n\
        took_seconds_bucket{le=\"0.1\"} 50\n\
        took_seconds_bucket{le=\"0.5\"} 90\n\
        took_seconds_bucket{le=\"+Inf\"} 100\n";

    fn config() -> MetricsConfig {
        let section = json!({
            "request": { "url": "http://127.0.0.1/" }, "durations": "took_seconds", "counters": ["orders_total"],
        });
        serde_json::from_value(section).unwrap()
    }

    #[test]
    fn what_grew_is_told() {
        let after = read(TEXT, &config());
        assert_eq!(after.len(), 6, "{after:?}");
        let (summary, others) = between(&Counts::new(), &after, &config());
        assert_eq!((summary.requests, summary.errors), (104.0, 4.0));
        assert_eq!(others["orders_total"], 7.0);
        // Half lie below 0.1; the slowest tenth lies above the highest bound.
        assert_eq!(summary.milliseconds, [Some(100.0), Some(500.0), Some(500.0)]);
    }

    #[test]
    fn a_counter_that_began_anew_counts_from_nothing() {
        let (before, after) = (read("orders_total 100\n", &config()), read("orders_total 3\n", &config()));
        assert_eq!(between(&before, &after, &config()).1["orders_total"], 3.0);
        let (none, _) = between(&after, &after, &config());
        assert_eq!((none.requests, none.milliseconds), (0.0, [None; 3]));
    }
}
