//! A failure as its receiver needs it: what, why, what users see now, what to type next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ReleaseId;

/// What the users of the site see after a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UsersSee {
    /// This release, as before: nothing changed for them.
    Unchanged {
        /// The release; absent when nothing was ever live or it could not be asked.
        release: Option<ReleaseId>,
    },
    /// This release again, after a newer one had been shown for a moment.
    RolledBack {
        /// The release that is back; absent when the site was withdrawn.
        release: Option<ReleaseId>,
    },
    /// The new release, although something after the switch failed.
    New {
        /// The release.
        release: ReleaseId,
    },
    /// It is not known: somebody must look.
    Unknown,
    /// The command had nothing to do with what users see.
    NotConcerned,
}

/// Why a command did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// One of [`exit`](crate::exit).
    pub exit_code: u8,
    /// What failed, a sentence fragment.
    pub what: String,
    /// Why, outermost cause first.
    pub why: Vec<String>,
    /// What users see now.
    pub users_see: UsersSee,
    /// What to type, or do, next.
    pub next: Vec<String>,
}
