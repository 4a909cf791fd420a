//! Which releases stay on the target to go back to.

use charter_deploy_model::ReleaseId;

/// Returns the staged releases that are no longer needed.
///
/// `shown` are the verified releases in the order in which each was first shown. The live one stays, the last `keep`
/// of `shown` stay, and so does the one that a rollback would go back to. What was never verified goes.
pub(crate) fn to_retire(
    staged: &[ReleaseId],
    shown: &[ReleaseId],
    live: Option<&ReleaseId>,
    keep: usize,
) -> Vec<ReleaseId> {
    let kept = &shown[shown.len().saturating_sub(keep)..];
    let before_live = live
        .and_then(|live| shown.iter().position(|release| release == live))
        .and_then(|position| shown[..position].iter().rev().find(|release| staged.contains(release)));
    staged
        .iter()
        .filter(|release| Some(*release) != live && Some(*release) != before_live && !kept.contains(release))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::{Digest, Stamp};
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;

    fn release(number: u8) -> ReleaseId {
        ReleaseId::new(Stamp::of(Timestamp::from_second(i64::from(number)).unwrap()), &Digest::new([number; 32]))
    }

    proptest! {
        #[test]
        fn what_is_live_what_it_replaced_and_the_last_ones_stay(count in 1_u8..30, live in 0_u8..30, keep in 0_usize..10) {
            let live = live % count;
            let all: Vec<ReleaseId> = (0..count).map(release).collect();
            let gone = to_retire(&all, &all, Some(&all[usize::from(live)]), keep);
            prop_assert!(!gone.contains(&all[usize::from(live)]));
            if live > 0 {
                prop_assert!(!gone.contains(&all[usize::from(live) - 1]));
            }
            for recent in &all[all.len().saturating_sub(keep)..] {
                prop_assert!(!gone.contains(recent));
            }
            prop_assert!(all.len() - gone.len() <= keep + 2);
        }

        #[test]
        fn what_was_never_verified_goes(count in 1_u8..30, keep in 0_usize..10) {
            let all: Vec<ReleaseId> = (0..count).map(release).collect();
            prop_assert_eq!(to_retire(&all, &[], None, keep), all);
        }
    }
}
