//! Fits text to where it is going.

use anstream::adapter::strip_str;

/// Which characters the destination can show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Marks {
    /// All of them: the locale is UTF-8.
    #[default]
    Unicode,
    /// ASCII alone.
    Ascii,
}

/// Returns `text` as its destination can show it: without colours unless `colour`, in ASCII where it must be.
///
/// Each mark has a stand-in of the same width, so tables stay aligned; any other character that ASCII lacks becomes its
/// `\u{…}` escape.
#[must_use]
pub fn dress(text: &str, colour: bool, marks: Marks) -> String {
    let text = if colour { text.to_owned() } else { strip_str(text).to_string() };
    match marks {
        Marks::Unicode => text,
        Marks::Ascii => text.chars().fold(String::with_capacity(text.len()), |mut ascii, character| {
            match character {
                '✓' => ascii.push('+'),
                '✗' => ascii.push('x'),
                '·' | '•' | '–' => ascii.push('-'),
                '…' => ascii.push('~'),
                '→' => ascii.push('>'),
                '█' => ascii.push('#'),
                '░' => ascii.push('.'),
                character if character.is_ascii() => ascii.push(character),
                character => ascii.extend(character.escape_unicode()),
            }
            ascii
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_destinations_get_ascii_alone_and_the_same_columns() {
        assert_eq!(dress("✓ a · b…", false, Marks::Ascii), "+ a - b~");
        assert_eq!(dress("café", false, Marks::Ascii), "caf\\u{e9}");
    }

    #[test]
    fn colours_are_kept_or_taken_out_whole() {
        let red = "\u{1b}[31mno\u{1b}[0m";
        assert_eq!(dress(red, true, Marks::Unicode), red);
        assert_eq!(dress(red, false, Marks::Unicode), "no");
    }
}
