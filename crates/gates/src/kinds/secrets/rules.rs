//! What is looked for.

use std::sync::LazyLock;

use super::proof::anything;

mod hosts;
mod keys;
mod services;
mod words;

/// One sort of secret.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// Kebab-case, never reused: it is part of keys, and configurations name it.
    pub(super) id: &'static str,
    /// What it finds, with its article.
    pub(super) what: &'static str,
    /// Under which code it is reported.
    pub(super) family: Family,
    /// One of these is in every such secret or beside it; in lower case where case does not matter.
    pub(super) keywords: &'static [&'static str],
    /// Whether the keywords stand for themselves in any case.
    pub(super) any_case: bool,
    /// How many bytes before and after the beginning of a keyword may belong to a match.
    pub(super) reach: (usize, usize),
    /// What must follow a keyword at once, as a cheap first look.
    pub(super) follows: fn(&[u8]) -> bool,
    /// What the name that a keyword is part of must be like.
    pub(super) name: fn(&[u8]) -> bool,
    /// What the whole looks like; group 1 is the secret.
    pub(super) pattern: &'static str,
    /// How much disorder there must be in it, in bits a byte.
    pub(super) entropy: f64,
    /// What else must be true of it.
    pub(super) is: fn(&[u8]) -> bool,
    /// The endings of the only files in which it is looked for; everywhere, when empty.
    pub(super) endings: &'static [&'static str],
}

/// What a secret is, and so how bad it is to show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Something that a machine made up and a service takes for a user.
    Token,
    /// A key that only its owner may have.
    PrivateKey,
    /// A password within a URL.
    Url,
    /// Something that is called a password or a secret.
    Password,
    /// A key that browsers may have when it is restricted.
    BrowserKey,
}

impl Rule {
    /// Says whether the rule is for files of this name.
    pub(super) fn applies_to(&self, path: &str) -> bool {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        let environment = self.endings.contains(&".env") && name.starts_with(".env.");
        self.endings.is_empty() || environment || self.endings.iter().any(|ending| name.ends_with(ending))
    }
}

impl Family {
    /// Returns the code it is reported under.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Token => "secrets/token",
            Self::PrivateKey => "secrets/private-key",
            Self::Url => "secrets/url-credentials",
            Self::Password => "secrets/password",
            Self::BrowserKey => "secrets/browser-key",
        }
    }

    /// Returns what to do about it.
    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::Token => "revoke it, take it out, and hand its successor in through the environment",
            Self::PrivateKey => "replace the key wherever it is trusted, and keep its successor out of the repository",
            Self::Url | Self::Password => "change the password, and read its successor from the environment",
            Self::BrowserKey => "restrict the key with its provider, then allow the rule for this file",
        }
    }

    /// Says whether people choose such secrets, so that a digest of one could be guessed.
    pub(super) const fn is_guessable(self) -> bool {
        matches!(self, Self::Url | Self::Password)
    }

    /// Says whether it is looked for in text only: in other bytes chance would make up some.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Url | Self::Password)
    }
}

/// All rules. Where two find the same text, the earlier one has it.
pub(super) static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| [keys::RULES, hosts::RULES, services::RULES, words::RULES].concat());

/// A token that begins with its keyword.
const fn token(id: &'static str, what: &'static str, keywords: &'static [&'static str], pattern: &'static str) -> Rule {
    Rule {
        id,
        what,
        family: Family::Token,
        keywords,
        any_case: false,
        reach: (1, 320),
        follows: run_of::<16>,
        name: anything,
        pattern,
        entropy: 3.0,
        is: anything,
        endings: &[],
    }
}

/// A token that is told by the name beside it.
const fn named(id: &'static str, what: &'static str, keywords: &'static [&'static str], pattern: &'static str) -> Rule {
    Rule { any_case: true, reach: (0, 200), follows: anything, ..token(id, what, keywords, pattern) }
}

/// Says whether a run of letters of tokens follows.
fn run_of<const LENGTH: usize>(rest: &[u8]) -> bool {
    rest.get(..LENGTH)
        .is_some_and(|run| run.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-./+=%~".contains(byte)))
}

fn hex_of<const LENGTH: usize>(rest: &[u8]) -> bool {
    rest.get(..LENGTH).is_some_and(|run| run.iter().all(u8::is_ascii_hexdigit))
}
