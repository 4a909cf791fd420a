//! Whether the records hang together.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::sample::{configuration, deployment, id, release, rollback, run};

const A: &str = "20261121-010000";
const B: &str = "20261121-020000";
const C: &str = "20261121-030000";
const D: &str = "20261121-040000";

fn faults(records: &[ProductionDeployment]) -> Vec<ChainFault> {
    deployments(&records.iter().map(Link::Kept).collect::<Vec<_>>(), &[])
}

#[test]
fn deployments_that_follow_one_another_are_a_chain() {
    let records = [deployment(A, None), deployment(B, Some(A)), rollback(C, B, A), deployment(D, Some(A))];
    assert_eq!(faults(&records), []);
}

#[test]
fn what_never_reached_users_or_was_taken_back_leaves_live_what_was() {
    let failed = ProductionDeployment { status: DeploymentStatus::Failed, ..deployment(B, Some(A)) };
    let taken_back = ProductionDeployment { status: DeploymentStatus::RolledBack, ..deployment(C, Some(A)) };
    let mut unstaged = ProductionDeployment { status: DeploymentStatus::Failed, ..deployment(B, None) };
    unstaged.release_id = None;
    assert_eq!(faults(&[deployment(A, None), failed, taken_back.clone(), deployment(D, Some(A))]), []);
    assert_eq!(faults(&[deployment(A, None), unstaged, taken_back]), []);
}

#[test]
fn a_missing_record_is_a_gap_and_is_named_once() {
    let found = faults(&[deployment(A, None), deployment(C, Some(B)), deployment(D, Some(C))]);
    let gap = ChainFault::Gap { deployment: id(C), found: Some(release(B)), recorded: Some(release(A)) };
    assert_eq!(found, [gap]);
    assert!(found[0].to_string().contains(B), "{}", found[0]);
}

#[test]
fn two_deployments_from_one_release_are_a_fork() {
    let found = faults(&[deployment(A, None), deployment(B, Some(A)), deployment(C, Some(A))]);
    assert_eq!(found, [ChainFault::Fork { deployment: id(C), other: id(B), release: Some(release(A)) }]);
}

#[test]
fn environments_have_chains_of_their_own() {
    let staging = ProductionDeployment { environment: Environment::Staging, ..deployment(B, None) };
    assert_eq!(faults(&[deployment(A, None), staging, deployment(C, Some(A))]), []);
}

#[test]
fn a_rollback_names_a_deployment_before_it_and_shows_its_release() {
    let unknown = rollback(C, B, D);
    let found = faults(&[deployment(A, None), deployment(B, Some(A)), unknown]);
    assert_eq!(found, [ChainFault::UnknownRollback { deployment: id(C), names: id(D) }]);

    let other = ProductionDeployment { release_id: Some(release(B)), ..rollback(C, B, A) };
    let found = faults(&[deployment(A, None), deployment(B, Some(A)), other]);
    assert_eq!(found, [ChainFault::OtherRelease { deployment: id(C), names: id(A), shows: Some(release(B)) }]);
}

#[test]
fn a_configuration_must_be_on_record_for_the_same_environment() {
    let mut record = deployment(B, None);
    record.configuration_id = Some("20261121-010000-config".parse().unwrap());
    let of = |environment| ProductionConfiguration { environment, ..configuration(A, "1.0.0") };
    let links = [Link::Kept(&record)];
    assert_eq!(deployments(&links, &[of(Environment::Production)]), []);
    assert_eq!(deployments(&links, &[of(Environment::Staging)]).len(), 1);
}

#[test]
fn what_a_pruned_record_did_is_unknown_and_no_fault() {
    let (after, back) = (deployment(C, Some(B)), rollback(D, C, B));
    assert_eq!(
        deployments(&[Link::Pruned(id(A)), Link::Pruned(id(B)), Link::Kept(&after), Link::Kept(&back)], &[]),
        []
    );
}

#[test]
fn two_records_of_one_id_are_named() {
    let found = faults(&[deployment(A, None), deployment(A, Some(A))]);
    assert_eq!(found, [ChainFault::Twice { deployment: id(A) }]);
}

#[test]
fn versions_count_up_one_by_one() {
    let of = |versions: &[&str]| {
        configurations(&versions.iter().map(|version| configuration(A, version)).collect::<Vec<_>>()).len()
    };
    assert_eq!(of(&["1.0.0", "1.0.1", "1.1.0", "2.0.0"]), 0);
    assert_eq!(of(&["1.0.0", "1.0.2"]), 1);
    assert_eq!(of(&["1.0.0", "1.0.0"]), 1);
    assert_eq!(of(&["1.1.0", "1.0.9"]), 1);
}

#[test]
fn maintenance_leads_to_deployments_on_record() {
    let record = deployment(A, None);
    let of = |names: &str| -> MaintenanceAutomation {
        serde_json::from_value(json!({
            "maintenanceId": "20261121-000000-maintenance", "maintenanceType": "optimization",
            "scheduledTime": "2026-11-21T00:00:00Z", "deploymentId": id(names), "priority": "high", "automated": true,
            "approvalRequired": true, "status": "success",
        }))
        .unwrap()
    };
    let found = maintenance(&[of(A), of(B)], &[Link::Kept(&record)]);
    assert!(matches!(&found[..], [ChainFault::UnknownDeployment { names, .. }] if *names == id(B)), "{found:?}");
}

#[test]
fn a_pause_is_more_than_one_missed_look() {
    let look = |stamp| run(stamp, MonitoringType::Uptime, &json!({ "status": "up", "location": "x", "incidents": [] }));
    let runs = [look("20261121-000000"), look("20261121-000100"), look("20261121-000300"), look("20261121-000700")];
    let window = Window { from: "2026-11-21T00:00:00Z".parse().unwrap(), to: "2026-11-21T00:08:00Z".parse().unwrap() };
    let found = monitoring(&runs, MonitoringType::Uptime, 60, window);
    let (from, to) = ("2026-11-21T00:03:00Z".parse().unwrap(), "2026-11-21T00:07:00Z".parse().unwrap());
    assert_eq!(found, [Pause { from, to }]);
    assert_eq!(monitoring(&[], MonitoringType::Uptime, 60, window), [Pause { from: window.from, to: window.to }]);
}

#[test]
fn a_check_says_nothing_of_what_there_is_not() {
    let (root, at) = (Digest::new([7; 32]), "2026-11-21T00:00:00Z".parse().unwrap());
    let rules = check(root, at, &[], &[], None).validation_rules;
    assert_eq!(rules, ValidationRules::default());
    let record = deployment(B, Some(A));
    let rules = check(root, at, &[Link::Kept(&record)], &[configuration(A, "1.0.0")], Some(&[])).validation_rules;
    assert_eq!(rules.deployment_chain, Some(false));
    assert_eq!((rules.configuration_history, rules.monitoring_continuity), (Some(true), Some(true)));
}

/// What happens to production, one after the other.
#[derive(Debug, Clone, Copy)]
enum Step {
    Ships,
    Fails,
    IsTakenBack,
    GoesBack(usize),
}

fn history(steps: &[Step]) -> Vec<ProductionDeployment> {
    let mut records: Vec<ProductionDeployment> = Vec::new();
    let mut live: Option<String> = None;
    for (number, step) in steps.iter().enumerate() {
        let stamp = format!("20261121-{:02}{:02}{:02}", number / 3600, number / 60 % 60, number % 60);
        let shown: Vec<String> = records
            .iter()
            .filter(|it| it.status == DeploymentStatus::Success && it.rollback_deployment_id.is_none())
            .map(|it| it.deployment_id.stamp().to_string())
            .collect();
        let next = deployment(&stamp, live.as_deref());
        records.push(match (step, &live) {
            (Step::GoesBack(to), Some(from)) => {
                let to = &shown[to % shown.len()];
                let record = rollback(&stamp, from, to);
                live = Some(to.clone());
                record
            }
            (Step::Fails, _) => ProductionDeployment { status: DeploymentStatus::Failed, ..next },
            (Step::IsTakenBack, _) => ProductionDeployment { status: DeploymentStatus::RolledBack, ..next },
            _ => {
                live = Some(stamp);
                next
            }
        });
    }
    records
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Ships),
        1 => Just(Step::Fails),
        1 => Just(Step::IsTakenBack),
        2 => (0_usize..20).prop_map(Step::GoesBack),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #[test]
    fn what_really_happened_is_a_chain(steps in steps()) {
        prop_assert_eq!(faults(&history(&steps)), []);
    }

    #[test]
    fn pruning_any_records_makes_no_fault(steps in steps(), pruned: u64) {
        let records = history(&steps);
        let link = |(number, it)| if pruned >> (number % 64) & 1 == 1 { Link::Pruned(it_id(it)) } else { Link::Kept(it) };
        prop_assert_eq!(deployments(&records.iter().enumerate().map(link).collect::<Vec<_>>(), &[]), []);
    }

    #[test]
    fn losing_a_record_that_was_shown_and_followed_is_noticed(count in 3_usize..40, lost in 0_usize..40) {
        let mut records = history(&vec![Step::Ships; count]);
        records.remove(lost % (count - 1));
        prop_assert_eq!(faults(&records).len(), 1);
    }
}

fn it_id(it: &ProductionDeployment) -> DeploymentId {
    it.deployment_id
}
