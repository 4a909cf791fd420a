//! `deny.toml`, the configuration of cargo-deny.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::advisory::{self, Ignored, literal};
use super::{About, Imported, UNLIKE, entries, members, reason};
use crate::kinds::licenses;

const LICENSES: &str = "gates.licenses";

pub(super) fn import(tree: &Json, about: &About, out: &mut Imported) {
    for (section, value) in members(tree) {
        match section {
            "advisories" => members(value).for_each(|(key, value)| advisories(key, value, about, out)),
            "licenses" => members(value).for_each(|(key, value)| of_licenses(key, value, out)),
            "bans" => out.leave(section, "no gate forbids crates or several versions of one"),
            "sources" => {
                out.leave(section, "the gate `dependencies` counts what comes of no registry, and forbids none")
            }
            "graph" | "output" | "targets" | "exclude" | "all-features" | "no-default-features" | "features" => {
                out.leave(section, "the gates read the whole lock file");
            }
            _ => out.leave(section, UNLIKE),
        }
    }
}

fn advisories(key: &str, value: &Json, about: &About, out: &mut Imported) {
    let foreign = format!("advisories.{key}");
    match key {
        "ignore" => {
            for entry in entries(value) {
                if let Some(krate) = entry.get("crate").and_then(Json::as_str) {
                    out.leave(&format!("{foreign}: {krate}"), "whether a version was yanked is not asked here");
                    continue;
                }
                let id = entry.as_str().or_else(|| entry.get("id")?.as_str()).unwrap_or_default();
                let ignored = Ignored { id, package: None, reason: reason(entry.get("reason")), expires: None };
                advisory::waive(&format!("{foreign}: {id}"), ignored, about, out);
            }
        }
        "db-path" | "db-urls" => out.leave(&foreign, "advisories are looked for where cargo-deny keeps them"),
        "maximum-db-staleness" => {
            out.leave(&foreign, "`max-age-days` of `[gates.dependencies]` says how old they may be")
        }
        "unmaintained" | "unsound" | "notice" | "yanked" | "vulnerability" | "severity-threshold" => {
            out.leave(&foreign, "how bad each sort is, is said by its code in `[severity]`");
        }
        _ => out.leave(&foreign, UNLIKE),
    }
}

fn of_licenses(key: &str, value: &Json, out: &mut Imported) {
    let foreign = format!("licenses.{key}");
    match key {
        "allow" => {
            let names = entries(value).iter().filter_map(Json::as_str);
            let (known, unknown): (Vec<&str>, Vec<&str>) = names.partition(|name| licenses::is_known(name));
            unknown.iter().for_each(|name| out.leave(&format!("{foreign}: {name}"), "it is no licence of SPDX"));
            if !known.is_empty() {
                let known: Vec<Value> = known.into_iter().map(Value::from).collect();
                out.set(&foreign, LICENSES, "allow", known);
            }
        }
        "exceptions" => entries(value).iter().for_each(|entry| exception(&foreign, entry, out)),
        "clarify" => entries(value).iter().for_each(|entry| clarified(&foreign, entry, out)),
        "include-dev" => match value.as_bool() {
            Some(included) => out.set(&foreign, LICENSES, "include-dev", included),
            None => out.leave(&foreign, "it is neither `true` nor `false`"),
        },
        "private" => out.leave(&foreign, "what comes from no registry is counted and not judged"),
        "confidence-threshold" | "unused-allowed-license" => {
            out.leave(&foreign, "a licence is what a package says, never a guess from a text");
        }
        "copyleft" | "default" | "deny" | "allow-osi-fsf-free" | "unlicensed" | "version" => {
            out.leave(&foreign, "what is not allowed is refused, and there is no other way to say it");
        }
        _ => out.leave(&foreign, UNLIKE),
    }
}

/// Returns a glob over the crates that an entry is for, and what to call them.
fn package(entry: &Json) -> Option<(String, String)> {
    let text = |key: &str| entry.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let spec = text("crate").or_else(|| text("name"))?;
    let (name, version) = spec.split_once([':', '@']).map_or((spec, None), |(name, version)| (name, Some(version)));
    let version = version.or_else(|| text("version"));
    let exact = version.map(|version| version.trim_start_matches('=').trim());
    // A requirement such as `^1` is no version.
    let exact = exact.filter(|version| semver::Version::parse(version).is_ok());
    match (version, exact) {
        (Some(_), None) => None,
        (_, Some(exact)) => Some((format!("{}@{}", literal(name), literal(exact)), name.to_owned())),
        (None, None) => Some((literal(name), name.to_owned())),
    }
}

const RANGE: &str = "it names no crate, or a range of versions, which an exception here has not: make it by hand";

fn exception(foreign: &str, entry: &Json, out: &mut Imported) {
    let Some((package, name)) = package(entry) else { return out.leave(foreign, RANGE) };
    let foreign = format!("{foreign}: {name}");
    let allow: Vec<&str> =
        entry.get("allow").map(entries).unwrap_or_default().iter().filter_map(Json::as_str).collect();
    if allow.is_empty() || !allow.iter().all(|name| licenses::is_known(name)) {
        return out.leave(&foreign, "it allows none, or something that is no licence of SPDX");
    }
    let allow: Vec<Value> = allow.into_iter().map(Value::from).collect();
    add(&foreign, package, ("allow", allow.into()), entry, out);
}

fn clarified(foreign: &str, entry: &Json, out: &mut Imported) {
    let Some((package, name)) = package(entry) else { return out.leave(foreign, RANGE) };
    let foreign = format!("{foreign}: {name}");
    match entry.get("expression").and_then(Json::as_str) {
        Some(expression) if licenses::is_expression(expression) => {
            add(&foreign, package, ("license", expression.into()), entry, out);
        }
        _ => out.leave(&foreign, "its `expression` is none of SPDX"),
    }
}

fn add(foreign: &str, package: String, (key, value): (&str, Value), from: &Json, out: &mut Imported) {
    let said =
        reason(from.get("reason")).unwrap_or_else(|| "imported from deny.toml: no reason was given there".into());
    let entry = [("package".to_owned(), package.into()), (key.to_owned(), value), ("reason".to_owned(), said.into())];
    out.add(foreign, "gates.licenses.exceptions", Table::from_iter(entry), "");
}
