//! Which snapshots stay.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BackupRetention, Period};
use crate::{DeploymentId, Snapshot, Stamp};

/// What is to be done with one snapshot, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotDecision {
    /// The snapshot.
    pub snapshot: Stamp,
    /// Whether it goes.
    pub prune: bool,
    /// Why it stays or goes.
    pub why: SnapshotWhy,
    /// When it may go at the earliest, or was free to go; absent when no date is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Why a snapshot stays or goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "reason")]
pub enum SnapshotWhy {
    /// It is the newest one that was read back whole.
    NewestSound,
    /// A deployment whose release can be gone back to, or that is held, was begun from it.
    Needed {
        /// The deployment.
        by: DeploymentId,
    },
    /// It is among the last ones.
    Recent,
    /// It is not old enough.
    Term {
        /// The policy's period.
        period: Period,
    },
    /// It is older than the policy demands.
    Expired {
        /// The policy's period.
        period: Period,
    },
}

/// Decides on every snapshot, in the order given: the oldest first.
///
/// Never pruned are the newest `sound` one and those that are `needed`. Without a sound one none goes: what cannot be
/// restored replaces nothing.
#[must_use]
pub fn plan_snapshots(
    policy: &BackupRetention,
    snapshots: &[Snapshot],
    sound: Option<Stamp>,
    needed: &BTreeMap<Stamp, DeploymentId>,
    now: Timestamp,
) -> Vec<SnapshotDecision> {
    let settled = BackupRetention::default();
    let last = policy.keep_last.max(settled.keep_last) as usize;
    let first_recent = snapshots.len().saturating_sub(last);
    snapshots
        .iter()
        .enumerate()
        .map(|(index, snapshot)| {
            let period =
                if policy.retention.is_shorter_than(settled.retention) { settled.retention } else { policy.retention };
            let end = period.after(snapshot.taken_at);
            let why = if sound == Some(snapshot.id) {
                SnapshotWhy::NewestSound
            } else if let Some(by) = needed.get(&snapshot.id) {
                SnapshotWhy::Needed { by: *by }
            } else if index >= first_recent || sound.is_none() {
                SnapshotWhy::Recent
            } else if end.is_none_or(|end| now < end) {
                SnapshotWhy::Term { period }
            } else {
                SnapshotWhy::Expired { period }
            };
            let until = matches!(why, SnapshotWhy::Term { .. } | SnapshotWhy::Expired { .. }).then_some(end).flatten();
            let prune = matches!(why, SnapshotWhy::Expired { .. });
            SnapshotDecision { snapshot: snapshot.id, prune, why, until }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400;

    fn snapshots(ages: &[u16]) -> Vec<Snapshot> {
        let mut ages = ages.to_vec();
        ages.sort_unstable_by(|a, b| b.cmp(a));
        ages.into_iter()
            .enumerate()
            .map(|(number, age)| {
                let second = 1_800_000_000 - i64::from(age) * DAY + i64::try_from(number).unwrap();
                let taken_at = Timestamp::from_second(second).unwrap();
                let (reason, contents) = (String::new(), Vec::new());
                Snapshot { id: Stamp::of(taken_at), taken_at, reason, contents, added_bytes: 0 }
            })
            .collect()
    }

    proptest! {
        #[test]
        fn the_newest_sound_one_the_needed_ones_and_the_last_ones_stay(
            ages in prop::collection::vec(0_u16..200, 1..40),
            sound in any::<prop::sample::Index>(),
            needed in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            days in 1_u16..100,
            more in 0_u16..100,
            keep_last in 0_u32..20,
        ) {
            let snapshots = snapshots(&ages);
            let now = Timestamp::from_second(1_800_000_100).unwrap();
            let sound = sound.get(&snapshots).id;
            let by = DeploymentId::new(Stamp::of(now));
            let needed: BTreeMap<_, _> = needed.iter().map(|index| (index.get(&snapshots).id, by)).collect();
            let policy = BackupRetention { retention: Period::Days(days), keep_last };
            let pruned = |policy: &BackupRetention, sound| -> Vec<Stamp> {
                plan_snapshots(policy, &snapshots, sound, &needed, now)
                    .into_iter()
                    .filter_map(|decision| decision.prune.then_some(decision.snapshot))
                    .collect()
            };
            let gone = pruned(&policy, Some(sound));
            prop_assert!(!gone.contains(&sound));
            prop_assert!(gone.iter().all(|id| !needed.contains_key(id)));
            for recent in &snapshots[snapshots.len().saturating_sub(keep_last.max(10) as usize)..] {
                prop_assert!(!gone.contains(&recent.id));
            }
            for id in &gone {
                prop_assert!(id.timestamp().as_second() + i64::from(days.max(30)) * DAY <= now.as_second());
            }
            let longer = BackupRetention { retention: Period::Days(days + more), keep_last: keep_last + u32::from(more) };
            prop_assert!(pruned(&longer, Some(sound)).iter().all(|id| gone.contains(id)));
            prop_assert!(pruned(&policy, None).is_empty(), "without a sound one nothing goes");
        }
    }
}
