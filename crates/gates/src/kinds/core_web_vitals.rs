//! How fast pages are to look at, measured in our own browser.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_browser::{Browser, BrowserError};
use charter_deploy_model::{Inspection, KindMeta, LookedAt};
use charter_host::{Environment, Refusal, Scope, Setup};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::measured::{CLS, FCP, Figure, LCP, Pace, Place, Seen, TBT, limit, page_of, url_of};
use crate::sampling::{Demand, Limit, Sampling, turns};
use crate::{DependsOn, Gate, GateError, Subject, browsed, glob};
use beside_live::{LEAST_ROUNDS, MOST_ROUNDS, Samples};

mod beside_live;
mod vitals;

pub use crate::measured::FormFactor;

charter_deploy_model::kind! {
    /// Measures the web vitals of every page in Chromium, under a slow network and processor.
    ///
    /// Each page is loaded from the preview by a browser that sees this machine only, without anything in its cache, and
    /// watched until its network has been quiet for half a second. As a phone it has a processor four times slower than
    /// this machine's, 150 ms for each request and 205 kB a second; as a desktop 40 ms and 1,280 kB. The first page is
    /// measured once more than it counts. Then each is measured until every figure is certainly on one side of its limit:
    /// three times where that is clear, up to `max-runs` where it is close, and undecided when it is still not certain.
    ///
    /// A measurement takes a second or two. It is no substitute for the gate `lighthouse`, which simulates the network
    /// more truly and takes ten times as long: this one sees every page. Interaction to next paint needs somebody who
    /// interacts; total blocking time stands for it.
    ///
    /// The pages that `compare` names are also measured beside the same pages of the release that users see now, where the
    /// target keeps its files: in turn, up to five times each. A figure that got worse by more than
    /// `max-slowdown-percent` (and 50 ms, or 0.02 of layout shift) is told when the ranks of the samples look like that by
    /// chance in at most 1 % of cases. Every sample of both is kept as evidence.
    ///
    /// What a figure is held to is a number, or `"off"`. Without Chromium the gate is inconclusive.
    ///
    /// ```toml
    /// [gates.core-web-vitals]
    /// max-lcp-ms = 2000
    /// max-tbt-ms = "off"
    /// exclude = ["demo/**"]
    /// ```
    pub static META: "core-web-vitals", needs Preview, lane Exclusive {
        /// The largest element of a page comes later than allowed.
        "core-web-vitals/lcp": Error, principle Some(PerformanceFirst);
        /// The first element of a page comes later than allowed.
        "core-web-vitals/fcp": Error, principle Some(PerformanceFirst);
        /// What is seen moves about more than allowed while the page loads.
        ///
        /// Say how large images and frames are (`width`, `height`), and put nothing above what is already there.
        "core-web-vitals/cls": Error, principle Some(PerformanceFirst);
        /// Scripts keep a page from reacting for longer than allowed, added up.
        ///
        /// What is above 50 ms of each task counts, from the first paint until the page is at rest.
        "core-web-vitals/tbt": Error, principle Some(PerformanceFirst);
        /// A page is certainly slower, or moves about more, than the one that users see now.
        ///
        /// Both were measured now and in turn, so that it is not the machine. `cargo xtask deploy --dry-run` lists the
        /// files that differ.
        "core-web-vitals/slower-than-live": Warning, principle Some(PerformanceFirst);
    }
}

/// The section `[gates.core-web-vitals]`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CoreWebVitalsConfig {
    /// The pages that are measured, `/` being the front page; all of the site when empty.
    pub pages: Vec<String>,
    /// Globs over the paths of pages that are not measured.
    pub exclude: Vec<String>,
    /// The most pages that are measured; what is beyond is undecided.
    #[schemars(range(min = 1))]
    pub max_pages: usize,
    /// The devices that pages are shown on.
    #[schemars(length(min = 1))]
    pub form_factors: Vec<FormFactor>,
    /// When the largest element must be there, in milliseconds.
    pub max_lcp_ms: Demand,
    /// When the first element must be there, in milliseconds.
    pub max_fcp_ms: Demand,
    /// How much may move about: the part of the screen times the part of the way.
    pub max_cls: Demand,
    /// How long tasks may block, what is above 50 ms of each added up, in milliseconds.
    pub max_tbt_ms: Demand,
    /// The pages that are measured beside those that users see now, `/` being the front page.
    pub compare: Vec<String>,
    /// By how much their figures may be worse than those, in percent; `"off"` compares nothing.
    pub max_slowdown_percent: Demand,
    /// How often a page is measured at most on a device. With 1 a single measurement decides, and none is thrown away.
    #[schemars(range(min = 1))]
    pub max_runs: usize,
    /// How much of the processors' time other programs may take, in percent; with 100 nobody looks.
    #[schemars(range(min = 0, max = 100))]
    pub max_busy_percent: f64,
    /// How long is waited for them, in seconds.
    pub calm_seconds: u64,
}

impl Default for CoreWebVitalsConfig {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            exclude: Vec::new(),
            max_pages: 50,
            form_factors: vec![FormFactor::Mobile],
            max_lcp_ms: Demand::Number(2500.0),
            max_fcp_ms: Demand::Number(1800.0),
            max_cls: Demand::Number(0.1),
            max_tbt_ms: Demand::Number(200.0),
            compare: vec!["/".to_owned()],
            max_slowdown_percent: Demand::Number(10.0),
            max_runs: 9,
            max_busy_percent: 50.0,
            calm_seconds: 60,
        }
    }
}

/// Everything that is measured.
static FIGURES: [Figure; 4] = [LCP, FCP, CLS, TBT];

/// How long a page may take to load.
const PAGE_LIMIT: Duration = Duration::from_secs(45);

/// Measures pages.
#[derive(Debug, Clone)]
pub struct CoreWebVitals {
    config: CoreWebVitalsConfig,
    exclude: Vec<GlobMatcher>,
    limits: Vec<(&'static Figure, Limit)>,
    /// What may be worse than live, in percent; nothing is compared when absent.
    slowdown: Option<f64>,
    pace: Pace,
    environment: Environment,
}

/// Builds the gate.
///
/// # Errors
/// When a limit or glob cannot be one, no device is named, or so many runs could never be certain.
pub fn gate(config: CoreWebVitalsConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    let demands = [
        ("max-lcp-ms", config.max_lcp_ms),
        ("max-fcp-ms", config.max_fcp_ms),
        ("max-cls", config.max_cls),
        ("max-tbt-ms", config.max_tbt_ms),
    ];
    let mut limits = Vec::new();
    for ((key, demand), figure) in demands.into_iter().zip(&FIGURES) {
        limits.extend(limit(key, demand, figure.unit)?.map(|limit| (figure, limit)));
    }
    if config.form_factors.is_empty() || limits.is_empty() || config.max_pages == 0 {
        return Err(Refusal("no device, no page, or everything `\"off\"`: nothing would be measured".to_owned()));
    }
    let slowdown = match config.max_slowdown_percent {
        Demand::Number(percent) if !percent.is_finite() || percent < 0.0 => {
            return Err(Refusal(format!("`max-slowdown-percent`: {percent} is no share in percent")));
        }
        Demand::Number(percent) => Some(percent),
        Demand::Off(_) => None,
    };
    let pace = Pace::new(config.max_runs, config.max_busy_percent, config.calm_seconds)?;
    let environment = setup.host.environment.clone();
    Ok(Box::new(CoreWebVitals { config, exclude, limits, slowdown, pace, environment }))
}

#[async_trait]
impl Gate for CoreWebVitals {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// A page is as fast as it is: what differs from run to run was measured until it did not matter.
    fn depends_on(&self) -> DependsOn {
        DependsOn::ArtifactAndLive
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = subject.artifact()?;
        let preview = browsed::preview(subject)?;
        let mut seen = Seen { is_warm: self.pace.max_runs == 1, ..Seen::default() };
        let pages = self.pages(artifact, &mut seen.undecided);
        if pages.is_empty() && seen.undecided.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "there is no page".to_owned() });
        }
        let mut browser = None;
        for (done, page) in pages.iter().enumerate() {
            scope.progress(done as u64, Some(pages.len() as u64), "measuring pages in Chromium");
            self.pace.wait(scope).await?;
            for form in &self.config.form_factors {
                let place = Place { page, url: url_of(preview, page), form: *form };
                if let Err(error) = self.judge(&mut browser, &place, &mut seen, scope).await? {
                    seen.undecided.push(format!(
                        "{} could not be measured: {}",
                        place.told(),
                        browsed::with_cause(&error)
                    ));
                    // Whatever hangs in it is not taken over to the next page.
                    browser = None;
                }
            }
        }
        let compared = self.compare(&mut browser, subject, &mut seen, scope).await?;
        seen.findings.sort();
        let mut counts = vec![("pages".to_owned(), pages.len() as u64), ("runs".to_owned(), seen.runs)];
        if compared > 0 {
            counts.push(("pages beside live".to_owned(), compared));
        }
        let looked_at =
            LookedAt { counts: counts.into_iter().collect(), undecided: seen.undecided, ..LookedAt::default() };
        Ok(Inspection::Looked { findings: seen.findings, measures: seen.measures, looked_at })
    }
}

impl CoreWebVitals {
    /// Returns the pages to measure, and says which are not.
    fn pages(&self, artifact: &Artifact, undecided: &mut Vec<String>) -> Vec<String> {
        let mut pages: Vec<String> = if self.config.pages.is_empty() {
            browsed::pages(artifact, &self.exclude)
        } else {
            let named = self.config.pages.iter().filter_map(|path| {
                let page = page_of(artifact, path);
                if page.is_none() {
                    undecided.push(format!("`{path}` is not in the site, so it was not measured"));
                }
                page
            });
            named.filter(|page| !glob::any(&self.exclude, page)).collect()
        };
        let done = "measured: name those that matter in `pages`, or raise `max-pages`";
        browsed::bound(&mut pages, self.config.max_pages, done, undecided);
        pages
    }

    /// Measures a page on a device until every figure is decided.
    async fn judge(
        &self,
        browser: &mut Option<Browser>,
        place: &Place<'_>,
        seen: &mut Seen,
        scope: &Scope,
    ) -> Result<Result<(), BrowserError>, GateError> {
        let mut sampling =
            Sampling::new(self.limits.iter().map(|(figure, limit)| (figure.name, *limit)), self.pace.max_runs);
        while sampling.wants_more() {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            let browser = match browser {
                Some(browser) => browser,
                None => browser.insert(browsed::start(&self.environment, 1, PAGE_LIMIT).await?),
            };
            let values = match measure(browser, place).await {
                Ok(values) => values,
                Err(error) => return Ok(Err(error)),
            };
            seen.runs += 1;
            if std::mem::replace(&mut seen.is_warm, true) {
                sampling.add(&values);
            }
        }
        for (figure, _) in &self.limits {
            let Some(series) = sampling.series.get(figure.name) else { continue };
            if series.is_missing {
                seen.undecided.push(format!("{}: {} was not seen to happen", place.told(), figure.words));
            } else {
                seen.conclude(META.id, place, figure, series, || None);
            }
        }
        Ok(Ok(()))
    }

    /// Measures pages beside those that users see now; returns how many.
    async fn compare(
        &self,
        browser: &mut Option<Browser>,
        subject: &Subject,
        seen: &mut Seen,
        scope: &Scope,
    ) -> Result<u64, GateError> {
        let (Some(percent), Some(live), Some(live_preview), Some(preview)) =
            (self.slowdown, &subject.live, &subject.live_preview, &subject.preview)
        else {
            return Ok(0);
        };
        let artifact = subject.artifact()?;
        if live.digest == artifact.digest {
            return Ok(0);
        }
        // A page that only one of them has cannot be compared, and is not worse for it.
        let in_both = |path: &String| page_of(artifact, path).filter(|page| page_of(live, page).is_some());
        let pages: Vec<String> = self.config.compare.iter().filter_map(in_both).collect();
        let builds = (build(live), build(artifact));
        for page in &pages {
            scope.progress(0, None, "measuring pages beside those that users see now");
            self.pace.wait(scope).await?;
            for form in &self.config.form_factors {
                let next = Place { page, url: url_of(preview, page), form: *form };
                let live = Place { page, url: url_of(live_preview, page), form: *form };
                match self.in_turn(browser, &live, &next, percent, scope).await? {
                    Ok(samples) => {
                        let code = "core-web-vitals/slower-than-live";
                        seen.findings.extend(samples.worse(code, &next, &FIGURES, percent));
                        seen.measures.extend(samples.measures(&next, &FIGURES, &builds.0, &builds.1));
                    }
                    Err(error) => {
                        let told = next.told();
                        seen.undecided.push(format!("{told} could not be compared: {}", browsed::with_cause(&error)));
                        *browser = None;
                    }
                }
            }
        }
        Ok(pages.len() as u64)
    }

    /// Measures two pages in turn, until nothing can come of it or enough was measured.
    async fn in_turn(
        &self,
        browser: &mut Option<Browser>,
        live: &Place<'_>,
        next: &Place<'_>,
        percent: f64,
        scope: &Scope,
    ) -> Result<Result<Samples, BrowserError>, GateError> {
        let mut samples = Samples::default();
        for (run, is_next) in turns(MOST_ROUNDS).enumerate() {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            let is_round = run % 2 == 0 && run >= 2 * LEAST_ROUNDS;
            if is_round && !samples.may_be_worse(&FIGURES, percent) {
                break;
            }
            let browser = match browser {
                Some(browser) => browser,
                None => browser.insert(browsed::start(&self.environment, 1, PAGE_LIMIT).await?),
            };
            match measure(browser, if is_next { next } else { live }).await {
                Ok(values) => samples.add(is_next, &values),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(samples))
    }
}

/// Names a build by the beginning of its digest.
fn build(artifact: &Artifact) -> String {
    artifact.digest.hex().chars().take(12).collect()
}

/// How long a page may stay busy after it was loaded; then what was seen until then counts.
const REST: Duration = Duration::from_secs(10);

async fn measure(browser: &Browser, place: &Place<'_>) -> Result<BTreeMap<&'static str, f64>, BrowserError> {
    let (viewport, speed) = place.form.device();
    let page = browser.page().await?;
    page.resize(viewport).await?;
    page.slow_down(speed).await?;
    page.run_first(vitals::WATCH).await?;
    page.open(&place.url).await?;
    // Some pages never stop asking for something.
    if let Ok(Err(error)) = tokio::time::timeout(REST, page.settle()).await {
        return Err(error);
    }
    vitals::read(page.evaluate(vitals::TELL).await?).map_err(|message| BrowserError::Script { message })
}

/// Reads an answer of a page, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(answer: &[u8]) {
    let Ok(answer) = serde_json::from_slice(answer) else { return };
    let Ok(values) = vitals::read(answer) else { return };
    assert!(values.values().all(|value| value.is_finite() && *value >= 0.0), "{values:?}");
}
