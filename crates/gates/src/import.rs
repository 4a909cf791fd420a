//! What others configured, as settings and waivers of gates.
//!
//! [`import`] takes the text of a file by its name and says of each thing that stands there what became of it: taken
//! over as what, or why not. It knows neither the project's own configuration nor the day: who merges what it returns
//! says what is there already, who answers for a waiver, and until when it holds where the file does not say.
//!
//! ```
//! use charter_gates::import::{About, Became, import};
//!
//! let text = r#"{"ci": {"assert": {"assertions": {
//!     "categories:performance": ["error", {"minScore": 0.9}],
//!     "uses-http2": "warn"}}}}"#;
//! let imported = import("lighthouserc.json", text.as_bytes(), &About::default())?;
//! assert_eq!(imported.settings[0].to_string(), "performance = 90");
//! assert!(matches!(&imported.lines[1].became, Became::Left(why) if why.contains("removed in Lighthouse 13")));
//! # Ok::<(), charter_gates::import::ImportError>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value as Json;
use toml::Value;

use crate::kinds::dependencies::Named;
use crate::kinds::policy::documents;

mod advisory;
mod audits;
mod cargo_deny;
mod hadolint;
mod imported;
mod lighthouse;
mod limits;
mod osv_scanner;
mod pa11y;
mod size_limit;
mod trivy;

pub use imported::{Became, Exemption, Imported, Line, Setting};

use imported::MOST_LINES;

/// A larger file is not read, in bytes.
pub const LARGEST: u64 = 1 << 20;
/// A longer text of the file is cut, in characters.
const LONGEST_TEXT: usize = 300;

/// The files that are looked for in a project's folder.
pub const USUAL: &[&str] = &[
    ".lighthouserc.json",
    ".lighthouserc.yml",
    ".lighthouserc.yaml",
    ".lighthouserc.js",
    ".lighthouserc.cjs",
    "lighthouserc.json",
    "lighthouserc.yml",
    "lighthouserc.yaml",
    "lighthouserc.js",
    "lighthouserc.cjs",
    "budget.json",
    "budgets.json",
    ".hadolint.yaml",
    ".hadolint.yml",
    "hadolint.yaml",
    "hadolint.yml",
    ".trivyignore",
    ".trivyignore.yaml",
    ".trivyignore.yml",
    "osv-scanner.toml",
    "deny.toml",
    ".deny.toml",
    ".cargo/deny.toml",
    ".size-limit.json",
    ".size-limit.js",
    ".size-limit.cjs",
    ".size-limit.mjs",
    ".size-limit.ts",
    "package.json",
    ".pa11yci",
    ".pa11yci.json",
    ".pa11yci.js",
    ".pa11yci.cjs",
];

/// What is known of the project that a file is of.
#[derive(Debug, Clone, Default)]
pub struct About {
    /// The folder that the build writes the site to, relative to the project and with `/` between folders.
    pub output: Option<String>,
    /// What findings call weaknesses, by the ids that others give them; see [`ids`].
    pub names: BTreeMap<String, BTreeSet<Named>>,
}

/// Returns the ids of weaknesses in a text, whatever its format, so that they can be looked up
/// ([`names`](crate::kinds::dependencies::names)) before it is imported.
///
/// ```
/// let ids = charter_gates::import::ids("# Only for building\nCVE-2020-26235 exp:2027-01-31\n");
/// assert_eq!(ids.into_iter().collect::<Vec<_>>(), ["CVE-2020-26235"]);
/// ```
#[must_use]
pub fn ids(text: &str) -> BTreeSet<String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-');
    words.filter_map(advisory::spelt).take(MOST_LINES).collect()
}

/// Why nothing of a file could be taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Nobody knows what it is.
    #[error("`{name}` is no file that can be imported by its name")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// It is a program, and would have to be run.
    #[error("`{name}` is a program, and no file of a project is run to read it")]
    Program {
        /// Its name.
        name: String,
        /// What to export it as.
        export: &'static str,
    },
    /// It is not what its name says.
    #[error("`{name}` {what}")]
    Malformed {
        /// Its name.
        name: String,
        /// A clause without a subject.
        what: String,
    },
}

impl ImportError {
    /// Returns what to do next.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unknown { .. } => "the names that are known: lighthouserc.json, budgets.json, .hadolint.yaml, \
                .trivyignore, .trivyignore.yaml, osv-scanner.toml, deny.toml, .size-limit.json, package.json, .pa11yci"
                .to_owned(),
            Self::Program { name, export } => format!(
                "type `node -p 'JSON.stringify(require(\"./{name}\"), null, 2)' > {export}`, then \
                 `cargo xtask gates import {export}`"
            ),
            Self::Malformed { name, .. } => format!("put `{name}` right, or leave it out"),
        }
    }
}

/// Takes a file over by its name, of which only the part behind the last `/` counts.
///
/// # Errors
/// When its name is none that is known, it is a program, or it is not what its name says.
pub fn import(name: &str, content: &[u8], about: &About) -> Result<Imported, ImportError> {
    let base = name.rsplit('/').next().unwrap_or(name);
    let malformed = |what: String| ImportError::Malformed { name: base.to_owned(), what };
    if content.len() as u64 > LARGEST {
        return Err(malformed(format!("has more than {} MiB", LARGEST >> 20)));
    }
    let text = || std::str::from_utf8(content).map_err(|_| malformed("is not UTF-8".to_owned()));
    let tree = |ending: &str| -> Result<Json, ImportError> {
        let read = documents::read(&format!("a.{ending}"), content).map_err(|problem| {
            let line = problem.line.map(|line| format!(", in line {line}")).unwrap_or_default();
            malformed(format!("{}{line}", problem.what))
        })?;
        Ok(read.into_iter().next().map_or(Json::Null, |input| input.value))
    };
    let (stem, ending) = base.rsplit_once('.').unwrap_or((base, ""));
    let is_program = ["js", "cjs", "mjs", "ts", "cts", "mts"].contains(&ending);
    let program = |export| Err(ImportError::Program { name: base.to_owned(), export });
    let mut out = Imported::default();
    match (stem.trim_start_matches('.'), ending) {
        ("lighthouserc", _) if is_program => return program("lighthouserc.json"),
        ("size-limit", _) if is_program => return program(".size-limit.json"),
        ("pa11yci", _) if is_program => return program(".pa11yci.json"),
        ("lighthouserc", "json" | "yml" | "yaml") => lighthouse::import(&tree(ending)?, &mut out),
        (stem, "json") if stem.ends_with("budget") || stem.ends_with("budgets") => {
            limits::import(&tree(ending)?, &mut out);
        }
        ("hadolint", "yml" | "yaml") => hadolint::import(&tree(ending)?, &mut out),
        ("trivyignore", "yml" | "yaml") => trivy::import(&tree(ending)?, about, &mut out),
        ("", "trivyignore") => trivy::import_lines(text()?, about, &mut out),
        ("osv-scanner", "toml") => osv_scanner::import(&tree(ending)?, about, &mut out),
        ("deny", "toml") => cargo_deny::import(&tree(ending)?, about, &mut out),
        ("size-limit", "json") => size_limit::import(&tree(ending)?, about, &mut out),
        ("", "size-limit") => size_limit::import(&tree("json")?, about, &mut out),
        ("package", "json") => match tree(ending)?.get("size-limit") {
            Some(entries) => size_limit::import(entries, about, &mut out),
            None => out.leave("package.json", "it has no `size-limit`, and nothing else in it is looked at"),
        },
        ("pa11yci", "json") => pa11y::import(&tree(ending)?, &mut out),
        ("", "pa11yci") => pa11y::import(&tree("json")?, &mut out),
        _ => return Err(ImportError::Unknown { name: base.to_owned() }),
    }
    if out.lines.is_empty() {
        out.leave(base, "there is nothing in it that could be taken over");
    }
    Ok(out)
}

/// Returns a text as one line, without control characters, and not too long.
fn plain(text: &str) -> String {
    crate::kinds::command::plain(text).chars().take(LONGEST_TEXT).collect()
}

/// Returns the reason that a file gives, when it gives one.
fn reason(value: Option<&Json>) -> Option<String> {
    value.and_then(Json::as_str).map(plain).filter(|reason| !reason.trim().is_empty())
}

/// Returns the day of a date or of a time in RFC 3339.
fn day(value: Option<&Json>) -> Option<Date> {
    value?.as_str()?.get(..10)?.parse().ok()
}

/// Returns the members of an object, in the order of their names.
fn members(value: &Json) -> impl Iterator<Item = (&str, &Json)> {
    value.as_object().into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Returns the entries of a list; a value that is none is the only entry.
fn entries(value: &Json) -> &[Json] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

/// Returns a number as TOML has it: whole where it is whole.
fn number(value: f64) -> Value {
    let rounded = (value * 1e6).round() / 1e6;
    if rounded.fract() == 0.0 && rounded.abs() < 9e15 { Value::Integer(rounded as i64) } else { Value::Float(rounded) }
}

/// Why something of which nothing is known is left.
const UNLIKE: &str = "nothing here is like it";

/// Reads any file under any name, for the fuzzer: what comes of it is told in bounds, and no key is set twice.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(name: &str, content: &[u8]) {
    let about = About { output: Some("dist".to_owned()), ..About::default() };
    let Ok(imported) = import(name, content, &about) else { return };
    assert!(!imported.lines.is_empty() && imported.lines.len() <= MOST_LINES + 1, "it is told what became of it");
    let Imported { settings, waivers, .. } = &imported;
    for (index, setting) in settings.iter().enumerate() {
        assert!(imported::earlier_is_absent(&settings[..index], setting), "a setting is there twice");
        assert!(setting.to_string().parse::<toml::Table>().is_ok(), "a setting is no TOML: {setting}");
    }
    for (index, waiver) in waivers.iter().enumerate() {
        let same = |one: &Exemption| (one.code, &one.subject) == (waiver.code, &waiver.subject);
        assert!(!waivers[..index].iter().any(same), "a waiver is there twice");
    }
}

#[cfg(test)]
mod tests;
