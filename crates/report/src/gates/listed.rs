//! Every finding of a report once, however it stands: what all formats draw from, so that none can leave one out.

use charter_deploy_model::{Finding, GateReport, KindMeta, Severity, Waiver};

/// A finding as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    pub(crate) finding: &'a Finding,
    pub(crate) severity: Severity,
    pub(crate) stands: Stands<'a>,
}

/// Whether a finding counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stands<'a> {
    Counts,
    Waived(&'a Waiver),
    Known,
}

impl Stands<'_> {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Waived(_) => "waived",
            Self::Known => "known",
        }
    }

    /// Says why a finding does not count; nothing for one that does.
    pub(crate) fn reason(self) -> Option<String> {
        match self {
            Self::Counts => None,
            Self::Waived(waiver) => Some(format!("{} ({}, until {})", waiver.reason, waiver.owner, waiver.expires)),
            Self::Known => Some("the baseline knows it".to_owned()),
        }
    }
}

/// Returns every finding of a report: those that count, the waived ones, the known ones.
pub(crate) fn listed<'a>(report: &'a GateReport, kinds: &'a [&KindMeta]) -> impl Iterator<Item = Listed<'a>> {
    let counting = report.findings.iter().map(|finding| (finding, Stands::Counts));
    let waived = report.waived.iter().map(|usage| (&usage.finding, Stands::Waived(&usage.waiver)));
    let known = report.known.iter().map(|finding| (finding, Stands::Known));
    counting.chain(waived).chain(known).map(move |(finding, stands)| Listed {
        finding,
        severity: severity(report, kinds, &finding.code),
        stands,
    })
}

/// Returns how bad a code is under the policy that judged; as it is declared, where the report does not tell; an error,
/// where nobody declared it.
pub(crate) fn severity(report: &GateReport, kinds: &[&KindMeta], code: &str) -> Severity {
    let declared = || kinds.iter().find_map(|kind| kind.code(code)).map(|code| code.default_severity);
    report.severities.get(code).copied().or_else(declared).unwrap_or(Severity::Error)
}
