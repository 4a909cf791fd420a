//! What visitors get, from a web server's own log.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::logs::{on_the_side, sixteen_megabytes};
use super::tail::Tail;
use crate::Probe;
use crate::probe::{Cause, ProbeError, Reading};

mod line;

pub use line::{Request, request};

charter_deploy_model::kind! {
    /// Reads a web server's log: how many requests, how many fail, and how long they take, since the last look.
    ///
    /// It knows nginx (combined, also with `$request_time` at the end, and JSON), Caddy (JSON) and HAProxy (HTTP), line
    /// by line. The limits are the deployment policy's: down above 10 % of errors (5xx) or 5 s for the slowest
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
    /// The log.
    pub log: PathBuf,
    /// With fewer requests since the last look nothing is judged.
    #[serde(default = "twenty")]
    pub min_requests: usize,
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

const fn twenty() -> usize {
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

/// Reads a web server's log.
#[derive(Debug)]
pub struct Traffic {
    config: TrafficConfig,
    tail: Arc<Mutex<Tail>>,
}

/// Builds the probe.
///
/// # Errors
/// Never; the log may come later.
pub fn probe(mut config: TrafficConfig, setup: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    config.log = setup.root.join(&config.log);
    let tail = Arc::new(Mutex::new(Tail::of(&config.log, config.max_bytes)));
    Ok(Box::new(Traffic { config, tail }))
}

/// What is counted of requests.
#[derive(Debug, Default)]
struct Seen {
    requests: usize,
    errors: usize,
    strange: usize,
    milliseconds: Vec<f64>,
}

#[async_trait]
impl Probe for Traffic {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        format!("file://{}", self.config.log.display())
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let started = Instant::now();
        let count = |tail: &mut Tail| {
            let mut seen = Seen::default();
            let new = tail.read(|line| match request(line) {
                Some(request) => {
                    seen.requests += 1;
                    seen.errors += usize::from(request.status >= 500);
                    seen.milliseconds.extend(request.milliseconds);
                }
                None => seen.strange += 1,
            })?;
            seen.milliseconds.sort_by(f64::total_cmp);
            Ok((new, seen))
        };
        let doing = || format!("read {}", self.config.log.display());
        let (new, seen) = on_the_side(&self.tail, count, scope)
            .await?
            .map_err(|error| ProbeError::Other { doing: doing(), source: Box::new(error) })?;
        if seen.requests == 0 && seen.strange > 0 {
            let why = format!("none of {} lines is a request as nginx, Caddy or HAProxy write it", seen.strange);
            return Err(ProbeError::Other { doing: doing(), source: why.into() });
        }
        let mut reading = self.judge(new.seconds, &seen);
        reading.took = Some(started.elapsed());
        if new.skipped > 0 {
            reading.facts.insert("skippedBytes".to_owned(), new.skipped.to_string());
        }
        Ok(reading)
    }
}

impl Traffic {
    #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    fn judge(&self, seconds: Option<f64>, seen: &Seen) -> Reading {
        let mut reading = Reading { took: None, ..Reading::up(std::time::Duration::ZERO) };
        let Some(seconds) = seconds.filter(|seconds| *seconds > 0.0) else { return reading };
        reading.figures.insert("requestsPerSecond".to_owned(), seen.requests as f64 / seconds);
        let errors = (seen.requests > 0).then(|| seen.errors as f64 * 100.0 / seen.requests as f64);
        reading.figures.extend(errors.map(|errors| ("errorPercent".to_owned(), errors)));
        for percent in [50, 95, 99] {
            let figure = quantile(&seen.milliseconds, percent);
            reading.figures.extend(figure.map(|figure| (format!("p{percent}Milliseconds"), figure)));
        }
        if seen.requests < self.config.min_requests {
            return reading;
        }
        let limits = &self.config;
        let errors = errors.map(|it| (it, limits.warn_error_percent, limits.max_error_percent));
        let p95 = quantile(&seen.milliseconds, 95);
        let p95 = p95.map(|it| (it, limits.warn_p95_milliseconds, limits.max_p95_milliseconds));
        for (code, what, figure) in [
            ("error-rate", "% of requests fail", errors),
            ("slow", "ms and more for the slowest twentieth of requests", p95),
        ] {
            let Some((value, warn, max)) = figure.filter(|(value, warn, _)| value > warn) else { continue };
            let (status, limit) = if value > max { (UptimeStatus::Down, max) } else { (UptimeStatus::Degraded, warn) };
            if reading.status == UptimeStatus::Up || status == UptimeStatus::Down {
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
