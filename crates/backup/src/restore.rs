//! Restoring: each content is built aside and appears whole, or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use charter_deploy_model::{Digest, SnapshotContent, Stamp};
use charter_host::Scope;
use charter_host::durable::{self, Appender, Tree};
use rayon::prelude::*;

use crate::blob::{BlobReader, LARGE};
use crate::index::Index;
use crate::tree::TreeFile;
use crate::verify::read_tree;
use crate::{BackupError, snapshot};

pub(crate) fn restore(
    folder: &Path,
    id: Stamp,
    names: &[String],
    into: &Path,
    scope: &Scope,
) -> Result<u64, BackupError> {
    let snapshot = snapshot::read(folder, id)?;
    for name in names {
        if !snapshot.contents.iter().any(|content| content.name == *name) {
            return Err(BackupError::NoContent { id, name: name.clone() });
        }
    }
    check_empty(into)?;
    let index = Index::load(folder)?;
    let is_wanted = |content: &&SnapshotContent| names.is_empty() || names.contains(&content.name);
    let contents = snapshot
        .contents
        .iter()
        .filter(is_wanted)
        .map(|content| Ok((content, read_tree(&index, &content.digest)?.ok_or_else(|| lost(folder, &content.digest))?)))
        .collect::<Result<Vec<_>, BackupError>>()?;

    durable::make_folder(into)?;
    let total = contents.iter().map(|(content, _)| content.bytes).sum();
    let done = AtomicU64::new(0);
    let mut trees = Vec::new();
    for (content, files) in &contents {
        let tree = Tree::begin(&into.join(&content.name))?;
        make_folders(&tree, files)?;
        files.par_iter().try_for_each_init(BlobReader::new, |reader, file| {
            if scope.cancel.is_cancelled() {
                return Err(BackupError::Cancelled);
            }
            write_file(reader, folder, &index, &tree, file)?;
            let so_far = done.fetch_add(file.size, Ordering::Relaxed) + file.size;
            scope.progress(so_far, Some(total), "restoring files, in bytes");
            Ok(())
        })?;
        trees.push(tree);
    }
    trees.into_iter().try_for_each(Tree::publish)?;
    Ok(done.into_inner())
}

fn check_empty(into: &Path) -> Result<(), BackupError> {
    match fs::read_dir(into) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::NotEmpty { path: into.to_owned() }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(BackupError::Read { path: into.to_owned(), source }),
    }
}

fn lost(folder: &Path, digest: &Digest) -> BackupError {
    BackupError::Damaged { path: folder.join("packs"), fault: format!("the blob {digest} is in no pack") }
}

fn make_folders(tree: &Tree, files: &[TreeFile]) -> Result<(), BackupError> {
    let is_inside = |folder: &&Path| !folder.as_os_str().is_empty();
    let folders: BTreeSet<&Path> =
        files.iter().flat_map(|file| Path::new(&file.path).ancestors().skip(1).filter(is_inside)).collect();
    // Sorted, so that a folder comes before what is in it.
    folders.into_iter().try_for_each(|folder| tree.make_folder(folder)).map_err(Into::into)
}

fn write_file(
    reader: &mut BlobReader,
    folder: &Path,
    index: &Index,
    tree: &Tree,
    file: &TreeFile,
) -> Result<(), BackupError> {
    let (pack, extent) = index.find(&file.digest).ok_or_else(|| lost(folder, &file.digest))?;
    if extent.size < LARGE {
        return reader.read(&pack.path, extent, &file.digest, |bytes| Ok(tree.write(Path::new(&file.path), bytes)?));
    }
    let mut copy = Appender::open(&tree.folder().join(&file.path))?;
    reader.read(&pack.path, extent, &file.digest, |piece| Ok(copy.append(piece)?))
}
