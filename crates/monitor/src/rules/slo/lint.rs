//! Whether an objective can be told from what is measured at all.

use charter_deploy_model::Percent;

use super::{PAIRS, Slo};

/// Fewer failed looks than this call nobody; an objective that would call on fewer cannot be watched.
const LEAST_LOOKS: u64 = 3;

/// Why an objective cannot be watched.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// One or two failed looks spend so much of the budget that chance alone would call people.
    #[error(
        "with one look every {interval_seconds} s, {looks} failed within an hour would call people for an objective of \
         {objective} %"
    )]
    TooFewLooks {
        /// The objective.
        objective: Percent,
        /// The time from one look to the next, in seconds.
        interval_seconds: u32,
        /// How many failed looks would call.
        looks: u64,
        /// The longest interval that would do, in seconds; absent when even one second is too long.
        interval_that_would_do: Option<u32>,
        /// The highest objective that would do, in steps of a hundredth; absent when none would.
        objective_that_would_do: Option<Percent>,
    },
    /// Not even an outage would burn the budget fast enough.
    #[error("an objective of {objective} % over {window_days} days calls nobody, even when nothing works for an hour")]
    NeverFires {
        /// The objective.
        objective: Percent,
        /// Over how many days.
        window_days: u16,
    },
    /// Nothing may go wrong, so there is nothing to spend.
    #[error("an objective of 100 % leaves no budget for anything to go wrong")]
    NoBudget,
    /// The rules are made for about a month.
    #[error("an objective over {window_days} days cannot be watched")]
    Window {
        /// Over how many days.
        window_days: u16,
    },
}

impl Problem {
    /// Says what to change.
    #[must_use]
    pub fn help(&self) -> String {
        match *self {
            Self::TooFewLooks { interval_that_would_do, objective_that_would_do, .. } => {
                let interval = interval_that_would_do.map(|seconds| format!("look every {seconds} s or more often"));
                let objective = objective_that_would_do.map(|percent| format!("set `objective` to {percent} or less"));
                let ways: Vec<String> = interval.into_iter().chain(objective).collect();
                if ways.is_empty() { "remove the objective".to_owned() } else { ways.join(", or ") }
            }
            Self::NeverFires { .. } => "set a higher `objective`, or a smaller `window-days`".to_owned(),
            Self::NoBudget => "set `objective` to 99.99 or less".to_owned(),
            Self::Window { .. } => "set `window-days` to a number from 28 to 90".to_owned(),
        }
    }
}

/// Says why an objective cannot be watched with one look every `interval_seconds`; nothing when it can.
///
/// ```
/// use charter_deploy_model::Percent;
/// use charter_monitor::rules::slo::{Slo, lint};
///
/// let slo = Slo::new(Percent::new(99.9)?);
/// assert_eq!(lint(&slo, 15), None);
/// let problem = lint(&slo, 60).ok_or("one failed look of sixty is more than 14.4 times a thousandth")?;
/// assert_eq!(problem.help(), "look every 25 s or more often, or set `objective` to 99.76 or less");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn lint(slo: &Slo, interval_seconds: u32) -> Option<Problem> {
    let Slo { objective, window_days, .. } = *slo;
    let (interval_seconds, fastest) = (interval_seconds.max(1), PAIRS[0]);
    if !(28..=90).contains(&window_days) {
        return Some(Problem::Window { window_days });
    }
    if slo.allowed() <= 0.0 {
        return Some(Problem::NoBudget);
    }
    let factor = fastest.factor(window_days);
    if factor * slo.allowed() >= 1.0 {
        return Some(Problem::NeverFires { objective, window_days });
    }
    // The pair that spends the least of the budget needs the fewest failed looks.
    let seconds = f64::from(u32::try_from(fastest.long_seconds).unwrap_or(u32::MAX));
    let looks = looks_to_fire(factor * slo.allowed() * seconds / f64::from(interval_seconds));
    let allows = |interval: f64, allowed: f64| looks_to_fire(factor * allowed * seconds / interval) >= LEAST_LOOKS;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and an hour")]
    let longest = (factor * slo.allowed() * seconds / (LEAST_LOOKS - 1) as f64 + 1e-9).floor() as u32;
    let least_allowed = (LEAST_LOOKS - 1) as f64 * f64::from(interval_seconds) / (factor * seconds);
    let highest = ((1.0 - least_allowed) * 10_000.0 + 1e-9).floor() / 100.0;
    let highest = Percent::new(highest).ok().filter(|_| factor * least_allowed < 1.0);
    (looks < LEAST_LOOKS).then(|| Problem::TooFewLooks {
        objective,
        interval_seconds,
        looks,
        interval_that_would_do: (longest >= 1 && allows(f64::from(longest), slo.allowed())).then_some(longest),
        objective_that_would_do: highest,
    })
}

/// Returns how many failed looks are more than a number that need not be whole.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is not negative, and small")]
fn looks_to_fire(threshold: f64) -> u64 {
    // 14.4 × 0.01 × 60 must not fall below what it is.
    (threshold + 1e-9).floor() as u64 + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn so_many_failed_looks_call_people() {
        for (interval, expected) in [(60.0, [9, 5, 1, 1, 1]), (30.0, [18, 9, 2, 1, 1]), (15.0, [35, 18, 4, 2, 1])] {
            let looks =
                [0.01, 0.005, 0.001, 0.0005, 0.0001].map(|allowed| looks_to_fire(14.4 * allowed * 3600.0 / interval));
            assert_eq!(looks, expected, "{interval}");
        }
    }

    proptest! {
        #[test]
        fn what_the_lint_proposes_it_accepts(objective in 80.0..100.0_f64, interval in 1..3600_u32, days in 28..=90_u16) {
            let slo = Slo { window_days: days, ..Slo::new(Percent::new(objective).unwrap()) };
            if let Some(Problem::TooFewLooks { looks, interval_that_would_do, objective_that_would_do, .. }) = lint(&slo, interval) {
                prop_assert!(looks < LEAST_LOOKS);
                if let Some(seconds) = interval_that_would_do {
                    prop_assert!(seconds < interval);
                    prop_assert_eq!(lint(&slo, seconds), None);
                    prop_assert!(lint(&slo, seconds + 1).is_some());
                }
                if let Some(objective) = objective_that_would_do {
                    let found = lint(&Slo { objective, ..slo }, interval);
                    prop_assert!(found.is_none(), "{found:?}");
                }
            }
        }
    }
}
