//! What stays, what is compressed, what goes.

use proptest::prelude::*;

use super::RetentionAction::{Archive, Keep, Prune};
use super::*;
use crate::{BackupRetention, ConfigurationRetention, MaintenanceRetention, MonitoringRetention, Stamp};

const DAY: i64 = 86_400;
const NOW: i64 = 1_800_000_000;

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn record(number: usize, days: u16, sort: RecordSort) -> KeptRecord {
    KeptRecord {
        path: format!("any/{number}.json"),
        at: time(NOW - i64::from(days) * DAY),
        sort,
        archived: false,
        pinned: None,
        needs: Vec::new(),
        follows: None,
    }
}

fn hold(covers: Vec<String>) -> Hold {
    Hold {
        hold_id: HoldId::new(Stamp::of(time(NOW))),
        covers,
        reason: "an incident".to_owned(),
        placed_by: "ann".to_owned(),
        placed_at: time(NOW),
        until: None,
    }
}

fn deployment(number: usize, days: u16) -> KeptRecord {
    record(number, days, RecordSort::Deployment(Environment::Production))
}

fn actions(policy: &DataRetentionPolicy, records: &[KeptRecord], holds: &[&Hold]) -> Vec<RetentionAction> {
    plan_retention(policy, records, holds, time(NOW)).into_iter().map(|decision| decision.action).collect()
}

#[test]
fn the_longest_rule_that_holds_wins_and_is_named() {
    let staging = record(0, 200, RecordSort::Deployment(Environment::Staging));
    let records = [staging.clone(), KeptRecord { path: "any/9.json".to_owned(), ..staging }];
    let decisions = plan_retention(&DataRetentionPolicy::default(), &records, &[], time(NOW));
    assert_eq!(decisions[0].action, Archive, "90 days of its class have passed, one year of the data model has not");
    let rule = "deployments.retention".to_owned();
    assert_eq!(decisions[0].why, Why::Term { rule, period: Period::Years(1) });
    assert_eq!(decisions[0].until, Period::Years(1).after(records[0].at));
}

#[test]
fn a_compliance_sensitive_project_keeps_deployments_three_years() {
    let mut policy = DataRetentionPolicy::default();
    let records = [deployment(0, 1000), deployment(1, 1)];
    assert_eq!(actions(&policy, &records, &[]), [Prune, Keep]);
    policy.deployments.compliance_sensitive = Some(Period::Days(1));
    assert_eq!(actions(&policy, &records, &[]), [Archive, Keep], "three years are a minimum");
}

#[test]
fn maintenance_that_reached_production_stays_longer() {
    let sort = |succeeded, reached_production| RecordSort::Maintenance { succeeded, reached_production };
    let records = [
        record(0, 100, sort(true, false)),
        record(1, 100, sort(true, true)),
        record(2, 100, sort(false, false)),
        record(3, 0, sort(true, false)),
    ];
    assert_eq!(actions(&DataRetentionPolicy::default(), &records, &[]), [Prune, Keep, Keep, Keep]);
}

#[test]
fn monitoring_that_nothing_sums_up_stays_compressed() {
    let sort = |alerts, aggregated| RecordSort::Monitoring { alerts, aggregated };
    let records = [
        record(0, 40, sort(false, true)),
        record(1, 40, sort(true, true)),
        record(2, 40, sort(false, false)),
        record(3, 400, sort(false, false)),
        record(4, 20, sort(false, true)),
    ];
    assert_eq!(actions(&DataRetentionPolicy::default(), &records, &[]), [Prune, Archive, Archive, Prune, Keep]);
}

#[test]
fn the_last_ten_configurations_of_each_environment_stay_at_hand() {
    let of = |environment| (0..12).map(move |number| record(number, 3000, RecordSort::Configuration(environment)));
    let mut records: Vec<_> = of(Environment::Production).chain(of(Environment::Staging)).collect();
    for (number, record) in records.iter_mut().enumerate() {
        record.path = format!("configuration/history/{number}.json");
    }
    let actions = actions(&DataRetentionPolicy::default(), &records, &[]);
    for half in [&actions[..12], &actions[12..]] {
        assert_eq!(half[..2], [Archive, Archive]);
        assert!(half[2..].iter().all(|action| *action == Keep));
    }
}

#[test]
fn a_hold_keeps_a_record_and_what_it_refers_to() {
    let mut records = vec![deployment(0, 2000), deployment(1, 1900), deployment(2, 1800), deployment(3, 1)];
    records[1].needs = vec![records[0].path.clone()];
    assert_eq!(actions(&DataRetentionPolicy::default(), &records, &[]), [Prune, Prune, Prune, Keep]);
    let hold = hold(vec![records[1].path.clone()]);
    let decisions = plan_retention(&DataRetentionPolicy::default(), &records, &[&hold], time(NOW));
    assert_eq!(decisions[1].why, Why::Held { hold: hold.hold_id });
    assert_eq!(decisions[0].why, Why::ReferredTo { by: records[1].path.clone() });
    assert_eq!(decisions[2].action, Prune);
}

#[test]
fn a_chain_of_predecessors_is_not_kept_for_ever() {
    let mut records: Vec<_> = (0..5).map(|number| deployment(number, 2000)).collect();
    for number in 1..5 {
        records[number].follows = Some(records[number - 1].path.clone());
    }
    assert_eq!(actions(&DataRetentionPolicy::default(), &records, &[]), [Prune, Prune, Prune, Archive, Keep]);
}

#[test]
fn a_clock_that_stepped_back_prunes_nothing() {
    let records: Vec<_> = (0..5).map(|number| deployment(number, 2000)).collect();
    let decisions = plan_retention(&DataRetentionPolicy::default(), &records, &[], time(NOW - 3000 * DAY));
    assert!(decisions.iter().all(|decision| decision.action == Keep));
}

fn sorts() -> impl Strategy<Value = RecordSort> {
    let environment = prop_oneof![Just(Environment::Production), Just(Environment::Staging)];
    prop_oneof![
        environment.clone().prop_map(RecordSort::Deployment),
        environment.prop_map(RecordSort::Configuration),
        any::<(bool, bool)>()
            .prop_map(|(succeeded, reached_production)| RecordSort::Maintenance { succeeded, reached_production }),
        any::<(bool, bool)>().prop_map(|(alerts, aggregated)| RecordSort::Monitoring { alerts, aggregated }),
        Just(RecordSort::Ledger),
    ]
}

prop_compose! {
    fn any_records()(
        drafts in prop::collection::vec(
            (0_u16..3000, sorts(), any::<bool>(), prop::option::weighted(0.1, prop_oneof![Just(Pin::Live), Just(Pin::Staged)]),
             prop::collection::vec(any::<prop::sample::Index>(), 0..3), prop::option::of(any::<prop::sample::Index>())),
            1..60,
        ),
    ) -> Vec<KeptRecord> {
        let path = |index: &prop::sample::Index| format!("any/{}.json", index.index(drafts.len()));
        drafts
            .iter()
            .enumerate()
            .map(|(number, (days, sort, archived, pinned, needs, follows))| KeptRecord {
                archived: *archived,
                pinned: *pinned,
                needs: needs.iter().map(path).collect(),
                follows: follows.as_ref().map(path),
                ..record(number, *days, *sort)
            })
            .collect()
    }
}

prop_compose! {
    /// A policy, and one in which nothing is shorter.
    fn policies()(days in prop::collection::vec(0_u16..2000, 11), more in prop::collection::vec(0_u16..500, 11), compliance in any::<bool>())
        -> (DataRetentionPolicy, DataRetentionPolicy) {
        let policy = |more: &dyn Fn(usize) -> u16| {
            let number = |index: usize| days[index] + more(index);
            let period = |index: usize| Period::Days(number(index));
            DataRetentionPolicy {
                deployments: DeploymentRetention {
                    retention: period(0),
                    archive_after: period(1),
                    compression_enabled: true,
                    standard: period(2),
                    production: period(3),
                    compliance_sensitive: compliance.then(|| period(4)),
                },
                monitoring: MonitoringRetention { detailed: period(5), aggregated: period(6), alerts: period(7) },
                maintenance: MaintenanceRetention {
                    retention: period(8),
                    successful_maintenance: period(9),
                    failed_maintenance: period(10),
                },
                configuration: ConfigurationRetention {
                    retention: period(0),
                    active_versions: u32::from(number(1)) / 50,
                },
                backups: BackupRetention::default(),
            }
        };
        (policy(&|_| 0), policy(&|index| more[index]))
    }
}

proptest! {
    #[test]
    fn what_must_stay_stays(
        records in any_records(),
        (policy, longer) in policies(),
        held in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let held: Vec<String> = held.iter().map(|index| index.get(&records).path.clone()).collect();
        let hold = hold(held.clone());
        let decisions = plan_retention(&policy, &records, &[&hold], time(NOW));
        prop_assert_eq!(decisions.len(), records.len());
        let pruned: HashSet<&str> =
            decisions.iter().filter(|it| it.action == Prune).map(|it| it.path.as_str()).collect();

        for (record, decision) in records.iter().zip(&decisions) {
            prop_assert_eq!(&record.path, &decision.path);
            let gone = decision.action == Prune;
            prop_assert!(!(gone && record.pinned.is_some()), "what is live");
            prop_assert!(!(gone && held.contains(&record.path)), "what is held");
            prop_assert!(!(gone && matches!(record.sort, RecordSort::Ledger | RecordSort::Configuration(_))));
            if !gone {
                for path in &record.needs {
                    prop_assert!(!pruned.contains(path.as_str()), "{path} is referred to by {}", record.path);
                }
                let in_its_own_right = !matches!(decision.why, Why::ReferredTo { .. });
                if in_its_own_right && let Some(path) = &record.follows {
                    prop_assert!(!pruned.contains(path.as_str()), "{path} came before {}", record.path);
                }
            }
            if decision.action == Archive {
                prop_assert!(!record.archived && record.pinned.is_none());
            }
            if let Why::Term { .. } = decision.why {
                prop_assert!(decision.until.is_none_or(|until| until > time(NOW)));
            }
        }
        for record in &records {
            let last = records.iter().rev().find(|other| group(other.sort) == group(record.sort)).unwrap();
            prop_assert!(!pruned.contains(last.path.as_str()), "the newest of its sort");
        }

        let fewer = plan_retention(&longer, &records, &[&hold], time(NOW));
        for decision in fewer.iter().filter(|it| it.action == Prune) {
            prop_assert!(pruned.contains(decision.path.as_str()), "a longer policy prunes {}", decision.path);
        }
        let settled = plan_retention(&DataRetentionPolicy::default(), &records, &[&hold], time(NOW));
        if policy.deployments.compliance_sensitive.is_none() {
            let allowed: HashSet<&str> =
                settled.iter().filter(|it| it.action == Prune).map(|it| it.path.as_str()).collect();
            prop_assert!(pruned.is_subset(&allowed), "shorter than what is settled");
        }
    }
}
