//! The manifests of the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use charter_host::Scope;
use charter_repository::{BlobId, Blobs, CommittedFile, FileSort, RepositoryError};
use globset::GlobMatcher;
use rayon::prelude::*;

use super::kustomize::{self, Kustomizations};
use super::manifest::{self, File};
use crate::{GateError, Source};

/// A larger manifest is not read, in bytes.
const SIZE_LIMIT: usize = 8 << 20;
/// A larger file is not even opened, in bytes.
const BLOB_LIMIT: u64 = 64 << 20;

/// What is in the commit.
#[derive(Debug, Default)]
pub(super) struct Commit {
    /// Files with manifests, sorted by path.
    pub(super) files: Vec<Manifests>,
    pub(super) kustomizations: Kustomizations,
    /// The folders of charts that are not part of another, and their files.
    pub(super) charts: BTreeMap<String, Vec<CommittedFile>>,
    /// How many files were read.
    pub(super) read: u64,
    pub(super) undecided: Vec<String>,
}

/// A file with manifests.
#[derive(Debug)]
pub(super) struct Manifests {
    pub(super) path: String,
    pub(super) blob: Option<BlobId>,
    pub(super) file: File,
}

pub(super) fn failed(source: RepositoryError) -> GateError {
    GateError::Other { doing: "reading the files of the commit".to_owned(), source: source.into() }
}

/// Says which files are looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) include: Vec<GlobMatcher>,
    pub(super) exclude: Vec<GlobMatcher>,
}

impl Wanted {
    fn has(&self, path: &str) -> bool {
        let any = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(path));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

/// What one file came to.
enum Read {
    Manifests(File),
    Kustomization(String),
    Nothing,
    TooLarge(u64),
}

/// Reads every file of the commit that may hold manifests.
pub(super) fn read(source: &Source, wanted: &Wanted, scope: &Scope) -> Result<Commit, GateError> {
    let mut files = source.repository.files(&source.commit).map_err(failed)?;
    files.retain(|file| file.sort != FileSort::Link && wanted.has(&file.path));
    let charts = charts(&files);
    let is_template = |path: &str| {
        folders(path).any(|folder| {
            charts.contains(folder)
                && path[folder.len()..]
                    .trim_start_matches('/')
                    .split_once('/')
                    .is_some_and(|(first, _)| first == "templates")
        })
    };
    let mut commit = Commit::default();
    let roots = charts.iter().filter(|chart| !folders(chart).any(|above| charts.contains(above)));
    commit.charts = roots.map(|chart| (chart.clone(), Vec::new())).collect();
    let mut candidates = Vec::new();
    for file in files {
        let root = folders(&file.path).find(|folder| commit.charts.contains_key(*folder)).map(str::to_owned);
        if is_candidate(&file.path) && !is_template(&file.path) {
            candidates.push(file.clone());
        }
        commit.charts.entry(root.unwrap_or_default()).or_default().push(file);
    }
    if !charts.contains("") {
        commit.charts.remove("");
    }
    let (total, done) = (candidates.len() as u64, AtomicU64::new(0));
    let read: Vec<Read> = candidates
        .par_iter()
        .map_init(
            || source.repository.blobs(),
            |blobs, file| {
                if scope.cancel.is_cancelled() {
                    return Err(GateError::Cancelled);
                }
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if done.is_multiple_of(256) || done == total {
                    scope.progress(done, Some(total), "reading manifests");
                }
                match blobs {
                    Ok(blobs) => look(blobs, file).map_err(failed),
                    // Its reason is told by trying once more.
                    Err(_) => look(&source.repository.blobs().map_err(failed)?, file).map_err(failed),
                }
            },
        )
        .collect::<Result<_, _>>()?;
    commit.read = total;
    for (file, read) in candidates.into_iter().zip(read) {
        let CommittedFile { path, blob, .. } = file;
        match read {
            Read::Manifests(file) => commit.files.push(Manifests { path, blob: Some(blob), file }),
            Read::Kustomization(text) => commit.kustomizations.add(&path, &text),
            Read::TooLarge(bytes) => commit.undecided.push(format!("`{path}` was not read: it has {bytes} bytes")),
            Read::Nothing => {}
        }
    }
    commit.files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(commit)
}

fn is_candidate(path: &str) -> bool {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_known = ["yaml", "yml", "json"].iter().any(|known| ending.eq_ignore_ascii_case(known));
    (is_known || kustomize::is_one(path)) && !matches!(name, "package.json" | "package-lock.json" | "tsconfig.json")
}

fn look(blobs: &Blobs, file: &CommittedFile) -> Result<Read, RepositoryError> {
    let size = blobs.size(file.blob)?;
    let is_json = file.path.to_ascii_lowercase().ends_with(".json");
    if size > BLOB_LIMIT {
        // Data, most likely: no server takes a manifest of that size.
        return Ok(if is_json { Read::Nothing } else { Read::TooLarge(size) });
    }
    blobs.read(file.blob, |content| {
        let text = String::from_utf8_lossy(content);
        if kustomize::is_one(&file.path) {
            return Read::Kustomization(text.into_owned());
        }
        if !(text.contains("apiVersion") && text.contains("kind")) {
            return Read::Nothing;
        }
        if content.len() > SIZE_LIMIT {
            return Read::TooLarge(size);
        }
        Read::Manifests(manifest::read(content))
    })
}

/// Returns the folders that charts are in.
fn charts(files: &[CommittedFile]) -> BTreeSet<String> {
    let folder = |file: &CommittedFile| match file.path.rsplit_once('/') {
        Some((folder, "Chart.yaml")) => Some(folder.to_owned()),
        None if file.path == "Chart.yaml" => Some(String::new()),
        _ => None,
    };
    files.iter().filter_map(folder).collect()
}

/// Returns the folders above a path, the outermost first; the project's own is empty.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    let inner = path.char_indices().filter(|(_, letter)| *letter == '/').map(|(at, _)| &path[..at]);
    std::iter::once("").chain(inner)
}
