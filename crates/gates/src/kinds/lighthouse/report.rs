//! Lighthouse's own report, as far as it is needed (types/lhr/lhr.d.ts of Lighthouse 12).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::measured::Figure;

/// What of a report a figure is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    /// The score of the category that is called like it.
    Category {
        /// Whether it differs from run to run.
        scatters: bool,
    },
    /// The value of an audit.
    Audit {
        /// The audit.
        id: &'static str,
        /// What other audits call the figure when they say what they would save of it.
        acronym: &'static str,
    },
}

impl Of {
    pub(super) const fn audit(id: &'static str, acronym: &'static str) -> Self {
        Self::Audit { id, acronym }
    }

    pub(super) const fn scatters(self) -> bool {
        matches!(self, Self::Audit { .. } | Self::Category { scatters: true })
    }
}

/// A report.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    lighthouse_version: String,
    #[serde(default)]
    run_warnings: Vec<String>,
    runtime_error: Option<RuntimeError>,
    #[serde(default)]
    categories: BTreeMap<String, Category>,
    #[serde(default)]
    audits: BTreeMap<String, Audit>,
}

#[derive(Debug, Deserialize)]
struct RuntimeError {
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Category {
    score: Option<f64>,
    #[serde(default)]
    audit_refs: Vec<AuditRef>,
}

#[derive(Debug, Deserialize)]
struct AuditRef {
    id: String,
    #[serde(default)]
    weight: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Audit {
    title: String,
    score: Option<f64>,
    score_display_mode: String,
    numeric_value: Option<f64>,
    error_message: Option<String>,
    metric_savings: Option<BTreeMap<String, Option<f64>>>,
}

impl Report {
    /// Reads one; what went wrong while it was made is an error, and so is what Lighthouse warns of: then its results
    /// may be those of another page, or of half of one.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let report: Self =
            serde_json::from_slice(bytes).map_err(|error| format!("its report is none of Lighthouse's: {error}"))?;
        if let Some(RuntimeError { code, message }) = &report.runtime_error {
            return Err(format!("{}: {}", plain(code), plain(message)));
        }
        if let Some(warning) = report.run_warnings.first() {
            return Err(format!("Lighthouse {} warns: {}", plain(&report.lighthouse_version), plain(warning)));
        }
        Ok(report)
    }

    /// Returns a figure: a score from 0 to 100, or the audit's value. Nothing where Lighthouse gave none.
    pub(super) fn value(&self, figure: &Figure, of: Of) -> Option<f64> {
        match of {
            Of::Category { .. } => {
                let score = self.categories.get(figure.name)?.score?;
                // 0.57 times 100 is not quite 57.
                (0.0..=1.0).contains(&score).then(|| (score * 100_000.0).round() / 1000.0)
            }
            Of::Audit { id, .. } => {
                let audit = self.audits.get(id)?;
                let is_told = !matches!(audit.score_display_mode.as_str(), "error" | "notApplicable" | "manual");
                audit.numeric_value.filter(|value| is_told && value.is_finite() && *value >= 0.0)
            }
        }
    }

    /// Says why there is no figure, for the end of a sentence.
    pub(super) fn why_missing(&self, figure: &Figure, of: Of) -> String {
        let of_audit = |id: &str| self.audits.get(id).and_then(|audit| audit.error_message.as_deref());
        let message = match of {
            Of::Audit { id, .. } => of_audit(id),
            // One audit without a score takes the category's with it.
            Of::Category { .. } => self.categories.get(figure.name).and_then(|category| {
                category.audit_refs.iter().filter(|audit| audit.weight > 0.0).find_map(|audit| of_audit(&audit.id))
            }),
        };
        message.map(|message| format!(": {}", plain(message))).unwrap_or_default()
    }

    /// Names what costs a figure most: up to three audits.
    pub(super) fn worst(&self, figure: &Figure, of: Of) -> Option<String> {
        let mut worst: Vec<(f64, &str)> = match of {
            Of::Category { scatters: false } => {
                let category = self.categories.get(figure.name)?;
                let lost = |audit: &AuditRef| {
                    let found = self.audits.get(&audit.id)?;
                    Some((audit.weight * (1.0 - found.score?), found.title.as_str()))
                };
                category.audit_refs.iter().filter_map(lost).collect()
            }
            Of::Category { scatters: true } => self.savings(|_| true),
            Of::Audit { acronym, .. } => self.savings(|name| name == acronym),
        };
        worst.retain(|(cost, title)| *cost > 0.0 && cost.is_finite() && !title.is_empty());
        worst.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
        let titles: Vec<String> = worst.iter().take(3).map(|(_, title)| format!("\"{}\"", plain(title))).collect();
        (!titles.is_empty()).then(|| format!("begin with what Lighthouse calls {}", titles.join(", ")))
    }

    /// Returns the audits that would save some of the figures, and how much.
    fn savings(&self, is_wanted: impl Fn(&str) -> bool) -> Vec<(f64, &str)> {
        let saved = |audit: &Audit| -> f64 {
            let all = audit.metric_savings.iter().flatten();
            all.filter(|(name, _)| is_wanted(name)).filter_map(|(_, saved)| *saved).sum()
        };
        self.audits.values().map(|audit| (saved(audit), audit.title.as_str())).collect()
    }
}

/// Makes a text fit for one line.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::FIGURES;
    use super::*;

    fn value(report: &Value, name: &str) -> Option<f64> {
        let (figure, of) = FIGURES.iter().find(|(figure, _)| figure.name == name).unwrap();
        Report::read(report.to_string().as_bytes()).unwrap().value(figure, *of)
    }

    #[test]
    fn scores_and_values_are_read_and_what_is_not_there_is_absent() {
        let report = json!({
            "lighthouseVersion": "12.8.2",
            "categories": { "performance": { "score": 0.57 }, "seo": { "score": null }, "accessibility": { "score": 7 } },
            "audits": {
                "largest-contentful-paint": { "scoreDisplayMode": "numeric", "numericValue": 1433.5 },
                "total-blocking-time": { "scoreDisplayMode": "error", "numericValue": 3, "errorMessage": "no trace" },
                "first-contentful-paint": { "numericValue": -1 },
            },
        });
        assert_eq!(value(&report, "performance"), Some(57.0));
        assert_eq!(value(&report, "lcp"), Some(1433.5));
        for absent in ["seo", "accessibility", "best-practices", "tbt", "fcp", "cls"] {
            assert_eq!(value(&report, absent), None, "{absent}");
        }
    }

    #[test]
    fn errors_and_warnings_are_no_report() {
        let failed =
            json!({ "lighthouseVersion": "12.8.2", "runtimeError": { "code": "NO_FCP", "message": "No paint" } });
        assert_eq!(Report::read(failed.to_string().as_bytes()).unwrap_err(), "NO_FCP: No paint");
        let warned = json!({ "lighthouseVersion": "12.8.2", "runWarnings": ["Results may be incomplete."] });
        let problem = Report::read(warned.to_string().as_bytes()).unwrap_err();
        assert_eq!(problem, "Lighthouse 12.8.2 warns: Results may be incomplete.");
        for torn in ["", "null", "[]", "{}", "{\"lighthouseVersion\":", "\u{0}"] {
            assert!(Report::read(torn.as_bytes()).unwrap_err().contains("none of Lighthouse's"), "{torn}");
        }
        assert!(Report::read("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn the_audits_that_cost_most_are_named() {
        let report = json!({
            "lighthouseVersion": "12.8.2",
            "categories": { "seo": { "score": 0.5, "auditRefs": [
                { "id": "a", "weight": 1 }, { "id": "b", "weight": 4 }, { "id": "c", "weight": 9 }, { "id": "gone" },
            ] } },
            "audits": {
                "a": { "title": "First", "score": 0, "metricSavings": { "LCP": 300, "FCP": null } },
                "b": { "title": "Second", "score": 0.5, "metricSavings": { "LCP": 0 } },
                "c": { "title": "Third", "score": 1 },
            },
        });
        let report = Report::read(report.to_string().as_bytes()).unwrap();
        let worst = |name: &str| {
            let (figure, of) = FIGURES.iter().find(|(figure, _)| figure.name == name).unwrap();
            report.worst(figure, *of)
        };
        assert_eq!(worst("seo").unwrap(), "begin with what Lighthouse calls \"Second\", \"First\"");
        assert_eq!(worst("lcp").unwrap(), "begin with what Lighthouse calls \"First\"");
        assert_eq!(worst("cls"), None);
    }
}
