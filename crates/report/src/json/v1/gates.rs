//! Gates' verdicts.

use std::collections::BTreeMap;

use charter_deploy_model as model;
use serde::Serialize;

use super::{VERSION, words};

/// Returns the gates' verdicts as one line.
#[must_use]
pub fn gates(reports: &[model::GateReport]) -> String {
    crate::json::line(&Gates { v: VERSION, result: "gates", gates: reports.iter().map(GateReport::from).collect() })
}

/// The gates' verdicts with their evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gates {
    /// The version of the format, 1.
    pub v: u8,
    /// `gates`.
    pub result: &'static str,
    /// One of each gate.
    pub gates: Vec<GateReport>,
}

/// One gate's verdict with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct GateReport {
    /// The gate's id.
    pub gate: String,
    /// `passed`, `waived`, `not-applicable`, `blocked`, `inconclusive` or `broken`.
    pub verdict: &'static str,
    /// Whether the release may not be shown because of it.
    pub blocks: bool,
    /// Findings that count.
    pub findings: Vec<Finding>,
    /// Findings that a waiver lets stand.
    pub waived: Vec<Waived>,
    /// Findings that the baseline knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Finding>,
    /// `note`, `warning` or `error`, by code, for the codes that were found.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub severities: BTreeMap<String, &'static str>,
    /// What was measured.
    pub measures: Vec<Measure>,
    /// How much was looked at; absent when it could not look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<LookedAt>,
    /// Why, where that is not in the findings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it saw this in an earlier run on the same input, and was not asked again; absent when it was.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub remembered: bool,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// `gate/code`.
    pub code: String,
    /// What waivers match: usually a path.
    pub subject: String,
    /// What tells it from others of its code and subject, whatever moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is wrong, one sentence.
    pub message: String,
    /// Where; the first is the most telling.
    pub locations: Vec<Location>,
    /// What would put it right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Whether only a person can tell if it is wrong at all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub needs_review: bool,
}

/// Where something was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Path relative to the site or the source tree, with `/`.
    pub path: String,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column, counted in characters from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// `source` when it is in the project; absent when it is in the site.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<&'static str>,
}

/// A finding that a waiver lets stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// Why it may stand.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day the waiver holds, `YYYY-MM-DD`.
    pub expires: String,
}

/// A figure that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measure {
    /// What was measured, kebab-case.
    pub name: String,
    /// What it was measured of: usually a path.
    pub subject: String,
    /// The figure.
    pub value: f64,
    /// `bytes`, `count`, `milliseconds`, `score` (0 to 100) or `ratio`.
    pub unit: &'static str,
    /// What each run measured, where the figure is the median of several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<f64>,
}

/// How much was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookedAt {
    /// How many things of which sort.
    pub counts: BTreeMap<String, u64>,
    /// What stayed undecided, one sentence each.
    pub undecided: Vec<String>,
}

impl From<&model::GateReport> for GateReport {
    fn from(report: &model::GateReport) -> Self {
        Self {
            gate: report.gate.clone(),
            verdict: words::verdict(report.verdict),
            blocks: report.blocks,
            findings: report.findings.iter().map(Finding::from).collect(),
            waived: report.waived.iter().map(Waived::from).collect(),
            known: report.known.iter().map(Finding::from).collect(),
            severities: report
                .severities
                .iter()
                .map(|(code, severity)| (code.clone(), words::severity(*severity)))
                .collect(),
            measures: report.measures.iter().map(Measure::from).collect(),
            looked_at: report.looked_at.as_ref().map(LookedAt::from),
            reason: report.reason.clone(),
            remembered: report.remembered,
        }
    }
}

impl From<&model::Finding> for Finding {
    fn from(finding: &model::Finding) -> Self {
        Self {
            code: finding.code.clone(),
            subject: finding.subject.clone(),
            key: finding.key.clone(),
            message: finding.message.clone(),
            locations: finding.locations.iter().map(Location::from).collect(),
            help: finding.help.clone(),
            needs_review: finding.needs_review,
        }
    }
}

impl From<&model::Location> for Location {
    fn from(location: &model::Location) -> Self {
        let tree = match location.tree {
            model::Tree::Site => None,
            model::Tree::Source => Some("source"),
        };
        Self { path: location.path.clone(), line: location.line, column: location.column, tree }
    }
}

impl From<&model::WaiverUse> for Waived {
    fn from(used: &model::WaiverUse) -> Self {
        Self {
            finding: Finding::from(&used.finding),
            reason: used.waiver.reason.clone(),
            owner: used.waiver.owner.clone(),
            expires: used.waiver.expires.to_string(),
        }
    }
}

impl From<&model::Measure> for Measure {
    fn from(measure: &model::Measure) -> Self {
        Self {
            name: measure.name.clone(),
            subject: measure.subject.clone(),
            value: measure.value,
            unit: words::unit(measure.unit),
            samples: measure.samples.clone(),
        }
    }
}

impl From<&model::LookedAt> for LookedAt {
    fn from(looked: &model::LookedAt) -> Self {
        Self { counts: looked.counts.clone(), undecided: looked.undecided.clone() }
    }
}
