//! Counts what matches in a log since the last look.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Refusal, Scope, Setup};
use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::tail::{New, Tail};
use crate::Probe;
use crate::probe::{Cause, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Counts what matches in a log since the last look.
    ///
    /// The first look only notes where the file ends. A file that was rotated is read to its end, and the new one from
    /// its beginning; one that was cut is read from its beginning. Of more than `max-bytes` the newest part is read.
    ///
    /// ```toml
    /// [monitor.endpoints.errors]
    /// probe = { kind = "logs", path = "/var/log/app.log", patterns = [{ name = "panic", matches = "panicked at", max-per-minute = 0 }] }
    /// ```
    pub static META: "logs", needs Live, lane Shared {}
}

/// The section of a `logs` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogsConfig {
    /// The file.
    pub path: PathBuf,
    /// What is counted.
    pub patterns: Vec<Pattern>,
    /// So much is read in one look, in bytes.
    #[serde(default = "sixteen_megabytes")]
    pub max_bytes: u64,
}

/// Something that is counted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pattern {
    /// What it is called.
    pub name: String,
    /// A regular expression that a line matches.
    pub matches: String,
    /// With more lines a minute it is degraded.
    #[serde(default)]
    pub warn_per_minute: Option<f64>,
    /// With more lines a minute it is down.
    #[serde(default)]
    pub max_per_minute: Option<f64>,
}

pub(super) const fn sixteen_megabytes() -> u64 {
    16_000_000
}

/// Counts lines.
#[derive(Debug)]
pub struct Logs {
    path: PathBuf,
    patterns: Arc<Vec<(Regex, Pattern)>>,
    tail: Arc<Mutex<Tail>>,
}

/// Builds the probe.
///
/// # Errors
/// When there is nothing to count, or no way to.
pub fn probe(config: LogsConfig, setup: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    if config.patterns.is_empty() {
        return Err(Refusal("`patterns` is empty, so there is nothing to count".to_owned()));
    }
    let compile = |pattern: Pattern| {
        let regex = Regex::new(&pattern.matches);
        let regex = regex.map_err(|error| Refusal(format!("`patterns`: `{}`: {error}", pattern.name)))?;
        Ok((regex, pattern))
    };
    let patterns = config.patterns.into_iter().map(compile).collect::<Result<_, Refusal>>()?;
    let path = setup.root.join(&config.path);
    let tail = Arc::new(Mutex::new(Tail::of(&path, config.max_bytes)));
    Ok(Box::new(Logs { path, patterns: Arc::new(patterns), tail }))
}

#[async_trait]
impl Probe for Logs {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        format!("file://{}", self.path.display())
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let started = Instant::now();
        let patterns = Arc::clone(&self.patterns);
        let mut counts = vec![0_u64; patterns.len()];
        let count = move |tail: &mut Tail| {
            let new = tail.read(|line| {
                for (count, (regex, _)) in counts.iter_mut().zip(patterns.iter()) {
                    *count += u64::from(regex.is_match(line));
                }
            })?;
            Ok((new, counts))
        };
        let (new, counts) = on_the_side(&self.tail, count, scope).await?.map_err(|error| ProbeError::Other {
            doing: format!("read {}", self.path.display()),
            source: Box::new(error),
        })?;
        let mut reading = judge(&new, counts.iter().copied().zip(self.patterns.iter().map(|(_, pattern)| pattern)));
        reading.took = Some(started.elapsed());
        Ok(reading)
    }
}

/// Reads on a thread of its own: a disk that stalls holds up nobody else. What was begun goes on when the look is
/// dropped, so that nothing is counted twice.
pub(super) async fn on_the_side<T: Send + 'static>(
    tail: &Arc<Mutex<Tail>>,
    read: impl FnOnce(&mut Tail) -> std::io::Result<T> + Send + 'static,
    scope: &Scope,
) -> Result<std::io::Result<T>, ProbeError> {
    let tail = Arc::clone(tail);
    let reading = tokio::task::spawn_blocking(move || read(&mut tail.lock().unwrap_or_else(PoisonError::into_inner)));
    tokio::select! {
        read = reading => Ok(read.unwrap_or_else(|error| Err(std::io::Error::other(error)))),
        () = scope.cancel.cancelled() => Err(ProbeError::Cancelled),
    }
}

fn judge<'a>(new: &New, counts: impl Iterator<Item = (u64, &'a Pattern)>) -> Reading {
    let mut reading = Reading { took: None, ..Reading::up(std::time::Duration::ZERO) };
    let Some(seconds) = new.seconds.filter(|seconds| *seconds > 0.0) else { return reading };
    if new.skipped > 0 {
        reading.facts.insert("skippedBytes".to_owned(), new.skipped.to_string());
    }
    for (count, pattern) in counts {
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
        let rate = count as f64 * 60.0 / seconds;
        reading.figures.insert(format!("perMinute:{}", pattern.name), rate);
        let is_above = |limit: Option<f64>| limit.filter(|limit| rate > *limit);
        let (status, limit) = match (is_above(pattern.max_per_minute), is_above(pattern.warn_per_minute)) {
            (Some(limit), _) => (UptimeStatus::Down, limit),
            (None, Some(limit)) => (UptimeStatus::Degraded, limit),
            (None, None) => continue,
        };
        if reading.status == UptimeStatus::Up || status == UptimeStatus::Down && reading.status != UptimeStatus::Down {
            let message = format!("`{}` {rate:.1} times a minute, of {limit}", pattern.name);
            (reading.status, reading.cause) = (status, Some(Cause::new("log-lines", message)));
        }
    }
    reading
}
