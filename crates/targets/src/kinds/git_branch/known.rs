//! Which object holds which content of a release, so that a file that did not change is neither read nor hashed again.
//!
//! ```text
//! charter-known/2
//! <commit of the staged release>
//! <32 bytes of digest, 20 bytes of object id, path, NUL> …
//! <32 bytes of SHA-256 over everything before>
//! ```
//!
//! A list counts only while the reference that keeps those objects points at that commit; one that is damaged or
//! outdated costs time and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{CommitHash, Digest, ReleaseId};
use charter_host::durable;
use charter_repository::ObjectId;
use sha2::{Digest as _, Sha256};

const FIRST_LINE: &[u8] = b"charter-known/2\n";

/// The bytes of an entry before its path.
const ENTRY: usize = 52;

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownFile {
    pub(super) path: String,
    pub(super) digest: Digest,
    pub(super) object: ObjectId,
}

/// Loads the list of a release when it is of `commit`; nothing otherwise.
pub(super) fn load(work: &Path, release: &ReleaseId, commit: &CommitHash) -> Option<Vec<KnownFile>> {
    decode(&fs::read(place(work, release)).ok()?, commit)
}

/// Writes the list of a release, and removes those of releases that are not `staged`. That it cannot be written only
/// costs the next release time.
pub(super) fn save(work: &Path, release: &ReleaseId, commit: &CommitHash, files: &[KnownFile], staged: &[&ReleaseId]) {
    let list = place(work, release);
    let Some(folder) = list.parent() else { return };
    if durable::make_folder(folder).is_err() || durable::replace_derived(&list, &encode(commit, files)).is_err() {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let stays = |id: &ReleaseId| entry.file_name().to_str() == Some(id.to_string().as_str());
        if !stays(release) && !staged.iter().any(|id| stays(id)) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn place(work: &Path, release: &ReleaseId) -> PathBuf {
    work.join("known").join(release.to_string())
}

pub(super) fn encode(commit: &CommitHash, files: &[KnownFile]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + files.len() * 128);
    bytes.extend(FIRST_LINE);
    bytes.extend(commit.as_str().as_bytes());
    bytes.push(b'\n');
    for KnownFile { path, digest, object } in files {
        bytes.extend(digest.as_bytes());
        bytes.extend(object.bytes());
        bytes.extend(path.as_bytes());
        bytes.push(0);
    }
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum);
    bytes
}

pub(super) fn decode(bytes: &[u8], commit: &CommitHash) -> Option<Vec<KnownFile>> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if sum != Sha256::digest(body).as_slice() {
        return None;
    }
    let mut rest = body.strip_prefix(FIRST_LINE)?.strip_prefix(commit.as_str().as_bytes())?.strip_prefix(b"\n")?;
    let mut files = Vec::new();
    while let Some((entry, behind)) = rest.split_at_checked(ENTRY) {
        let (digest, object) = entry.split_at(32);
        let end = behind.iter().position(|byte| *byte == 0)?;
        files.push(KnownFile {
            path: std::str::from_utf8(&behind[..end]).ok()?.to_owned(),
            digest: Digest::new(digest.try_into().ok()?),
            object: ObjectId::from_bytes(object.try_into().ok()?),
        });
        rest = &behind[end + 1..];
    }
    rest.is_empty().then_some(files)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commit(digit: char) -> CommitHash {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn file((path, digest, object): (String, [u8; 32], [u8; 20])) -> KnownFile {
        KnownFile { path, digest: Digest::new(digest), object: ObjectId::from_bytes(object) }
    }

    proptest! {
        #[test]
        fn lists_round_trip_for_their_commit_only(
            entries in prop::collection::vec(("[^\0]{0,20}", any::<[u8; 32]>(), any::<[u8; 20]>()), 0..20),
        ) {
            let files: Vec<KnownFile> = entries.into_iter().map(file).collect();
            let bytes = encode(&commit('a'), &files);
            prop_assert_eq!(decode(&bytes, &commit('a')), Some(files));
            prop_assert_eq!(decode(&bytes, &commit('b')), None);
        }

        #[test]
        fn a_damaged_list_is_no_list(position: prop::sample::Index, bit in 0..8_u8) {
            let mut bytes = encode(&commit('a'), &[file(("a".to_owned(), [1; 32], [2; 20]))]);
            let index = position.index(bytes.len());
            bytes[index] ^= 1 << bit;
            prop_assert_eq!(decode(&bytes, &commit('a')), None);
        }
    }
}
