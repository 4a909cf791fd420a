//! The constitution's score and the weekly audit.

use charter_deploy_model as model;
use charter_deploy_model::constitution as rules;
use serde::Serialize;
use serde_json::Value;

use super::{VERSION, words};
use crate::json::line;

/// Returns the score of one deployment as one line.
#[must_use]
pub fn score(environment: model::Environment, deployment: model::DeploymentId, score: &rules::Score) -> String {
    line(&Score { deployment: Some(deployment.to_string()), ..Score::of("score", environment, score) })
}

/// Returns how a commit stands against the constitution as one line.
#[must_use]
pub fn constitution(environment: model::Environment, commit: &model::CommitHash, score: &rules::Score) -> String {
    line(&Score { commit: Some(commit.to_string()), ..Score::of("constitution", environment, score) })
}

impl Score {
    fn of(result: &'static str, environment: model::Environment, score: &rules::Score) -> Self {
        Self {
            v: VERSION,
            result,
            environment: environment.to_string(),
            deployment: None,
            commit: None,
            total: score.total,
            compliant: score.compliant,
            principles: score.principles.iter().map(Principle::from).collect(),
        }
    }
}

/// Returns the audit of one week as one line.
#[must_use]
pub fn audit(audit: &rules::Audit) -> String {
    line(&Audit {
        v: VERSION,
        result: "audit",
        audit: serde_json::to_value(audit).expect("an audit has text keys and finite numbers only"),
    })
}

/// How much of the constitution is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// The version of the format, 1.
    pub v: u8,
    /// `score`, or `constitution` for a commit that nobody was shown.
    pub result: &'static str,
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// The deployment that was scored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deployment: Option<String>,
    /// The commit that was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// 0 to 100.
    pub total: f64,
    /// Whether it is enough, and every non-negotiable principle holds.
    pub compliant: bool,
    /// One of each principle, I to V.
    pub principles: Vec<Principle>,
}

/// How much of one principle is kept.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Principle {
    /// `zero-github-actions`, `performance-first`, `user-preservation`, `branch-preservation` or `local-validation`.
    pub principle: &'static str,
    /// 0 to `of`.
    pub points: f64,
    /// What it is worth.
    pub of: u32,
    /// Whether it holds.
    pub holds: bool,
    /// What speaks for it, and what does not.
    pub evidence: Vec<Evidence>,
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// A gate's code, or `record/…` or `present/…`.
    pub id: String,
    /// What must be so; for a code, what would be wrong.
    pub what: String,
    /// `held`, `lost`, `unmeasured` or `not-applicable`.
    pub state: &'static str,
    /// What shows it.
    pub why: String,
    /// What would regain it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regain: Option<String>,
}

/// What the records of one week say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// The version of the format, 1.
    pub v: u8,
    /// `audit`.
    pub result: &'static str,
    /// The audit: `week`, `environment`, `madeAt`, `complete`, `standing`, `deployments`, `findings`, `waivers`,
    /// `weeks`, `dora`, `trend` (`improving`, `stable` or `degrading`) and `verification`.
    pub audit: Value,
}

impl From<&rules::PrincipleScore> for Principle {
    fn from(score: &rules::PrincipleScore) -> Self {
        Self {
            principle: words::principle(score.principle),
            points: score.points,
            of: rules::POINTS,
            holds: score.holds,
            evidence: score.evidence.iter().map(Evidence::from).collect(),
        }
    }
}

impl From<&rules::Evidence> for Evidence {
    fn from(evidence: &rules::Evidence) -> Self {
        Self {
            id: evidence.id.clone(),
            what: evidence.what.clone(),
            state: words::evidence_state(evidence.state),
            why: evidence.why.clone(),
            regain: evidence.regain.clone(),
        }
    }
}
