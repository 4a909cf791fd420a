//! A finding shown in the line it is about.

use charter_deploy_model::Location;
use unicode_width::UnicodeWidthChar;

use super::listed::Listed;
use super::style;
use crate::figures::count;
use crate::layout::{hanging, width};
use crate::style::{DIM, paint};
use crate::{visible, words};

/// How much of a line is shown before its column, and in all: a site's pages are often one line.
const BEFORE: usize = 30;
const SHOWN: usize = 76;

/// Draws a finding in the manner of rustc, indented; nothing when its first place has no line, or nobody has the text.
///
/// Columns count in the whole line, of which only a part may be shown; so a drawing library, which counts in what it is
/// given, is not asked.
pub(crate) fn drawn(listed: &Listed<'_>, excerpt: &dyn Fn(&Location) -> Option<String>) -> Option<String> {
    let finding = listed.finding;
    let (first, others) = finding.locations.split_first()?;
    let number = first.line?.to_string();
    let text = excerpt(first)?;
    let (source, span) = cut_out(text.lines().next().unwrap_or_default(), first.column);
    let style = style(listed.severity);
    let blank = " ".repeat(number.len());
    let gutter = |label: &str| format!("      {}", paint(DIM, &format!("{label} |")));
    let under = " ".repeat(width(&source[..span.start])) + &paint(style, &"^".repeat(width(&source[span]).max(1)));

    let title = paint(style, words::severity(listed.severity));
    let mut drawn = hanging(&format!("      {title}: "), &visible(&finding.message));
    drawn += &format!("      {}\n", paint(DIM, &format!("{blank}--> {}", super::place(first))));
    drawn += &format!("{}\n{} {source}\n{} {under}\n", gutter(&blank), gutter(&number), gutter(&blank));
    if !others.is_empty() {
        drawn +=
            &format!("      {blank} {}\n", paint(DIM, &format!("= and {}", count(others.len() as u64, "more places"))));
    }
    if let Some(help) = &finding.help {
        drawn += &hanging(&format!("      {blank} {} ", paint(DIM, "= help:")), &visible(help));
    }
    Some(drawn)
}

/// Returns what is shown of a line, harmless, and the bytes of it to underline: the word at `column` (characters from
/// 1), or the whole.
fn cut_out(line: &str, column: Option<u32>) -> (String, std::ops::Range<usize>) {
    let column = column.map(|column| (column as usize).saturating_sub(1));
    let skipped = column.unwrap_or_default().saturating_sub(BEFORE);
    let mut source = String::new();
    let (mut start, mut end) = (None, None);
    if skipped > 0 {
        source.push('…');
    }
    let mut columns = 0;
    for (place, character) in line.chars().enumerate().skip(skipped) {
        if columns >= SHOWN {
            source.push('…');
            break;
        }
        if column == Some(place) {
            start = Some(source.len());
        } else if start.is_some() && end.is_none() && !is_of_a_word(character) {
            end = Some(source.len());
        }
        let shown = visible(character.encode_utf8(&mut [0; 4]));
        columns += shown.chars().map(|character| character.width().unwrap_or(0)).sum::<usize>();
        source.push_str(&shown);
    }
    let whole = (source.len() - source.trim_start().len(), source.trim_end().len());
    let (start, end) = match column {
        None => whole,
        Some(_) => {
            let start = start.unwrap_or(source.len());
            (start, end.unwrap_or(source.len()).max(start))
        }
    };
    (source, start..end.max(start))
}

fn is_of_a_word(character: char) -> bool {
    character.is_alphanumeric() || "-_./:#".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_word_at_the_column_is_underlined_wherever_the_line_is_cut() {
        let (source, span) = cut_out("  <a href=\"gone.html\">", Some(12));
        assert_eq!(&source[span], "gone.html");
        let long = format!("{}<a href=\"gone.html\">{}", "x".repeat(5000), "y".repeat(5000));
        let (source, span) = cut_out(&long, Some(5010));
        assert_eq!(&source[span], "gone.html");
        assert!(source.starts_with('…') && source.ends_with('…') && source.chars().count() < 80, "{source}");
    }

    proptest! {
        #[test]
        fn any_line_can_be_cut_anywhere(line in ".{0,200}", column in prop::option::of(0_u32..300)) {
            let (source, span) = cut_out(&line, column);
            prop_assert!(source.is_char_boundary(span.start) && source.is_char_boundary(span.end));
            prop_assert!(!source.chars().any(crate::visible::acts));
        }
    }
}
