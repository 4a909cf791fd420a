//! What kinds say about themselves: a list, and one whole.

use charter_deploy_model::{CodeMeta, KindMeta};

use crate::layout::{field, hanging, heading, table};
use crate::style::{BOLD, CODE, DIM, paint};
use crate::{visible, words};

/// Returns a table of kinds, each with its first sentence.
#[must_use]
pub fn kinds(list: &[&KindMeta]) -> String {
    let rows: Vec<Vec<String>> =
        list.iter().map(|meta| vec![paint(BOLD, &visible(meta.id)), styled_words(&visible(meta.summary()))]).collect();
    table(&["KIND", "WHAT IT DOES"], &rows)
}

/// Returns everything a kind says about itself: its docs, what it needs, and each thing it can find.
#[must_use]
pub fn explain(meta: &KindMeta) -> String {
    let mut text = format!("{}\n{}", heading(&visible(meta.id)), markdown(meta.docs, ""));
    text.push('\n');
    text += &field("needs", 5, words::needs(meta.needs));
    text += &field("runs", 5, words::lane(meta.lane));
    for code in meta.codes {
        text.push('\n');
        text += &code_whole(code);
    }
    text
}

/// Returns what a code means, and how a finding of it may stand for a while.
#[must_use]
pub fn explain_code(meta: &KindMeta, code: &CodeMeta) -> String {
    let mut text = code_whole(code);
    let of = format!("It is a finding of `{}`, which says: {}", visible(meta.id), visible(meta.summary()));
    text += &format!("\n{}", hanging("", &styled_words(&of)));
    text += "\nTo let one stand for a while, write into charter.toml:\n\n";
    for line in waiver(code.id).lines() {
        text += &format!("    {}\n", paint(CODE, line));
    }
    text
}

fn code_whole(code: &CodeMeta) -> String {
    let principle = code.principle.map(|principle| format!(" · principle {}", words::principle(principle)));
    let about = format!("{}{}", words::severity(code.default_severity), principle.unwrap_or_default());
    let head = format!("{}  {}\n", paint(BOLD, &visible(code.id)), paint(DIM, &about));
    head + &markdown(code.docs, "  ")
}

/// Returns a waiver to be filled in.
pub(crate) fn waiver(code: &str) -> String {
    format!(
        "[[waivers]]\ncode = \"{code}\"\nsubject = \"<what the finding is about, or a glob>\"\n\
         reason = \"<why it may stand>\"\nowner = \"<who answers for it>\"\nexpires = \"<YYYY-MM-DD>\"\n"
    )
}

/// Markdown for a terminal: headings bold, code indented, paragraphs and list items wrapped.
fn markdown(source: &str, indent: &str) -> String {
    let mut text = String::new();
    let mut paragraph = Paragraph::default();
    let mut fenced = false;
    for line in unindented(source) {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            text += &paragraph.end(indent);
            fenced = !fenced;
        } else if fenced {
            text += format!("{indent}    {}", paint(CODE, &visible(line))).trim_end();
            text.push('\n');
        } else if trimmed.is_empty() {
            text += &paragraph.end(indent);
            text.push('\n');
        } else if let Some(title) = trimmed.strip_prefix('#') {
            text += &paragraph.end(indent);
            let title = visible(title.trim_start_matches('#').trim());
            text += &format!("{indent}{}", heading(&title));
        } else if let Some((bullet, item)) = list_item(trimmed) {
            text += &paragraph.end(indent);
            let depth = line.len() - trimmed.len();
            paragraph = Paragraph { lead: format!("{}{bullet} ", " ".repeat(depth)), words: item.to_owned() };
        } else {
            paragraph.words += " ";
            paragraph.words += trimmed;
        }
    }
    text += &paragraph.end(indent);
    text.trim_end().to_owned() + "\n"
}

#[derive(Default)]
struct Paragraph {
    lead: String,
    words: String,
}

impl Paragraph {
    /// Returns the paragraph's lines, and is empty afterwards.
    fn end(&mut self, indent: &str) -> String {
        let Self { lead, words } = std::mem::take(self);
        if words.is_empty() {
            words
        } else {
            hanging(&format!("{indent}{lead}"), &styled_words(&visible(words.trim())))
        }
    }
}

/// Lines of a doc comment without the space that follows `///`.
pub(crate) fn unindented(source: &str) -> impl Iterator<Item = &str> {
    let indented = source.lines().all(|line| line.is_empty() || line.starts_with(' '));
    source.lines().map(move |line| if indented { line.strip_prefix(' ').unwrap_or(line) } else { line })
}

fn list_item(line: &str) -> Option<(String, &str)> {
    if let Some(item) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("•".to_owned(), item));
    }
    let digits = line.find(|character: char| !character.is_ascii_digit()).filter(|digits| *digits > 0)?;
    line[digits..].strip_prefix(". ").map(|item| (format!("{}.", &line[..digits]), item))
}

/// Puts code spans in the colour of code and strong text in bold, word by word, so that lines can break anywhere.
fn styled_words(text: &str) -> String {
    let mut code = false;
    let mut strong = false;
    let words: Vec<String> = text
        .split(' ')
        .map(|word| {
            let mut styled = String::new();
            let mut piece = String::new();
            let mut rest = word.chars().peekable();
            while let Some(character) = rest.next() {
                let toggles_strong = character == '*' && !code && rest.peek() == Some(&'*');
                if character != '`' && !toggles_strong {
                    piece.push(character);
                    continue;
                }
                styled += &piece_of(&piece, code, strong);
                piece.clear();
                if toggles_strong {
                    rest.next();
                    strong = !strong;
                } else {
                    code = !code;
                }
            }
            styled + &piece_of(&piece, code, strong)
        })
        .collect();
    words.join(" ")
}

fn piece_of(piece: &str, code: bool, strong: bool) -> String {
    match (code, strong) {
        (true, _) => paint(CODE, piece),
        (false, true) => paint(BOLD, piece),
        (false, false) => piece.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    fn plain(source: &str) -> String {
        strip_str(&markdown(source, "")).to_string()
    }

    #[test]
    fn code_is_indented_and_its_fences_are_gone() {
        let source = " Text.\n\n ```toml,blocks=a/b\n [gates.a]\n   x = 1\n ```\n More.\n";
        assert_eq!(plain(source), "Text.\n\n    [gates.a]\n      x = 1\nMore.\n");
    }

    #[test]
    fn paragraphs_and_list_items_are_joined_and_wrapped() {
        let long = "word ".repeat(30);
        let text = plain(&format!("# Title\n- {long}\n  goes on\n1. one\n2. two"));
        assert!(text.lines().all(|line| line.len() <= 104), "{text}");
        assert!(text.starts_with("Title\n• word word"));
        assert!(text.contains("\n  word"), "continued lines hang: {text}");
        assert!(text.ends_with("goes on\n1. one\n2. two\n"), "{text}");
    }

    #[test]
    fn spans_lose_their_quotes_but_not_their_words() {
        assert_eq!(plain("Say `a b` and **c d** or `**`."), "Say a b and c d or **.\n");
    }
}
