//! Which files commits change, and when a file was changed last.

use charter_deploy_model::CommitHash;
use jiff::Timestamp;

use crate::repository::{hash, oid};
use crate::{Repository, RepositoryError};

/// A file in which two commits differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChangedPath {
    /// Relative to the root; of a file that is gone, where it was. What is not UTF-8 in it is replaced.
    pub path: String,
    /// Where it was before, when it was moved.
    pub moved_from: Option<String>,
    /// Whether it is gone.
    pub is_deleted: bool,
}

/// The last change of some files, in the order in which [`Repository::last_changes`] was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastChange {
    /// The commit that made it.
    pub commit: CommitHash,
    /// When that was committed.
    pub time: Timestamp,
    /// How many commits changed these files before each of the other files asked for was found.
    pub commits_before: Vec<u64>,
}

/// What [`Repository::last_changes`] found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastChanges {
    /// By group; nothing for one of which no change was found.
    pub found: Vec<Option<LastChange>>,
    /// Whether there is more history that was not looked at, beyond a limit or the end of a shallow clone.
    pub is_cut: bool,
}

impl Repository {
    /// Returns the files in which `after` differs from `before`, or from nothing, sorted by path.
    ///
    /// # Errors
    /// When a commit is not there or cannot be read.
    pub fn changed_paths(
        &self,
        before: Option<&CommitHash>,
        after: &CommitHash,
    ) -> Result<Vec<ChangedPath>, RepositoryError> {
        let failed = |error| RepositoryError::other("compare two commits")(error);
        let repository = self.open()?;
        let tree = |commit: &CommitHash| repository.find_commit(oid(commit)).and_then(|commit| commit.tree());
        let before = before.map(tree).transpose().map_err(failed)?;
        let after = tree(after).map_err(failed)?;
        let mut diff = repository.diff_tree_to_tree(before.as_ref(), Some(&after), None).map_err(failed)?;
        diff.find_similar(Some(git2::DiffFindOptions::new().renames(true))).map_err(failed)?;
        let mut paths: Vec<ChangedPath> = diff
            .deltas()
            .map(|delta| {
                let is_deleted = delta.status() == git2::Delta::Deleted;
                let file = if is_deleted { delta.old_file() } else { delta.new_file() };
                let is_moved = delta.status() == git2::Delta::Renamed;
                let moved_from = is_moved.then(|| text(&delta.old_file()));
                ChangedPath { path: text(&file), moved_from, is_deleted }
            })
            .collect();
        paths.sort();
        Ok(paths)
    }

    /// Finds the last commit that changed a file of each group, among `tip` and the `limit` commits before it.
    ///
    /// `groups_of` says to which of `groups` groups a path belongs. Merges change nothing themselves. A file that is
    /// gone was changed by the commit that deleted it.
    ///
    /// # Errors
    /// When a commit cannot be read.
    pub fn last_changes(
        &self,
        tip: &CommitHash,
        limit: usize,
        groups: usize,
        groups_of: impl Fn(&str) -> Vec<usize>,
    ) -> Result<LastChanges, RepositoryError> {
        let failed = |error| RepositoryError::other("read the history")(error);
        let repository = self.open()?;
        let mut walk = repository.revwalk().map_err(failed)?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::TIME).map_err(failed)?;
        walk.push(oid(tip)).map_err(failed)?;
        let mut found: Vec<Option<LastChange>> = vec![None; groups];
        let mut counted = vec![0_u64; groups];
        for (seen, id) in walk.enumerate() {
            if found.iter().all(Option::is_some) {
                return Ok(LastChanges { found, is_cut: false });
            }
            // The oldest commit of a shallow clone has parents that are not there, and did not add all its files.
            let (Ok(id), true) = (id, seen < limit) else { return Ok(LastChanges { found, is_cut: true }) };
            let commit = repository.find_commit(id).map_err(failed)?;
            if commit.parent_count() > 1 {
                continue;
            }
            let parent = match commit.parent(0) {
                Ok(parent) => Some(parent.tree().map_err(failed)?),
                Err(_) if commit.parent_count() == 0 && !repository.is_shallow() => None,
                Err(_) => return Ok(LastChanges { found, is_cut: true }),
            };
            let tree = commit.tree().map_err(failed)?;
            let diff = repository.diff_tree_to_tree(parent.as_ref(), Some(&tree), None).map_err(failed)?;
            let mut touched = vec![false; groups];
            for delta in diff.deltas() {
                for file in [delta.old_file(), delta.new_file()] {
                    groups_of(&text(&file)).into_iter().for_each(|group| touched[group] = true);
                }
            }
            let time = Timestamp::from_second(commit.time().seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
            let before = counted.clone();
            for group in (0..groups).filter(|group| touched[*group]) {
                let last = || LastChange { commit: hash(id), time, commits_before: before.clone() };
                found[group].get_or_insert_with(last);
                counted[group] += 1;
            }
        }
        Ok(LastChanges { found, is_cut: false })
    }
}

fn text(file: &git2::DiffFile<'_>) -> String {
    file.path_bytes().map(|path| String::from_utf8_lossy(path).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn commit(folder: &Path, files: &[(&str, &str)], gone: &[&str], second: i64) -> CommitHash {
        let repository = git2::Repository::init(folder).unwrap();
        for (path, content) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        gone.iter().for_each(|path| std::fs::remove_file(folder.join(path)).unwrap());
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let ann = git2::Signature::new("Ann", "ann@example.org", &git2::Time::new(second, 0)).unwrap();
        let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
        let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
        hash(repository.commit(Some("HEAD"), &ann, &ann, "Sample", &tree, &parents).unwrap())
    }

    #[test]
    fn files_are_changed_moved_and_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let long = "one line\nanother line\na third line\n";
        let first = commit(folder.path(), &[("a", "1"), ("b", long), ("c", "3")], &[], 10);
        let second = commit(folder.path(), &[("a", "2"), ("deploy/b", long)], &["b", "c"], 20);
        let repository = Repository::discover(folder.path()).unwrap();
        let path = |path: &str, moved_from: Option<&str>, is_deleted| ChangedPath {
            path: path.to_owned(),
            moved_from: moved_from.map(str::to_owned),
            is_deleted,
        };
        let changed = repository.changed_paths(Some(&first), &second).unwrap();
        assert_eq!(changed, [path("a", None, false), path("c", None, true), path("deploy/b", Some("b"), false)]);
        assert_eq!(repository.changed_paths(None, &first).unwrap().len(), 3);
        assert_eq!(repository.changed_paths(Some(&first), &first).unwrap(), []);
    }

    #[test]
    fn the_last_change_is_found_with_what_came_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = commit(folder.path(), &[("doc", "1"), ("code/a", "1")], &[], 10);
        commit(folder.path(), &[("code/a", "2")], &[], 20);
        let third = commit(folder.path(), &[("code/b", "1")], &[], 30);
        let tip = commit(folder.path(), &[("other", "1")], &[], 40);
        let repository = Repository::discover(folder.path()).unwrap();
        let groups_of = |path: &str| match path {
            "doc" => vec![0],
            path if path.starts_with("code/") => vec![1],
            "gone" => vec![2],
            _ => vec![],
        };
        let LastChanges { found, is_cut } = repository.last_changes(&tip, 100, 3, groups_of).unwrap();
        let [Some(doc), Some(code), None] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((&doc.commit, doc.time.as_second(), &doc.commits_before), (&first, 10, &vec![0, 2, 0]));
        assert_eq!((&code.commit, code.time.as_second()), (&third, 30));
        assert!(!is_cut);
        assert!(repository.last_changes(&tip, 2, 3, groups_of).unwrap().is_cut);
    }
}
