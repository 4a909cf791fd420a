//! Makes visible what would otherwise act on the terminal.

/// Returns `text` with every character that could act on a terminal, or hide, written out as an escape.
///
/// Those are the control characters (with newline and tab), line and paragraph separators, marks that reverse the
/// direction of writing, and characters without width that serve no script. `\n`, `\t` and `\r` are shown so, the others
/// as `\u{1b}`.
#[must_use]
pub fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if acts(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
        shown
    })
}

/// Says whether a character could act on a terminal or hide. U+200C and U+200D are spared: Persian and emoji need them.
pub(crate) fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_are_written_out() {
        assert_eq!(visible("\u{1b}[2Jgone\u{9b}1A\r\n"), r"\u{1b}[2Jgone\u{9b}1A\r\n");
        assert_eq!(visible("a\u{202e}txt.exe"), r"a\u{202e}txt.exe");
    }

    #[test]
    fn ordinary_text_of_any_script_is_left_alone() {
        for text in ["plain", "größer", "日本語", "فارسی\u{200c}ها", "👩\u{200d}💻", r"C:\path"] {
            assert_eq!(visible(text), text);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(acts));
        }
    }
}
