//! Silences: who does not want to hear of what, why, and until when.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::labels::{Labels, Matcher, all_match};

/// A silence lasts at most this many days: what is to be quiet for longer is to be repaired, or not watched.
const MOST_DAYS: i64 = 90;

/// A wish not to hear of some alerts for a while. It always says whose it is, why, and when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", try_from = "Written")]
pub struct Silence {
    matchers: Vec<Matcher>,
    author: String,
    reason: String,
    from: Timestamp,
    until: Timestamp,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Silence")]
struct Written {
    matchers: Vec<Matcher>,
    author: String,
    reason: String,
    from: Timestamp,
    until: Timestamp,
}

impl TryFrom<Written> for Silence {
    type Error = SilenceError;

    fn try_from(written: Written) -> Result<Self, SilenceError> {
        Self::new(written.matchers, &written.author, &written.reason, written.from, written.until)
    }
}

/// Says why there can be no such silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SilenceError {
    /// It would silence everything.
    #[error("the silence would be about every alert")]
    Everything,
    /// Nobody answers for it.
    #[error("the silence has no author or no reason")]
    Unsigned,
    /// It ends before it begins, or lasts too long.
    #[error("the silence does not end within {MOST_DAYS} days of its beginning")]
    Unending,
}

impl SilenceError {
    /// Says what to give instead.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Everything => "name at least one label that must have a value, such as `site=docs`",
            Self::Unsigned => "say who silences and why",
            Self::Unending => "give an end after the beginning, at most 90 days later",
        }
    }
}

impl Silence {
    /// Makes a silence from `from` on, and before `until`.
    ///
    /// # Errors
    /// When it would be about everything, nobody answers for it, or it has no near end.
    pub fn new(
        matchers: Vec<Matcher>,
        author: &str,
        reason: &str,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Self, SilenceError> {
        // What an alert without labels matches demands nothing, as `site~*` and `site!=docs` do.
        if all_match(&matchers, &Labels::new()) {
            return Err(SilenceError::Everything);
        }
        let (author, reason) = (author.trim().to_owned(), reason.trim().to_owned());
        if author.is_empty() || reason.is_empty() {
            return Err(SilenceError::Unsigned);
        }
        let lasts = until.duration_since(from);
        if lasts <= SignedDuration::ZERO || lasts > SignedDuration::from_hours(MOST_DAYS * 24) {
            return Err(SilenceError::Unending);
        }
        Ok(Self { matchers, author, reason, from, until })
    }

    /// Returns what it is about.
    #[must_use]
    pub fn matchers(&self) -> &[Matcher] {
        &self.matchers
    }

    /// Returns who wants it.
    #[must_use]
    pub fn author(&self) -> &str {
        &self.author
    }

    /// Returns why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns when it begins.
    #[must_use]
    pub const fn from(&self) -> Timestamp {
        self.from
    }

    /// Returns when it is over.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Says whether it lasts at a moment.
    #[must_use]
    pub fn lasts(&self, at: Timestamp) -> bool {
        (self.from..self.until).contains(&at)
    }

    /// Says whether it silences an alert at a moment.
    #[must_use]
    pub fn matches(&self, labels: &Labels, at: Timestamp) -> bool {
        self.lasts(at) && all_match(&self.matchers, labels)
    }

    /// Returns it with an earlier end, for one that is lifted.
    #[must_use]
    pub fn lifted(&self, at: Timestamp) -> Self {
        Self { until: self.until.min(at.max(self.from)), ..self.clone() }
    }

    /// Returns those that it would silence, whenever it lasts.
    pub fn preview<'a>(&self, alerts: impl IntoIterator<Item = &'a Labels>) -> Vec<&'a Labels> {
        alerts.into_iter().filter(|labels| all_match(&self.matchers, labels)).collect()
    }
}

/// A silence that is over, although what it silenced is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Woken<'a> {
    /// The silence.
    pub silence: &'a Silence,
    /// What is still wrong, and not silenced by another.
    pub alerts: Vec<&'a Labels>,
}

/// Returns the silences that ended after `since` and up to `at`, while something that they silenced is still wrong.
#[must_use]
pub fn woken<'a>(silences: &'a [Silence], firing: &'a [Labels], since: Timestamp, at: Timestamp) -> Vec<Woken<'a>> {
    let is_quiet = |labels: &Labels| silences.iter().any(|silence| silence.matches(labels, at));
    silences
        .iter()
        .filter(|silence| silence.until > since && silence.until <= at)
        .map(|silence| {
            let mut alerts = silence.preview(firing);
            alerts.retain(|labels| !is_quiet(labels));
            Woken { silence, alerts }
        })
        .filter(|woken| !woken.alerts.is_empty())
        .collect()
}
