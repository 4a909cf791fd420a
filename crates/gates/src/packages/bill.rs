//! A bill of materials that somebody committed, in CycloneDX's JSON.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::{Ecosystem, cyclonedx};

/// Versions of the format: <https://cyclonedx.org/docs/>.
const VERSIONS: [&str; 6] = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

/// One version of a package of a registry: where it comes from, its normal name, and the version.
pub(crate) type Listed = (Ecosystem, String, String);

/// What a bill says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Bill {
    /// Packages of registries.
    pub(crate) listed: BTreeSet<Listed>,
    /// Libraries without a version or a package URL: nobody can look them up.
    pub(crate) vague: Vec<String>,
    /// The project's name and version.
    pub(crate) of: Option<(String, String)>,
    /// Whether Charter wrote it and nobody changed it since.
    pub(crate) is_own: bool,
}

/// Reads a bill; the error says what is wrong with it, as the end of a sentence.
pub(crate) fn read(text: &str) -> Result<Bill, String> {
    let document: Value = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    if document.get("bomFormat").and_then(Value::as_str) != Some("CycloneDX") {
        return Err("does not say that it is CycloneDX (`bomFormat`)".to_owned());
    }
    let format = document.get("specVersion").and_then(Value::as_str).unwrap_or_default();
    if !VERSIONS.contains(&format) {
        let known = "from 1.2 to 1.7";
        return Err(format!("has the `specVersion` `{}`, which is none {known}", short(format)));
    }
    if document.get("version").is_some_and(|version| version.as_u64().is_none_or(|version| version == 0)) {
        return Err("has a `version` that is no whole number from 1 on".to_owned());
    }
    let mut bill = Bill::default();
    let mut references = BTreeSet::new();
    let subject = document.get("metadata").and_then(|metadata| metadata.get("component"));
    if let Some(subject) = subject {
        let said = |key: &str| subject.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        bill.of = Some((said("name"), said("version")));
        collect_reference(subject, &mut references)?;
        components(subject.get("components"), &mut Bill::default(), &mut references)?;
    }
    components(document.get("components"), &mut bill, &mut references)?;
    // Tools, services and others have references as well.
    let mut known = BTreeSet::new();
    all_references(&document, &mut known);
    dependencies(document.get("dependencies"), &known)?;
    bill.is_own = cyclonedx::is_own(document);
    Ok(bill)
}

/// Reads components and those in them; JSON is nested no deeper than its reader goes.
fn components<'a>(list: Option<&'a Value>, bill: &mut Bill, references: &mut BTreeSet<&'a str>) -> Result<(), String> {
    let Some(list) = list else { return Ok(()) };
    let list = list.as_array().ok_or("has `components` that are no list")?;
    for component in list {
        let said = |key: &str| component.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let name = said("name").ok_or("has a component without a `name`")?;
        let sort = said("type").ok_or_else(|| format!("does not say the `type` of `{}`", short(name)))?;
        collect_reference(component, references)?;
        components(component.get("components"), bill, references)?;
        let is_library = matches!(sort, "library" | "framework");
        let purl = said("purl");
        if let Some(purl) = purl {
            let malformed = || format!("has a malformed package URL for `{}`: `{}`", short(name), short(purl));
            match package_url(purl).ok_or_else(malformed)? {
                Purl::Elsewhere => continue,
                Purl::Listed(ecosystem, name, version) => {
                    if let Some(version) = version.as_deref().or_else(|| said("version")) {
                        bill.listed.insert((ecosystem, name, version.to_owned()));
                        continue;
                    }
                }
            }
        }
        if is_library && (purl.is_none() || said("version").is_none()) {
            bill.vague.push(name.to_owned());
        }
    }
    Ok(())
}

fn collect_reference<'a>(one: &'a Value, references: &mut BTreeSet<&'a str>) -> Result<(), String> {
    match one.get("bom-ref").and_then(Value::as_str) {
        Some(reference) if !references.insert(reference) => {
            Err(format!("has the reference `{}` twice", short(reference)))
        }
        _ => Ok(()),
    }
}

fn all_references<'a>(value: &'a Value, known: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            known.extend(members.get("bom-ref").and_then(Value::as_str));
            members.values().for_each(|member| all_references(member, known));
        }
        Value::Array(items) => items.iter().for_each(|item| all_references(item, known)),
        _ => {}
    }
}

fn dependencies(list: Option<&Value>, references: &BTreeSet<&str>) -> Result<(), String> {
    let Some(list) = list else { return Ok(()) };
    let list = list.as_array().ok_or("has `dependencies` that are no list")?;
    for one in list {
        let from = one.get("ref").and_then(Value::as_str).ok_or("has a dependency without a `ref`")?;
        let on = one.get("dependsOn").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        if let Some(unknown) = std::iter::once(from).chain(on).find(|reference| !references.contains(reference)) {
            return Err(format!("has a dependency of `{}`, which no component is", short(unknown)));
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Purl {
    Listed(Ecosystem, String, Option<String>),
    /// Of another registry, from git, or from a folder.
    Elsewhere,
}

/// Reads a package's URL: <https://github.com/package-url/purl-spec>.
fn package_url(text: &str) -> Option<Purl> {
    let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
    let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
    let (rest, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
    let (sort, path) = rest.split_once('/')?;
    let (name, version) = match path.rsplit_once('@') {
        // A scope of npm that is not escaped.
        Some((name, version)) if !name.is_empty() && !version.contains('/') => (name, Some(version)),
        _ => (path, None),
    };
    let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
    let name = decode(name.trim_end_matches('/'))?;
    let version = match version {
        Some(version) => Some(decode(version)?).filter(|version| !version.is_empty()),
        None => None,
    };
    if name.is_empty() || sort.is_empty() {
        return None;
    }
    let ecosystem = Ecosystem::ALL.into_iter().find(|ecosystem| ecosystem.purl_type().eq_ignore_ascii_case(sort));
    let is_elsewhere = ["vcs_url=", "download_url=", "repository_url="];
    let is_elsewhere = qualifiers.split('&').any(|one| is_elsewhere.iter().any(|key| one.starts_with(key)));
    Some(match ecosystem {
        Some(ecosystem) if !is_elsewhere => Purl::Listed(ecosystem, ecosystem.normal_name(&name), version),
        _ => Purl::Elsewhere,
    })
}

fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '`' { ' ' } else { c }).take(120).collect()
}

/// Reads any text as a bill, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(text: &str) {
    if let Ok(bill) = read(text) {
        assert!(bill.listed.iter().all(|(_, name, version)| !name.is_empty() && !version.is_empty()));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn package_urls_are_read_as_the_specification_says() {
        let listed = |ecosystem, name: &str, version: Option<&str>| {
            Some(Purl::Listed(ecosystem, name.to_owned(), version.map(str::to_owned)))
        };
        for (text, expected) in [
            ("pkg:npm/%40scope/a@1.0.0", listed(Ecosystem::Npm, "@scope/a", Some("1.0.0"))),
            ("pkg:npm/@scope/a@1.0.0", listed(Ecosystem::Npm, "@scope/a", Some("1.0.0"))),
            ("pkg:npm/@scope/a", listed(Ecosystem::Npm, "@scope/a", None)),
            ("pkg:pypi/Typing_Extensions@4", listed(Ecosystem::PyPi, "typing-extensions", Some("4"))),
            ("pkg:cargo/a@1.0.0%2Bb#src", listed(Ecosystem::CratesIo, "a", Some("1.0.0+b"))),
            ("pkg:cargo/a@1.0.0?download_url=file://.", Some(Purl::Elsewhere)),
            ("pkg:golang/example.org/a@v1", Some(Purl::Elsewhere)),
            ("npm/a@1", None),
            ("pkg:npm", None),
            ("pkg:npm/", None),
        ] {
            assert_eq!(package_url(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(name in "(@[a-z]{1,5}/)?[a-z._-]{0,5}[a-z]", version in "[0-9]{1,3}(\\.[0-9a-z+~ -]{1,6}){0,3}") {
            let lock = serde_json::json!({"lockfileVersion": 3, "packages": {
                format!("node_modules/{name}"): {"version": version, "license": "MIT"}}});
            let list = super::super::npm::read(&lock.to_string()).unwrap().graph.settle("package-lock.json", true, 0).0;
            let bill = read(&cyclonedx(&list, "site", "1").to_string()).unwrap();
            prop_assert!(bill.is_own && bill.vague.is_empty());
            prop_assert_eq!(bill.of, Some(("site".to_owned(), "1".to_owned())));
            prop_assert_eq!(bill.listed.into_iter().collect::<Vec<_>>(), [(Ecosystem::Npm, name, version)]);
        }
    }
}
