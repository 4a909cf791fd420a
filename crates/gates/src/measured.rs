//! What gates that measure pages have in common: which pages, how often, and how a figure is told.

use std::time::Duration;

use charter_artifact::Artifact;
use charter_browser::{Speed, Viewport};
use charter_deploy_model::{Finding, Location, Measure, Unit};
use charter_host::{Refusal, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sampling::{Decision, Demand, LEAST, Limit, Series, median, wait_for_calm};
use crate::{GateError, browsed};

/// A figure that pages are measured for.
#[derive(Debug)]
pub(crate) struct Figure {
    /// The end of its code, and the name of its measure.
    pub(crate) name: &'static str,
    /// What people call it.
    pub(crate) words: &'static str,
    /// What it counts.
    pub(crate) unit: Unit,
}

impl Figure {
    /// Writes a value with its unit.
    pub(crate) fn told(&self, value: f64) -> String {
        match self.unit {
            Unit::Milliseconds => format!("{value:.0} ms"),
            Unit::Ratio => format!("{value:.3}"),
            Unit::Score | Unit::Count | Unit::Bytes => format!("{}", (value * 10.0).round() / 10.0),
        }
    }

    /// Says what it is held to.
    pub(crate) fn limit(&self, limit: Limit) -> String {
        match limit {
            Limit::AtMost(limit) => format!("at most {}", self.told(limit)),
            Limit::AtLeast(limit) => format!("at least {}", self.told(limit)),
        }
    }

    /// Says what was measured, with every sample.
    pub(crate) fn samples(&self, series: &Series) -> String {
        let all: Vec<String> = series.samples.iter().map(|sample| self.told(*sample)).collect();
        match all.len() {
            1 => "1 run".to_owned(),
            count => format!("{count} runs: {}", all.join(", ")),
        }
    }

    /// Returns the evidence: the median and every sample.
    pub(crate) fn measure(&self, subject: &str, samples: &[f64]) -> Option<Measure> {
        Some(Measure {
            name: self.name.to_owned(),
            subject: subject.to_owned(),
            value: median(samples)?,
            unit: self.unit,
            samples: samples.to_vec(),
        })
    }
}

/// When the largest element is there.
pub(crate) const LCP: Figure = Figure { name: "lcp", words: "largest contentful paint", unit: Unit::Milliseconds };
/// When the first element is there.
pub(crate) const FCP: Figure = Figure { name: "fcp", words: "first contentful paint", unit: Unit::Milliseconds };
/// How much moves about.
pub(crate) const CLS: Figure = Figure { name: "cls", words: "cumulative layout shift", unit: Unit::Ratio };
/// How long tasks block.
pub(crate) const TBT: Figure = Figure { name: "tbt", words: "total blocking time", unit: Unit::Milliseconds };

/// A device that pages are shown on, with the speed that Lighthouse gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FormFactor {
    /// A phone of the middle class on a slow 4G network.
    Mobile,
    /// A desktop on a cable.
    Desktop,
}

impl FormFactor {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Mobile => "mobile",
            Self::Desktop => "desktop",
        }
    }

    /// Returns what Lighthouse makes of a device: its screen, and how slow it and its network are.
    pub(crate) const fn device(self) -> (Viewport, Speed) {
        match self {
            Self::Mobile => (
                Viewport { width: 412, height: 823, scale: 1.75, is_mobile: true },
                Speed { slowdown: 4.0, latency_ms: 150.0, bytes_per_second: 204_800.0 },
            ),
            Self::Desktop => (
                Viewport { width: 1350, height: 940, scale: 1.0, is_mobile: false },
                Speed { slowdown: 1.0, latency_ms: 40.0, bytes_per_second: 1_280_000.0 },
            ),
        }
    }
}

/// Reads what a figure is held to; nothing when it is to none.
pub(crate) fn limit(key: &str, demand: Demand, unit: Unit) -> Result<Option<Limit>, Refusal> {
    let Demand::Number(number) = demand else { return Ok(None) };
    let most = if unit == Unit::Score { 100.0 } else { f64::MAX };
    if !(0.0..=most).contains(&number) {
        return Err(Refusal(format!("`{key}`: no page could be held to {number}")));
    }
    Ok(Some(if unit == Unit::Score { Limit::AtLeast(number) } else { Limit::AtMost(number) }))
}

/// How often is measured, and on how busy a machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) max_runs: usize,
    max_busy_percent: f64,
    patience: Duration,
}

impl Pace {
    pub(crate) fn new(max_runs: usize, max_busy_percent: f64, calm_seconds: u64) -> Result<Self, Refusal> {
        if max_runs == 0 || (2..LEAST).contains(&max_runs) {
            return Err(Refusal(format!(
                "`max-runs`: {max_runs} runs are never certain; it takes {LEAST} or more, or 1 where one is to decide"
            )));
        }
        if !(0.0..=100.0).contains(&max_busy_percent) {
            return Err(Refusal(format!("`max-busy-percent`: {max_busy_percent} is no share in percent")));
        }
        Ok(Self { max_runs, max_busy_percent, patience: Duration::from_secs(calm_seconds) })
    }

    /// Waits until the machine is calm enough to measure on.
    pub(crate) async fn wait(&self, scope: &Scope) -> Result<(), GateError> {
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        let calm = wait_for_calm(self.max_busy_percent, self.patience, scope).await;
        calm.map_err(|busy| GateError::Unavailable {
            reason: format!("{busy}: figures measured now would be theirs; try again when they are done"),
        })
    }
}

/// Returns the page of the site that a configured path names: `/` and folders are their `index.html`.
pub(crate) fn page_of(artifact: &Artifact, path: &str) -> Option<String> {
    let path = path.trim_start_matches('/');
    let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    artifact.files.iter().any(|file| file.path == path).then_some(path)
}

/// Returns the URL of a page, as visitors have it: without `index.html`.
pub(crate) fn url_of(preview: &str, page: &str) -> String {
    let is_index = page == "index.html" || page.ends_with("/index.html");
    let page = if is_index { &page[..page.len() - "index.html".len()] } else { page };
    browsed::address(preview, page)
}

/// What is measured: a page on a device.
pub(crate) struct Place<'a> {
    pub(crate) page: &'a str,
    pub(crate) url: String,
    pub(crate) form: FormFactor,
}

impl Place<'_> {
    /// Returns what waivers match.
    pub(crate) fn subject(&self) -> String {
        format!("{}: {}", self.form.name(), self.page)
    }

    /// Names it in a sentence.
    pub(crate) fn told(&self) -> String {
        format!("`{}` on {}", self.page, self.form.name())
    }
}

/// What was seen so far.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) findings: Vec<Finding>,
    pub(crate) measures: Vec<Measure>,
    pub(crate) undecided: Vec<String>,
    pub(crate) runs: u64,
    /// Whether the run that is thrown away is over, or there is to be none.
    pub(crate) is_warm: bool,
}

impl Seen {
    /// Makes of a figure's samples what is to be said; `help` is asked only where something is wrong.
    pub(crate) fn conclude(
        &mut self,
        gate: &str,
        place: &Place<'_>,
        figure: &Figure,
        series: &Series,
        help: impl FnOnce() -> Option<String>,
    ) {
        let Some(mut measure) = figure.measure(&place.subject(), &series.samples) else { return };
        let (middle, words) = (figure.told(measure.value), figure.words);
        let (place_told, limit) = (place.told(), figure.limit(series.limit));
        // A single value is no sample of many.
        let runs = if measure.samples.len() > 1 {
            format!(" (the median of {})", figure.samples(series))
        } else {
            measure.samples.clear();
            String::new()
        };
        self.measures.push(measure);
        match series.decision {
            Decision::Holds => {}
            Decision::Broken => {
                let message = format!("{place_told}: {words} is {middle}, where {limit} is demanded{runs}");
                let finding = Finding::new(format!("{gate}/{}", figure.name), place.subject(), message)
                    .key(place.form.name())
                    .at(Location::file(place.page));
                self.findings.push(match help() {
                    Some(help) => finding.help(help),
                    None => finding,
                });
            }
            Decision::Uncertain => self.undecided.push(format!(
                "{place_told}: {words} is too close to its limit to be certain: {limit} is demanded, and {middle} is \
                 the median of {}",
                figure.samples(series)
            )),
        }
    }
}
