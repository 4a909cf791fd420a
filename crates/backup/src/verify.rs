//! Looking at a snapshot: is everything there that a restore would need?

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use charter_deploy_model::{Digest, Snapshot, Stamp};
use charter_host::Scope;
use rayon::prelude::*;

use crate::blob::{BlobReader, Extent};
use crate::index::{Index, Pack};
use crate::tree::{self, TreeFile};
use crate::{BackupError, BackupVerified, Depth, snapshot};

/// So many faults are told one by one; the rest is counted.
const TOLD: usize = 20;

/// A larger list of files is not held in memory: it would name some ten million, in bytes.
const LARGEST_TREE: u64 = 1 << 30;

/// So many blobs are read between two looks at whether to stop.
const BATCH: usize = 1024;

pub(crate) fn verify(folder: &Path, id: Stamp, depth: Depth, scope: &Scope) -> Result<BackupVerified, BackupError> {
    let snapshot = match snapshot::read(folder, id) {
        Err(error @ (BackupError::Damaged { .. } | BackupError::Refused { .. })) => {
            return Ok(BackupVerified { faults: vec![error.to_string()], ..BackupVerified::default() });
        }
        read => read?,
    };
    let index = Index::load(folder)?;
    let (wanted, mut faults) = wanted(&snapshot, &index);

    let mut verified = BackupVerified::default();
    let mut extents: Vec<(&Pack, Extent, Digest)> = Vec::new();
    let mut unindexed = BTreeSet::new();
    for (digest, Wanted { size, whose }) in &wanted {
        let Some((pack, extent)) = index.find(digest) else {
            faults.push(format!("`{whose}` is lost: its blob {digest} is in no pack"));
            continue;
        };
        if pack.is_unindexed() {
            unindexed.insert(&pack.path);
        }
        verified.blobs += 1;
        verified.bytes += extent.size;
        if depth >= Depth::Sizes && !pack.reaches(extent) {
            faults.push(format!("`{whose}` is lost: the pack `{}` is cut short", pack.path.display()));
        } else if depth >= Depth::Sizes && size.is_some_and(|size| size != extent.size) {
            faults.push(format!("`{whose}` has another size than its blob {digest}"));
        } else {
            extents.push((pack, extent, *digest));
        }
    }
    faults.extend(unindexed.into_iter().map(|pack| format!("the index of `{}` is lost or damaged", pack.display())));

    if depth >= Depth::Read {
        extents.sort_unstable_by(|a, b| (&a.0.path, a.1.offset).cmp(&(&b.0.path, b.1.offset)));
        let total = extents.len() as u64;
        for (number, batch) in extents.chunks(BATCH).enumerate() {
            if scope.cancel.is_cancelled() {
                return Err(BackupError::Cancelled);
            }
            scope.progress((number * BATCH) as u64, Some(total), "reading blobs");
            faults.par_extend(batch.par_iter().map_init(BlobReader::new, read_one).flatten_iter());
        }
        scope.progress(total, Some(total), "reading blobs");
    }
    faults.sort();
    if faults.len() > TOLD {
        let more = faults.split_off(TOLD).len();
        faults.push(format!("and {more} more faults"));
    }
    verified.faults = faults;
    Ok(verified)
}

/// What a blob is needed for.
struct Wanted {
    /// The size that the tree says, in bytes; a tree's own size is said nowhere.
    size: Option<u64>,
    /// The first file that needs it, for the message.
    whose: String,
}

/// Returns every blob that a restore would need, and the trees that cannot say.
fn wanted(snapshot: &Snapshot, index: &Index) -> (HashMap<Digest, Wanted>, Vec<String>) {
    let (mut wanted, mut faults) = (HashMap::new(), Vec::new());
    for content in &snapshot.contents {
        let whose = format!("{} (its list of files)", content.name);
        wanted.entry(content.digest).or_insert(Wanted { size: None, whose });
        match read_tree(index, &content.digest) {
            Err(error) => faults.push(error.to_string()),
            Ok(files) => {
                for TreeFile { path, size, digest } in files.into_iter().flatten() {
                    let whose = || Wanted { size: Some(size), whose: format!("{}/{path}", content.name) };
                    wanted.entry(digest).or_insert_with(whose);
                }
            }
        }
    }
    (wanted, faults)
}

/// Reads the tree of a content, if its blob is in any pack.
pub(crate) fn read_tree(index: &Index, digest: &Digest) -> Result<Option<Vec<TreeFile>>, BackupError> {
    let Some((pack, extent)) = index.find(digest) else { return Ok(None) };
    if extent.size > LARGEST_TREE {
        let fault = format!("the list of files {digest} is larger than {LARGEST_TREE} bytes");
        return Err(BackupError::Damaged { path: pack.path.clone(), fault });
    }
    let mut text = Vec::new();
    BlobReader::new().read(&pack.path, extent, digest, |piece| {
        text.extend_from_slice(piece);
        Ok(())
    })?;
    tree::parse(&text, &pack.path).map(Some)
}

fn read_one(reader: &mut BlobReader, (pack, extent, digest): &(&Pack, Extent, Digest)) -> Option<String> {
    reader.read(&pack.path, *extent, digest, |_| Ok(())).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack;

    #[test]
    fn a_list_of_files_that_is_larger_than_any_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let packs = folder.path().join("packs");
        std::fs::create_dir(&packs).unwrap();
        let digest = Digest::new([7; 32]);
        pack::publish_index(&packs.join("a.pack"), &[(digest, Extent { offset: 0, stored: 1, size: 1 << 40 })])
            .unwrap();
        let error = read_tree(&Index::load(folder.path()).unwrap(), &digest).unwrap_err();
        assert!(
            error.to_string().contains("list of files") || format!("{error:?}").contains("list of files"),
            "{error:?}"
        );
    }
}
