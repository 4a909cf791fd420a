//! Names of what a backend keeps.

use std::fmt;
use std::str::FromStr;

use charter_host::durable::TEMPORARY;

/// A relative path of segments `[A-Za-z0-9._-]+`, such as `deployments/20261121-020711-deployment.json`.
///
/// A segment is at most 255 bytes, is neither `.` nor `..`, and does not begin like a half-written file's name, so
/// every key is a safe file name below any folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Returns the key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether the first segments of this key are all those of `prefix`; `a/b` and `a/b/c` are under `a/b`,
    /// `a/bc` is not.
    #[must_use]
    pub fn is_under(&self, prefix: &Self) -> bool {
        self.0.strip_prefix(&prefix.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Makes a key that this crate wrote itself.
    pub(crate) fn fixed(text: &str) -> Self {
        text.parse().expect("the store's own names are well-formed")
    }
}

/// Says that a text is not a [`Key`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a key: expected segments of letters, digits, `.`, `_`, `-`, separated by `/`")]
pub struct KeyError {
    /// What was read, cut to 80 characters.
    pub text: String,
}

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let fits = |segment: &str| {
            !matches!(segment, "" | "." | "..")
                && segment.len() <= 255
                && !segment.starts_with(TEMPORARY)
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
        };
        if text.split('/').all(fits) {
            Ok(Self(text.to_owned()))
        } else {
            Err(KeyError { text: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_could_leave_the_folder_is_no_key() {
        let long = "a".repeat(256);
        for text in ["", "/a", "a/", "a//b", ".", "a/../b", "a b", "a\\b", "é", "a\n", ".charter-tmp-1-1", &long] {
            assert!(text.parse::<Key>().is_err(), "{text:?}");
        }
        for text in ["a", "...", "a/b.json", ".hidden", "-", &long[1..]] {
            assert!(text.parse::<Key>().is_ok(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_key_is_under_itself_and_its_folders_only(a in "[a-c]{1,2}", b in "[a-c]{1,2}", c in "[a-c]{1,2}") {
            let key: Key = format!("{a}/{b}").parse().unwrap();
            prop_assert!(key.is_under(&key));
            prop_assert!(key.is_under(&a.parse().unwrap()));
            prop_assert_eq!(key.is_under(&c.parse().unwrap()), a == c);
        }
    }
}
