//! What ESLint prints with `--format json`.

use charter_deploy_model::Severity;
use serde::Deserialize;

use crate::kinds::command::{MOST_FINDINGS, Place, Report, ReportError, Reported};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileResult {
    file_path: String,
    messages: Vec<Message>,
    #[serde(default)]
    suppressed_messages: Vec<Message>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default)]
    rule_id: Option<String>,
    severity: u8,
    message: String,
    #[serde(default)]
    line: Option<f64>,
    #[serde(default)]
    column: Option<f64>,
    #[serde(default)]
    fatal: bool,
    #[serde(default)]
    suppressions: Vec<Suppression>,
}

#[derive(Deserialize)]
struct Suppression {
    #[serde(default)]
    justification: Option<String>,
}

/// Reads ESLint's list of files with what is wrong in each.
///
/// A file that it could not parse is a finding and undecided as well, for no rule was asked about it. What a comment in
/// the code suppresses is marked so.
///
/// # Errors
/// When it is no such list.
///
/// ```
/// use charter_gates::kinds::code_quality::read_eslint;
///
/// let printed = br#"[{"filePath":"/site/a.js","messages":[
///     {"ruleId":"eqeqeq","severity":2,"message":"Expected '===' and instead saw '=='.","line":3,"column":7}]}]"#;
/// let report = read_eslint(printed)?;
/// assert_eq!((report.findings[0].rule.as_deref(), report.counts["files"]), (Some("eqeqeq"), 1));
/// # Ok::<(), charter_gates::kinds::command::ReportError>(())
/// ```
pub fn read_eslint(printed: &[u8]) -> Result<Report, ReportError> {
    if printed.trim_ascii().is_empty() {
        return Err(ReportError::Empty);
    }
    let malformed = |source| ReportError::Malformed { expected: "list of ESLint's", source };
    let files: Vec<FileResult> = serde_json::from_slice(printed).map_err(malformed)?;
    let mut report = Report::default();
    report.counts.insert("files".to_owned(), files.len() as u64);
    let torn: Vec<&str> =
        files.iter().filter(|file| file.messages.iter().any(|one| one.fatal)).map(|file| &*file.file_path).collect();
    if let Some(first) = torn.first() {
        let count = torn.len();
        report.undecided.push(format!("it could not parse {count} files, so no rule was asked about them: `{first}`"));
    }
    let all: usize = files.iter().map(|file| file.messages.len() + file.suppressed_messages.len()).sum();
    if all > MOST_FINDINGS {
        report.undecided.push(format!("it reports {all} findings, and only {MOST_FINDINGS} were taken over"));
    }
    let found = files.into_iter().flat_map(|file| {
        let FileResult { file_path, messages, suppressed_messages } = file;
        let suppressed = suppressed_messages.into_iter().map(|message| (true, message));
        let all = messages.into_iter().map(|message| (false, message)).chain(suppressed);
        all.map(move |(is_suppressed, message)| reported(&file_path, message, is_suppressed))
    });
    report.findings = found.take(MOST_FINDINGS).collect();
    Ok(report)
}

fn reported(path: &str, message: Message, is_suppressed: bool) -> Reported {
    // It counts from 1, and says 0 or a fraction where it does not know.
    let counted = |number: Option<f64>| {
        number.filter(|number| (1.0..4e9).contains(number) && number.fract() == 0.0).map(|number| number as u32)
    };
    let justification = message.suppressions.into_iter().find_map(|one| one.justification).unwrap_or_default();
    let rule = message.rule_id.or_else(|| message.fatal.then(|| "parse".to_owned()));
    Reported {
        severity: if message.severity >= 2 { Severity::Error } else { Severity::Warning },
        rule,
        subject: None,
        message: message.message,
        places: vec![Place { uri: path.to_owned(), line: counted(message.line), column: counted(message.column) }],
        key: None,
        suppressed: is_suppressed.then_some(justification),
    }
}
