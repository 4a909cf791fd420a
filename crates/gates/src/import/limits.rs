//! Lighthouse's metrics and sizes as limits of gates, and the budgets that Lighthouse once read.

use serde_json::Value as Json;
use toml::Value;

use super::{Imported, UNLIKE, audits, entries, members, number};

/// Lighthouse's audit of a metric, the key of the gates for it, the end of the code, and whether `core-web-vitals`
/// measures it too.
const METRICS: [(&str, &str, &str, bool); 6] = [
    ("largest-contentful-paint", "max-lcp-ms", "lcp", true),
    ("first-contentful-paint", "max-fcp-ms", "fcp", true),
    ("cumulative-layout-shift", "max-cls", "cls", true),
    ("total-blocking-time", "max-tbt-ms", "tbt", true),
    ("max-potential-fid", "max-potential-fid-ms", "max-potential-fid", false),
    ("speed-index", "max-speed-index-ms", "speed-index", false),
];

/// Lighthouse's sort of resource, the key of `page-weight` for it, and the code.
const SORTS: [(&str, &str, &str); 5] = [
    ("script", "max-script-bytes", "page-weight/script"),
    ("stylesheet", "max-style-bytes", "page-weight/style"),
    ("image", "max-image-bytes", "page-weight/image"),
    ("font", "max-font-bytes", "page-weight/font"),
    ("total", "max-total-bytes", "page-weight/total"),
];

/// Says whether an audit is of a metric that the gates measure.
pub(super) fn is_metric(audit: &str) -> bool {
    METRICS.iter().any(|(name, ..)| *name == audit)
}

/// Holds a metric to a limit in milliseconds, or of layout shift; to none when it is absent. The gate
/// `core-web-vitals` measures some of them as well, and would go on holding them to its own limit.
pub(super) fn metric(foreign: &str, audit: &str, limit: Option<f64>, is_warning: bool, out: &mut Imported) {
    let Some((_, key, end, is_vital)) = METRICS.iter().find(|(name, ..)| *name == audit) else {
        return out.leave(foreign, audits::why_left(audit));
    };
    let Some(value) = limit.map_or(Some(Value::from("off")), usable) else {
        return out.leave(foreign, "its limit is no number that a page could be held to");
    };
    let gates: &[&'static str] =
        if *is_vital { &["gates.lighthouse", "gates.core-web-vitals"] } else { &["gates.lighthouse"] };
    for table in gates {
        out.set(foreign, table, key, value.clone());
        if is_warning {
            let gate = table.trim_start_matches("gates.");
            out.set(foreign, "severity", &format!("{gate}/{end}"), "warning");
        }
    }
}

/// Holds a sort of resource to a limit in bytes.
pub(super) fn size(foreign: &str, sort: &str, bytes: f64, is_warning: bool, out: &mut Imported) {
    let Some((_, key, code)) = SORTS.iter().find(|(name, ..)| *name == sort) else {
        let because = match sort {
            "third-party" => "what comes from other hosts is named in a note and not weighed",
            "document" => "the page itself counts within `max-total-bytes`",
            "media" => "video and audio are fetched later and not counted",
            _ => "there is no budget for this sort of file alone",
        };
        return out.leave(foreign, because);
    };
    match usable(bytes.floor()) {
        Some(Value::Integer(bytes)) => {
            out.set(foreign, "gates.page-weight", key, bytes);
            if is_warning {
                out.set(foreign, "severity", code, "warning");
            }
        }
        _ => out.leave(foreign, "its limit is no number of bytes"),
    }
}

fn usable(limit: f64) -> Option<Value> {
    (0.0..=1e12).contains(&limit).then(|| number(limit))
}

/// Takes `budgets.json` over: a list of budgets, each for some paths.
pub(super) fn import(tree: &Json, out: &mut Imported) {
    for (index, budget) in entries(tree).iter().enumerate() {
        let path = budget.get("path").and_then(Json::as_str).unwrap_or("/*");
        let is_of_all = matches!(path, "/" | "/*" | "*" | "/**");
        for (key, value) in members(budget) {
            let foreign = format!("[{index}].{key}");
            match key {
                "path" if is_of_all => out.take(&foreign, "limits for every page, which all limits here are"),
                "path" => out.leave(&foreign, format!("it is for `{path}` only, and limits here are for every page")),
                "options" => options(&foreign, value, out),
                "timings" | "resourceSizes" | "resourceCounts" if !is_of_all => {
                    out.leave(&foreign, format!("it is for `{path}` only, and limits here are for every page"));
                }
                "timings" | "resourceSizes" | "resourceCounts" => {
                    entries(value).iter().for_each(|entry| one(&format!("[{index}]"), key, entry, out));
                }
                _ => out.leave(&foreign, UNLIKE),
            }
        }
    }
}

fn one(place: &str, list: &str, entry: &Json, out: &mut Imported) {
    let name = |key: &str| entry.get(key).and_then(Json::as_str).unwrap_or_default();
    let limit = entry.get("budget").and_then(Json::as_f64);
    let (sort, metric_name) = (name("resourceType"), name("metric"));
    let foreign = format!("{place}.{list}: {sort}{metric_name}");
    match (list, limit) {
        (_, None) => out.leave(&foreign, "it has no `budget` that is a number"),
        ("timings", Some(limit)) => metric(&foreign, metric_name, Some(limit), false, out),
        // KiB, as Lighthouse took them.
        ("resourceSizes", Some(limit)) => size(&foreign, sort, limit * 1024.0, false, out),
        _ => out.leave(&foreign, "how many files a page fetches is held to nothing here, only what they weigh"),
    }
}

fn options(foreign: &str, options: &Json, out: &mut Imported) {
    for (key, value) in members(options) {
        let foreign = format!("{foreign}.{key}");
        if key != "firstPartyHostnames" {
            out.leave(&foreign, UNLIKE);
            continue;
        }
        let names = entries(value).iter().filter_map(Json::as_str);
        let (plain, other): (Vec<&str>, Vec<&str>) = names.partition(|name| is_host(name));
        if !other.is_empty() {
            out.leave(&foreign, "`hosts` takes whole names of hosts in lower case, without `*`");
        }
        if !plain.is_empty() {
            let hosts: Vec<Value> = plain.into_iter().map(Value::from).collect();
            out.set(&foreign, "gates.page-weight", "hosts", hosts);
        }
    }
}

fn is_host(name: &str) -> bool {
    url::Host::parse(name).is_ok() && !name.contains(char::is_uppercase) && !name.contains('*')
}
