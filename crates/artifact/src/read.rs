//! Walking and hashing.

use std::ffi::OsStr;
use std::fs::{self, File, FileType, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use charter_deploy_model::{Digest, Release};
use charter_host::{Scope, durable};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::cache::{self, Cache};
use crate::{Artifact, ArtifactError, ArtifactFile, FileStat, digest, sort};

/// Large enough that most files are read at once, small enough for every thread to have one.
const BUFFER: usize = 128 << 10;

/// How many files pass between two words about progress.
const REPORT_EVERY: u64 = 512;

/// A file that the walk came across.
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) stat: FileStat,
}

/// What a folder holds.
enum Entry {
    File(Found),
    /// Where it is, and the beginning of the paths of what is in it: with a slash at the end, by which it is sorted
    /// among files as those paths are.
    Folder(PathBuf, String),
}

impl Entry {
    fn path(&self) -> &str {
        match self {
            Self::File(found) => &found.path,
            Self::Folder(_, prefix) => prefix,
        }
    }
}

pub(crate) fn read(root: &Path, cache: Option<&Path>, scope: &Scope) -> Result<Artifact, ArtifactError> {
    let root = match fs::canonicalize(root) {
        Ok(root) if root.is_dir() => root,
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(ArtifactError::Unreadable { path: root.to_owned(), source });
        }
        _ => return Err(ArtifactError::Missing { folder: root.to_owned() }),
    };
    let began = cache.and_then(cache::time_beside);
    let (found, known) = rayon::join(|| walk(&root, &root, "", scope), || cache.map(Cache::load).unwrap_or_default());
    let found = found?;
    if found.is_empty() {
        return Err(ArtifactError::Empty { folder: root });
    }
    let total = found.len() as u64;
    let (mut files, unknown) = known.tell(found);
    let report = |done| scope.progress(done, Some(total), "reading the build");
    let is_worth_saving = cache::is_worth_saving(&files, &unknown);
    let done = AtomicU64::new(files.len() as u64);
    report(files.len() as u64);
    let hashed: Vec<ArtifactFile> = unknown
        .into_par_iter()
        .map(|found| {
            if scope.cancel.is_cancelled() {
                return Err(ArtifactError::Cancelled);
            }
            let file = hashed(&root, found)?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(REPORT_EVERY) || done == total {
                report(done);
            }
            Ok(file)
        })
        .collect::<Result<_, _>>()?;
    files.extend(hashed);
    sort(&mut files);
    let save = || {
        let place = cache.zip(began).filter(|_| is_worth_saving);
        place.map(|(cache, began)| cache::save(cache, began, &files))
    };
    let (digest, _) = rayon::join(|| digest(&files), save);
    Ok(Artifact { root, files: files.into(), digest })
}

/// Walks one folder, and those below it in parallel; returns the files sorted by the bytes of their paths.
fn walk(root: &Path, folder: &Path, prefix: &str, scope: &Scope) -> Result<Vec<Found>, ArtifactError> {
    let unreadable = |source| ArtifactError::Unreadable { path: folder.to_owned(), source };
    if scope.cancel.is_cancelled() {
        return Err(ArtifactError::Cancelled);
    }
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let mut path = path_of(prefix, &entry.file_name())?;
        let kind = entry.file_type().map_err(unreadable)?;
        let unreadable = |source| ArtifactError::Unreadable { path: entry.path(), source };
        if kind.is_dir() {
            path.push('/');
            entries.push(Entry::Folder(entry.path(), path));
            continue;
        }
        let metadata = if kind.is_symlink() {
            behind_link(root, &entry.path(), &path)?
        } else if kind.is_file() {
            entry.metadata().map_err(unreadable)?
        } else {
            return Err(ArtifactError::Unsupported { path, what: special(kind) });
        };
        entries.push(Entry::File(Found { path, size: metadata.len(), stat: FileStat::of(&metadata) }));
    }
    // All paths begin alike, so only what comes then is compared.
    entries.sort_unstable_by(|a, b| a.path()[prefix.len()..].cmp(&b.path()[prefix.len()..]));
    let folders: Vec<(&Path, &str)> = entries
        .iter()
        .filter_map(|entry| match entry {
            Entry::Folder(folder, prefix) => Some((folder.as_path(), prefix.as_str())),
            Entry::File(_) => None,
        })
        .collect();
    let below: Vec<Vec<Found>> =
        folders.into_par_iter().map(|(folder, prefix)| walk(root, folder, prefix, scope)).collect::<Result<_, _>>()?;
    let mut below = below.into_iter();
    let mut files = Vec::with_capacity(entries.len());
    for entry in entries {
        match entry {
            Entry::File(found) => files.push(found),
            Entry::Folder(..) => files.extend(below.next().into_iter().flatten()),
        }
    }
    Ok(files)
}

fn path_of(prefix: &str, name: &OsStr) -> Result<String, ArtifactError> {
    let Some(text) = name.to_str() else {
        return Err(ArtifactError::NotUtf8 { path: Path::new(prefix).join(name) });
    };
    let path = [prefix, text].concat();
    let ours = prefix.is_empty() && (text == Release::MARKER || text.starts_with(durable::TEMPORARY));
    if ours || text == ".git" { Err(ArtifactError::ReservedName { path }) } else { Ok(path) }
}

/// Returns what a symbolic link stands for, when that is a file of the same site.
fn behind_link(root: &Path, link: &Path, path: &str) -> Result<Metadata, ArtifactError> {
    let unreadable = |source| ArtifactError::Unreadable { path: link.to_owned(), source };
    let unsupported = |what| ArtifactError::Unsupported { path: path.to_owned(), what };
    let target = fs::canonicalize(link).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => unsupported("a link to nothing"),
        _ => unreadable(error),
    })?;
    if !target.starts_with(root) {
        return Err(ArtifactError::LeavesSite { path: path.to_owned(), target });
    }
    let metadata = fs::metadata(&target).map_err(unreadable)?;
    match metadata.file_type() {
        kind if kind.is_file() => Ok(metadata),
        kind if kind.is_dir() => Err(unsupported("a link to a folder")),
        kind => Err(unsupported(special(kind))),
    }
}

fn special(kind: FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

fn hashed(root: &Path, found: Found) -> Result<ArtifactFile, ArtifactError> {
    let path: PathBuf = root.join(&found.path);
    let content = content(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => ArtifactError::Changed { path: found.path.clone() },
        _ => ArtifactError::Unreadable { path, source },
    })?;
    let Found { path, size, stat } = found;
    if (content.size, content.stat) == (size, stat) {
        Ok(ArtifactFile { path, size, digest: content.digest, stat })
    } else {
        Err(ArtifactError::Changed { path })
    }
}

/// What is in a file, and what the file system said of it once it was read.
struct Content {
    size: u64,
    digest: Digest,
    stat: FileStat,
}

fn content(path: &Path) -> io::Result<Content> {
    thread_local! {
        static SPACE: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; BUFFER]);
    }
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut size = 0;
    SPACE.with_borrow_mut(|space| {
        loop {
            match file.read(space) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    hasher.update(&space[..count]);
                    size += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    })?;
    let stat = FileStat::of(&file.metadata()?);
    Ok(Content { size, digest: Digest::new(hasher.finalize().into()), stat })
}

/// Reads a file and returns its size, in bytes, and the SHA-256 of its content. Blocks.
///
/// # Errors
/// When it cannot be read.
pub fn hash(path: &Path) -> io::Result<(u64, Digest)> {
    content(path).map(|content| (content.size, content.digest))
}
