//! `.trivyignore` and `.trivyignore.yaml`, what Trivy is told to pass over.

use charter_deploy_model::CodeMeta;
use jiff::civil::Date;
use serde_json::Value as Json;

use super::advisory::{self, Ignored, literal};
use super::{About, Exemption, Imported, UNLIKE, day, entries, hadolint, members, reason};
use crate::kinds::dockerfile;

/// Trivy's checks of Dockerfiles, by their number, and what the gate `dockerfile` calls them.
const CHECKS: [(u32, &[&str]); 21] = [
    (1, &["dockerfile/latest-tag", "dockerfile/untagged"]),
    (2, &["dockerfile/no-user", "dockerfile/root-user"]),
    (4, &["dockerfile/port"]),
    (5, &["dockerfile/add-file"]),
    (6, &["dockerfile/own-stage"]),
    (7, &["dockerfile/several-entrypoints"]),
    (8, &["dockerfile/port-range"]),
    (9, &["dockerfile/relative-workdir"]),
    (10, &["dockerfile/sudo"]),
    (11, &["dockerfile/copy-target"]),
    (12, &["dockerfile/duplicate-stage"]),
    (13, &["dockerfile/cd"]),
    (14, &["dockerfile/wget-and-curl"]),
    (16, &["dockerfile/several-commands"]),
    (21, &["dockerfile/apt-yes"]),
    (22, &["dockerfile/maintainer"]),
    (23, &["dockerfile/several-healthchecks"]),
    (25, &["dockerfile/apk-cache"]),
    (26, &["dockerfile/no-healthcheck"]),
    (29, &["dockerfile/apt-recommends"]),
    (31, &["dockerfile/secret", "dockerfile/secret-argument"]),
];

/// Takes the form with one id a line over; the comment above an id is its reason.
pub(super) fn import_lines(text: &str, about: &About, out: &mut Imported) {
    let (mut comment, mut is_over): (Vec<&str>, bool) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix('#') {
            // A comment is about the ids below it, up to the next one.
            if std::mem::take(&mut is_over) {
                comment.clear();
            }
            comment.push(words.trim());
            continue;
        }
        let (words, behind) = line.split_once('#').map_or((line, None), |(words, behind)| (words, Some(behind.trim())));
        let mut words = words.split_whitespace();
        let Some(id) = words.next() else {
            comment.clear();
            continue;
        };
        is_over = true;
        let expiry = words.find_map(|word| word.strip_prefix("exp:"));
        let said = behind.map_or_else(|| comment.join(" "), str::to_owned);
        let said = super::reason(Some(&Json::String(said)));
        match expiry.map(str::parse::<Date>).transpose() {
            Ok(expires) => one(id, Ignored { id, package: None, reason: said, expires }, about, out),
            Err(_) => out.leave(id, "its `exp:` is no date"),
        }
    }
}

/// Takes the form in YAML over.
pub(super) fn import(tree: &Json, about: &About, out: &mut Imported) {
    for (section, list) in members(tree) {
        for entry in entries(list) {
            let id = entry.get("id").and_then(Json::as_str).unwrap_or_default();
            let foreign = format!("{section}: {id}");
            let said = reason(entry.get("statement"));
            let expires = entry.get("expired_at");
            if expires.is_some() && day(expires).is_none() {
                out.leave(&foreign, "its `expired_at` is no date");
                continue;
            }
            if entry.get("paths").is_some() {
                out.leave(&foreign, "it is for some files only: waive it by hand for what findings there are about");
                continue;
            }
            let expires = day(expires);
            match section {
                "vulnerabilities" => match entry.get("purls").map(entries) {
                    None => one(&foreign, Ignored { id, package: None, reason: said, expires }, about, out),
                    Some(purls) => {
                        for purl in purls.iter().filter_map(Json::as_str) {
                            let package = package(purl);
                            if package.is_none() {
                                out.leave(&foreign, "its package is neither of npm nor of PyPI nor of crates.io");
                                continue;
                            }
                            one(&foreign, Ignored { id, package, reason: said.clone(), expires }, about, out);
                        }
                    }
                },
                "misconfigurations" => one(&foreign, Ignored { id, package: None, reason: said, expires }, about, out),
                "licenses" => {
                    let subject = Some(format!("{{*,*/*}}:{}", literal(id)));
                    let exemption = Exemption { code: "licenses/refused", subject, reason: said, expires };
                    out.waive(&foreign, exemption, "");
                }
                "secrets" => out.leave(&foreign, SECRETS),
                _ => out.leave(&foreign, UNLIKE),
            }
        }
    }
}

const SECRETS: &str =
    "the gate `secrets` has other rules: allow what it finds by `[[gates.secrets.allow]]`, if it does";

/// Returns `name@version` of a package URL as a glob; any version, when it names none.
fn package(purl: &str) -> Option<String> {
    let purl = percent_encoding::percent_decode_str(purl.strip_prefix("pkg:")?).decode_utf8().ok()?;
    let (kind, rest) = purl.split_once('/')?;
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // A scope begins with the letter that parts name and version.
    let (name, version) = match rest.rfind('@').filter(|at| *at > 0) {
        Some(at) => (&rest[..at], literal(&rest[at + 1..])),
        None => (rest, "*".to_owned()),
    };
    matches!(kind, "npm" | "pypi" | "cargo").then(|| format!("{}@{version}", literal(name)))
}

fn one(foreign: &str, ignored: Ignored<'_>, about: &About, out: &mut Imported) {
    let Ignored { id, ref reason, expires, .. } = ignored;
    let check = id.strip_prefix("AVD-").unwrap_or(id);
    if let Some(number) = check.strip_prefix("DS") {
        let number: Option<u32> = number.trim_start_matches('-').parse().ok();
        let codes = CHECKS.iter().find(|(one, _)| Some(*one) == number).map_or(&[][..], |(_, codes)| codes);
        let codes: Vec<&CodeMeta> = codes.iter().filter_map(|id| dockerfile::META.code(id)).collect();
        if codes.is_empty() {
            out.leave(foreign, "the gate `dockerfile` has no such rule, so there is nothing to ignore");
        }
        for code in codes {
            let before = out.waivers.len();
            hadolint::waive(foreign, code, reason.clone(), false, out);
            if let Some(new) = out.waivers.get_mut(before) {
                new.expires = expires;
            }
        }
        return;
    }
    if check.starts_with("KSV") || check.starts_with("KCV") {
        return out
            .leave(foreign, "`cargo xtask gates explain kubernetes` lists what that gate finds; waive it by its code");
    }
    if id.starts_with("AVD-") {
        return out.leave(foreign, "no gate judges the configuration of this cloud");
    }
    // Trivy's rules for secrets are in small letters, such as `aws-access-key-id`.
    let is_advisory = id.split_once('-').is_some_and(|(first, _)| !first.contains(|c: char| c.is_ascii_lowercase()));
    if is_advisory || advisory::spelt(id).is_some() {
        return advisory::waive(foreign, ignored, about, out);
    }
    out.leave(foreign, SECRETS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_is_a_code_of_the_gate() {
        for (number, codes) in CHECKS {
            assert!(codes.iter().all(|code| dockerfile::META.code(code).is_some()), "{number}: {codes:?}");
        }
    }

    #[test]
    fn a_package_url_is_a_name_and_a_version() {
        for (purl, expected) in [
            ("pkg:npm/lodash@4.17.20", Some("lodash@4.17.20")),
            ("pkg:npm/%40scope/name@1.0.0?os=linux", Some("@scope/name@1.0.0")),
            ("pkg:npm/@scope/name", Some("@scope/name@*")),
            ("pkg:cargo/time", Some("time@*")),
            ("pkg:golang/example.org/x@1", None),
            ("lodash", None),
        ] {
            assert_eq!(package(purl).as_deref(), expected, "{purl}");
        }
    }
}
