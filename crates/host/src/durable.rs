//! The one place that writes what must survive a crash or a power cut.
//!
//! Each function returns only when its effect would be found again after a power cut, and leaves the old state or the
//! new one at every instant in between. The recipe for a file is: temporary file in the same folder, `fsync`, publish
//! by link or rename, `fsync` of the folder. A folder full of files ([`Tree`]) is synced once, as a whole, before it
//! is renamed into place. After a failed sync the write counts as failed and the descriptor is not used again: the
//! kernel may have dropped the pages.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::fault::point;

mod shared_sync;

/// The beginning of every temporary name; [`sweep`] removes what a crash left of them.
pub const TEMPORARY: &str = ".charter-tmp-";

/// Says which durable step failed on which path.
#[derive(Debug, thiserror::Error)]
#[error("could not {doing} `{}`", path.display())]
pub struct DurableError {
    /// What was being done, a verb phrase.
    pub doing: &'static str,
    /// To what.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl DurableError {
    /// Says whether it failed because there is something at the path already.
    #[must_use]
    pub fn is_already_there(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty)
    }

    /// Returns what would let it succeed, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self.source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Some("free some space on that disk, then run the command again")
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Some("make the folder writable for you, then run the command again")
            }
            _ => None,
        }
    }
}

/// Runs one step behind its fault point and names it when it fails.
fn step<T>(doing: &'static str, path: &Path, run: impl FnOnce() -> io::Result<T>) -> Result<T, DurableError> {
    point(doing).and_then(|()| run()).map_err(|source| DurableError { doing, path: path.to_owned(), source })
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Tells this process from an earlier one of the same id, as containers have them.
static PROCESS: LazyLock<String> = LazyLock::new(|| {
    let random = RandomState::new().build_hasher().finish();
    format!("{}-{random:016x}", std::process::id())
});

fn temporary_beside(path: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    folder_of(path).join(format!("{TEMPORARY}{}-{number}", *PROCESS))
}

/// Syncs a folder's entries: the names of what was made, linked, renamed or removed in it.
///
/// # Errors
/// When it cannot be synced.
pub fn sync_folder(folder: &Path) -> Result<(), DurableError> {
    step("sync the folder", folder, || shared_sync::sync(folder))
}

/// Writes a synced temporary file beside `path` and returns its name.
fn write_temporary(path: &Path, bytes: &[u8]) -> Result<PathBuf, DurableError> {
    let temporary = temporary_beside(path);
    let written = (|| {
        let mut file = step("create a file in the folder of", path, || {
            OpenOptions::new().write(true).create_new(true).open(&temporary)
        })?;
        // In two halves, so that a test can stop between them.
        let (first, second) = bytes.split_at(bytes.len() / 2);
        step("write", path, || file.write_all(first))?;
        step("write the rest of", path, || file.write_all(second))?;
        step("sync", path, || file.sync_all())
    })();
    match written {
        Ok(()) => Ok(temporary),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(error)
        }
    }
}

/// Writes a file that was not there before; `path` holds all of `bytes` or nothing.
///
/// # Errors
/// [`DurableError::is_already_there`] when there is something at `path`; it is left as it is.
pub fn publish(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    let temporary = write_temporary(path, bytes)?;
    let published = step("publish", path, || fs::hard_link(&temporary, path));
    let removed = step("remove the temporary name of", path, || fs::remove_file(&temporary));
    published?;
    removed?;
    sync_folder(folder_of(path))
}

/// Writes a file, in the place of the one that was there, if any.
///
/// # Errors
/// When a step fails; `path` then holds the old content or the new.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    let temporary = write_temporary(path, bytes)?;
    if let Err(error) = step("replace", path, || fs::rename(&temporary, path)) {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(folder_of(path))
}

/// Writes a file that needs no sync: one that is derived from others and checked when read.
///
/// It is still replaced as a whole, so a reader never sees half of it unless the power was cut.
///
/// # Errors
/// When a step fails; `path` then holds the old content.
pub fn replace_derived(path: &Path, bytes: &[u8]) -> Result<(), DurableError> {
    let temporary = temporary_beside(path);
    let replaced = step("write", path, || fs::write(&temporary, bytes))
        .and_then(|()| step("replace", path, || fs::rename(&temporary, path)));
    if replaced.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    replaced
}

/// A file that only ever grows, such as a log or a journal.
#[derive(Debug)]
pub struct Appender {
    file: File,
    path: PathBuf,
}

impl Appender {
    /// Opens a file for appending, making it when it is not there.
    ///
    /// # Errors
    /// When it cannot be opened or made.
    pub fn open(path: &Path) -> Result<Self, DurableError> {
        let is_new = !path.exists();
        let file = step("open", path, || OpenOptions::new().append(true).create(true).open(path))?;
        if is_new {
            sync_folder(folder_of(path))?;
        }
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends all of `bytes` and syncs them.
    ///
    /// A crash can leave the beginning of `bytes` at the end of the file: the format must show where a whole entry
    /// ends (here: a newline). [`Appender::cut`] removes such a torn end.
    ///
    /// # Errors
    /// When a step fails. What was written of `bytes` is cut off again where that is possible.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DurableError> {
        let before = self.length()?;
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let appended = step("append to", &self.path, || self.file.write_all(first))
            .and_then(|()| step("append the rest to", &self.path, || self.file.write_all(second)))
            .and_then(|()| step("sync", &self.path, || self.file.sync_data()));
        if appended.is_err() {
            let _ = self.file.set_len(before);
        }
        appended
    }

    /// Cuts the file to `length` bytes, to remove a torn end.
    ///
    /// # Errors
    /// When a step fails.
    pub fn cut(&mut self, length: u64) -> Result<(), DurableError> {
        step("cut", &self.path, || self.file.set_len(length))?;
        step("sync", &self.path, || self.file.sync_all())
    }

    /// Returns the file's length, in bytes.
    ///
    /// # Errors
    /// When the file cannot be asked.
    pub fn length(&self) -> Result<u64, DurableError> {
        match self.file.metadata() {
            Ok(metadata) => Ok(metadata.len()),
            Err(source) => Err(DurableError { doing: "measure", path: self.path.clone(), source }),
        }
    }
}

/// Makes a folder and those above it, each synced into its parent.
///
/// # Errors
/// When one cannot be made.
pub fn make_folder(path: &Path) -> Result<(), DurableError> {
    if path.is_dir() {
        return Ok(());
    }
    make_folder(folder_of(path))?;
    match step("make the folder", path, || fs::create_dir(path)) {
        Err(error) if !(error.is_already_there() && path.is_dir()) => Err(error),
        _ => sync_folder(folder_of(path)),
    }
}

/// Removes a file; that it is gone already is fine.
///
/// # Errors
/// When it cannot be removed.
pub fn remove_file(path: &Path) -> Result<(), DurableError> {
    match step("remove", path, || fs::remove_file(path)) {
        Err(error) if error.source.kind() != io::ErrorKind::NotFound => Err(error),
        _ => sync_folder(folder_of(path)),
    }
}

/// Makes the symbolic link `link` point at `target`, in one step for everyone who looks.
///
/// # Errors
/// When a step fails; `link` then points where it did or at `target`.
pub fn point_link(link: &Path, target: &Path) -> Result<(), DurableError> {
    let temporary = temporary_beside(link);
    step("make a link beside", link, || std::os::unix::fs::symlink(target, &temporary))?;
    if let Err(error) = step("switch", link, || fs::rename(&temporary, link)) {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(folder_of(link))
}

/// Syncs a file or folder that another library wrote.
///
/// # Errors
/// When it cannot be synced.
pub fn sync_file(path: &Path) -> Result<(), DurableError> {
    step("sync", path, || File::open(path)?.sync_all())
}

/// Gives a file a second name on the same file system; nothing may be there yet. [`sync_folder`] makes it last.
///
/// # Errors
/// [`DurableError::is_already_there`] when there is something at `to`.
pub fn link(from: &Path, to: &Path) -> Result<(), DurableError> {
    step("link", to, || fs::hard_link(from, to))
}

/// Gives a file or folder another name on the same file system; nothing may be there yet.
///
/// # Errors
/// When a step fails.
pub fn rename(from: &Path, to: &Path) -> Result<(), DurableError> {
    step("rename to", to, || {
        rustix::fs::renameat_with(rustix::fs::CWD, from, rustix::fs::CWD, to, rustix::fs::RenameFlags::NOREPLACE)
            .map_err(io::Error::from)
    })?;
    sync_folder(folder_of(to))?;
    if folder_of(from) == folder_of(to) { Ok(()) } else { sync_folder(folder_of(from)) }
}

/// Removes a folder with all that is in it: first its name, at once, then the content.
///
/// # Errors
/// When a step fails; what is left has a temporary name, which [`sweep`] finds.
pub fn remove_tree(path: &Path) -> Result<(), DurableError> {
    if !path.exists() {
        return Ok(());
    }
    let temporary = temporary_beside(path);
    rename(path, &temporary)?;
    step("remove", path, || fs::remove_dir_all(&temporary))
}

/// Removes what dead processes left under temporary names directly in `folder`.
///
/// What belongs to a living process stays: it may be writing there at this moment.
///
/// # Errors
/// When the folder cannot be read or something cannot be removed.
pub fn sweep(folder: &Path) -> Result<(), DurableError> {
    sweep_to(folder, 0)
}

/// Does what [`sweep`] does, in `folder` and in all folders below it.
///
/// # Errors
/// When a folder cannot be read or something cannot be removed.
pub fn sweep_below(folder: &Path) -> Result<(), DurableError> {
    sweep_to(folder, usize::MAX)
}

fn sweep_to(folder: &Path, depth: usize) -> Result<(), DurableError> {
    let failed = |source| DurableError { doing: "clean up", path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        let path = entry.path();
        if is_left_behind(&entry.file_name().to_string_lossy()) {
            step("remove the leftover", &path, || {
                if is_folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            })?;
        } else if is_folder && depth > 0 {
            sweep_to(&path, depth - 1)?;
        }
    }
    Ok(())
}

fn is_left_behind(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(TEMPORARY) else { return false };
    let process = rest.split('-').next().unwrap_or_default();
    let is_ours = rest.starts_with(&format!("{}-", *PROCESS));
    let is_alive = process != std::process::id().to_string() && Path::new("/proc").join(process).exists();
    !is_ours && !is_alive
}

/// A folder under construction: filled under a temporary name, synced as a whole, shown under its own name at once.
///
/// Dropping it without [`Tree::publish`] removes what was built.
#[derive(Debug)]
pub struct Tree {
    temporary: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Tree {
    /// Begins a folder that will be called `path`.
    ///
    /// # Errors
    /// When the temporary folder cannot be made.
    pub fn begin(path: &Path) -> Result<Self, DurableError> {
        let temporary = temporary_beside(path);
        step("make a folder beside", path, || fs::create_dir(&temporary))?;
        Ok(Self { temporary, path: path.to_owned(), published: false })
    }

    /// Returns the folder as it is called while it is being filled.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.temporary
    }

    /// Makes a folder inside; its parent must be there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make_folder(&self, relative: &Path) -> Result<(), DurableError> {
        let path = self.temporary.join(relative);
        step("make the folder", &path, || fs::create_dir(&path))
    }

    /// Writes a small file inside.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, relative: &Path, bytes: &[u8]) -> Result<(), DurableError> {
        let path = self.temporary.join(relative);
        step("write", &path, || fs::write(&path, bytes))
    }

    /// Copies a file in, with its times, so that the copy's stats tell whether anybody touched it later.
    ///
    /// Returns the copy, still open for reading its stats.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(&self, from: &Path, relative: &Path) -> Result<(), DurableError> {
        let path = self.temporary.join(relative);
        step("copy to", &path, || {
            let mut source = File::open(from)?;
            let mut copy = OpenOptions::new().write(true).create_new(true).open(&path)?;
            io::copy(&mut source, &mut copy)?;
            Ok(())
        })
    }

    /// Shares a file of the same file system by a hard link.
    ///
    /// # Errors
    /// When it cannot be linked.
    pub fn link(&self, from: &Path, relative: &Path) -> Result<(), DurableError> {
        let path = self.temporary.join(relative);
        step("link", &path, || fs::hard_link(from, &path))
    }

    /// Syncs everything inside and gives the folder its name.
    ///
    /// # Errors
    /// When a step fails, or there is something under that name already.
    pub fn publish(mut self) -> Result<(), DurableError> {
        step("sync the disk of", &self.temporary, || {
            rustix::fs::syncfs(File::open(&self.temporary)?).map_err(io::Error::from)
        })?;
        rename(&self.temporary, &self.path)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.published {
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_writers_of_one_folder_all_find_their_files_synced() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let folder = folder.path();
                scope.spawn(move || {
                    for number in 0..50 {
                        publish(&folder.join(format!("{writer}-{number}")), b"x").unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 400);
    }

    #[test]
    fn publishing_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        publish(&path, b"first").unwrap();
        assert!(publish(&path, b"second").unwrap_err().is_already_there());
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    }

    #[test]
    fn a_tree_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("release");
        let tree = Tree::begin(&path).unwrap();
        tree.make_folder(Path::new("sub")).unwrap();
        tree.write(Path::new("sub/a"), b"a").unwrap();
        assert!(!path.exists());
        tree.publish().unwrap();
        assert_eq!(fs::read(path.join("sub/a")).unwrap(), b"a");

        drop(Tree::begin(&path).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a dropped tree leaves nothing");
        assert!(Tree::begin(&path).unwrap().publish().unwrap_err().is_already_there());
    }

    #[test]
    fn sweeping_removes_leftovers_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("kept"), b"").unwrap();
        // More than the kernel's largest process id.
        fs::write(folder.path().join(format!("{TEMPORARY}99999999-1")), b"").unwrap();
        fs::create_dir(folder.path().join(format!("{TEMPORARY}99999999-2"))).unwrap();
        // Of an earlier process with this one's id.
        fs::write(folder.path().join(format!("{TEMPORARY}{}-0-1", std::process::id())), b"").unwrap();
        // What living processes are writing: another, and this one.
        fs::write(folder.path().join(format!("{TEMPORARY}1-0-1")), b"").unwrap();
        fs::write(temporary_beside(&folder.path().join("kept")), b"").unwrap();
        sweep(folder.path()).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "what a living process writes stays");
    }

    #[test]
    fn a_link_moves_in_one_step() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("current");
        point_link(&link, Path::new("releases/a")).unwrap();
        point_link(&link, Path::new("releases/b")).unwrap();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("releases/b"));
    }
}
