//! Secrets: named in the configuration, read at the edge, never shown.

use std::collections::BTreeMap;
use std::fmt;

/// A secret's value. It has no text form and cannot be serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// Returns the value, for handing it to the one who needs it and to no one else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets that the configuration names, by the name of their environment variable.
#[derive(Debug, Clone, Default)]
pub struct Secrets(BTreeMap<String, Secret>);

/// Shorter values would mask ordinary words.
const SHORTEST_MASKED: usize = 4;

impl Secrets {
    /// Returns one secret.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// Returns all names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, secret)| (name.as_str(), secret))
    }

    /// Replaces every occurrence of every secret in `text` by `***`; for what other programs print.
    #[must_use]
    pub fn mask(&self, text: &str) -> String {
        let mut values: Vec<&str> = self
            .0
            .values()
            .flat_map(|secret| secret.reveal().lines())
            .filter(|line| line.len() >= SHORTEST_MASKED)
            .collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.into_iter().fold(text.to_owned(), |masked, value| masked.replace(value, "***"))
    }
}

impl FromIterator<(String, Secret)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, Secret)>>(secrets: I) -> Self {
        Self(secrets.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_nowhere() {
        let secrets: Secrets = [
            ("A".to_owned(), Secret::new("hunter2hunter2".to_owned())),
            ("B".to_owned(), Secret::new("hunter2".to_owned())),
        ]
        .into_iter()
        .collect();
        assert!(!format!("{secrets:?}").contains("hunter"));
        assert_eq!(secrets.mask("x hunter2hunter2 y hunter2"), "x *** y ***");
    }
}
