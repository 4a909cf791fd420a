//! Taking a snapshot: hash what is unknown, store what is new, then name it.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use charter_deploy_model::{Digest, Snapshot, SnapshotContent, Stamp};
use charter_host::lock::{self, Holder, LockError};
use charter_host::{Clock, Scope, durable};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use zstd::bulk::Compressor;

use crate::blob::{LARGE, PIECE, digest_of};
use crate::content::unless_gone;
use crate::index::Index;
use crate::pack::{LEVEL, PackWriter};
use crate::{BackupError, Content, Taken, snapshot, tree};

/// So many bytes of files are read and compressed before they are appended to a pack.
const BATCH: u64 = 16 << 20;

/// A file that nobody promised to leave alone, such as a log, is hashed so often before it counts as restless.
const ROUNDS: usize = 3;

/// One file on its way into a snapshot.
struct Item {
    content: usize,
    path: String,
    absolute: PathBuf,
    size: u64,
    /// What is known of it by now; a changed one is forgotten and hashed again.
    digest: Option<Digest>,
    /// Whether a manifest says so: then it must not be anything else.
    promised: bool,
}

pub(crate) fn create(
    folder: &Path,
    clock: &dyn Clock,
    reason: &str,
    contents: Vec<Content>,
    scope: &Scope,
) -> Result<Taken, BackupError> {
    let names = checked_names(&contents)?;
    let mut items = checked_items(contents)?;
    let taken_at = clock.now();
    let _lock = lock::take(&folder.join("lock"), &Holder::this_process(reason, folder, taken_at))
        .map_err(|error| locked(folder, error))?;

    let packs = folder.join("packs");
    durable::sweep(&packs)?;
    durable::sweep(&folder.join("snapshots"))?;
    let index = Index::load(folder)?;
    index.publish_lost()?;

    let mut writer = PackWriter::new(&packs);
    store_files(&mut items, &index, &mut writer, scope)?;
    let contents = store_trees(&names, &items, &index, &mut writer)?;
    let added_bytes = writer.finish()?;

    if let Some(snapshot) = identical(folder, &contents)? {
        return Ok(Taken { snapshot, reused: true });
    }
    stop_if_asked(scope)?;
    let snapshot = Snapshot { id: Stamp::of(taken_at), taken_at, reason: reason.to_owned(), contents, added_bytes };
    Ok(Taken { snapshot: snapshot::publish(folder, snapshot)?, reused: false })
}

fn checked_names(contents: &[Content]) -> Result<Vec<String>, BackupError> {
    let mut seen = HashSet::new();
    for content in contents {
        tree::check_name(&content.name)?;
        if !seen.insert(&content.name) {
            let reason = "two contents have that name";
            return Err(BackupError::Refused { path: PathBuf::from(&content.name), reason });
        }
    }
    Ok(contents.iter().map(|content| content.name.clone()).collect())
}

/// Returns all files, sorted as trees are, each once.
fn checked_items(contents: Vec<Content>) -> Result<Vec<Item>, BackupError> {
    let mut items = Vec::new();
    for (number, Content { root, mut files, .. }) in contents.into_iter().enumerate() {
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        if let Some(pair) = files.windows(2).find(|pair| pair[0].path == pair[1].path) {
            return Err(BackupError::Refused { path: root.join(&pair[0].path), reason: "it is named twice" });
        }
        for file in files {
            tree::check_path(&file.path)?;
            let (absolute, promised) = (root.join(&file.path), file.digest.is_some());
            let (size, digest) = (file.size, file.digest);
            items.push(Item { content: number, path: file.path, absolute, size, digest, promised });
        }
    }
    Ok(items)
}

pub(crate) fn locked(folder: &Path, error: LockError) -> BackupError {
    match error {
        LockError::Held { holder, .. } => BackupError::Locked { path: folder.to_owned(), holder },
        LockError::Unusable { path, source } => BackupError::Read { path, source },
        other => BackupError::Read { path: folder.join("lock"), source: std::io::Error::other(other) },
    }
}

pub(crate) fn stop_if_asked(scope: &Scope) -> Result<(), BackupError> {
    if scope.cancel.is_cancelled() { Err(BackupError::Cancelled) } else { Ok(()) }
}

/// Stores the files that no pack holds. Afterwards every item has the digest of what is stored for it.
fn store_files(
    items: &mut Vec<Item>,
    index: &Index,
    writer: &mut PackWriter<'_>,
    scope: &Scope,
) -> Result<(), BackupError> {
    for _ in 0..ROUNDS {
        hash_unknown(items, scope)?;
        let mut seen = HashSet::new();
        let mut missing: Vec<&mut Item> = items
            .iter_mut()
            .filter(|item| {
                item.digest.is_some_and(|digest| !index.holds(&digest) && !writer.has(&digest) && seen.insert(digest))
            })
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        store_missing(&mut missing, writer, scope)?;
    }
    hash_unknown(items, scope)?;
    match items.iter().find(|item| item.digest.is_some_and(|digest| !index.holds(&digest) && !writer.has(&digest))) {
        Some(item) => Err(BackupError::Changed { path: item.absolute.clone() }),
        None => Ok(()),
    }
}

/// Hashes the items whose digest is not known; forgets those that are gone.
fn hash_unknown(items: &mut Vec<Item>, scope: &Scope) -> Result<(), BackupError> {
    items.par_iter_mut().filter(|item| item.digest.is_none()).try_for_each_init(
        || vec![0; PIECE],
        |piece, item| {
            stop_if_asked(scope)?;
            if let Some((digest, size)) = hash_file(&item.absolute, piece)? {
                (item.digest, item.size) = (Some(digest), size);
            }
            Ok::<_, BackupError>(())
        },
    )?;
    items.retain(|item| item.digest.is_some());
    Ok(())
}

fn hash_file(path: &Path, piece: &mut [u8]) -> Result<Option<(Digest, u64)>, BackupError> {
    let Some(mut file) = unless_gone(File::open(path), path)? else { return Ok(None) };
    let (mut hasher, mut size) = (Sha256::new(), 0_u64);
    loop {
        let length = file.read(piece).map_err(BackupError::read(path))?;
        if length == 0 {
            return Ok(Some((Digest::new(hasher.finalize().into()), size)));
        }
        hasher.update(&piece[..length]);
        size += length as u64;
    }
}

/// Compresses files batch by batch on all cores, and appends each batch in order.
fn store_missing(missing: &mut [&mut Item], writer: &mut PackWriter<'_>, scope: &Scope) -> Result<(), BackupError> {
    let total = missing.iter().map(|item| item.size).sum();
    let mut done = 0;
    let mut rest = missing;
    while !rest.is_empty() {
        stop_if_asked(scope)?;
        scope.progress(done, Some(total), "storing files, in bytes");
        let (batch, behind) = rest.split_at_mut(batch_length(rest));
        done += batch.iter().map(|item| item.size).sum::<u64>();
        if let [large] = batch
            && large.size >= LARGE
        {
            let file = unless_gone(File::open(&large.absolute), &large.absolute)?;
            let found = file.map(|file| writer.add_stream(&large.absolute, file)).transpose()?;
            settle(large, found)?;
        } else {
            let frames = batch
                .par_iter()
                .map_init(SmallFiles::new, |files, item| files.compress(&item.absolute))
                .collect::<Result<Vec<_>, _>>()?;
            for (item, frame) in batch.iter_mut().zip(frames) {
                if let Some(Frame { digest, size, bytes }) = &frame {
                    writer.add(*digest, *size, bytes)?;
                }
                settle(item, frame.map(|frame| (frame.digest, frame.size)))?;
            }
        }
        rest = behind;
    }
    scope.progress(total, Some(total), "storing files, in bytes");
    Ok(())
}

/// Returns how many items make the next batch: a large one alone, or small ones up to the batch's size.
fn batch_length(items: &[&mut Item]) -> usize {
    let mut bytes = 0;
    let fits = |item: &&&mut Item| {
        bytes += item.size;
        item.size < LARGE && bytes <= BATCH
    };
    items.iter().take_while(fits).count().max(1)
}

/// Compares what was stored with what was expected.
fn settle(item: &mut Item, found: Option<(Digest, u64)>) -> Result<(), BackupError> {
    let expected = item.digest.map(|digest| (digest, item.size));
    match found {
        found if found == expected => Ok(()),
        None if item.promised => {
            let gone = std::io::Error::from(std::io::ErrorKind::NotFound);
            Err(BackupError::Read { path: item.absolute.clone(), source: gone })
        }
        Some(_) if item.promised => Err(BackupError::Changed { path: item.absolute.clone() }),
        // It changed since it was hashed, or is gone: the next round looks again.
        _ => {
            item.digest = None;
            Ok(())
        }
    }
}

/// A compressed file.
struct Frame {
    digest: Digest,
    size: u64,
    bytes: Vec<u8>,
}

/// Compresses one small file after the other with the same memory.
struct SmallFiles {
    compressor: Compressor<'static>,
    raw: Vec<u8>,
}

impl SmallFiles {
    fn new() -> Self {
        Self { compressor: Compressor::new(LEVEL).expect("the level is one that zstd has"), raw: Vec::new() }
    }

    fn compress(&mut self, path: &Path) -> Result<Option<Frame>, BackupError> {
        let Some(mut file) = unless_gone(File::open(path), path)? else { return Ok(None) };
        self.raw.clear();
        file.read_to_end(&mut self.raw).map_err(BackupError::read(path))?;
        let bytes = self.compressor.compress(&self.raw).map_err(BackupError::read(path))?;
        Ok(Some(Frame { digest: digest_of(&self.raw), size: self.raw.len() as u64, bytes }))
    }
}

/// Stores each content's tree as a blob of its own, and describes the contents.
fn store_trees(
    names: &[String],
    items: &[Item],
    index: &Index,
    writer: &mut PackWriter<'_>,
) -> Result<Vec<SnapshotContent>, BackupError> {
    let mut contents = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let mut text = Vec::new();
        let (mut files, mut bytes) = (0, 0);
        for item in items.iter().filter(|item| item.content == number) {
            let Some(digest) = &item.digest else { continue };
            tree::write_entry(&mut text, &item.path, item.size, digest);
            files += 1;
            bytes += item.size;
        }
        let digest = digest_of(&text);
        if !index.holds(&digest) && !writer.has(&digest) {
            writer.add_stream(Path::new(name), text.as_slice())?;
        }
        contents.push(SnapshotContent { name: name.clone(), files, bytes, digest });
    }
    Ok(contents)
}

/// Finds the newest snapshot that holds exactly these contents. One whose file is damaged is passed over.
fn identical(folder: &Path, contents: &[SnapshotContent]) -> Result<Option<Snapshot>, BackupError> {
    let same = |snapshot: &Snapshot| {
        snapshot.contents.len() == contents.len() && contents.iter().all(|content| snapshot.contents.contains(content))
    };
    let stamps = snapshot::stamps(folder)?;
    Ok(stamps.into_iter().rev().filter_map(|id| snapshot::read(folder, id).ok()).find(same))
}
