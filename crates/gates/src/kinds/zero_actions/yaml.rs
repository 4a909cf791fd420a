//! A YAML text as a list of values with positions. An alias is the number of what it stands for, so that a text which
//! is small stays small, however its aliases multiply.

use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

/// Deeper nesting is refused.
const DEPTH_LIMIT: usize = 100;
/// More values are refused.
const VALUE_LIMIT: usize = 100_000;

/// What is wrong with a text, and in which line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) line: Option<u32>,
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, at: Option<Place>) -> Self {
        Self { what: what.into(), line: at.map(|at| at.line) }
    }
}

/// Where a value begins: line and column counted from 1, and the number of letters before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) letters: usize,
}

impl Place {
    fn of(marker: Marker) -> Self {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        Self { line: number(marker.line()), column: number(marker.col()).saturating_add(1), letters: marker.index() }
    }
}

/// The number of a value.
pub(super) type Id = usize;

#[derive(Debug)]
pub(super) struct Value {
    pub(super) content: Content,
    pub(super) start: Place,
    /// The number of letters before its end.
    pub(super) end: usize,
    /// Whether other places may stand for it.
    pub(super) is_anchored: bool,
}

#[derive(Debug)]
pub(super) enum Content {
    /// The text, and whether it stands there without quotes.
    Scalar(String, bool),
    Sequence(Vec<Id>),
    Mapping(Vec<(Id, Id)>),
}

/// One document.
#[derive(Debug)]
pub(super) struct Document {
    values: Vec<Value>,
    root: Id,
    /// Which values stand in their place and not for another one.
    aliased: std::collections::HashSet<Id>,
}

impl Document {
    pub(super) fn root(&self) -> &Value {
        &self.values[self.root]
    }

    pub(super) fn get(&self, id: Id) -> &Value {
        &self.values[id]
    }

    /// Says whether some alias stands for the value.
    pub(super) fn is_aliased(&self, id: Id) -> bool {
        self.aliased.contains(&id)
    }

    /// Returns the text of a scalar.
    pub(super) fn text(&self, id: Id) -> Option<&str> {
        match &self.get(id).content {
            Content::Scalar(text, _) => Some(text),
            _ => None,
        }
    }
}

/// Reads the one document that a text must be.
pub(super) fn read(text: &str) -> Result<Document, Problem> {
    let mut reader = Reader::default();
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Problem {
            what: format!("is no YAML: {}", error.info()),
            line: Some(Place::of(*error.marker()).line),
        })?;
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                return Err(Problem::new("holds more than one document", Some(Place::of(span.start))));
            }
        }
        reader.take(event, span)?;
    }
    let root = reader.root.ok_or_else(|| Problem::new("is empty", None))?;
    Ok(Document { values: reader.values, root, aliased: reader.aliased })
}

#[derive(Default)]
struct Reader {
    values: Vec<Value>,
    /// What is begun and not ended, the innermost last; of a mapping also the key that waits for its value.
    open: Vec<(Id, Option<Id>)>,
    anchors: HashMap<usize, Id>,
    aliased: std::collections::HashSet<Id>,
    root: Option<Id>,
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let content = Content::Scalar(text.into_owned(), style == ScalarStyle::Plain);
                let id = self.add(content, span, anchor)?;
                self.place(id);
            }
            Event::SequenceStart(anchor, _) => self.begin(Content::Sequence(Vec::new()), span, anchor)?,
            Event::MappingStart(anchor, _) => self.begin(Content::Mapping(Vec::new()), span, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((id, _)) = self.open.pop() {
                    self.values[id].end = span.end.index();
                }
            }
            Event::Alias(anchor) => {
                let at = Place::of(span.start);
                let id = *self
                    .anchors
                    .get(&anchor)
                    .ok_or_else(|| Problem::new("is no YAML: an alias stands for nothing", Some(at)))?;
                self.aliased.insert(id);
                self.place(id);
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, content: Content, span: Span, anchor: usize) -> Result<(), Problem> {
        if self.open.len() >= DEPTH_LIMIT {
            let what = format!("is nested more than {DEPTH_LIMIT} deep");
            return Err(Problem::new(what, Some(Place::of(span.start))));
        }
        let id = self.add(content, span, anchor)?;
        self.place(id);
        self.open.push((id, None));
        Ok(())
    }

    fn add(&mut self, content: Content, span: Span, anchor: usize) -> Result<Id, Problem> {
        let (start, id) = (Place::of(span.start), self.values.len());
        if id >= VALUE_LIMIT {
            return Err(Problem::new(format!("has more than {VALUE_LIMIT} values"), Some(start)));
        }
        self.values.push(Value { content, start, end: span.end.index(), is_anchored: anchor > 0 });
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        Ok(id)
    }

    /// Puts a value where the text has it.
    fn place(&mut self, id: Id) {
        let Some((parent, key)) = self.open.last_mut() else {
            self.root.get_or_insert(id);
            return;
        };
        match (&mut self.values[*parent].content, key.take()) {
            (Content::Sequence(items), _) => items.push(id),
            (Content::Mapping(pairs), Some(key)) => pairs.push((key, id)),
            (Content::Mapping(_), None) => *key = Some(id),
            (Content::Scalar(..), _) => {}
        }
    }
}
