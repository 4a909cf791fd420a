//! Maintenance windows: when nobody is to be called, once or again and again, in the time of those who work in them.
//!
//! A window that comes again begins when the clocks of its zone show its start, and lasts for exactly its duration. On
//! the day on which clocks are put forward over the start, it begins as much later by the clock, which is as long after
//! midnight as ever: 02:30 becomes 03:30. On the day on which they show the start twice, it begins the first time. So it
//! comes on every one of its days, never twice, and is never longer or shorter than was said.
//!
//! ```
//! use charter_monitor::rules::window::{Maintenance, MaintenanceConfig};
//!
//! let config: MaintenanceConfig = toml::from_str(
//!     "name = 'updates'\nowner = 'ann'\nreason = 'the system is updated'\n\
//!      every = 'sunday'\nstart = '02:30'\nduration-minutes = 60\nzone = 'Europe/Berlin'",
//! )?;
//! let window = Maintenance::new(config)?;
//! let next = window.next("2026-03-28T00:00:00Z".parse()?).ok_or("there is always a next one")?;
//! // 03:30 in Berlin: at 02:00 clocks were put forward to 03:00.
//! assert_eq!((next.from, next.to), ("2026-03-29T01:30:00Z".parse()?, "2026-03-29T02:30:00Z".parse()?));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use charter_deploy_model::Window;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A window lasts at most this many minutes: one week.
const MOST_MINUTES: u32 = 7 * 24 * 60;

/// When nobody is to be called: either `from` and `to`, or `every`, `start`, `duration-minutes` and `zone`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MaintenanceConfig {
    /// What it is called.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// Why nobody is to be called.
    pub reason: String,
    /// When it begins, the only time, such as `2026-12-01T22:00:00+01:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// When it is over, the only time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// On which days it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Every>,
    /// The day of the month for `every = "month"`; in a month that is shorter, its last day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 31))]
    pub day: Option<u8>,
    /// What the clocks show when it begins, such as `02:00`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// How long it lasts, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10_080))]
    pub duration_minutes: Option<u32>,
    /// The zone whose clocks are meant, by its IANA name, such as `Europe/Berlin`; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// On which days a window comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "days say what they are")]
pub enum Every {
    Day,
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
    Month,
}

impl Every {
    const fn weekday(self) -> Option<Weekday> {
        Some(match self {
            Self::Monday => Weekday::Monday,
            Self::Tuesday => Weekday::Tuesday,
            Self::Wednesday => Weekday::Wednesday,
            Self::Thursday => Weekday::Thursday,
            Self::Friday => Weekday::Friday,
            Self::Saturday => Weekday::Saturday,
            Self::Sunday => Weekday::Sunday,
            Self::Day | Self::Month => return None,
        })
    }
}

/// Says why there can be no such window.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError {
    /// It is neither of the two forms, or a mix of them.
    #[error("the window `{name}` has neither just `from` and `to` nor just `every`, `start` and `duration-minutes`")]
    Form {
        /// Its name.
        name: String,
    },
    /// A field has a value that makes no sense.
    #[error("the window `{name}` has a `{field}` that makes no sense")]
    Field {
        /// Its name.
        name: String,
        /// The field.
        field: &'static str,
    },
}

impl WindowError {
    /// Says what to write instead.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Form { .. } => "write `from` and `to` for one that comes once, the others for one that comes again",
            Self::Field { field: "to", .. } => "let it end after it begins, at most seven days later",
            Self::Field { field: "start", .. } => "write hours and minutes, such as `02:00`",
            Self::Field { field: "zone", .. } => "write an IANA name, such as `Europe/Berlin`",
            Self::Field { field: "day", .. } => "write a day from 1 to 31, and only with `every = \"month\"`",
            Self::Field { field: "duration-minutes", .. } => {
                "write at most 10080, which is a week, and at most 1440 for one that comes every day"
            }
            Self::Field { .. } => "say what it is called, who answers for it, and why it is",
        }
    }
}

/// A maintenance window that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maintenance {
    config: MaintenanceConfig,
    times: Times,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Times {
    Once(Window),
    Again { every: Every, day: i8, start: Time, lasts: SignedDuration, zone: TimeZone },
}

impl Maintenance {
    /// Understands a window as configured.
    ///
    /// # Errors
    /// When it is incomplete, or a value makes no sense.
    pub fn new(config: MaintenanceConfig) -> Result<Self, WindowError> {
        let wrong = |field| WindowError::Field { name: config.name.clone(), field };
        for (field, text) in [("name", &config.name), ("owner", &config.owner), ("reason", &config.reason)] {
            if text.trim().is_empty() {
                return Err(wrong(field));
            }
        }
        let most = SignedDuration::from_mins(MOST_MINUTES.into());
        let MaintenanceConfig { from, to, every, day, start, duration_minutes, zone, .. } = &config;
        let times = match (from, to, every, start, duration_minutes) {
            (Some(from), Some(to), None, None, None) if day.is_none() && zone.is_none() => {
                let lasts = to.duration_since(*from);
                if lasts <= SignedDuration::ZERO || lasts > most {
                    return Err(wrong("to"));
                }
                Times::Once(Window { from: *from, to: *to })
            }
            (None, None, Some(every), Some(start), Some(minutes)) => {
                let most = if *every == Every::Day { 24 * 60 } else { MOST_MINUTES };
                if !(1..=most).contains(minutes) {
                    return Err(wrong("duration-minutes"));
                }
                if day.is_some() != (*every == Every::Month) || day.is_some_and(|day| !(1..=31).contains(&day)) {
                    return Err(wrong("day"));
                }
                Times::Again {
                    every: *every,
                    day: day.and_then(|day| i8::try_from(day).ok()).unwrap_or(1),
                    start: clock_time(start).ok_or_else(|| wrong("start"))?,
                    lasts: SignedDuration::from_mins((*minutes).into()),
                    zone: TimeZone::get(zone.as_deref().unwrap_or("UTC")).map_err(|_| wrong("zone"))?,
                }
            }
            _ => return Err(WindowError::Form { name: config.name.clone() }),
        };
        Ok(Self { config, times })
    }

    /// Returns it as configured.
    #[must_use]
    pub const fn config(&self) -> &MaintenanceConfig {
        &self.config
    }

    /// Says whether it is open at a moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.current(at).is_some()
    }

    /// Returns the window that is open at a moment.
    #[must_use]
    pub fn current(&self, at: Timestamp) -> Option<Window> {
        match &self.times {
            Times::Once(window) => window.contains(at).then_some(*window),
            // The longest lasts a week; a day more for those that began on another side of midnight.
            Times::Again { .. } => self.around(at, -9, 1).filter(|window| window.contains(at)).last(),
        }
    }

    /// Returns the first window that begins after a moment; nothing when it does not come again.
    #[must_use]
    pub fn next(&self, at: Timestamp) -> Option<Window> {
        match &self.times {
            Times::Once(window) => (window.from > at).then_some(*window),
            // From the first of one month to the last of the next.
            Times::Again { .. } => self.around(at, -2, 64).find(|window| window.from > at),
        }
    }

    /// Returns the windows that come again, from some days before a moment to some days after, in order.
    fn around(&self, at: Timestamp, before: i64, after: i64) -> impl Iterator<Item = Window> {
        let zone = if let Times::Again { zone, .. } = &self.times { zone.clone() } else { TimeZone::UTC };
        let today = at.to_zoned(zone).date();
        (before..=after).filter_map(move |days| self.on(today.checked_add(Span::new().days(days)).ok()?))
    }

    /// Returns the window that begins on a day of its zone's calendar.
    fn on(&self, date: Date) -> Option<Window> {
        let Times::Again { every, day, start, lasts, zone } = &self.times else { return None };
        let is_its_day = match every {
            Every::Day => true,
            Every::Month => date.day() == (*day).min(date.days_in_month()),
            every => Some(date.weekday()) == every.weekday(),
        };
        let from = zone.to_ambiguous_timestamp(date.to_datetime(*start)).compatible().ok()?;
        let to = from.checked_add(*lasts).ok()?;
        is_its_day.then_some(Window { from, to })
    }
}

/// Reads hours and minutes: `HH:MM`.
fn clock_time(text: &str) -> Option<Time> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse::<i8>().ok()).flatten()
    };
    Time::new(number(hours)?, number(minutes)?, 0, 0).ok()
}
