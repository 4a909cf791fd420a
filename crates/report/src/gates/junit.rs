//! Gate reports as JUnit XML, for whatever shows test results.
//!
//! There is no one schema; this keeps to Jenkins', the strictest of those in use: one suite a gate, one case a finding, and one
//! for each code that was looked for and not found.

use std::collections::BTreeMap;
use std::io;

use charter_deploy_model::{GateReport, KindMeta, Severity, Verdict};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::listed::{Listed, Stands, listed};
use crate::{visible, words};

/// One case of a suite.
struct Case {
    class: String,
    name: String,
    outcome: Outcome,
    said: String,
}

enum Outcome {
    Passed,
    Failed { sort: &'static str, message: String },
    Broken { sort: &'static str, message: String },
    Skipped { message: String },
}

/// Returns gate reports as JUnit XML.
///
/// An error is a failure, and so is a warning of a gate that failed; other findings are cases that passed and say what
/// they are. What is waived or known is skipped, with the reason. A gate that could not look, or failed itself, is an
/// error. What a finding's case says ends in the lines `subject: …` and `standing: …`.
#[must_use]
pub fn junit(reports: &[GateReport], kinds: &[&KindMeta]) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write(&mut writer, reports, kinds).expect("writing into memory does not fail");
    let mut text = String::from_utf8(writer.into_inner()).expect("what was written was text");
    text.push('\n');
    text
}

fn write(writer: &mut Writer<Vec<u8>>, reports: &[GateReport], kinds: &[&KindMeta]) -> io::Result<()> {
    let suites: Vec<(&GateReport, Vec<Case>)> = reports.iter().map(|report| (report, cases(report, kinds))).collect();
    let all = || suites.iter().flat_map(|(_, cases)| cases);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attributes([("name", "charter")])
        // Only suites may say how many they skipped.
        .with_attributes(counts(all()).iter().take(3).map(|(name, count)| (*name, count.as_str())))
        .write_inner_content(|writer| suites.iter().try_for_each(|(report, cases)| suite(writer, report, cases)))?;
    Ok(())
}

fn suite(writer: &mut Writer<Vec<u8>>, report: &GateReport, cases: &[Case]) -> io::Result<()> {
    writer
        .create_element("testsuite")
        .with_attributes([("name", clean(&report.gate).as_str())])
        .with_attributes(counts(cases.iter()).iter().map(|(name, count)| (*name, count.as_str())))
        .write_inner_content(|writer| {
            writer.create_element("properties").write_inner_content(|writer| {
                let verdict = [("name", "verdict"), ("value", words::verdict(report.verdict))];
                writer.create_element("property").with_attributes(verdict).write_empty().map(drop)
            })?;
            cases.iter().try_for_each(|case| test_case(writer, case))
        })?;
    Ok(())
}

fn counts<'a>(cases: impl Iterator<Item = &'a Case>) -> [(&'static str, String); 4] {
    let (mut tests, mut failures, mut errors, mut skipped) = (0_u64, 0_u64, 0_u64, 0_u64);
    for case in cases {
        tests += 1;
        match case.outcome {
            Outcome::Passed => {}
            Outcome::Failed { .. } => failures += 1,
            Outcome::Broken { .. } => errors += 1,
            Outcome::Skipped { .. } => skipped += 1,
        }
    }
    [("tests", tests), ("failures", failures), ("errors", errors), ("skipped", skipped)]
        .map(|(name, count)| (name, count.to_string()))
}

fn test_case(writer: &mut Writer<Vec<u8>>, case: &Case) -> io::Result<()> {
    writer
        .create_element("testcase")
        .with_attributes([("classname", clean(&case.class).as_str()), ("name", clean(&case.name).as_str())])
        .write_inner_content(|writer| {
            match &case.outcome {
                Outcome::Passed => {}
                Outcome::Failed { sort, message } => problem(writer, "failure", sort, message, &case.said)?,
                Outcome::Broken { sort, message } => problem(writer, "error", sort, message, &case.said)?,
                Outcome::Skipped { message } => {
                    let message = clean(message);
                    writer.create_element("skipped").with_attribute(("message", message.as_str())).write_empty()?;
                }
            }
            if matches!(case.outcome, Outcome::Passed | Outcome::Skipped { .. }) && !case.said.is_empty() {
                writer.create_element("system-out").write_text_content(BytesText::new(&clean_lines(&case.said)))?;
            }
            Ok(())
        })?;
    Ok(())
}

fn problem(writer: &mut Writer<Vec<u8>>, element: &str, sort: &str, message: &str, said: &str) -> io::Result<()> {
    writer
        .create_element(element)
        .with_attributes([("type", sort), ("message", clean(message).as_str())])
        .write_text_content(BytesText::new(&clean_lines(said)))?;
    Ok(())
}

/// Text without what XML 1.0 has no place for, not even as an escape.
fn clean(text: &str) -> String {
    visible(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

fn cases(report: &GateReport, kinds: &[&KindMeta]) -> Vec<Case> {
    let reason = || report.reason.clone().unwrap_or_default();
    let mut cases: Vec<Case> = listed(report, kinds).map(|listed| of_finding(report, &listed)).collect();
    let whole = |outcome| Case { class: report.gate.clone(), name: report.gate.clone(), outcome, said: String::new() };
    match report.verdict {
        Verdict::Inconclusive => {
            cases.push(whole(Outcome::Broken { sort: "inconclusive", message: reason() }));
        }
        Verdict::Broken => cases.push(whole(Outcome::Broken { sort: "broken", message: reason() })),
        Verdict::NotApplicable => cases.push(whole(Outcome::Skipped { message: reason() })),
        Verdict::Passed | Verdict::Waived | Verdict::Blocked => cases.extend(not_found(report, kinds)),
    }
    if cases.is_empty() {
        cases.push(whole(Outcome::Passed));
    }
    tell_apart(&mut cases);
    cases
}

fn of_finding(report: &GateReport, listed: &Listed<'_>) -> Case {
    let finding = listed.finding;
    let name = match &finding.key {
        Some(key) => format!("{} ({key})", finding.subject),
        None => finding.subject.clone(),
    };
    let sort = words::severity(listed.severity);
    let message = || finding.message.clone();
    let outcome = match (listed.stands, listed.severity) {
        (Stands::Counts, Severity::Error) => Outcome::Failed { sort, message: message() },
        (Stands::Counts, Severity::Warning) if report.verdict == Verdict::Blocked => {
            Outcome::Failed { sort, message: message() }
        }
        (Stands::Counts, Severity::Warning | Severity::Note) => Outcome::Passed,
        (Stands::Waived(_) | Stands::Known, _) => {
            let word = listed.stands.word();
            Outcome::Skipped { message: format!("{word}: {}", listed.stands.reason().unwrap_or_default()) }
        }
    };
    // Whatever a message holds, it is one line, so that the places below it are what they seem.
    let places = finding.locations.iter().map(|place| format!("at {}", super::place(place)));
    let help = finding.help.iter().map(|help| format!("help: {}", visible(help)));
    let about = [format!("subject: {}", visible(&finding.subject)), format!("standing: {}", listed.stands.word())];
    let said: Vec<String> = std::iter::once(visible(&finding.message)).chain(places).chain(help).chain(about).collect();
    Case { class: finding.code.clone(), name, outcome, said: said.join("\n") }
}

/// The codes that a gate looked for and did not find.
fn not_found<'a>(report: &'a GateReport, kinds: &'a [&KindMeta]) -> impl Iterator<Item = Case> + 'a {
    let found: Vec<&str> = listed(report, kinds).map(|listed| listed.finding.code.as_str()).collect();
    let codes = kinds.iter().filter(|kind| kind.id == report.gate).flat_map(|kind| kind.codes);
    codes.filter(move |code| !found.contains(&code.id)).map(|code| Case {
        class: code.id.to_owned(),
        name: "not found".to_owned(),
        outcome: Outcome::Passed,
        said: String::new(),
    })
}

/// Numbers cases of one name, because many readers keep only the first of them.
fn tell_apart(cases: &mut [Case]) {
    let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
    for case in cases {
        let number = seen.entry((case.class.clone(), case.name.clone())).or_default();
        *number += 1;
        if *number > 1 {
            case.name = format!("{} #{number}", case.name);
        }
    }
}
