//! How likely chance makes a share look so much greater.

use charter_deploy_model::statistics::normal_tail;

/// Up to this many events, all ways to deal them out are counted.
const MOST_EXACT: u64 = 20_000;

/// Returns how likely chance alone gives the second at least so many bad ones, when both have the same share of them.
/// Each is (bad ones, all).
///
/// It is Fisher's exact test, one-sided; beyond 20,000 events together its normal approximation.
///
/// ```
/// use charter_monitor::rules::compare::greater_share;
///
/// // 3 of 3 after 0 of 100: 6 of 1,061,106 ways.
/// assert!((greater_share((0, 100), (3, 3)) - 6.0 / 1_061_106.0).abs() < 1e-9);
/// assert_eq!(greater_share((5, 5), (5, 5)), 1.0);
/// ```
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "2^53 events are more than anything that is counted here")]
pub fn greater_share((bad_before, before): (u64, u64), (bad_after, after): (u64, u64)) -> f64 {
    let (bad_before, bad_after) = (bad_before.min(before), bad_after.min(after));
    let (bad, all) = (bad_before.saturating_add(bad_after), before.saturating_add(after));
    if bad == 0 || bad == all || bad_after == 0 {
        return 1.0;
    }
    if all > MOST_EXACT {
        let (bad, all, after) = (bad as f64, all as f64, after as f64);
        let expected = bad * after / all;
        let variance = expected * (1.0 - bad / all) * (all - after) / (all - 1.0);
        if variance <= 0.0 {
            return 1.0;
        }
        return normal_tail((bad_after as f64 - expected - 0.5) / variance.sqrt());
    }
    // Each way's weight from the one before it, as a share of the seen one's; the rest of the sum is known to be 1.
    let ratio = |taken: u64| {
        let (bad, all, after, taken) = (bad as f64, all as f64, after as f64, taken as f64);
        (bad - taken) * (after - taken) / ((taken + 1.0) * (all - bad - after + taken + 1.0))
    };
    let least = (bad + after).saturating_sub(all);
    let most = bad.min(after);
    let mut up = 0.0;
    let mut weight = 1.0;
    for taken in bad_after..=most {
        up += weight;
        weight *= ratio(taken);
    }
    let mut down = 0.0;
    weight = 1.0;
    for taken in (least..bad_after).rev() {
        weight /= ratio(taken);
        down += weight;
    }
    // Where the seen one is so far out that the others are beyond any number, it is as good as impossible.
    if down.is_finite() { up / (up + down) } else { 0.0 }
}
