//! What Lighthouse says of pages, run until it is certain.

use std::collections::BTreeMap;

use async_trait::async_trait;
use charter_deploy_model::{Inspection, KindMeta, LookedAt, Unit};
use charter_host::{Host, Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::measured::{CLS, FCP, Figure, LCP, Pace, Place, Seen, TBT, limit, page_of, url_of};
use crate::sampling::{Demand, Limit, Sampling, Series};
use crate::{DependsOn, Gate, GateError, Subject, browsed};

mod program;
mod report;

pub use crate::measured::FormFactor;
use program::{Failure, Lighthouse as Program};
use report::{Of, Report};

charter_deploy_model::kind! {
    /// Has Lighthouse judge pages as a phone and as a desktop, often enough to be certain.
    ///
    /// Each page is loaded from the preview in a fresh Chromium that sees this machine only, under Lighthouse's simulated
    /// throttling. Times differ from run to run. So the first run is thrown away, and the page is measured again until
    /// every time, and the score that is made of them, is certainly on one side of its limit: three runs where that is
    /// clear, up to `max-runs` where it is close, and undecided when it is still not certain then. The scores of
    /// accessibility, best practices and search engines do not depend on time, and are taken from the first run.
    ///
    /// Nothing is measured while other programs take more than `max-busy-percent` of the processors: figures of a busy
    /// machine are figures of the machine. A score that Lighthouse could not give, an error while the page was loaded, and
    /// a warning that results may be incomplete leave the page undecided.
    ///
    /// What a figure is held to is a number, or `"off"`. Lighthouse and Chromium are installed by `cargo xtask setup`.
    /// Without them the gate is inconclusive. A run takes about twelve seconds.
    ///
    /// ```toml
    /// [gates.lighthouse]
    /// pages = ["/", "/guide/"]
    /// performance = 90
    /// max-tbt-ms = 300
    /// max-potential-fid-ms = "off"
    /// ```
    pub static META: "lighthouse", needs Preview, lane Exclusive {
        /// The score for performance is lower than demanded.
        ///
        /// It is made of the times below. The finding names the audits that would save most.
        "lighthouse/performance": Error, principle Some(PerformanceFirst);
        /// The score for accessibility is lower than demanded.
        ///
        /// The gate `accessibility` finds every instance, on every page.
        "lighthouse/accessibility": Error, principle None;
        /// The score for best practices is lower than demanded.
        ///
        /// Errors in the console are the usual cause, a missing `favicon.ico` among them.
        "lighthouse/best-practices": Error, principle None;
        /// The score for search engines is lower than demanded.
        ///
        /// ```toml
        /// [gates.lighthouse]
        /// form-factors = ["mobile"]
        /// max-busy-percent = 100
        /// performance = "off"
        /// accessibility = "off"
        /// best-practices = "off"
        /// max-lcp-ms = "off"
        /// max-fcp-ms = "off"
        /// max-cls = "off"
        /// max-tbt-ms = "off"
        /// max-potential-fid-ms = "off"
        /// ```
        ///
        /// ```html,blocks=lighthouse/seo
        /// <!doctype html><meta name="robots" content="noindex"><p>No title, and nobody may list it.</p>
        /// ```
        "lighthouse/seo": Error, principle None;
        /// The largest contentful paint comes later than allowed.
        "lighthouse/lcp": Error, principle Some(PerformanceFirst);
        /// The first contentful paint comes later than allowed.
        "lighthouse/fcp": Error, principle Some(PerformanceFirst);
        /// What is seen moves about more than allowed while the page loads.
        "lighthouse/cls": Error, principle Some(PerformanceFirst);
        /// Scripts keep the page from reacting for longer than allowed, added up.
        "lighthouse/tbt": Error, principle Some(PerformanceFirst);
        /// A single task keeps the page from reacting for longer than allowed.
        ///
        /// It is what first input delay could be at the worst; nobody touches the page while it is measured. Lighthouse no
        /// longer counts it in its score, and slows the processor down fourfold for a phone.
        "lighthouse/max-potential-fid": Warning, principle Some(PerformanceFirst);
        /// The page fills more slowly than allowed.
        ///
        /// There is no such limit until one is set.
        "lighthouse/speed-index": Error, principle Some(PerformanceFirst);
    }
}

/// The section `[gates.lighthouse]`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LighthouseConfig {
    /// The pages that are measured: paths within the site, `/` being the front page.
    #[schemars(length(min = 1))]
    pub pages: Vec<String>,
    /// The devices that pages are shown on.
    #[schemars(length(min = 1))]
    pub form_factors: Vec<FormFactor>,
    /// The least score for performance, 0 to 100.
    pub performance: Demand,
    /// The least score for accessibility, 0 to 100.
    pub accessibility: Demand,
    /// The least score for best practices, 0 to 100.
    pub best_practices: Demand,
    /// The least score for search engines, 0 to 100.
    pub seo: Demand,
    /// When the largest element must be there, in milliseconds.
    pub max_lcp_ms: Demand,
    /// When the first element must be there, in milliseconds.
    pub max_fcp_ms: Demand,
    /// How much may move about: the part of the screen times the part of the way.
    pub max_cls: Demand,
    /// How long tasks may block, what is above 50 ms of each added up, in milliseconds.
    pub max_tbt_ms: Demand,
    /// How long the longest task may be, in milliseconds.
    pub max_potential_fid_ms: Demand,
    /// How slowly the page may fill, in milliseconds.
    pub max_speed_index_ms: Demand,
    /// How often a page is measured at most on a device, besides the run that is thrown away. With 1 that run alone
    /// decides: quick, and right where nothing is near its limit.
    #[schemars(range(min = 1))]
    pub max_runs: usize,
    /// How much of the processors' time other programs may take, in percent; with 100 nobody looks.
    #[schemars(range(min = 0, max = 100))]
    pub max_busy_percent: f64,
    /// How long is waited for them, in seconds.
    pub calm_seconds: u64,
}

impl Default for LighthouseConfig {
    fn default() -> Self {
        Self {
            pages: vec!["/".to_owned()],
            form_factors: vec![FormFactor::Mobile, FormFactor::Desktop],
            performance: Demand::Number(95.0),
            accessibility: Demand::Number(95.0),
            best_practices: Demand::Number(95.0),
            seo: Demand::Number(95.0),
            max_lcp_ms: Demand::Number(2500.0),
            max_fcp_ms: Demand::Number(1800.0),
            max_cls: Demand::Number(0.1),
            max_tbt_ms: Demand::Number(200.0),
            max_potential_fid_ms: Demand::Number(100.0),
            max_speed_index_ms: Demand::OFF,
            max_runs: 9,
            max_busy_percent: 50.0,
            calm_seconds: 60,
        }
    }
}

/// Everything that Lighthouse is asked for.
static FIGURES: [(Figure, Of); 10] = [
    (score("performance", "the score for performance"), Of::Category { scatters: true }),
    (score("accessibility", "the score for accessibility"), Of::Category { scatters: false }),
    (score("best-practices", "the score for best practices"), Of::Category { scatters: false }),
    (score("seo", "the score for search engines"), Of::Category { scatters: false }),
    (LCP, Of::audit("largest-contentful-paint", "LCP")),
    (FCP, Of::audit("first-contentful-paint", "FCP")),
    (CLS, Of::audit("cumulative-layout-shift", "CLS")),
    (TBT, Of::audit("total-blocking-time", "TBT")),
    (time("max-potential-fid", "the longest task"), Of::audit("max-potential-fid", "TBT")),
    (time("speed-index", "speed index"), Of::audit("speed-index", "LCP")),
];

const fn score(name: &'static str, words: &'static str) -> Figure {
    Figure { name, words, unit: Unit::Score }
}

const fn time(name: &'static str, words: &'static str) -> Figure {
    Figure { name, words, unit: Unit::Milliseconds }
}

/// Has Lighthouse judge pages.
#[derive(Debug, Clone)]
pub struct Lighthouse {
    config: LighthouseConfig,
    limits: Vec<(&'static Figure, Of, Limit)>,
    pace: Pace,
    host: Host,
}

/// Builds the gate.
///
/// # Errors
/// When a limit cannot be one, no page or device is named, or so many runs could never be certain.
pub fn gate(config: LighthouseConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    if config.pages.is_empty() || config.form_factors.is_empty() {
        return Err(Refusal("`pages` and `form-factors`: nothing would be measured".to_owned()));
    }
    let demands = [
        ("performance", config.performance),
        ("accessibility", config.accessibility),
        ("best-practices", config.best_practices),
        ("seo", config.seo),
        ("max-lcp-ms", config.max_lcp_ms),
        ("max-fcp-ms", config.max_fcp_ms),
        ("max-cls", config.max_cls),
        ("max-tbt-ms", config.max_tbt_ms),
        ("max-potential-fid-ms", config.max_potential_fid_ms),
        ("max-speed-index-ms", config.max_speed_index_ms),
    ];
    let mut limits = Vec::new();
    for ((key, demand), (figure, of)) in demands.into_iter().zip(&FIGURES) {
        limits.extend(limit(key, demand, figure.unit)?.map(|limit| (figure, *of, limit)));
    }
    if limits.is_empty() {
        return Err(Refusal("everything is `\"off\"`: nothing would be judged".to_owned()));
    }
    let pace = Pace::new(config.max_runs, config.max_busy_percent, config.calm_seconds)?;
    Ok(Box::new(Lighthouse { config, limits, pace, host: setup.host.clone() }))
}

#[async_trait]
impl Gate for Lighthouse {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// A page is as fast as it is: what differs from run to run was measured until it did not matter.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Artifact
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = subject.artifact()?;
        if !artifact.files.iter().any(|file| crate::html::is_page(&file.path)) {
            return Ok(Inspection::NotApplicable { reason: "there is no page".to_owned() });
        }
        let preview = browsed::preview(subject)?;
        let program = Program::find(&self.host)?;
        let mut seen = Seen { is_warm: self.pace.max_runs == 1, ..Seen::default() };
        let mut pages = 0;
        for path in &self.config.pages {
            let Some(page) = page_of(artifact, path) else {
                seen.undecided.push(format!("`{path}` is not in the site, so it was not measured"));
                continue;
            };
            pages += 1;
            for form in &self.config.form_factors {
                let place = Place { page: &page, url: url_of(preview, &page), form: *form };
                self.judge(&program, &place, &mut seen, scope).await?;
            }
        }
        seen.findings.sort();
        let counts = [("pages".to_owned(), pages), ("runs".to_owned(), seen.runs)];
        let looked_at = LookedAt { counts: counts.into(), undecided: seen.undecided, ..LookedAt::default() };
        Ok(Inspection::Looked { findings: seen.findings, measures: seen.measures, looked_at })
    }
}

impl Lighthouse {
    /// Measures a page on a device until every figure is decided.
    async fn judge(
        &self,
        program: &Program<'_>,
        place: &Place<'_>,
        seen: &mut Seen,
        scope: &Scope,
    ) -> Result<(), GateError> {
        let scatter = self.limits.iter().filter(|(_, of, _)| of.scatters());
        let mut sampling = Sampling::new(scatter.map(|(figure, _, limit)| (figure.name, *limit)), self.pace.max_runs);
        let mut first: Option<Report> = None;
        while first.is_none() || sampling.wants_more() {
            self.pace.wait(scope).await?;
            let doing = format!("measuring {} with Lighthouse", place.told());
            scope.progress(seen.runs, None, &doing);
            let categories = self.categories(first.is_some());
            let report = match program.run(&place.url, place.form, &categories, scope).await {
                Ok(report) => report,
                Err(Failure::Gate(error)) => return Err(error),
                Err(Failure::Page(problem)) => {
                    seen.undecided.push(format!("{} could not be judged: {problem}", place.told()));
                    return Ok(());
                }
            };
            seen.runs += 1;
            // What takes no time is right in the first run too.
            let is_thrown_away = !std::mem::replace(&mut seen.is_warm, true) && sampling.wants_more();
            if !is_thrown_away {
                sampling.add(&self.values(&report));
            }
            first.get_or_insert(report);
        }
        let Some(report) = first else { return Ok(()) };
        for (figure, of, limit) in &self.limits {
            let series = match sampling.series.get(figure.name) {
                Some(series) => series.clone(),
                None => once(*limit, report.value(figure, *of)),
            };
            if series.is_missing {
                let why = report.why_missing(figure, *of);
                seen.undecided.push(format!("{}: Lighthouse could not tell {}{why}", place.told(), figure.words));
            } else {
                seen.conclude(META.id, place, figure, &series, || report.worst(figure, *of));
            }
        }
        Ok(())
    }

    /// Returns the categories that are wanted of a run; those that do not depend on time only once.
    fn categories(&self, is_again: bool) -> Vec<&'static str> {
        let own = |(figure, of, _): &(&'static Figure, Of, Limit)| match of {
            Of::Audit { .. } | Of::Category { scatters: true } => Some("performance"),
            Of::Category { scatters: false } => (!is_again).then_some(figure.name),
        };
        let mut categories: Vec<&str> = self.limits.iter().filter_map(own).collect();
        categories.sort_unstable();
        categories.dedup();
        categories
    }

    fn values(&self, report: &Report) -> BTreeMap<&'static str, f64> {
        self.limits.iter().filter_map(|(figure, of, _)| Some((figure.name, report.value(figure, *of)?))).collect()
    }
}

/// Judges a figure that is the same in every run.
fn once(limit: Limit, value: Option<f64>) -> Series {
    let mut sampling = Sampling::new([((), limit)], 1);
    sampling.add(&value.map(|value| ((), value)).into_iter().collect());
    sampling.series.remove(&()).expect("it was put in three lines above")
}

/// Reads a report that may be anything, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(report) = Report::read(bytes) else { return };
    for (figure, of) in &FIGURES {
        assert!(report.value(figure, *of).is_none_or(|value| value.is_finite() && value >= 0.0));
        let _ = (report.why_missing(figure, *of), report.worst(figure, *of));
    }
}
