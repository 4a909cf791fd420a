//! What commits say of themselves, and what one folder held at many of them.

use std::collections::HashMap;
use std::path::Path;

use charter_deploy_model::CommitHash;

use crate::repository::{hash, oid};
use crate::tree::{BlobId, sort};
use crate::{CommittedFile, Repository, RepositoryError};

/// A longer message is cut, in bytes; trailers stand at its end, so it is cut at its beginning.
const MESSAGE_LIMIT: usize = 64 << 10;
/// A longer summary is cut, in letters.
const SUMMARY_LIMIT: usize = 200;

/// Somebody, as git was told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// What a commit says of itself. What is not UTF-8 in it is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its hash.
    pub hash: CommitHash,
    /// Who made the change.
    pub author: Person,
    /// How many commits it follows: none for a first one, two or more for a merge.
    pub parents: usize,
    /// The first line of the message, cut after 200 letters.
    pub summary: String,
    /// The message; of a very long one its end.
    pub message: String,
    /// The trailers, such as `Reviewed-by` and `Ann <ann@example.org>`, in their order.
    pub trailers: Vec<(String, String)>,
}

impl Repository {
    /// Returns the commits that `tip` follows from and none of `known` does, itself first; `limit` at most.
    ///
    /// # Errors
    /// When a commit is not there, as beyond the end of a shallow clone, or cannot be read.
    pub fn history(
        &self,
        tip: &CommitHash,
        known: &[CommitHash],
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, RepositoryError> {
        let failed = |error| RepositoryError::other("read the history")(error);
        let repository = self.open()?;
        let mut walk = repository.revwalk().map_err(failed)?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::TIME).map_err(failed)?;
        walk.push(oid(tip)).map_err(failed)?;
        for commit in known {
            walk.hide(oid(commit)).map_err(failed)?;
        }
        walk.take(limit).map(|id| Ok(entry(&repository.find_commit(id.map_err(failed)?).map_err(failed)?))).collect()
    }

    /// Returns the files that lie directly in `folder` at each of `commits`, sorted by path; none where there is no such
    /// folder.
    ///
    /// # Errors
    /// When a commit or its folder cannot be read.
    pub fn folder_at(&self, commits: &[CommitHash], folder: &str) -> Result<Vec<Vec<CommittedFile>>, RepositoryError> {
        let failed = |error| RepositoryError::other("read a folder of a commit")(error);
        let repository = self.open()?;
        // Most branches hold the same folder.
        let mut read: HashMap<git2::Oid, Vec<CommittedFile>> = HashMap::new();
        let mut at = |commit: &CommitHash| -> Result<Vec<CommittedFile>, git2::Error> {
            let root = repository.find_commit(oid(commit))?.tree()?;
            let tree = match root.get_path(Path::new(folder)) {
                Ok(entry) if entry.kind() == Some(git2::ObjectType::Tree) => entry.id(),
                Ok(_) => return Ok(Vec::new()),
                Err(error) if error.code() == git2::ErrorCode::NotFound => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            if let Some(files) = read.get(&tree) {
                return Ok(files.clone());
            }
            let mut files: Vec<CommittedFile> = repository
                .find_tree(tree)?
                .iter()
                .filter_map(|entry| {
                    let path = format!("{folder}/{}", String::from_utf8_lossy(entry.name_bytes()));
                    Some(CommittedFile { path, blob: BlobId(entry.id()), sort: sort(entry.filemode())? })
                })
                .collect();
            files.sort();
            read.insert(tree, files.clone());
            Ok(files)
        };
        commits.iter().map(|commit| at(commit).map_err(failed)).collect()
    }
}

fn entry(commit: &git2::Commit<'_>) -> HistoryEntry {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let bytes = commit.message_bytes();
    let message = text(&bytes[bytes.len().saturating_sub(MESSAGE_LIMIT)..]);
    // A message that libgit2 cannot take apart has no trailers.
    let trailers = git2::message_trailers_bytes(message.as_str())
        .map(|trailers| trailers.iter().map(|(key, value)| (text(key), text(value))).collect())
        .unwrap_or_default();
    let author = commit.author();
    HistoryEntry {
        hash: hash(commit.id()),
        author: Person { name: text(author.name_bytes()), email: text(author.email_bytes()) },
        parents: commit.parent_count(),
        summary: text(bytes).lines().next().unwrap_or_default().chars().take(SUMMARY_LIMIT).collect(),
        message,
        trailers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(repository: &git2::Repository, message: &str, parents: &[git2::Oid]) -> git2::Oid {
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let ann = git2::Signature::now("Ann", "ann@example.org").unwrap();
        let parents: Vec<_> = parents.iter().map(|id| repository.find_commit(*id).unwrap()).collect();
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        repository.commit(None, &ann, &ann, message, &tree, &parents).unwrap()
    }

    #[test]
    fn history_ends_where_it_is_known_and_tells_trailers_from_text() {
        let folder = tempfile::tempdir().unwrap();
        let git = git2::Repository::init(folder.path()).unwrap();
        let first = commit(&git, "First", &[]);
        let second = commit(&git, "Second\n\nReviewed-by: nobody, this is text\n\nmore", &[first]);
        let side = commit(&git, "Side\n\nBody.\n\nReviewed-by: Bob <bob@example.org>\nRefs: #7\n", &[first]);
        let merge = commit(&git, "Merge", &[second, side]);
        let repository = Repository::discover(folder.path()).unwrap();
        let history = |known: &[git2::Oid], limit| {
            let known: Vec<CommitHash> = known.iter().map(|id| hash(*id)).collect();
            repository.history(&hash(merge), &known, limit).unwrap()
        };
        let summaries = |entries: &[HistoryEntry]| {
            let mut summaries: Vec<String> = entries.iter().map(|entry| entry.summary.clone()).collect();
            summaries[1..].sort();
            summaries
        };
        assert_eq!(summaries(&history(&[], 10)), ["Merge", "First", "Second", "Side"]);
        assert_eq!(summaries(&history(&[second], 10)), ["Merge", "Side"]);
        assert_eq!(history(&[merge], 10), []);
        assert_eq!(history(&[], 1).len(), 1);
        let side = history(&[second], 10).pop().unwrap();
        let trailer = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(side.trailers, [trailer("Reviewed-by", "Bob <bob@example.org>"), trailer("Refs", "#7")]);
        assert_eq!((side.author.email.as_str(), side.parents), ("ann@example.org", 1));
        assert!(history(&[side.hash.as_str().parse().unwrap()], 10).iter().all(|entry| entry.trailers.is_empty()));
    }

    #[test]
    fn a_folder_is_read_at_each_commit_and_a_file_in_its_place_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let git = git2::Repository::init(folder.path()).unwrap();
        let write = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        };
        write("README");
        let none = commit(&git, "None", &[]);
        write(".github/workflows/b.yml");
        write(".github/workflows/deeper/a.yml");
        let some = commit(&git, "Some", &[none]);
        let repository = Repository::discover(folder.path()).unwrap();
        let commits = [hash(none), hash(some), hash(some)];
        let paths = |folder: &str| -> Vec<Vec<String>> {
            let found = repository.folder_at(&commits, folder).unwrap();
            found.into_iter().map(|files| files.into_iter().map(|file| file.path).collect()).collect()
        };
        let own = [".github/workflows/b.yml".to_owned()];
        assert_eq!(paths(".github/workflows"), [&[][..], &own, &own]);
        assert_eq!(paths("README"), [&[] as &[String]; 3]);
    }
}
