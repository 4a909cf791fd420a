//! The URLs of a stylesheet, and what each is for.
//!
//! Follows the tokens of [CSS Syntax](https://www.w3.org/TR/css-syntax-3/) as far as URLs need it.

use std::borrow::Cow;

/// What a stylesheet says that has to do with fetching.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// The stylesheet of an `@import`.
    Import(Cow<'a, str>),
    /// A source of the font whose `@font-face` is open.
    Font(Cow<'a, str>),
    /// The `unicode-range` of the font whose `@font-face` is open.
    UnicodeRange(&'a str),
    /// An `@font-face` ends.
    FontEnd,
    /// Any other URL: an image, a cursor, a filter.
    Other(Cow<'a, str>),
}

/// Tells the pieces of a stylesheet in its order, with where each begins in bytes. Any text is a stylesheet; what is in
/// comments and strings is no URL, and neither is the name in `@namespace`.
pub(crate) fn read<'a>(css: &'a str, mut tell: impl FnMut(Piece<'a>, usize)) {
    let bytes = css.as_bytes();
    let mut rule = Rule::None;
    let mut in_font = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = css[at + 2..].find("*/").map_or(bytes.len(), |end| at + 2 + end + 2);
            }
            b'"' | b'\'' => {
                let (value, end) = string(css, at);
                if rule == Rule::Import {
                    tell(Piece::Import(unescaped(value)), at + 1);
                    rule = Rule::None;
                }
                at = end;
            }
            b'@' => {
                let name = word(css, at + 1);
                rule = Rule::of(name);
                at += 1 + name.len();
            }
            b'{' => {
                in_font = rule == Rule::FontFace;
                rule = Rule::None;
                at += 1;
            }
            b';' | b'}' => {
                if *byte == b'}' && std::mem::take(&mut in_font) {
                    tell(Piece::FontEnd, at);
                }
                rule = Rule::None;
                at += 1;
            }
            b'\\' => at += 1 + css[at + 1..].chars().next().map_or(0, char::len_utf8),
            byte if is_name(*byte) => {
                let name = word(css, at);
                let start = at;
                at += name.len();
                if name.eq_ignore_ascii_case("url") && bytes.get(at) == Some(&b'(') {
                    let (value, start, end) = parenthesised(css, at + 1);
                    match rule {
                        Rule::Namespace => {}
                        Rule::Import => tell(Piece::Import(unescaped(value)), start),
                        _ if in_font => tell(Piece::Font(unescaped(value)), start),
                        _ => tell(Piece::Other(unescaped(value)), start),
                    }
                    rule = Rule::None;
                    at = end;
                } else if in_font && name.eq_ignore_ascii_case("unicode-range") {
                    let end = css[at..].find([';', '}']).map_or(bytes.len(), |end| at + end);
                    tell(Piece::UnicodeRange(&css[at..end]), start);
                    at = end;
                }
            }
            _ => at += 1,
        }
    }
}

/// The at-rule whose prelude has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    None,
    Import,
    Namespace,
    FontFace,
}

impl Rule {
    fn of(name: &str) -> Self {
        match name {
            _ if name.eq_ignore_ascii_case("import") => Self::Import,
            _ if name.eq_ignore_ascii_case("namespace") => Self::Namespace,
            _ if name.eq_ignore_ascii_case("font-face") => Self::FontFace,
            _ => Self::None,
        }
    }
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || !byte.is_ascii()
}

fn word(css: &str, start: usize) -> &str {
    let rest = &css[start..];
    &rest[..rest.bytes().position(|byte| !is_name(byte)).unwrap_or(rest.len())]
}

/// Returns what is in the string whose quote is at `start`, and where the text goes on behind it.
fn string(css: &str, start: usize) -> (&str, usize) {
    let bytes = css.as_bytes();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            // The standard's recovery: a line that ends ends the string.
            b'\n' => return (&css[start + 1..at], at),
            byte if *byte == bytes[start] => return (&css[start + 1..at], at + 1),
            _ => at += 1,
        }
    }
    (&css[start + 1..], bytes.len())
}

/// Returns what is in `url(…)`, where that begins, and where the text goes on behind it.
fn parenthesised(css: &str, start: usize) -> (&str, usize, usize) {
    let bytes = css.as_bytes();
    let inner = start + bytes[start..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    if let Some(b'"' | b'\'') = bytes.get(inner) {
        let (value, end) = string(css, inner);
        return (value, inner + 1, end);
    }
    let mut at = inner;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b')' => return (css[inner..at].trim_end(), inner, at + 1),
            _ => at += 1,
        }
    }
    (css[inner..].trim_end(), inner, bytes.len())
}

/// Replaces the escapes of CSS: a backslash and up to six hexadecimal digits, or one character.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return value.into();
    }
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let digits = after.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits > 0 {
            let code = u32::from_str_radix(&after[..digits], 16).unwrap_or_default();
            text.push(char::from_u32(code).filter(|letter| *letter != '\0').unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &after[digits..];
            rest = rest.strip_prefix([' ', '\t', '\n']).unwrap_or(rest);
        } else {
            let mut letters = after.chars();
            text.extend(letters.next().filter(|letter| *letter != '\n'));
            rest = letters.as_str();
        }
    }
    text.push_str(rest);
    text.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(css: &str) -> Vec<String> {
        let mut pieces = Vec::new();
        read(css, |piece, _| {
            pieces.push(match piece {
                Piece::Import(url) => format!("import {url}"),
                Piece::Font(url) => format!("font {url}"),
                Piece::UnicodeRange(range) => format!("range{range}"),
                Piece::FontEnd => "end".to_owned(),
                Piece::Other(url) => url.into_owned(),
            });
        });
        pieces
    }

    #[test]
    fn urls_are_found_where_css_has_them() {
        for (css, expected) in [
            ("a { background: url(a.png) }", vec!["a.png"]),
            ("a { background: URL( 'a b.png' ), url(\"c.png\") }", vec!["a b.png", "c.png"]),
            ("@import 'a.css'; @IMPORT url(b.css) screen;", vec!["import a.css", "import b.css"]),
            ("@import/* x */\"a.css\" layer(x) ; b::after { content: 'no' }", vec!["import a.css"]),
            ("@namespace svg url(http://www.w3.org/2000/svg); a { b: url(x) }", vec!["x"]),
            ("@namespace 'http://www.w3.org/1999/xhtml';", vec![]),
            ("/* url(a.png) */ a::before { content: 'url(b.png)' }", vec![]),
            (r"a { b: url(a\).png) } c { d: url('\62 .png') }", vec!["a).png", "b.png"]),
            ("a { my-url: 1; b: curl(x); c: url (y) }", vec![]),
            ("a { b: url(unclosed", vec!["unclosed"]),
            ("a { content: 'torn\n; b: url(x.png) }", vec!["x.png"]),
            (
                "@font-face{font-family:x;src:local('y'),url(a.woff2) format('woff2'),url(a.woff);unicode-range:U+41}b{c:url(d)}",
                vec!["font a.woff2", "font a.woff", "range:U+41", "end", "d"],
            ),
            ("@media print { @font-face { src: url(a) } b { c: url(d) } }", vec!["font a", "end", "d"]),
        ] {
            assert_eq!(pieces(css), expected, "{css}");
        }
    }

    #[test]
    fn a_url_is_where_it_is_said_to_be() {
        let css = "@import 'a.css';\na { b: url( \"c.png\" ), url(d.png) } @font-face { src: url(é.woff) }";
        read(css, |piece, at| match piece {
            Piece::Import(url) | Piece::Font(url) | Piece::Other(url) => assert!(css[at..].starts_with(&*url), "{url}"),
            Piece::UnicodeRange(_) | Piece::FontEnd => {}
        });
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(css in "([a-z@'\"()\\\\{};/*é \u{a0}\n]|url\\(|@import|@font-face){0,40}") {
            read(&css, |_, at| assert!(css.is_char_boundary(at)));
        }
    }
}
