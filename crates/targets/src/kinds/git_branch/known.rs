//! Which object holds which content of a release, so that a file that did not change is neither read nor hashed again.
//!
//! ```text
//! charter-known/3
//! <digest of the release>
//! <32 bytes of digest, 20 bytes of object id, path, NUL> …
//! <32 bytes of SHA-256 over everything before>
//! ```
//!
//! A list counts only while a reference keeps the objects of its release; one that is damaged or outdated costs time
//! and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use charter_artifact::ArtifactFile;
use charter_deploy_model::{Digest, Release, ReleaseId};
use charter_host::durable;
use charter_repository::ObjectId;
use sha2::{Digest as _, Sha256};

const FIRST_LINE: &[u8] = b"charter-known/3\n";

/// Where the lists are in a target's work folder.
const FOLDER: &str = "known";

/// The bytes of an entry before its path.
const ENTRY: usize = 52;

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownFile {
    pub(super) path: String,
    pub(super) digest: Digest,
    pub(super) object: ObjectId,
}

/// Loads the list of a release whose objects are kept; nothing, when there is none or it is damaged.
pub(super) fn load(work: &Path, release: &Release) -> Option<Vec<KnownFile>> {
    decode(&fs::read(place(work, &release.id)).ok()?, &release.digest)
}

/// Writes the list of a release: the files of an artifact, and the object of each. That it cannot be written only costs
/// the next release time.
pub(super) fn save(work: &Path, release: &Release, files: &[ArtifactFile], objects: &[ObjectId]) {
    let list = place(work, &release.id);
    let entries = files.iter().zip(objects).map(|(file, object)| (file.path.as_str(), &file.digest, object));
    if list.parent().is_some_and(|folder| durable::make_folder(folder).is_ok()) {
        let _ = durable::replace_derived(&list, &encode(&release.digest, entries));
    }
}

/// Removes the lists of releases that are not `staged`.
pub(super) fn sweep(work: &Path, staged: &[&ReleaseId]) {
    for entry in fs::read_dir(work.join(FOLDER)).into_iter().flatten().flatten() {
        if !staged.iter().any(|id| entry.file_name().to_str() == Some(id.to_string().as_str())) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn place(work: &Path, release: &ReleaseId) -> PathBuf {
    work.join(FOLDER).join(release.to_string())
}

pub(super) fn encode<'a>(
    release: &Digest,
    files: impl ExactSizeIterator<Item = (&'a str, &'a Digest, &'a ObjectId)>,
) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128 + files.len() * 128);
    bytes.extend(FIRST_LINE);
    bytes.extend(release.hex_digits());
    bytes.push(b'\n');
    for (path, digest, object) in files {
        bytes.extend(digest.as_bytes());
        bytes.extend(object.bytes());
        bytes.extend(path.as_bytes());
        bytes.push(0);
    }
    let sum = Sha256::digest(&bytes);
    bytes.extend(sum);
    bytes
}

pub(super) fn decode(bytes: &[u8], release: &Digest) -> Option<Vec<KnownFile>> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    let (is_whole, files) = rayon::join(|| sum == Sha256::digest(body).as_slice(), || files(body, release));
    files.filter(|_| is_whole)
}

fn files(body: &[u8], release: &Digest) -> Option<Vec<KnownFile>> {
    let mut rest = body.strip_prefix(FIRST_LINE)?.strip_prefix(&release.hex_digits())?.strip_prefix(b"\n")?;
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

    const RELEASE: Digest = Digest::new([1; 32]);

    fn list(files: &[KnownFile]) -> Vec<u8> {
        encode(&RELEASE, files.iter().map(|file| (file.path.as_str(), &file.digest, &file.object)))
    }

    fn file((path, digest, object): (String, [u8; 32], [u8; 20])) -> KnownFile {
        KnownFile { path, digest: Digest::new(digest), object: ObjectId::from_bytes(object) }
    }

    proptest! {
        #[test]
        fn lists_round_trip_for_their_release_only(
            entries in prop::collection::vec(("[^\0]{0,20}", any::<[u8; 32]>(), any::<[u8; 20]>()), 0..20),
        ) {
            let files: Vec<KnownFile> = entries.into_iter().map(file).collect();
            let bytes = list(&files);
            prop_assert_eq!(decode(&bytes, &RELEASE), Some(files));
            prop_assert_eq!(decode(&bytes, &Digest::new([2; 32])), None);
        }

        #[test]
        fn a_damaged_list_is_no_list(position: prop::sample::Index, bit in 0..8_u8) {
            let mut bytes = list(&[file(("a".to_owned(), [1; 32], [2; 20]))]);
            let index = position.index(bytes.len());
            bytes[index] ^= 1 << bit;
            prop_assert_eq!(decode(&bytes, &RELEASE), None);
        }
    }
}
