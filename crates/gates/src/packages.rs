//! What a project is made of, as its lock files say: npm's, pnpm's, Cargo's, and those of Python.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use charter_host::Scope;
use charter_repository::{Blobs, CommittedFile, FileSort, RepositoryError};
use globset::GlobMatcher;

use crate::{GateError, Source};

mod bill;
mod cargo;
mod cyclonedx;
mod graph;
mod installed;
mod lines;
mod manifest;
mod npm;
mod pnpm;
mod python;
mod requirements;

#[cfg(feature = "fuzzing")]
pub(crate) use bill::fuzz as fuzz_bill;
pub(crate) use bill::{Bill, Listed, read as read_bill};
pub use cyclonedx::cyclonedx;
pub(crate) use cyclonedx::purl;
#[cfg(feature = "fuzzing")]
pub(crate) use installed::fuzz as fuzz_installed;
pub(crate) use installed::{Installed, Stated};

use graph::Graph;

/// A larger lock file is not read, in bytes.
const SIZE_LIMIT: u64 = 32 << 20;
/// So many names are listed in a sentence.
pub(crate) const NAMED: usize = 3;

/// Where packages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// crates.io, of Cargo.
    CratesIo,
    /// The registry of npm.
    Npm,
    /// The Python Package Index.
    PyPi,
}

impl Ecosystem {
    /// Every ecosystem whose lock files are read.
    pub const ALL: [Self; 3] = [Self::CratesIo, Self::Npm, Self::PyPi];

    /// Returns its name in OSV.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CratesIo => "crates.io",
            Self::Npm => "npm",
            Self::PyPi => "PyPI",
        }
    }

    /// Returns its type in a package URL.
    #[must_use]
    pub fn purl_type(self) -> &'static str {
        match self {
            Self::CratesIo => "cargo",
            Self::Npm => "npm",
            Self::PyPi => "pypi",
        }
    }

    /// Returns the one spelling of a package's name; PyPI knows many for the same (PEP 503).
    #[must_use]
    pub fn normal_name(self, name: &str) -> String {
        if self != Self::PyPi {
            return name.to_owned();
        }
        let pieces = name.split(['-', '_', '.']).filter(|piece| !piece.is_empty());
        pieces.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One version of a package of a registry, as one lock file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The lock file, relative to the project.
    pub file: String,
    /// Its line there, counted from 1, where that is known and the file is as it was committed.
    pub line: Option<u32>,
    /// Whether the project itself asks for it.
    pub is_direct: bool,
    /// Whether it is there for development only.
    pub is_dev: bool,
    /// The packages that bring it in, from one that the project asks for on; empty when it is direct.
    pub path: Vec<String>,
    /// What the lock file says of its licence.
    pub license: Option<String>,
    /// Digests of what the registry hands out.
    pub digests: Vec<PackageDigest>,
    /// The packages that it needs, as places in [`Packages::list`].
    pub requires: Vec<usize>,
}

/// A digest of a package's content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageDigest {
    /// The algorithm, as CycloneDX calls it, such as `SHA-512`.
    pub algorithm: &'static str,
    /// The digest in hexadecimal.
    pub hex: String,
}

/// All that the lock files of a commit name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packages {
    /// Packages of registries, by lock file and then as they stand there.
    pub list: Vec<Package>,
    /// The lock files that were read, and whether the work tree has them as they were committed.
    pub files: BTreeMap<String, bool>,
    /// How many packages come from elsewhere: from git, from a folder, from another registry.
    pub foreign: u64,
    /// The names of those, and of the project's own packages.
    pub others: BTreeSet<String>,
    /// Lists of requirements that nothing shows to be complete.
    pub incomplete: BTreeSet<String>,
    /// What stayed unknown, one sentence each.
    pub undecided: Vec<String>,
}

impl Packages {
    /// Says whether the project has nothing of what could be read or should be.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.files.is_empty() && self.undecided.is_empty()
    }
}

/// What one lock file came to.
#[derive(Debug, Default)]
pub(crate) struct Lock {
    graph: Graph,
    /// Whether nothing shows that it lists all that will be installed.
    is_incomplete: bool,
    /// What is unknown, each the end of a sentence that begins with the file.
    unknown: Vec<String>,
    /// Other files that it includes, relative to it.
    includes: Vec<String>,
}

type Reader = fn(&str) -> Result<Lock, String>;

fn reader(path: &str) -> Option<Reader> {
    let name = path.rsplit('/').next().unwrap_or(path);
    Some(match name {
        "package-lock.json" | "npm-shrinkwrap.json" => npm::read,
        "pnpm-lock.yaml" => pnpm::read,
        "Cargo.lock" => cargo::read,
        "uv.lock" => python::read_uv,
        "poetry.lock" => python::read_poetry,
        "Pipfile.lock" => python::read_pipfile,
        _ if is_requirements(path, name) => requirements::read,
        _ => return None,
    })
}

fn is_requirements(path: &str, name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".txt") else { return false };
    let folder = path.rsplit('/').nth(1);
    stem.starts_with("requirements") || stem.ends_with("requirements") || folder == Some("requirements")
}

/// Reads every lock file of a commit that no glob excludes.
///
/// # Errors
/// When the commit cannot be read, or the work is cancelled.
pub fn read(source: &Source, exclude: &[GlobMatcher], scope: &Scope) -> Result<Packages, GateError> {
    let failed =
        |source: RepositoryError| GateError::Other { doing: "reading the commit".to_owned(), source: source.into() };
    let mut files = source.repository.files(&source.commit).map_err(failed)?;
    files.retain(|file| !is_vendored(&file.path) && !exclude.iter().any(|glob| glob.is_match(&file.path)));
    let blobs = source.repository.blobs().map_err(failed)?;
    let mut packages = Packages::default();
    let mut waiting: Vec<(&CommittedFile, Reader)> =
        files.iter().rev().filter_map(|file| Some((file, reader(&file.path)?))).collect();
    let mut seen = BTreeSet::new();
    while let Some((file, reader)) = waiting.pop() {
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        if !seen.insert(&file.path) {
            continue;
        }
        let path = &file.path;
        let lock = match text(&blobs, file) {
            Ok(content) => reader(&content).map(|lock| {
                let there = std::fs::symlink_metadata(source.repository.root().join(path));
                let same = there.is_ok_and(|there| there.is_file() && there.len() == content.len() as u64)
                    && std::fs::read(source.repository.root().join(path)).is_ok_and(|now| now == content.as_bytes());
                (lock, same)
            }),
            Err(what) => Err(what),
        };
        match lock {
            Ok((lock, as_committed)) => {
                for include in &lock.includes {
                    let wanted = beside(path, include);
                    match wanted.as_ref().and_then(|wanted| files.iter().find(|file| file.path == *wanted)) {
                        Some(file) => waiting.push((file, requirements::read)),
                        None => packages.undecided.push(format!("`{path}` includes `{include}`, which is not there")),
                    }
                }
                packages.take(path, lock, as_committed);
            }
            Err(what) => packages.undecided.push(format!("`{path}` {what}")),
        }
    }
    packages.undecided.extend(manifest::without_lock(&files, &blobs));
    Ok(packages)
}

impl Packages {
    fn take(&mut self, path: &str, lock: Lock, as_committed: bool) {
        self.files.insert(path.to_owned(), as_committed);
        if lock.is_incomplete {
            self.incomplete.insert(path.to_owned());
        }
        self.undecided.extend(lock.unknown.into_iter().map(|what| format!("`{path}` {what}")));
        let others = lock.graph.0.iter().filter(|node| !matches!(node.sort, graph::Sort::Registry(_)));
        self.others.extend(others.map(|node| node.name.clone()));
        let (list, foreign) = lock.graph.settle(path, as_committed, self.list.len());
        self.list.extend(list);
        self.foreign += foreign;
    }
}

/// Returns a file's text, or what is wrong with it, as the end of a sentence.
pub(crate) fn text(blobs: &Blobs, file: &CommittedFile) -> Result<String, String> {
    if file.sort == FileSort::Link {
        return Err("is a symbolic link and was not read".to_owned());
    }
    let unreadable = |error: RepositoryError| format!("could not be read: {error}");
    if blobs.size(file.blob).map_err(unreadable)? > SIZE_LIMIT {
        return Err(format!("is larger than {} MiB and was not read", SIZE_LIMIT >> 20));
    }
    let text = blobs.read(file.blob, |content| std::str::from_utf8(content).map(str::to_owned)).map_err(unreadable)?;
    text.map_err(|_| "is not UTF-8".to_owned())
}

fn is_vendored(path: &str) -> bool {
    path.split('/').any(|part| part == "node_modules")
}

/// Returns the path that `relative` means in a file; none when it leads out of the project.
fn beside(file: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = file.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Lists the first few names of many, such as ``` `a`, `b`, `c` and 2 more```.
pub(crate) fn some_of<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let listed = names.iter().take(NAMED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

/// Reads any text with every reader, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(text: &str) {
    for name in ["package-lock.json", "pnpm-lock.yaml", "Cargo.lock", "uv.lock", "poetry.lock", "Pipfile.lock"]
        .into_iter()
        .chain(["requirements.txt"])
    {
        if let Some(Ok(lock)) = reader(name).map(|read| read(text)) {
            let lines = text.lines().count().max(1);
            let (list, _) = lock.graph.settle(name, true, 0);
            for package in &list {
                assert!(!package.name.is_empty() && !package.version.is_empty(), "a package without a name or version");
                assert!(
                    package.line.is_none_or(|line| (1..=lines).contains(&(line as usize))),
                    "a line that is not there"
                );
                assert!(package.requires.iter().all(|place| *place < list.len()), "it needs what is not there");
            }
        }
    }
}

#[cfg(test)]
mod tests;
