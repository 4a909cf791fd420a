//! A YAML text as a list of values with positions. An alias is the number of what it stands for, so that a text which
//! is small stays small, however its aliases multiply.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

pub(crate) mod fault;
pub(crate) mod node;
mod quoted;

use quoted::Moved;

/// Deeper nesting is refused.
const DEPTH_LIMIT: usize = 100;
/// More values are refused.
const VALUE_LIMIT: usize = 100_000;

/// What is wrong with a text, and in which line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) what: String,
    pub(crate) line: Option<u32>,
}

impl Problem {
    pub(crate) fn new(what: impl Into<String>, at: Option<Place>) -> Self {
        Self { what: what.into(), line: at.map(|at| at.line) }
    }
}

/// Where a value begins: line and column counted from 1, and the number of letters before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) letters: usize,
}

impl Place {
    fn of(marker: Marker, moved: &Moved) -> Self {
        let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let (line, column, letters) = moved.back(marker);
        Self { line: number(line), column: number(column).saturating_add(1), letters }
    }
}

/// The number of a value.
pub(crate) type Id = usize;

#[derive(Debug)]
pub(crate) struct Value {
    pub(crate) content: Content,
    pub(crate) start: Place,
    /// The number of letters before its end.
    pub(crate) end: usize,
    /// Whether other places may stand for it.
    pub(crate) is_anchored: bool,
}

#[derive(Debug)]
pub(crate) enum Content {
    /// The text, and whether it stands there without quotes.
    Scalar(String, bool),
    Sequence(Vec<Id>),
    Mapping(Vec<(Id, Id)>),
}

/// One document.
#[derive(Debug)]
pub(crate) struct Document {
    /// Where it begins, with its `---` when it has one.
    start: Place,
    values: Vec<Value>,
    root: Id,
    /// Which values stand in their place and not for another one.
    aliased: std::collections::HashSet<Id>,
}

impl Document {
    pub(crate) fn root(&self) -> &Value {
        &self.values[self.root]
    }

    pub(crate) fn root_id(&self) -> Id {
        self.root
    }

    pub(crate) fn get(&self, id: Id) -> &Value {
        &self.values[id]
    }

    /// Says whether some alias stands for the value.
    pub(crate) fn is_aliased(&self, id: Id) -> bool {
        self.aliased.contains(&id)
    }

    /// Returns how many values there were if each alias were written out; absent when one stands for a value it is in.
    pub(crate) fn expanded(&self) -> Option<usize> {
        /// Begun, and so on the way down to the value at hand.
        const BEGUN: usize = 0;
        let mut sizes: HashMap<Id, usize> = HashMap::new();
        let mut waiting = vec![(self.root, false)];
        while let Some((id, is_over)) = waiting.pop() {
            let within: Vec<Id> = match &self.get(id).content {
                Content::Scalar(..) => Vec::new(),
                Content::Sequence(items) => items.clone(),
                Content::Mapping(pairs) => pairs.iter().flat_map(|(key, value)| [*key, *value]).collect(),
            };
            if is_over {
                sizes.insert(id, within.iter().fold(1_usize, |sum, id| sum.saturating_add(sizes[id])));
                continue;
            }
            match sizes.get(&id) {
                Some(&BEGUN) => return None,
                Some(_) => continue,
                None => sizes.insert(id, BEGUN),
            };
            waiting.push((id, true));
            for id in within {
                match sizes.get(&id) {
                    Some(&BEGUN) => return None,
                    Some(_) => {}
                    None => waiting.push((id, false)),
                }
            }
        }
        sizes.get(&self.root).copied()
    }

    /// Returns the text of a scalar.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match &self.get(id).content {
            Content::Scalar(text, _) => Some(text),
            _ => None,
        }
    }
}

/// Reads the one document that a text must be.
pub(crate) fn read(text: &str) -> Result<Document, Problem> {
    let mut documents = documents(text)?;
    if let Some(second) = documents.get(1) {
        return Err(Problem::new("holds more than one document", Some(second.start)));
    }
    documents.pop().ok_or_else(|| {
        let what = if text.trim().is_empty() { "is empty" } else { "holds nothing but comments" };
        Problem::new(what, None)
    })
}

/// Reads every document of a text; those without any value are left out. The limits are for all of them together.
pub(crate) fn documents(text: &str) -> Result<Vec<Document>, Problem> {
    let (mut text, mut moved) = (Cow::Borrowed(text), Moved::of(text));
    for _ in 0..quoted::TEXT_LIMIT {
        match parse(&text, &moved) {
            Err(Failure { problem, unindented: Some(start) }) => {
                text = Cow::Owned(moved.indent(&text, start).ok_or(problem)?);
            }
            read => return read.map_err(|failure| failure.problem),
        }
    }
    parse(&text, &moved).map_err(|failure| failure.problem)
}

struct Failure {
    problem: Problem,
    /// Where a text in quotes begins whose lines are not indented, when that is what is wrong.
    unindented: Option<Marker>,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self { problem, unindented: None }
    }
}

fn parse(text: &str, moved: &Moved) -> Result<Vec<Document>, Failure> {
    let mut documents = Vec::new();
    let mut reader = Reader::new(moved, VALUE_LIMIT);
    let mut start = Place { line: 1, column: 1, letters: 0 };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Failure {
            problem: Problem::new(format!("is no YAML: {}", error.info()), Some(Place::of(*error.marker(), moved))),
            unindented: quoted::is_cause(&error).then_some(*error.marker()),
        })?;
        if matches!(event, Event::DocumentStart(_)) {
            start = Place::of(span.start, moved);
        }
        let is_over = matches!(event, Event::DocumentEnd);
        reader.take(event, span)?;
        if is_over {
            let room = reader.room - reader.values.len();
            let Reader { values, aliased, root, .. } = std::mem::replace(&mut reader, Reader::new(moved, room));
            documents.extend(root.map(|root| Document { start, values, root, aliased }));
        }
    }
    Ok(documents)
}

struct Reader<'a> {
    moved: &'a Moved,
    values: Vec<Value>,
    /// How many values there may be.
    room: usize,
    /// What is begun and not ended, the innermost last; of a mapping also the key that waits for its value.
    open: Vec<(Id, Option<Id>)>,
    anchors: HashMap<usize, Id>,
    aliased: std::collections::HashSet<Id>,
    root: Option<Id>,
}

impl<'a> Reader<'a> {
    fn new(moved: &'a Moved, room: usize) -> Self {
        Self {
            moved,
            values: Vec::new(),
            room,
            open: Vec::new(),
            anchors: HashMap::new(),
            aliased: std::collections::HashSet::new(),
            root: None,
        }
    }

    fn at(&self, marker: Marker) -> Place {
        Place::of(marker, self.moved)
    }

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
                    self.values[id].end = self.at(span.end).letters;
                }
            }
            Event::Alias(anchor) => {
                let at = self.at(span.start);
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
            return Err(Problem::new(what, Some(self.at(span.start))));
        }
        let id = self.add(content, span, anchor)?;
        self.place(id);
        self.open.push((id, None));
        Ok(())
    }

    fn add(&mut self, content: Content, span: Span, anchor: usize) -> Result<Id, Problem> {
        let (start, id) = (self.at(span.start), self.values.len());
        if id >= self.room {
            return Err(Problem::new(format!("has more than {VALUE_LIMIT} values"), Some(start)));
        }
        self.values.push(Value { content, start, end: self.at(span.end).letters, is_anchored: anchor > 0 });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_quotes_need_not_be_indented() {
        let text = "a:\n  - b: 'é one\n  it''s two\n\nthree' # why\n    c: \"x\n\\\"y\\\\\"\n  - d\ne: &f {g: \"h\ni\", j: k}\nl: *f\n";
        let document = read(text).unwrap();
        let places: Vec<(&str, u32, u32, usize, usize)> = (0..document.values.len())
            .filter_map(|id| {
                let value = document.get(id);
                Some((document.text(id)?, value.start.line, value.start.column, value.start.letters, value.end))
            })
            .collect();
        let at = |needle: &str| {
            let begin = text.find(needle).unwrap();
            text[..begin].chars().count()
        };
        assert!(places.contains(&("é one it's two\nthree", 2, 8, at("'é"), at("\n    c:"))), "{places:?}");
        assert!(places.contains(&("x \"y\\", 6, 8, at("\"x"), at("\n  - d"))), "{places:?}");
        assert!(places.contains(&("d", 8, 5, at("d\ne"), at("\ne:"))), "{places:?}");
        assert!(places.contains(&("j", 10, 5, at("j: k"), at(": k}"))), "{places:?}");
    }

    #[test]
    fn lines_are_counted_as_everybody_else_does() {
        // To YAML a carriage return ends a line, and an error at the end is in the line after the last.
        let document = read("a: 1\r\rb: 2\nc: 3\r\nd: 4\n").unwrap();
        let Content::Mapping(pairs) = &document.get(document.root_id()).content else { panic!() };
        let lines: Vec<u32> = pairs.iter().map(|(key, _)| document.get(*key).start.line).collect();
        assert_eq!(lines, [1, 1, 2, 3]);
        assert_eq!(read("[a").unwrap_err().line, Some(1));
        assert_eq!(read("[a\n").unwrap_err().line, Some(1));
    }

    #[test]
    fn a_text_in_quotes_without_an_end_is_refused_in_its_line() {
        for text in ["a:\n  b: 'c\n  d\n", "a:\n  b: 'c\n---\nd'\n", "a:\n  b: 'c\nd' e\n"] {
            let problem = read(text).unwrap_err();
            assert!(problem.line.is_some_and(|line| line <= 5), "{problem:?}");
        }
        let many = "- a: 'b\nc'\n".repeat(quoted::TEXT_LIMIT + 1);
        assert!(read(&many).is_err());
    }

    #[test]
    fn what_aliases_stand_for_is_counted_without_writing_it_out() {
        for (text, expected) in [
            ("a", Some(1)),
            ("[a, b]", Some(3)),
            ("{a: b}", Some(3)),
            ("[&x [a], *x, *x]", Some(7)),
            ("&x [a, *x]", None),
            ("{a: &x {b: [*x]}}", None),
            ("[&x a, &y [*x, *x], [*y, *x]]", Some(10)),
        ] {
            let counted = read(text).map(|document| document.expanded());
            // The parser itself may refuse what stands for itself.
            assert_eq!(counted.ok().flatten(), expected, "{text}");
        }
        let mut bomb = "a0: &a0 [x]\n".to_owned();
        for level in 1..40 {
            bomb.push_str(&format!("a{level}: &a{level} [{}]\n", format!("*a{}, ", level - 1).repeat(9)));
        }
        assert!(read(&bomb).unwrap().expanded().unwrap() > 1_000_000_000);
        let chain = (1..20_000).fold("- &a0 x\n".to_owned(), |mut text, level| {
            text.push_str(&format!("- &a{level} [*a{}]\n", level - 1));
            text
        });
        assert!(read(&chain).unwrap().expanded().is_some());
    }
}
