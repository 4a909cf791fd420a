//! Which files each page makes the browser fetch.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};

use charter_artifact::{Artifact, ArtifactFile};
use charter_host::Scope;
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::address::{Place, Site};
use super::contents::{self, Contents};
use super::step::Step;
use super::stylesheet::Stylesheet;
use crate::GateError;
use crate::html::{self, module};

/// A file of the artifact, by its place in it.
pub(super) type FileIndex = u32;

/// What is weighed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Script,
    Style,
    Image,
    Font,
    /// The page itself with all of the above.
    Total,
}

impl Sort {
    pub(super) const ALL: [Self; 5] = [Self::Script, Self::Style, Self::Image, Self::Font, Self::Total];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Style => "style",
            Self::Image => "image",
            Self::Font => "font",
            Self::Total => "total",
        }
    }
}

/// What the browser fetches: whole files, and a text within a page.
#[derive(Debug, Clone, Default)]
pub(super) struct Load {
    /// Each once, sorted.
    pub(super) files: Box<[FileIndex]>,
    pub(super) text: Option<InlineText>,
}

/// The scripts, or the styles, in a page.
#[derive(Debug, Clone, Copy)]
pub(super) struct InlineText {
    pub(super) page: FileIndex,
    pub(super) sort: Sort,
    pub(super) bytes: u64,
    pub(super) digest: [u8; 32],
}

/// A page and what it makes the browser fetch, by [`Sort`].
#[derive(Debug)]
pub(super) struct Page {
    pub(super) file: FileIndex,
    pub(super) loads: [Load; 5],
}

impl Page {
    pub(super) const fn load(&self, sort: Sort) -> &Load {
        &self.loads[sort as usize]
    }
}

/// What files name that is not in the site: each with the first file that names it and how many do.
pub(super) type Named = BTreeMap<String, (FileIndex, u64)>;

/// All pages that were read.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) pages: Vec<Page>,
    /// Paths of scripts and stylesheets that are not there.
    pub(super) missing: Named,
    /// Hosts that are not this site's.
    pub(super) elsewhere: Named,
    /// How many files the pages make the browser fetch.
    pub(super) resources: u64,
    /// What could not be read, one sentence each.
    pub(super) undecided: Vec<String>,
}

impl Pages {
    /// Reads the pages at these places of the artifact, then whatever they and their stylesheets and modules name.
    pub(super) fn read(
        artifact: &Artifact,
        site: &Site<'_>,
        pages: &[FileIndex],
        scope: &Scope,
    ) -> Result<Self, GateError> {
        let step = Step::new(scope, "reading pages", pages.len());
        let read = |buffer: &mut Vec<u8>, file: &FileIndex| {
            step.then(|| Needs::of_page(artifact, site, *file, buffer).map(|needs| (*file, needs)))
        };
        let pages: Vec<(FileIndex, Needs)> = pages.par_iter().map_init(Vec::new, read).collect::<Result<_, _>>()?;
        let linked = follow(artifact, site, pages.iter().map(|(_, needs)| needs), scope)?;

        let mut all = Self::default();
        let mut resources = BTreeSet::new();
        for needs in
            pages.iter().map(|(file, needs)| (file, needs)).chain(linked.iter().map(|(of, needs)| (&of.1, needs)))
        {
            all.note(*needs.0, needs.1);
        }
        for (file, needs) in pages.into_iter().filter(|(_, needs)| needs.too_large.is_none()) {
            let page = page(file, &needs, &linked);
            resources.extend(page.load(Sort::Total).files.iter().copied().filter(|resource| *resource != file));
            all.pages.push(page);
        }
        all.resources = resources.len() as u64;
        Ok(all)
    }

    fn note(&mut self, file: FileIndex, needs: &Needs) {
        for (of, things) in [(&mut self.missing, &needs.missing), (&mut self.elsewhere, &needs.elsewhere)] {
            for thing in things {
                let named = of.entry(thing.clone()).or_insert((file, 0));
                *named = (named.0.min(file), named.1 + 1);
            }
        }
        self.undecided.extend(needs.too_large.clone());
    }
}

/// What is read further to find what it names itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Follow {
    Module,
    Style,
}

/// What one file names.
#[derive(Debug, Default)]
struct Needs {
    scripts: BTreeSet<FileIndex>,
    modules: BTreeSet<FileIndex>,
    styles: BTreeSet<FileIndex>,
    images: BTreeSet<FileIndex>,
    fonts: BTreeSet<FileIndex>,
    script_text: Option<InlineText>,
    style_text: Option<InlineText>,
    missing: BTreeSet<String>,
    elsewhere: BTreeSet<String>,
    /// The sentence that says so, when it was not read.
    too_large: Option<String>,
}

type Linked = BTreeMap<(Follow, FileIndex), Needs>;

impl Needs {
    fn of_page(artifact: &Artifact, site: &Site<'_>, file: FileIndex, buffer: &mut Vec<u8>) -> Result<Self, GateError> {
        let page = &artifact.files[file as usize];
        if !load_into(artifact, page, buffer)? {
            return Ok(Self::unread(page));
        }
        let mut contents = contents::read(buffer);
        let base = site.base_of(&page.path, contents.base.as_deref());
        let mut needs = Self::default();
        for url in &contents.scripts {
            needs.locate(site, &base, url, |needs| &mut needs.scripts, Some(&mut contents.inline_script));
        }
        for url in &contents.modules {
            needs.locate(site, &base, url, |needs| &mut needs.modules, Some(&mut contents.inline_script));
        }
        for url in &contents.styles {
            needs.locate(site, &base, url, |needs| &mut needs.styles, Some(&mut contents.inline_style));
        }
        for candidates in &contents.images {
            needs.image(artifact, site, &base, candidates);
        }
        for url in &contents.fonts {
            needs.resource(site, &base, url, |needs| &mut needs.fonts);
        }
        needs.script_text = inline_text(file, Sort::Script, &contents.inline_script);
        needs.style_text = inline_text(file, Sort::Style, &contents.inline_style);
        Ok(needs)
    }

    fn of_style(artifact: &Artifact, site: &Site<'_>, file: FileIndex) -> Result<Self, GateError> {
        let style = &artifact.files[file as usize];
        let Some(text) = load(artifact, style)? else { return Ok(Self::unread(style)) };
        let base = site.base_of(&style.path, None);
        let sheet = Stylesheet::read(&String::from_utf8_lossy(&text));
        let mut needs = Self::default();
        for url in &sheet.imports {
            needs.locate(site, &base, url, |needs| &mut needs.styles, None);
        }
        for url in &sheet.fonts {
            needs.resource(site, &base, url, |needs| &mut needs.fonts);
        }
        for url in &sheet.images {
            needs.resource(site, &base, url, |needs| &mut needs.images);
        }
        Ok(needs)
    }

    fn of_module(artifact: &Artifact, site: &Site<'_>, file: FileIndex) -> Result<Self, GateError> {
        let script = &artifact.files[file as usize];
        let Some(text) = load(artifact, script)? else { return Ok(Self::unread(script)) };
        let base = site.base_of(&script.path, None);
        let mut needs = Self::default();
        module::imports(&text, |specifier| {
            if is_address(specifier) {
                needs.locate(site, &base, specifier, |needs| &mut needs.modules, None);
            }
        });
        Ok(needs)
    }

    fn unread(file: &ArtifactFile) -> Self {
        let sentence =
            format!("`{}` has {} bytes, and more than {} are not read", file.path, file.size, html::MAX_BYTES);
        Self { too_large: Some(sentence), ..Self::default() }
    }

    /// Notes a script or style; one that is not there is worth a finding, and one in the URL itself is text.
    fn locate(
        &mut self,
        site: &Site<'_>,
        base: &Url,
        url: &str,
        files: impl FnOnce(&mut Self) -> &mut BTreeSet<FileIndex>,
        text: Option<&mut Vec<u8>>,
    ) {
        match site.locate(base, url) {
            Place::File(file) => _ = files(self).insert(file),
            Place::Missing(path) => _ = self.missing.insert(path),
            Place::Elsewhere(host) => _ = self.elsewhere.insert(host),
            Place::Here => text.into_iter().for_each(|text| text.extend_from_slice(url.as_bytes())),
            Place::Nowhere => {}
        }
    }

    /// Notes an image or font; one that is not there weighs nothing, and one in the URL itself is weighed with it.
    fn resource(
        &mut self,
        site: &Site<'_>,
        base: &Url,
        url: &str,
        files: impl FnOnce(&mut Self) -> &mut BTreeSet<FileIndex>,
    ) {
        match site.locate(base, url) {
            Place::File(file) => _ = files(self).insert(file),
            Place::Elsewhere(host) => _ = self.elsewhere.insert(host),
            Place::Missing(_) | Place::Here | Place::Nowhere => {}
        }
    }

    /// Notes the largest file of those that a browser may take for an image.
    fn image(&mut self, artifact: &Artifact, site: &Site<'_>, base: &Url, candidates: &[String]) {
        let mut found = BTreeSet::new();
        for url in candidates {
            match site.locate(base, url) {
                Place::File(file) => _ = found.insert(file),
                Place::Elsewhere(host) => _ = self.elsewhere.insert(host),
                Place::Missing(_) | Place::Here | Place::Nowhere => {}
            }
        }
        self.images.extend(found.into_iter().max_by_key(|file| artifact.files[*file as usize].size));
    }

    fn follow(&self) -> impl Iterator<Item = (Follow, FileIndex)> {
        let of =
            |follow: Follow, files: &'_ BTreeSet<FileIndex>| files.iter().map(move |file| (follow, *file)).collect();
        let modules: Vec<_> = of(Follow::Module, &self.modules);
        let styles: Vec<_> = of(Follow::Style, &self.styles);
        modules.into_iter().chain(styles)
    }
}

/// Reads the stylesheets and modules that are named, those that they name, and so on; each once.
fn follow<'n>(
    artifact: &Artifact,
    site: &Site<'_>,
    named: impl Iterator<Item = &'n Needs>,
    scope: &Scope,
) -> Result<Linked, GateError> {
    let step = Step::new(scope, "reading stylesheets and modules", 0);
    let mut linked = Linked::new();
    let mut next: BTreeSet<(Follow, FileIndex)> = named.flat_map(Needs::follow).collect();
    while !next.is_empty() {
        let read = |of: (Follow, FileIndex)| {
            step.then(|| match of {
                (Follow::Module, file) => Needs::of_module(artifact, site, file),
                (Follow::Style, file) => Needs::of_style(artifact, site, file),
            })
            .map(|needs| (of, needs))
        };
        let found: Vec<_> = next.into_par_iter().map(read).collect::<Result<_, GateError>>()?;
        next = found.iter().flat_map(|(_, needs)| needs.follow()).collect();
        linked.extend(found);
        next.retain(|of| !linked.contains_key(of));
    }
    Ok(linked)
}

/// Adds up what a page needs with what that needs in turn.
fn page(file: FileIndex, needs: &Needs, linked: &Linked) -> Page {
    let mut reached: BTreeSet<(Follow, FileIndex)> = BTreeSet::new();
    let mut open: Vec<(Follow, FileIndex)> = needs.follow().collect();
    let (mut images, mut fonts) = (needs.images.clone(), needs.fonts.clone());
    while let Some(of) = open.pop() {
        if let Some(needs) = linked.get(&of).filter(|_| reached.insert(of)) {
            images.extend(&needs.images);
            fonts.extend(&needs.fonts);
            open.extend(needs.follow());
        }
    }
    let of = |follow: Follow| reached.iter().filter(move |(sort, _)| *sort == follow).map(|(_, file)| *file);
    let scripts: BTreeSet<FileIndex> = needs.scripts.iter().copied().chain(of(Follow::Module)).collect();
    let styles: BTreeSet<FileIndex> = of(Follow::Style).collect();
    let total: BTreeSet<FileIndex> =
        scripts.iter().chain(&styles).chain(&images).chain(&fonts).copied().chain([file]).collect();
    let load = |files: BTreeSet<FileIndex>, text| Load { files: files.into_iter().collect(), text };
    Page {
        file,
        loads: [
            load(scripts, needs.script_text),
            load(styles, needs.style_text),
            load(images, None),
            load(fonts, None),
            // The texts are in the page itself.
            load(total, None),
        ],
    }
}

fn inline_text(page: FileIndex, sort: Sort, text: &[u8]) -> Option<InlineText> {
    let digest = || Sha256::digest(text).into();
    (!text.is_empty()).then(|| InlineText { page, sort, bytes: text.len() as u64, digest: digest() })
}

/// Returns the scripts or the styles in a page once more.
pub(super) fn text_of(artifact: &Artifact, site: &Site<'_>, text: &InlineText) -> Result<Vec<u8>, GateError> {
    let file = &artifact.files[text.page as usize];
    let Some(page) = load(artifact, file)? else { return Ok(Vec::new()) };
    let Contents { base, scripts, modules, styles, mut inline_script, mut inline_style, .. } = contents::read(&page);
    let base = site.base_of(&file.path, base.as_deref());
    let (urls, inline) = match text.sort {
        Sort::Style => (styles, &mut inline_style),
        _ => ([scripts, modules].concat(), &mut inline_script),
    };
    for url in urls.iter().filter(|url| site.locate(&base, url) == Place::Here) {
        inline.extend_from_slice(url.as_bytes());
    }
    Ok(std::mem::take(inline))
}

/// Says whether a module specifier is a URL; others are bare names, which mean something to import maps only.
fn is_address(specifier: &str) -> bool {
    ["/", "./", "../"].iter().any(|start| specifier.starts_with(start)) || Url::parse(specifier).is_ok()
}

/// Reads a file, unless it is too large for that.
fn load(artifact: &Artifact, file: &ArtifactFile) -> Result<Option<Vec<u8>>, GateError> {
    let mut content = Vec::new();
    Ok(load_into(artifact, file, &mut content)?.then_some(content))
}

/// Reads a file in the place of another, unless it is too large for that; memory that is asked for again and again
/// would cost as much time as reading.
fn load_into(artifact: &Artifact, file: &ArtifactFile, content: &mut Vec<u8>) -> Result<bool, GateError> {
    if file.size > html::MAX_BYTES {
        return Ok(false);
    }
    content.clear();
    File::open(artifact.root.join(&file.path))
        .and_then(|mut open| open.read_to_end(content))
        .map_err(|source| unreadable(artifact, file, source))?;
    Ok(true)
}

pub(super) fn unreadable(artifact: &Artifact, file: &ArtifactFile, source: io::Error) -> GateError {
    GateError::Unreadable { path: artifact.root.join(&file.path), source }
}
