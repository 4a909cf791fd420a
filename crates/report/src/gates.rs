//! What the gates found, the worst last, next to the prompt.

mod excerpt;
mod junit;
mod listed;
mod markdown;
mod sarif;

use std::collections::BTreeMap;

use anstyle::Style;
use charter_deploy_model::{
    CodeMeta, Finding, GateReport, KindMeta, Location, LookedAt, Measure, Severity, Verdict, WaiverUse,
};

use self::excerpt::drawn;
pub use self::junit::junit;
use self::listed::{Listed, Stands, severity};
pub use self::markdown::markdown;
pub use self::sarif::{SarifContext, sarif};
use crate::figures::{count, measured};
use crate::layout::{WIDTH, cut, folded, hanging, padded, width};
use crate::style::{BAD, BOLD, CARE, DIM, Mark, paint};
use crate::{visible, words};

/// How many like things are listed before the rest is counted.
const LISTED: usize = 3;

/// Returns the gates' verdicts with their evidence: those that passed first, those that block last.
///
/// Findings of one code are listed together, under the code's summary where `kinds` knows it, and long lists are folded.
#[must_use]
pub fn gates(reports: &[GateReport], kinds: &[&KindMeta]) -> String {
    gates_with_excerpts(reports, kinds, &|_| None)
}

/// Returns the same as [`gates`], with findings shown in the lines that they are about.
///
/// `excerpt` returns the text of the line that a location points at, with whatever is secret in it masked: it is shown
/// as it is given. It is asked for the first place of those findings that are shown, and only where a line is known.
#[must_use]
pub fn gates_with_excerpts(
    reports: &[GateReport],
    kinds: &[&KindMeta],
    excerpt: &dyn Fn(&Location) -> Option<String>,
) -> String {
    if reports.is_empty() {
        return format!("{} no gate ran: nothing was checked\n", Mark::Care.painted());
    }
    let mut sorted: Vec<&GateReport> = reports.iter().collect();
    sorted.sort_by_key(|report| (report.blocks, !is_quiet(report.verdict), !report.findings.is_empty()));
    let columns = sorted.iter().map(|report| width(&visible(&report.gate))).max().unwrap_or_default().min(32);
    let listed: String = sorted.iter().map(|report| gate(report, kinds, columns, excerpt)).collect();
    format!("{listed}\n{}", summary(reports))
}

/// A gate's mark: calm where it may stand, alarmed only where it blocks.
pub(crate) const fn mark(report: &GateReport) -> Mark {
    match (report.blocks, report.verdict) {
        (true, _) => Mark::Bad,
        (false, Verdict::Passed) => Mark::Good,
        (false, Verdict::NotApplicable) => Mark::Quiet,
        (false, Verdict::Waived | Verdict::Blocked | Verdict::Inconclusive | Verdict::Broken) => Mark::Care,
    }
}

const fn is_quiet(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Passed | Verdict::NotApplicable)
}

/// What a gate's verdict rests on, in one line.
pub(crate) fn in_one_line(report: &GateReport) -> String {
    let mut parts = Vec::new();
    if !matches!(report.verdict, Verdict::Passed | Verdict::Waived) {
        parts.push(words::verdict(report.verdict).to_owned());
    }
    if !report.findings.is_empty() {
        parts.push(count(report.findings.len() as u64, "findings"));
    }
    if !report.waived.is_empty() {
        parts.push(format!("{} waived", count(report.waived.len() as u64, "findings")));
    }
    if !report.known.is_empty() {
        parts.push(format!("{} known before", count(report.known.len() as u64, "findings")));
    }
    if let Some(reason) = &report.reason {
        parts.push(visible(reason));
    }
    if report.remembered {
        parts.push("as before, unchanged".to_owned());
    }
    parts.extend(report.looked_at.as_ref().map(looked_at).filter(|looked| !looked.is_empty()));
    parts.join(" · ")
}

fn looked_at(looked: &LookedAt) -> String {
    let mut parts: Vec<String> = looked.counts.iter().map(|(sort, number)| count(*number, &visible(sort))).collect();
    if !looked.undecided.is_empty() {
        parts.push(format!("{} undecided", looked.undecided.len()));
    }
    parts.join(", ")
}

fn summary(reports: &[GateReport]) -> String {
    let number = |verdict| reports.iter().filter(|report| report.verdict == verdict).count();
    let counted: Vec<String> = [
        Verdict::Passed,
        Verdict::NotApplicable,
        Verdict::Waived,
        Verdict::Inconclusive,
        Verdict::Broken,
        Verdict::Blocked,
    ]
    .into_iter()
    .filter(|verdict| number(*verdict) > 0)
    .map(|verdict| format!("{} {}", number(verdict), words::verdict(verdict)))
    .collect();
    let mark = if reports.iter().any(|report| report.blocks) { Mark::Bad } else { Mark::Good };
    let end = summed_up(reports);
    let counted = format!("{}: {}", count(reports.len() as u64, "gates"), counted.join(", "));
    format!("{} {}\n{}", mark.painted(), paint(BOLD, &end), hanging("  ", &counted))
}

/// `2 gates keep this release from being shown`.
fn summed_up(reports: &[GateReport]) -> String {
    match reports.iter().filter(|report| report.blocks).count() {
        0 => "nothing keeps this release from being shown".to_owned(),
        1 => "1 gate keeps this release from being shown".to_owned(),
        blocking => format!("{blocking} gates keep this release from being shown"),
    }
}

fn gate(
    report: &GateReport,
    kinds: &[&KindMeta],
    columns: usize,
    excerpt: &dyn Fn(&Location) -> Option<String>,
) -> String {
    let meta = kinds.iter().find(|kind| kind.id == report.gate);
    let lead = format!("{} {}  ", mark(report).painted(), paint(BOLD, &padded(&visible(&report.gate), columns)));
    let mut text = hanging(&lead, &in_one_line(report));
    text += &measures(&report.measures);
    for finding in &report.looked_at.as_ref().map(|looked| folded_lines(&looked.undecided)).unwrap_or_default() {
        text += &hanging(&format!("    {} ", paint(CARE, "undecided")), finding);
    }
    for (code, findings) in by_code(&report.findings) {
        let severity = severity(report, kinds, code);
        text += &findings_of(code, &findings, severity, meta.and_then(|meta| meta.code(code)), excerpt);
    }
    text += &waived(&report.waived);
    text += &known(&report.known);
    text
}

fn folded_lines(lines: &[String]) -> Vec<String> {
    let (shown, more) = folded(lines, LISTED);
    let mut lines: Vec<String> = shown.iter().map(|line| visible(line)).collect();
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

fn by_code(findings: &[Finding]) -> BTreeMap<&str, Vec<&Finding>> {
    let mut codes: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        codes.entry(&finding.code).or_default().push(finding);
    }
    codes
}

/// Figures of one name are of one sort, so the largest speaks for the others.
fn measures(measures: &[Measure]) -> String {
    let mut names: BTreeMap<&str, Vec<&Measure>> = BTreeMap::new();
    for measure in measures {
        names.entry(&measure.name).or_default().push(measure);
    }
    let columns = names.keys().map(|name| width(&visible(name))).max().unwrap_or_default().min(32);
    names
        .into_iter()
        .map(|(name, mut measures)| {
            measures.sort_by(|a, b| b.value.total_cmp(&a.value));
            let first = measures[0];
            let more = match measures.len() {
                1 => String::new(),
                number => format!(", the largest of {number}"),
            };
            let figure = padded(&measured(first.value, first.unit), 9);
            let subject = cut(&visible(&first.subject), WIDTH.saturating_sub(columns + 34));
            let name = paint(DIM, &padded(&visible(name), columns));
            format!("    {name}  {figure}  {subject}{}\n", paint(DIM, &more))
        })
        .collect()
}

fn findings_of(
    code: &str,
    findings: &[&Finding],
    severity: Severity,
    meta: Option<&'static CodeMeta>,
    excerpt: &dyn Fn(&Location) -> Option<String>,
) -> String {
    let title = meta.map(|meta| visible(meta.summary())).unwrap_or_default();
    let mut text = hanging("    ", &format!("{} {title}", paint(style(severity), &visible(code))));
    let (shown, more) = folded(findings, LISTED);
    let help = findings.first().and_then(|finding| finding.help.as_ref());
    let mut same_help = findings.iter().all(|finding| finding.help.as_ref() == help);
    for finding in shown {
        if let Some(drawn) = drawn(&Listed { finding, severity, stands: Stands::Counts }, excerpt) {
            // A drawing has its help with it.
            same_help = false;
            text += &drawn;
            continue;
        }
        let places = places(finding);
        text += &hanging(&format!("      {} ", paint(DIM, "–")), &format!("{places}{}", visible(&finding.message)));
        if let Some(help) = finding.help.as_ref().filter(|_| !same_help) {
            text += &hanging(&format!("        {} ", paint(DIM, "help:")), &visible(help));
        }
    }
    if more > 0 {
        text += &format!("      {}\n", paint(DIM, &format!("and {more} more like this")));
    }
    if let Some(help) = help.filter(|_| same_help) {
        text += &hanging(&format!("      {} ", paint(DIM, "help:")), &visible(help));
    }
    text
}

const fn style(severity: Severity) -> Style {
    match severity {
        Severity::Note => DIM,
        Severity::Warning => CARE,
        Severity::Error => BAD,
    }
}

/// `index.html:12 and 3 more places: `; the subject where a finding has no location.
fn places(finding: &Finding) -> String {
    let Some(first) = finding.locations.first() else {
        return if finding.subject.is_empty() { String::new() } else { named(&visible(&finding.subject)) };
    };
    match finding.locations.len() {
        1 => named(&place(first)),
        number => named(&format!("{} and {}", place(first), count(number as u64 - 1, "more places"))),
    }
}

fn named(place: &str) -> String {
    format!("{place}: ")
}

fn place(location: &Location) -> String {
    let path = visible(&location.path);
    match (location.line, location.column) {
        (Some(line), Some(column)) => format!("{path}:{line}:{column}"),
        (Some(line), None) => format!("{path}:{line}"),
        (None, _) => path,
    }
}

/// Known findings in short: whoever wants to see them asks for another format.
fn known(findings: &[Finding]) -> String {
    by_code(findings)
        .into_iter()
        .map(|(code, findings)| {
            let said = format!("{} · {}", visible(code), count(findings.len() as u64, "findings"));
            hanging(&format!("    {} ", paint(DIM, "known ")), &said)
        })
        .collect()
}

/// Waived findings under their waiver, since its owner answers for all of them.
fn waived(uses: &[WaiverUse]) -> String {
    let mut waivers: Vec<(&WaiverUse, Vec<&Finding>)> = Vec::new();
    for used in uses {
        match waivers.iter_mut().find(|(first, _)| first.waiver == used.waiver) {
            Some((_, findings)) => findings.push(&used.finding),
            None => waivers.push((used, vec![&used.finding])),
        }
    }
    waivers
        .into_iter()
        .map(|(used, findings)| {
            let waiver = &used.waiver;
            let subject = waiver.subject.as_deref().map(|subject| format!(" in {}", visible(subject)));
            let lead = format!("    {} ", paint(CARE, "waived"));
            let mut text = hanging(&lead, &format!("{}{}", visible(&waiver.code), subject.unwrap_or_default()));
            text += &hanging(
                "      ",
                &format!(
                    "because {} ({}, until {})",
                    visible(waiver.reason.trim_end_matches('.')),
                    visible(&waiver.owner),
                    waiver.expires
                ),
            );
            let (shown, more) = folded(&findings, LISTED);
            for finding in shown {
                let message = format!("{}{}", places(finding), visible(&finding.message));
                text += &hanging(&format!("      {} ", paint(DIM, "–")), &message);
            }
            if more > 0 {
                text += &format!("      {}\n", paint(DIM, &format!("and {more} more like this")));
            }
            text
        })
        .collect()
}
