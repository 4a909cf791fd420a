//! How fast a site is.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Lighthouse;

/// How fast a site is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceGroup {
    /// Lighthouse's scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lighthouse: Option<LighthouseRun>,
    /// What a visitor feels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_web_vitals: Option<RatedVitals>,
    /// What is transferred.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_analysis: Option<BundleAnalysis>,
    /// How long loading takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_time: Option<LoadTime>,
}

/// Lighthouse's scores, and when it ran.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LighthouseRun {
    /// The scores.
    #[serde(flatten)]
    pub scores: Lighthouse,
    /// When.
    pub last_run: Timestamp,
}

/// How a web vital stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Rating {
    /// As it should be.
    Good,
    /// Neither.
    NeedsImprovement,
    /// As it should not be.
    Poor,
}

/// A web vital: what is measured, in which unit, and what is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vital {
    /// Largest contentful paint, in seconds.
    Lcp,
    /// First contentful paint, in seconds.
    Fcp,
    /// Cumulative layout shift, a score.
    Cls,
    /// First input delay, in milliseconds.
    Fid,
    /// Interaction to next paint, in milliseconds.
    Inp,
    /// Total blocking time, in milliseconds.
    Tbt,
}

impl Vital {
    /// Returns the most that is good, and the most that is not poor, in the vital's own unit.
    ///
    /// The thresholds are those of web.dev; for total blocking time, Lighthouse's for mobile.
    #[must_use]
    pub const fn thresholds(self) -> (f64, f64) {
        match self {
            Self::Lcp => (2.5, 4.0),
            Self::Fcp => (1.8, 3.0),
            Self::Cls => (0.1, 0.25),
            Self::Fid => (100.0, 300.0),
            Self::Inp => (200.0, 500.0),
            Self::Tbt => (200.0, 600.0),
        }
    }

    /// Returns the value with its rating; both limits belong to the better side.
    ///
    /// ```
    /// use charter_deploy_model::{Rating, Vital};
    ///
    /// assert_eq!(Vital::Lcp.rate(2.5).rating, Rating::Good);
    /// assert_eq!(Vital::Cls.rate(0.3).rating, Rating::Poor);
    /// ```
    #[must_use]
    pub fn rate(self, value: f64) -> RatedVital {
        let (good, fair) = self.thresholds();
        let rating = if value <= good {
            Rating::Good
        } else if value <= fair {
            Rating::NeedsImprovement
        } else {
            Rating::Poor
        };
        RatedVital { value, rating }
    }
}

/// A web vital that was measured; [`Vital::rate`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RatedVital {
    /// The figure, in the vital's own unit.
    #[schemars(range(min = 0))]
    pub value: f64,
    /// How it stands.
    pub rating: Rating,
}

/// The web vitals that were measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RatedVitals {
    /// Largest contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lcp: Option<RatedVital>,
    /// First contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fcp: Option<RatedVital>,
    /// Cumulative layout shift, a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cls: Option<RatedVital>,
    /// First input delay, in milliseconds; in the lab it is Lighthouse's max-potential-FID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fid: Option<RatedVital>,
    /// Interaction to next paint, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inp: Option<RatedVital>,
    /// Total blocking time, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tbt: Option<RatedVital>,
}

impl RatedVitals {
    /// Returns one of them.
    #[must_use]
    pub const fn get(&self, vital: Vital) -> Option<RatedVital> {
        match vital {
            Vital::Lcp => self.lcp,
            Vital::Fcp => self.fcp,
            Vital::Cls => self.cls,
            Vital::Fid => self.fid,
            Vital::Inp => self.inp,
            Vital::Tbt => self.tbt,
        }
    }
}

/// What a page transfers, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleAnalysis {
    /// Script.
    pub javascript: u64,
    /// Style.
    pub css: u64,
    /// Everything that is neither script nor style nor a page.
    pub assets: u64,
    /// Everything.
    pub total: u64,
    /// How many times larger it is before compression; absent when only one of the two is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub compression_ratio: Option<f64>,
}

/// How long loading a page takes, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadTime {
    /// Looking up the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub dns: Option<f64>,
    /// Connecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub connect: Option<f64>,
    /// From the start until the first byte of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub first_byte: Option<f64>,
    /// From the start until the document is there and understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub dom_load: Option<f64>,
    /// From the start until everything is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub complete: Option<f64>,
}
