//! Reading every file that refers to others, each once and side by side.

use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use charter_artifact::{Artifact, ArtifactFile};
use charter_host::Scope;
use globset::GlobMatcher;
use rayon::prelude::*;

use super::address::{Address, Base, Site, fragment_of};
use super::documents::{self, Torn};
use super::references::{self, Contents, Role};
use super::targets::{Numbering, Target, TargetId};
use crate::{GateError, html};

/// What a file refers to by whom, and its parts.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// What it refers to, each target once for each role, in the order of the file; without those that are certain to
    /// be right.
    pub(super) references: Box<[Refers]>,
    /// Where it sends its readers on to with the fragment with which they came.
    pub(super) passes_on: Option<TargetId>,
    /// The sorted hashes of its parts' names; absent when it has no parts that one could know.
    pub(super) parts: Option<Box<[u64]>>,
    /// How many distinct references lead to this host.
    pub(super) within: u64,
    /// How many distinct references lead to other hosts.
    pub(super) elsewhere: u64,
    /// Why it could not be read to its end, and where.
    pub(super) torn: Torn,
    /// Why it could not be read at all, a sentence.
    pub(super) undecided: Option<String>,
}

/// One reference of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refers {
    pub(super) to: TargetId,
    /// In bytes from the start of the file, of which none is larger than 4 GB.
    pub(super) at: u32,
    pub(super) role: Role,
}

/// Reads all sources of a site; what is no source has no references.
pub(super) fn sources(
    artifact: &Artifact,
    site: &Site,
    exclude: &[GlobMatcher],
    numbering: &Numbering,
    scope: &Scope,
) -> Result<Vec<Source>, GateError> {
    let total = artifact.files.iter().filter(|file| Sort::of(&file.path).is_some()).count() as u64;
    let done = AtomicU64::new(0);
    let read = |buffers: &mut Buffers, file: &ArtifactFile| {
        let Some(sort) = Sort::of(&file.path) else { return Ok(Source::default()) };
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        let is_excluded = exclude.iter().any(|glob| glob.is_match(&file.path));
        let source = source(artifact, file, sort, site, is_excluded, numbering, buffers)?;
        scope.progress(done.fetch_add(1, Ordering::Relaxed) + 1, Some(total), "following links");
        Ok(source)
    };
    artifact.files.par_iter().map_init(Buffers::default, read).collect()
}

/// What a file is to this gate, told by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Page,
    Image,
    Stylesheet,
    Manifest,
    Xml,
    Lines,
    Robots,
}

impl Sort {
    fn of(path: &str) -> Option<Self> {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        let (stem, ending) = name.rsplit_once('.')?;
        let is = |known: &[&str]| known.iter().any(|known| ending.eq_ignore_ascii_case(known));
        if html::is_page(path) {
            Some(Self::Page)
        } else if is(&["css"]) {
            Some(Self::Stylesheet)
        } else if is(&["svg"]) {
            Some(Self::Image)
        } else if is(&["webmanifest"]) || name == "manifest.json" {
            Some(Self::Manifest)
        } else if is(&["xml", "rss", "atom"]) {
            Some(Self::Xml)
        } else if is(&["txt"]) && stem.starts_with("sitemap") {
            Some(Self::Lines)
        } else {
            (path == "robots.txt").then_some(Self::Robots)
        }
    }
}

/// What one thread uses again for each file.
#[derive(Debug, Default)]
struct Buffers {
    content: Vec<u8>,
    path: String,
    key: String,
}

fn source(
    artifact: &Artifact,
    file: &ArtifactFile,
    sort: Sort,
    site: &Site,
    is_excluded: bool,
    numbering: &Numbering,
    buffers: &mut Buffers,
) -> Result<Source, GateError> {
    let undecided = |why: &str| {
        Ok(Source {
            undecided: Some(format!("The links in `{}` are not known: {why}.", file.path)),
            ..Source::default()
        })
    };
    if file.size > html::MAX_BYTES {
        return undecided("it is too large to be read");
    }
    let path = artifact.root.join(&file.path);
    let Buffers { content, .. } = buffers;
    read_into(&path, content).map_err(|source| GateError::Unreadable { path, source })?;
    if content.len() as u64 > html::MAX_BYTES {
        return undecided("it is too large to be read");
    }
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        return undecided("it is in UTF-16");
    }
    let (mut contents, torn) = contents(sort, content);
    contents.parts.sort_unstable();
    contents.parts.dedup();
    let mut source = Source { torn, ..Source::default() };
    let base = site.base_of(&file.path, contents.base.as_deref());
    let overfull = || GateError::Unavailable {
        reason: "the site refers to more different things than can be held in memory".to_owned(),
    };
    if !is_excluded {
        follow(&mut source, &contents, &base, site, numbering, buffers).ok_or_else(overfull)?;
    }
    if let Some(url) = &contents.passes_on
        && let Address::Site { .. } = site.resolve(&base, url, &mut buffers.path)
    {
        let target = Target::Path { path: &buffers.path, fragment: "" };
        source.passes_on = Some(numbering.number(target, &mut buffers.key).ok_or_else(overfull)?);
    }
    if matches!(sort, Sort::Page | Sort::Image) {
        source.parts = Some(contents.parts.into());
    }
    Ok(source)
}

fn read_into(path: &std::path::Path, content: &mut Vec<u8>) -> io::Result<()> {
    content.clear();
    // One more byte than may be read, so that a file that grew shows.
    File::open(path)?.take(html::MAX_BYTES + 1).read_to_end(content).map(drop)
}

fn contents(sort: Sort, content: &[u8]) -> (Contents, Torn) {
    let text = || String::from_utf8_lossy(content);
    match sort {
        Sort::Page | Sort::Image => (references::of_page(content), None),
        Sort::Stylesheet => (references::of_stylesheet(&text()), None),
        Sort::Manifest => documents::of_manifest(&text()),
        Sort::Xml => documents::of_xml(&text()),
        Sort::Lines => (documents::of_lines(&text()), None),
        Sort::Robots => (documents::of_robots(&text()), None),
    }
}

/// Numbers what a file refers to; returns nothing when there is no room for it.
fn follow(
    source: &mut Source,
    contents: &Contents,
    base: &Base,
    site: &Site,
    numbering: &Numbering,
    buffers: &mut Buffers,
) -> Option<()> {
    let mut found = Vec::with_capacity(contents.references.len());
    for reference in &contents.references {
        let text = contents.text(reference);
        if contents.is_own_part(text) {
            source.within += 1;
            continue;
        }
        let Buffers { path, key, .. } = buffers;
        let mut refer = |target| {
            let to = numbering.number(target, key)?;
            found.push(Refers { to, at: u32::try_from(reference.at).unwrap_or(u32::MAX), role: reference.role });
            Some(())
        };
        let address = if reference.is_overlong { Address::Malformed } else { site.resolve(base, text, path) };
        let is_link = reference.role == Role::Link;
        match address {
            Address::Site { insecure } => {
                source.within += 1;
                refer(Target::Path { path, fragment: fragment_of(text) })?;
                if insecure && !is_link {
                    refer(Target::Insecure(text))?;
                }
            }
            Address::Elsewhere { insecure } => {
                source.elsewhere += 1;
                if insecure && !is_link {
                    refer(Target::Insecure(text))?;
                }
            }
            // Instructions link to `localhost` in good faith.
            Address::OwnMachine if is_link && !is_file_url(text) => {}
            Address::OwnMachine => refer(Target::OwnMachine(text))?,
            Address::Malformed => refer(Target::Malformed(text))?,
            Address::Nowhere => {}
        }
    }
    source.references = found.into();
    Some(())
}

fn is_file_url(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
}
