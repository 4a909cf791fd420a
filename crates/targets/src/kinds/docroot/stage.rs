//! Staging: a folder is filled unseen, shared with earlier releases where nothing changed, and made whole last.

use std::collections::{BTreeSet, HashSet};
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use charter_artifact::{Artifact, ArtifactFile, FileStat};
use charter_deploy_model::{Release, ReleaseId};
use charter_host::Scope;
use charter_host::durable::{self, Tree};
use rayon::prelude::*;

use super::manifest::{self, Header, Manifest};
use super::{Docroot, failed};
use crate::target::marker_content;
use crate::{Staged, TargetError};

/// How many of the newest releases are searched for files to share.
const DONORS: usize = 3;

/// How many files pass between two words about progress.
const REPORT_EVERY: u64 = 512;

pub(super) fn stage(
    docroot: &Docroot,
    release: &Release,
    artifact: &Artifact,
    scope: &Scope,
) -> Result<Staged, TargetError> {
    let mismatched = || TargetError::Mismatched { id: release.id.clone() };
    if release.digest != artifact.digest {
        return Err(mismatched());
    }
    let whole = docroot.whole()?;
    if let Some(there) = whole.iter().find(|header| header.release.id == release.id) {
        let shared = artifact.bytes();
        return if there.release == *release { Ok(Staged { written: 0, shared }) } else { Err(mismatched()) };
    }
    durable::make_folder(&docroot.releases_folder())?;
    clear(docroot, &whole)?;

    let donors = donors(docroot, &whole);
    let tree = Tree::begin(&docroot.folder(&release.id))?;
    for folder in folders(&artifact.files) {
        tree.make_folder(folder)?;
    }
    let (files, staged) = fill(&tree, artifact, &donors, scope)?;
    drop(donors);
    let marker = Path::new(Release::MARKER);
    tree.write(marker, &marker_content(release))?;
    make_read_only(&tree.folder().join(marker))?;
    tree.publish()?;

    let number = whole.last().map_or(0, |newest| newest.number) + 1;
    let manifest = Manifest { header: Header { number, release: release.clone() }, files };
    durable::publish(&docroot.manifest_path(&release.id), &manifest.encode())?;
    Ok(staged)
}

/// Takes every right to write away, so that a file that releases share is not changed by accident.
pub(super) fn make_read_only(path: &Path) -> Result<(), TargetError> {
    fs::set_permissions(path, Permissions::from_mode(0o444))
        .map_err(|error| failed(format!("make `{}` read-only", path.display()), error))
}

/// Removes what a crash left: whatever is neither of a whole release nor live.
fn clear(docroot: &Docroot, whole: &[Header]) -> Result<(), TargetError> {
    durable::sweep(&docroot.path)?;
    durable::sweep(&docroot.releases_folder())?;
    let kept: HashSet<ReleaseId> =
        whole.iter().map(|header| header.release.id.clone()).chain(docroot.live_release()?).collect();
    for name in docroot.names()? {
        let stem = name.split_once('.').map_or(name.as_str(), |(stem, _)| stem);
        if let Ok(id) = stem.parse::<ReleaseId>()
            && !kept.contains(&id)
        {
            docroot.retire_now(&id)?;
        }
    }
    Ok(())
}

/// An earlier release that files can be shared with.
struct Donor {
    folder: PathBuf,
    files: Vec<ArtifactFile>,
}

fn donors(docroot: &Docroot, whole: &[Header]) -> Vec<Donor> {
    whole
        .par_iter()
        .rev()
        .take(DONORS)
        .filter_map(|header| {
            let id = &header.release.id;
            // A release that cannot be read shares nothing; that it is damaged is said when it is to be shown.
            let manifest = docroot.manifest(id).ok()??;
            Some(Donor { folder: docroot.folder(id), files: manifest.files })
        })
        .collect()
}

/// Returns every folder that the files need, each after the one it is in.
fn folders(files: &[ArtifactFile]) -> BTreeSet<&Path> {
    let mut folders = BTreeSet::new();
    for file in files {
        for folder in Path::new(&file.path).ancestors().skip(1) {
            if folder.as_os_str().is_empty() || !folders.insert(folder) {
                break;
            }
        }
    }
    folders
}

fn fill(
    tree: &Tree,
    artifact: &Artifact,
    donors: &[Donor],
    scope: &Scope,
) -> Result<(Vec<ArtifactFile>, Staged), TargetError> {
    let total = artifact.files.len() as u64;
    let (done, written, shared) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let files = artifact
        .files
        .par_iter()
        .map(|file| {
            if scope.cancel.is_cancelled() {
                return Err(TargetError::Cancelled);
            }
            let stat = match share(tree, file, donors) {
                Some(stat) => {
                    shared.fetch_add(file.size, Ordering::Relaxed);
                    stat
                }
                None => {
                    written.fetch_add(file.size, Ordering::Relaxed);
                    copy(tree, &artifact.root, file)?
                }
            };
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(REPORT_EVERY) || done == total {
                scope.progress(done, Some(total), "staging files");
            }
            Ok(ArtifactFile { stat, ..file.clone() })
        })
        .collect::<Result<_, _>>()?;
    Ok((files, Staged { written: written.into_inner(), shared: shared.into_inner() }))
}

/// Shares the file with the first donor that has it, untouched, at the same path.
fn share(tree: &Tree, file: &ArtifactFile, donors: &[Donor]) -> Option<FileStat> {
    donors.iter().find_map(|donor| {
        let index = donor.files.binary_search_by(|theirs| theirs.path.cmp(&file.path)).ok()?;
        let theirs = donor.files.get(index).filter(|theirs| theirs.digest == file.digest)?;
        let path = donor.folder.join(&file.path);
        // Where no more links can be made, a copy is made instead.
        (manifest::is_untouched(&path, theirs) && tree.link(&path, Path::new(&file.path)).is_ok())
            .then_some(theirs.stat)
    })
}

/// Copies the file, and makes sure that the copy is what was hashed.
fn copy(tree: &Tree, root: &Path, file: &ArtifactFile) -> Result<FileStat, TargetError> {
    let changed = || TargetError::Changed { path: file.path.clone() };
    let (source, copy) = (root.join(&file.path), tree.folder().join(&file.path));
    tree.copy(&source, Path::new(&file.path)).map_err(|error| match error.source.kind() {
        io::ErrorKind::NotFound => changed(),
        _ => error.into(),
    })?;
    make_read_only(&copy)?;
    let reading = |error| failed(format!("look at `{}`", copy.display()), error);
    let copied = fs::symlink_metadata(&copy).map_err(reading)?;
    let listed = ArtifactFile { stat: FileStat::of(&copied), ..file.clone() };
    // Looked at after copying: had the source changed at any time since it was hashed, its stats would tell. When they
    // differ, the content decides, since another hard link or a new time alone changes them too.
    let as_hashed = fs::metadata(&source).is_ok_and(|source| FileStat::of(&source) == file.stat);
    if copied.len() == file.size && (as_hashed || manifest::has_content(&copy, &listed)) {
        Ok(listed.stat)
    } else {
        Err(changed())
    }
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::Digest;

    use super::*;

    #[test]
    fn folders_come_after_those_they_are_in() {
        let stat = FileStat { mtime_ns: 0, ctime_ns: 0, inode: 0 };
        let file = |path: &str| ArtifactFile { path: path.to_owned(), size: 0, digest: Digest::new([0; 32]), stat };
        let files = ["a/b/c/x", "a/b-c/x", "a/y", "z"].map(file);
        let expected: Vec<&Path> = ["a", "a/b", "a/b/c", "a/b-c"].iter().map(Path::new).collect();
        assert_eq!(folders(&files).into_iter().collect::<Vec<_>>(), expected);
    }
}
