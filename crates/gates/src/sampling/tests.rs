//! How often sampling decides, and how often it is wrong.

use proptest::prelude::*;

use super::*;

/// Returns a made-up number from 0 to 1, the same ones in every run of the test.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.next().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * self.next()).cos()
    }
}

/// Returns how often a figure whose median is at its limit is said to hold, and how often it is after three samples.
fn errors(mut value: impl FnMut() -> f64) -> (f64, f64) {
    let (mut wrong, mut at_once) = (0, 0);
    for _ in 0..20_000 {
        let mut sampling = Sampling::new([((), Limit::AtMost(0.0))], 9);
        while sampling.wants_more() {
            sampling.add(&[((), value())].into());
        }
        if sampling.series[&()].decision == Decision::Holds {
            wrong += 1;
            at_once += usize::from(sampling.runs() == 3);
        }
    }
    (f64::from(wrong) / 20_000.0, at_once as f64 / 20_000.0)
}

#[test]
fn a_median_at_the_limit_is_called_certain_as_seldom_as_the_docs_say() {
    let mut chance = Chance(7);
    let (all, three) = errors(|| chance.normal());
    assert!((0.055..0.070).contains(&all) && (0.015..0.023).contains(&three), "{all} {three}");
    let (all, three) = errors(|| chance.next() - 0.5);
    assert!((0.066..0.080).contains(&all) && (0.026..0.036).contains(&three), "{all} {three}");
    let (all, three) = errors(|| if chance.next() < 0.5 { -1.0 } else { 1.0 });
    assert!((0.130..0.146).contains(&all) && (0.117..0.133).contains(&three), "{all} {three}");
}

#[test]
fn the_intervals_have_the_confidence_that_tables_give_them() {
    let samples: Vec<f64> = (1..=9).map(f64::from).collect();
    for (count, low, high, confidence) in
        [(3, 1.0, 3.0, 0.75), (5, 1.0, 5.0, 0.9375), (6, 1.0, 6.0, 0.96875), (9, 2.0, 8.0, 0.9609375)]
    {
        let found = interval(&samples[..count], 0.95).unwrap();
        assert_eq!((found.low, found.high, found.confidence), (low, high, confidence), "{count}");
    }
    assert_eq!(interval(&[], 0.95), None);
    assert_eq!(interval(&[4.0], 0.95).unwrap().confidence, 0.0);
}

#[test]
fn five_on_one_side_decide_and_eight_may_have_one_that_strays() {
    let limit = Limit::AtMost(100.0);
    let near = [99.0, 98.0, 97.0, 99.5, 90.0];
    assert_eq!(decide(&near[..4], limit), Decision::Uncertain);
    assert_eq!(decide(&near, limit), Decision::Holds);
    let strays = [99.0, 98.0, 101.0, 97.0, 99.5, 90.0, 95.0, 96.0];
    assert_eq!(decide(&strays[..7], limit), Decision::Uncertain);
    assert_eq!(decide(&strays, limit), Decision::Holds);
}

#[test]
fn a_score_is_clear_by_what_is_missing_to_a_hundred() {
    assert_eq!(decide(&[100.0, 99.0, 100.0], Limit::AtLeast(95.0)), Decision::Holds);
    assert_eq!(decide(&[96.0, 99.0, 100.0], Limit::AtLeast(95.0)), Decision::Uncertain);
    assert_eq!(decide(&[100.0; 3], Limit::AtLeast(100.0)), Decision::Holds);
    assert_eq!(decide(&[0.0; 3], Limit::AtMost(0.0)), Decision::Holds);
}

#[test]
fn what_a_run_did_not_bring_is_never_decided() {
    let mut sampling = Sampling::new([("lcp", Limit::AtMost(1.0)), ("tbt", Limit::AtMost(1.0))], 9);
    sampling.add(&[("lcp", 0.0)].into());
    for _ in 0..2 {
        assert!(sampling.wants_more());
        sampling.add(&[("lcp", 0.0), ("tbt", 0.0), ("other", 0.0)].into());
    }
    assert!(!sampling.wants_more());
    assert_eq!(sampling.series["lcp"].decision, Decision::Holds);
    assert!(sampling.series["tbt"].is_missing && sampling.series["tbt"].decision == Decision::Uncertain);
}

#[test]
fn one_run_decides_where_no_more_are_wanted() {
    let mut sampling = Sampling::new([("lcp", Limit::AtMost(1.0)), ("score", Limit::AtLeast(95.0))], 1);
    sampling.add(&[("lcp", 1.0), ("score", 94.9)].into());
    assert!(!sampling.wants_more());
    assert_eq!(sampling.series["lcp"].decision, Decision::Holds);
    assert_eq!(sampling.series["score"].decision, Decision::Broken);
}

#[test]
fn each_release_goes_first_as_often_as_the_other() {
    assert_eq!(turns(3).collect::<Vec<_>>(), [false, true, true, false, false, true]);
}

/// Returns the share of all ways to deal the values out that give the second a sum of ranks as high as it has.
fn brute_force(first: &[f64], second: &[f64]) -> f64 {
    let all: Vec<f64> = first.iter().chain(second).copied().collect();
    // Twice the number of pairs in which the second is greater, equal ones counting half.
    let wins = |is_second: &dyn Fn(usize) -> bool| -> usize {
        let mut wins = 0;
        for (i, a) in all.iter().enumerate().filter(|(i, _)| !is_second(*i)) {
            for (j, b) in all.iter().enumerate().filter(|(j, _)| is_second(*j)) {
                wins += match b.total_cmp(a) {
                    std::cmp::Ordering::Greater => 2,
                    std::cmp::Ordering::Equal => 1,
                    std::cmp::Ordering::Less => usize::from(i == j),
                };
            }
        }
        wins
    };
    let seen = wins(&|index| index >= first.len());
    let dealt: Vec<usize> = (0_u32..1 << all.len())
        .filter(|mask| mask.count_ones() as usize == second.len())
        .map(|mask| wins(&|index| mask >> index & 1 == 1))
        .collect();
    dealt.iter().filter(|wins| **wins >= seen).count() as f64 / dealt.len() as f64
}

proptest! {
    #[test]
    fn the_rank_test_counts_as_brute_force_does(
        first in prop::collection::vec((0_i8..6).prop_map(f64::from), 1..6),
        second in prop::collection::vec((0_i8..6).prop_map(f64::from), 1..6),
    ) {
        let found = compare(&first, &second).unwrap();
        prop_assert!((found.p - brute_force(&first, &second)).abs() < 1e-12, "{found:?}");
        let turned = compare(&second, &first).unwrap();
        prop_assert_eq!(found.shift, -turned.shift);
        prop_assert!(found.p + turned.p >= 1.0);
    }

    #[test]
    fn hostile_samples_are_not_decided_and_never_panic(samples in prop::collection::vec(any::<f64>(), 0..120)) {
        let decided = decide(&samples, Limit::AtMost(1.0));
        let has_none = samples.iter().any(|sample| !sample.is_finite()) || samples.len() < LEAST;
        prop_assert!(!has_none || decided == Decision::Uncertain);
        let _ = (interval(&samples, 0.95), median(&samples), compare(&samples, &[1.0, 2.0]));
    }

    #[test]
    fn a_decision_agrees_with_the_median(
        samples in prop::collection::vec(0.0_f64..200.0, 3..12), limit in 50.0_f64..150.0,
    ) {
        let middle = median(&samples).unwrap();
        match decide(&samples, Limit::AtMost(limit)) {
            Decision::Holds => prop_assert!(middle <= limit),
            Decision::Broken => prop_assert!(middle > limit),
            Decision::Uncertain => {}
        }
    }
}
