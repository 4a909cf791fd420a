//! Migrations that are templates, as of Go, Jinja or Flyway: their tool fills names in before a database sees them.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// A text with every name filled in that a template leaves open.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Filled<'a> {
    pub(super) text: Cow<'a, str>,
    /// Whether there was something to fill in.
    pub(super) is_template: bool,
    /// The line of the first part that is there or not, or there several times: what is run is nobody's to guess.
    pub(super) open: Option<u32>,
}

/// Fills in, for `{{ .Schema }}` and `${schema}`, a name made of the last word of it; no line is lost.
pub(super) fn fill(text: &str) -> Filled<'_> {
    // Not the braces of an array, such as `'{{1,2},{"a","b"}}'`.
    static PLACE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"\{\{(-?\s*[^\s{}0-9"',][^{}]*)\}\}|\$\{([A-Za-z_][A-Za-z0-9_.:-]*)\}|\{%[^{}]*%\}"#)
            .expect("the pattern is well-formed")
    });
    static WORD: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[A-Za-z_][A-Za-z0-9_]*").expect("the pattern is well-formed"));
    let (mut is_template, mut open) = (false, None);
    let filled = PLACE.replace_all(text, |found: &Captures<'_>| {
        is_template = true;
        let whole = found.get(0).expect("the whole is always there");
        let own = found.get(1).or(found.get(2)).map_or("", |own| own.as_str()).trim_matches(['-', ' ', '\t', '\n']);
        let empty = "\n".repeat(whole.as_str().matches('\n').count());
        if own.starts_with("/*") || own.starts_with('!') {
            return empty;
        }
        if is_control(own) {
            open.get_or_insert(text[..whole.start()].matches('\n').count() + 1);
            return empty;
        }
        // A word of its own, lest it be one of SQL's.
        format!("template_{}{empty}", WORD.find_iter(own).last().map_or("", |word| word.as_str()))
    });
    let open = open.and_then(|line| u32::try_from(line).ok());
    Filled { text: filled, is_template, open }
}

fn is_control(own: &str) -> bool {
    const WORDS: &[&str] =
        &["if", "else", "end", "range", "with", "define", "block", "template", "include", "break", "continue"];
    let word = own.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    own.is_empty() || WORDS.contains(&word) || own.starts_with(['#', '/', '^', '>', '%']) || own.contains(":=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_filled_in() {
        for (template, sql) in [
            (r#"DROP TABLE {{ index .Options "Namespace" }}.users;"#, "DROP TABLE template_Namespace.users;"),
            (r#"DROP TABLE "{{.Schema}}"."users";"#, r#"DROP TABLE "template_Schema"."users";"#),
            ("DROP TABLE ${flyway:defaultSchema}.users;", "DROP TABLE template_defaultSchema.users;"),
            ("a{{\n b\n}}c", "atemplate_b\n\nc"),
            ("{{/* why */}}SELECT 1;", "SELECT 1;"),
        ] {
            let filled = fill(template);
            assert_eq!((filled.text.as_ref(), filled.is_template, filled.open), (sql, true, None), "{template}");
        }
    }

    #[test]
    fn what_hangs_on_something_is_open() {
        for (template, line) in [
            ("SELECT 1;\n{{ if .Old }}DROP TABLE a;{{ end }}", 2),
            ("{{- range .Tables }}DROP TABLE {{ . }};{{ end }}", 1),
            ("\n\n{% if old %}DROP TABLE a;{% endif %}", 3),
            ("{{ $name := .Schema }}", 1),
        ] {
            assert_eq!(fill(template).open, Some(line), "{template}");
        }
    }

    #[test]
    fn what_is_no_template_is_left_as_it_is() {
        for text in ["SELECT '{{1,2},{3,4}}';", r#"SELECT '{{"a","b"}}';"#, "DO $$ BEGIN END $$;", "SELECT $1;"] {
            assert_eq!(fill(text), Filled { text: Cow::Borrowed(text), is_template: false, open: None }, "{text}");
        }
    }
}
