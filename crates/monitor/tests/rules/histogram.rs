//! Histograms: merged, written, read, and beside the values themselves.

use charter_monitor::rules::histogram::Histogram;
use proptest::prelude::*;

fn of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

fn merged(parts: &[&Histogram]) -> Histogram {
    let mut all = Histogram::default();
    parts.iter().for_each(|part| all.merge(part));
    all
}

/// Latencies from a microsecond to minutes.
fn values() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec((0_u32..40, any::<u64>()).prop_map(|(bits, value)| value >> (63 - bits)), 0..80)
}

proptest! {
    #[test]
    fn parts_make_the_whole_in_any_order(a in values(), b in values(), c in values()) {
        let all = of(&[&a[..], &b, &c].concat());
        let [a, b, c] = [&a, &b, &c].map(|values| of(values));
        prop_assert_eq!(&merged(&[&a, &b, &c]), &all);
        prop_assert_eq!(&merged(&[&c, &a, &b]), &all);
        prop_assert_eq!(&merged(&[&a, &merged(&[&b, &c])]), &all);
    }

    #[test]
    fn a_percentile_is_within_a_hundredth_of_the_value(mut values in values(), percent in 0.0..=100.0_f64) {
        let found = of(&values).percentile(percent);
        values.sort_unstable();
        let rank = (percent * values.len() as f64 / 100.0 - 1e-9).ceil().max(1.0) as usize;
        match values.get(rank - 1) {
            Some(value) => prop_assert!(u128::from(found.unwrap().abs_diff(*value)) * 100 <= u128::from(*value)),
            None => prop_assert_eq!(found, None),
        }
    }

    #[test]
    fn what_is_written_is_read_again(values in values()) {
        let histogram = of(&values);
        prop_assert_eq!(&Histogram::from_bytes(&histogram.to_bytes()).unwrap(), &histogram);
        let json = serde_json::to_string(&histogram).unwrap();
        prop_assert_eq!(serde_json::from_str::<Histogram>(&json).unwrap(), histogram);
    }

    #[test]
    fn any_bytes_are_a_histogram_in_just_one_way_or_refused(mut bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        if let Ok(histogram) = Histogram::from_bytes(&bytes) {
            prop_assert_eq!(histogram.to_bytes(), bytes);
        }
    }

    #[test]
    fn a_limit_divides_the_values(values in values(), limit in 0_u64..1 << 40) {
        let histogram = of(&values);
        let least = values.iter().filter(|value| **value <= limit).count() as u64;
        let most = values.iter().filter(|value| **value <= limit + limit / 64 + 1).count() as u64;
        prop_assert!((least..=most).contains(&histogram.at_most(limit)));
        prop_assert_eq!(histogram.buckets().map(|(_, _, count)| count).sum::<u64>(), values.len() as u64);
    }
}

#[test]
fn nothing_was_counted_is_not_zero() {
    let empty = Histogram::default();
    assert_eq!((empty.percentile(50.0), empty.mean(), empty.count()), (None, None, 0));
    assert_eq!(empty.to_bytes(), [1, 0, 0]);
}

#[test]
fn an_hour_of_answers_fits_into_a_line() {
    let mut chance = crate::Chance(5);
    let times: Vec<u64> = (0..3600).map(|_| (40_000.0 * (0.3 * chance.normal()).exp()) as u64).collect();
    let text = serde_json::to_string(&of(&times)).unwrap();
    assert!(text.len() < 500, "{}", text.len());
    assert!(Histogram::from_bytes(&[1, 0x80, 0x00, 0]).is_err(), "a number is written in just one way");
}
