//! Gate reports as SARIF 2.1.0, for code scanners and editors.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use charter_deploy_model::{CodeMeta, Digest, Finding, Fix, GateReport, KindMeta, Location, Severity, Tree, Verdict};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::listed::{Listed, Stands, listed};
use crate::explain::unindented;
use crate::words;

/// What may not stand in a path of a URI as it is (RFC 3986).
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Where a finding without a place is said to be: consumers demand a place of every result.
const NO_PLACE: &str = "charter.toml";

/// What a SARIF log says of the run besides its results.
#[derive(Debug, Clone, Copy)]
pub struct SarifContext<'a> {
    /// The version of this program.
    pub version: &'a str,
    /// The URI of the folder with the site that was built, with a slash at its end.
    pub site: Option<&'a str>,
    /// The URI of the project's folder, with a slash at its end.
    pub source: Option<&'a str>,
    /// Tells one finding from another when lines and figures move.
    pub fingerprint: fn(&Finding) -> Digest,
}

/// Returns gate reports as a SARIF 2.1.0 log of one run.
///
/// What is waived or known is marked, never left out: consumers would take it for solved. A waived finding carries an
/// accepted external suppression; where a baseline is in use, each result says whether it is `new` or `unchanged`. What
/// kept a gate from looking is a notification of the invocation. Print it with [`json::pretty`](crate::json::pretty).
#[must_use]
pub fn sarif(reports: &[GateReport], kinds: &[&KindMeta], context: &SarifContext<'_>) -> Value {
    let codes: Vec<(&KindMeta, &CodeMeta)> =
        kinds.iter().flat_map(|kind| kind.codes.iter().map(|code| (*kind, code))).collect();
    let has_baseline = reports.iter().any(|report| !report.known.is_empty());
    let results: Vec<Value> = reports
        .iter()
        .flat_map(|report| listed(report, kinds))
        .map(|listed| {
            let index = codes.iter().position(|(_, code)| code.id == listed.finding.code);
            result(&listed, index, has_baseline, context)
        })
        .collect();
    let notifications: Vec<Value> = reports.iter().flat_map(notifications).collect();
    let is_broken = reports.iter().any(|report| report.verdict == Verdict::Broken);
    let mut bases = serde_json::Map::new();
    for (name, uri) in [("SITE", context.site), ("SRC", context.source)] {
        if let Some(uri) = uri {
            bases.insert(name.to_owned(), json!({ "uri": uri }));
        }
    }
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "charter",
                "version": context.version,
                "rules": codes.iter().map(|(kind, code)| rule(kind, code)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": bases,
            "invocations": [{
                "executionSuccessful": !is_broken,
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    })
}

fn rule(kind: &KindMeta, code: &CodeMeta) -> Value {
    let docs = unindented(code.docs).collect::<Vec<_>>().join("\n");
    let docs = docs.trim();
    let mut tags = vec![kind.id];
    tags.extend(code.principle.map(words::principle_tag));
    json!({
        "id": code.id,
        "shortDescription": { "text": code.summary() },
        "fullDescription": { "text": docs },
        "help": { "text": docs, "markdown": docs },
        "defaultConfiguration": { "level": level(code.default_severity) },
        "properties": { "tags": tags },
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

fn result(listed: &Listed<'_>, index: Option<usize>, has_baseline: bool, context: &SarifContext<'_>) -> Value {
    let finding = listed.finding;
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(listed.severity),
        "message": { "text": plain(&finding.message) },
        "locations": locations(finding),
        "partialFingerprints": { "charter/v1": (context.fingerprint)(finding).hex() },
        "properties": { "subject": finding.subject },
    });
    if finding.needs_review {
        // Only what fails has a level (§3.27.10).
        result["kind"] = json!("review");
        result["level"] = json!("none");
    }
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if let Some(help) = &finding.help {
        result["properties"]["help"] = json!(help);
    }
    if let [_, others @ ..] = finding.locations.as_slice()
        && !others.is_empty()
    {
        result["relatedLocations"] =
            others.iter().map(|place| json!({ "physicalLocation": physical(place) })).collect();
    }
    if let Stands::Waived(_) = listed.stands {
        let justification = listed.stands.reason();
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": justification }]);
    }
    if has_baseline {
        let known = matches!(listed.stands, Stands::Known);
        result["baselineState"] = json!(if known { "unchanged" } else { "new" });
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([edit(fix)]);
    }
    result
}

/// A message in which brackets are brackets: `[text](target)` would be a link (§3.11.6).
fn plain(message: &str) -> String {
    if message.contains("](") { message.replace('[', "\\[").replace(']', "\\]") } else { message.to_owned() }
}

fn locations(finding: &Finding) -> Value {
    let nowhere = Location::file(NO_PLACE).in_source();
    let place = finding.locations.first().unwrap_or(&nowhere);
    json!([{
        "physicalLocation": physical(place),
        "logicalLocations": [{ "fullyQualifiedName": finding.subject }],
    }])
}

fn physical(place: &Location) -> Value {
    let mut physical = json!({ "artifactLocation": artifact(&place.path, place.tree) });
    if let Some(line) = place.line.filter(|line| *line > 0) {
        physical["region"] = json!({ "startLine": line });
        if let Some(column) = place.column.filter(|column| *column > 0) {
            physical["region"]["startColumn"] = json!(column);
        }
    }
    physical
}

fn artifact(path: &str, tree: Tree) -> Value {
    let base = match tree {
        Tree::Site => "SITE",
        Tree::Source => "SRC",
    };
    // A colon in the first segment would be a scheme, and a slash at the beginning another root.
    let path = utf8_percent_encode(path.trim_start_matches('/'), PATH).to_string().replace(':', "%3A");
    json!({ "uri": path, "uriBaseId": base })
}

fn edit(fix: &Fix) -> Value {
    json!({
        "description": { "text": plain(&fix.summary) },
        "artifactChanges": [{
            "artifactLocation": artifact(&fix.path, fix.tree),
            "replacements": [{
                "deletedRegion": { "byteOffset": fix.start, "byteLength": fix.old.len() },
                "insertedContent": { "text": fix.new },
            }],
        }],
    })
}

fn notifications(report: &GateReport) -> Vec<Value> {
    let notification = |level: &str, text: &str| {
        json!({
            "level": level,
            "message": { "text": plain(&format!("{}: {text}", report.gate)) },
            "descriptor": { "id": report.gate },
        })
    };
    let reason = report.reason.as_deref();
    let undecided = report.looked_at.iter().flat_map(|looked| &looked.undecided);
    let mut all: Vec<Value> = undecided.map(|line| notification("warning", line)).collect();
    match report.verdict {
        Verdict::Broken => all.push(notification("error", reason.unwrap_or("it failed"))),
        Verdict::Inconclusive if all.is_empty() => {
            all.push(notification("warning", reason.unwrap_or("it came to no result")));
        }
        Verdict::NotApplicable => all.push(notification("note", reason.unwrap_or("there is nothing to judge"))),
        Verdict::Passed | Verdict::Waived | Verdict::Blocked | Verdict::Inconclusive => {}
    }
    all
}
