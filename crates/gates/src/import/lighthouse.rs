//! `lighthouserc`, the configuration of Lighthouse CI.

use serde_json::Value as Json;
use toml::Value;

use super::{Imported, UNLIKE, audits, entries, limits, members, number};

const LIGHTHOUSE: &str = "gates.lighthouse";

/// Categories whose scores the gate knows.
const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];

const SERVED: &str = "the gates serve the release themselves";

/// What of `ci.collect` is not needed, and why.
const COLLECT: [(&str, &str); 10] = [
    ("numberOfRuns", "a page is measured until it is certain, at most `max-runs` times"),
    ("staticDistDir", "the site is what `[build]` makes"),
    ("startServerCommand", SERVED),
    ("startServerReadyPattern", SERVED),
    ("startServerReadyTimeout", SERVED),
    ("isSinglePageApplication", SERVED),
    ("autodiscoverUrlBlocklist", "only what `pages` lists is measured"),
    ("maxAutodiscoverUrls", "only what `pages` lists is measured"),
    ("chromePath", "Chromium is found by itself, or by `CHROME_PATH`"),
    ("puppeteerScript", "pages are measured as visitors get them who are not known"),
];

pub(super) fn import(tree: &Json, out: &mut Imported) {
    for (key, value) in members(tree) {
        if key != "ci" {
            out.leave(key, "Lighthouse CI itself reads only `ci`");
            continue;
        }
        for (section, value) in members(value) {
            match section {
                "collect" => collect(value, out),
                "assert" => assert("ci.assert", value, out),
                "upload" | "server" | "wizard" => {
                    out.leave(&format!("ci.{section}"), "verdicts are kept in the project's own record log");
                }
                _ => out.leave(&format!("ci.{section}"), UNLIKE),
            }
        }
    }
}

fn collect(collect: &Json, out: &mut Imported) {
    for (key, value) in members(collect) {
        let foreign = format!("ci.collect.{key}");
        match key {
            "url" => pages(&foreign, value, out),
            "settings" => members(value).for_each(|(key, value)| setting(&format!("{foreign}.{key}"), key, value, out)),
            _ => {
                let why = COLLECT.iter().find(|(name, _)| *name == key).map_or(UNLIKE, |(_, why)| why);
                out.leave(&foreign, why);
            }
        }
    }
}

/// Takes URLs over as paths within the site.
fn pages(foreign: &str, urls: &Json, out: &mut Imported) {
    let mut pages: Vec<Value> = Vec::new();
    for url in entries(urls).iter().filter_map(Json::as_str) {
        match page(url) {
            Some(page) if !pages.iter().any(|other| other.as_str() == Some(&page)) => pages.push(page.into()),
            Some(_) => {}
            None => out.leave(foreign, "one of its URLs has a query or names no page of the site"),
        }
    }
    if !pages.is_empty() {
        out.set(foreign, LIGHTHOUSE, "pages", pages);
    }
}

/// Returns the path of a URL; one that ends in no file is a folder's.
fn page(url: &str) -> Option<String> {
    let base = url::Url::parse("http://localhost/").ok()?;
    let url = base.join(url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.query().is_none())?;
    let path = percent_encoding::percent_decode_str(url.path()).decode_utf8().ok()?.into_owned();
    let last = path.rsplit('/').next().unwrap_or_default();
    let page = if last.is_empty() || last.contains('.') { path } else { format!("{path}/") };
    (!page.contains(char::is_control) && page.len() < 1_000).then_some(page)
}

fn setting(foreign: &str, key: &str, value: &Json, out: &mut Imported) {
    match (key, value.as_str()) {
        ("preset", Some(form @ "desktop"))
        | ("formFactor" | "emulatedFormFactor", Some(form @ ("mobile" | "desktop"))) => {
            out.set(foreign, LIGHTHOUSE, "form-factors", vec![Value::from(form)]);
        }
        ("preset", _) => out.leave(foreign, "it says which audits are run, and all that count in a score are"),
        ("onlyCategories" | "onlyAudits" | "skipAudits", _) => {
            out.leave(foreign, "a category that is not to count is `\"off\"`, such as `seo = \"off\"`");
        }
        ("throttling" | "throttlingMethod" | "screenEmulation" | "emulatedUserAgent", _) => {
            out.leave(foreign, "a device is shown with the speed and the screen that Lighthouse gives it");
        }
        ("budgets" | "budgetPath" | "budgetsPath", _) => {
            out.leave(foreign, "Lighthouse 12 no longer reads budgets: import the file with them");
        }
        ("chromeFlags" | "port" | "chromePath", _) => out.leave(foreign, "the browser is run by the gate"),
        _ => out.leave(foreign, UNLIKE),
    }
}

fn assert(place: &str, assert: &Json, out: &mut Imported) {
    for (key, value) in members(assert) {
        let foreign = format!("{place}.{key}");
        match key {
            "assertions" => {
                members(value).for_each(|(name, value)| assertion(&format!("{foreign}.{name}"), name, value, out))
            }
            "assertMatrix" => {
                for (index, part) in entries(value).iter().enumerate() {
                    matrix(&format!("{foreign}[{index}]"), part, out);
                }
            }
            "matchingUrlPattern" => out.take(&foreign, "limits for every page, which all limits here are"),
            "preset" => {
                out.leave(&foreign, "it asserts audits one by one; the scores of the categories are held instead")
            }
            "budgetsFile" => out.leave(&foreign, "type `cargo xtask gates import` with that file's name as well"),
            "includePassedAssertions" => out.leave(&foreign, "reports say what was looked at, too"),
            "aggregationMethod" => out.leave(&foreign, AGGREGATION),
            _ => out.leave(&foreign, UNLIKE),
        }
    }
}

const AGGREGATION: &str = "a figure is judged by an interval of the median over as many runs as it takes";

/// Takes a part of a matrix over when it is for every page.
fn matrix(place: &str, part: &Json, out: &mut Imported) {
    let pattern = part.get("matchingUrlPattern").and_then(Json::as_str).unwrap_or(".*");
    if matches!(pattern, ".*" | "^.*$" | ".+" | "" | "http.*" | "https?://.*") {
        return assert(place, part, out);
    }
    out.leave(place, format!("it is for URLs like `{pattern}` only, and limits here are for every page"));
}

fn assertion(foreign: &str, name: &str, value: &Json, out: &mut Imported) {
    let (level, options) = match entries(value) {
        [level, options] => (level, Some(options)),
        [level] => (level, None),
        _ => return out.leave(foreign, "it is neither a level nor a level with options"),
    };
    // YAML has another word for `false`.
    let is_off = level.as_str() == Some("off") || level.as_bool() == Some(false);
    let is_warning = level.as_str() == Some("warn");
    if !is_off && !is_warning && level.as_str() != Some("error") {
        return out.leave(foreign, "its level is none of `off`, `warn`, `error`");
    }
    let option = |key: &str| options.and_then(|options| options.get(key)).and_then(Json::as_f64);
    for (key, _) in options.into_iter().flat_map(members) {
        match key {
            "minScore" | "maxNumericValue" => {}
            "aggregationMethod" => out.leave(&format!("{foreign}.{key}"), AGGREGATION),
            _ => out.leave(&format!("{foreign}.{key}"), UNLIKE),
        }
    }
    let parts: Vec<&str> = name.split([':', '.']).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["categories", category] if CATEGORIES.contains(category) => {
            let least = if is_off { Some(Value::from("off")) } else { score(option("minScore").unwrap_or(0.9)) };
            let Some(least) = least else { return out.leave(foreign, "its score is not between 0 and 1") };
            out.set(foreign, LIGHTHOUSE, category, least);
            if is_warning {
                out.set(foreign, "severity", &format!("lighthouse/{category}"), "warning");
            }
        }
        ["categories", "pwa"] => out.leave(foreign, "Lighthouse 12 no longer has this category"),
        ["categories", _] => out.leave(foreign, "the gate holds no score of this category"),
        ["resource-summary", sort, "size"] => match option("maxNumericValue") {
            Some(bytes) if !is_off => limits::size(foreign, sort, bytes, is_warning, out),
            _ => out.leave(foreign, "it names no limit"),
        },
        ["resource-summary", ..] => {
            out.leave(foreign, "how many files a page fetches is held to nothing here, only what they weigh");
        }
        ["total-byte-weight"] if !is_off && option("maxNumericValue").is_some() => {
            limits::size(foreign, "total", option("maxNumericValue").unwrap_or_default(), is_warning, out);
        }
        [audit] if limits::is_metric(audit) => match option("maxNumericValue") {
            Some(limit) if !is_off => limits::metric(foreign, audit, Some(limit), is_warning, out),
            None if is_off => limits::metric(foreign, audit, None, false, out),
            _ => out.leave(foreign, "it is about the score of one metric; give `maxNumericValue`, its limit"),
        },
        _ if is_off => out.leave(foreign, "it is off, and nothing here asks for it"),
        [audit, ..] => out.leave(foreign, audits::why_left(audit)),
        [] => out.leave(foreign, UNLIKE),
    }
}

fn score(score: f64) -> Option<Value> {
    (0.0..=1.0).contains(&score).then(|| number(score * 100.0))
}
