//! Which pages link which manifests, and where URLs lead on the preview.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use charter_artifact::{Artifact, ArtifactFile};
use charter_host::Scope;
use percent_encoding::percent_decode_str;
use rayon::prelude::*;
use url::Url;

use crate::GateError;
use crate::html::{self, MAX_BYTES, StartTag, Visitor, is_page};
use crate::measured::url_of;

/// The site as it is served.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) artifact: Arc<Artifact>,
    pub(super) preview: Url,
    hosts: Vec<String>,
}

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leads {
    /// To the host of the site.
    Here(Url),
    /// To another host, or to what is in the reference itself.
    Elsewhere,
    /// Nowhere: it is no URL.
    Malformed,
}

impl Place {
    pub(super) fn new(artifact: Arc<Artifact>, preview: Url, hosts: Vec<String>) -> Self {
        Self { artifact, preview, hosts }
    }

    /// Finds out where a reference leads from a URL.
    pub(super) fn lead(&self, base: &Url, reference: &str) -> Leads {
        let Ok(mut url) = base.join(reference) else { return Leads::Malformed };
        let is_ours = url.host_str().is_some_and(|host| self.hosts.iter().any(|ours| ours == host));
        if is_ours && matches!(url.scheme(), "http" | "https") {
            let moved = url.set_scheme(self.preview.scheme()).is_ok()
                && url.set_host(self.preview.host_str()).is_ok()
                && url.set_port(self.preview.port()).is_ok();
            if !moved {
                return Leads::Malformed;
            }
        }
        if url.origin() == self.preview.origin() { Leads::Here(url) } else { Leads::Elsewhere }
    }

    /// Returns the file of the site that a URL of its host leads to.
    pub(super) fn file(&self, url: &Url) -> Option<&ArtifactFile> {
        let path = url.path().strip_prefix(self.preview.path())?;
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.into_owned() };
        self.artifact.file(&path)
    }

    /// Returns the URL of a page, as visitors have it.
    pub(super) fn url(&self, page: &str) -> Option<Url> {
        url_of(self.preview.as_str(), page).parse().ok()
    }

    /// Reads a file of the site that may have so many bytes.
    pub(super) fn read(&self, file: &ArtifactFile, limit: u64) -> Result<Vec<u8>, String> {
        if file.size > limit {
            return Err(format!("`{}` has {} bytes, and more than {limit} are not read", file.path, file.size));
        }
        fs::read(self.artifact.root.join(&file.path))
            .map_err(|error| format!("`{}` could not be read: {error}", file.path))
    }
}

/// A manifest, and a page that links it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    /// Where the manifest is; nothing, when the link is no URL of the site's host.
    pub(super) url: Option<Url>,
    /// What is written in the first page that links it.
    pub(super) written: String,
    pub(super) page: String,
    pub(super) line: u32,
    /// Where that page is.
    pub(super) from: Url,
}

/// What the pages link, and what of them could not be read.
#[derive(Debug, Default)]
pub(super) struct Linked {
    pub(super) manifests: Vec<Link>,
    pub(super) undecided: Vec<String>,
}

/// Returns the pages of a site.
pub(super) fn of(artifact: &Artifact) -> impl Iterator<Item = &ArtifactFile> {
    artifact.files.iter().filter(|file| is_page(&file.path))
}

/// Finds the manifests that pages link, each with the first page that does.
pub(super) fn linked(place: &Place, scope: &Scope) -> Result<Linked, GateError> {
    let pages: Vec<&ArtifactFile> = of(&place.artifact).collect();
    let read = |page: &&ArtifactFile| -> Result<Result<Option<Link>, String>, GateError> {
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        Ok(place.read(page, MAX_BYTES).map(|content| link(place, &page.path, &content)))
    };
    let read = pages.par_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let mut linked = Linked::default();
    let mut first: BTreeMap<String, Link> = BTreeMap::new();
    for result in read {
        match result {
            Ok(Some(link)) => {
                let target = link.url.as_ref().map_or_else(|| link.written.clone(), Url::to_string);
                first.entry(target).or_insert(link);
            }
            Ok(None) => {}
            Err(what) => linked.undecided.push(what),
        }
    }
    linked.manifests = first.into_values().collect();
    Ok(linked)
}

/// Returns the manifest that a page links; of several, browsers take the first.
fn link(place: &Place, page: &str, content: &[u8]) -> Option<Link> {
    #[derive(Default)]
    struct Found {
        base: Option<String>,
        link: Option<(String, usize)>,
    }

    impl Visitor for Found {
        fn start(&mut self, tag: &StartTag<'_>) {
            if tag.inert || tag.foreign {
                return;
            }
            let attribute = |name| tag.attributes.get(name).map(str::to_owned);
            match tag.name {
                b"base" if self.base.is_none() => self.base = attribute("href"),
                b"link" if self.link.is_none() => {
                    let is_manifest = tag.attributes.get("rel").is_some_and(|rel| {
                        rel.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("manifest"))
                    });
                    // An empty one is none.
                    let href = attribute("href").filter(|href| is_manifest && !href.trim().is_empty());
                    self.link = href.map(|href| (href, tag.at));
                }
                _ => {}
            }
        }
    }

    // Most pages have not even the word.
    let has_word = content.windows(8).any(|word| word.eq_ignore_ascii_case(b"manifest"));
    if !has_word {
        return None;
    }
    let mut found = Found::default();
    html::read(content, &mut found);
    let (written, at) = found.link?;
    let from = place.url(page)?;
    let base = found.base.and_then(|base| from.join(&base).ok());
    let url = match place.lead(base.as_ref().unwrap_or(&from), &written) {
        Leads::Here(url) => Some(url),
        Leads::Elsewhere | Leads::Malformed => None,
    };
    Some(Link { url, written, page: page.to_owned(), line: html::position(content, at).0, from })
}
