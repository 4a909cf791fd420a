//! Staging: a release's files become objects of this repository, unseen by anyone, and a reference keeps them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use charter_artifact::{Artifact, ArtifactFile, FileStat};
use charter_deploy_model::{CommitHash, Digest, Release};
use charter_host::{Scope, durable};
use charter_repository::{ObjectHand, ObjectId, ObjectKind, ObjectWriter, Repository, TreeEntry, Written};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::known::{self, KnownFile};
use super::layout::{self, CNAME, NO_JEKYLL};
use super::{GitBranch, local};
use crate::target::marker_content;
use crate::{Staged, TargetError};

/// How many files pass between two words about progress.
const REPORT_EVERY: u64 = 512;

const DOING: &str = "write the release's objects";

pub(super) fn stage(
    target: &GitBranch,
    release: &Release,
    artifact: &Artifact,
    scope: &Scope,
) -> Result<Staged, TargetError> {
    let mismatched = || TargetError::Mismatched { id: release.id.clone() };
    if release.digest != artifact.digest {
        return Err(mismatched());
    }
    let repository = target.repository()?;
    let staged = target.staged(&repository)?;
    if let Some(there) = staged.iter().find(|source| source.release.id == release.id) {
        let shared = artifact.bytes();
        return if there.release == *release { Ok(Staged { written: 0, shared }) } else { Err(mismatched()) };
    }
    let work = target.work(&repository);
    durable::make_folder(&work).and_then(|()| durable::sweep(&work))?;

    let kept = target.reference("known");
    let known = known_objects(artifact, &known(&repository, &work, &kept)?);
    let writer = repository.write_objects(&work).map_err(local(DOING))?;
    let (objects, staged_bytes) = write_files(&writer, artifact, &known, scope)?;
    let number = staged.last().and_then(|newest| newest.number).map_or(0, |newest| newest + 1);
    let paths = artifact.files.iter().map(|file| file.path.as_str()).zip(objects.iter().copied()).collect();
    let write = || {
        let commit = write_rest(target, &repository, &writer, release, paths, number)?;
        if scope.cancel.is_cancelled() {
            return Err(TargetError::Cancelled);
        }
        writer.finish().map_err(local(DOING))?;
        Ok(commit)
    };
    // The list counts only once a reference keeps what it names.
    let (commit, ()) = rayon::join(write, || known::save(&work, release, &artifact.files, &objects));
    let commit = commit?;

    // A release whose gates block it is retired at once; what its list names is kept all the same.
    repository.point_reference(&kept, &commit).map_err(local(DOING))?;
    repository.point_reference(&target.release_reference(&release.id), &commit).map_err(local(DOING))?;
    let staged: Vec<_> = staged.iter().map(|source| &source.release.id).chain([&release.id]).collect();
    known::sweep(&work, &staged);
    Ok(staged_bytes)
}

/// Returns the files of the release that was staged last, sorted by path.
fn known(repository: &Repository, work: &Path, kept: &str) -> Result<Vec<KnownFile>, TargetError> {
    let Some(commit) = repository.reference(kept).map_err(local(DOING))? else { return Ok(Vec::new()) };
    let last = layout::staged_release(repository, &commit)?;
    Ok(last.and_then(|last| known::load(work, &last.release)).unwrap_or_default())
}

/// Returns the object of each file of the artifact whose content is known, wherever it was before. Most files are where
/// they were, so only the contents of the others are looked for among all.
fn known_objects(artifact: &Artifact, known: &[KnownFile]) -> Vec<Option<ObjectId>> {
    let mut before = known.iter().peekable();
    let in_place = artifact.files.iter().map(|file| {
        while before.next_if(|known| known.path < file.path).is_some() {}
        before.peek().filter(|known| known.path == file.path && known.digest == file.digest).map(|known| known.object)
    });
    let mut objects: Vec<Option<ObjectId>> = in_place.collect();
    let others = artifact.files.iter().zip(&objects).filter(|(_, object)| object.is_none());
    let mut wanted: HashMap<Digest, Option<ObjectId>> = others.map(|(file, _)| (file.digest, None)).collect();
    if wanted.is_empty() {
        return objects;
    }
    for file in known {
        if let Some(object) = wanted.get_mut(&file.digest) {
            *object = Some(file.object);
        }
    }
    for (file, object) in artifact.files.iter().zip(&mut objects) {
        *object = object.or_else(|| wanted.get(&file.digest).copied().flatten());
    }
    objects
}

/// Writes every file whose object is not `known` yet; returns the object of each file.
fn write_files(
    writer: &ObjectWriter,
    artifact: &Artifact,
    known: &[Option<ObjectId>],
    scope: &Scope,
) -> Result<(Vec<ObjectId>, Staged), TargetError> {
    let total = artifact.files.len() as u64;
    let (done, written) = (AtomicU64::new(0), AtomicU64::new(0));
    let objects = artifact
        .files
        .par_iter()
        .zip(known)
        .map_init(
            || None,
            |slot: &mut Option<ObjectHand<'_>>, (file, known)| {
                if scope.cancel.is_cancelled() {
                    return Err(TargetError::Cancelled);
                }
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if done.is_multiple_of(REPORT_EVERY) || done == total {
                    scope.progress(done, Some(total), "staging files");
                }
                if let Some(id) = known {
                    return Ok(*id);
                }
                let hand = match slot {
                    Some(hand) => hand,
                    None => slot.insert(writer.hand().map_err(local(DOING))?),
                };
                let object = write_file(hand, &artifact.root, file)?;
                if object.new {
                    written.fetch_add(file.size, Ordering::Relaxed);
                }
                Ok(object.id)
            },
        )
        .collect::<Result<Vec<_>, _>>()?;
    let written = written.into_inner();
    Ok((objects, Staged { written, shared: artifact.bytes() - written }))
}

/// Writes a file's content, and makes sure that it is what the artifact says.
fn write_file(hand: &mut ObjectHand<'_>, root: &Path, file: &ArtifactFile) -> Result<Written, TargetError> {
    let changed = || TargetError::Changed { path: file.path.clone() };
    let path = root.join(&file.path);
    let opened = File::open(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => changed(),
        _ => TargetError::Other { doing: format!("read `{}`", path.display()), source: error.into() },
    })?;
    let as_hashed = || opened.metadata().is_ok_and(|metadata| FileStat::of(&metadata) == file.stat);
    // When its stats are others, the content decides: another hard link or a new time alone changes them too.
    let mut content = Hashed { file: &opened, hasher: (!as_hashed()).then(Sha256::new) };
    let written = hand.write_blob(&mut content, file.size).map_err(local(DOING))?.ok_or_else(changed)?;
    let is_same = match content.hasher {
        Some(hasher) => Digest::new(hasher.finalize().into()) == file.digest,
        None => as_hashed(),
    };
    if is_same { Ok(written) } else { Err(changed()) }
}

/// A file whose content is hashed as it is read, when it has to be.
struct Hashed<'a> {
    file: &'a File,
    hasher: Option<Sha256>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..count]);
        }
        Ok(count)
    }
}

/// Writes what a release has besides its files, its folders, and the commit that holds it all.
fn write_rest(
    target: &GitBranch,
    repository: &Repository,
    writer: &ObjectWriter,
    release: &Release,
    files: Vec<(&str, ObjectId)>,
    number: u64,
) -> Result<CommitHash, TargetError> {
    let mut hand = writer.hand().map_err(local(DOING))?;
    let mut site = files;
    let domain = target.config.cname.as_ref().map(|cname| format!("{cname}\n"));
    let marker = marker_content(release);
    let ours = [
        (Release::MARKER, Some(marker.as_slice())),
        (NO_JEKYLL, Some(b"".as_slice())),
        (CNAME, domain.as_ref().map(String::as_bytes)),
    ];
    for (name, content) in ours {
        // What the build brings itself stays; a folder of that name would stand in the way of a file.
        let is_there = site.iter().any(|(path, _)| path.split('/').next() == Some(name));
        if let (false, Some(content)) = (is_there, content) {
            let written = hand.write(ObjectKind::Blob, content).map_err(local(DOING))?;
            site.push((name, written.id));
        }
    }
    // Sorted already, but for what was added: a sort that sees that is many times as fast.
    site.sort();
    let tree = write_folder(&mut hand, &site, 0)?;
    let message = layout::staged_message(release, number);
    let commit = repository.encode_commit(tree, &[], &message, target.host.clock.now()).map_err(local(DOING))?;
    Ok(hand.write(ObjectKind::Commit, &commit).map_err(local(DOING))?.id.into())
}

/// Writes the folder whose entries begin at the byte `from` of these sorted paths, and all folders in it.
fn write_folder(
    hand: &mut ObjectHand<'_>,
    mut files: &[(&str, ObjectId)],
    from: usize,
) -> Result<ObjectId, TargetError> {
    let mut entries = Vec::new();
    while let Some((path, id)) = files.first() {
        let (name, mode, id, count) = match path[from..].split_once('/') {
            None => (&path[from..], TreeEntry::FILE, *id, 1),
            Some((name, _)) => {
                let inside = from + name.len() + 1;
                let count =
                    files.partition_point(|(other, _)| other.as_bytes().starts_with(&path.as_bytes()[..inside]));
                (name, TreeEntry::FOLDER, write_folder(hand, &files[..count], inside)?, count)
            }
        };
        entries.push(TreeEntry { name: name.as_bytes().to_owned(), mode, id });
        files = &files[count..];
    }
    let tree = TreeEntry::encode(&mut entries);
    Ok(hand.write(ObjectKind::Tree, &tree).map_err(local(DOING))?.id)
}
