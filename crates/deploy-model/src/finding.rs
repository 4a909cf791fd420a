//! What looking at a build yields: findings, figures, and what was looked at.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which files a path is relative to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Tree {
    /// What was built.
    #[default]
    Site,
    /// The project.
    Source,
}

impl Tree {
    fn is_site(&self) -> bool {
        *self == Self::Site
    }
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Path relative to the tree, with `/`.
    pub path: String,
    /// Line, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, counted in characters from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// Whether it is in the site that was built or in the project.
    #[serde(default, skip_serializing_if = "Tree::is_site")]
    pub tree: Tree,
}

impl Location {
    /// Points at a whole file of the site.
    pub fn file(path: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, column: None, tree: Tree::Site }
    }

    /// Points at a line of it, counted from 1.
    #[must_use]
    pub fn line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// Points at a column of the line, counted in characters from 1.
    #[must_use]
    pub fn column(mut self, column: u32) -> Self {
        self.column = Some(column);
        self
    }

    /// Points into the project instead of the site.
    #[must_use]
    pub fn in_source(mut self) -> Self {
        self.tree = Tree::Source;
        self
    }
}

/// One thing that is wrong with the site. It never says whether that blocks: the policy does.
///
/// ```
/// use charter_deploy_model::{Finding, Location};
///
/// let finding = Finding::new("links/missing", "guide.html", "`guide.html` links to `gone.html`, which is not in the site")
///     .at(Location::file("guide.html").line(12))
///     .key("gone.html")
///     .help("put the page back, or correct the link");
/// assert_eq!(finding.locations[0].line, Some(12));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// `gate/code`, declared in the gate's [`KindMeta`](crate::KindMeta).
    pub code: String,
    /// What waivers match: usually a path.
    pub subject: String,
    /// What tells it from others of its code and subject when lines move and figures change, such as a link's target.
    /// Part of its fingerprint in a baseline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is wrong, one sentence with the figures in it.
    pub message: String,
    /// Where; the first is the most telling.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub locations: Vec<Location>,
    /// What would put it right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// An edit that puts it right and changes nothing else, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
    /// Whether only a person can tell if it is wrong at all: until a waiver says that somebody looked, it is undecided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_review: bool,
}

impl Finding {
    /// Says what is wrong with what.
    pub fn new(code: impl Into<String>, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            subject: subject.into(),
            key: None,
            message: message.into(),
            locations: Vec::new(),
            help: None,
            fix: None,
            needs_review: false,
        }
    }

    /// Adds a place; the first is the most telling.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.locations.push(location);
        self
    }

    /// Tells it from others of its code and subject, whatever moves.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Says what would put it right.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Leaves to a person whether it is wrong at all.
    #[must_use]
    pub fn needs_review(mut self) -> Self {
        self.needs_review = true;
        self
    }

    /// Adds the edit that puts it right.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Self {
        self.fix = Some(fix);
        self
    }
}

/// An edit of the project's own files that puts one finding right and is safe to make without asking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fix {
    /// What it does, an imperative phrase such as ``write `about.html` for `About.html` ``.
    pub summary: String,
    /// The file, relative to its tree; a site's file is edited only where the project's files are served as they are.
    pub path: String,
    /// Whether that is in the site or in the project.
    #[serde(default, skip_serializing_if = "Tree::is_site")]
    pub tree: Tree,
    /// Where the text to replace begins, in bytes.
    pub start: u64,
    /// The text that must stand there, or the edit is not made.
    pub old: String,
    /// The text to put in its place.
    pub new: String,
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
    /// A number without a unit, less is better, such as cumulative layout shift.
    Ratio,
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
    /// What was measured in each run, in their order, where the figure is the median of several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<f64>,
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
    /// Codes that were not looked for this time, and why: that none was found says nothing about them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub left_out: BTreeMap<String, LeftOut>,
}

/// Why a code was not looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// A sentence fragment, such as `there is no token for GitHub`.
    pub why: String,
    /// Whether there is something that could be found: then it is not known, and otherwise there is nothing to know.
    pub could_be: bool,
}

impl LookedAt {
    /// Says that `count` things of one sort were looked at.
    #[must_use]
    pub fn of(sort: &str, count: u64) -> Self {
        Self { counts: BTreeMap::from([(sort.to_owned(), count)]), ..Self::default() }
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
