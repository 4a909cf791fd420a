//! Removing snapshots, and the packs that nobody needs any more.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use charter_deploy_model::{Digest, Stamp};
use charter_host::lock::{self, Holder};
use charter_host::{Clock, Scope, durable};

use crate::create::{locked, stop_if_asked};
use crate::index::Index;
use crate::verify::read_tree;
use crate::{BackupError, snapshot};

/// Whether anything is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PruneMode {
    /// Nothing is: what would be freed is only measured.
    DryRun,
    /// It is.
    Remove,
}

/// What a pruning freed, or would free.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freed {
    /// How many snapshots.
    pub snapshots: u64,
    /// How many packs.
    pub packs: u64,
    /// Their size and that of their indexes, in bytes.
    pub bytes: u64,
}

pub(crate) fn prune(
    folder: &Path,
    clock: &dyn Clock,
    ids: &[Stamp],
    mode: PruneMode,
    scope: &Scope,
) -> Result<Freed, BackupError> {
    let _lock = lock::take(&folder.join("lock"), &Holder::this_process("prune snapshots", folder, clock.now()))
        .map_err(|error| locked(folder, error))?;
    let packs = folder.join("packs");
    let stamps = snapshot::stamps(folder)?;
    let (going, staying): (Vec<Stamp>, Vec<Stamp>) = stamps.into_iter().partition(|id| ids.contains(id));
    if staying.is_empty() && !going.is_empty() {
        let reason = "no snapshot would be left";
        return Err(BackupError::Refused { path: folder.join("snapshots"), reason });
    }
    let index = Index::load(folder)?;
    let needed = needed(folder, &index, &staying, scope)?;
    let unneeded = index.packs_without(&needed);
    let files: Vec<[PathBuf; 2]> =
        unneeded.iter().map(|pack| [pack.path.with_extension("index"), pack.path.clone()]).collect();
    let freed = Freed {
        snapshots: going.len() as u64,
        packs: files.len() as u64,
        bytes: files.iter().flatten().filter_map(|path| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum(),
    };
    if mode == PruneMode::DryRun {
        return Ok(freed);
    }
    durable::sweep(&packs)?;
    durable::sweep(&folder.join("snapshots"))?;
    // Nobody may find a snapshot whose packs are gone.
    for id in &going {
        stop_if_asked(scope)?;
        durable::remove_file(&snapshot::path(folder, *id))?;
    }
    // A pack without its index is scanned and indexed again; an index without its pack would name what is not there.
    for path in files.iter().flatten() {
        stop_if_asked(scope)?;
        durable::remove_file(path)?;
    }
    Ok(freed)
}

/// Returns every blob that the snapshots need. One that cannot tell is an error: its blobs could be anywhere.
fn needed(folder: &Path, index: &Index, ids: &[Stamp], scope: &Scope) -> Result<HashSet<Digest>, BackupError> {
    let mut needed = HashSet::new();
    for (number, id) in ids.iter().enumerate() {
        stop_if_asked(scope)?;
        scope.progress(number as u64, Some(ids.len() as u64), "snapshots looked at");
        for content in snapshot::read(folder, *id)?.contents {
            // The same tree as of another snapshot needs the same blobs.
            if needed.insert(content.digest) {
                let files = read_tree(index, &content.digest)?.ok_or_else(|| BackupError::Damaged {
                    path: snapshot::path(folder, *id),
                    fault: format!("the list of the files of `{}` is in no pack", content.name),
                })?;
                needed.extend(files.into_iter().map(|file| file.digest));
            }
        }
    }
    Ok(needed)
}
