//! Activating: what was staged is compared with its manifest and put right, old assets are kept, then the link moves.

use std::fs;
use std::path::{Path, PathBuf};

use charter_artifact::{ArtifactFile, FileStat};
use charter_deploy_model::{Release, ReleaseId};
use charter_host::Scope;
use charter_host::durable::{self, DurableError};
use rayon::prelude::*;

use super::manifest::{self, Manifest};
use super::overlay::Overlay;
use super::stage::make_read_only;
use super::{Docroot, failed};
use crate::TargetError;
use crate::target::marker_content;

pub(super) fn activate(
    docroot: &Docroot,
    to: &ReleaseId,
    expected: Option<ReleaseId>,
    scope: &Scope,
) -> Result<(), TargetError> {
    let live = docroot.live_release()?;
    if live.as_ref() == Some(to) {
        return Ok(());
    }
    if live != expected {
        return Err(TargetError::Moved { expected, found: live });
    }
    let manifest = docroot.manifest(to)?.ok_or_else(|| TargetError::NotStaged { id: to.clone() })?;
    let manifest = put_right(docroot, manifest)?;
    if let Some(live) = &live {
        keep_assets(docroot, live, &manifest)?;
    }
    if scope.cancel.is_cancelled() {
        return Err(TargetError::Cancelled);
    }
    Ok(durable::point_link(&docroot.current(), &Path::new("releases").join(to.to_string()))?)
}

/// Makes sure that the release's folder holds what was staged; returns the manifest as it now is.
fn put_right(docroot: &Docroot, mut manifest: Manifest) -> Result<Manifest, TargetError> {
    let id = manifest.header.release.id.clone();
    let folder = docroot.folder(&id);
    let marker = folder.join(Release::MARKER);
    let content = marker_content(&manifest.header.release);
    if !fs::read(&marker).is_ok_and(|found| found == content) {
        durable::replace(&marker, &content)?;
        make_read_only(&marker)?;
    }

    let altered: Vec<usize> = (0..manifest.files.len())
        .into_par_iter()
        .filter(|index| {
            let file = &manifest.files[*index];
            !manifest::is_untouched(&folder.join(&file.path), file)
        })
        .collect();
    for index in &altered {
        let file = &mut manifest.files[*index];
        let path = folder.join(&file.path);
        if !manifest::has_content(&path, file) {
            let copy = another_copy(docroot, &id, file)?
                .ok_or_else(|| TargetError::Damaged { id: id.clone(), path: file.path.clone() })?;
            durable::make_folder(path.parent().unwrap_or(&folder))?;
            durable::replace(&path, &copy)?;
            make_read_only(&path)?;
        }
        let found =
            fs::symlink_metadata(&path).map_err(|error| failed(format!("look at `{}`", path.display()), error))?;
        file.stat = FileStat::of(&found);
    }
    if !altered.is_empty() {
        durable::replace(&docroot.manifest_path(&id), &manifest.encode())?;
    }
    Ok(manifest)
}

/// Looks through the other releases for the content that `file` had.
fn another_copy(docroot: &Docroot, id: &ReleaseId, file: &ArtifactFile) -> Result<Option<Vec<u8>>, TargetError> {
    for header in docroot.whole()?.iter().rev().filter(|header| header.release.id != *id) {
        let other = &header.release.id;
        // One whose own manifest is damaged has nothing to offer.
        let Ok(Some(manifest)) = docroot.manifest(other) else { continue };
        for theirs in manifest.files.iter().filter(|theirs| (theirs.size, theirs.digest) == (file.size, file.digest)) {
            let path = docroot.folder(other).join(&theirs.path);
            if manifest::has_content(&path, theirs)
                && let Ok(bytes) = fs::read(&path)
            {
                return Ok(Some(bytes));
            }
        }
    }
    Ok(None)
}

/// Links the assets that open pages still ask for into the release that is about to be shown.
fn keep_assets(docroot: &Docroot, live: &ReleaseId, to: &Manifest) -> Result<(), TargetError> {
    // What is live may be damaged or older than this kind's manifests: then there is nothing to keep.
    let Ok(Some(live_manifest)) = docroot.manifest(live) else { return Ok(()) };
    let id = &to.header.release.id;
    let before = Overlay::load(&docroot.overlay_path(id));
    let live_overlay = Overlay::load(&docroot.overlay_path(live));
    let mut overlay = before.extended(&to.files, &live_manifest.files, &live_overlay, docroot.keep_assets);
    let (from, into) = (docroot.folder(live), docroot.folder(id));
    overlay.kept.retain(|path, kept| {
        manifest::is_untouched(&into.join(path), &kept.file)
            || manifest::is_untouched(&from.join(path), &kept.file)
            || manifest::has_content(&from.join(path), &kept.file)
    });
    if overlay == before {
        return Ok(());
    }
    // The list first: after a crash in between it names files that are not there yet, and the next try links them.
    durable::replace(&docroot.overlay_path(id), &overlay.encode())?;
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in overlay.kept.keys() {
        let there = into.join(path);
        // Kept since an earlier switch; what is live may not have it any more.
        if fs::symlink_metadata(&there).is_ok() {
            continue;
        }
        let folder = there.parent().unwrap_or(&into).to_owned();
        durable::make_folder(&folder)?;
        if link(&from.join(path), &there)? {
            folders.push(folder);
        }
    }
    folders.sort_unstable();
    folders.dedup();
    Ok(folders.iter().try_for_each(|folder| durable::sync_folder(folder))?)
}

/// Gives a file a second name; returns whether it did, which it does not when there is something already.
fn link(from: &Path, to: &Path) -> Result<bool, DurableError> {
    match durable::link(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.is_already_there() => Ok(false),
        Err(error) => Err(error),
    }
}
