//! What pa11y and pa11y-ci print as JSON.

use std::collections::BTreeMap;

use charter_deploy_model::Severity;
use serde::Deserialize;

use super::report::{MOST_FINDINGS, Report, ReportError, Reported, whole};

/// pa11y prints the issues of its page; pa11y-ci those of each, by address.
#[derive(Deserialize)]
#[serde(untagged, expecting = "neither a list of issues nor a report of pages")]
enum Document {
    Page(Vec<Issue>),
    Pages { total: u64, results: BTreeMap<String, Vec<Issue>> },
}

/// An issue; or, of pa11y-ci and without a code, why a page could not be judged.
#[derive(Deserialize)]
struct Issue {
    code: Option<String>,
    #[serde(rename = "type")]
    sort: Option<String>,
    message: String,
    #[serde(default)]
    selector: String,
}

/// Reads what `pa11y --reporter json` or `pa11y-ci --json` prints, as of pa11y 9 and pa11y-ci 4.
///
/// A page that could not be judged is undecided, and so are pages that it set out to judge and says nothing of.
///
/// # Errors
/// When it is empty, too long, or not of that form.
///
/// ```
/// use charter_gates::kinds::command::read_pa11y;
///
/// let printed = br#"{"total":2,"passes":1,"errors":0,"results":{
///     "http://127.0.0.1/": [], "http://127.0.0.1/late": [{"message":"timed out"}]}}"#;
/// let report = read_pa11y(printed)?;
/// assert_eq!((report.counts["pages"], report.undecided.len()), (1, 1));
/// # Ok::<(), charter_gates::kinds::command::ReportError>(())
/// ```
pub fn read_pa11y(output: &[u8]) -> Result<Report, ReportError> {
    let malformed = |source| ReportError::Malformed { expected: "JSON report of pa11y", source };
    let document = serde_json::from_slice(whole(output)?).map_err(malformed)?;
    let mut report = Report::default();
    let mut judged = 0;
    match document {
        Document::Page(issues) => {
            judged = 1;
            report.findings.extend(issues.into_iter().map(|issue| reported(issue, None)));
        }
        Document::Pages { total, results } => {
            let silent = total.saturating_sub(results.len() as u64);
            for (address, issues) in results {
                if let Some(why) = issues.iter().find(|issue| issue.code.is_none()) {
                    report.undecided.push(format!("`{address}` could not be judged: {}", why.message));
                    continue;
                }
                judged += 1;
                report.findings.extend(issues.into_iter().map(|issue| reported(issue, Some(path_of(&address)))));
            }
            if silent > 0 {
                report.undecided.push(format!("it says nothing of {silent} of {total} pages"));
            }
        }
    }
    let found = report.findings.len();
    if found > MOST_FINDINGS {
        report.undecided.push(format!("it reports {found} issues, and only {MOST_FINDINGS} were taken over"));
        report.findings.truncate(MOST_FINDINGS);
    }
    report.counts.insert("pages".to_owned(), judged);
    Ok(report)
}

fn reported(Issue { code, sort, message, selector }: Issue, page: Option<&str>) -> Reported {
    let severity = match sort.as_deref() {
        Some("warning") => Severity::Warning,
        Some("notice") => Severity::Note,
        _ => Severity::Error,
    };
    let place = if selector.is_empty() { String::new() } else { format!(" (`{selector}`)") };
    Reported {
        severity,
        rule: code,
        subject: page.map(str::to_owned),
        message: format!("{message}{place}"),
        places: Vec::new(),
        key: (!selector.is_empty()).then_some(selector),
        suppressed: None,
    }
}

/// Returns the path of an address: the preview has another port each time, and waivers and baseline must not see that.
fn path_of(address: &str) -> &str {
    let behind = address.split_once("://").map_or(address, |(_, behind)| behind);
    behind.find('/').map_or("/", |at| &behind[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_is_a_list_of_issues() {
        let printed = br#"[{"code":"color-contrast","type":"error","typeCode":1,"message":"Too little contrast",
            "context":"<p>","selector":"main > p","runner":"axe"},
            {"code":"WCAG2AA.x","type":"notice","typeCode":3,"message":"Look","context":"","selector":""}]"#;
        let report = read_pa11y(printed).unwrap();
        assert_eq!(report.counts["pages"], 1);
        let first = &report.findings[0];
        assert_eq!((first.rule.as_deref(), first.severity), (Some("color-contrast"), Severity::Error));
        assert_eq!(first.message, "Too little contrast (`main > p`)");
        assert_eq!(report.findings[1].severity, Severity::Note);
    }

    #[test]
    fn pages_that_were_not_judged_are_undecided() {
        let printed = br#"{"total":4,"passes":1,"errors":1,"results":{
            "http://127.0.0.1:4000/a/": [{"code":"c","type":"error","message":"m","selector":"p"}],
            "http://127.0.0.1:4000/b": [{"message":"net::ERR_CONNECTION_REFUSED"}],
            "http://127.0.0.1:4000": []}}"#;
        let report = read_pa11y(printed).unwrap();
        assert_eq!(report.counts["pages"], 2);
        assert_eq!(report.findings[0].subject.as_deref(), Some("/a/"), "without the port");
        assert_eq!(
            report.undecided,
            [
                "`http://127.0.0.1:4000/b` could not be judged: net::ERR_CONNECTION_REFUSED",
                "it says nothing of 1 of 4 pages"
            ]
        );
    }

    #[test]
    fn what_is_no_report_is_none() {
        for printed in [&b""[..], b"{}", b"[1]", b"{\"total\":1}", b"Error: no page\n"] {
            assert!(read_pa11y(printed).is_err(), "{printed:?}");
        }
    }
}
