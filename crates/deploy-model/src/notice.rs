//! What people are told, whichever way it reaches them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::AlertSeverity;

/// Why people are told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// Something is wrong.
    Raised,
    /// It is still wrong, and nobody has taken it on.
    Reminder,
    /// It is passed on, because nobody has taken it on or the ones before could not be reached.
    Escalated,
    /// It is over.
    Resolved,
    /// A deployment began, went live, failed or was taken back.
    Deployment,
    /// An incident was opened, updated or closed.
    Incident,
    /// Somebody wants to see whether it arrives.
    Test,
}

/// One thing that people are told.
///
/// ```
/// use charter_deploy_model::{AlertSeverity, Notice, Occasion};
///
/// let notice = Notice::new(
///     "20261121-020711-alert/raised",
///     Occasion::Raised,
///     AlertSeverity::Critical,
///     "docs is down",
///     "2026-11-21T02:07:11Z".parse()?,
/// );
/// assert_eq!(notice.text, "");
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// The same for what is the same: receivers that know it show it once, however often it arrives.
    pub key: String,
    /// The same for everything about one matter, so that receivers can put its end to its beginning.
    pub thread: String,
    /// Why people are told.
    pub occasion: Occasion,
    /// How urgent it is.
    pub severity: AlertSeverity,
    /// What it is about, one line.
    pub title: String,
    /// What is to be known about it: plain text, lines; may be empty.
    pub text: String,
    /// When it happened.
    pub at: Timestamp,
    /// Where more of it can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Figures and names that help to understand it, in words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl Notice {
    /// Makes a notice without text, link and facts. Its thread is the part of its key before the first `/`.
    #[must_use]
    pub fn new(key: &str, occasion: Occasion, severity: AlertSeverity, title: &str, at: Timestamp) -> Self {
        Self {
            key: key.to_owned(),
            thread: key.split('/').next().unwrap_or_default().to_owned(),
            occasion,
            severity,
            title: title.to_owned(),
            text: String::new(),
            at,
            link: None,
            facts: BTreeMap::new(),
        }
    }
}
