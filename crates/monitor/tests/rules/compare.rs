//! Before and after a deployment.

use charter_monitor::rules::compare::{Answer, Limits, Side, compare, greater_share};
use proptest::prelude::*;

use crate::Chance;

const fn side(good: u64, bad: u64, times_ms: &[f64]) -> Side<'_> {
    Side { good, bad, times_ms, critical_failure: None }
}

fn answer(before: &Side<'_>, after: &Side<'_>) -> (Answer, Vec<String>) {
    let found = compare(before, after, &Limits::default());
    (found.answer, found.reasons)
}

#[test]
fn error_rates_are_held_to_the_policy() {
    let times = [100.0; 30];
    let errors = |good, bad| side(good, bad, &times);
    for (before, after, expected) in [
        // No errors before: more than one in a hundred is too much.
        ((1000, 0), (1000, 0), Answer::Pass),
        ((1000, 0), (990, 10), Answer::Hold),
        ((1000, 0), (980, 20), Answer::Fail),
        // Two per cent before: three and more are too much.
        ((98_000, 2000), (97_900, 2100), Answer::Pass),
        ((98_000, 2000), (97_500, 2500), Answer::Hold),
        ((98_000, 2000), (96_900, 3100), Answer::Fail),
        // One or two failed looks may be chance, however great a share they are.
        ((100, 0), (20, 2), Answer::Inconclusive),
        ((100, 1), (30, 1), Answer::Inconclusive),
        // Three of three after a hundred that went well are not.
        ((100, 0), (0, 3), Answer::Fail),
        ((5, 0), (100, 0), Answer::Inconclusive),
        ((100, 0), (19, 0), Answer::Inconclusive),
    ] {
        let (found, reasons) = answer(&errors(before.0, before.1), &errors(after.0, after.1));
        assert_eq!(found, expected, "{before:?} {after:?} {reasons:?}");
        assert_eq!(reasons.is_empty(), found == Answer::Pass);
    }
}

#[test]
fn a_critical_check_that_failed_needs_no_figures() {
    let after = Side { critical_failure: Some("front page"), ..side(1, 0, &[]) };
    let (found, reasons) = answer(&side(1, 0, &[]), &after);
    assert_eq!((found, reasons[0].as_str()), (Answer::Fail, "the critical check `front page` failed"));
    // It failed before already: that is not the deployment's doing.
    assert_eq!(answer(&after, &after).0, Answer::Inconclusive);
}

#[test]
fn response_times_are_held_to_the_policy() {
    let mut chance = Chance(3);
    let mut times = |median: f64, count: usize| -> Vec<f64> {
        (0..count).map(|_| median * (0.2 * chance.normal()).exp()).collect()
    };
    let before = times(100.0, 60);
    for (after, expected) in [
        (times(102.0, 60), Answer::Pass),
        (times(140.0, 60), Answer::Hold),
        (times(250.0, 60), Answer::Fail),
        (times(250.0, 19), Answer::Inconclusive),
    ] {
        let (found, reasons) = answer(&side(60, 0, &before), &side(60, 0, &after));
        assert_eq!(found, expected, "{reasons:?}");
    }
    // A fifth of all answers is far slower, which no median shows.
    let mut tail = times(100.0, 60);
    tail.iter_mut().step_by(5).for_each(|time| *time *= 10.0);
    let (found, reasons) = answer(&side(60, 0, &before), &side(60, 0, &tail));
    assert!(found == Answer::Fail && reasons[0].starts_with("the 95th percentile of the response time"), "{reasons:?}");
    // Twice as slow as nothing is nothing.
    let (quick, slower) = ([1.0; 40], [3.0; 40]);
    assert_eq!(answer(&side(60, 0, &quick), &side(60, 0, &slower)).0, Answer::Pass);
}

#[test]
fn what_is_the_same_is_seldom_called_worse() {
    let mut chance = Chance(9);
    let mut wrong = 0;
    for _ in 0..400 {
        let mut times = || -> Vec<f64> { (0..30).map(|_| 100.0 * (0.8 * chance.normal()).exp()).collect() };
        let (before, after) = (times(), times());
        let found = compare(&side(30, 0, &before), &side(30, 0, &after), &Limits::default());
        wrong += usize::from(found.answer >= Answer::Hold);
    }
    assert!(wrong <= 12, "{wrong} of 400");
}

#[test]
fn chances_are_those_of_tables() {
    // Fisher's tea: 8 cups, all four of a kind found.
    assert!((greater_share((0, 4), (4, 4)) - 1.0 / 70.0).abs() < 1e-12);
    assert!((greater_share((1, 4), (3, 4)) - 17.0 / 70.0).abs() < 1e-12);
    assert!(greater_share((0, 9_000_000), (500, 1_000_000)) < 1e-9);
    assert_eq!(greater_share((0, 0), (0, 5)), 1.0);
}

proptest! {
    #[test]
    fn a_chance_is_one_and_falls_with_each_bad_one(before in 1_u64..300, after in 1_u64..300, bad in 0_u64..300, more in 0_u64..300) {
        let (bad, more) = (bad.min(before), more.min(after));
        let p = greater_share((bad, before), (more, after));
        prop_assert!((0.0..=1.0 + 1e-9).contains(&p));
        prop_assert!(more == after || greater_share((bad, before), (more + 1, after)) <= p + 1e-9);
    }

    #[test]
    fn exact_and_approximate_chances_are_close(bad in 30_u64..200, more in 30_u64..200) {
        let exact = greater_share((bad, 2000), (more, 2000));
        let approximate = greater_share((bad * 10, 20_000), (more * 10, 20_000));
        // Ten times as many events of the same shares are ten times as telling, on the same side.
        prop_assert_eq!(exact < 0.5 && more > bad + 10, approximate < 0.5 && more > bad + 10);
    }

    #[test]
    fn a_deployment_is_never_rolled_back_for_being_better(
        good in 0_u64..2000, bad in 0_u64..200, times in proptest::collection::vec(1.0..1e5_f64, 0..60), faster in 0.1..1.0_f64,
    ) {
        let after: Vec<f64> = times.iter().map(|time| time * faster).collect();
        let found = compare(&side(good, bad, &times), &side(good, bad / 2, &after), &Limits::default());
        prop_assert!(found.answer <= Answer::Inconclusive, "{:?}", found.reasons);
    }
}
