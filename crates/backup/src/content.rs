//! What goes into a snapshot: a named set of files under one root.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use charter_deploy_model::Digest;
use charter_host::durable::TEMPORARY;

use crate::BackupError;

/// One tree that a snapshot is to hold, such as the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What it is, such as `ledger`, `configuration` or `live`; also the folder it is restored into.
    pub name: String,
    /// The folder that the files' paths start from.
    pub root: PathBuf,
    /// The files, in any order.
    pub files: Vec<ContentFile>,
}

/// One file of a [`Content`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentFile {
    /// The path below the root, with `/` between its parts.
    pub path: String,
    /// The size, in bytes.
    pub size: u64,
    /// The SHA-256 of the content where a manifest tells it; such a file is read only when no snapshot has it yet.
    pub digest: Option<Digest>,
}

impl Content {
    /// Lists every file in `root`; a folder that is not there has none.
    ///
    /// Temporary names of unfinished writes are left out, and so is what vanishes while it is being listed. Links and
    /// special files are refused rather than followed or forgotten. Empty folders are not kept.
    ///
    /// # Errors
    /// [`BackupError::Refused`] for a link, a special file or a name that is not UTF-8; [`BackupError::Read`] when a
    /// folder cannot be listed.
    pub fn folder(name: &str, root: &Path) -> Result<Self, BackupError> {
        let mut files = Vec::new();
        walk(root, "", &mut files)?;
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { name: name.to_owned(), root: root.to_owned(), files })
    }

    /// Names a single file; one that is not there makes an empty content.
    ///
    /// # Errors
    /// As for [`Content::folder`].
    pub fn file(name: &str, path: &Path) -> Result<Self, BackupError> {
        let root = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        let file_name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| refused(path, NOT_UTF_8))?;
        let files = match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() => {
                vec![ContentFile { path: file_name.to_owned(), size: metadata.len(), digest: None }]
            }
            Ok(_) => return Err(refused(path, SPECIAL)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(BackupError::Read { path: path.to_owned(), source }),
        };
        Ok(Self { name: name.to_owned(), root, files })
    }
}

const NOT_UTF_8: &str = "its name is not UTF-8";
const LINK: &str = "it is a symbolic link, and a snapshot holds plain files only";
const SPECIAL: &str = "it is not a plain file";

fn refused(path: &Path, reason: &'static str) -> BackupError {
    BackupError::Refused { path: path.to_owned(), reason }
}

fn walk(root: &Path, below: &str, files: &mut Vec<ContentFile>) -> Result<(), BackupError> {
    let folder = root.join(below);
    let Some(entries) = unless_gone(fs::read_dir(&folder), &folder)? else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(BackupError::read(&folder))?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| refused(&entry.path(), NOT_UTF_8))?;
        if name.starts_with(TEMPORARY) {
            continue;
        }
        let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        // Neither call follows links.
        let Some(kind) = unless_gone(entry.file_type(), &entry.path())? else { continue };
        if kind.is_dir() {
            walk(root, &path, files)?;
        } else if kind.is_file() {
            let Some(metadata) = unless_gone(entry.metadata(), &entry.path())? else { continue };
            files.push(ContentFile { path, size: metadata.len(), digest: None });
        } else {
            return Err(refused(&entry.path(), if kind.is_symlink() { LINK } else { SPECIAL }));
        }
    }
    Ok(())
}

/// Turns "not found" into nothing: a ledger is written while it is read, and what is gone needs no backup.
pub(crate) fn unless_gone<T>(result: io::Result<T>, path: &Path) -> Result<Option<T>, BackupError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(BackupError::Read { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lists_its_files_and_leaves_out_unfinished_writes() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("b/c")).unwrap();
        fs::write(folder.path().join("b/c/d"), "dd").unwrap();
        fs::write(folder.path().join("a"), "a").unwrap();
        fs::write(folder.path().join(format!("b/{TEMPORARY}1-1")), "half").unwrap();
        let content = Content::folder("ledger", folder.path()).unwrap();
        let found: Vec<_> = content.files.iter().map(|file| (file.path.as_str(), file.size)).collect();
        assert_eq!(found, [("a", 1), ("b/c/d", 2)]);
    }

    #[test]
    fn what_is_not_there_has_no_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Content::folder("ledger", &folder.path().join("absent")).unwrap().files.is_empty());
        assert!(Content::file("configuration", &folder.path().join("absent.toml")).unwrap().files.is_empty());
    }

    #[test]
    fn links_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        let error = Content::folder("ledger", folder.path()).unwrap_err();
        assert!(error.to_string().contains("link` was refused"), "{error}");
    }
}
