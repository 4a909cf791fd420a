//! Columns, wrapped lines and folded lists. Widths are terminal columns, and styles have none.

use anstream::adapter::strip_str;
use unicode_width::UnicodeWidthStr;

use crate::style::{BOLD, DIM, paint};
use crate::visible;

/// The width that all output fits, where its words allow.
pub(crate) const WIDTH: usize = 100;

/// Returns how many columns `text` takes.
pub(crate) fn width(text: &str) -> usize {
    strip_str(text).to_string().width()
}

/// Fills `text` with spaces to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// Cuts unstyled `text` to `columns`, with `…` for what is gone.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    for character in text.chars() {
        kept.push(character);
        if width(&kept) >= columns {
            kept.pop();
            break;
        }
    }
    kept + "…"
}

/// Breaks `text` at spaces into lines of at most `columns`; a longer word has a line of its own.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = width(word);
        if used > 0 && used + 1 + length > columns {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is a line from the beginning");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}

/// Puts `lead` before the first line of `text`, and as many spaces before the others, wrapped at [`WIDTH`].
pub(crate) fn hanging(lead: &str, text: &str) -> String {
    let indent = width(lead);
    wrapped(text, WIDTH.saturating_sub(indent).max(20))
        .iter()
        .enumerate()
        .map(|(number, line)| match number {
            0 => format!("{lead}{line}\n"),
            _ => format!("{}{line}\n", " ".repeat(indent)),
        })
        .collect()
}

/// Makes foreign text of several lines harmless line by line, so that a program's output stays readable.
pub(crate) fn visible_lines(text: &str) -> Vec<String> {
    text.trim_end().lines().map(visible).collect()
}

/// `  label      text`, the text wrapped beside the label.
pub(crate) fn field(label: &str, columns: usize, text: &str) -> String {
    hanging(&format!("  {}  ", paint(DIM, &padded(label, columns))), text)
}

/// Like [`field`], but a line that fits keeps its spaces, so that a drawing keeps its columns.
pub(crate) fn drawn_field(label: &str, columns: usize, line: &str) -> String {
    let lead = format!("  {}  ", paint(DIM, &padded(label, columns)));
    let line = line.trim_end();
    if width(&lead) + width(line) <= WIDTH { trim_lines(&format!("{lead}{line}\n")) } else { hanging(&lead, line) }
}

/// A row of cells; all but the last are as wide as their column, and the last is wrapped.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let last = head.len() - 1;
    let columns: Vec<usize> = (0..last)
        .map(|column| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.chain([width(head[column])]).max().unwrap_or_default()
        })
        .collect();
    let line = |cells: &[String]| {
        let lead: String = (0..last).map(|column| padded(&cells[column], columns[column]) + "  ").collect();
        hanging(&lead, &cells[last])
    };
    let head: Vec<String> = head.iter().map(|title| paint(DIM, title)).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|row| line(row))).map(|line| trim_lines(&line)).collect()
}

fn trim_lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A heading in bold on a line of its own.
pub(crate) fn heading(text: &str) -> String {
    format!("{}\n", paint(BOLD, text))
}

/// Keeps the first `kept` of `items`, and says how many more there were; one more is shown rather than counted.
pub(crate) fn folded<T>(items: &[T], kept: usize) -> (&[T], usize) {
    if items.len() <= kept + 1 { (items, 0) } else { (&items[..kept], items.len() - kept) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_take_no_room() {
        assert_eq!(width(&paint(BOLD, "日本")), 4);
        assert_eq!(width(&padded(&paint(BOLD, "ab"), 5)), 5);
    }

    #[test]
    fn cutting_counts_columns_not_characters() {
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }

    #[test]
    fn a_long_word_is_not_torn() {
        assert_eq!(wrapped("a bbbbbbbb c", 4), ["a", "bbbbbbbb", "c"]);
        assert_eq!(wrapped("", 4), [""]);
    }

    #[test]
    fn folding_never_hides_a_single_item() {
        assert_eq!(folded(&[1, 2, 3, 4], 3), (&[1, 2, 3, 4][..], 0));
        assert_eq!(folded(&[1, 2, 3, 4, 5], 3), (&[1, 2, 3][..], 2));
    }

    #[test]
    fn rows_align_below_their_titles() {
        let text = table(&["ID", "NAME"], &[vec!["1".into(), "one".into()], vec!["12345".into(), "two".into()]]);
        assert_eq!(strip_str(&text).to_string(), "ID     NAME\n1      one\n12345  two\n");
    }
}
