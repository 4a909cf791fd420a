//! Looks, hour by hour, until they are sealed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use charter_deploy_model::{EndpointHour, MonitoringHour, StatusSeconds, UptimeStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Look;
use crate::sample::{Malformed, Sample, decode, encode};

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

/// More sorts of causes in one hour are put together.
const CAUSES: usize = 1000;

/// The looks of the hours that are not sealed yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    hours: BTreeMap<i64, Hour>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Hour {
    endpoints: BTreeMap<String, Column>,
    causes: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Column {
    address: String,
    seconds: StatusSeconds,
    samples: Vec<Sample>,
}

/// One look as a line of the file that survives a crash: name, address, moment, status, microseconds, cause, and the
/// seconds it stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line(String, String, i64, UptimeStatus, Option<u32>, Option<String>, f64);

impl Line {
    /// Puts a look into a line; it stands for the time until the next.
    #[must_use]
    pub fn of(name: &str, address: &str, seconds: f64, look: &Look) -> Self {
        let reading = look.reading.as_ref().filter(|_| !look.is_covered);
        let took =
            reading.and_then(|reading| reading.took).map(|took| u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        let cause = look.reading.as_ref().and_then(|reading| reading.cause.as_ref()).map(|cause| cause.code.clone());
        let cause = cause.or_else(|| look.unknown.as_ref().map(|_| "not-looked".to_owned()));
        Self(name.to_owned(), address.to_owned(), look.due.as_millisecond(), look.status(), took, cause, seconds)
    }

    /// Returns the beginning of the hour it belongs to, in milliseconds since 1970.
    #[must_use]
    pub const fn hour(&self) -> i64 {
        self.2.div_euclid(HOUR) * HOUR
    }
}

impl Series {
    /// Takes in a look.
    pub fn add(&mut self, line: &Line) {
        let hour = self.hours.entry(line.hour()).or_default();
        let Line(name, address, at, status, took, cause, seconds) = line;
        let cause = cause.as_ref().map_or(0, |cause| {
            let place = hour.causes.iter().position(|known| known == cause).unwrap_or_else(|| {
                if hour.causes.len() < CAUSES {
                    hour.causes.push(cause.clone());
                }
                hour.causes.len() - 1
            });
            u16::try_from(place + 1).unwrap_or(u16::MAX)
        });
        let column = hour.endpoints.entry(name.clone()).or_default();
        column.address.clone_from(address);
        let counted = match status {
            UptimeStatus::Up => &mut column.seconds.up,
            UptimeStatus::Degraded => &mut column.seconds.degraded,
            UptimeStatus::Down => &mut column.seconds.down,
            UptimeStatus::Unknown => &mut column.seconds.unknown,
        };
        *counted += seconds;
        column.samples.push(Sample { at: *at, status: *status, took: *took, cause });
    }

    /// Returns the beginnings of the hours that are there, in milliseconds since 1970.
    pub fn hours(&self) -> impl Iterator<Item = i64> + '_ {
        self.hours.keys().copied()
    }

    /// Puts an hour into the form in which it is recorded; nothing when there was no look in it.
    ///
    /// # Errors
    /// When there is no memory to compress it.
    pub fn seal(&self, hour: i64, location: &str) -> std::io::Result<Option<MonitoringHour>> {
        let Some(looked) = self.hours.get(&hour) else { return Ok(None) };
        let columns: Vec<Vec<Sample>> = looked.endpoints.values().map(|column| column.samples.clone()).collect();
        let endpoints = looked.endpoints.iter().map(|(name, column)| EndpointHour {
            name: name.clone(),
            address: column.address.clone(),
            seconds: column.seconds,
            latency: None,
        });
        Ok(Some(MonitoringHour {
            hour: Timestamp::from_millisecond(hour).unwrap_or(Timestamp::UNIX_EPOCH),
            location: location.to_owned(),
            endpoints: endpoints.collect(),
            causes: looked.causes.clone(),
            samples: STANDARD.encode(encode(&columns)?),
        }))
    }

    /// Forgets an hour, which was recorded.
    pub fn forget(&mut self, hour: i64) {
        self.hours.remove(&hour);
    }

    /// Returns how an endpoint was over the hours that are there.
    #[must_use]
    pub fn seconds(&self, endpoint: &str) -> StatusSeconds {
        let mut sum = StatusSeconds::default();
        for hour in self.hours.values() {
            if let Some(column) = hour.endpoints.get(endpoint) {
                sum += column.seconds;
            }
        }
        sum
    }

    /// Returns how an endpoint was in one of the hours that are there.
    #[must_use]
    pub fn seconds_of(&self, endpoint: &str, hour: i64) -> StatusSeconds {
        let column = self.hours.get(&hour).and_then(|hour| hour.endpoints.get(endpoint));
        column.map(|column| column.seconds).unwrap_or_default()
    }

    /// Returns the looks at an endpoint from a moment on, the oldest first.
    pub fn since<'a>(&'a self, endpoint: &'a str, from: i64) -> impl Iterator<Item = Sample> + 'a {
        let columns = self.hours.values().filter_map(move |hour| hour.endpoints.get(endpoint));
        columns.flat_map(|column| &column.samples).filter(move |sample| sample.at >= from).copied()
    }
}

/// Reads the samples of a recorded hour: for each of its endpoints all looks.
///
/// # Errors
/// When they are malformed, or not those of these endpoints.
pub fn samples_of(hour: &MonitoringHour) -> Result<Vec<Vec<Sample>>, Malformed> {
    let bytes = STANDARD.decode(&hour.samples).map_err(|_| Malformed)?;
    let samples = decode(&bytes)?;
    let is_whole = samples.len() == hour.endpoints.len()
        && samples.iter().flatten().all(|sample| usize::from(sample.cause) <= hour.causes.len());
    if is_whole { Ok(samples) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cause, Reading};

    fn look(second: i64, reading: Option<Reading>) -> Look {
        let due = Timestamp::from_second(1_763_740_800 + second).unwrap();
        let unknown = reading.is_none().then(|| "asleep".to_owned());
        Look { endpoint: 0, due, reading, unknown, attempts: 1, is_covered: false }
    }

    #[test]
    fn a_sealed_hour_says_what_was_seen_and_how_long() {
        let mut series = Series::default();
        let up = || Some(Reading::up(std::time::Duration::from_millis(20)));
        let down = || Some(Reading::down(Cause::new("refused", "no connection")));
        for (second, reading) in [(0, up()), (30, down()), (60, None), (3600, up())] {
            series.add(&Line::of("docs", "https://example.org/", 30.0, &look(second, reading)));
        }
        assert_eq!(series.hours().count(), 2);
        let hour = series.hours().next().unwrap();
        let sealed = series.seal(hour, "here").unwrap().unwrap();
        let seconds = sealed.endpoints[0].seconds;
        assert_eq!((seconds.up, seconds.down, seconds.unknown), (30.0, 30.0, 30.0));
        assert_eq!(sealed.causes, ["refused", "not-looked"]);
        let samples = samples_of(&sealed).unwrap();
        assert_eq!(samples[0].len(), 3);
        assert_eq!((samples[0][0].took, samples[0][1].took, samples[0][2].cause), (Some(20_000), None, 2));
        series.forget(hour);
        assert_eq!(series.seal(hour, "here").unwrap(), None);
        assert_eq!(series.since("docs", 0).count(), 1);
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = Line::of("docs", "https://example.org/", 30.0, &look(0, None));
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
    }
}
