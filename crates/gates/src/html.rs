//! Reads HTML as browsers do, as a stream of tags and texts: the one reader for every gate that looks at pages.
//!
//! The tokenizer is html5gum's. What a browser's tree builder tells its tokenizer is decided here from the names of the
//! tags alone: how to read on behind `<script>` and its like, where SVG and MathML begin and end, and what is inert.

mod attributes;
pub(crate) mod css;
mod emitter;
mod foreign;
pub(crate) mod module;

pub(crate) use attributes::Attributes;

/// A page that is larger is not read, so that a hostile one cannot take all memory; the longest known, the HTML
/// standard itself on one page, has 14 MB.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// One start tag.
#[derive(Debug)]
pub(crate) struct StartTag<'a> {
    /// Its name in lower case.
    pub(crate) name: &'a [u8],
    /// Its attributes, without those that repeat a name.
    pub(crate) attributes: &'a Attributes,
    /// Where its `<` is, in bytes from the start of the page.
    pub(crate) at: usize,
    /// Whether it ends with `/>`, which means something in SVG and MathML only.
    pub(crate) self_closing: bool,
    /// Whether the element is one of SVG or MathML; `<svg>` and `<math>` themselves are.
    pub(crate) foreign: bool,
    /// Whether it is in a `<template>` that stays one, or in `<noscript>`, so that a browser with scripts ignores it.
    pub(crate) inert: bool,
}

/// One end tag.
#[derive(Debug)]
pub(crate) struct EndTag<'a> {
    /// Its name in lower case.
    pub(crate) name: &'a [u8],
    /// Where its `<` is, in bytes from the start of the page.
    pub(crate) at: usize,
    /// Whether it ends an element of SVG or MathML.
    pub(crate) foreign: bool,
    /// Whether it is in a `<template>` or `<noscript>`; their own end tags are not in them.
    pub(crate) inert: bool,
}

/// Hears of what is in a page, in its order.
pub(crate) trait Visitor {
    /// Whether it wants to hear of errors, for which every character must be looked at.
    const WANTS_ERRORS: bool = false;

    /// Hears of a start tag.
    fn start(&mut self, _tag: &StartTag<'_>) {}

    /// Hears of an end tag.
    fn end(&mut self, _tag: &EndTag<'_>) {}

    /// Hears of a piece of text with its character references replaced. One text may come in several pieces, also that
    /// of a script or a style; `at` is where the piece begins, in bytes, and for a replaced reference about there.
    fn text(&mut self, _text: &[u8], _at: usize) {}

    /// Hears of a violation of the standard's syntax. `at` is just behind what is wrong.
    fn error(&mut self, _error: html5gum::Error, _at: usize) {}

    /// Hears of the document type.
    fn doctype(&mut self, _name: &[u8], _at: usize) {}
}

/// Reads a page. Any bytes are a page; what is not UTF-8 becomes U+FFFD.
///
/// What is in `<noscript>` is told when it ends, as inert, because to a browser with scripts it is a mere text.
pub(crate) fn read(page: &[u8], visitor: &mut impl Visitor) {
    let mark = if page.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    emitter::read_from(page, mark, false, visitor);
}

/// Says whether a file's name is that of a page.
pub(crate) fn is_page(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ["html", "htm", "xhtml"].iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// Returns the line and the column of an offset in bytes, both from 1, the column in characters.
pub(crate) fn position(page: &[u8], offset: usize) -> (u32, u32) {
    let before = &page[..offset.min(page.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let lines = before[..line_start].iter().filter(|byte| **byte == b'\n').count();
    let is_first_byte = |byte: &&u8| **byte & 0xc0 != 0x80;
    let column = before[line_start..].iter().filter(is_first_byte).count();
    let from_one = |count: usize| u32::try_from(count).unwrap_or(u32::MAX - 1) + 1;
    (from_one(lines), from_one(column))
}

#[cfg(test)]
mod tests;
