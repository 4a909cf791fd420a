//! The words of an instruction: quotes, variables, pairs of name and value.

use std::borrow::Cow;

/// Returns the words of a text as they are written, with their quotes.
pub(super) fn raw(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        if rest.is_empty() {
            return None;
        }
        let (word, behind) = rest.split_at(word_end(rest));
        rest = behind;
        Some(word)
    })
}

fn word_end(text: &str) -> usize {
    let (mut quote, mut is_escaped) = (None, false);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            _ if is_escaped => is_escaped = false,
            (None | Some(b'"'), b'\\') => is_escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b' ' | b'\t' | b'\n' | b'\r') => return at,
            (None, _) => {}
        }
    }
    text.len()
}

/// Returns how the heredoc ends that a word begins, and whether tabs before its lines are dropped.
pub(super) fn heredoc(word: &str) -> Option<(String, bool)> {
    let word = word.trim_start_matches(|letter: char| letter.is_ascii_digit()).strip_prefix("<<")?;
    let (delimiter, strips_tabs) = word.strip_prefix('-').map_or((word, false), |rest| (rest, true));
    let delimiter = unquoted(delimiter).into_owned();
    (!delimiter.is_empty() && !delimiter.contains('<')).then_some((delimiter, strips_tabs))
}

/// Returns a word without its quotes.
pub(super) fn unquoted(word: &str) -> Cow<'_, str> {
    if !word.contains(['"', '\'', '\\']) {
        return Cow::Borrowed(word);
    }
    let (mut quote, mut is_escaped, mut plain) = (None, false, String::new());
    for letter in word.chars() {
        match (quote, letter) {
            _ if is_escaped => {
                is_escaped = false;
                plain.push(letter);
            }
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            _ => plain.push(letter),
        }
    }
    Cow::Owned(plain)
}

/// Returns a text without quotes around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// Returns the names and values of `ENV`, `LABEL` or `ARG`; a name alone has no value.
pub(super) fn pairs(text: &str) -> Vec<(String, Option<String>)> {
    let mut words = raw(text).peekable();
    // The old form: `ENV name the value`.
    if let Some(first) = words.next_if(|word| !unquoted(word).contains('=')) {
        let value = text.trim_start()[first.len()..].trim();
        return vec![(unquoted(first).into_owned(), (!value.is_empty()).then(|| value.to_owned()))];
    }
    words.map(pair).collect()
}

/// Returns the names of `ARG`, of which there may be several.
pub(super) fn arguments(text: &str) -> Vec<(String, Option<String>)> {
    raw(text).map(pair).collect()
}

fn pair(word: &str) -> (String, Option<String>) {
    match word.split_once('=') {
        Some((name, value)) => (unquoted(name).into_owned(), Some(unquoted(value).into_owned())),
        None => (unquoted(word).into_owned(), None),
    }
}

/// Puts what variables stand for in their place; nothing when one is not known, or is written in a form not known here.
pub(super) fn expanded<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(braced) = rest.strip_prefix('{') {
            let (inner, behind) = braced.split_once('}')?;
            match inner.split_once(':') {
                None => out.push_str(value(inner)?),
                Some((name, operation)) if operation.starts_with('-') => {
                    let known = value(name).filter(|value| !value.is_empty());
                    let default = &operation[1..];
                    out.push_str(known.or((!default.contains('$')).then_some(default))?);
                }
                Some(_) => return None,
            }
            rest = behind;
        } else {
            let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
            out.push_str(value(&rest[..end])?);
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    Some(out)
}
