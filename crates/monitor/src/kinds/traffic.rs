//! What visitors get, from a web server's own log or counts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::http::{self, Http};
use super::logs::{on_the_side, sixteen_megabytes};
use super::tail::Tail;
use crate::Probe;
use crate::probe::{Cause, ProbeError, Reading};
use metrics::Counts;

mod line;
mod metrics;

pub use line::{Request, request};
pub use metrics::MetricsConfig;

charter_deploy_model::kind! {
    /// Tells how many requests there were since the last look, how many failed and how long they took, from a web
    /// server's log or from its metrics.
    ///
    /// It knows nginx (combined, also with `$request_time` at the end, and JSON), Caddy (JSON) and HAProxy (HTTP), line
    /// by line; and counters in the text format of Prometheus. The first look only notes where things stand. The limits are the deployment policy's: down above 10 % of errors (5xx) or 5 s for the slowest
    /// twentieth, degraded above 5 % or 2 s. With fewer requests than `min-requests` nothing is judged.
    ///
    /// ```toml
    /// [monitor.endpoints.visitors]
    /// probe = { kind = "traffic", log = "/var/log/nginx/access.log" }
    /// ```
    pub static META: "traffic", needs Live, lane Shared {}
}

/// The section of a `traffic` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrafficConfig {
    /// The log; either this or `metrics`.
    #[serde(default)]
    pub log: Option<PathBuf>,
    /// Where the server tells its counts.
    #[serde(default)]
    pub metrics: Option<MetricsConfig>,
    /// With fewer requests since the last look nothing is judged.
    #[serde(default = "twenty")]
    pub min_requests: u32,
    /// Above this share of errors it is degraded, in percent.
    #[serde(default = "five")]
    pub warn_error_percent: f64,
    /// Above this share of errors it is down, in percent.
    #[serde(default = "ten")]
    pub max_error_percent: f64,
    /// With a slower 95th percentile it is degraded, in milliseconds.
    #[serde(default = "two_seconds")]
    pub warn_p95_milliseconds: f64,
    /// With a slower 95th percentile it is down, in milliseconds.
    #[serde(default = "five_seconds")]
    pub max_p95_milliseconds: f64,
    /// So much is read in one look, in bytes.
    #[serde(default = "sixteen_megabytes")]
    pub max_bytes: u64,
}

const fn twenty() -> u32 {
    20
}

const fn five() -> f64 {
    5.0
}

const fn ten() -> f64 {
    10.0
}

const fn two_seconds() -> f64 {
    2_000.0
}

const fn five_seconds() -> f64 {
    5_000.0
}

/// Tells what visitors get.
#[derive(Debug)]
pub struct Traffic {
    config: TrafficConfig,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Log { path: PathBuf, tail: Arc<Mutex<Tail>> },
    Metrics { config: Box<MetricsConfig>, http: Box<Http>, before: Mutex<Option<(Instant, Counts)>> },
}

/// Builds the probe. The log may come later.
///
/// # Errors
/// When there is neither a log nor metrics, or both.
pub fn probe(mut config: TrafficConfig, setup: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    let source = match (config.log.take(), config.metrics.take()) {
        (Some(log), None) => {
            let path = setup.root.join(log);
            Source::Log { tail: Arc::new(Mutex::new(Tail::of(&path, config.max_bytes))), path }
        }
        (None, Some(metrics)) => {
            let http = Box::new(http::build(&metrics.request, setup)?);
            Source::Metrics { config: Box::new(metrics), http, before: Mutex::default() }
        }
        _ => return Err(Refusal("either `log` or `metrics` says where requests are counted".to_owned())),
    };
    Ok(Box::new(Traffic { config, source }))
}

/// What came since the last look.
#[derive(Debug, Default)]
struct Summary {
    requests: f64,
    errors: f64,
    /// The 50th, 95th and 99th percentile.
    milliseconds: [Option<f64>; 3],
}

/// What is counted of requests in a log.
#[derive(Debug, Default)]
struct Seen {
    requests: u32,
    errors: u32,
    strange: u32,
    milliseconds: Vec<f64>,
}

#[async_trait]
impl Probe for Traffic {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        match &self.source {
            Source::Log { path, .. } => format!("file://{}", path.display()),
            Source::Metrics { http, .. } => http.address(),
        }
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let started = Instant::now();
        let mut reading = match &self.source {
            Source::Log { path, tail } => self.of_log(path, tail, scope).await?,
            Source::Metrics { config, http, before } => self.of_metrics(config, http, before, scope).await?,
        };
        if reading.cause.is_none() || !reading.figures.is_empty() {
            reading.took = Some(started.elapsed());
        }
        Ok(reading)
    }
}

impl Traffic {
    async fn of_log(&self, path: &Path, tail: &Arc<Mutex<Tail>>, scope: &Scope) -> Result<Reading, ProbeError> {
        let count = |tail: &mut Tail| {
            let mut seen = Seen::default();
            let new = tail.read(|line| match request(line) {
                Some(request) => {
                    seen.requests += 1;
                    seen.errors += u32::from(request.status >= 500);
                    seen.milliseconds.extend(request.milliseconds);
                }
                None => seen.strange += 1,
            })?;
            seen.milliseconds.sort_by(f64::total_cmp);
            Ok((new, seen))
        };
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| ProbeError::Other {
            doing: format!("read {}", path.display()),
            source,
        };
        let (new, seen) = on_the_side(tail, count, scope).await?.map_err(|error| failed(error.into()))?;
        if seen.requests == 0 && seen.strange > 0 {
            let why = format!("none of {} lines is a request as nginx, Caddy or HAProxy write it", seen.strange);
            return Err(failed(why.into()));
        }
        let summary = Summary {
            requests: seen.requests.into(),
            errors: seen.errors.into(),
            milliseconds: [50, 95, 99].map(|percent| quantile(&seen.milliseconds, percent)),
        };
        let mut reading = self.judge(new.seconds, &summary);
        if new.skipped > 0 {
            reading.facts.insert("skippedBytes".to_owned(), new.skipped.to_string());
        }
        Ok(reading)
    }

    async fn of_metrics(
        &self,
        config: &MetricsConfig,
        http: &Http,
        before: &Mutex<Option<(Instant, Counts)>>,
        scope: &Scope,
    ) -> Result<Reading, ProbeError> {
        let (asked, answer) = http.look(scope).await?;
        let Some(answer) = answer.filter(|_| asked.status != UptimeStatus::Down) else { return Ok(asked) };
        let text = String::from_utf8_lossy(&answer.body);
        let (now, counts) = (Instant::now(), metrics::read(&text, config));
        let unusable = |why: &str| ProbeError::Other {
            doing: format!("read the metrics of {}", http.address()),
            source: why.into(),
        };
        if answer.is_cut {
            return Err(unusable("they are longer than `max-body-bytes`"));
        }
        if counts.is_empty() {
            return Err(unusable("none of the metrics that are named is among them"));
        }
        let last = before.lock().unwrap_or_else(PoisonError::into_inner).replace((now, counts.clone()));
        let Some((then, last)) = last else { return Ok(self.judge(None, &Summary::default())) };
        let seconds = now.duration_since(then).as_secs_f64();
        let (summary, others) = metrics::between(&last, &counts, config);
        let mut reading = self.judge(Some(seconds), &summary);
        let rates = others.into_iter().filter(|_| seconds > 0.0);
        reading.figures.extend(rates.map(|(name, count)| (format!("perSecond:{name}"), count / seconds)));
        Ok(reading)
    }

    fn judge(&self, seconds: Option<f64>, seen: &Summary) -> Reading {
        let mut reading = Reading { took: None, ..Reading::up(std::time::Duration::ZERO) };
        let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0) else { return reading };
        reading.figures.insert("requestsPerSecond".to_owned(), seen.requests / seconds);
        let errors = (seen.requests > 0.0).then(|| seen.errors * 100.0 / seen.requests);
        reading.figures.extend(errors.map(|errors| ("errorPercent".to_owned(), errors)));
        for (name, figure) in ["p50Milliseconds", "p95Milliseconds", "p99Milliseconds"].iter().zip(seen.milliseconds) {
            reading.figures.extend(figure.map(|figure| ((*name).to_owned(), figure)));
        }
        if seen.requests < self.config.min_requests.into() {
            return reading;
        }
        let limits = &self.config;
        let errors = errors.map(|it| (it, limits.warn_error_percent, limits.max_error_percent));
        let p95 = seen.milliseconds[1].map(|it| (it, limits.warn_p95_milliseconds, limits.max_p95_milliseconds));
        for (code, what, figure) in [
            ("error-rate", "% of requests fail", errors),
            ("slow", "ms and more for the slowest twentieth of requests", p95),
        ] {
            let Some((value, warn, max)) = figure.filter(|(value, warn, _)| value > warn) else { continue };
            let (status, limit) = if value > max { (UptimeStatus::Down, max) } else { (UptimeStatus::Degraded, warn) };
            if reading.status == UptimeStatus::Up
                || (status, reading.status) == (UptimeStatus::Down, UptimeStatus::Degraded)
            {
                let message = format!("{value:.1} {what}, of {limit}");
                (reading.status, reading.cause) = (status, Some(Cause::new(code, message)));
            }
        }
        reading
    }
}

/// Returns the smallest figure that so many percent do not exceed.
fn quantile(sorted: &[f64], percent: usize) -> Option<f64> {
    sorted.get((sorted.len() * percent).div_ceil(100).checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quantile_has_that_share_below_it(mut figures in prop::collection::vec(0.0_f64..1e6, 1..300), percent in 1_usize..100) {
            figures.sort_by(f64::total_cmp);
            let value = quantile(&figures, percent).unwrap();
            let below = figures.iter().filter(|figure| **figure <= value).count();
            prop_assert!(below * 100 >= percent * figures.len());
            let smaller = figures.iter().filter(|figure| **figure < value).count();
            prop_assert!(smaller * 100 < percent * figures.len());
        }
    }
}
