//! What is wrong with one page.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use html5gum::Error;

use super::document::{Document, is_utf8};
use super::element;
use super::fault::{BROKEN, Code, Fault, TOO_MANY};
use super::names::{self, Context, Input, Role};
use super::nesting::{Nesting, Tangle};
use crate::html::{self, Attributes, EndTag, StartTag, Visitor};

/// Of one code a page is told about so many different things; all further ones are told together.
const MAX_KEYS: usize = 10;

/// Of more controls than this in one page the rest is not looked at.
const MAX_CONTROLS: usize = 10_000;

/// Longer keys are cut, in bytes.
const MAX_KEY: usize = 80;

/// Returns what is wrong with a page, by code and key.
pub(super) fn check(page: &[u8]) -> Vec<Fault> {
    let mut checker = Checker::default();
    html::read(page, &mut checker);
    checker.finish(page)
}

#[derive(Debug, Default)]
struct Checker {
    faults: BTreeMap<Code, BTreeMap<String, (Option<usize>, u32)>>,
    document: Document,
    nesting: Nesting,
    contexts: Vec<Context>,
    ids: HashSet<u64>,
    /// The ids that labels name.
    labels: HashSet<String>,
    /// Controls without a name of their own: their id, their key, and where they are.
    controls: Vec<(Option<String>, String, usize)>,
    last_heading: Option<u8>,
}

impl Visitor for Checker {
    const WANTS_ERRORS: bool = true;

    fn doctype(&mut self, name: &[u8], _: usize) {
        self.document.doctype(name);
    }

    fn error(&mut self, error: Error, at: usize) {
        // Old pages and templates are full of characters that harm nobody.
        if !matches!(error, Error::ControlCharacterInInputStream | Error::NoncharacterInInputStream) {
            self.fault(Code::Syntax, error.as_str(), Some(at));
        }
    }

    fn start(&mut self, tag: &StartTag<'_>) {
        if tag.inert {
            return;
        }
        let attributes = tag.attributes;
        if let Some(id) = attributes.get("id").filter(|id| !id.is_empty()) {
            let mut hasher = DefaultHasher::new();
            id.hash(&mut hasher);
            if !self.ids.insert(hasher.finish()) {
                self.fault(Code::DuplicateId, id, attributes.at("id"));
            }
        }
        if tag.foreign {
            return self.foreign(tag);
        }
        let is_open = self.nesting.start(tag.name, tag.at);
        self.leave_contexts(usize::from(is_open));
        let is_hidden = names::is_hidden(attributes);
        if !is_hidden && !self.is_hidden() {
            self.element(tag, is_open);
        } else if is_hidden && is_open {
            self.contexts.push(Context { depth: self.nesting.depth(), role: Role::Hidden });
        }
        self.document.start(tag);
        if element::is_obsolete(tag.name) {
            self.fault(Code::Obsolete, &String::from_utf8_lossy(tag.name), Some(tag.at));
        }
        if let Some(value) = attributes.get("tabindex")
            && value.trim().parse::<i64>().is_ok_and(|index| index > 0)
        {
            self.fault(Code::Tabindex, &String::from_utf8_lossy(tag.name), attributes.at("tabindex"));
        }
    }

    fn end(&mut self, tag: &EndTag<'_>) {
        if tag.inert || (tag.foreign && !matches!(tag.name, b"svg" | b"math")) {
            return;
        }
        self.nesting.end(tag.name, tag.at);
        self.leave_contexts(0);
    }

    fn text(&mut self, text: &[u8], at: usize) {
        if text.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let innermost = self.nesting.innermost().unwrap_or_default();
        if innermost == b"title" {
            self.document.title_text();
        }
        if !element::is_silent(innermost) && !self.contexts.is_empty() {
            self.name();
        }
        self.nesting.text(at);
    }
}

impl Checker {
    /// Looks at an element of HTML that people meet.
    fn element(&mut self, tag: &StartTag<'_>, is_open: bool) {
        let attributes = tag.attributes;
        if names::is_named(attributes) {
            self.name();
        }
        match tag.name {
            b"img" => {
                if names::says(attributes, "alt") {
                    self.name();
                }
                let has_text =
                    attributes.has("alt") || names::is_named(attributes) || names::is_presentation(attributes);
                if !has_text {
                    self.fault(Code::ImageText, attributes.get("src").unwrap_or_default(), Some(tag.at));
                }
            }
            b"area" if attributes.has("href") && !names::says(attributes, "alt") && !names::is_named(attributes) => {
                self.fault(Code::ImageText, attributes.get("href").unwrap_or_default(), Some(tag.at));
            }
            b"iframe" => {
                let is_for_people = !names::is_presentation(attributes) && attributes.get("tabindex") != Some("-1");
                if is_for_people && !names::is_named(attributes) {
                    self.fault(Code::FrameTitle, attributes.get("src").unwrap_or_default(), Some(tag.at));
                }
            }
            b"input" => self.input(tag),
            b"select" | b"textarea" => self.control(tag, &String::from_utf8_lossy(tag.name)),
            b"label" => {
                self.labels.extend(attributes.get("for").map(str::to_owned));
                self.open(is_open, Role::Label);
            }
            b"a" if attributes.has("href") => {
                let key = attributes.get("href").unwrap_or_default().to_owned();
                let is_named = names::is_named(attributes);
                self.open(is_open, Role::Named { is_link: true, key, at: tag.at, is_named });
            }
            b"button" => {
                let is_named = names::is_named(attributes);
                let key = told_by(attributes, "button");
                self.open(is_open, Role::Named { is_link: false, key, at: tag.at, is_named });
            }
            name => {
                if let Some(level) = element::heading(name) {
                    self.heading(level, tag.at);
                }
            }
        }
    }

    fn foreign(&mut self, tag: &StartTag<'_>) {
        let is_root = matches!(tag.name, b"svg" | b"math");
        let is_open = is_root && !tag.self_closing && self.nesting.start(tag.name, tag.at);
        self.leave_contexts(usize::from(is_open));
        if names::is_hidden(tag.attributes) {
            if is_open {
                self.contexts.push(Context { depth: self.nesting.depth(), role: Role::Hidden });
            }
        } else if !self.is_hidden() && names::is_named(tag.attributes) {
            self.name();
        }
    }

    fn input(&mut self, tag: &StartTag<'_>) {
        let attributes = tag.attributes;
        let kind = attributes.get("type").unwrap_or_default().trim().to_ascii_lowercase();
        match names::input(&kind) {
            Input::Nothing => self.name(),
            Input::Value if !names::says(attributes, "value") && !names::is_named(attributes) => {
                self.fault(Code::ButtonText, &told_by(attributes, "input"), Some(tag.at));
            }
            Input::Alt if !names::says(attributes, "alt") && !names::is_named(attributes) => {
                self.fault(Code::ImageText, attributes.get("src").unwrap_or_default(), Some(tag.at));
            }
            Input::Value | Input::Alt => self.name(),
            Input::Label => self.control(tag, "input"),
        }
    }

    fn control(&mut self, tag: &StartTag<'_>, name: &str) {
        let attributes = tag.attributes;
        let has_name = names::is_named(attributes)
            || names::says(attributes, "placeholder")
            || self.contexts.iter().any(|context| matches!(context.role, Role::Label));
        if !has_name && self.controls.len() < MAX_CONTROLS {
            self.controls.push((attributes.get("id").map(str::to_owned), told_by(attributes, name), tag.at));
        }
    }

    fn heading(&mut self, level: u8, at: usize) {
        if let Some(last) = self.last_heading.replace(level).filter(|last| level > last + 1) {
            self.fault(Code::HeadingOrder, &format!("`<h{level}>` behind `<h{last}>`"), Some(at));
        }
        if level == 1 {
            self.document.h1(at);
        }
    }

    fn open(&mut self, is_open: bool, role: Role) {
        if is_open {
            self.contexts.push(Context { depth: self.nesting.depth(), role });
        }
    }

    fn is_hidden(&self) -> bool {
        self.contexts.iter().any(|context| matches!(context.role, Role::Hidden))
    }

    /// Gives the open links and buttons a name, unless this is hidden within them.
    fn name(&mut self) {
        for context in self.contexts.iter_mut().rev() {
            match &mut context.role {
                Role::Hidden => return,
                Role::Named { is_named, .. } => *is_named = true,
                Role::Label => {}
            }
        }
    }

    /// Closes what is no longer open; `new` elements were opened just now.
    fn leave_contexts(&mut self, new: usize) {
        self.tell_tangles();
        let depth = self.nesting.depth() - new;
        while let Some(context) = self.contexts.pop_if(|context| context.depth > depth) {
            if let Role::Named { is_link, key, at, is_named: false } = context.role {
                self.fault(if is_link { Code::LinkText } else { Code::ButtonText }, &key, Some(at));
            }
        }
    }

    /// Tells what is tangled so far, before there is so much of it that it fills the memory.
    fn tell_tangles(&mut self) {
        for tangle in self.nesting.take() {
            let (code, key, at) = told(tangle);
            self.fault(code, &key, Some(at));
        }
    }

    fn fault(&mut self, code: Code, key: &str, at: Option<usize>) {
        let keys = self.faults.entry(code).or_default();
        let key = shortened(key.trim());
        let is_new = !keys.contains_key(key);
        let key = if is_new && keys.len() >= MAX_KEYS { TOO_MANY } else { key };
        match keys.get_mut(key) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => _ = keys.insert(key.to_owned(), (at, 1)),
        }
    }

    fn finish(mut self, page: &[u8]) -> Vec<Fault> {
        self.nesting.finish();
        self.leave_contexts(0);
        for (id, key, at) in std::mem::take(&mut self.controls) {
            if !id.is_some_and(|id| self.labels.contains(&id)) {
                self.fault(Code::Label, &key, Some(at));
            }
        }
        let charset = self.document.charset().map(str::to_owned);
        let names_charset = charset.is_some() || page.starts_with(b"\xef\xbb\xbf") || self.document.is_part();
        for (code, key, at) in std::mem::take(&mut self.document).faults() {
            self.fault(code, &key, at);
        }
        match std::str::from_utf8(page) {
            // Where another encoding is named, that was told.
            Err(_) if charset.is_some_and(|charset| !is_utf8(&charset)) => {}
            Err(error) => self.fault(Code::Charset, BROKEN, Some(error.valid_up_to())),
            Ok(text) if !names_charset && !text.is_ascii() => self.fault(Code::Charset, "", None),
            Ok(_) => {}
        }
        let place = |at: Option<usize>| at.map(|at| html::position(page, at));
        let faults = self.faults.into_iter().flat_map(|(code, keys)| keys.into_iter().map(move |fault| (code, fault)));
        faults.map(|(code, (key, (at, times)))| Fault { code, key, place: place(at), times }).collect()
    }
}

fn told(tangle: Tangle) -> (Code, String, usize) {
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    match tangle {
        Tangle::Unclosed { name, at } => (Code::Unclosed, text(&name), at),
        Tangle::Stray { name, at } => (Code::StrayEnd, text(&name), at),
        Tangle::Overlap { outer, inner, at } => {
            (Code::Nesting, format!("`<{}>` and `<{}>` overlap", text(&outer), text(&inner)), at)
        }
        Tangle::Misplaced { name, within, at } if within.is_empty() => {
            (Code::Nesting, format!("`<{}>` outside a table", text(&name)), at)
        }
        Tangle::Misplaced { name, within, at } => {
            (Code::Nesting, format!("`<{}>` cannot be in `<{}>`", text(&name), text(&within)), at)
        }
        Tangle::TextInTable { at } => (Code::Nesting, "text in a table outside its cells".to_owned(), at),
        Tangle::TooDeep { at } => (Code::Nesting, "elements too deep in each other".to_owned(), at),
    }
}

/// Returns what tells an element from others of its sort.
fn told_by(attributes: &Attributes, name: &str) -> String {
    let telling = ["id", "name", "class", "type"].iter().find(|attribute| names::says(attributes, attribute));
    let value = |attribute: &str| attributes.get(attribute).unwrap_or_default().to_owned();
    telling.map_or_else(|| name.to_owned(), |attribute| format!("{name} {attribute}={}", value(attribute)))
}

fn shortened(key: &str) -> &str {
    &key[..key.floor_char_boundary(MAX_KEY)]
}
