//! Markdown in which foreign text is text.

use crate::visible;

/// Returns `text` so that it reads as it is in Markdown, in a table's cell too: nothing in it is a tag, a link, a
/// picture, a mention or the end of the cell.
///
/// Characters that could act on a terminal or hide are made visible first.
pub(crate) fn escaped(text: &str) -> String {
    visible(text).chars().fold(String::with_capacity(text.len()), |mut text, character| {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '@' => text.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '|' | '~' | '^' | '#' | '!' | '$' | ':' => {
                text.push('\\');
                text.push(character);
            }
            _ => text.push(character),
        }
        text
    })
}

/// Returns a table's row.
pub(crate) fn row<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Returns a table with its head; nothing when there are no rows.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let rule = vec!["---"; head.len()];
    row(head) + &row(&rule) + &rows.iter().map(|cells| row(cells)).collect::<String>()
}
