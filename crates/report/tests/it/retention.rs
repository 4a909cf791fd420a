//! What is kept how long, for people and for programs.

#![expect(clippy::unwrap_used, reason = "samples are well-formed, or the test stops")]

use charter_deploy_model::{
    DataRetentionPolicy, Decision, Environment, Hold, HoldLifted, Period, Pin, PlannedRecord, PlannedSnapshot,
    PrunedRecord, Pruning, RecordSummary, RetentionAction, RetentionDone, RetentionPlan, SnapshotDecision,
    SnapshotPlan, SnapshotWhy, StandingHold, Why,
};
use charter_report::json::v1;
use charter_report::{Marks, dress};
use jiff::Timestamp;

const OLD: &str = "20250301-080000-deployment";

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn summary() -> RecordSummary {
    RecordSummary {
        id: Some(OLD.to_owned()),
        status: Some("success".to_owned()),
        sort: Some("update".to_owned()),
        environment: Some(Environment::Production),
        commit: Some("0123456789abcdef0123456789abcdef01234567".parse().unwrap()),
        branch: Some("20250301-080000-prod-new-prices".to_owned()),
        by: Some("ann".to_owned()),
    }
}

fn planned(action: RetentionAction, why: Why, saved_bytes: Option<u64>) -> PlannedRecord {
    let until = saved_bytes.map(|_| time("2026-03-01T08:01:00Z"));
    let decision = Decision { path: format!("deployments/{OLD}.json"), action, why, until };
    PlannedRecord { decision, summary: summary(), stored_bytes: 4_100, saved_bytes }
}

fn expired() -> Why {
    Why::Expired { rule: "deployments.retention".to_owned(), period: Period::Years(1) }
}

fn plan() -> RetentionPlan {
    let term = Why::Term { rule: "deployments.production".to_owned(), period: Period::Years(1) };
    RetentionPlan {
        at: time("2026-11-21T02:07:11Z"),
        policy: DataRetentionPolicy::default(),
        records: vec![
            planned(RetentionAction::Prune, expired(), Some(4_100)),
            planned(RetentionAction::Archive, term, Some(3_000)),
            planned(RetentionAction::Keep, Why::Pinned { pin: Pin::Live }, None),
        ],
    }
}

fn hold(reason: &str) -> Hold {
    Hold {
        hold_id: "20261121-020711-hold".parse().unwrap(),
        covers: vec![format!("deployments/{OLD}.json"), "incidents/a.json".to_owned()],
        reason: reason.to_owned(),
        placed_by: "ann".to_owned(),
        placed_at: time("2026-11-21T02:07:11Z"),
        until: None,
    }
}

fn pruning() -> Pruning {
    let record = PrunedRecord {
        path: format!("deployments/{OLD}.json"),
        digest: format!("sha256:{}", "5e".repeat(32)).parse().unwrap(),
        bytes: 4_100,
        at: time("2025-03-01T08:01:00Z"),
        why: expired(),
        summary: summary(),
    };
    Pruning {
        pruning_id: "20261121-020711-pruning".parse().unwrap(),
        pruned_at: time("2026-11-21T02:07:11Z"),
        pruned_by: "ann".to_owned(),
        policy: DataRetentionPolicy::default(),
        count: 1,
        first: record.at,
        last: record.at,
        paths: vec![record.path.clone()],
        records: vec![record],
    }
}

fn snapshots() -> SnapshotPlan {
    let planned = |id: &str, prune, why| PlannedSnapshot {
        decision: SnapshotDecision { snapshot: id.parse().unwrap(), prune, why, until: None },
        taken_for: OLD.to_owned(),
    };
    SnapshotPlan {
        at: time("2026-11-21T02:07:11Z"),
        snapshots: vec![
            planned("20250301-080000", true, SnapshotWhy::Expired { period: Period::Days(30) }),
            planned("20261121-020711", false, SnapshotWhy::NewestSound),
        ],
        freed_bytes: 1_500_000,
    }
}

fn plain(text: &str) -> String {
    dress(text, false, Marks::Ascii)
}

#[test]
fn a_plan_says_what_why_until_when_and_what_it_saves() {
    assert_eq!(
        plain(&charter_report::retention_plan(&plan(), 1)),
        "\
retention as of 2026-11-21 02:07:11 UTC

WHAT      RECORD                      SAVES    UNTIL       WHY
remove    20250301-080000-deployment  4.10 kB  2026-03-01  past 1 year of deployments.retention
compress  20250301-080000-deployment  3.00 kB  2026-03-01  deployments.production says 1 year
keep      20250301-080000-deployment                       its release is live

1 record to be removed and 1 to be compressed, which saves 7.10 kB; 1 record stays as it is
`cargo xtask retention apply` does it
"
    );
    let nothing = RetentionPlan { records: Vec::new(), ..plan() };
    assert!(plain(&charter_report::retention_plan(&nothing, 12)).contains("12 records stay as they are"));
}

#[test]
fn what_was_done_names_its_records() {
    let mut done = RetentionDone { pruned: 700, archived: 1, saved_bytes: 2_000_000, prunings: Vec::new() };
    done.prunings = vec!["integrity/prunings/20261121-020711-pruning.json".to_owned()];
    let text = plain(&charter_report::retention_done(&done));
    assert!(text.contains("700 records removed and 1 compressed, which saves 2.00 MB"), "{text}");
    assert!(text.contains("on record as integrity/prunings/20261121-020711-pruning.json"), "{text}");
    assert!(plain(&charter_report::retention_done(&RetentionDone::default())).contains("nothing was to be done"));
}

#[test]
fn everything_fits_the_screen_and_nothing_moves_the_cursor() {
    let nasty = hold(&"an outage \u{1b}[2J\u{202e} ".repeat(20));
    let lifted = HoldLifted {
        hold_id: nasty.hold_id,
        reason: "the report is written".to_owned(),
        lifted_by: "ann".to_owned(),
        lifted_at: time("2027-01-10T10:00:00Z"),
    };
    let standing = |lifted: Option<HoldLifted>, in_force| StandingHold { hold: nasty.clone(), lifted, in_force };
    for text in [
        charter_report::retention_plan(&plan(), 0),
        charter_report::hold_placed(&nasty),
        charter_report::hold_lifted(&lifted),
        charter_report::holds(&[standing(None, true), standing(Some(lifted.clone()), false), standing(None, false)]),
        charter_report::holds(&[]),
        charter_report::pruned(&[pruning()]),
        charter_report::pruned(&[]),
        charter_report::snapshot_plan(&snapshots()),
        charter_report::snapshots_pruned(1, 2, 1_500_000),
    ] {
        let text = plain(&text);
        assert!(text.ends_with('\n'), "{text:?}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
    }
}

#[test]
fn every_result_has_its_frozen_line() {
    let mut done = RetentionDone { pruned: 1, archived: 2, saved_bytes: 7_100, prunings: Vec::new() };
    done.prunings.push("integrity/prunings/20261121-020711-pruning.json".to_owned());
    let mut one = plan();
    one.records.truncate(1);
    for (line, frozen) in [
        (
            v1::retention_plan(&one, 1),
            r#"{"v":1,"result":"retention-plan","at":"2026-11-21T02:07:11Z","policy":{"deployments":{"retention":"1 year","archiveAfter":"6 months","compressionEnabled":true,"standard":"90 days","production":"1 year"},"monitoring":{"detailed":"30 days","aggregated":"1 year","alerts":"6 months"},"maintenance":{"retention":"1 year","successfulMaintenance":"3 months","failedMaintenance":"1 year"},"configuration":{"retention":"indefinite","activeVersions":10},"backups":{"retention":"30 days","keepLast":10}},"kept":1,"records":[{"path":"deployments/20250301-080000-deployment.json","action":"prune","why":{"reason":"expired","rule":"deployments.retention","period":"1 year"},"until":"2026-03-01T08:01:00Z","storedBytes":4100,"savedBytes":4100,"id":"20250301-080000-deployment","status":"success","sort":"update","environment":"production","commit":"0123456789abcdef0123456789abcdef01234567","branch":"20250301-080000-prod-new-prices","by":"ann"}]}"#,
        ),
        (
            v1::retention_done(&done),
            r#"{"v":1,"result":"retention-done","pruned":1,"archived":2,"savedBytes":7100,"prunings":["integrity/prunings/20261121-020711-pruning.json"]}"#,
        ),
        (
            v1::hold_placed(&hold("an incident")),
            r#"{"v":1,"result":"holds","holds":[{"hold":"20261121-020711-hold","inForce":true,"covers":["deployments/20250301-080000-deployment.json","incidents/a.json"],"reason":"an incident","placedBy":"ann","placedAt":"2026-11-21T02:07:11Z"}]}"#,
        ),
        (
            v1::pruned(&[pruning()]),
            r#"{"v":1,"result":"pruned","records":[{"pruning":"20261121-020711-pruning","prunedAt":"2026-11-21T02:07:11Z","path":"deployments/20250301-080000-deployment.json","bytes":4100,"at":"2025-03-01T08:01:00Z","why":{"reason":"expired","rule":"deployments.retention","period":"1 year"},"id":"20250301-080000-deployment","status":"success","sort":"update","environment":"production","commit":"0123456789abcdef0123456789abcdef01234567","branch":"20250301-080000-prod-new-prices","by":"ann"}]}"#,
        ),
        (
            v1::snapshot_plan(&snapshots()),
            r#"{"v":1,"result":"snapshot-plan","at":"2026-11-21T02:07:11Z","snapshots":[{"snapshot":"20250301-080000","prune":true,"why":{"period":"30 days","reason":"expired"},"takenFor":"20250301-080000-deployment"},{"snapshot":"20261121-020711","prune":false,"why":{"reason":"newest-sound"},"takenFor":"20250301-080000-deployment"}],"freedBytes":1500000}"#,
        ),
        (
            v1::snapshots_pruned(1, 2, 1_500_000),
            r#"{"v":1,"result":"snapshots-pruned","snapshots":1,"packs":2,"freedBytes":1500000}"#,
        ),
    ] {
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&line), value(frozen), "{line}");
        assert_eq!(line.matches('\n').count(), 1);
    }
}
