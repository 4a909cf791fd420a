//! `osv-scanner.toml`, the configuration of osv-scanner.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::advisory::{self, Ignored, literal};
use super::{About, Imported, UNLIKE, day, entries, members, reason};

pub(super) fn import(tree: &Json, about: &About, out: &mut Imported) {
    for (key, value) in members(tree) {
        match key {
            "IgnoredVulns" => entries(value).iter().for_each(|entry| ignored(entry, about, out)),
            "PackageOverrides" => entries(value).iter().for_each(|entry| package(entry, out)),
            "GoVersionOverride" => out.leave(key, "Go's packages are not looked up here"),
            _ => out.leave(key, UNLIKE),
        }
    }
}

fn ignored(entry: &Json, about: &About, out: &mut Imported) {
    let id = entry.get("id").and_then(Json::as_str).unwrap_or_default();
    let foreign = format!("IgnoredVulns: {id}");
    let until = entry.get("ignoreUntil");
    if until.is_some() && day(until).is_none() {
        return out.leave(&foreign, "its `ignoreUntil` is no date");
    }
    let ignored = Ignored { id, package: None, reason: reason(entry.get("reason")), expires: day(until) };
    advisory::waive(&foreign, ignored, about, out);
}

fn package(entry: &Json, out: &mut Imported) {
    let text = |key: &str| entry.get(key).and_then(Json::as_str);
    let name = text("name").unwrap_or_default();
    let foreign = format!("PackageOverrides: {name}");
    if let Some(ecosystem) = text("ecosystem").filter(|one| !matches!(*one, "npm" | "PyPI" | "crates.io")) {
        return out.leave(&foreign, format!("packages of {ecosystem} are not looked up here"));
    }
    if name.is_empty() {
        return out.leave(&foreign, "it names no package, and would hold for all of them");
    }
    let package = match text("version") {
        Some(version) => format!("{}@{}", literal(name), literal(version)),
        None => literal(name),
    };
    let is_set =
        |path: &[&str]| path.iter().try_fold(entry, |at, key| at.get(key)).and_then(Json::as_bool) == Some(true);
    if is_set(&["ignore"]) || is_set(&["vulnerability", "ignore"]) {
        let because = "a waiver is for a weakness that is known, not for all that will be: waive each by its id";
        out.leave(&format!("{foreign}, vulnerabilities"), because);
    }
    if text("effectiveUntil").is_some() && entry.get("license").is_some() {
        return out
            .leave(&format!("{foreign}, license"), "an exception of the gate `licenses` has no end: make it by hand");
    }
    let license = entry.get("license").and_then(|license| license.get("override"));
    if let Some(license) = license.map(entries).filter(|names| !names.is_empty()) {
        let names: Vec<&str> = license.iter().filter_map(Json::as_str).collect();
        let said = reason(entry.get("reason")).unwrap_or_else(|| NO_REASON.to_owned());
        let entry = Table::from_iter([
            ("package".to_owned(), Value::from(package)),
            ("license".to_owned(), Value::from(names.join(" AND "))),
            ("reason".to_owned(), Value::from(said)),
        ]);
        out.add(&format!("{foreign}, license"), "gates.licenses.exceptions", entry, "");
    } else if is_set(&["license", "ignore"]) || is_set(&["ignore"]) {
        let because = "an exception of the gate `licenses` names the licence: make one by hand";
        out.leave(&format!("{foreign}, license"), because);
    }
}

const NO_REASON: &str = "imported from osv-scanner.toml: no reason was given there";
