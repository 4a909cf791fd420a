//! Which object holds which content, so that a file that did not change is neither read nor hashed again.
//!
//! ```text
//! charter-known/1
//! <commit of the release staged last>
//! <32 bytes of digest, 20 bytes of object id> …
//! <32 bytes of SHA-256 over everything before>
//! ```
//!
//! The list counts only while the reference that keeps those objects points at that commit; one that is damaged or
//! outdated costs time and nothing else.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use charter_deploy_model::{CommitHash, Digest};
use charter_host::durable;
use charter_repository::ObjectId;
use sha2::{Digest as _, Sha256};

const FIRST_LINE: &[u8] = b"charter-known/1\n";

/// The bytes of one entry.
const ENTRY: usize = 52;

/// The object of each content.
pub(super) type Known = HashMap<Digest, ObjectId>;

/// Loads the list at `path` when it is of `commit`; nothing otherwise.
pub(super) fn load(path: &Path, commit: Option<&CommitHash>) -> Known {
    let list = || decode(&fs::read(path).ok()?, commit?);
    list().unwrap_or_default()
}

/// Writes the list; that it cannot be written only costs the next release time.
pub(super) fn save(path: &Path, commit: &CommitHash, known: &Known) {
    let _ = durable::replace_derived(path, &encode(commit, known));
}

fn encode(commit: &CommitHash, known: &Known) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + known.len() * ENTRY);
    bytes.extend(FIRST_LINE);
    bytes.extend(commit.as_str().as_bytes());
    bytes.push(b'\n');
    for (digest, id) in known {
        bytes.extend(digest.as_bytes());
        bytes.extend(id.bytes());
    }
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum);
    bytes
}

fn decode(bytes: &[u8], commit: &CommitHash) -> Option<Known> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if sum != Sha256::digest(body).as_slice() {
        return None;
    }
    let entries = body.strip_prefix(FIRST_LINE)?.strip_prefix(commit.as_str().as_bytes())?.strip_prefix(b"\n")?;
    let (entries, []) = entries.as_chunks::<ENTRY>() else { return None };
    let entry = |entry: &[u8; ENTRY]| {
        let (digest, id) = entry.split_at(32);
        Some((Digest::new(digest.try_into().ok()?), ObjectId::from_bytes(id.try_into().ok()?)))
    };
    entries.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commit(digit: char) -> CommitHash {
        digit.to_string().repeat(40).parse().unwrap()
    }

    proptest! {
        #[test]
        fn lists_round_trip_for_their_commit_only(entries in prop::collection::hash_map(any::<[u8; 32]>(), any::<[u8; 20]>(), 0..20)) {
            let known: Known =
                entries.into_iter().map(|(digest, id)| (Digest::new(digest), ObjectId::from_bytes(id))).collect();
            let bytes = encode(&commit('a'), &known);
            prop_assert_eq!(decode(&bytes, &commit('a')), Some(known));
            prop_assert_eq!(decode(&bytes, &commit('b')), None);
        }

        #[test]
        fn a_damaged_list_is_no_list(position: prop::sample::Index, bit in 0..8_u8) {
            let known = Known::from([(Digest::new([1; 32]), ObjectId::from_bytes([2; 20]))]);
            let mut bytes = encode(&commit('a'), &known);
            let index = position.index(bytes.len());
            bytes[index] ^= 1 << bit;
            prop_assert_eq!(decode(&bytes, &commit('a')), None);
        }
    }
}
