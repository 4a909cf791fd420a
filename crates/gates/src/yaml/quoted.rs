//! Texts in quotes with further lines that are not indented. YAML forbids them; libyaml and Go's parser, with which most
//! programs read YAML, `kubectl` among them, pass over spaces there and over their absence.

use saphyr_parser::{Marker, ScanError};

/// More of such texts are refused: each takes another look at the whole.
pub(super) const TEXT_LIMIT: usize = 20;

/// Where things are that the parser sees elsewhere.
#[derive(Debug)]
pub(super) struct Moved {
    /// The lines that were moved in, the first first; by how many letters, and by how many with all before.
    lines: Vec<(usize, usize, usize)>,
    /// The letters that end a line to YAML and to nobody else: carriage returns without a line feed.
    returns: Vec<usize>,
    /// How many lines there are to everybody else.
    last: usize,
}

/// Says whether the parser stumbled over such a text, at the marker of the error.
pub(super) fn is_cause(error: &ScanError) -> bool {
    error.info() == "invalid indentation in quoted scalar"
}

impl Moved {
    /// Nothing is moved yet in this text.
    pub(super) fn of(text: &str) -> Self {
        let mut returns = Vec::new();
        if text.contains('\r') {
            let mut letters = text.chars().enumerate().peekable();
            while let Some((at, letter)) = letters.next() {
                if letter == '\r' && letters.peek().is_none_or(|(_, next)| *next != '\n') {
                    returns.push(at);
                }
            }
        }
        Self { lines: Vec::new(), returns, last: text.lines().count().max(1) }
    }

    /// Returns where something is in the text as it was: its line, its column from 0, and the letters before it.
    pub(super) fn back(&self, marker: Marker) -> (usize, usize, usize) {
        let line = marker.line();
        let before = self.lines.partition_point(|(moved, ..)| *moved <= line).checked_sub(1);
        let (last, by, all) = before.map_or((0, 0, 0), |number| self.lines[number]);
        let own = if last == line { by } else { 0 };
        let letters = marker.index().saturating_sub(all);
        let to_others = line.saturating_sub(self.returns.partition_point(|at| *at < letters)).max(1);
        (to_others.min(self.last), marker.col().saturating_sub(own), letters)
    }

    /// Moves the further lines of the text that begins at `start` in as far as it begins itself, which changes nothing in
    /// what it says; nothing, when there is no such text.
    pub(super) fn indent(&mut self, text: &str, start: Marker) -> Option<String> {
        let (begin, quote) = text.char_indices().nth(start.index())?;
        let end = begin + end(&text[begin..], quote)?;
        let spaces = start.col() + 1;
        let mut moved = text[..begin].to_owned();
        for (number, line) in text[begin..end].split_inclusive('\n').enumerate() {
            // What parts documents does so in quotes as well.
            let is_mark = |mark: &str| line.strip_prefix(mark).is_some_and(|rest| rest.trim_start().len() < rest.len());
            if number > 0 && !is_mark("---") && !is_mark("...") {
                moved.extend(std::iter::repeat_n(' ', spaces));
                let before = self.lines.last().map_or(0, |(.., all)| *all);
                self.lines.push((start.line() + number, spaces, before + spaces));
            }
            moved.push_str(line);
        }
        moved.push_str(&text[end..]);
        (moved.len() > text.len()).then_some(moved)
    }
}

/// Returns where a text ends that begins with a quote.
fn end(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quote == '"' => _ = letters.next(),
            '\'' if quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == '\'') => _ = letters.next(),
            letter if letter == quote => return Some(at + letter.len_utf8()),
            _ => {}
        }
    }
    None
}
