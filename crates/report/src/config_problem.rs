//! One problem of a configuration file, shown where it is.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::layout::WIDTH;
use crate::visible;

/// Returns a problem of a configuration file in the manner of rustc.
///
/// `line` and `column` count from 1, the column in characters. `excerpt` is the text of that line, with whatever is
/// secret in it already masked: it is shown as it is given.
#[must_use]
pub fn config_problem(
    file: &str,
    line: Option<usize>,
    column: Option<usize>,
    message: &str,
    excerpt: Option<&str>,
    help: Option<&str>,
) -> String {
    let file = visible(file);
    let title = Level::ERROR.primary_title(visible(message));
    let mut group = match (line, excerpt) {
        (Some(line), Some(excerpt)) => {
            let (source, span) = underlined(excerpt, column);
            let snippet = Snippet::source(source).line_start(line).path(file.clone());
            let annotation = AnnotationKind::Primary.span(span);
            title.element(snippet.annotation(annotation))
        }
        (Some(line), None) => {
            let origin = Origin::path(file.clone()).line(line);
            title.element(match column {
                Some(column) => origin.char_column(column),
                None => origin,
            })
        }
        (None, _) => title.element(Origin::path(file.clone())),
    };
    if let Some(help) = help {
        group = group.element(Level::HELP.message(visible(help)));
    }
    format!("{}\n", Renderer::styled().term_width(WIDTH).render(&[group]))
}

/// Returns the first line of the excerpt, harmless, and the bytes to underline: the word at `column`, or the whole line.
fn underlined(excerpt: &str, column: Option<usize>) -> (String, std::ops::Range<usize>) {
    let line = excerpt.lines().next().unwrap_or_default();
    let start = column.map_or_else(
        || line.len() - line.trim_start().len(),
        |column| line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(byte, _)| byte),
    );
    let (before, rest) = line.split_at(start);
    let word = match column {
        Some(_) => rest.find(|character: char| character.is_whitespace() || "=,]}".contains(character)),
        None => Some(rest.trim_end().len()),
    };
    // At the very end of the line there is no word, and the place itself is shown.
    let (word, after) = rest.split_at(word.unwrap_or(rest.len()));
    let (before, word) = (visible(before), visible(word));
    let span = before.len()..before.len() + word.len();
    (before + &word + &visible(after), span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_at_the_column_is_underlined() {
        assert_eq!(underlined("verfy = true", Some(1)), ("verfy = true".to_owned(), 0..5));
        assert_eq!(underlined("é = [1, abc]", Some(9)), ("é = [1, abc]".to_owned(), 9..12));
        assert_eq!(underlined("  whole line ", None), ("  whole line ".to_owned(), 2..12));
    }

    #[test]
    fn a_column_beyond_the_line_points_at_its_end() {
        assert_eq!(underlined("abc", Some(99)).1, 3..3);
        assert!(config_problem("c.toml", Some(1), Some(99), "too short", Some("abc"), None).contains("too short"));
        assert!(config_problem("c.toml", Some(1), Some(1), "empty", Some(""), None).contains("empty"));
    }
}
