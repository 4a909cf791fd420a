//! Globs over paths: `*` stays within a folder, `**` does not.

use std::borrow::Cow;

use charter_host::Refusal;
use globset::{Glob, GlobBuilder, GlobMatcher};

/// Compiles a glob; alternatives are written `{a,b}`, and a backslash takes the meaning from the next character.
pub(crate) fn compile(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    GlobBuilder::new(&crossing(pattern))
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .as_ref()
        .map(Glob::compile_matcher)
        .map_err(Clone::clone)
}

/// Writes `**` out where it does not stand for whole folders, as in `color-contrast: **`: there it is `*` to globset.
fn crossing(pattern: &str) -> Cow<'_, str> {
    let (mut written, mut rest, mut is_same) = (String::with_capacity(pattern.len()), pattern, true);
    let (mut before, mut in_class) = ('/', false);
    while let Some(letter) = rest.chars().next() {
        let behind = &rest[letter.len_utf8()..];
        let after = behind.strip_prefix('*').map(|behind| behind.trim_start_matches('*'));
        match (letter, after) {
            ('*', Some(after)) if !in_class => {
                let is_of_folders = match before {
                    '/' => after.is_empty() || after.starts_with(['/', '}', ',']),
                    '{' | ',' => after.starts_with('/'),
                    _ => false,
                };
                written.push_str(if is_of_folders { "**" } else { "{*,**/*}" });
                is_same &= is_of_folders;
                (before, rest) = ('*', after);
                continue;
            }
            ('\\', _) if !in_class => {
                written.push(letter);
                rest = behind;
            }
            ('[', _) => in_class = true,
            (']', _) => in_class = false,
            _ => {}
        }
        let Some(letter) = rest.chars().next() else { break };
        written.push(letter);
        rest = &rest[letter.len_utf8()..];
        before = letter;
    }
    if is_same { Cow::Borrowed(pattern) } else { Cow::Owned(written) }
}

/// Compiles the globs of a key of the configuration.
pub(crate) fn compile_all(key: &str, patterns: &[String]) -> Result<Vec<GlobMatcher>, Refusal> {
    patterns.iter().map(|pattern| compile_of(key, pattern)).collect()
}

/// Compiles a glob of a key of the configuration.
pub(crate) fn compile_of(key: &str, pattern: &str) -> Result<GlobMatcher, Refusal> {
    compile(pattern).map_err(|error| Refusal(format!("`{key}`: `{pattern}` is not a glob: {}", error.kind())))
}

/// Says whether one of the globs matches a path.
pub(crate) fn any(globs: &[GlobMatcher], path: &str) -> bool {
    globs.iter().any(|glob| glob.is_match(path))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        compile(pattern).unwrap().is_match(path)
    }

    #[test]
    fn one_star_stays_in_its_folder_and_two_do_not() {
        for (pattern, path, expected) in [
            ("*.html", "index.html", true),
            ("*.html", "demo/index.html", false),
            ("demo/*", "demo/a.html", true),
            ("demo/*", "demo/a/b.html", false),
            ("demo/**", "demo/a/b.html", true),
            ("demo/**", "other/a.html", false),
            ("**/index.html", "index.html", true),
            ("**/index.html", "a/b/index.html", true),
            ("**", "a/b", true),
            (r"\[slug\].html", "[slug].html", true),
            ("contrast: **", "contrast: index.html", true),
            ("contrast: **", "contrast: a/b/index.html", true),
            ("contrast: *", "contrast: a/index.html", false),
            ("GHSA-1:**", "GHSA-1:@scope/name@1.0.0", true),
            ("**.html", "a/b.html", true),
            ("a**", "a/b", true),
            ("a**", "b/a", false),
            ("{a,**}/x", "b/c/x", true),
            ("{a,**/b}", "c/b", true),
            ("{a/**,b}", "a/b/c", true),
            (r"a\**", "a*b", true),
            (r"a\**", "a*/b", false),
            ("a[**]", "a*", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} over {path}");
        }
    }

    proptest! {
        #[test]
        fn a_path_without_special_letters_matches_itself_and_nothing_longer(path in "[a-z]{1,8}(/[a-z]{1,8}){0,3}", more in "[a-z/]{1,4}") {
            prop_assert!(matches(&path, &path));
            let longer = format!("{path}{more}");
            prop_assert!(!matches(&path, &longer));
        }

        #[test]
        fn two_stars_match_whatever_one_star_matches(path in "[a-z]{1,8}(/[a-z]{1,8}){0,3}") {
            prop_assert!(matches("**", &path));
            prop_assert_eq!(matches("*", &path), !path.contains('/'));
        }
    }
}
