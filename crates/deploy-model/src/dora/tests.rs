//! What counts as a change, a failure and a repair.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{deployment, id, rollback};

const A: &str = "20261121-010000";
const B: &str = "20261121-020000";
const C: &str = "20261121-030000";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day() -> Window {
    Window::days_until(at("2026-11-22T00:00:00Z"), 1)
}

fn of(records: &[ProductionDeployment]) -> Dora {
    dora(records, &[], Environment::Production, day())
}

#[test]
fn nothing_to_count_is_absent_and_not_nothing() {
    let dora = of(&[]);
    assert_eq!((dora.deployments_per_day, dora.lead_time_seconds), (None, None));
    assert_eq!((dora.change_failure_percent, dora.time_to_restore_seconds), (None, None));
    let staging = ProductionDeployment { environment: Environment::Staging, ..deployment(A, None) };
    assert_eq!(of(&[staging]), dora);
}

#[test]
fn a_day_without_deployments_has_a_frequency_once_there_was_one() {
    let dora = of(&[deployment("20261101-010000", None)]);
    assert_eq!((dora.changes, dora.deployments_per_day, dora.change_failure_percent), (0, Some(0.0), None));
}

#[test]
fn only_what_reached_users_counts() {
    let failed = ProductionDeployment { status: DeploymentStatus::Failed, ..deployment(B, Some(A)) };
    let dora = of(&[deployment(A, None), failed]);
    assert_eq!((dora.changes, dora.failed_changes, dora.deployments_per_day), (1, 0, Some(1.0)));
}

#[test]
fn lead_time_runs_from_the_commit_until_users_see_it() {
    let mut record = deployment(A, None);
    record.committed_at = Some(at("2026-11-21T00:00:00Z"));
    record.shown_at = Some(at("2026-11-21T01:00:10Z"));
    assert_eq!(of(&[record.clone()]).lead_time_seconds, Some(3610.0));
    record.committed_at = Some(at("2026-11-21T09:00:00Z"));
    assert_eq!(of(&[record]).lead_time_seconds, None, "a commit from the future says that a clock is wrong");
}

#[test]
fn a_release_that_fails_its_live_check_is_a_failed_change() {
    let mut record = ProductionDeployment { status: DeploymentStatus::RolledBack, ..deployment(A, None) };
    record.committed_at = Some(at("2026-11-21T00:00:00Z"));
    let untimed = of(&[record.clone()]);
    assert_eq!((untimed.failed_changes, untimed.time_to_restore_seconds, untimed.lead_time_seconds), (1, None, None));
    record.shown_at = Some(at("2026-11-21T01:00:15Z"));
    assert_eq!(of(&[record]).time_to_restore_seconds, Some(5.0));
}

#[test]
fn a_rollback_is_no_change_and_makes_the_one_before_a_failed_one() {
    let mut bad = deployment(B, Some(A));
    bad.shown_at = Some(at("2026-11-21T02:00:00Z"));
    let mut back = rollback(C, B, A);
    back.shown_at = Some(at("2026-11-21T03:00:00Z"));
    let dora = of(&[deployment(A, None), bad, back]);
    assert_eq!((dora.changes, dora.failed_changes), (2, 1));
    assert_eq!(dora.change_failure_percent, Percent::of(1, 2));
    assert_eq!(dora.time_to_restore_seconds, Some(3600.0));
}

#[test]
fn a_hotfix_puts_right_what_it_follows_and_an_update_does_not() {
    let after = |deployment_type| {
        let next = ProductionDeployment { deployment_type, ..deployment(B, Some(A)) };
        of(&[deployment(A, None), next]).failed_changes
    };
    assert_eq!(after(DeploymentType::Hotfix), 1);
    assert_eq!(after(DeploymentType::Update), 0);
}

#[test]
fn an_incident_lays_the_failure_to_its_deployment_and_times_it() {
    let incident: UptimeIncident = serde_json::from_value(json!({
        "incidentId": "20261121-013000-incident", "deploymentId": id(A), "startTime": "2026-11-21T01:30:00Z",
        "endTime": "2026-11-21T01:32:00Z", "severity": "major", "status": "resolved", "description": "it was slow",
        "impactedServices": [],
    }))
    .unwrap();
    let dora = dora(&[deployment(A, None)], &[incident], Environment::Production, day());
    assert_eq!((dora.failed_changes, dora.time_to_restore_seconds), (1, Some(120.0)));
}

#[test]
fn what_is_put_right_after_the_window_was_a_failure_in_it() {
    let window = Window::days_until(at("2026-11-21T02:30:00Z"), 1);
    let records = [deployment(A, None), deployment(B, Some(A)), rollback(C, B, A)];
    assert_eq!(dora(&records, &[], Environment::Production, window).failed_changes, 1);
}

fn records() -> impl Strategy<Value = Vec<ProductionDeployment>> {
    let one = (0_usize..4, 0_usize..4, 0_i64..200_000, proptest::option::of(0_i64..200_000));
    proptest::collection::vec(one, 0..30).prop_map(|all| {
        use DeploymentStatus::{Failed, RolledBack, Success};
        use DeploymentType::{Hotfix, Rollback, Update};
        let start = at("2026-11-20T12:00:00Z").as_second();
        let moment = |second: i64| Timestamp::from_second(start + second).unwrap();
        let mut previous: Option<String> = None;
        let mut records = Vec::new();
        for (number, (kind, status, second, committed)) in all.into_iter().enumerate() {
            let stamp = format!("20261121-0000{number:02}");
            let mut it = deployment(&stamp, previous.as_deref());
            it.deployment_type = [Update, Update, Hotfix, Rollback][kind];
            it.status = [Success, Success, Failed, RolledBack][status];
            it.finished_at = moment(second);
            it.committed_at = committed.map(moment);
            it.shown_at = (second % 2 == 0).then(|| moment(second - second % 60));
            if it.status == Success {
                previous = Some(stamp);
            }
            records.push(it);
        }
        records
    })
}

#[test]
fn a_hotfix_is_work_that_nobody_had_planned() {
    let hotfix = ProductionDeployment { deployment_type: DeploymentType::Hotfix, ..deployment(B, Some(A)) };
    let dora = of(&[deployment(A, None), hotfix, rollback(C, B, A)]);
    assert_eq!(dora.rework_percent, Percent::of(1, 2), "a rollback is no change");
    assert_eq!(of(&[]).rework_percent, None);
}

proptest! {
    #[test]
    fn failures_are_among_changes_and_no_figure_is_below_nothing(records in records()) {
        let dora = of(&records);
        prop_assert!(dora.failed_changes <= dora.changes);
        prop_assert_eq!(dora.change_failure_percent, Percent::of(dora.failed_changes, dora.changes));
        for figure in [dora.lead_time_seconds, dora.time_to_restore_seconds, dora.deployments_per_day] {
            prop_assert!(figure.is_none_or(|figure| figure.is_finite() && figure >= 0.0));
        }
        prop_assert!(dora.time_to_restore_seconds.is_none() || dora.failed_changes > 0);
    }

    #[test]
    fn windows_side_by_side_count_each_change_once(records in records(), cut in 0_i64..200_000) {
        let (from, to) = (at("2026-11-20T00:00:00Z"), at("2026-11-24T00:00:00Z"));
        let middle = Timestamp::from_second(from.as_second() + cut).unwrap();
        let count = |from, to| dora(&records, &[], Environment::Production, Window { from, to }).changes;
        prop_assert_eq!(count(from, middle) + count(middle, to), count(from, to));
    }
}
