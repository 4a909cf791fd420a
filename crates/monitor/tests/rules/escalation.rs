//! Escalation, by time and because nobody could be reached.

use charter_deploy_model::AlertSeverity;
use charter_monitor::rules::escalation::{Attempt, Delivery, Facts, Policy, Problem, Why, due, lint, next};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::at;

fn policy() -> Policy {
    toml::from_str(
        "steps = [
           { after-minutes = 0, routes = ['chat', 'mail'] },
           { after-minutes = 10, routes = ['phone'], from-severity = 'error' },
           { after-minutes = 30, routes = ['phone', 'boss'] },
         ]",
    )
    .unwrap()
}

fn facts<'a>(severity: AlertSeverity, attempts: &'a [Attempt<'a>]) -> Facts<'a> {
    Facts { severity, raised: at(0), quiet_until: None, attempts }
}

fn attempt(step: usize, route: &str, delivery: Delivery) -> Attempt<'_> {
    Attempt { step, route, delivery }
}

fn steps(facts: &Facts<'_>, at: Timestamp) -> Vec<(usize, Why)> {
    due(&policy(), facts, at).iter().map(|due| (due.step, due.why)).collect()
}

#[test]
fn steps_come_in_their_time() {
    let first = [attempt(0, "chat", Delivery::Arrived), attempt(0, "mail", Delivery::Failed)];
    let critical = facts(AlertSeverity::Critical, &first);
    assert_eq!(steps(&facts(AlertSeverity::Critical, &[]), at(0)), [(0, Why::Time)]);
    assert_eq!(steps(&critical, at(599)), []);
    assert_eq!(next(&policy(), &critical), Some(at(600)));
    assert_eq!(steps(&critical, at(600)), [(1, Why::Time)]);
    assert_eq!(steps(&facts(AlertSeverity::Warning, &first), at(600)), [], "a warning rings no phone");
    assert_eq!(next(&policy(), &facts(AlertSeverity::Warning, &first)), Some(at(1800)));
    // Whoever was told already is not told again.
    let second = [first[0], attempt(1, "phone", Delivery::Pending)];
    assert_eq!(due(&policy(), &facts(AlertSeverity::Critical, &second), at(1800))[0].routes, ["boss"]);
    let retried = [first[0], attempt(1, "phone", Delivery::Failed)];
    assert_eq!(due(&policy(), &facts(AlertSeverity::Critical, &retried), at(1800))[0].routes, ["phone", "boss"]);
}

#[test]
fn where_nobody_can_be_reached_the_next_step_comes_at_once() {
    let failed = [attempt(0, "chat", Delivery::Failed), attempt(0, "mail", Delivery::Failed)];
    assert_eq!(steps(&facts(AlertSeverity::Critical, &failed), at(5)), [(1, Why::Undelivered)]);
    let pending = [attempt(0, "chat", Delivery::Failed), attempt(0, "mail", Delivery::Pending)];
    assert_eq!(steps(&facts(AlertSeverity::Critical, &pending), at(5)), []);
    assert_eq!(steps(&facts(AlertSeverity::Warning, &failed), at(5)), [(2, Why::Undelivered)]);
}

#[test]
fn whoever_takes_it_on_has_time() {
    let told = [attempt(0, "chat", Delivery::Arrived)];
    let taken = Facts { quiet_until: Some(at(3600)), ..facts(AlertSeverity::Critical, &told) };
    assert_eq!(steps(&taken, at(3599)), []);
    assert_eq!(next(&policy(), &taken), Some(at(3600)));
    assert_eq!(steps(&taken, at(3600)), [(1, Why::Time), (2, Why::Time)]);
    let for_good = Facts { quiet_until: Some(Timestamp::MAX), ..taken };
    assert_eq!(next(&policy(), &for_good), None);
}

#[test]
fn a_policy_that_one_failure_silences_is_refused() {
    let medium = |route: &str| match route {
        "chat" | "phone" => Some("internet"),
        "mail" => Some("smtp"),
        _ => None,
    };
    assert_eq!(lint(&policy(), medium), None);
    assert_eq!(lint(&policy(), |_| Some("internet")), Some(Problem::OneMedium));
    let mut turned = policy();
    turned.steps.reverse();
    assert_eq!(lint(&turned, medium), Some(Problem::Order));
    let mut silent = policy();
    silent.steps[1].routes.clear();
    assert_eq!(lint(&silent, medium), Some(Problem::NoRoute));
    assert_eq!(lint(&Policy::default(), medium), Some(Problem::OneMedium));
}

proptest! {
    #[test]
    fn a_step_is_taken_once_and_only_when_it_is_due(minutes in proptest::collection::vec(0_i64..90, 1..30), fails: bool) {
        let (policy, mut attempts) = (policy(), Vec::new());
        let mut minutes = minutes;
        minutes.sort_unstable();
        let mut taken = Vec::new();
        for minute in minutes {
            let known = attempts.clone();
            for due in due(&policy, &facts(AlertSeverity::Critical, &known), at(minute * 60)) {
                prop_assert!(!taken.contains(&due.step));
                let early = minute < i64::from(policy.steps[due.step].after_minutes);
                prop_assert!(!early || (fails && due.why == Why::Undelivered));
                taken.push(due.step);
                let delivery = if fails { Delivery::Failed } else { Delivery::Arrived };
                let routes = policy.steps[due.step].routes.iter();
                attempts.extend(routes.map(|route| Attempt { step: due.step, route, delivery }));
            }
        }
        prop_assert!(taken.is_sorted());
    }
}
