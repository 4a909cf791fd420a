//! From html5gum's states to a [`Visitor`], without an allocation per tag.

use std::convert::Infallible;

use html5gum::{Emitter, Error, State, Tokenizer};

use super::foreign::Namespaces;
use super::{Attributes, EndTag, StartTag, Visitor};

/// Reads a page from `base` on.
pub(super) fn read_from(page: &[u8], base: usize, inert: bool, visitor: &mut impl Visitor) {
    let told = Told {
        page,
        visitor,
        namespaces: Namespaces::default(),
        attributes: Attributes::default(),
        name: Vec::new(),
        last_start: Vec::new(),
        tag: Tag::Start,
        at: base,
        position: base,
        self_closing: false,
        inert,
        noscript: None,
        doctype: Vec::new(),
    };
    let Ok(()) = Tokenizer::new_with_emitter(&page[base..], told).finish();
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Start,
    End { has_attributes: bool },
}

/// What is known at one point of the page.
struct Told<'a, V> {
    page: &'a [u8],
    visitor: &'a mut V,
    namespaces: Namespaces,
    attributes: Attributes,
    /// The name of the tag being read.
    name: Vec<u8>,
    last_start: Vec<u8>,
    tag: Tag,
    /// Where the tag, comment or document type being read began.
    at: usize,
    position: usize,
    self_closing: bool,
    /// Whether all of this is in `<noscript>`.
    inert: bool,
    /// Where the content of an open `<noscript>` began.
    noscript: Option<usize>,
    /// The name of the document type being read.
    doctype: Vec<u8>,
}

impl<V: Visitor> Told<'_, V> {
    fn start_tag(&mut self) -> Option<State> {
        if !self.attributes.finish() {
            self.emit_error(Error::DuplicateAttribute);
        }
        let inert = self.inert || self.namespaces.is_inert();
        let foreign = self.namespaces.start(&self.name, &self.attributes, self.self_closing);
        self.visitor.start(&StartTag {
            name: &self.name,
            attributes: &self.attributes,
            at: self.at,
            self_closing: self.self_closing,
            foreign,
            inert,
        });
        std::mem::swap(&mut self.last_start, &mut self.name);
        // The tokenizer reads foreign elements like any other: `<title>` and `<script>` of SVG hold tags.
        if foreign {
            return None;
        }
        if self.last_start == b"noscript" {
            self.noscript = Some(self.position);
        }
        next_state(&self.last_start)
    }

    fn end_tag(&mut self) {
        if let Some(from) = self.noscript.take().filter(|_| self.name == b"noscript") {
            read_from(&self.page[..self.at], from, true, self.visitor);
        }
        let foreign = self.namespaces.end(&self.name);
        let inert = self.inert || self.namespaces.is_inert();
        self.last_start.clear();
        self.visitor.end(&EndTag { name: &self.name, at: self.at, foreign, inert });
    }
}

/// Says how to read on behind a start tag of HTML, in a browser that runs scripts.
fn next_state(name: &[u8]) -> Option<State> {
    match name {
        b"script" => Some(State::ScriptData),
        b"title" | b"textarea" => Some(State::RcData),
        b"style" | b"noscript" | b"iframe" | b"xmp" | b"noembed" | b"noframes" => Some(State::RawText),
        b"plaintext" => Some(State::PlainText),
        _ => None,
    }
}

impl<V: Visitor> Emitter for Told<'_, V> {
    type Token = Infallible;

    #[inline]
    fn move_position(&mut self, offset: isize) {
        self.position = self.position.saturating_add_signed(offset);
    }

    fn set_last_start_tag(&mut self, name: Option<&[u8]>) {
        self.last_start.clear();
        self.last_start.extend_from_slice(name.unwrap_or_default());
    }

    fn emit_eof(&mut self) {}

    #[inline]
    fn emit_error(&mut self, error: Error) {
        if V::WANTS_ERRORS {
            self.visitor.error(error, self.position);
        }
    }

    #[inline]
    fn should_emit_errors(&mut self) -> bool {
        V::WANTS_ERRORS
    }

    #[inline]
    fn pop_token(&mut self) -> Option<Infallible> {
        None
    }

    #[inline]
    fn emit_string(&mut self, text: &[u8]) {
        // The content of `<noscript>` is told when it ends.
        if self.noscript.is_none() && !text.is_empty() {
            self.visitor.text(text, self.position.saturating_sub(text.len()));
        }
    }

    #[inline]
    fn start_open_tag(&mut self) {
        self.at = self.position.saturating_sub(1);
    }

    #[inline]
    fn init_start_tag(&mut self) {
        self.tag = Tag::Start;
        self.self_closing = false;
        self.name.clear();
        self.attributes.clear();
    }

    #[inline]
    fn init_end_tag(&mut self) {
        self.tag = Tag::End { has_attributes: false };
        self.self_closing = false;
        self.name.clear();
        self.attributes.clear();
    }

    #[inline]
    fn push_tag_name(&mut self, piece: &[u8]) {
        self.name.extend_from_slice(piece);
    }

    fn emit_current_tag(&mut self) -> Option<State> {
        match self.tag {
            Tag::Start => self.start_tag(),
            Tag::End { has_attributes } => {
                if has_attributes {
                    self.emit_error(Error::EndTagWithAttributes);
                }
                if self.self_closing {
                    self.emit_error(Error::EndTagWithTrailingSolidus);
                }
                self.end_tag();
                None
            }
        }
    }

    fn set_self_closing(&mut self) {
        self.self_closing = true;
    }

    #[inline]
    fn init_attribute(&mut self) {
        match &mut self.tag {
            Tag::End { has_attributes } => *has_attributes = true,
            Tag::Start => {
                if !self.attributes.begin(self.position.saturating_sub(1)) {
                    self.emit_error(Error::DuplicateAttribute);
                }
            }
        }
    }

    #[inline]
    fn init_attribute_value(&mut self) {
        self.attributes.begin_value(self.position);
    }

    #[inline]
    fn push_attribute_name(&mut self, piece: &[u8]) {
        self.attributes.push_name(piece);
    }

    #[inline]
    fn push_attribute_value(&mut self, piece: &[u8]) {
        self.attributes.push_value(piece);
    }

    fn init_comment(&mut self) {}

    fn push_comment(&mut self, _: &[u8]) {}

    fn emit_current_comment(&mut self) {}

    fn init_doctype(&mut self) {
        self.doctype.clear();
    }

    fn push_doctype_name(&mut self, piece: &[u8]) {
        self.doctype.extend_from_slice(piece);
    }

    fn set_doctype_public_identifier(&mut self, _: &[u8]) {}

    fn set_doctype_system_identifier(&mut self, _: &[u8]) {}

    fn push_doctype_public_identifier(&mut self, _: &[u8]) {}

    fn push_doctype_system_identifier(&mut self, _: &[u8]) {}

    fn set_force_quirks(&mut self) {}

    fn emit_current_doctype(&mut self) {
        self.visitor.doctype(&self.doctype, self.at);
    }

    #[inline]
    fn current_is_appropriate_end_tag_token(&mut self) -> bool {
        self.tag != Tag::Start && !self.last_start.is_empty() && self.last_start == self.name
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.namespaces.is_foreign()
    }
}
