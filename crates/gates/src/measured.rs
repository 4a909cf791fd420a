//! What gates that measure pages have in common: which pages, how often, and how a figure is told.

use std::time::Duration;

use charter_artifact::Artifact;
use charter_deploy_model::{Measure, Unit};
use charter_host::{Refusal, Scope};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::GateError;
use crate::sampling::{Demand, LEAST, Limit, Series, median, wait_for_calm};

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
    const SPECIAL: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'<').add(b'>').add(b'?').add(b'`');
    let is_index = page == "index.html" || page.ends_with("/index.html");
    let page = if is_index { &page[..page.len() - "index.html".len()] } else { page };
    format!("{}/{}", preview.trim_end_matches('/'), utf8_percent_encode(page, SPECIAL))
}
