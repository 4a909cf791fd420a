//! The files that errors are in: lines that exist, and what tells an error when they move.

use std::collections::HashMap;
use std::path::Path;

use charter_deploy_model::{Digest, Finding, Location};
use sha2::{Digest as _, Sha256};

use super::category::Category;
use super::output::{Place, Problem};
use super::within;

/// A larger file is not read, in bytes.
const SIZE_LIMIT: u64 = 16 << 20;

/// Reads each file once.
pub(super) struct Sources<'a> {
    root: &'a Path,
    texts: HashMap<String, Option<String>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(root: &'a Path) -> Self {
        Self { root, texts: HashMap::new() }
    }

    /// Makes a finding of an error. One outside the project's folder is the project's that leads there.
    pub(super) fn finding(&mut self, problem: &Problem, project: &str, category: Category) -> Finding {
        let code = format!("typescript/{}", category.name());
        let own = format!("{}/", self.root.display());
        let said = problem.message().replace(&own, "");
        let inside = problem.place.as_ref().and_then(|place| Some((within(Path::new(""), &place.path)?, place)));
        let known = inside.filter(|(path, _)| self.text(path).is_some());
        let Some((path, place)) = known else {
            let whose = problem.place.as_ref().map_or(project, |place| place.path.as_str());
            let message = format!("`{whose}`: {said} ({})", problem.code);
            let key = format!("{}:{}", problem.code, digits(&said));
            return Finding::new(code, project, message).at(Location::file(project).in_source()).key(key);
        };
        let text = self.text(&path).unwrap_or_default();
        let (line, column, content) = position(text, place);
        let key = format!("{}:{}", problem.code, digits(content));
        let mut location = Location::file(&path).in_source();
        if line > 0 {
            location = location.line(line).column(column);
        }
        Finding::new(code, &path, format!("`{path}`: {said} ({})", problem.code)).at(location).key(key)
    }

    /// Returns the first line of a file that has a text in it, from 1.
    pub(super) fn line_with(&mut self, path: &str, wanted: &str) -> Option<u32> {
        let line = self.text(path)?.lines().position(|line| line.contains(wanted))?;
        u32::try_from(line + 1).ok()
    }

    fn text(&mut self, path: &str) -> Option<&str> {
        if !self.texts.contains_key(path) {
            let full = self.root.join(path);
            // Anything but a file, such as a pipe, might never end.
            let is_small = full.metadata().is_ok_and(|there| there.is_file() && there.len() <= SIZE_LIMIT);
            let bytes = is_small.then(|| std::fs::read(&full).ok()).flatten();
            self.texts.insert(path.to_owned(), bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        }
        self.texts.get(path).and_then(Option::as_deref)
    }
}

/// Returns the line and column of a place, the column in characters, and what is in the line. What is missing at the end
/// of a file is told behind its last line, which is no line of it: then it is the last. An empty file has no line.
fn position<'t>(text: &'t str, place: &Place) -> (u32, u32, &'t str) {
    let wanted = place.line.saturating_sub(1) as usize;
    let (mut line, mut content) = (0, "");
    for (number, found) in text.lines().take(wanted.saturating_add(1)).enumerate() {
        (line, content) = (u32::try_from(number + 1).unwrap_or(u32::MAX), found);
    }
    let mut units = place.column.saturating_sub(1) as usize;
    let before = content.chars().take_while(|letter| {
        let is_before = units > 0;
        units = units.saturating_sub(letter.len_utf16());
        is_before
    });
    let column = u32::try_from(before.count() + 1).unwrap_or(u32::MAX);
    (line, column, content.trim())
}

/// Returns what tells a text from others: twelve hexadecimal digits.
fn digits(text: &str) -> String {
    let mut digits = Digest::new(Sha256::digest(text).into()).hex();
    digits.truncate(12);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_file_and_count_characters() {
        let text = "const a = '😀' + b;\n\tconst c = d;\n";
        for (line, column, expected) in [
            (1, 1, (1, 1, "const a = '😀' + b;")),
            (1, 18, (1, 17, "const a = '😀' + b;")),
            (2, 12, (2, 12, "const c = d;")),
            (3, 1, (2, 1, "const c = d;")),
            (u32::MAX, u32::MAX, (2, 14, "const c = d;")),
        ] {
            let place = Place { path: String::new(), line, column };
            assert_eq!(position(text, &place), expected, "{line}:{column}");
        }
        assert_eq!(position("", &Place { path: String::new(), line: 1, column: 1 }), (0, 1, ""));
    }
}
