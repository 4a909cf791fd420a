//! Every distinct target that a site refers to, each under one number.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How many threads can add at once without waiting, about.
const SHARDS: usize = 64;

/// All targets together take no more bytes than this. A site of 48,000 pages has 40 MB.
const MAX_BYTES: usize = 200 << 20;

/// What each entry takes beside its text: the keys of the map, the pointers, the room that maps leave free.
const ENTRY: usize = 64;

/// What a reference was found to mean, before anyone looks whether it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target<'a> {
    /// A path from this host's root, decoded, and a fragment as it is written.
    Path {
        /// Begins with `/`.
        path: &'a str,
        /// Empty when there is none.
        fragment: &'a str,
    },
    /// A file that browsers fetch without encryption.
    Insecure(&'a str),
    /// A file on somebody's own machine.
    OwnMachine(&'a str),
    /// No URL at all.
    Malformed(&'a str),
}

/// A target's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct TargetId(u32);

/// Gives numbers to targets, from many threads.
#[derive(Debug)]
pub(super) struct Numbering {
    hasher: RandomState,
    shards: Vec<Mutex<HashMap<Box<str>, u32>>>,
    bytes: AtomicUsize,
}

/// All targets by their numbers.
#[derive(Debug)]
pub(super) struct Targets(Vec<Vec<Box<str>>>);

impl Numbering {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { hasher: RandomState::new(), shards, bytes: AtomicUsize::new(0) }
    }

    /// Returns the number of a target, or nothing when there are more than can be held; `key` is a buffer.
    pub(super) fn number(&self, target: Target<'_>, key: &mut String) -> Option<TargetId> {
        write(target, key);
        let shard = self.hasher.hash_one(key.as_str()) as usize % SHARDS;
        let mut known = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        let within = match known.get(key.as_str()) {
            Some(number) => *number,
            None => {
                let size = key.len() + ENTRY;
                if self.bytes.fetch_add(size, Ordering::Relaxed) + size > MAX_BYTES {
                    return None;
                }
                let number = u32::try_from(known.len()).ok()?;
                known.insert(key.as_str().into(), number);
                number
            }
        };
        within.checked_mul(SHARDS as u32)?.checked_add(shard as u32).map(TargetId)
    }

    pub(super) fn finish(self) -> Targets {
        let in_order = |shard: Mutex<HashMap<Box<str>, u32>>| {
            let mut keys: Vec<(Box<str>, u32)> =
                shard.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
            keys.sort_unstable_by_key(|(_, number)| *number);
            keys.into_iter().map(|(key, _)| key).collect()
        };
        Targets(self.shards.into_iter().map(in_order).collect())
    }
}

impl Targets {
    /// Returns the target of a number that [`Numbering::number`] gave.
    pub(super) fn get(&self, id: TargetId) -> Target<'_> {
        read(&self.0[id.0 as usize % SHARDS][id.0 as usize / SHARDS])
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }

    /// Returns all targets with their numbers.
    pub(super) fn ids(&self) -> impl Iterator<Item = TargetId> {
        let of_shard = |(shard, keys): (usize, &Vec<Box<str>>)| {
            (0..keys.len()).map(move |within| TargetId((within * SHARDS + shard) as u32))
        };
        self.0.iter().enumerate().flat_map(of_shard)
    }
}

/// Writes a target as one text: its sort, the length of its path, both its texts.
fn write(target: Target<'_>, key: &mut String) {
    key.clear();
    match target {
        Target::Path { path, fragment } => {
            key.push('/');
            key.push_str(&path.len().to_string());
            key.push_str(path);
            key.push_str(fragment);
        }
        Target::Insecure(url) => {
            key.push('i');
            key.push_str(url);
        }
        Target::OwnMachine(url) => {
            key.push('o');
            key.push_str(url);
        }
        Target::Malformed(text) => {
            key.push('m');
            key.push_str(text);
        }
    }
}

fn read(key: &str) -> Target<'_> {
    let (sort, rest) = key.split_at(1);
    match sort {
        "i" => Target::Insecure(rest),
        "o" => Target::OwnMachine(rest),
        "m" => Target::Malformed(rest),
        _ => {
            // A path begins with `/`, so its length ends there.
            let (length, texts) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let (path, fragment) = texts.split_at(length.parse().unwrap_or(texts.len()).min(texts.len()));
            Target::Path { path, fragment }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_target_is_what_was_numbered(paths in prop::collection::vec(("/.{0,8}", ".{0,8}"), 0..20), texts in prop::collection::vec(".{0,8}", 0..5)) {
            let mut targets: Vec<Target<'_>> =
                paths.iter().map(|(path, fragment)| Target::Path { path, fragment }).collect();
            targets.extend(texts.iter().flat_map(|text| {
                [Target::Insecure(text), Target::OwnMachine(text), Target::Malformed(text)]
            }));
            let (numbering, mut key) = (Numbering::new(), String::new());
            let ids: Vec<TargetId> =
                targets.iter().map(|target| numbering.number(*target, &mut key).unwrap()).collect();
            let numbered = numbering.finish();
            for (target, id) in targets.iter().zip(&ids) {
                prop_assert_eq!(numbered.get(*id), *target);
            }
            let distinct: std::collections::BTreeSet<_> = targets.iter().collect();
            prop_assert_eq!(numbered.len(), distinct.len());
            prop_assert_eq!(numbered.ids().count(), distinct.len());
        }
    }
}
