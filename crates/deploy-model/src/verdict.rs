//! What the policy makes of what a gate saw.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Finding, Inspection, LookedAt, Measure, Severity};

/// Why a gate could not come to a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Inconclusive {
    /// A program or service the gate needs is absent, hung or died.
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// It ran longer than it may.
    TimedOut {
        /// The limit, in seconds.
        seconds: u64,
    },
}

/// How a gate's run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum GateOutcome {
    /// It saw what it came to see.
    Inspected(Inspection),
    /// It could not look.
    Inconclusive(Inconclusive),
    /// It failed through a fault of ours.
    Broken {
        /// The error or panic message.
        reason: String,
    },
}

/// The owners' word that a finding may stand, for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Waiver {
    /// The code it covers, such as `page-weight/script`.
    pub code: String,
    /// A glob over the finding's subject; `*` stays within a folder, `**` does not. Everything, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Why the finding may stand.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day it holds.
    pub expires: Date,
}

/// A finding that a waiver lets stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaiverUse {
    /// The finding.
    pub finding: Finding,
    /// The waiver that covers it.
    pub waiver: Waiver,
}

/// What the policy makes of one gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It looked, and nothing is wrong.
    Passed,
    /// Something is wrong, and every instance of it is waived.
    Waived,
    /// There is nothing here for it to judge.
    NotApplicable,
    /// Something is wrong: the release must not be shown.
    Blocked,
    /// It could not look, or could not decide.
    Inconclusive,
    /// It failed through a fault of ours.
    Broken,
}

/// One gate's verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateReport {
    /// The gate's id.
    pub gate: String,
    /// What the policy makes of it.
    pub verdict: Verdict,
    /// Whether the release may not be shown because of it.
    pub blocks: bool,
    /// Findings that count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Findings that a waiver lets stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<WaiverUse>,
    /// Findings that the baseline knows already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Finding>,
    /// How bad the findings of each code are under this policy, for the codes that were found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub severities: BTreeMap<String, Severity>,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measures: Vec<Measure>,
    /// How much was looked at; absent when it could not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<LookedAt>,
    /// Why, where that is not in the findings: not applicable, inconclusive, broken, looked at nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it saw this in an earlier run on the same input, and was not asked again.
    #[serde(default, skip_serializing_if = "is_false")]
    pub remembered: bool,
}

impl GateReport {
    /// Makes a verdict without evidence.
    pub fn new(gate: impl Into<String>, verdict: Verdict, blocks: bool) -> Self {
        Self {
            gate: gate.into(),
            verdict,
            blocks,
            findings: Vec::new(),
            waived: Vec::new(),
            known: Vec::new(),
            severities: BTreeMap::new(),
            measures: Vec::new(),
            looked_at: None,
            reason: None,
            remembered: false,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
