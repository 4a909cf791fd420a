//! Where it is written how a migration is taken back.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::layout::Part;

/// Says whether a migration's own text or one of the documents has a plan for it.
///
/// In the text it is a comment `-- rollback-plan: …`, a sentence or the path of a file of the commit; in a document a
/// section whose heading names the version.
pub(super) fn is_there(part: &Part, up: &str, documents: &[(String, String)], files: &BTreeSet<String>) -> bool {
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?im)^\s*--\s*rollback[ -]plan:[ \t]*(\S.*?)\s*$").expect("the pattern is well-formed")
    });
    let named = COMMENT.captures(up).and_then(|found| Some(found.get(1)?.as_str()));
    let in_text = named.is_some_and(|named| match is_path(named) {
        true => files.contains(named.split('#').next().unwrap_or(named).trim_start_matches("./")),
        false => true,
    });
    in_text || documents.iter().any(|(_, text)| has_section(text, part))
}

fn is_path(text: &str) -> bool {
    !text.contains(' ') && (text.contains('/') || text.contains(".md"))
}

/// Says whether a Markdown text has a section with text in it whose heading names the migration's version.
fn has_section(text: &str, part: &Part) -> bool {
    let mut lines = text.lines().skip_while(|line| !heading(line).is_some_and(|heading| names(heading, part))).skip(1);
    lines.by_ref().take_while(|line| heading(line).is_none()).any(|line| !line.trim().is_empty())
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    (text.len() < line.len() && text.starts_with(' ')).then(|| text.trim())
}

fn names(heading: &str, part: &Part) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-');
    heading.split(|letter: char| !is_part(letter)).any(|word| word == part.version.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::migrations::layout;

    fn is_planned(up: &str, document: &str) -> bool {
        let part = layout::part("migrations/7_drop.sql").unwrap();
        let files = BTreeSet::from(["docs/back.md".to_owned()]);
        is_there(&part, up, &[("docs/rollback.md".to_owned(), document.to_owned())], &files)
    }

    #[test]
    fn a_plan_is_a_comment_or_a_section() {
        assert!(is_planned("-- Rollback plan: restore the table from the dump.\nDROP TABLE a;", ""));
        assert!(is_planned("--rollback-plan: docs/back.md#seven", ""));
        assert!(is_planned("", "# Plans\n\n## 7_drop\n\nRestore the dump.\n"));
    }

    #[test]
    fn an_empty_one_and_one_for_another_are_none() {
        assert!(!is_planned("-- rollback-plan:\nDROP TABLE a;", ""));
        assert!(!is_planned("-- rollback-plan: docs/gone.md", ""));
        assert!(!is_planned("", "## 17_drop\n\nRestore.\n"));
        assert!(!is_planned("", "## 7_drop\n\n## 8_add\n\nRestore.\n"));
        assert!(!is_planned("", "version 7_drop is fine\n"));
    }
}
