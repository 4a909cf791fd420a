//! How things stand: against the constitution, for visitors, and with the monitor itself.

use charter_deploy_model::constitution::Score;
use charter_deploy_model::{Principle, RatedVital, Vital};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How much of the constitution is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// The score, of 100.
    pub total: f64,
    /// Whether that is enough, and whatever must hold does.
    pub compliant: bool,
    /// The five principles, in their order.
    pub principles: Vec<PrincipleStanding>,
    /// What the score was before, the oldest first.
    pub trend: Vec<ScorePoint>,
}

/// How much of one principle is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrincipleStanding {
    /// Which.
    pub principle: Principle,
    /// Its points, of 20.
    pub points: f64,
    /// Whether the share that the constitution demands holds.
    pub holds: bool,
}

/// What the score was once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScorePoint {
    /// When.
    pub at: Timestamp,
    /// The score, of 100.
    pub total: f64,
}

impl Standing {
    /// Makes it of a score, and of what the score was before, the oldest first.
    #[must_use]
    pub fn new(score: &Score, trend: Vec<ScorePoint>) -> Self {
        let principles = score.principles.iter().map(|of| PrincipleStanding {
            principle: of.principle,
            points: of.points,
            holds: of.holds,
        });
        Self { total: score.total, compliant: score.compliant, principles: principles.collect(), trend }
    }
}

/// How fast one page is for those who visit it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageVitals {
    /// The page's address.
    pub url: String,
    /// Who measured, in words, such as `in Chromium on this machine`.
    pub measured: String,
    /// What was measured.
    pub vitals: Vec<VitalSample>,
}

/// One web vital of a page.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VitalSample {
    /// Which.
    #[serde(with = "vital_name")]
    pub vital: Vital,
    /// The figure, in the vital's own unit, and how it stands.
    #[serde(flatten)]
    pub rated: RatedVital,
    /// Of how many measurements.
    pub samples: u64,
}

/// How the monitor itself is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Since when it runs.
    pub since: Timestamp,
    /// How late it looks at the 99th percentile over the last hour, in milliseconds; absent when it did not look.
    pub lateness_p99_ms: Option<f64>,
    /// How many looks it missed since then.
    pub missed_slots: u64,
    /// How many notices wait to be sent; absent where nobody counted.
    pub outbox_waiting: Option<u64>,
    /// How many notices could not be sent and are tried again; absent where nobody counted.
    pub outbox_failing: Option<u64>,
}

/// Writes a vital as its abbreviation, in lower case.
mod vital_name {
    use charter_deploy_model::Vital;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::words;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
    pub(super) fn serialize<S: Serializer>(vital: &Vital, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(words::vital_id(*vital))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vital, D::Error> {
        let text = String::deserialize(deserializer)?;
        let all = [Vital::Lcp, Vital::Fcp, Vital::Cls, Vital::Fid, Vital::Inp, Vital::Tbt];
        let found = all.into_iter().find(|vital| words::vital_id(*vital) == text);
        found.ok_or_else(|| D::Error::custom(format!("`{text}` is no web vital")))
    }
}
