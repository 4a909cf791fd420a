//! What a page refers to, and what can be referred to within it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use super::elements::Element;
use super::syntax::is_space;
use crate::html::css::{self, Piece};
use crate::html::{self, EndTag, StartTag, Visitor};

/// A reference that is longer is not followed; browsers and servers give up between 2 kB and 8 kB.
const MAX_REFERENCE: usize = 8 << 10;

/// What is kept of a reference that is too long, to name it.
const BEGINNING: usize = 80;

/// Why something refers to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// For the reader to go there.
    Link,
    /// For the browser to fetch it.
    Resource,
    /// For a form to be sent there.
    Form,
}

/// One reference, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Why it is there.
    pub(crate) role: Role,
    /// Where it is, in bytes from the start of the file.
    pub(crate) at: usize,
    /// Whether it is so long that only its beginning was kept.
    pub(crate) is_overlong: bool,
    text: Range<usize>,
}

/// What is in one file: each reference of it once, and the names of its parts.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// `<base href>`, the first one.
    pub(crate) base: Option<String>,
    /// Where a page sends its readers on to, when it also hands on the fragment with which they came.
    ///
    /// A `<meta http-equiv=refresh>` alone drops it; such pages have a script that reads `location.hash`.
    pub(crate) passes_on: Option<String>,
    /// Distinct references in the order of the file.
    pub(crate) references: Vec<Reference>,
    /// The hashes of every `id` and of every `name` of an `<a>`, see [`part`].
    pub(crate) parts: Vec<u64>,
    text: String,
    known: HashSet<u64>,
}

impl Contents {
    /// Returns a reference as it is written, without white space around it.
    pub(crate) fn text(&self, reference: &Reference) -> &str {
        &self.text[reference.text.clone()]
    }

    /// Adds a reference that begins `at` so many bytes, unless it is there already or leads nowhere by its scheme.
    pub(crate) fn refer(&mut self, role: Role, written: &str, at: usize) {
        let trimmed = written.trim_start_matches(is_space);
        let at = at + (written.len() - trimmed.len());
        let mut text = trimmed.trim_end_matches(is_space);
        if text.is_empty() || is_inline(text) {
            return;
        }
        let is_overlong = text.len() > MAX_REFERENCE;
        if is_overlong {
            text = &text[..text.floor_char_boundary(BEGINNING)];
        }
        let mut hasher = DefaultHasher::new();
        (role, text).hash(&mut hasher);
        if self.known.insert(hasher.finish()) {
            let start = self.text.len();
            self.text.push_str(text);
            self.references.push(Reference { role, at, is_overlong, text: start..self.text.len() });
        }
    }

    /// Says whether a reference is a fragment alone, and one of this page's parts has that name; they must be sorted.
    ///
    /// A large page may have thousands of these.
    pub(crate) fn is_own_part(&self, text: &str) -> bool {
        let fragment = text.strip_prefix('#').filter(|_| self.base.is_none());
        fragment.is_some_and(|fragment| self.parts.binary_search(&part(fragment)).is_ok())
    }

    /// Adds the name of a part of the page.
    pub(super) fn name_part(&mut self, name: Option<&str>) {
        self.parts.extend(name.filter(|name| !name.is_empty()).map(part));
    }
}

/// Returns what stands for the name of a part of a page.
pub(crate) fn part(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Reads a page, or an SVG image.
pub(crate) fn of_page(page: &[u8]) -> Contents {
    let mut reader = Reader::default();
    html::read(page, &mut reader);
    let mut contents = reader.contents;
    contents.passes_on = contents.passes_on.filter(|_| String::from_utf8_lossy(page).contains("location.hash"));
    contents
}

/// Reads a stylesheet.
pub(crate) fn of_stylesheet(css: &str) -> Contents {
    let mut contents = Contents::default();
    contents.refer_from_style(css, 0);
    contents
}

impl Contents {
    fn refer_from_style(&mut self, style: &str, start: usize) {
        css::read(style, |piece, at| match piece {
            // What a style refers to by a fragment alone is in the page that it styles.
            Piece::Other(url) if url.starts_with('#') => {}
            Piece::Import(url) | Piece::Font(url) | Piece::Other(url) => self.refer(Role::Resource, &url, start + at),
            Piece::UnicodeRange(_) | Piece::FontEnd => {}
        });
    }
}

/// Says whether a reference names no file by its scheme; these are left out before anything is copied, as they may be
/// long.
fn is_inline(text: &str) -> bool {
    ["data:", "javascript:", "mailto:", "tel:", "blob:", "about:"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

#[derive(Debug, Default)]
struct Reader {
    contents: Contents,
    /// How many `<template>` are open: what is in them is no part of the page, and often no URL yet.
    templates: usize,
    style: Option<Style>,
}

/// A style within a page, while it is being read.
#[derive(Debug, Default)]
struct Style {
    text: Vec<u8>,
    at: Option<usize>,
}

impl Visitor for Reader {
    fn start(&mut self, tag: &StartTag<'_>) {
        if tag.name == b"template" && !tag.foreign {
            self.templates += 1;
        }
        // What is in `<noscript>` is inert as well, and is what those without scripts get.
        if tag.inert && self.templates > 0 {
            return;
        }
        self.contents.name_part(tag.attributes.get("id"));
        if let Some(style) = tag.attributes.get("style").filter(|style| style.contains("(")) {
            let at = tag.attributes.at("style").unwrap_or(tag.at);
            self.contents.refer_from_style(style, at);
        }
        let mut element = Element { tag, contents: &mut self.contents };
        if tag.foreign {
            element.foreign();
        } else {
            element.html();
        }
        if tag.name == b"style" && !tag.self_closing {
            self.style = Some(Style::default());
        }
    }

    fn text(&mut self, text: &[u8], at: usize) {
        if let Some(style) = &mut self.style {
            style.at.get_or_insert(at);
            style.text.extend_from_slice(text);
        }
    }

    fn end(&mut self, tag: &EndTag<'_>) {
        if tag.name == b"template" && !tag.foreign {
            self.templates = self.templates.saturating_sub(1);
        }
        if tag.name == b"style"
            && let Some(Style { text, at: Some(at) }) = self.style.take()
        {
            self.contents.refer_from_style(&String::from_utf8_lossy(&text), at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(page: &str) -> Vec<String> {
        let contents = of_page(page.as_bytes());
        contents.references.iter().map(|one| contents.text(one).to_owned()).collect()
    }

    #[test]
    fn what_leads_nowhere_is_left_out() {
        for page in [
            "<template><a href=x></a></template>",
            "<!-- <a href=x></a> -->",
            "<a href=''></a><img src=' '>",
            "<a href='javascript:go()'></a><a href=MAILTO:ann@example.org></a><img src='data:image/png;base64,AAAA'>",
            "<script>'<a href=x>'</script>",
            "<p style='filter: url(#blur)'><style>p { filter: url(#blur) }</style>",
        ] {
            assert_eq!(texts(page), Vec::<String>::new(), "{page}");
        }
        assert_eq!(texts("<template></template><a href=x>"), ["x"]);
    }

    #[test]
    fn a_reference_counts_once_for_each_role_and_is_where_it_is_said_to_be() {
        let page = "<a href=' x.png'>é</a><a href=x.png></a><img src='x.png' srcset='x.png, y.png 2x'>";
        let contents = of_page(page.as_bytes());
        let found: Vec<(&str, Role)> = contents.references.iter().map(|one| (contents.text(one), one.role)).collect();
        assert_eq!(found, [("x.png", Role::Link), ("x.png", Role::Resource), ("y.png", Role::Resource)]);
        for one in &contents.references {
            assert!(page[one.at..].starts_with(contents.text(one)), "{one:?}");
        }
    }

    #[test]
    fn parts_are_named_by_ids_and_by_names_of_links() {
        let contents = of_page(b"<p id=a><a name=b></a><img name=c><template><p id=d></template><svg><g id=e>");
        assert_eq!(contents.parts, ["a", "b", "e"].map(part));
    }

    #[test]
    fn a_page_passes_fragments_on_only_with_a_script() {
        let page = "<meta http-equiv=refresh content='0; url=a.html'>";
        assert_eq!(of_page(page.as_bytes()).passes_on, None);
        let page = format!("{page}<script>location = 'a.html' + location.hash</script>");
        assert_eq!(of_page(page.as_bytes()).passes_on.as_deref(), Some("a.html"));
    }

    proptest! {
        #[test]
        fn any_bytes_can_be_read(page: Vec<u8>) {
            let _ = of_page(&page);
        }
    }
}
