//! What is looked through: each content once, in however many files it is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use charter_artifact::Artifact;
use charter_deploy_model::Digest;
use charter_host::Scope;
use charter_repository::{BlobId, Blobs, FileSort, Repository, RepositoryError};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::scan::{Seen, look_through, look_through_bytes};
use crate::{GateError, Subject};

/// A larger file of the commit is not looked through: git hands out contents as a whole. In bytes.
const LARGEST_BLOB: u64 = 128 << 20;

/// The files that are looked through, by their contents.
pub(super) struct Trees {
    site: Option<Site>,
    source: Option<Commit>,
}

/// The files of the site, as indexes of the artifact's.
struct Site {
    artifact: Arc<Artifact>,
    contents: BTreeMap<Digest, Vec<usize>>,
}

/// The files of the commit, as paths.
struct Commit {
    repository: Repository,
    contents: BTreeMap<BlobId, Vec<String>>,
}

/// A file and what it holds.
pub(super) struct Holder {
    pub(super) path: String,
    pub(super) in_source: bool,
    pub(super) seen: Arc<Seen>,
}

/// What came of looking.
#[derive(Default)]
pub(super) struct Held {
    /// Files that hold something, or of which not all is known.
    pub(super) found: Vec<Holder>,
    pub(super) files: u64,
    pub(super) contents: u64,
    pub(super) bytes: u64,
    pub(super) undecided: Vec<String>,
}

impl Trees {
    /// Lists the files of the site and of the commit that this run is about.
    pub(super) fn list(subject: &Subject, wanted: impl Fn(&str) -> bool) -> Result<Self, GateError> {
        let site = subject.artifact.as_ref().map(|artifact| {
            let mut contents: BTreeMap<Digest, Vec<usize>> = BTreeMap::new();
            for (index, file) in artifact.files.iter().enumerate() {
                if subject.is_about(&file.path) && wanted(&file.path) {
                    contents.entry(file.digest).or_default().push(index);
                }
            }
            Site { artifact: Arc::clone(artifact), contents }
        });
        let mut source = None;
        if let Some(of) = &subject.source {
            let mut contents: BTreeMap<BlobId, Vec<String>> = BTreeMap::new();
            for file in of.repository.files(&of.commit).map_err(failed)? {
                if file.sort != FileSort::Link && subject.is_about_source(&file.path) && wanted(&file.path) {
                    contents.entry(file.blob).or_default().push(file.path);
                }
            }
            source = Some(Commit { repository: of.repository.clone(), contents });
        }
        Ok(Self { site, source })
    }

    /// Returns the paths of the site.
    pub(super) fn site(&self) -> impl Iterator<Item = &str> {
        self.site.iter().flat_map(|Site { artifact, contents }| {
            contents.values().flatten().map(|index| artifact.files[*index].path.as_str())
        })
    }

    /// Returns the first bytes of a file of the site; nothing when it cannot be read, which looking through it tells.
    pub(super) fn begins(&self, path: &str) -> Option<Vec<u8>> {
        let Site { artifact, .. } = self.site.as_ref()?;
        let mut begin = Vec::new();
        File::open(artifact.root.join(path)).ok()?.take(4 << 10).read_to_end(&mut begin).ok()?;
        Some(begin)
    }

    /// Looks through every content once, on all cores.
    pub(super) fn look_through(&self, scope: &Scope) -> Result<Held, GateError> {
        let mut held = Held::default();
        let known = self.look_through_site(scope, &mut held)?;
        self.look_through_source(scope, &known, &mut held)?;
        held.found.sort_by(|a, b| (a.in_source, &a.path).cmp(&(b.in_source, &b.path)));
        Ok(held)
    }

    fn look_through_site(&self, scope: &Scope, held: &mut Held) -> Result<HashMap<Digest, Arc<Seen>>, GateError> {
        let Some(Site { artifact, contents }) = &self.site else { return Ok(HashMap::new()) };
        let mut distinct: Vec<(&Digest, &Vec<usize>)> = contents.iter().collect();
        // In the order of their paths, as they most likely lie on the disk.
        distinct.sort_by_key(|(_, files)| files[0]);
        let step = Step::new(scope, "looking for secrets in the site", distinct.len());
        let looked: Vec<(Digest, Arc<Seen>)> = distinct
            .par_iter()
            .map_init(Vec::new, |buffer, (digest, files)| {
                let path = artifact.root.join(&artifact.files[files[0]].path);
                let seen = step.then(|| {
                    let seen = File::open(&path).and_then(|file| look_through(file, buffer));
                    seen.map_err(|source| GateError::Unreadable { path, source })
                })?;
                Ok((**digest, Arc::new(seen)))
            })
            .collect::<Result<_, GateError>>()?;
        let looked: HashMap<Digest, Arc<Seen>> = looked.into_iter().collect();
        for (digest, files) in contents {
            held.contents += 1;
            held.files += files.len() as u64;
            held.bytes += artifact.files[files[0]].size;
            let seen = &looked[digest];
            held.hold(seen, files.iter().map(|index| artifact.files[*index].path.clone()), false);
        }
        Ok(looked)
    }

    fn look_through_source(
        &self,
        scope: &Scope,
        known: &HashMap<Digest, Arc<Seen>>,
        held: &mut Held,
    ) -> Result<(), GateError> {
        let Some(Commit { repository, contents }) = &self.source else { return Ok(()) };
        let sizes = self.sizes();
        let step = Step::new(scope, "looking for secrets in the commit", contents.len());
        let open = Handles { repository, idle: Mutex::default() };
        let contents: Vec<(&BlobId, &Vec<String>)> = contents.iter().collect();
        let looked: Vec<(Blob, &Vec<String>)> = contents
            .into_par_iter()
            .map(|(blob, paths)| Ok((step.then(|| open.with(|blobs| look(blobs, *blob, &sizes, known)))?, paths)))
            .collect::<Result<_, GateError>>()?;
        for (blob, paths) in looked {
            match blob {
                Blob::Seen { seen, bytes } => {
                    held.contents += 1;
                    held.files += paths.len() as u64;
                    held.bytes += bytes;
                    held.hold(&seen, paths.iter().cloned(), true);
                }
                Blob::TooLarge { bytes } => {
                    let say = |path: &String| format!("`{path}` of the commit was not looked at: it has {bytes} bytes");
                    held.undecided.extend(paths.iter().map(say));
                }
            }
        }
        Ok(())
    }

    /// Returns which sizes the contents of the site have: one of another size is not among them.
    fn sizes(&self) -> HashSet<u64> {
        let site = self.site.iter().flat_map(|site| site.artifact.files.iter());
        site.map(|file| file.size).collect()
    }
}

impl Held {
    fn hold(&mut self, seen: &Arc<Seen>, paths: impl Iterator<Item = String>, in_source: bool) {
        if !seen.secrets.is_empty() || seen.incomplete.is_some() {
            self.found.extend(paths.map(|path| Holder { path, in_source, seen: Arc::clone(seen) }));
        }
    }
}

/// What became of a content of the commit.
enum Blob {
    Seen { seen: Arc<Seen>, bytes: u64 },
    TooLarge { bytes: u64 },
}

fn look(
    blobs: &Blobs,
    blob: BlobId,
    sizes: &HashSet<u64>,
    known: &HashMap<Digest, Arc<Seen>>,
) -> Result<Blob, RepositoryError> {
    let bytes = blobs.size(blob)?;
    if bytes > LARGEST_BLOB {
        return Ok(Blob::TooLarge { bytes });
    }
    let seen = blobs.read(blob, |content| {
        let same = sizes.contains(&bytes).then(|| Digest::new(Sha256::digest(content).into()));
        let same = same.and_then(|digest| known.get(&digest).cloned());
        same.unwrap_or_else(|| Arc::new(look_through_bytes(content)))
    })?;
    Ok(Blob::Seen { seen, bytes })
}

/// Opened repositories, as many as threads want at a time.
struct Handles<'a> {
    repository: &'a Repository,
    idle: Mutex<Vec<Blobs>>,
}

impl Handles<'_> {
    fn with<T>(&self, work: impl FnOnce(&Blobs) -> Result<T, RepositoryError>) -> Result<T, GateError> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let blobs = match taken {
            Some(blobs) => blobs,
            None => self.repository.blobs().map_err(failed)?,
        };
        let result = work(&blobs).map_err(failed);
        idle().push(blobs);
        result
    }
}

fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the files of the commit".to_owned(), source: source.into() }
}

/// Counts how far a step is, and ends it when the caller wants that.
struct Step<'a> {
    scope: &'a Scope,
    doing: &'static str,
    total: u64,
    done: AtomicU64,
}

impl<'a> Step<'a> {
    fn new(scope: &'a Scope, doing: &'static str, total: usize) -> Self {
        Self { scope, doing, total: total as u64, done: AtomicU64::new(0) }
    }

    fn then<T>(&self, work: impl FnOnce() -> Result<T, GateError>) -> Result<T, GateError> {
        const REPORT_EVERY: u64 = 256;
        if self.scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        let result = work()?;
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of(REPORT_EVERY) || done == self.total {
            self.scope.progress(done, Some(self.total), self.doing);
        }
        Ok(result)
    }
}
