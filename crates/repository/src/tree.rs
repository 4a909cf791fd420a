//! The files of a commit.

use std::fmt;

use charter_deploy_model::CommitHash;

use crate::repository::oid;
use crate::{Repository, RepositoryError};

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommittedFile {
    /// Relative to the root, with `/`. What is not UTF-8 in it is replaced.
    pub path: String,
    /// What git keeps its content under.
    pub blob: BlobId,
    /// What sort of file it is.
    pub sort: FileSort,
}

/// What sort of file a commit has at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileSort {
    /// A file.
    Regular,
    /// A file that may be run.
    Executable,
    /// A symbolic link; its content is where it points.
    Link,
}

/// The name that git gives a content: equal contents have equal names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(pub(crate) git2::Oid);

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BlobId({})", self.0)
    }
}

impl Repository {
    /// Returns every file of a commit, sorted by path. What is in submodules is not the commit's.
    ///
    /// # Errors
    /// When there is no such commit, or a tree cannot be read.
    pub fn files(&self, commit: &CommitHash) -> Result<Vec<CommittedFile>, RepositoryError> {
        let repository = self.open()?;
        let tree = repository
            .find_commit(oid(commit))
            .and_then(|commit| commit.tree())
            .map_err(RepositoryError::other("read the commit"))?;
        let mut files = Vec::new();
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if let Some(sort) = sort(entry.filemode()) {
                let mut path = folder.as_bytes().to_vec();
                path.extend_from_slice(entry.name_bytes());
                let path = String::from_utf8_lossy(&path).into_owned();
                files.push(CommittedFile { path, blob: BlobId(entry.id()), sort });
            }
            git2::TreeWalkResult::Ok
        })
        .map_err(RepositoryError::other("list the files of the commit"))?;
        files.sort();
        Ok(files)
    }

    /// Opens the contents of files for reading many of them; each thread wants its own.
    ///
    /// # Errors
    /// When the repository cannot be opened.
    pub fn blobs(&self) -> Result<Blobs, RepositoryError> {
        Ok(Blobs(self.open()?))
    }
}

pub(crate) fn sort(mode: i32) -> Option<FileSort> {
    match u32::try_from(mode).ok()? & 0o170_000 {
        0o120_000 => Some(FileSort::Link),
        0o100_000 if mode & 0o111 != 0 => Some(FileSort::Executable),
        0o100_000 => Some(FileSort::Regular),
        _ => None,
    }
}

/// The contents of files, opened for reading many.
pub struct Blobs(git2::Repository);

impl Blobs {
    /// Returns the size of a content, in bytes, without reading it.
    ///
    /// # Errors
    /// When it is not there, as in a partial clone, or is damaged.
    pub fn size(&self, blob: BlobId) -> Result<u64, RepositoryError> {
        let header = self.0.odb().and_then(|odb| odb.read_header(blob.0));
        header.map(|(size, _)| size as u64).map_err(RepositoryError::other("read a file of the commit"))
    }

    /// Reads a content into memory and hands it to `look`. The caller bounds it by [`size`](Self::size).
    ///
    /// # Errors
    /// When it is not there, as in a partial clone, or is damaged.
    pub fn read<T>(&self, blob: BlobId, look: impl FnOnce(&[u8]) -> T) -> Result<T, RepositoryError> {
        let content = self.0.find_blob(blob.0).map_err(RepositoryError::other("read a file of the commit"))?;
        Ok(look(content.content()))
    }
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blobs").field(&self.0.path()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn commit(folder: &Path) -> (Repository, CommitHash) {
        let repository = git2::Repository::init(folder).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let ann = git2::Signature::now("Ann", "ann@example.org").unwrap();
        repository.commit(Some("HEAD"), &ann, &ann, "Sample", &tree, &[]).unwrap();
        let repository = Repository::discover(folder).unwrap();
        let hash = repository.head().unwrap().hash;
        (repository, hash)
    }

    #[test]
    fn the_files_of_a_commit_are_those_of_the_commit_and_not_of_the_work_tree() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("b/a.txt"), "committed").unwrap();
        std::fs::write(folder.path().join("b.txt"), "committed").unwrap();
        std::os::unix::fs::symlink("b.txt", folder.path().join("link")).unwrap();
        let (repository, hash) = commit(folder.path());
        std::fs::write(folder.path().join("b.txt"), "changed since").unwrap();
        std::fs::write(folder.path().join("new.txt"), "new").unwrap();

        let files = repository.files(&hash).unwrap();
        let listed: Vec<(&str, FileSort)> = files.iter().map(|file| (file.path.as_str(), file.sort)).collect();
        assert_eq!(listed, [("b.txt", FileSort::Regular), ("b/a.txt", FileSort::Regular), ("link", FileSort::Link)]);
        assert_eq!(files[0].blob, files[1].blob, "equal contents have equal names");
        let blobs = repository.blobs().unwrap();
        assert_eq!(blobs.size(files[0].blob).unwrap(), 9);
        assert_eq!(blobs.read(files[0].blob, <[u8]>::to_vec).unwrap(), b"committed");
        assert_eq!(blobs.read(files[2].blob, <[u8]>::to_vec).unwrap(), b"b.txt");
    }
}
