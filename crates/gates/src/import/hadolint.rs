//! `.hadolint.yaml`, the configuration of hadolint.

use charter_deploy_model::{CodeMeta, Severity};
use serde_json::Value as Json;
use toml::Value;

use super::{Exemption, Imported, UNLIKE, entries, members};
use crate::kinds::dockerfile;

pub(super) fn import(tree: &Json, out: &mut Imported) {
    let overrides = tree.get("override");
    // What is made graver has to be known before what is a note anyway is left out.
    for (level, rules) in overrides.into_iter().flat_map(members) {
        for rule in entries(rules).iter().filter_map(Json::as_str) {
            let foreign = format!("override.{level}: {rule}");
            let severity = match level {
                "error" => "error",
                "warning" => "warning",
                "info" | "style" => "note",
                _ => {
                    out.leave(&foreign, UNLIKE);
                    continue;
                }
            };
            match codes(rule).as_slice() {
                [] => out.leave(&foreign, why_left(rule)),
                codes => codes.iter().for_each(|code| out.set(&foreign, "severity", code.id, severity)),
            }
        }
    }
    for (key, value) in members(tree) {
        match key {
            "override" => {}
            "ignored" => entries(value).iter().filter_map(Json::as_str).for_each(|rule| ignored(rule, overrides, out)),
            "trustedRegistries" => {
                let registries: Vec<Value> = entries(value).iter().filter_map(Json::as_str).map(Value::from).collect();
                if registries.is_empty() {
                    out.leave(key, "it lists none");
                } else {
                    out.set(key, "gates.dockerfile", "registries", registries);
                }
            }
            "failure-threshold" => {
                out.leave(key, "what blocks is said once for all gates: `enforcement` of `[constitution]`");
            }
            "label-schema" | "strict-labels" => out.leave(key, "the gate asks for no labels"),
            "disable-ignore-pragma" => out.leave(key, "comments in a Dockerfile never count here"),
            "format" | "no-color" | "verbose" | "no-fail" => {
                out.leave(key, "it is about how hadolint prints and ends, not about Dockerfiles");
            }
            _ => out.leave(key, UNLIKE),
        }
    }
}

fn ignored(rule: &str, overrides: Option<&Json>, out: &mut Imported) {
    let foreign = format!("ignored: {rule}");
    let names = |level: &str| {
        let rules = overrides.and_then(|overrides| overrides.get(level)).map(entries).unwrap_or_default();
        rules.iter().any(|one| one.as_str() == Some(rule))
    };
    let is_graver = names("error") || names("warning");
    let codes = codes(rule);
    if codes.is_empty() {
        out.leave(&foreign, why_left(rule));
    }
    for code in codes {
        waive(&foreign, code, None, is_graver, out);
    }
}

/// Waives a code of the gate everywhere, unless it is a note anyway.
pub(super) fn waive(foreign: &str, code: &CodeMeta, reason: Option<String>, is_graver: bool, out: &mut Imported) {
    let CodeMeta { id, .. } = *code;
    if code.default_severity == Severity::Note && !is_graver {
        return out.leave(foreign, format!("`{id}` is a note here, which never blocks"));
    }
    out.waive(foreign, Exemption { code: id, subject: None, reason, expires: None }, ", in every Dockerfile");
}

/// Returns the codes that are a rule of hadolint's; the docs of each say of which.
pub(super) fn codes(rule: &str) -> Vec<&'static CodeMeta> {
    let is_rule = rule.len() == 6 && rule.starts_with("DL");
    let named = format!("{rule} of hadolint");
    dockerfile::META.codes.iter().filter(|code| is_rule && code.docs.contains(&named)).collect()
}

fn why_left(rule: &str) -> String {
    if rule.starts_with("SC") {
        return "ShellCheck is not asked about what `RUN` runs".to_owned();
    }
    "the gate `dockerfile` has no such rule, so there is nothing to ignore".to_owned()
}
