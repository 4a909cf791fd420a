//! Making the edits that findings carry.

use std::collections::BTreeMap;
use std::ops::Range;

use charter_deploy_model::{Finding, Fix, Tree};

/// Returns the fixes of these findings by the file that they edit, each once.
#[must_use]
pub fn by_file<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> BTreeMap<(Tree, &'a str), Vec<&'a Fix>> {
    let mut files: BTreeMap<(Tree, &str), Vec<&Fix>> = BTreeMap::new();
    for fix in findings.into_iter().filter_map(|finding| finding.fix.as_ref()) {
        let fixes = files.entry((fix.tree, fix.path.as_str())).or_default();
        if !fixes.contains(&fix) {
            fixes.push(fix);
        }
    }
    files
}

/// What became of a file's fixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The file's new content.
    pub content: Vec<u8>,
    /// What was done, as each fix says of itself.
    pub made: Vec<String>,
    /// What was left, because another text stands there or another edit was made in the same place.
    pub left: Vec<String>,
}

/// Makes the fixes in the content of their file.
///
/// An edit is made only where the very text stands that it was made for, and never over another edit.
#[must_use]
pub fn edit(content: &[u8], fixes: &[&Fix]) -> Edited {
    let mut fixes = fixes.to_vec();
    fixes.sort_by_key(|fix| fix.start);
    let mut edited = Edited { content: Vec::with_capacity(content.len()), made: Vec::new(), left: Vec::new() };
    let mut end = 0;
    for fix in fixes {
        match place(content, fix).filter(|range| range.start >= end) {
            Some(range) => {
                edited.content.extend_from_slice(&content[end..range.start]);
                edited.content.extend_from_slice(fix.new.as_bytes());
                end = range.end;
                edited.made.push(fix.summary.clone());
            }
            None => edited.left.push(fix.summary.clone()),
        }
    }
    edited.content.extend_from_slice(&content[end..]);
    edited
}

/// Returns where the text stands that a fix replaces.
fn place(content: &[u8], fix: &Fix) -> Option<Range<usize>> {
    let start = usize::try_from(fix.start).ok()?;
    let end = start.checked_add(fix.old.len())?;
    (content.get(start..end)? == fix.old.as_bytes()).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fix(start: u64, old: &str, new: &str) -> Fix {
        Fix {
            summary: format!("write `{new}`"),
            path: "a.html".to_owned(),
            tree: Tree::Source,
            start,
            old: old.to_owned(),
            new: new.to_owned(),
        }
    }

    #[test]
    fn an_edit_is_made_only_where_its_text_stands() {
        let (first, moved, over) = (fix(0, "one", "1"), fix(5, "two", "2"), fix(2, "e t", "3"));
        let edited = edit(b"one two", &[&first, &moved, &over]);
        assert_eq!(edited.content, b"1 two");
        assert_eq!((edited.made.len(), edited.left.len()), (1, 2));
    }

    proptest! {
        #[test]
        fn what_no_edit_is_for_stays(content: Vec<u8>, fixes in prop::collection::vec((0_u64..40, "[a-c]{0,3}", "[x-z]{0,3}"), 0..6)) {
            let fixes: Vec<Fix> = fixes.iter().map(|(start, old, new)| fix(*start, old, new)).collect();
            let edited = edit(&content, &fixes.iter().collect::<Vec<_>>());
            prop_assert_eq!(edited.made.len() + edited.left.len(), fixes.len());
            if edited.made.is_empty() {
                prop_assert_eq!(edited.content, content);
            }
        }
    }
}
