//! What a page says of itself as a whole.

use super::fault::{Code, LATE, PART};
use super::language;
use crate::html::StartTag;

/// Browsers look for the encoding in so many bytes.
const PRESCAN: usize = 1024;

/// What was seen of it.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The name of its type.
    doctype: Option<String>,
    /// Whether there is any tag of those that make a document: otherwise it may be a part that others show.
    is_document: bool,
    language: Option<(String, usize)>,
    charset: Option<(String, usize)>,
    /// Whether there is a title, and whether there is text in it.
    title: Option<(usize, bool)>,
    /// The part of the viewport that forbids zooming.
    zoom: Option<(String, usize)>,
    h1: Vec<usize>,
    /// Whether it only leads to another page.
    redirects: bool,
}

impl Document {
    pub(super) fn doctype(&mut self, name: &[u8]) {
        self.doctype.get_or_insert_with(|| String::from_utf8_lossy(name).into_owned());
    }

    pub(super) fn start(&mut self, tag: &StartTag<'_>) {
        let attributes = tag.attributes;
        self.is_document |= matches!(tag.name, b"html" | b"head" | b"title" | b"body" | b"frameset");
        match tag.name {
            b"html" => {
                let language = attributes.get("lang").map(|language| (language.to_owned(), tag.at));
                self.language = self.language.take().or(language);
            }
            b"title" if self.title.is_none() => self.title = Some((tag.at, false)),
            b"meta" => {
                let content = attributes.get("content").unwrap_or_default();
                let is = |name: &str, value: &str| {
                    attributes.get(name).is_some_and(|actual| actual.trim().eq_ignore_ascii_case(value))
                };
                if let Some(charset) = attributes.get("charset") {
                    self.charset.get_or_insert_with(|| (charset.trim().to_owned(), tag.at));
                } else if is("http-equiv", "content-type")
                    && let Some((_, charset)) = content.split_once("charset=")
                {
                    self.charset.get_or_insert_with(|| (charset.trim().to_owned(), tag.at));
                } else if is("http-equiv", "refresh") {
                    self.redirects = true;
                } else if is("name", "viewport") {
                    self.zoom = forbids_zoom(content).map(|part| (part, tag.at));
                }
            }
            _ => {}
        }
    }

    pub(super) fn title_text(&mut self) {
        if let Some((_, has_text)) = &mut self.title {
            *has_text = true;
        }
    }

    pub(super) fn h1(&mut self, at: usize) {
        self.h1.push(at);
    }

    /// Returns what is wrong: the code, the key, and where.
    pub(super) fn faults(self) -> Vec<(Code, String, Option<usize>)> {
        if self.is_part() {
            return vec![(Code::Doctype, PART.to_owned(), None)];
        }
        let mut faults = Vec::new();
        let mut add = |code, key: &str, at| faults.push((code, key.to_owned(), at));
        match &self.doctype {
            None => add(Code::Doctype, "", None),
            Some(name) if name != "html" => add(Code::Doctype, name, None),
            Some(_) => {}
        }
        match &self.language {
            None => add(Code::Language, "", None),
            Some((language, at)) if language.trim().is_empty() => add(Code::Language, "", Some(*at)),
            Some((language, at)) if !language::is_tag(language.trim()) => add(Code::Language, language, Some(*at)),
            Some(_) => {}
        }
        match &self.charset {
            Some((charset, at)) if !is_utf8(charset) => {
                add(Code::Charset, charset, Some(*at));
            }
            Some((_, at)) if *at >= PRESCAN => add(Code::Charset, LATE, Some(*at)),
            _ => {}
        }
        match self.title {
            None => add(Code::Title, "", None),
            Some((at, false)) => add(Code::Title, "empty", Some(at)),
            Some((_, true)) => {}
        }
        if let Some((part, at)) = &self.zoom {
            add(Code::Zoom, part, Some(*at));
        }
        match self.h1.as_slice() {
            [] if !self.redirects => add(Code::NoHeading, "", None),
            [_, second, ..] => add(Code::SeveralH1, "", Some(*second)),
            _ => {}
        }
        faults
    }

    /// Says whether nothing tells that this is a document by itself.
    pub(super) const fn is_part(&self) -> bool {
        self.doctype.is_none() && !self.is_document
    }

    /// Returns the encoding that is named.
    pub(super) fn charset(&self) -> Option<&str> {
        self.charset.as_ref().map(|(charset, _)| charset.as_str())
    }
}

/// Says whether an encoding's name is that of UTF-8.
pub(super) fn is_utf8(charset: &str) -> bool {
    charset.eq_ignore_ascii_case("utf-8") || charset.eq_ignore_ascii_case("utf8")
}

/// Returns the part of a viewport that keeps people from enlarging a page to twice its size.
fn forbids_zoom(content: &str) -> Option<String> {
    content.to_ascii_lowercase().split([',', ';']).map(str::trim).find_map(|part| {
        let (name, value) = part.split_once('=').map(|(name, value)| (name.trim(), value.trim()))?;
        let forbids = match name {
            "user-scalable" => matches!(value, "no" | "0"),
            "maximum-scale" => value.parse::<f64>().is_ok_and(|scale| (0.0..2.0).contains(&scale)),
            _ => false,
        };
        forbids.then(|| format!("{name}={value}"))
    })
}
