//! SARIF 2.1.0 (OASIS, 2020), as far as results go.

use std::collections::BTreeMap;

use charter_deploy_model::Severity;
use serde::Deserialize;

use self::rules::Rules;
use super::report::{MOST_FINDINGS, MOST_PLACES, Place, Report, ReportError, Reported, whole};

mod rules;

/// Where many results have one long text, they come to more than was printed: beyond this, in bytes, none are taken over.
const MOST_TEXT: usize = 64 << 20;

#[derive(Deserialize)]
struct Log {
    version: String,
    #[serde(default)]
    runs: Option<Vec<Run>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    #[serde(default)]
    results: Option<Vec<SarifResult>>,
    #[serde(default)]
    artifacts: Vec<Artifact>,
    #[serde(default)]
    invocations: Vec<Invocation>,
    #[serde(default)]
    original_uri_base_ids: BTreeMap<String, ArtifactLocation>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Component,
    #[serde(default)]
    extensions: Vec<Component>,
}

#[derive(Deserialize)]
struct Component {
    #[serde(default)]
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    #[serde(default)]
    short_description: Option<Message>,
    #[serde(default)]
    message_strings: BTreeMap<String, Message>,
    #[serde(default)]
    default_configuration: Configuration,
}

#[derive(Deserialize, Default)]
struct Configuration {
    #[serde(default)]
    level: Option<Level>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
enum Level {
    None,
    Note,
    Warning,
    Error,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, Default)]
#[serde(rename_all = "camelCase")]
enum Kind {
    NotApplicable,
    Pass,
    #[default]
    Fail,
    Review,
    Open,
    Informational,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    #[serde(default)]
    rule_id: Option<String>,
    #[serde(default)]
    rule_index: Option<i64>,
    #[serde(default)]
    rule: Option<RuleReference>,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    level: Option<Level>,
    #[serde(default)]
    message: Message,
    #[serde(default)]
    locations: Vec<Location>,
    #[serde(default)]
    fingerprints: BTreeMap<String, String>,
    #[serde(default)]
    partial_fingerprints: BTreeMap<String, String>,
    #[serde(default)]
    suppressions: Option<Vec<Suppression>>,
    #[serde(default)]
    baseline_state: Option<String>,
}

#[derive(Deserialize)]
struct RuleReference {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    index: Option<i64>,
}

#[derive(Deserialize, Default)]
struct Message {
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    markdown: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    arguments: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(default)]
    physical_location: Option<PhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    #[serde(default)]
    artifact_location: Option<ArtifactLocation>,
    #[serde(default)]
    region: Option<Region>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    uri_base_id: Option<String>,
    #[serde(default)]
    index: Option<i64>,
}

#[derive(Deserialize)]
struct Artifact {
    #[serde(default)]
    location: Option<ArtifactLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    #[serde(default)]
    start_line: Option<u32>,
    #[serde(default)]
    start_column: Option<u32>,
}

#[derive(Deserialize)]
struct Suppression {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    justification: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
}

/// Reads the results of a SARIF 2.1.0 log.
///
/// Results of the kinds `pass`, `notApplicable` and `informational` and those that a baseline knows as gone are left
/// out; `review` and `open` are undecided. A level that is absent is the rule's, or else `warning`.
///
/// # Errors
/// When it is empty, too long, or no such log.
///
/// ```
/// use charter_gates::kinds::command::read_sarif;
///
/// let log = br#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},
///     "results":[{"ruleId":"R1","message":{"text":"Too long"}}]}]}"#;
/// assert_eq!(read_sarif(log)?.findings[0].rule.as_deref(), Some("R1"));
/// # Ok::<(), charter_gates::kinds::command::ReportError>(())
/// ```
pub fn read_sarif(output: &[u8]) -> Result<Report, ReportError> {
    let malformed = |source| ReportError::Malformed { expected: "SARIF 2.1.0", source };
    let log: Log = serde_json::from_slice(whole(output)?).map_err(malformed)?;
    if log.version != "2.1.0" {
        let wrong = serde::de::Error::custom(format_args!("its version is {:?}", log.version));
        return Err(malformed(wrong));
    }
    let mut report = Report::default();
    let runs = log.runs.unwrap_or_default();
    if runs.is_empty() {
        report.undecided.push("its report has no run in it".to_owned());
    }
    let mut room = MOST_TEXT;
    for run in &runs {
        if run.invocations.iter().any(|invocation| !invocation.execution_successful) {
            report.undecided.push("it says itself that it did not succeed".to_owned());
        }
        let Some(results) = &run.results else {
            report.undecided.push("it says itself that it did not look".to_owned());
            continue;
        };
        let rules = Rules::of(run);
        for result in results {
            if report.findings.len() == MOST_FINDINGS {
                report.undecided.push(format!("only {MOST_FINDINGS} of its findings were taken over"));
                break;
            }
            let Some(left) = room.checked_sub(take(run, &rules, result, &mut report)) else {
                let most = MOST_TEXT >> 20;
                report.undecided.push(format!("its findings come to more than {most} MiB, so not all were taken over"));
                return Ok(report);
            };
            room = left;
        }
    }
    Ok(report)
}

/// Takes a result over, and returns how much text that made, in bytes.
fn take(run: &Run, rules: &Rules<'_>, result: &SarifResult, report: &mut Report) -> usize {
    let rule = rules.find(result);
    let id = result.rule_id.as_deref().or_else(|| result.rule.as_ref().and_then(|rule| rule.id.as_deref()));
    let id = id.or(rule.map(|rule| rule.id.as_str()));
    let message = message(result, rule);
    match result.kind {
        _ if result.baseline_state.as_deref() == Some("absent") => return 0,
        Kind::Pass | Kind::NotApplicable | Kind::Informational => return 0,
        Kind::Review | Kind::Open => {
            if report.undecided.len() >= MOST_FINDINGS {
                return 0;
            }
            let text = format!("{message} ({})", id.unwrap_or("no rule is named"));
            let length = text.len();
            report.undecided.push(text);
            return length;
        }
        Kind::Fail => {}
    }
    let level = result.level.or_else(|| rule.and_then(|rule| rule.default_configuration.level));
    let severity = match level.unwrap_or(Level::Warning) {
        Level::Error => Severity::Error,
        Level::Warning => Severity::Warning,
        Level::Note | Level::None => Severity::Note,
    };
    let fingerprint = result.fingerprints.iter().chain(&result.partial_fingerprints).next();
    let places: Vec<Place> =
        result.locations.iter().filter_map(|location| place(run, location)).take(MOST_PLACES).collect();
    let length = message.len() + id.map_or(0, str::len) + places.iter().map(|place| place.uri.len()).sum::<usize>();
    report.findings.push(Reported {
        severity,
        rule: id.map(str::to_owned),
        subject: None,
        message,
        places,
        key: fingerprint.map(|(name, value)| format!("{name}={value}")),
        suppressed: result.suppressions.as_deref().and_then(suppressed),
    });
    length
}

fn message(result: &SarifResult, rule: Option<&Rule>) -> String {
    let own = result.message.text.as_ref().or(result.message.markdown.as_ref());
    let named = || {
        let id = result.message.id.as_ref()?;
        rule?.message_strings.get(id)?.text.as_ref()
    };
    let described = || rule?.short_description.as_ref()?.text.as_ref();
    let text = own.or_else(named).or_else(described).cloned().unwrap_or_default();
    let arguments = result.message.arguments.iter().take(10).enumerate();
    arguments.fold(text, |text, (index, argument)| text.replacen(&format!("{{{index}}}"), argument, 1))
}

fn place(run: &Run, location: &Location) -> Option<Place> {
    let physical = location.physical_location.as_ref()?;
    let named = physical.artifact_location.as_ref()?;
    let indexed = || run.artifacts.get(usize::try_from(named.index?).ok()?)?.location.as_ref();
    let of = if named.uri.is_some() { named } else { indexed()? };
    let uri = of.uri.as_deref()?;
    let base = of.uri_base_id.as_ref().and_then(|id| run.original_uri_base_ids.get(id));
    let base = base.and_then(|base| base.uri.as_deref()).filter(|_| !uri.contains(':') && !uri.starts_with('/'));
    let region = physical.region.as_ref();
    let counted = |number: Option<u32>| number.filter(|number| *number > 0);
    Some(Place {
        uri: format!("{}{uri}", base.unwrap_or_default()),
        line: counted(region.and_then(|region| region.start_line)),
        column: counted(region.and_then(|region| region.start_column)),
    })
}

/// Returns why a result is suppressed. It is so when somebody suppressed it and nobody objects.
fn suppressed(suppressions: &[Suppression]) -> Option<String> {
    let stands = |suppression: &Suppression| suppression.status.as_deref().is_none_or(|status| status == "accepted");
    let all = !suppressions.is_empty() && suppressions.iter().all(stands);
    all.then(|| suppressions.iter().find_map(|suppression| suppression.justification.clone()).unwrap_or_default())
}
