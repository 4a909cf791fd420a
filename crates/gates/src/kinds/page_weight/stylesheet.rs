//! What a stylesheet makes the browser fetch.

use crate::html::css::{self, Piece};

/// URLs in a stylesheet, as they are written and in its order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stylesheet {
    /// Stylesheets that it imports.
    pub(super) imports: Vec<String>,
    /// Of each font the file that a browser of today takes.
    pub(super) fonts: Vec<String>,
    /// Images, and whatever else rules name.
    pub(super) images: Vec<String>,
}

impl Stylesheet {
    pub(super) fn read(css: &str) -> Self {
        let mut sheet = Self::default();
        let mut font = None;
        let mut is_wanted = true;
        css::read(css, |piece, _| match piece {
            Piece::Import(url) => sheet.imports.push(url.into_owned()),
            Piece::Font(url) if font.is_none() && is_modern(&url) => font = Some(url.into_owned()),
            Piece::Font(_) => {}
            Piece::UnicodeRange(range) => is_wanted = holds(range, 'a'),
            Piece::FontEnd => sheet.fonts.extend(font.take().filter(|_| std::mem::replace(&mut is_wanted, true))),
            // A fragment alone is a part of the page.
            Piece::Other(url) if url.starts_with('#') => {}
            Piece::Other(url) => sheet.images.push(url.into_owned()),
        });
        sheet
    }
}

/// Says whether browsers still read fonts of this sort.
fn is_modern(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    !path.rsplit_once('.').is_some_and(|(_, ending)| ["eot", "svg"].iter().any(|old| ending.eq_ignore_ascii_case(old)))
}

/// Says whether a `unicode-range` holds a letter; what cannot be read holds it.
fn holds(range: &str, letter: char) -> bool {
    let code = u32::from(letter);
    range.trim_start_matches(|before: char| before.is_ascii_whitespace() || before == ':').split(',').any(|part| {
        let Some(part) = part.trim_ascii().strip_prefix(['U', 'u']).and_then(|part| part.strip_prefix('+')) else {
            return true;
        };
        let (first, last) = match part.split_once('-') {
            Some((first, last)) => (first.to_owned(), last.to_owned()),
            None => (part.replace('?', "0"), part.replace('?', "F")),
        };
        match (u32::from_str_radix(&first, 16), u32::from_str_radix(&last, 16)) {
            (Ok(first), Ok(last)) => (first..=last).contains(&code),
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_a_browser_of_today_takes_is_the_first_it_can_read() {
        let sheet = Stylesheet::read(
            "@font-face { src: url(a.eot); src: url('a.eot?#iefix') format('embedded-opentype'), url(a.woff2), url(a.woff) }
             @font-face { src: local(b), url(b.ttf) }",
        );
        assert_eq!(sheet.fonts, ["a.woff2", "b.ttf"]);
    }

    #[test]
    fn of_the_parts_of_a_font_the_one_with_latin_letters_counts() {
        let sheet = Stylesheet::read(
            "@font-face { src: url(cyrillic); unicode-range: U+0301, U+0400-045F }
             @font-face { src: url(latin); unicode-range: U+0000-00FF, U+0131 }
             @font-face { unicode-range:u+4??; src: url(wild) }
             @font-face { unicode-range: U+61; src: url(one) }
             @font-face { src: url(all) }",
        );
        assert_eq!(sheet.fonts, ["latin", "one", "all"]);
    }

    #[test]
    fn what_is_in_the_page_itself_is_not_fetched() {
        let sheet = Stylesheet::read("@import 'a.css'; a { filter: url(#blur); background: url(b.png) }");
        assert_eq!(sheet, Stylesheet { imports: vec!["a.css".into()], fonts: vec![], images: vec!["b.png".into()] });
    }
}
