//! This gate's own format: what a program prints that was written for it.

use charter_deploy_model::{LookedAt, Measure, Severity};
use serde::Deserialize;

use super::report::{MOST_FINDINGS, Place, Report, ReportError, Reported, whole};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    v: Version,
    findings: Vec<Found>,
    #[serde(default)]
    measures: Vec<Measure>,
    looked_at: LookedAt,
}

/// The only version there is.
#[derive(Deserialize)]
#[serde(try_from = "u64")]
struct Version;

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(version: u64) -> Result<Self, String> {
        if version == 1 { Ok(Self) } else { Err(format!("version {version} is not known")) }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Found {
    code: String,
    #[serde(default = "error")]
    severity: Severity,
    #[serde(default)]
    subject: Option<String>,
    message: String,
    #[serde(default)]
    locations: Vec<Located>,
    #[serde(default)]
    key: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Located {
    path: String,
    #[serde(default)]
    line: Option<u32>,
    #[serde(default)]
    column: Option<u32>,
}

fn error() -> Severity {
    Severity::Error
}

/// Reads `{"v":1,"findings":[…],"measures":[…],"lookedAt":{…}}`; the gate's docs describe it.
///
/// # Errors
/// When it is empty, too long, or not of that form.
///
/// ```
/// use charter_gates::kinds::command::read_json;
///
/// let report = read_json(br#"{"v":1,"findings":[],"lookedAt":{"counts":{"pages":3}}}"#)?;
/// assert_eq!(report.counts["pages"], 3);
/// assert!(read_json(br#"{"v":1,"findings":[]}"#).is_err()); // it does not say what it looked at
/// # Ok::<(), charter_gates::kinds::command::ReportError>(())
/// ```
pub fn read_json(output: &[u8]) -> Result<Report, ReportError> {
    let malformed = |source| ReportError::Malformed { expected: "report of this gate's own format", source };
    let Document { v: Version, findings, measures, looked_at } =
        serde_json::from_slice(whole(output)?).map_err(malformed)?;
    let mut undecided = looked_at.undecided;
    if findings.len() > MOST_FINDINGS {
        undecided.push(format!("it reports {} findings, and only {MOST_FINDINGS} were taken over", findings.len()));
    }
    let findings = findings.into_iter().take(MOST_FINDINGS).map(|found| Reported {
        severity: found.severity,
        rule: Some(found.code),
        subject: found.subject,
        message: found.message,
        places: found.locations.into_iter().map(place).collect(),
        key: found.key,
        suppressed: None,
    });
    Ok(Report { findings: findings.collect(), measures, counts: looked_at.counts, undecided })
}

fn place(located: Located) -> Place {
    let counted = |number: Option<u32>| number.filter(|number| *number > 0);
    Place { uri: located.path, line: counted(located.line), column: counted(located.column) }
}
