//! What looking at a build yields: findings, figures, and what was looked at.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Path relative to the site (or the source tree), with `/`.
    pub path: String,
    /// Line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

impl Location {
    /// Points at a whole file.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: None }
    }
}

/// One thing that is wrong with the site. It never says whether that blocks: the policy does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `gate/code`, declared in the gate's [`KindMeta`](crate::KindMeta).
    pub code: String,
    /// What waivers match: usually a path.
    pub subject: String,
    /// What is wrong, one sentence with the figures in it.
    pub message: String,
    /// Where; the first is the most telling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// What would put it right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// 0 to 100, more is better.
    Score,
}

/// A figure that was measured, whether or not anything is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Measure {
    /// What was measured, kebab-case, such as `script-brotli`.
    pub name: String,
    /// What it was measured of: usually a path.
    pub subject: String,
    /// The figure.
    pub value: f64,
    /// What the figure counts.
    pub unit: Unit,
}

/// How much was looked at, and what could not be decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LookedAt {
    /// How many things of which sort, such as `pages: 12`.
    pub counts: BTreeMap<String, u64>,
    /// What stayed undecided, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<String>,
}

impl LookedAt {
    /// Says that `count` things of one sort were looked at.
    #[must_use]
    pub fn of(sort: &str, count: u64) -> Self {
        Self { counts: BTreeMap::from([(sort.to_owned(), count)]), undecided: Vec::new() }
    }

    /// Says whether nothing at all was looked at.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.counts.values().all(|count| *count == 0)
    }
}

/// What a gate saw. It says neither pass nor fail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "kind")]
#[must_use]
pub enum Inspection {
    /// The gate looked.
    #[serde(rename_all = "camelCase")]
    Looked {
        /// What is wrong.
        findings: Vec<Finding>,
        /// What was measured.
        measures: Vec<Measure>,
        /// How much was looked at.
        looked_at: LookedAt,
    },
    /// There is nothing here that the gate could judge.
    #[serde(rename_all = "camelCase")]
    NotApplicable {
        /// Why not, one sentence.
        reason: String,
    },
}
