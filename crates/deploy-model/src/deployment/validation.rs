//! What was found out about a release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccessibilityViolation, GateReport, SecurityVulnerability, WcagLevel};

/// What was found out about a release. What was not measured is absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Validation {
    /// How it stands against the constitution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constitutional_compliance: Option<ConstitutionalCompliance>,
    /// How fast it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<PerformanceValidation>,
    /// How safe it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityValidation>,
    /// How usable it is for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<AccessibilityValidation>,
    /// Every gate's verdict with its evidence.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateReport>,
    /// What the live check saw; absent when it did not come to that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveVerification>,
}

/// How a release stands against the constitution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConstitutionalCompliance {
    /// 0 to 100; absent when not every principle was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub score: Option<f64>,
    /// Codes of findings that count.
    pub violations: Vec<String>,
    /// Gates that passed.
    pub passed_checks: Vec<String>,
}

/// How fast a release is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceValidation {
    /// Lighthouse's scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lighthouse: Option<Lighthouse>,
    /// What a visitor would feel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_web_vitals: Option<CoreWebVitals>,
}

impl PerformanceValidation {
    /// Gathers what the gates `lighthouse` and `core-web-vitals` measured: the worst of all pages and devices; nothing,
    /// when they measured nothing. A vital that Lighthouse measured is Lighthouse's.
    #[must_use]
    pub fn of(reports: &[GateReport]) -> Option<Self> {
        let values = |gate: &str, name: &str| {
            let measures = reports.iter().filter(|report| report.gate == gate).flat_map(|report| &report.measures);
            let name = name.to_owned();
            measures.filter(move |measure| measure.name == name).map(|measure| measure.value).collect::<Vec<_>>()
        };
        let least = |name: &str| values("lighthouse", name).into_iter().reduce(f64::min);
        let most = |name: &str| {
            let ours = || values("core-web-vitals", name).into_iter().reduce(f64::max);
            values("lighthouse", name).into_iter().reduce(f64::max).or_else(ours)
        };
        let scores = || {
            Some(Lighthouse {
                performance: least("performance")?,
                accessibility: least("accessibility")?,
                best_practices: least("best-practices")?,
                seo: least("seo")?,
            })
        };
        let seconds = |name: &str| most(name).map(|milliseconds| milliseconds / 1000.0);
        let vitals = CoreWebVitals {
            lcp: seconds("lcp"),
            fcp: seconds("fcp"),
            cls: most("cls"),
            fid: most("max-potential-fid"),
            inp: None,
            tbt: most("tbt"),
        };
        let lighthouse = scores();
        let core_web_vitals = Some(vitals).filter(|vitals| *vitals != CoreWebVitals::default());
        (lighthouse.is_some() || core_web_vitals.is_some()).then_some(Self { lighthouse, core_web_vitals })
    }
}

/// Lighthouse's scores, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lighthouse {
    /// Speed.
    #[schemars(range(min = 0, max = 100))]
    pub performance: f64,
    /// Accessibility.
    #[schemars(range(min = 0, max = 100))]
    pub accessibility: f64,
    /// Best practices.
    #[schemars(range(min = 0, max = 100))]
    pub best_practices: f64,
    /// Findability.
    #[schemars(range(min = 0, max = 100))]
    pub seo: f64,
}

/// The web vitals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoreWebVitals {
    /// Largest contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub lcp: Option<f64>,
    /// First contentful paint, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub fcp: Option<f64>,
    /// Cumulative layout shift, a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub cls: Option<f64>,
    /// First input delay, in milliseconds; in the lab it is Lighthouse's max-potential-FID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub fid: Option<f64>,
    /// Interaction to next paint, in milliseconds (it replaced FID in March 2024).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub inp: Option<f64>,
    /// Total blocking time, in milliseconds (what Lighthouse reports in the lab).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub tbt: Option<f64>,
}

/// How safe a release is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityValidation {
    /// Known weaknesses of what it is made of; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerabilities: Option<Vec<SecurityVulnerability>>,
    /// 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub security_score: f64,
}

/// How usable a release is for everyone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessibilityValidation {
    /// The level that was tested.
    pub wcag_level: WcagLevel,
    /// What keeps people from using it; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub violations: Option<Vec<AccessibilityViolation>>,
    /// 0 to 100.
    #[schemars(range(min = 0, max = 100))]
    pub compliance_score: f64,
}

/// What the live check saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveVerification {
    /// Where it looked.
    pub url: String,
    /// Whether that was a server of our own on loopback, because no `url` is configured.
    pub loopback: bool,
    /// How long after the switch began the site was first seen to show the release, in milliseconds; absent when that
    /// was not seen, or the switch was not this process's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_after_ms: Option<u64>,
    /// Each check.
    pub checks: Vec<LiveCheck>,
}

/// One request of the live check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveCheck {
    /// The path that was asked for.
    pub path: String,
    /// Whether the answer was as it should be.
    pub passed: bool,
    /// The status of the answer; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What was wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Measure, Unit, Verdict};

    fn report(gate: &str, measures: &[(&str, f64)]) -> GateReport {
        let measure = |(name, value): &(&str, f64)| Measure {
            name: (*name).to_owned(),
            subject: "mobile: index.html".to_owned(),
            value: *value,
            unit: Unit::Milliseconds,
            samples: Vec::new(),
        };
        let measures = measures.iter().map(measure).collect();
        GateReport { measures, ..GateReport::new(gate, Verdict::Passed, false) }
    }

    #[test]
    fn the_worst_page_counts_and_what_was_not_measured_is_absent() {
        let scores = [("performance", 99.0), ("accessibility", 100.0), ("best-practices", 96.0), ("seo", 100.0)];
        let all: Vec<_> = scores.into_iter().chain([("performance", 97.0), ("lcp", 1200.0), ("lcp", 900.0)]).collect();
        let own = report("core-web-vitals", &[("lcp", 5000.0), ("cls", 0.25)]);
        let found = PerformanceValidation::of(&[report("lighthouse", &all), own.clone()]).unwrap();
        assert_eq!(found.lighthouse.map(|it| (it.performance, it.best_practices)), Some((97.0, 96.0)));
        let vitals = found.core_web_vitals.unwrap();
        assert_eq!((vitals.lcp, vitals.cls, vitals.tbt), (Some(1.2), Some(0.25), None));

        let partly = PerformanceValidation::of(&[report("lighthouse", &scores[..3]), own]).unwrap();
        assert_eq!(partly.lighthouse, None, "three scores are not four");
        assert_eq!(partly.core_web_vitals.unwrap().lcp, Some(5.0));
        assert_eq!(PerformanceValidation::of(&[report("links", &[("performance", 1.0)])]), None);
    }
}
