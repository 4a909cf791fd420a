//! Which files commits change, and when a file was changed last.

use std::collections::HashMap;

use charter_deploy_model::CommitHash;
use jiff::Timestamp;

use crate::repository::{hash, oid};
use crate::{Repository, RepositoryError};

/// A commit that adds fewer files brings no project in, in files.
const IMPORT_LEAST: usize = 20;

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
    /// Whether the commit brought the project in, so that the files may be older, and no other commit changed them.
    pub is_import: bool,
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
    /// `groups_of` says to which of `groups` groups a path belongs. A file that is gone was changed by the commit that
    /// deleted it. Merges change nothing themselves; where one leaves a group as one of its parents has it, the group's
    /// history is that parent's, as `git log -- <path>` has it. A commit that brings a project in, one without a parent or
    /// one that adds most of all files, tells of a group only what no other commit does.
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
        let mut imported: Vec<Option<LastChange>> = vec![None; groups];
        let mut counted = vec![0_u64; groups];
        // The groups of which a commit that is still to come tells the history.
        let mut open: HashMap<git2::Oid, Vec<bool>> = HashMap::from([(oid(tip), vec![true; groups])]);
        let mut is_cut = false;
        for (seen, id) in walk.enumerate() {
            if found.iter().all(Option::is_some) || open.is_empty() {
                break;
            }
            // The oldest commit of a shallow clone has parents that are not there, and did not add all its files.
            let (Ok(id), true) = (id, seen < limit) else {
                is_cut = true;
                break;
            };
            let Some(own) = open.remove(&id) else { continue };
            let commit = repository.find_commit(id).map_err(failed)?;
            let tree = commit.tree().map_err(failed)?;
            let parents: Vec<git2::Commit<'_>> = commit.parents().collect();
            if parents.len() < commit.parent_count() || parents.is_empty() && repository.is_shallow() {
                is_cut = true;
                break;
            }
            let mut changes = Vec::new();
            for parent in parents.iter().map(Some).chain(parents.is_empty().then_some(None)) {
                let before = parent.map(git2::Commit::tree).transpose().map_err(failed)?;
                let diff = repository.diff_tree_to_tree(before.as_ref(), Some(&tree), None).map_err(failed)?;
                changes.push(touched(&diff, groups, &groups_of));
            }
            if let [changed] = changes.as_slice() {
                let added = changed.added;
                let is_import =
                    parents.is_empty() || added >= IMPORT_LEAST && 2 * added > files(&tree).map_err(failed)?;
                let time = Timestamp::from_second(commit.time().seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
                let before = counted.clone();
                let last = || LastChange { commit: hash(id), time, commits_before: before.clone(), is_import };
                for group in (0..groups).filter(|group| own[*group] && changed.groups[*group]) {
                    match is_import {
                        true => _ = imported[group].get_or_insert_with(last),
                        false => {
                            found[group].get_or_insert_with(last);
                            counted[group] += 1;
                        }
                    }
                }
            }
            for group in (0..groups).filter(|group| own[*group]) {
                let same = changes.iter().position(|changed| !changed.groups[group]);
                for (number, parent) in parents.iter().enumerate() {
                    if parents.len() == 1 || same.is_none_or(|same| same == number) {
                        open.entry(parent.id()).or_insert_with(|| vec![false; groups])[group] = true;
                    }
                }
            }
        }
        for (found, imported) in found.iter_mut().zip(imported) {
            *found = found.take().or(imported);
        }
        Ok(LastChanges { found, is_cut })
    }
}

/// What a commit changes.
struct Touched {
    groups: Vec<bool>,
    /// How many more files there are: one that is moved is no other.
    added: usize,
}

fn touched(diff: &git2::Diff<'_>, groups: usize, groups_of: impl Fn(&str) -> Vec<usize>) -> Touched {
    let of = |status| diff.deltas().filter(|delta| delta.status() == status).count();
    let added = of(git2::Delta::Added).saturating_sub(of(git2::Delta::Deleted));
    let mut touched = Touched { groups: vec![false; groups], added };
    for delta in diff.deltas() {
        // Without looking for what was moved, both sides have the same path.
        for group in groups_of(&text(&delta.new_file())) {
            touched.groups[group] = true;
        }
    }
    touched
}

fn files(tree: &git2::Tree<'_>) -> Result<usize, git2::Error> {
    let mut files = 0;
    tree.walk(git2::TreeWalkMode::PreOrder, |_, entry| {
        files += usize::from(entry.kind() != Some(git2::ObjectType::Tree));
        git2::TreeWalkResult::Ok
    })?;
    Ok(files)
}

fn text(file: &git2::DiffFile<'_>) -> String {
    file.path_bytes().map(|path| String::from_utf8_lossy(path).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn commit(folder: &Path, files: &[(&str, &str)], gone: &[&str], second: i64) -> CommitHash {
        commit_after(folder, None, files, gone, second)
    }

    /// Commits after `parents`; after what is checked out, without them.
    fn commit_after(
        folder: &Path,
        parents: Option<&[&CommitHash]>,
        files: &[(&str, &str)],
        gone: &[&str],
        second: i64,
    ) -> CommitHash {
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
        let parents: Vec<git2::Commit<'_>> = match parents {
            Some(parents) => parents.iter().map(|id| repository.find_commit(oid(id)).unwrap()).collect(),
            None => repository.head().ok().map(|head| head.peel_to_commit().unwrap()).into_iter().collect(),
        };
        let parents: Vec<&git2::Commit<'_>> = parents.iter().collect();
        let id = repository.commit(None, &ann, &ann, "Sample", &tree, &parents).unwrap();
        repository.set_head_detached(id).unwrap();
        hash(id)
    }

    fn doc_and_code(path: &str) -> Vec<usize> {
        match path {
            "doc" => vec![0],
            path if path.starts_with("code/") => vec![1],
            _ => vec![],
        }
    }

    fn seconds(tip: &CommitHash, folder: &Path) -> [(i64, bool); 2] {
        let repository = Repository::discover(folder).unwrap();
        let LastChanges { found, is_cut } = repository.last_changes(tip, 100, 2, doc_and_code).unwrap();
        assert!(!is_cut);
        let [Some(doc), Some(code)] = found.as_slice() else { panic!("{found:?}") };
        [doc, code].map(|it| (it.time.as_second(), it.is_import))
    }

    #[test]
    fn a_line_that_a_merge_leaves_behind_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let own: &[(&str, &str)] = &[("doc", "1"), ("code/a", "1")];
        commit(folder, &[("other", "1")], &[], 5);
        commit(folder, own, &[], 10);
        let before = commit(folder, &[("code/a", "2")], &[], 20);
        // The same files, copied to another repository, whose first commit has them all.
        let copied = commit_after(folder, Some(&[]), own, &[], 500);
        let copied = commit_after(folder, Some(&[&copied]), &[("else", "1")], &[], 510);
        let tip = commit_after(folder, Some(&[&before, &copied]), &[("code/a", "2")], &[], 600);
        assert_eq!(seconds(&tip, folder), [(10, false), (20, false)]);
    }

    #[test]
    fn a_change_of_a_line_that_is_merged_counts() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let first = commit(folder, &[("doc", "1"), ("code/a", "1")], &[], 10);
        let side = commit_after(folder, Some(&[&first]), &[("code/a", "2")], &[], 300);
        let main = commit_after(folder, Some(&[&first]), &[("code/a", "1"), ("doc", "2")], &[], 200);
        let tip = commit_after(folder, Some(&[&main, &side]), &[("code/a", "2")], &[], 400);
        assert_eq!(seconds(&tip, folder), [(200, false), (300, false)]);
    }

    #[test]
    fn a_commit_that_brings_a_project_in_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        commit(folder, &[("doc", "1")], &[], 10);
        commit(folder, &[("doc", "2")], &[], 20);
        let many: Vec<(String, &str)> = (0..30).map(|number| (format!("code/{number}"), "1")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(path, content)| (path.as_str(), *content)).collect();
        let tip = commit(folder, &many, &[], 500);
        assert_eq!(seconds(&tip, folder), [(20, false), (500, true)]);
        let tip = commit(folder, &[("code/1", "2")], &[], 600);
        assert_eq!(seconds(&tip, folder), [(20, false), (600, false)]);
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
        commit(folder.path(), &[("other", "0")], &[], 5);
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
