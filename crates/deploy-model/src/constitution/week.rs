//! One week, as ISO 8601 counts them.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, ISOWeekDate, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Serialize, Serializer};

use crate::ParseError;

/// A week of ISO 8601 in UTC, `2026-W47`: from Monday to Sunday.
///
/// ```
/// use charter_deploy_model::constitution::Week;
///
/// let week: Week = "2026-W01".parse()?;
/// assert_eq!(week.first_day().to_string(), "2025-12-29");
/// assert_eq!(week.previous().unwrap().to_string(), "2025-W52");
/// # Ok::<(), charter_deploy_model::ParseError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week {
    monday: Date,
}

impl Week {
    /// Returns the week of an instant.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let day = at.to_zoned(TimeZone::UTC).date();
        let behind = day.weekday().to_monday_zero_offset();
        Self { monday: day.saturating_sub(i64::from(behind).days()) }
    }

    /// Returns its Monday.
    #[must_use]
    pub const fn first_day(self) -> Date {
        self.monday
    }

    /// Returns its Sunday.
    #[must_use]
    pub fn last_day(self) -> Date {
        self.monday.saturating_add(6.days())
    }

    /// Returns its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        midnight(self.monday)
    }

    /// Returns the moment at which it is over.
    #[must_use]
    pub fn end(self) -> Timestamp {
        midnight(self.monday.saturating_add(7.days()))
    }

    /// Returns the week before; nothing before the calendar begins.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.monday.checked_sub(7.days()).ok().map(|monday| Self { monday })
    }
}

fn midnight(day: Date) -> Timestamp {
    // Only the very ends of the calendar have no instant.
    day.to_zoned(TimeZone::UTC).map_or(Timestamp::MAX, |midnight| midnight.timestamp())
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let week = self.monday.iso_week_date();
        write!(f, "{:04}-W{:02}", week.year(), week.week())
    }
}

impl FromStr for Week {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("week", "a week of ISO 8601 such as 2026-W47", text);
        let (year, week) = text.split_once("-W").ok_or_else(wrong)?;
        let digits = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(year, 4) || !digits(week, 2) {
            return Err(wrong());
        }
        let (year, week) = (year.parse().map_err(|_| wrong())?, week.parse().map_err(|_| wrong())?);
        let date = ISOWeekDate::new(year, week, Weekday::Monday).map_err(|_| wrong())?;
        Ok(Self { monday: date.date() })
    }
}

impl Serialize for Week {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_week_is_refused() {
        for text in ["2026-W54", "2026-W00", "2026-47", "26-W01", "2026-W1", "", "2026-W+1", "2025-W53"] {
            assert!(text.parse::<Week>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_is_in_the_week_it_names(second in 0_i64..4_102_444_800) {
            let at = Timestamp::from_second(second).unwrap();
            let week = Week::of(at);
            let day = at.to_zoned(TimeZone::UTC).date();
            prop_assert!(week.first_day() <= day && day <= week.last_day());
            prop_assert!(week.start() <= at && at < week.end());
            prop_assert_eq!(week.to_string().parse::<Week>().unwrap(), week);
            if let Some(before) = week.previous() {
                prop_assert!(before < week && before.last_day() < week.first_day());
            }
        }
    }
}
