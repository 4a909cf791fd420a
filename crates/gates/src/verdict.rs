//! What the policy makes of what the gates saw: pure rules, no clock, no files.

use std::collections::BTreeMap;

use charter_deploy_model::{
    CodeMeta, Enforcement, Finding, GateOutcome, GateReport, Inconclusive, Inspection, KindMeta, LookedAt, Measure,
    Severity, Verdict, Waiver, WaiverUse,
};
use globset::GlobMatcher;
use jiff::civil::Date;

use crate::baseline::Baseline;
use crate::glob;

/// What the owners demand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// What blocks.
    pub enforcement: Enforcement,
    /// How bad a code's findings are, by code, where that differs from the code's default.
    pub severities: BTreeMap<String, Severity>,
}

impl Policy {
    /// Returns how bad this code's findings are.
    #[must_use]
    pub fn severity(&self, code: &CodeMeta) -> Severity {
        self.severities.get(code.id).copied().unwrap_or(code.default_severity)
    }
}

/// What may stand although it is wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Exceptions<'a> {
    /// For a while, for a reason.
    pub waivers: &'a [Waiver],
    /// Because it was there before.
    pub baseline: Option<&'a Baseline>,
}

/// Judges what one gate saw.
///
/// | what the gate saw | verdict | blocks under |
/// | --- | --- | --- |
/// | an error that no waiver covers | blocked | strict, standard |
/// | a warning that no waiver covers | blocked if strict, else passed | strict |
/// | only what waivers cover or the baseline knows | waived | – |
/// | nothing wrong, or notes | passed | – |
/// | what a person has to look at, unless it is waived | inconclusive | strict |
/// | something it could not decide, or nothing at all, or it could not look | inconclusive | strict |
/// | a code it does not declare, or it failed through a fault of ours | broken | strict, standard, flexible |
///
/// What is wrong outweighs what is undecided. A waiver holds through the day on which it expires; one whose subject is
/// not a glob covers nothing. `flexible` reports an error as blocked although it does not block, so that a score never
/// depends on who is looking.
#[must_use]
pub fn judge(
    policy: &Policy,
    meta: &KindMeta,
    outcome: GateOutcome,
    exceptions: &Exceptions<'_>,
    today: Date,
) -> GateReport {
    let report = |verdict| GateReport::new(meta.id, verdict, policy.enforcement.blocks(verdict));
    match outcome {
        GateOutcome::Inspected(Inspection::Looked { findings, measures, looked_at }) => {
            judge_findings(policy, meta, findings, measures, looked_at, exceptions, today)
        }
        GateOutcome::Inspected(Inspection::NotApplicable { reason }) => {
            GateReport { reason: Some(reason), ..report(Verdict::NotApplicable) }
        }
        GateOutcome::Inconclusive(why) => {
            let reason = match why {
                Inconclusive::Unavailable { reason } => reason,
                Inconclusive::TimedOut { seconds } => format!("took longer than {seconds} s"),
            };
            GateReport { reason: Some(reason), ..report(Verdict::Inconclusive) }
        }
        GateOutcome::Broken { reason } => GateReport { reason: Some(reason), ..report(Verdict::Broken) },
    }
}

fn judge_findings(
    policy: &Policy,
    meta: &KindMeta,
    findings: Vec<Finding>,
    measures: Vec<Measure>,
    looked_at: LookedAt,
    exceptions: &Exceptions<'_>,
    today: Date,
) -> GateReport {
    let covers: Vec<(&Waiver, Cover)> = exceptions
        .waivers
        .iter()
        .filter(|waiver| today <= waiver.expires)
        .filter_map(|waiver| Some((waiver, Cover::of(waiver).ok()?)))
        .collect();
    let mut standing = Vec::new();
    let mut waived = Vec::new();
    for finding in findings {
        match covers.iter().find(|(_, cover)| cover.covers(&finding)) {
            Some((waiver, _)) => waived.push(WaiverUse { finding, waiver: (*waiver).clone() }),
            None => standing.push(finding),
        }
    }
    let (standing, known) = match exceptions.baseline {
        Some(baseline) => baseline.split(standing),
        None => (standing, Vec::new()),
    };

    let undeclared = standing
        .iter()
        .chain(&known)
        .chain(waived.iter().map(|usage| &usage.finding))
        .find(|finding| meta.code(&finding.code).is_none());
    let matters = |finding: &&Finding| {
        let code = meta.code(&finding.code);
        code.is_some_and(|code| policy.severity(code) >= policy.enforcement.threshold())
    };
    let (to_review, wrong): (Vec<&Finding>, Vec<&Finding>) =
        standing.iter().filter(matters).partition(|finding| finding.needs_review);
    let (verdict, reason) = if let Some(finding) = undeclared {
        (Verdict::Broken, Some(format!("it reported `{}`, a code it does not declare", finding.code)))
    } else if !wrong.is_empty() {
        (Verdict::Blocked, None)
    } else if looked_at.is_nothing() {
        (Verdict::Inconclusive, Some("it looked at nothing".to_owned()))
    } else if !looked_at.undecided.is_empty() {
        (Verdict::Inconclusive, Some(looked_at.undecided.join("; ")))
    } else if let Some(first) = to_review.first() {
        let more = to_review.len() - 1;
        let more = if more == 0 { String::new() } else { format!(", and {more} more like this") };
        (Verdict::Inconclusive, Some(format!("a person has to look: {}{more}", first.message)))
    } else if !waived.is_empty() || !known.is_empty() {
        (Verdict::Waived, None)
    } else {
        (Verdict::Passed, None)
    };
    let blocks = policy.enforcement.blocks(verdict);
    let severities = standing
        .iter()
        .chain(&known)
        .chain(waived.iter().map(|usage| &usage.finding))
        .filter_map(|finding| meta.code(&finding.code))
        .map(|code| (code.id.to_owned(), policy.severity(code)))
        .collect();
    GateReport {
        findings: standing,
        waived,
        known,
        severities,
        measures,
        looked_at: Some(looked_at),
        reason,
        ..GateReport::new(meta.id, verdict, blocks)
    }
}

/// Returns what is wrong with the waivers themselves, one sentence each: expired, malformed, or covering nothing.
///
/// A waiver for a gate that could not look this time is given the benefit of the doubt.
#[must_use]
pub fn unused_waivers(reports: &[GateReport], waivers: &[Waiver], today: Date) -> Vec<String> {
    waivers.iter().filter_map(|waiver| complaint(reports, waiver, today)).collect()
}

fn complaint(reports: &[GateReport], waiver: &Waiver, today: Date) -> Option<String> {
    let Waiver { code, owner, expires, .. } = waiver;
    if *expires < today {
        return Some(format!("The waiver for `{code}` ({owner}) expired on {expires}."));
    }
    let subject = waiver.subject.as_deref().unwrap_or("**");
    let Ok(cover) = Cover::of(waiver) else {
        return Some(format!("The waiver for `{code}` ({owner}) covers nothing: `{subject}` is not a glob."));
    };
    let gate = code.split_once('/').map_or(code.as_str(), |(gate, _)| gate);
    let Some(report) = reports.iter().find(|report| report.gate == gate) else {
        return Some(format!(
            "The waiver for `{code}` ({owner}) covers nothing: there is no gate `{gate}` in this run."
        ));
    };
    let used = report.waived.iter().any(|usage| cover.covers(&usage.finding));
    (report.looked_at.is_some() && !used)
        .then(|| format!("The waiver for `{code}` ({owner}) covers nothing: no such finding on `{subject}`."))
}

/// What a waiver covers, with its glob compiled.
struct Cover<'a> {
    code: &'a str,
    subject: Option<GlobMatcher>,
}

impl<'a> Cover<'a> {
    fn of(waiver: &'a Waiver) -> Result<Self, globset::Error> {
        Ok(Self { code: &waiver.code, subject: waiver.subject.as_deref().map(glob::compile).transpose()? })
    }

    fn covers(&self, finding: &Finding) -> bool {
        self.code == finding.code && self.subject.as_ref().is_none_or(|subject| subject.is_match(&finding.subject))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    charter_deploy_model::kind! {
        /// Looks at letters.
        static META: "letters", needs Artifact, lane Shared {
            /// An error.
            "letters/error": Error, principle None;
            /// A warning.
            "letters/warning": Warning, principle None;
            /// A note.
            "letters/note": Note, principle None;
        }
    }

    const TODAY: Date = date(2026, 11, 21);

    fn finding(code: &str, subject: &str) -> Finding {
        Finding::new(code, subject, "wrong")
    }

    fn looked(findings: Vec<Finding>) -> GateOutcome {
        GateOutcome::Inspected(Inspection::Looked {
            findings,
            measures: vec![],
            looked_at: LookedAt::of("letters", 26),
        })
    }

    fn waiver(code: &str, subject: Option<&str>, expires: Date) -> Waiver {
        Waiver {
            code: code.to_owned(),
            subject: subject.map(str::to_owned),
            reason: "known".to_owned(),
            owner: "ann".to_owned(),
            expires,
        }
    }

    fn waived_by(waivers: &[Waiver]) -> Exceptions<'_> {
        Exceptions { waivers, baseline: None }
    }

    fn policy(enforcement: Enforcement) -> Policy {
        Policy { enforcement, ..Policy::default() }
    }

    fn verdict(enforcement: Enforcement, outcome: GateOutcome, waivers: &[Waiver]) -> (Verdict, bool) {
        let report = judge(&policy(enforcement), &META, outcome, &waived_by(waivers), TODAY);
        (report.verdict, report.blocks)
    }

    #[test]
    fn each_severity_blocks_where_the_policy_says_so() {
        use Enforcement::{Flexible, Standard, Strict};
        for (code, enforcement, expected) in [
            ("letters/error", Strict, (Verdict::Blocked, true)),
            ("letters/error", Standard, (Verdict::Blocked, true)),
            ("letters/error", Flexible, (Verdict::Blocked, false)),
            ("letters/warning", Strict, (Verdict::Blocked, true)),
            ("letters/warning", Standard, (Verdict::Passed, false)),
            ("letters/warning", Flexible, (Verdict::Passed, false)),
            ("letters/note", Strict, (Verdict::Passed, false)),
            ("letters/undeclared", Flexible, (Verdict::Broken, true)),
        ] {
            assert_eq!(
                verdict(enforcement, looked(vec![finding(code, "a")]), &[]),
                expected,
                "{code}, {enforcement:?}"
            );
        }
    }

    #[test]
    fn the_configuration_may_change_how_bad_a_code_is() {
        let severities = BTreeMap::from([("letters/warning".to_owned(), Severity::Error)]);
        let policy = Policy { enforcement: Enforcement::Standard, severities };
        let report =
            judge(&policy, &META, looked(vec![finding("letters/warning", "a")]), &Exceptions::default(), TODAY);
        assert!(report.blocks);
    }

    #[test]
    fn a_waiver_holds_through_its_last_day_and_no_longer() {
        let seen = || looked(vec![finding("letters/error", "demo/a.html")]);
        let until = |day| [waiver("letters/error", Some("demo/**"), day)];
        assert_eq!(verdict(Enforcement::Strict, seen(), &until(TODAY)), (Verdict::Waived, false));
        assert_eq!(verdict(Enforcement::Strict, seen(), &until(date(2026, 11, 20))), (Verdict::Blocked, true));
    }

    #[test]
    fn a_waiver_covers_its_code_and_subject_only() {
        let seen = || looked(vec![finding("letters/error", "demo/a.html")]);
        for other in [
            waiver("letters/error", Some("demo/*.css"), TODAY),
            waiver("letters/error", Some("*"), TODAY),
            waiver("letters/error", Some("["), TODAY),
            waiver("letters/warning", None, TODAY),
        ] {
            assert_eq!(verdict(Enforcement::Strict, seen(), &[other]), (Verdict::Blocked, true));
        }
    }

    #[test]
    fn a_waiver_cannot_hide_a_code_that_is_not_declared() {
        let waivers = [waiver("letters/undeclared", None, TODAY)];
        let seen = looked(vec![finding("letters/undeclared", "a")]);
        assert_eq!(verdict(Enforcement::Flexible, seen, &waivers), (Verdict::Broken, true));
    }

    #[test]
    fn what_is_undecided_is_no_pass_but_what_is_wrong_outweighs_it() {
        let undecided = |findings| {
            let looked_at = LookedAt { undecided: vec!["Is it dark?".to_owned()], ..LookedAt::of("letters", 26) };
            GateOutcome::Inspected(Inspection::Looked { findings, measures: vec![], looked_at })
        };
        assert_eq!(verdict(Enforcement::Strict, undecided(vec![]), &[]), (Verdict::Inconclusive, true));
        assert_eq!(verdict(Enforcement::Standard, undecided(vec![]), &[]), (Verdict::Inconclusive, false));
        let both = undecided(vec![finding("letters/error", "a")]);
        assert_eq!(verdict(Enforcement::Standard, both, &[]), (Verdict::Blocked, true));
    }

    #[test]
    fn what_a_person_has_to_look_at_is_undecided_until_somebody_did() {
        let open = || looked(vec![finding("letters/error", "a").needs_review()]);
        assert_eq!(verdict(Enforcement::Strict, open(), &[]), (Verdict::Inconclusive, true));
        let seen = waiver("letters/error", Some("a"), TODAY);
        assert_eq!(verdict(Enforcement::Strict, open(), &[seen]), (Verdict::Waived, false));
        let with_worse = looked(vec![finding("letters/error", "a").needs_review(), finding("letters/error", "b")]);
        assert_eq!(verdict(Enforcement::Standard, with_worse, &[]), (Verdict::Blocked, true));
    }

    #[test]
    fn waivers_that_do_nothing_are_named() {
        let waivers = [
            waiver("letters/error", Some("a"), TODAY),
            waiver("letters/error", Some("b"), TODAY),
            waiver("letters/error", Some("["), TODAY),
            waiver("letters/note", None, date(2026, 1, 31)),
            waiver("words/error", None, TODAY),
        ];
        let seen = looked(vec![finding("letters/error", "a")]);
        let reports = [judge(&Policy::default(), &META, seen, &waived_by(&waivers), TODAY)];
        let complaints = unused_waivers(&reports, &waivers, TODAY);
        assert_eq!(
            complaints,
            [
                "The waiver for `letters/error` (ann) covers nothing: no such finding on `b`.",
                "The waiver for `letters/error` (ann) covers nothing: `[` is not a glob.",
                "The waiver for `letters/note` (ann) expired on 2026-01-31.",
                "The waiver for `words/error` (ann) covers nothing: there is no gate `words` in this run.",
            ]
        );
    }

    #[test]
    fn a_waiver_is_not_called_unused_because_its_gate_could_not_look() {
        let waivers = [waiver("letters/error", None, TODAY)];
        let outcome = GateOutcome::Inconclusive(Inconclusive::TimedOut { seconds: 3 });
        let reports = [judge(&Policy::default(), &META, outcome, &waived_by(&waivers), TODAY)];
        assert_eq!(unused_waivers(&reports, &waivers, TODAY), Vec::<String>::new());
    }

    fn any_code() -> impl Strategy<Value = String> {
        prop_oneof![
            8 => Just("letters/error"), 8 => Just("letters/warning"), 8 => Just("letters/note"), 1 => Just("letters/x")
        ]
        .prop_map(str::to_owned)
    }

    fn any_subject() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["a", "b", "demo/a", "demo/b/c"])
    }

    fn any_findings() -> impl Strategy<Value = Vec<Finding>> {
        prop::collection::vec((any_code(), any_subject()).prop_map(|(code, subject)| finding(&code, subject)), 0..5)
    }

    fn any_waivers() -> impl Strategy<Value = Vec<Waiver>> {
        let subject = prop::option::of(prop::sample::select(vec!["*", "**", "demo/**", "a", "["]));
        let expires = prop::sample::select(vec![date(2026, 11, 20), TODAY, date(2027, 1, 1)]);
        let waiver =
            (any_code(), subject, expires).prop_map(|(code, subject, expires)| waiver(&code, subject, expires));
        prop::collection::vec(waiver, 0..4)
    }

    fn any_outcome() -> impl Strategy<Value = GateOutcome> {
        let looked = (any_findings(), 0_u64..3, prop::collection::vec("[a-z]{3}", 0..2)).prop_map(
            |(findings, count, undecided)| {
                let looked_at = LookedAt { undecided, ..LookedAt::of("letters", count) };
                GateOutcome::Inspected(Inspection::Looked { findings, measures: vec![], looked_at })
            },
        );
        prop_oneof![
            6 => looked,
            1 => Just(GateOutcome::Inspected(Inspection::NotApplicable { reason: "no letters".to_owned() })),
            1 => Just(GateOutcome::Inconclusive(Inconclusive::TimedOut { seconds: 1 })),
            1 => Just(GateOutcome::Broken { reason: "oops".to_owned() }),
        ]
    }

    fn any_enforcement() -> impl Strategy<Value = Enforcement> {
        prop::sample::select(vec![Enforcement::Strict, Enforcement::Standard, Enforcement::Flexible])
    }

    proptest! {
        #[test]
        fn a_waiver_never_makes_another_code_pass(outcome in any_outcome(), waivers in any_waivers(), code in any_code()) {
            let others: Vec<Waiver> = waivers.into_iter().filter(|waiver| waiver.code != code).collect();
            let standing = |waivers: &[Waiver]| {
                let report = judge(&Policy::default(), &META, outcome.clone(), &waived_by(waivers), TODAY);
                report.findings.into_iter().filter(|finding| finding.code == code).collect::<Vec<_>>()
            };
            prop_assert_eq!(standing(&others), standing(&[]));
        }

        #[test]
        fn a_stricter_policy_never_blocks_less(outcome in any_outcome(), waivers in any_waivers()) {
            let blocks = |enforcement| verdict(enforcement, outcome.clone(), &waivers).1;
            prop_assert!(blocks(Enforcement::Strict) >= blocks(Enforcement::Standard));
            prop_assert!(blocks(Enforcement::Standard) >= blocks(Enforcement::Flexible));
        }

        #[test]
        fn a_gate_that_did_not_look_never_passes(
            outcome in any_outcome(), waivers in any_waivers(), enforcement in any_enforcement()
        ) {
            let did_look = matches!(
                &outcome,
                GateOutcome::Inspected(Inspection::Looked { looked_at, .. })
                    if !looked_at.is_nothing() && looked_at.undecided.is_empty()
            );
            let (verdict, _) = verdict(enforcement, outcome, &waivers);
            prop_assert!(did_look || !matches!(verdict, Verdict::Passed | Verdict::Waived));
        }

        #[test]
        fn no_finding_is_lost(findings in any_findings(), waivers in any_waivers(), enforcement in any_enforcement()) {
            let report = judge(&policy(enforcement), &META, looked(findings.clone()), &waived_by(&waivers), TODAY);
            let mut kept: Vec<Finding> = report.findings;
            kept.extend(report.waived.into_iter().map(|usage| usage.finding));
            let sorted = |mut findings: Vec<Finding>| { findings.sort(); findings };
            prop_assert_eq!(sorted(kept), sorted(findings));
        }

        #[test]
        fn what_the_baseline_knows_counts_no_more_and_is_not_lost(
            findings in any_findings(), accepted in any_findings(), waivers in any_waivers(), enforcement in any_enforcement()
        ) {
            let accepted = GateReport { findings: accepted, ..GateReport::new("letters", Verdict::Blocked, true) };
            let baseline = Baseline::of(&[accepted]);
            let judged = |exceptions: &Exceptions<'_>| {
                judge(&policy(enforcement), &META, looked(findings.clone()), exceptions, TODAY)
            };
            let with = judged(&Exceptions { waivers: &waivers, baseline: Some(&baseline) });
            let without = judged(&waived_by(&waivers));
            prop_assert!(with.blocks <= without.blocks);
            prop_assert_eq!(with.waived, without.waived);
            let sorted = |mut findings: Vec<Finding>| { findings.sort(); findings };
            prop_assert_eq!(sorted([with.findings, with.known].concat()), sorted(without.findings));
        }

        #[test]
        fn a_waiver_never_makes_things_worse(outcome in any_outcome(), waivers in any_waivers(), enforcement in any_enforcement()) {
            prop_assert!(verdict(enforcement, outcome.clone(), &waivers).1 <= verdict(enforcement, outcome, &[]).1);
        }
    }
}
