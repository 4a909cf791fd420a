//! Gate reports as Markdown, for a comment or a summary page.

use charter_deploy_model::{GateReport, KindMeta};

use super::listed::{Listed, Stands, listed};
use super::{in_one_line, place, summed_up};
use crate::markdown::{escaped, table};
use crate::words;

/// Returns gate reports as a Markdown page: a table of the gates, and one of every finding.
#[must_use]
pub fn markdown(reports: &[GateReport], kinds: &[&KindMeta]) -> String {
    if reports.is_empty() {
        return "# Gates\n\n**No gate ran: nothing was checked.**\n".to_owned();
    }
    let gates: Vec<Vec<String>> = reports.iter().map(gate).collect();
    let findings: Vec<Vec<String>> =
        reports.iter().flat_map(|report| listed(report, kinds)).map(|listed| finding(&listed)).collect();
    let mut text = format!("# Gates\n\n**{}.**\n\n", summed_up(reports));
    text += &table(&["gate", "verdict", "blocks", "evidence"], &gates);
    if !findings.is_empty() {
        let head = ["severity", "code", "subject", "what is wrong", "where", "standing", "help"];
        text += &format!("\n## Findings\n\n{}", table(&head, &findings));
    }
    text
}

fn gate(report: &GateReport) -> Vec<String> {
    let blocks = if report.blocks { "**yes**" } else { "no" };
    vec![
        escaped(&report.gate),
        words::verdict(report.verdict).to_owned(),
        blocks.to_owned(),
        escaped(&in_one_line(report)),
    ]
}

fn finding(listed: &Listed<'_>) -> Vec<String> {
    let finding = listed.finding;
    let places: Vec<String> = finding.locations.iter().map(|location| escaped(&place(location))).collect();
    let standing = match listed.stands {
        Stands::Counts => "counts".to_owned(),
        Stands::Waived(_) | Stands::Known => {
            let reason = listed.stands.reason().unwrap_or_default();
            format!("{}: {}", listed.stands.word(), escaped(&reason))
        }
    };
    vec![
        words::severity(listed.severity).to_owned(),
        escaped(&finding.code),
        escaped(&finding.subject),
        escaped(&finding.message),
        places.join("<br>"),
        standing,
        escaped(finding.help.as_deref().unwrap_or_default()),
    ]
}
