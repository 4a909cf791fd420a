//! A line of the configuration as it may be shown: its keys, and nothing that it says of them.

use std::collections::BTreeSet;
use std::ops::Range;

/// One line of the file with every value replaced by `…`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Excerpt {
    /// Its number, from 1 on.
    pub line_number: usize,
    /// The line, values and comments masked, without its line break.
    pub text: String,
    /// The part of `text` the problem is about, in bytes.
    pub marked: Range<usize>,
}

/// What may be shown of a text: nothing but these, and the punctuation of TOML between them.
pub(super) struct Visible {
    /// Where keys are.
    pub(super) keys: Vec<Range<usize>>,
    /// Where values are; nothing within them is shown.
    pub(super) values: Vec<Range<usize>>,
    /// Words that are harmless anywhere else, because the schema has them as keys.
    pub(super) words: BTreeSet<String>,
    /// Whether the text is TOML. If not, where values are is unknown, and all behind a line's first `=` is one.
    pub(super) is_toml: bool,
}

/// Returns the 1-based line and column, in characters, of a place in `text`.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Returns the line in which `span` begins, masked; nothing when nothing of it may be shown.
pub(super) fn excerpt(text: &str, span: &Range<usize>, visible: &Visible) -> Option<Excerpt> {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);

    let mut shown = String::new();
    let mut marked: Option<Range<usize>> = None;
    let mut at = start;
    while at < end {
        let Some(piece) = piece(text, start, at, end, visible) else { break };
        // Neighbouring masked pieces become one mask, which does not tell how many there were.
        let from = match piece.masked && shown.ends_with(MASK) {
            true => shown.len() - MASK.len_utf8(),
            false => {
                let from = shown.len();
                match piece.masked {
                    true => shown.push(MASK),
                    false => shown.push_str(&text[at..piece.end]),
                }
                from
            }
        };
        if at < span.end && piece.end > span.start {
            marked = Some(marked.map_or(from, |marked| marked.start)..shown.len());
        }
        at = piece.end;
    }

    shown.truncate(shown.trim_end().len());
    if shown.is_empty() {
        return None;
    }
    let marked =
        marked.map_or(shown.len()..shown.len(), |marked| marked.start.min(shown.len())..marked.end.min(shown.len()));
    Some(Excerpt { line_number: position(text, span.start).0, text: shown, marked })
}

const MASK: char = '…';

struct Piece {
    end: usize,
    masked: bool,
}

/// Returns the piece of the line `start..end` that begins at `at`; nothing when a comment begins there.
fn piece(text: &str, start: usize, at: usize, end: usize, visible: &Visible) -> Option<Piece> {
    let covering =
        |ranges: &[Range<usize>]| ranges.iter().find(|range| range.contains(&at)).map(|range| range.end.min(end));
    if let Some(end) = covering(&visible.values) {
        return Some(Piece { end, masked: true });
    }
    if let Some(end) = covering(&visible.keys) {
        return Some(Piece { end, masked: false });
    }
    if !visible.is_toml && text[start..at].contains('=') {
        return Some(Piece { end, masked: true });
    }
    let rest = &text[at..end];
    let first = rest.chars().next()?;
    let word = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
    match first {
        '#' => None,
        _ if word > 0 => Some(Piece { end: at + word, masked: !visible.words.contains(&rest[..word]) }),
        ' ' | '\t' | '=' | '[' | ']' | '{' | '}' | ',' | '.' => Some(Piece { end: at + 1, masked: false }),
        _ => Some(Piece { end: at + first.len_utf8(), masked: true }),
    }
}
