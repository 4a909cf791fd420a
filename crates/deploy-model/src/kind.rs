//! What a gate, probe, task or target says about itself, once, next to its code.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the five principles of the constitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Principle {
    /// I: nothing routine runs on GitHub Actions.
    ZeroGitHubActions,
    /// II: production is at least as fast as promised.
    PerformanceFirst,
    /// III: a change loses no data and can be taken back at once.
    UserPreservation,
    /// IV: production branches are named, complete and never deleted.
    BranchPreservation,
    /// V: whatever reaches users was judged on this machine first.
    LocalValidation,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; never blocks.
    Note,
    /// Blocks under strict enforcement only.
    Warning,
    /// Blocks under strict and standard enforcement.
    Error,
}

/// What a kind must have before it can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    /// The source tree and its history.
    Source,
    /// The files that were built.
    Artifact,
    /// The staged release, served on loopback.
    Preview,
    /// The site that users see.
    Live,
}

/// Whether a kind may run beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Runs beside others.
    Shared,
    /// Runs alone, because it measures time.
    Exclusive,
}

/// One thing a kind can find: the level at which severity, waivers and docs attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeMeta {
    /// `kind/code`, kebab-case, never reused.
    pub id: &'static str,
    /// The principle this is evidence for, if any.
    pub principle: Option<Principle>,
    /// How bad it is unless the configuration says otherwise.
    pub default_severity: Severity,
    /// Markdown: what is wrong, why it matters, what to do.
    pub docs: &'static str,
}

/// What a kind says about itself: the source of help, `explain`, docs pages and configuration.
///
/// Declare one with [`kind!`](crate::kind).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindMeta {
    /// Kebab-case; the stem of its file, struct, configuration and test data.
    pub id: &'static str,
    /// Markdown; the first line is a sentence that stands alone.
    pub docs: &'static str,
    /// What it can find; empty for a kind that finds nothing.
    pub codes: &'static [CodeMeta],
    /// What it must have before it can start.
    pub needs: Needs,
    /// Whether it may run beside others.
    pub lane: Lane,
}

impl KindMeta {
    /// Returns the first line of the docs.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        first_line(self.docs)
    }

    /// Returns what is declared about `id`, such as `page-weight/script`.
    #[must_use]
    pub fn code(&self, id: &str) -> Option<&'static CodeMeta> {
        self.codes.iter().find(|code| code.id == id)
    }
}

impl CodeMeta {
    /// Returns the first line of the docs.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        first_line(self.docs)
    }
}

fn first_line(docs: &'static str) -> &'static str {
    docs.trim_start().lines().next().unwrap_or_default().trim_end()
}

/// Declares the [`KindMeta`] of a kind from doc comments.
///
/// ```
/// charter_deploy_model::kind! {
///     /// Refuses a site without a front page.
///     pub static META: "front-page", needs Artifact, lane Shared {
///         /// There is no `index.html` at the top.
///         "front-page/missing": Error, principle Some(UserPreservation);
///     }
/// }
/// assert_eq!(META.summary(), "Refuses a site without a front page.");
/// assert_eq!(META.codes[0].summary(), "There is no `index.html` at the top.");
/// ```
#[macro_export]
macro_rules! kind {
    (
        $(#[doc = $docs:literal])*
        $visibility:vis static $name:ident: $id:literal, needs $needs:ident, lane $lane:ident {
            $(
                $(#[doc = $code_docs:literal])*
                $code:literal: $severity:ident, principle $principle:expr;
            )*
        }
    ) => {
        $(#[doc = $docs])*
        $visibility static $name: $crate::KindMeta = $crate::KindMeta {
            id: $id,
            docs: concat!($($docs, "\n"),*),
            codes: {
                #[allow(unused_imports, reason = "a kind without codes names no principle")]
                use $crate::Principle::*;
                &[$(
                    $crate::CodeMeta {
                        id: $code,
                        principle: $principle,
                        default_severity: $crate::Severity::$severity,
                        docs: concat!($($code_docs, "\n"),*),
                    }
                ),*]
            },
            needs: $crate::Needs::$needs,
            lane: $crate::Lane::$lane,
        };
    };
}
