//! Whether one release is worse than another, by ranks.

use super::median;

/// More samples of a release than this are not looked at: the exact test takes the cube of their number.
const MOST: usize = 50;

/// What two releases' samples say about each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// By how much the second is greater than the first: the median of all differences (Hodges and Lehmann).
    pub shift: f64,
    /// How likely the second looks at least this much greater when in truth both are the same, 0 to 1.
    pub p: f64,
}

/// Compares what was measured of two releases in turn, by the one-sided test of Mann and Whitney: small `p` says that
/// the second is greater. Nothing, when there are no samples of one, or one is no number.
///
/// `p` is exact, with equal values too: it is the share of all ways to deal the values out between the two that give the
/// second ranks as high as these. Three samples of each can reach 5 %, four 1.4 %. At most 50 of each are looked at.
///
/// ```
/// use charter_gates::sampling::compare;
///
/// let found = compare(&[1433.0, 1440.0, 1504.0], &[1602.0, 1610.0, 1655.0]).ok_or("there are samples")?;
/// assert_eq!((found.shift, found.p), (169.0, 0.05));
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn compare(first: &[f64], second: &[f64]) -> Option<Comparison> {
    let (first, second) = (&first[..first.len().min(MOST)], &second[..second.len().min(MOST)]);
    if first.is_empty() || second.is_empty() || first.iter().chain(second).any(|sample| !sample.is_finite()) {
        return None;
    }
    let differences: Vec<f64> =
        second.iter().flat_map(|after| first.iter().map(move |before| after - before)).collect();
    let all: Vec<f64> = first.iter().chain(second).copied().collect();
    let ranks: Vec<usize> = all.iter().map(|value| doubled_rank(*value, &all)).collect();
    let seen: usize = ranks[first.len()..].iter().sum();
    let total: usize = ranks.iter().sum();
    // ways[k][s]: in how many ways k of the values have ranks that add up to s.
    let mut ways = vec![vec![0.0_f64; total + 1]; second.len() + 1];
    ways[0][0] = 1.0;
    for rank in &ranks {
        for taken in (1..=second.len()).rev() {
            for sum in (*rank..=total).rev() {
                ways[taken][sum] += ways[taken - 1][sum - rank];
            }
        }
    }
    let dealt = &ways[second.len()];
    let p = dealt[seen..].iter().sum::<f64>() / dealt.iter().sum::<f64>();
    Some(Comparison { shift: median(&differences)?, p })
}

/// Returns twice the rank of a value, so that the mean rank of equal values is a whole number.
fn doubled_rank(value: f64, all: &[f64]) -> usize {
    let below = all.iter().filter(|other| **other < value).count();
    let equal = all.iter().filter(|other| **other == value).count();
    2 * below + equal + 1
}

/// Returns the order in which two releases are measured in turn, `false` the first and `true` the second: each goes
/// first as often as the other, so that what changes slowly on the machine meets both alike.
pub fn turns(rounds: usize) -> impl Iterator<Item = bool> {
    (0..rounds).flat_map(|round| [round % 2 == 1, round % 2 == 0])
}
