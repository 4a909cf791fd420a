//! A known weakness that somebody lets stand.

use jiff::civil::Date;

use super::{About, Exemption, Imported};
use crate::kinds::dependencies::Named;

/// What is said of a weakness that may stand.
#[derive(Debug, Default)]
pub(super) struct Ignored<'a> {
    pub(super) id: &'a str,
    /// A glob over `name@version`; any package, when absent.
    pub(super) package: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) expires: Option<Date>,
}

/// Returns an id as databases spell it; nothing when it is none of a weakness.
pub(super) fn spelt(id: &str) -> Option<String> {
    let (prefix, rest) = id.split_once('-')?;
    let prefix = prefix.to_ascii_uppercase();
    let is_plain = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_known = matches!(prefix.as_str(), "CVE" | "GHSA" | "MAL" | "PYSEC" | "RUSTSEC");
    // What GitHub gives is in small letters behind the prefix.
    (is_plain && is_known).then(|| format!("{prefix}-{}", rest.to_ascii_lowercase()))
}

/// Waives a weakness of the gate `dependencies`, whose findings are about `<id>:<name>@<version>`.
pub(super) fn waive(foreign: &str, ignored: Ignored<'_>, about: &About, out: &mut Imported) {
    let Some(id) = spelt(ignored.id) else {
        return out.leave(foreign, "no advisory of a database that is asked has such an id");
    };
    if let Some(names) = about.names.get(&id) {
        for Named { id: own, code } in names {
            if *code == "dependencies/unmaintained" {
                out.leave(foreign, format!("`{own}` is a note here, which never blocks"));
                continue;
            }
            let note = if *own == id { "" } else { ", as findings call it" };
            out.waive(foreign, exemption(own, code, &ignored), note);
        }
        return;
    }
    let (code, note) = match id.split('-').next() {
        Some("RUSTSEC") => (
            "dependencies/vulnerable",
            "; if it is unsound, make it `dependencies/unsound`, and if it is unmaintained, leave it out",
        ),
        Some("MAL") => ("dependencies/malicious", ""),
        Some("CVE") => {
            let because = format!(
                "no advisory on this machine is of it and of a package in use, and findings go by the id of the \
                 ecosystem's own database: see https://osv.dev/vulnerability/{id} for that, and waive it"
            );
            return out.leave(foreign, because);
        }
        _ => ("dependencies/vulnerable", ""),
    };
    out.waive(foreign, exemption(&id, code, &ignored), note);
}

fn exemption(id: &str, code: &'static str, ignored: &Ignored<'_>) -> Exemption {
    // npm's names may have a scope before a `/`.
    let package = ignored.package.as_deref().unwrap_or("{*,*/*}");
    Exemption {
        code,
        subject: Some(format!("{id}:{package}")),
        reason: ignored.reason.clone(),
        expires: ignored.expires,
    }
}

/// Returns a glob that matches a text and nothing else.
pub(super) fn literal(text: &str) -> String {
    let special = |letter: char| matches!(letter, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!');
    text.chars().fold(String::with_capacity(text.len()), |mut glob, letter| {
        if special(letter) {
            glob.push('\\');
        }
        glob.push(letter);
        glob
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::glob;

    proptest! {
        #[test]
        fn a_literal_matches_itself_and_nothing_else(text in "[a-z*?!{}\\[\\]\\\\@.-]{1,12}", other in "[a-z*?!{}@.-]{1,12}") {
            let glob = glob::compile(&literal(&text)).unwrap();
            prop_assert!(glob.is_match(&text));
            prop_assert_eq!(glob.is_match(&other), other == text);
        }
    }

    #[test]
    fn a_waiver_of_an_advisory_covers_it_for_names_with_a_scope_too() {
        let mut out = Imported::default();
        waive("x", Ignored { id: "GHSA-AAAA-bbbb-cccc", ..Ignored::default() }, &About::default(), &mut out);
        let glob = glob::compile(out.waivers[0].subject.as_ref().unwrap()).unwrap();
        assert!(glob.is_match("GHSA-aaaa-bbbb-cccc:@scope/name@1.0.0") && glob.is_match("GHSA-aaaa-bbbb-cccc:a@1"));
        assert!(!glob.is_match("GHSA-aaaa-bbbb-cccd:a@1"));
    }
}
