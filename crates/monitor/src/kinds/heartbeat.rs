//! Listens for beats: whoever does something regularly says so each time, and silence is the alarm.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use charter_deploy_model::KindMeta;
use charter_host::durable::{self, DurableError};
use charter_host::{Clock, Refusal, Scope, Setup};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Probe;
use crate::probe::{Cause, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Listens for beats: whoever does something regularly says so each time, and silence is the alarm.
    ///
    /// A backup at night, say, ends by telling the dashboard's server that it is done. It is down when the last beat is
    /// older than its interval and the grace together. The moment of each beat is on disk, so a restart neither starts
    /// the time anew nor loses it. Before the first beat nothing is known, which is neither up nor down.
    ///
    /// ```toml
    /// [monitor.endpoints.backup]
    /// probe = { kind = "heartbeat", name = "backup", beat-seconds = 86400, grace-seconds = 3600 }
    /// ```
    pub static META: "heartbeat", needs Live, lane Shared {}
}

/// Where beats are kept unless the configuration says otherwise, below the project.
pub const FOLDER: &str = "production/journal/monitor/beats";

/// The section of a `heartbeat` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HeartbeatConfig {
    /// Whose beats: lower-case letters, digits and hyphens, 64 at the most.
    pub name: String,
    /// A beat comes this often, in seconds.
    pub beat_seconds: u32,
    /// It may come so much later, in seconds.
    #[serde(default = "a_minute")]
    pub grace_seconds: u32,
    /// Where beats are kept.
    #[serde(default = "folder")]
    pub folder: PathBuf,
}

const fn a_minute() -> u32 {
    60
}

fn folder() -> PathBuf {
    FOLDER.into()
}

/// A beat, as it is kept: `<name>.json` in the folder of beats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Beat {
    /// When it came.
    pub at: Timestamp,
}

/// Why a beat was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeatError {
    /// Nobody can be called that.
    #[error("`{name}` is no name of a heartbeat: lower-case letters, digits and hyphens, 64 at the most")]
    Name {
        /// The name, cut.
        name: String,
    },
    /// It could not be kept.
    #[error("the beat of `{name}` could not be kept")]
    Kept {
        /// Whose.
        name: String,
        /// Why.
        source: DurableError,
    },
}

/// Takes in a beat; when this returns, it would be found again after a power cut.
///
/// ```
/// use charter_monitor::kinds::heartbeat::receive;
///
/// let folder = tempfile::tempdir()?;
/// receive(folder.path(), "backup", "2026-11-21T02:07:11Z".parse()?)?;
/// assert!(receive(folder.path(), "../backup", "2026-11-21T02:07:11Z".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When nobody can be called that, or the disk will not have it.
pub fn receive(folder: &Path, name: &str, now: Timestamp) -> Result<(), BeatError> {
    if !is_name(name) {
        return Err(BeatError::Name { name: name.chars().take(64).collect() });
    }
    let kept = |source| BeatError::Kept { name: name.to_owned(), source };
    durable::make_folder(folder).map_err(kept)?;
    durable::replace(&file(folder, name), format!("{{\"at\":\"{now}\"}}\n").as_bytes()).map_err(kept)
}

fn file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.json"))
}

fn is_name(name: &str) -> bool {
    let is_one = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(is_one)
}

/// Listens for beats.
#[derive(Debug)]
pub struct Heartbeat {
    name: String,
    beat: SignedDuration,
    grace: SignedDuration,
    file: PathBuf,
    clock: Arc<dyn Clock>,
}

/// Builds the probe.
///
/// # Errors
/// When the name is none, or a beat is to come all the time.
pub fn probe(config: HeartbeatConfig, setup: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    if !is_name(&config.name) {
        return Err(Refusal("`name`: lower-case letters, digits and hyphens, 64 at the most".to_owned()));
    }
    if config.beat_seconds == 0 {
        return Err(Refusal("`beat-seconds` is 1 at the least".to_owned()));
    }
    Ok(Box::new(Heartbeat {
        file: file(&setup.root.join(&config.folder), &config.name),
        name: config.name,
        beat: SignedDuration::from_secs(config.beat_seconds.into()),
        grace: SignedDuration::from_secs(config.grace_seconds.into()),
        clock: Arc::clone(&setup.host.clock),
    }))
}

#[async_trait]
impl Probe for Heartbeat {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        format!("heartbeat:{}", self.name)
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let beat = tokio::select! {
            read = tokio::fs::read(&self.file) => read,
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        };
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| ProbeError::Other {
            doing: format!("read the last beat of `{}`", self.name),
            source,
        };
        let text = match beat {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let what = format!("a first beat of `{}`", self.name);
                return Err(ProbeError::Missing { what, help: format!("send one: POST /beats/{}", self.name) });
            }
            read => read.map_err(|error| failed(error.into()))?,
        };
        let beat: Beat = serde_json::from_slice(&text).map_err(|error| failed(error.into()))?;
        let age = self.clock.now().duration_since(beat.at);
        let Some(silence) = silence(age, self.beat, self.grace) else {
            let what =
                format!("a beat of `{}` before now: the last is from {}, so a clock was set;", self.name, beat.at);
            return Err(ProbeError::Missing { what, help: "wait for the next beat".to_owned() });
        };
        let mut reading = match silence {
            Silence::Normal => Reading { took: None, ..Reading::up(std::time::Duration::ZERO) },
            Silence::TooLong => {
                let (age, beat) = (age.as_secs(), self.beat.as_secs());
                let message = format!("the last beat was {age} s ago, and one comes every {beat} s");
                Reading::down(Cause::new("no-beat", message))
            }
        };
        reading.figures.insert("beatAgeSeconds".to_owned(), age.as_secs_f64().max(0.0));
        reading.facts.insert("lastBeat".to_owned(), beat.at.to_string());
        Ok(reading)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    Normal,
    TooLong,
}

/// Says what a silence of that length means; nothing, where the last beat lies ahead by more than a beat may be late.
fn silence(age: SignedDuration, beat: SignedDuration, grace: SignedDuration) -> Option<Silence> {
    if age.checked_add(grace).is_none_or(|late| late.is_negative()) {
        return None;
    }
    Some(if age > beat + grace { Silence::TooLong } else { Silence::Normal })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn longer_silence_is_never_better(age in -10_000_i64..10_000, more in 0_i64..10_000, beat in 1_i64..5_000, grace in 0_i64..5_000) {
            let of = |age| silence(SignedDuration::from_secs(age), SignedDuration::from_secs(beat), SignedDuration::from_secs(grace));
            if of(age) == Some(Silence::TooLong) {
                prop_assert_eq!(of(age + more), Some(Silence::TooLong));
            }
            prop_assert_eq!(of(beat + grace), Some(Silence::Normal));
            prop_assert_eq!(of(beat + grace + 1), Some(Silence::TooLong));
            prop_assert_eq!(of(-grace - 1), None);
        }

        #[test]
        fn a_name_never_leads_out_of_its_folder(name in ".{0,80}") {
            if is_name(&name) {
                let path = file(Path::new("beats"), &name);
                prop_assert_eq!(path.parent(), Some(Path::new("beats")));
            }
        }
    }
}
