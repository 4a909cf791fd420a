//! What a deployment's own record is evidence for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Evidence, EvidenceMeta, EvidenceState, Seen};
use crate::{
    CodeMeta, DeploymentStatus, Environment, Finding, GateReport, KindMeta, LeftOut, Principle, ProductionBranch,
    ProductionDeployment, Severity, Verdict,
};

/// A deployment takes less than this, in milliseconds of machine time.
const DEPLOYED_WITHIN_MS: u64 = 5 * 60 * 1000;

/// Users are switched over in less than this, in milliseconds.
const SWITCHED_WITHIN_MS: u64 = 30 * 1000;

/// A record, and who should have judged it.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The record.
    pub record: ProductionDeployment,
    /// The ids of the gates there are.
    pub gates: Vec<&'static str>,
}

/// What a record shows besides what its gates found.
///
/// How much a change matters to users is no evidence, although the constitution demands that it is stated: the record's
/// form demands it already, so that there is nothing left to check.
pub static RECORDED: [EvidenceMeta<Recorded>; 8] = [
    EvidenceMeta {
        id: "record/machine-time",
        principle: Principle::PerformanceFirst,
        what: "the deployment took less than 5 minutes",
        regain: "shorten the build (`cargo xtask show` tells where the time went), then `cargo xtask deploy`",
        look: machine_time,
    },
    EvidenceMeta {
        id: "record/switch",
        principle: Principle::PerformanceFirst,
        what: "users were switched over in less than 30 seconds",
        regain: "`cargo xtask deploy`: it measures the switch",
        look: switch,
    },
    EvidenceMeta {
        id: "record/backup",
        principle: Principle::UserPreservation,
        what: "a snapshot was there before anything changed",
        regain: "`cargo xtask deploy`: it takes one first",
        look: backup,
    },
    EvidenceMeta {
        id: "record/verified",
        principle: Principle::UserPreservation,
        what: "the live site was seen to show the release",
        regain: "put right what the live check named (`cargo xtask show`), then `cargo xtask deploy`",
        look: verified,
    },
    EvidenceMeta {
        id: "record/branch",
        principle: Principle::BranchPreservation,
        what: "its production branch is named YYYYMMDD-HHMMSS-prod-description",
        regain: "`cargo xtask deploy`: it names the branch",
        look: branch,
    },
    EvidenceMeta {
        id: "record/every-gate",
        principle: Principle::LocalValidation,
        what: "every gate came to a result before anybody saw the release",
        regain: "`cargo xtask gates run` tells what kept them from it; then `cargo xtask deploy`",
        look: every_gate,
    },
    EvidenceMeta {
        id: "record/faultless",
        principle: Principle::LocalValidation,
        what: "nothing that a gate called an error was shown",
        regain: "put the errors right, then `cargo xtask deploy`",
        look: faultless,
    },
    EvidenceMeta {
        id: "record/same-files",
        principle: Principle::LocalValidation,
        what: "what was shown is what was built and judged",
        regain: "`cargo xtask deploy`",
        look: same_files,
    },
];

/// Returns what a record is evidence for: each code of `kinds` that speaks for a principle, and [`RECORDED`].
///
/// A code is held when its gate looked and found nothing of it but notes. It is lost when something was found, whether
/// that blocked or not and whether a baseline knows it or not. It does not apply when the gate had nothing to judge,
/// and while a waiver lets all that was found stand. Else it is unmeasured. What blocks is never asked, so that
/// enforcement cannot change a score.
#[must_use]
pub fn recorded(record: &ProductionDeployment, kinds: &[&KindMeta]) -> Vec<Evidence> {
    let facts = Recorded { record: record.clone(), gates: kinds.iter().map(|kind| kind.id).collect() };
    let mut evidence = judged(&record.validation.gates, kinds);
    evidence.extend(RECORDED.iter().map(|meta| meta.of(&facts)));
    evidence
}

/// Returns what gates' reports alone are evidence for: each code of `kinds` that speaks for a principle, as
/// [`recorded`] has it.
#[must_use]
pub fn judged(reports: &[GateReport], kinds: &[&KindMeta]) -> Vec<Evidence> {
    let reports: BTreeMap<&str, &GateReport> = reports.iter().map(|report| (report.gate.as_str(), report)).collect();
    let codes = kinds.iter().flat_map(|kind| {
        let report = reports.get(kind.id).copied();
        kind.codes.iter().filter_map(move |code| of_code(code, code.principle?, report))
    });
    codes.collect()
}

/// Returns how a code stands; nothing for one that only notes are made of, because a note costs nobody anything.
fn of_code(code: &CodeMeta, principle: Principle, report: Option<&GateReport>) -> Option<Evidence> {
    let severity = report.and_then(|report| report.severities.get(code.id)).unwrap_or(&code.default_severity);
    if *severity == Severity::Note {
        return None;
    }
    let Seen { state, why, regain } = match report {
        Some(report) => seen_by_gate(code, report),
        None => Seen::unmeasured("this gate did not judge it").regain("`cargo xtask deploy`: it runs every gate"),
    };
    Some(Evidence { id: code.id.to_owned(), principle, what: code.summary().to_owned(), state, why, regain })
}

fn seen_by_gate(code: &CodeMeta, report: &GateReport) -> Seen {
    let of_code = |finding: &&Finding| finding.code == code.id;
    let found: Vec<&Finding> = report.findings.iter().chain(&report.known).filter(of_code).collect();
    let waived = report.waived.iter().find(|usage| usage.finding.code == code.id);
    let reason = || report.reason.clone().unwrap_or_else(|| "it came to no result".to_owned());
    match (found.as_slice(), waived, report.verdict) {
        ([first, rest @ ..], _, _) => {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            let known = if report.findings.iter().any(|finding| finding.code == code.id) { "" } else { "known: " };
            let help = first.help.as_ref().map(|help| format!("{help}; ")).unwrap_or_default();
            Seen::lost(format!("{known}{}{more}", first.message))
                .regain(format!("{help}`cargo xtask gates explain {}`, then `cargo xtask deploy`", code.id))
        }
        ([], _, Verdict::NotApplicable) => Seen::not_applicable(reason()),
        ([], _, Verdict::Inconclusive | Verdict::Broken) => {
            Seen::unmeasured(reason()).regain("put right what kept the gate from looking, then `cargo xtask deploy`")
        }
        ([], Some(usage), _) => {
            let waiver = &usage.waiver;
            Seen::not_applicable(format!("waived until {} by {}: {}", waiver.expires, waiver.owner, waiver.reason))
        }
        ([], None, Verdict::Passed | Verdict::Waived | Verdict::Blocked) => match left_out(code, report) {
            Some(LeftOut { why, could_be: false }) => Seen::not_applicable(why),
            Some(LeftOut { why, could_be: true }) => Seen::unmeasured(why)
                .regain(format!("`cargo xtask gates explain {}`, then `cargo xtask deploy`", report.gate)),
            None => Seen::held(looked_at(report)),
        },
    }
}

fn left_out<'a>(code: &CodeMeta, report: &'a GateReport) -> Option<&'a LeftOut> {
    report.looked_at.as_ref()?.left_out.get(code.id)
}

fn looked_at(report: &GateReport) -> String {
    let mut text = "nothing found".to_owned();
    let counts = report.looked_at.iter().flat_map(|looked| &looked.counts).filter(|(_, count)| **count > 0);
    for (place, (sort, count)) in counts.enumerate() {
        let _ = write!(text, "{} {sort}: {count}", if place == 0 { " in" } else { "," });
    }
    text
}

/// Says whether users ever saw anything of it.
const fn was_shown(record: &ProductionDeployment) -> bool {
    matches!(record.status, DeploymentStatus::Success | DeploymentStatus::RolledBack)
}

fn never_shown() -> Seen {
    Seen::not_applicable("it was never shown")
}

fn machine_time(Recorded { record, .. }: &Recorded) -> Seen {
    // No deployment waits for people yet, so all of its time is machine time; an interruption counts too.
    match u64::try_from(record.finished_at.duration_since(record.timestamp).as_millis()) {
        Err(_) => Seen::unmeasured("the clock was set back while it ran"),
        Ok(took) if took < DEPLOYED_WITHIN_MS => Seen::held(format!("it took {}", seconds(took))),
        Ok(took) => Seen::lost(format!("it took {}", seconds(took))),
    }
}

fn switch(Recorded { record, .. }: &Recorded) -> Seen {
    match record.switch_ms {
        _ if !was_shown(record) => never_shown(),
        None => Seen::unmeasured("nobody measured it: the record is older than that, or it was interrupted"),
        Some(took) if took < SWITCHED_WITHIN_MS => Seen::held(format!("it took {}", seconds(took))),
        Some(took) => Seen::lost(format!("it took {}", seconds(took))),
    }
}

fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000)
}

fn backup(Recorded { record, .. }: &Recorded) -> Seen {
    match record.backup_id {
        Some(id) => Seen::held(format!("snapshot {id}")),
        None if was_shown(record) => Seen::lost("the record names none"),
        None => never_shown(),
    }
}

fn verified(Recorded { record, .. }: &Recorded) -> Seen {
    let Some(live) = record.validation.live.as_ref().filter(|live| !live.checks.is_empty()) else {
        return if was_shown(record) { Seen::unmeasured("the live site was not looked at") } else { never_shown() };
    };
    match live.checks.iter().find(|check| !check.passed) {
        Some(check) => {
            let problem = check.problem.as_deref().unwrap_or("it did not answer as it should");
            Seen::lost(format!("`{}`: {problem}", check.path))
        }
        None => {
            let place = if live.loopback { "loopback, as no address is configured" } else { live.url.as_str() };
            Seen::held(format!("paths that answered as they should: {}, on {place}", live.checks.len()))
        }
    }
}

fn branch(Recorded { record, .. }: &Recorded) -> Seen {
    if record.environment != Environment::Production {
        return Seen::not_applicable(format!("{} needs no production branch", record.environment));
    }
    match record.branch_name.parse::<ProductionBranch>() {
        Ok(branch) => Seen::held(format!("`{branch}`")),
        Err(_) => Seen::lost(format!("`{}` is not so named", record.branch_name)),
    }
}

fn every_gate(Recorded { record, gates }: &Recorded) -> Seen {
    let reports = &record.validation.gates;
    if reports.is_empty() {
        return Seen::unmeasured("no gate ran");
    }
    let has_result = |gate: &str| {
        reports
            .iter()
            .any(|report| report.gate == gate && !matches!(report.verdict, Verdict::Inconclusive | Verdict::Broken))
    };
    let all: BTreeSet<&str> = reports.iter().map(|report| report.gate.as_str()).chain(gates.iter().copied()).collect();
    let without: Vec<String> = all.iter().filter(|gate| !has_result(gate)).map(|gate| format!("`{gate}`")).collect();
    if without.is_empty() {
        Seen::held(format!("gates: {}", all.len()))
    } else {
        Seen::lost(format!("without a result: {}", without.join(", ")))
    }
}

fn faultless(Recorded { record, .. }: &Recorded) -> Seen {
    if !was_shown(record) {
        return never_shown();
    }
    let reports = &record.validation.gates;
    if reports.is_empty() {
        return Seen::unmeasured("no gate ran");
    }
    let is_error = |report: &GateReport, finding: &Finding| {
        report.severities.get(&finding.code).is_none_or(|severity| *severity == Severity::Error)
    };
    let errors: Vec<&Finding> = reports
        .iter()
        .flat_map(|report| report.findings.iter().filter(move |finding| is_error(report, finding)))
        .collect();
    match errors.as_slice() {
        [] => Seen::held(format!("no errors, gates: {}", reports.len())),
        [first, ..] => Seen::lost(format!("errors: {}, first `{}`: {}", errors.len(), first.code, first.message)),
    }
}

fn same_files(Recorded { record, .. }: &Recorded) -> Seen {
    match (&record.release_id, &record.build_info.artifact_digest) {
        _ if !was_shown(record) => never_shown(),
        (Some(release), Some(digest)) if release.is_of(digest) => Seen::held(format!("release {release}")),
        (Some(release), Some(digest)) => Seen::lost(format!("release {release} was shown, {digest} was judged")),
        _ => Seen::unmeasured("the record does not name both"),
    }
}

impl Evidence {
    /// Says whether this evidence is a gate's code and not a record's.
    #[must_use]
    pub fn is_of_a_gate(&self) -> bool {
        !RECORDED.iter().map(|meta| meta.id).chain(super::PRESENT.iter().map(|meta| meta.id)).any(|id| id == self.id)
    }

    /// Says whether it costs points.
    #[must_use]
    pub const fn is_wanting(&self) -> bool {
        matches!(self.state, EvidenceState::Lost | EvidenceState::Unmeasured)
    }
}
