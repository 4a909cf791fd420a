//! The headings of a Markdown text, and whether anything stands below them.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

/// The sections of a document.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sections {
    /// The headings in lower case, and whether there is text below each, also below deeper ones.
    headings: Vec<(String, bool)>,
    /// Whether there is no text at all, but headings perhaps.
    pub(super) is_empty: bool,
}

impl Sections {
    /// Says whether a heading that contains some words, whatever their capitals, has text below it.
    pub(super) fn has(&self, words: &str) -> bool {
        let words = words.to_lowercase();
        self.headings.iter().any(|(heading, has_text)| *has_text && heading.contains(&words))
    }
}

/// Reads Markdown; any text is some.
pub(super) fn read(text: &str) -> Sections {
    let mut sections = Sections { is_empty: true, ..Sections::default() };
    // The headings that the text stands below, by level.
    let mut open: Vec<(HeadingLevel, usize)> = Vec::new();
    let mut is_heading = false;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                is_heading = true;
                open.retain(|(upper, _)| *upper < level);
                open.push((level, sections.headings.len()));
                sections.headings.push((String::new(), false));
            }
            Event::End(TagEnd::Heading(_)) => is_heading = false,
            Event::Text(words) | Event::Code(words) if is_heading => {
                if let Some((heading, _)) = sections.headings.last_mut() {
                    heading.push_str(&words.to_lowercase());
                }
            }
            Event::Text(words) | Event::Code(words) if !words.trim().is_empty() => {
                sections.is_empty = false;
                for (_, number) in &open {
                    sections.headings[*number].1 = true;
                }
            }
            _ => {}
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_has_the_text_below_it_and_below_deeper_headings() {
        let sections = read(
            "# Runbook\n\n## `charter` Rollback\n\n### Steps\n\n1. Run it.\n\n## Contact\n\n## Deploy\n\n    make\n",
        );
        for (words, expected) in [
            ("rollback", true),
            ("ROLLBACK", true),
            ("steps", true),
            ("contact", false),
            ("deploy", true),
            ("x", false),
        ] {
            assert_eq!(sections.has(words), expected, "{words}");
        }
    }

    #[test]
    fn headings_in_code_and_comments_are_none() {
        let sections = read("```sh\n# Rollback\nmake\n```\n<!-- ## Deploy -->\n");
        assert!(!sections.has("rollback") && !sections.has("deploy") && !sections.is_empty);
        assert!(read("# Only\n\n<!-- TODO -->\n").is_empty);
        assert!(read("").is_empty);
    }
}
