//! What a program reports, whatever its format, and what findings come of that.

use std::collections::BTreeMap;

use charter_deploy_model::{Finding, Location, Measure, Severity};
use sha2::{Digest as _, Sha256};

use super::places::Folders;

/// More results than this are not taken over.
pub(crate) const MOST_FINDINGS: usize = 10_000;
/// A longer text is cut, in characters.
const LONGEST_TEXT: usize = 600;
/// More places of one finding than this are left out.
pub(crate) const MOST_PLACES: usize = 10;

/// What a program reports.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// What it found.
    pub findings: Vec<Reported>,
    /// What it measured.
    pub measures: Vec<Measure>,
    /// How many things of which sort it looked at, where it says so.
    pub counts: BTreeMap<String, u64>,
    /// What it could not decide, a clause each.
    pub undecided: Vec<String>,
}

/// One thing that a program found, in its own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// How bad it is, as the program sees it.
    pub severity: Severity,
    /// The program's name for the rule.
    pub rule: Option<String>,
    /// What it is about, where the program says so.
    pub subject: Option<String>,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub places: Vec<Place>,
    /// What tells it from others, where the program says so.
    pub key: Option<String>,
    /// Why it does not count, when the program was told so.
    pub suppressed: Option<String>,
}

/// A place that a program names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A path or a `file:` URL, as it stands there.
    pub uri: String,
    /// Line, counted from 1.
    pub line: Option<u32>,
    /// Column, counted from 1.
    pub column: Option<u32>,
}

/// Why an output is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// Nothing was printed.
    #[error("it printed no report")]
    Empty,
    /// It is as long as what is kept of an output, so its beginning is most likely lost.
    #[error("its report is longer than 4 MiB")]
    TooLong,
    /// It is not JSON, or not of the form that it should be.
    #[error("what it printed is no {expected}")]
    Malformed {
        /// What it should be.
        expected: &'static str,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

/// Returns the bytes of a report, when there are some.
pub(crate) fn whole(output: &[u8]) -> Result<&[u8], ReportError> {
    /// As much as is kept of a program's output, in bytes.
    const KEPT: usize = 4 << 20;
    let output = output.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(output);
    match output {
        _ if output.trim_ascii().is_empty() => Err(ReportError::Empty),
        _ if output.len() >= KEPT => Err(ReportError::TooLong),
        _ => Ok(output),
    }
}

/// A program that reports, and how bad that is taken to be.
pub(crate) struct Reporter<'a> {
    /// What to call it.
    pub(crate) name: &'a str,
    /// The codes of what is an error, a warning and a note.
    pub(crate) codes: &'a [&'static str; 3],
    /// How bad its findings are, by its name of the rule, or by `error`, `warning` or `note` as it reports them.
    pub(crate) severity: &'a BTreeMap<String, Severity>,
}

/// Makes a finding of what a program reported; `mask` takes secrets and control characters out of a text.
pub(crate) fn finding(
    reporter: &Reporter<'_>,
    reported: &Reported,
    folders: &Folders,
    mask: &impl Fn(&str) -> String,
) -> Finding {
    let name = reporter.name;
    let rule = reported.rule.as_deref().map(mask).filter(|rule| !rule.is_empty());
    let message = Some(mask(&reported.message)).filter(|message| !message.trim().is_empty());
    let message = message.unwrap_or_else(|| "it does not say what is wrong".to_owned());
    let mut locations: Vec<Location> = Vec::new();
    let mut elsewhere = 0;
    for place in reported.places.iter().take(MOST_PLACES) {
        match folders.locate(place) {
            Some(location) => locations.push(location),
            None => elsewhere += 1,
        }
    }
    locations.dedup();

    let subject = reported.subject.as_deref().map(mask).filter(|subject| !subject.is_empty());
    let subject = subject.or_else(|| locations.first().map(|location| location.path.clone()));
    let subject = subject.unwrap_or_else(|| name.to_owned());
    let said_by = match &rule {
        Some(rule) => format!("`{rule}` of `{name}`"),
        None => format!("`{name}`"),
    };
    let place = match elsewhere {
        0 => "",
        _ if locations.is_empty() => "; the place it names is not here",
        _ => "; other places it names are not here",
    };
    let suppressed = match reported.suppressed.as_deref().map(mask) {
        Some(why) if why.is_empty() => "; suppressed".to_owned(),
        Some(why) => format!("; suppressed: {why}"),
        None => String::new(),
    };
    let [error, warning, note] = *reporter.codes;
    let code = match severity(reporter, reported) {
        Severity::Error => error,
        Severity::Warning => warning,
        Severity::Note => note,
    };
    let discriminator = reported.key.clone().unwrap_or_else(|| without_figures(&message));
    let digest: String =
        Sha256::digest(mask(&discriminator)).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let key = format!("{name}:{}:{digest}", rule.as_deref().unwrap_or_default());
    let text = format!("{message} ({said_by}{place}{suppressed})");
    locations.into_iter().fold(Finding::new(code, subject, text).key(key), Finding::at)
}

fn severity(reporter: &Reporter<'_>, reported: &Reported) -> Severity {
    if reported.suppressed.is_some() {
        return Severity::Note;
    }
    let level = match reported.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let own = reported.rule.as_ref().and_then(|rule| reporter.severity.get(rule));
    own.or_else(|| reporter.severity.get(level)).copied().unwrap_or(reported.severity)
}

/// Returns a text as one line without control characters, and not too long.
pub(crate) fn plain(text: &str) -> String {
    let mut words = text.split(|character: char| character.is_control() || character.is_whitespace());
    let mut plain = String::with_capacity(text.len().min(LONGEST_TEXT));
    let mut count = 0;
    for word in words.by_ref().filter(|word| !word.is_empty()) {
        if count > 0 {
            plain.push(' ');
        }
        for character in word.chars() {
            if count == LONGEST_TEXT {
                plain.push('…');
                return plain;
            }
            plain.push(character);
            count += 1;
        }
        count += 1;
    }
    plain
}

fn without_figures(text: &str) -> String {
    text.chars().filter(|character| !character.is_ascii_digit()).collect()
}
