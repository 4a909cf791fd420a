//! Whether one set of measurements is greater than another, by ranks.

use super::middle;

/// Up to this many values of each, the test is exact; its work grows with the cube of their number.
const MOST_EXACT: usize = 50;

/// The differences of at most this many values of each are looked at for the shift; more are thinned out evenly.
const MOST_SHIFTED: usize = 500;

/// What two sets of measurements say about each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// By how much the second is greater than the first: the median of all differences (Hodges and Lehmann).
    pub shift: f64,
    /// How likely the second looks at least this much greater when in truth both are the same, 0 to 1.
    pub p: f64,
}

/// Compares two sets of measurements by the one-sided test of Mann and Whitney: small `p` says that the second is
/// greater. Nothing, when there are no values of one, or one is no number.
///
/// Up to 50 of each `p` is exact, with equal values too: it is the share of all ways to deal the values out between the
/// two that give the second ranks as high as these. Three of each can reach 5 %, four 1.4 %. Beyond that it is the
/// normal approximation, corrected for ties and for continuity.
///
/// ```
/// use charter_deploy_model::statistics::compare;
///
/// let found = compare(&[1433.0, 1440.0, 1504.0], &[1602.0, 1610.0, 1655.0]).ok_or("there are samples")?;
/// assert_eq!((found.shift, found.p), (169.0, 0.05));
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn compare(first: &[f64], second: &[f64]) -> Option<Comparison> {
    if first.is_empty() || second.is_empty() || first.iter().chain(second).any(|value| !value.is_finite()) {
        return None;
    }
    let ranked = Ranked::new(first, second);
    let is_small = first.len().max(second.len()) <= MOST_EXACT;
    let p = if is_small { ranked.exact() } else { ranked.approximate() };
    Some(Comparison { shift: shift(first, second)?, p })
}

/// Returns how likely a standard normal variable is at least `z`, to seven digits.
///
/// Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.2.17.
///
/// ```
/// use charter_deploy_model::statistics::normal_tail;
///
/// assert!((normal_tail(1.959_964) - 0.025).abs() < 1e-6);
/// assert!((normal_tail(-1.959_964) - 0.975).abs() < 1e-6);
/// ```
#[must_use]
pub fn normal_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_tail(-z);
    }
    const WEIGHTS: [f64; 5] = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let t = 1.0 / 0.231_641_9_f64.mul_add(z, 1.0);
    let polynomial = WEIGHTS.iter().fold(0.0, |sum, weight| (sum + weight) * t);
    (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * polynomial
}

fn shift(first: &[f64], second: &[f64]) -> Option<f64> {
    let (first, second) = (thinned(first), thinned(second));
    let differences: Vec<f64> =
        second.iter().flat_map(|after| first.iter().map(move |before| after - before)).collect();
    middle(&differences)
}

/// Returns the values, or when there are too many as many of them from the least to the greatest, evenly.
fn thinned(values: &[f64]) -> Vec<f64> {
    if values.len() <= MOST_SHIFTED {
        return values.to_vec();
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    (0..MOST_SHIFTED).map(|index| sorted[index * (sorted.len() - 1) / (MOST_SHIFTED - 1)]).collect()
}

/// The ranks of two sets of values among all of them, doubled: so the mean rank of equal values is a whole number.
struct Ranked {
    first: usize,
    second: Vec<usize>,
    all: Vec<usize>,
    /// How many values share each value.
    ties: Vec<usize>,
}

impl Ranked {
    fn new(first: &[f64], second: &[f64]) -> Self {
        let mut order: Vec<(f64, bool)> =
            first.iter().map(|value| (*value, false)).chain(second.iter().map(|value| (*value, true))).collect();
        order.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        let mut ranked = Self { first: first.len(), second: Vec::new(), all: Vec::new(), ties: Vec::new() };
        // By `==`, not by the order of sorting: -0 and 0 are the same.
        #[expect(clippy::float_cmp, reason = "a tie is the same number")]
        for same in order.chunk_by(|left, right| left.0 == right.0) {
            let rank = 2 * ranked.all.len() + same.len() + 1;
            ranked.all.extend(same.iter().map(|_| rank));
            ranked.second.extend(same.iter().filter(|(_, is_second)| *is_second).map(|_| rank));
            ranked.ties.push(same.len());
        }
        ranked
    }

    fn exact(&self) -> f64 {
        let seen: usize = self.second.iter().sum();
        let total: usize = self.all.iter().sum();
        // ways[k][s]: in how many ways k of the values have ranks that add up to s.
        let mut ways = vec![vec![0.0_f64; total + 1]; self.second.len() + 1];
        ways[0][0] = 1.0;
        for rank in &self.all {
            for taken in (1..=self.second.len()).rev() {
                for sum in (*rank..=total).rev() {
                    ways[taken][sum] += ways[taken - 1][sum - rank];
                }
            }
        }
        let dealt = &ways[self.second.len()];
        dealt[seen..].iter().sum::<f64>() / dealt.iter().sum::<f64>()
    }

    #[expect(clippy::cast_precision_loss, reason = "2^53 values do not fit any memory")]
    fn approximate(&self) -> f64 {
        let (first, second) = (self.first as f64, self.second.len() as f64);
        let all = first + second;
        let sum = self.second.iter().map(|rank| *rank as f64 / 2.0).sum::<f64>();
        let u = sum - second * (second + 1.0) / 2.0;
        let tied = self.ties.iter().map(|tie| *tie as f64).map(|tie| tie.powi(3) - tie).sum::<f64>();
        let variance = first * second / 12.0 * ((all + 1.0) - tied / (all * (all - 1.0)));
        // All values are the same: nothing speaks for a difference.
        if variance <= 0.0 {
            return 1.0;
        }
        normal_tail((u - first * second / 2.0 - 0.5) / variance.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec((0_u16..40).prop_map(f64::from), count)
    }

    #[test]
    fn the_approximation_gives_what_scipy_gives() {
        // scipy.stats.mannwhitneyu(second, first, alternative="greater", method="asymptotic").
        let first: Vec<f64> = (0..60).map(|index| f64::from(index * 7 % 30)).collect();
        let second: Vec<f64> = (0..70).map(|index| f64::from(index * 11 % 37)).collect();
        let found = compare(&first, &second).unwrap();
        assert!((found.p - SCIPY_P).abs() < 1e-6, "{}", found.p);
    }

    const SCIPY_P: f64 = 0.035_480_949_455_413_04;

    #[test]
    fn what_is_the_same_throughout_speaks_for_nothing() {
        assert_eq!(compare(&[3.0; 60], &[3.0; 60]).unwrap(), Comparison { shift: 0.0, p: 1.0 });
        assert_eq!(compare(&[], &[1.0]), None);
        assert_eq!(compare(&[1.0], &[f64::NAN]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn exact_and_approximate_are_close(first in values(20..30), second in values(20..30)) {
            let ranked = Ranked::new(&first, &second);
            prop_assert!((ranked.exact() - ranked.approximate()).abs() < 0.02);
        }

        #[test]
        fn what_is_moved_up_looks_greater(first in values(20..40), second in values(20..120), by in 1_u16..50) {
            let moved: Vec<f64> = second.iter().map(|value| value + f64::from(by)).collect();
            let (before, after) = (compare(&first, &second).unwrap(), compare(&first, &moved).unwrap());
            prop_assert!(after.p <= before.p + 1e-9);
            prop_assert!((after.shift - before.shift - f64::from(by)).abs() < 1e-9);
        }
    }
}
