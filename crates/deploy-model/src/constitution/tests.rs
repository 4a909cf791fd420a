//! What records and the state of things are evidence for.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::Environment;
use crate::statistics::Trend;
use crate::{
    Digest, Finding, GateReport, LiveCheck, LiveVerification, LookedAt, ProductionDeployment, ReleaseId, Standing,
    Validation, Verification, VerifiedEntry, Waiver, WaiverUse,
};

crate::kind! {
    /// Looks at letters.
    static LETTERS: "letters", needs Artifact, lane Shared {
        /// An error.
        "letters/error": Error, principle Some(PerformanceFirst);
        /// A warning.
        "letters/warning": Warning, principle Some(ZeroGitHubActions);
        /// A note.
        "letters/note": Note, principle Some(ZeroGitHubActions);
        /// An error that speaks for no principle.
        "letters/other": Error, principle None;
    }
}

fn digest() -> Digest {
    Digest::new([0xab; 32])
}

fn report(verdict: Verdict, findings: &[&str]) -> GateReport {
    let finding = |code: &&str| Finding::new(*code, "a.html", "`a.html` has a letter").help("take it out");
    let severities = LETTERS.codes.iter().filter(|code| findings.contains(&code.id));
    GateReport {
        findings: findings.iter().map(finding).collect(),
        severities: severities.map(|code| (code.id.to_owned(), code.default_severity)).collect(),
        looked_at: Some(LookedAt::of("pages", 3)),
        ..GateReport::new("letters", verdict, false)
    }
}

fn record(reports: Vec<GateReport>) -> ProductionDeployment {
    let mut record: ProductionDeployment = serde_json::from_value(serde_json::json!({
        "deploymentId": "20261121-020711-deployment",
        "commitHash": "0123456789abcdef0123456789abcdef01234567",
        "branchName": "20261121-020711-prod-new-prices",
        "timestamp": "2026-11-21T02:07:11Z",
        "finishedAt": "2026-11-21T02:07:33.5Z",
        "environment": "production",
        "deploymentType": "update",
        "triggerSource": "manual",
        "deployedBy": "ann",
        "buildInfo": { "optimizations": [] },
        "validation": {},
        "status": "success",
        "deploymentUrl": "https://example.org/",
        "switchMs": 3,
        "backupId": "20261121-020720",
        "errors": [],
        "warnings": [],
        "metadata": { "constitutionalCompliance": true, "performanceBaseline": true, "userImpact": "low" },
    }))
    .unwrap();
    record.release_id = Some(ReleaseId::new("20261121-020711".parse().unwrap(), &digest()));
    record.previous_release_id = Some(ReleaseId::new("20261120-000000".parse().unwrap(), &digest()));
    record.build_info.artifact_digest = Some(digest());
    let check = LiveCheck { path: "/".to_owned(), passed: true, status: Some(200), problem: None };
    let live = serde_json::json!({ "url": "https://example.org/", "loopback": false, "checks": [check] });
    let live: LiveVerification = serde_json::from_value(live).unwrap();
    record.validation = Validation { gates: reports, live: Some(live), ..Validation::default() };
    record
}

fn sound() -> Present {
    let record = record(vec![report(Verdict::Passed, &[])]);
    Present {
        verification: Verification {
            size: 2,
            root: digest(),
            sound: 2,
            anchors: 1,
            anchors_published: 1,
            faults: Vec::new(),
        },
        anchored: BTreeMap::from([(record.branch_name.parse().unwrap(), true)]),
        shown: vec![(record.deployment_id, record.branch_name.clone())],
        remote: Some("origin".to_owned()),
        staged: record.previous_release_id.iter().chain(&record.release_id).cloned().collect(),
        backup: record.backup_id.map(|id| (id, Vec::new())),
        record,
    }
}

fn state_of(evidence: &[Evidence], id: &str) -> Option<EvidenceState> {
    evidence.iter().find(|it| it.id == id).map(|it| it.state)
}

fn of_code(report: GateReport, code: &str) -> Option<EvidenceState> {
    state_of(&recorded(&record(vec![report]), &[&LETTERS]), code)
}

#[test]
fn every_principle_finds_itself() {
    for meta in &CONSTITUTION {
        assert_eq!(meta.principle.meta(), meta);
    }
}

#[test]
fn the_stricter_blocks_whatever_the_laxer_blocks() {
    let verdicts = [
        Verdict::Passed,
        Verdict::Waived,
        Verdict::NotApplicable,
        Verdict::Blocked,
        Verdict::Inconclusive,
        Verdict::Broken,
    ];
    for verdict in verdicts {
        assert!(Enforcement::Strict.blocks(verdict) >= Enforcement::Standard.blocks(verdict));
        assert!(Enforcement::Standard.blocks(verdict) >= Enforcement::Flexible.blocks(verdict));
    }
    assert!(Enforcement::Strict.threshold() <= Enforcement::Standard.threshold());
}

#[test]
fn evidence_is_declared_once_and_says_what_would_regain_it() {
    let recorded = RECORDED.iter().map(|meta| (meta.id, meta.what, meta.regain));
    let present = PRESENT.iter().map(|meta| (meta.id, meta.what, meta.regain));
    let all: Vec<_> = recorded.chain(present).collect();
    let ids: BTreeSet<_> = all.iter().map(|(id, _, _)| *id).collect();
    assert_eq!(ids.len(), all.len());
    for (id, what, regain) in all {
        assert!(!what.is_empty() && !regain.is_empty(), "{id}");
    }
}

#[test]
fn a_sound_deployment_with_everything_in_its_place_is_compliant() {
    let facts = sound();
    let score = score([recorded(&facts.record, &[&LETTERS]), present(&facts)].concat());
    assert_eq!(score.wanting().collect::<Vec<_>>(), Vec::<&Evidence>::new());
    assert!(score.compliant && score.total == 100.0);
}

#[test]
fn each_code_stands_by_what_its_gate_saw() {
    use EvidenceState::{Held, Lost, NotApplicable, Unmeasured};
    let error = "letters/error";
    assert_eq!(of_code(report(Verdict::Passed, &[]), error), Some(Held));
    assert_eq!(of_code(report(Verdict::Blocked, &["letters/warning"]), error), Some(Held));
    assert_eq!(of_code(report(Verdict::Blocked, &[error]), error), Some(Lost));
    assert_eq!(of_code(report(Verdict::Inconclusive, &[error]), error), Some(Lost));
    assert_eq!(of_code(report(Verdict::Inconclusive, &[]), error), Some(Unmeasured));
    assert_eq!(of_code(report(Verdict::Broken, &[]), error), Some(Unmeasured));
    assert_eq!(of_code(report(Verdict::NotApplicable, &[]), error), Some(NotApplicable));
    assert_eq!(state_of(&recorded(&record(Vec::new()), &[&LETTERS]), error), Some(Unmeasured));

    let found = report(Verdict::Blocked, &[error]);
    let finding = found.findings[0].clone();
    let waiver = Waiver {
        code: error.to_owned(),
        subject: None,
        reason: "the demo needs it".to_owned(),
        owner: "ann".to_owned(),
        expires: "2027-01-31".parse().unwrap(),
    };
    let waived = vec![WaiverUse { finding: finding.clone(), waiver }];
    assert_eq!(of_code(GateReport { waived, ..report(Verdict::Waived, &[]) }, error), Some(NotApplicable));
    let known = vec![finding];
    assert_eq!(of_code(GateReport { known, ..report(Verdict::Passed, &[]) }, error), Some(Lost));
}

#[test]
fn notes_and_codes_without_a_principle_cost_nothing() {
    let noted = report(Verdict::Passed, &["letters/note", "letters/other"]);
    assert_eq!(of_code(noted.clone(), "letters/note"), None);
    assert_eq!(of_code(noted, "letters/other"), None);
}

#[test]
fn enforcement_does_not_change_a_score() {
    let found = |verdict, blocks| {
        let report = GateReport { blocks, ..report(verdict, &["letters/warning"]) };
        score(recorded(&record(vec![report]), &[&LETTERS]))
    };
    // A warning blocks under strict enforcement and lets pass under standard.
    assert_eq!(found(Verdict::Blocked, true), found(Verdict::Passed, false));
    assert_eq!(found(Verdict::Blocked, true), found(Verdict::Blocked, false));
}

/// A name, and what is done to a sound deployment so that just the evidence of that name is no longer held.
type Fault<T> = (&'static str, fn(&mut T));

#[test]
fn each_fault_of_a_record_costs_its_own_evidence() {
    let faults: [Fault<ProductionDeployment>; 11] = [
        ("record/machine-time", |it| it.finished_at = "2026-11-21T02:12:11Z".parse().unwrap()),
        ("record/machine-time", |it| it.finished_at = "2026-11-21T02:07:10Z".parse().unwrap()),
        ("record/switch", |it| it.switch_ms = None),
        ("record/switch", |it| it.switch_ms = Some(30_000)),
        ("record/backup", |it| it.backup_id = None),
        ("record/verified", |it| it.validation.live = None),
        ("record/verified", |it| it.validation.live.as_mut().unwrap().checks[0].passed = false),
        ("record/branch", |it| it.branch_name = "main".to_owned()),
        ("record/every-gate", |it| it.validation.gates.push(GateReport::new("other", Verdict::Inconclusive, false))),
        ("record/faultless", |it| it.validation.gates[0].findings.push(Finding::new("x/y", "a", "b"))),
        ("record/same-files", |it| it.build_info.artifact_digest = Some(Digest::new([1; 32]))),
    ];
    for (id, break_it) in faults {
        let mut record = record(vec![report(Verdict::Passed, &[])]);
        break_it(&mut record);
        let all = recorded(&record, &[&LETTERS]);
        let wanting: Vec<&str> = all.iter().filter(|it| it.is_wanting()).map(|it| it.id.as_str()).collect();
        assert_eq!(wanting, [id]);
        assert!(all.iter().filter(|it| it.is_wanting()).all(|it| it.regain.is_some()));
    }
}

#[test]
fn each_fault_of_the_present_costs_its_own_evidence() {
    let faults: [Fault<Present>; 8] = [
        ("present/way-back", |it| it.staged.clear()),
        ("present/backup", |it| it.backup = None),
        ("present/backup", |it| it.backup.as_mut().unwrap().1.push("a pack is gone".to_owned())),
        ("present/published", |it| it.remote = None),
        ("present/published", |it| it.anchored.values_mut().for_each(|published| *published = false)),
        ("present/branches", |it| {
            it.shown.push(("20261120-000000-deployment".parse().unwrap(), "20261120-000000-prod-x".to_owned()));
        }),
        ("present/log", |it| {
            let path = "deployments/x.json".to_owned();
            it.verification.faults.push(VerifiedEntry { path, standing: Standing::Altered, detail: None });
        }),
        ("present/pruned", |it| {
            let path = "deployments/x.json".to_owned();
            it.verification.faults.push(VerifiedEntry { path, standing: Standing::Missing, detail: None });
        }),
    ];
    for (id, break_it) in faults {
        let mut facts = sound();
        break_it(&mut facts);
        if id == "present/published" && facts.remote.is_none() {
            facts.anchored.values_mut().for_each(|published| *published = false);
        }
        let all = present(&facts);
        let wanting: Vec<&str> = all.iter().filter(|it| it.is_wanting()).map(|it| it.id.as_str()).collect();
        assert_eq!(wanting, [id]);
    }
}

#[test]
fn a_deployment_that_was_never_shown_is_not_blamed_for_what_it_did_not_do() {
    let mut record = record(vec![report(Verdict::Blocked, &["letters/error"])]);
    record.status = crate::DeploymentStatus::Failed;
    (record.switch_ms, record.backup_id, record.validation.live, record.release_id) = (None, None, None, None);
    let all = recorded(&record, &[&LETTERS]);
    let wanting: Vec<&str> = all.iter().filter(|it| it.is_wanting()).map(|it| it.id.as_str()).collect();
    assert_eq!(wanting, ["letters/error"]);
}

#[test]
fn an_audit_is_of_its_week_and_invents_nothing() {
    let at = |stamp: &str, score| {
        let mut record = record(vec![report(Verdict::Passed, &["letters/note"])]);
        record.timestamp = stamp.parse().unwrap();
        record.finished_at = record.timestamp;
        record.validation.constitutional_compliance =
            Some(crate::ConstitutionalCompliance { score, violations: Vec::new(), passed_checks: Vec::new() });
        record
    };
    let records = [at("2026-11-10T00:00:00Z", Some(90.0)), at("2026-11-17T00:00:00Z", Some(100.0))];
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let of = |week: &str| {
        audit(week.parse().unwrap(), Environment::Production, &records, &[&LETTERS], sound().verification, now)
    };

    let week = of("2026-W47");
    assert_eq!(week.deployments.len(), 1);
    assert_eq!(week.trend, Some(Trend::Improving));
    assert_eq!(week.findings[0].counted, 1);
    assert_eq!((week.dora.changes, week.dora.window.days()), (1, 7.0));
    assert!(week.complete && !of("2026-W48").complete);

    let first = of("2026-W46");
    assert_eq!((first.deployments.len(), first.trend), (1, None));
    let empty = of("2026-W45");
    assert!(
        empty.standing.is_none()
            && empty.deployments.is_empty()
            && empty.weeks.iter().all(|it| it.mean_score.is_none())
    );
    let later = of("2026-W48");
    assert!(later.deployments.is_empty() && later.standing.is_some() && later.trend.is_none());
}
