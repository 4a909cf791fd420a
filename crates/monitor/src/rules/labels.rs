//! What an alert is about, as pairs of words, and which of them are meant.
//!
//! ```
//! use charter_monitor::rules::labels::{Labels, Matcher, all_match};
//!
//! let labels: Labels = [("site", "docs"), ("url", "https://example.org/prices")].map(|(k, v)| (k.into(), v.into())).into();
//! let matchers = ["site=docs", "url~*/prices", "team!=night"].map(|text| text.parse::<Matcher>());
//! assert!(all_match(&matchers.into_iter().collect::<Result<Vec<_>, _>>()?, &labels));
//! # Ok::<(), charter_monitor::rules::labels::MatcherError>(())
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobMatcher};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What an alert is about: names and values, such as `site` and `docs`.
pub type Labels = BTreeMap<String, String>;

/// A name is at most this long, in bytes.
const LONGEST_NAME: usize = 64;

/// A value or glob is at most this long, in bytes.
const LONGEST_VALUE: usize = 512;

/// A demand on one label: `name=value`, `name!=value`, `name~glob` or `name!~glob`.
///
/// A label that is not there counts as empty. In a glob, `*` stands for any characters, `/` among them, `?` for one,
/// `[a-z]` for one of some and `{a,b}` for either.
#[derive(Debug, Clone)]
pub struct Matcher {
    name: String,
    demand: Demand,
}

#[derive(Debug, Clone)]
enum Demand {
    Is(String),
    IsNot(String),
    Like(GlobMatcher),
    Unlike(GlobMatcher),
}

/// Says why a text is no matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MatcherError {
    /// It has none of the forms.
    #[error("`{text}` is not a matcher")]
    Shape {
        /// The text, cut to 80 characters.
        text: String,
    },
    /// Its glob cannot be read.
    #[error("the glob of `{text}` cannot be read")]
    Glob {
        /// The text, cut to 80 characters.
        text: String,
        /// Why.
        source: globset::Error,
    },
}

impl MatcherError {
    /// Says what to type instead.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Shape { .. } => "write `name=value`, `name!=value`, `name~glob` or `name!~glob`",
            Self::Glob { .. } => "close every `[` and `{`, or write `\\` before it",
        }
    }
}

impl Matcher {
    /// Says whether the labels are as it demands.
    #[must_use]
    pub fn matches(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.name).map_or("", String::as_str);
        match &self.demand {
            Demand::Is(wanted) => value == wanted,
            Demand::IsNot(unwanted) => value != unwanted,
            Demand::Like(glob) => glob.is_match(value),
            Demand::Unlike(glob) => !glob.is_match(value),
        }
    }
}

/// Says whether labels are as every matcher demands.
#[must_use]
pub fn all_match(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

impl FromStr for Matcher {
    type Err = MatcherError;

    fn from_str(text: &str) -> Result<Self, MatcherError> {
        let cut = || text.chars().take(80).collect();
        let wrong = || MatcherError::Shape { text: cut() };
        let name_ends = text.find(['=', '!', '~']).ok_or_else(wrong)?;
        let (name, rest) = text.split_at(name_ends);
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_word) || rest.len() > LONGEST_VALUE {
            return Err(wrong());
        }
        let glob = |value: &str| match Glob::new(value) {
            Ok(glob) => Ok(glob.compile_matcher()),
            Err(source) => Err(MatcherError::Glob { text: cut(), source }),
        };
        let demand = if let Some(value) = rest.strip_prefix("!=") {
            Demand::IsNot(value.to_owned())
        } else if let Some(value) = rest.strip_prefix("!~") {
            Demand::Unlike(glob(value)?)
        } else if let Some(value) = rest.strip_prefix('=') {
            Demand::Is(value.to_owned())
        } else if let Some(value) = rest.strip_prefix('~') {
            Demand::Like(glob(value)?)
        } else {
            return Err(wrong());
        };
        Ok(Self { name: name.to_owned(), demand })
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, value) = match &self.demand {
            Demand::Is(value) => ("=", value.as_str()),
            Demand::IsNot(value) => ("!=", value.as_str()),
            Demand::Like(glob) => ("~", glob.glob().glob()),
            Demand::Unlike(glob) => ("!~", glob.glob().glob()),
        };
        write!(f, "{}{sign}{value}", self.name)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

impl Eq for Matcher {}

impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Matcher {
    fn schema_name() -> Cow<'static, str> {
        "Matcher".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}(=|!=|~|!~)" })
    }
}
