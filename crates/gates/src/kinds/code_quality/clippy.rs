//! What Cargo prints with `--message-format=json` when it runs clippy.

use std::collections::HashSet;

use charter_deploy_model::Severity;
use serde::Deserialize;

use crate::kinds::command::{MOST_FINDINGS, Place, Report, ReportError, Reported};

#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line {
    CompilerMessage {
        message: Diagnostic,
    },
    CompilerArtifact {},
    BuildFinished {
        success: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Diagnostic {
    message: String,
    level: String,
    #[serde(default)]
    code: Option<Code>,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
}

/// Reads Cargo's messages, one JSON object a line; lines that begin with anything else are nobody's.
///
/// What is told of one place for a library and again for its tests is one finding. A compiler's error is a finding like
/// a lint's. A build that did not come to its end is undecided: what depends on the crate that failed was not linted.
///
/// # Errors
/// When a line is torn, or there is none.
///
/// ```
/// use charter_gates::kinds::code_quality::read_clippy;
///
/// let printed = br#"{"reason":"compiler-message","message":{"message":"unneeded `return`","level":"warning",
/// "code":{"code":"clippy::needless_return"},"spans":[]}}"#.map(|byte| if byte == b'\n' { b' ' } else { byte });
/// let report = read_clippy(&printed)?;
/// assert_eq!(report.findings[0].rule.as_deref(), Some("clippy::needless_return"));
/// assert_eq!(report.undecided, ["it ended before the build was finished"]);
/// # Ok::<(), charter_gates::kinds::command::ReportError>(())
/// ```
pub fn read_clippy(printed: &[u8]) -> Result<Report, ReportError> {
    let malformed = |source| ReportError::Malformed { expected: "list of Cargo's messages", source };
    let (mut report, mut seen) = (Report::default(), HashSet::new());
    let (mut finished, mut units, mut left_out) = (None, 0_u64, 0_usize);
    let lines = printed.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_start);
    let mut lines = lines.filter(|line| line.first() == Some(&b'{')).peekable();
    if lines.peek().is_none() {
        return Err(ReportError::Empty);
    }
    for line in lines {
        match serde_json::from_slice(line).map_err(malformed)? {
            Line::CompilerMessage { message } => {
                let Some(reported) = reported(message) else { continue };
                let place = reported.places.first().map(|place| (place.uri.clone(), place.line, place.column));
                if !seen.insert((reported.rule.clone(), reported.message.clone(), place)) {
                    continue;
                }
                if report.findings.len() < MOST_FINDINGS {
                    report.findings.push(reported);
                } else {
                    left_out += 1;
                }
            }
            Line::CompilerArtifact {} => units += 1,
            Line::BuildFinished { success } => finished = Some(success),
            Line::Other => {}
        }
    }
    report.undecided.extend(match finished {
        Some(true) => None,
        Some(false) => Some("the build failed, so what depends on the crate that failed was not looked at".to_owned()),
        None => Some("it ended before the build was finished".to_owned()),
    });
    if left_out > 0 {
        report.undecided.push(format!("{left_out} of its findings were not taken over"));
    }
    // A crate that fails leaves no artifact, and was looked at all the same.
    let looked_at = if report.findings.is_empty() { units } else { units.max(1) };
    report.counts.insert("compiled".to_owned(), looked_at);
    Ok(report)
}

/// Returns what a diagnostic reports; nothing when it only counts the others.
fn reported(diagnostic: Diagnostic) -> Option<Reported> {
    let Diagnostic { message, level, code, spans } = diagnostic;
    let severity = match level.as_str() {
        "warning" => Severity::Warning,
        "note" | "help" => Severity::Note,
        "failure-note" => return None,
        _ => Severity::Error,
    };
    let is_sum = message.starts_with("aborting due to ") || message.ends_with(" emitted");
    if code.is_none() && spans.is_empty() && is_sum {
        return None;
    }
    let primary = spans.into_iter().filter(|span| span.is_primary);
    let places = primary.map(|span| Place {
        uri: span.file_name,
        line: Some(span.line_start).filter(|line| *line > 0),
        column: Some(span.column_start).filter(|column| *column > 0),
    });
    Some(Reported {
        severity,
        rule: code.map(|code| code.code),
        subject: None,
        message,
        places: places.collect(),
        key: None,
        suppressed: None,
    })
}
