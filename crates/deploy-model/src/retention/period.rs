//! A span of the calendar, as policies name it.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ParseError;

/// A span of the calendar such as `90 days`, `6 months` or `1 year`; or `indefinite`.
///
/// Months and years are those of the calendar in UTC: one month after the 31st of January is the last of February.
///
/// ```
/// use charter_deploy_model::Period;
///
/// let period: Period = "6 months".parse()?;
/// let from = "2026-08-31T12:00:00Z".parse()?;
/// assert_eq!(period.after(from).unwrap().to_string(), "2027-02-28T12:00:00Z");
/// assert_eq!(Period::Indefinite.after(from), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// So many days.
    Days(u16),
    /// So many months of the calendar.
    Months(u16),
    /// So many years of the calendar.
    Years(u16),
    /// Without an end.
    Indefinite,
}

/// No calendar that anybody keeps goes further.
const LARGEST: u16 = 9999;

impl Period {
    /// Returns the moment at which the period has passed; nothing when it never does.
    #[must_use]
    pub fn after(self, from: Timestamp) -> Option<Timestamp> {
        let span = match self {
            Self::Days(number) => Span::new().days(i64::from(number)),
            Self::Months(number) => Span::new().months(i64::from(number)),
            Self::Years(number) => Span::new().try_years(i64::from(number)).ok()?,
            Self::Indefinite => return None,
        };
        // Beyond the year 9999 there is no time to name.
        from.to_zoned(TimeZone::UTC).checked_add(span).ok().map(|end| end.timestamp())
    }

    /// Says whether it ends before `other` does, when both begin with a year of 365 days.
    #[must_use]
    pub fn is_shorter_than(self, other: Self) -> bool {
        // 2001-01-01.
        let from = Timestamp::from_second(978_307_200).unwrap_or_default();
        is_before(self.after(from), other.after(from))
    }
}

/// Says whether one end comes before another, where nothing stands for never.
pub(super) fn is_before(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one < other,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, unit) = match self {
            Self::Days(number) => (number, "day"),
            Self::Months(number) => (number, "month"),
            Self::Years(number) => (number, "year"),
            Self::Indefinite => return f.write_str("indefinite"),
        };
        write!(f, "{number} {unit}{}", if *number == 1 { "" } else { "s" })
    }
}

impl FromStr for Period {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || {
            ParseError::new("period", "a number from 1 to 9999 and `days`, `months` or `years`, or `indefinite`", text)
        };
        if text == "indefinite" {
            return Ok(Self::Indefinite);
        }
        let (number, unit) = text.split_once(' ').ok_or_else(wrong)?;
        if number.starts_with('0') || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong());
        }
        let number = number.parse().ok().filter(|number| *number <= LARGEST).ok_or_else(wrong)?;
        match unit {
            "day" | "days" => Ok(Self::Days(number)),
            "month" | "months" => Ok(Self::Months(number)),
            "year" | "years" => Ok(Self::Years(number)),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^([1-9][0-9]{0,3} (day|month|year)s?|indefinite)$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_period_is_refused_with_the_shape_it_should_have() {
        for text in
            ["", "1", "year", "0 days", "01 day", "-1 days", "1.5 years", "10000 days", "1  day", "2 weeks", "１ day"]
        {
            let error = text.parse::<Period>().unwrap_err();
            assert!(error.to_string().contains("`indefinite`"), "{error}");
        }
    }

    #[test]
    fn months_and_years_are_those_of_the_calendar() {
        let after = |period: &str, from: &str| {
            period.parse::<Period>().unwrap().after(from.parse().unwrap()).unwrap().to_string()
        };
        assert_eq!(after("1 year", "2024-02-29T00:00:00Z"), "2025-02-28T00:00:00Z");
        assert_eq!(after("1 month", "2026-01-31T23:59:59Z"), "2026-02-28T23:59:59Z");
        assert_eq!(after("90 days", "2026-01-01T00:00:00Z"), "2026-04-01T00:00:00Z");
    }

    #[test]
    fn what_ends_beyond_the_calendar_never_ends() {
        assert_eq!(Period::Years(9999).after("2026-01-01T00:00:00Z".parse().unwrap()), None);
    }

    #[test]
    fn lengths_compare_across_units() {
        assert!(!Period::Months(12).is_shorter_than(Period::Years(1)));
        assert!(Period::Days(364).is_shorter_than(Period::Years(1)));
        assert!(Period::Years(9).is_shorter_than(Period::Indefinite));
        assert!(!Period::Indefinite.is_shorter_than(Period::Indefinite));
    }

    proptest! {
        #[test]
        fn every_period_reads_back(number in 1_u16..=9999, unit in 0_u8..3, from in 0_i64..4_102_444_800) {
            let period = [Period::Days(number), Period::Months(number), Period::Years(number)][usize::from(unit)];
            prop_assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
            let from = Timestamp::from_second(from).unwrap();
            prop_assert!(period.after(from).is_none_or(|end| end > from));
        }
    }
}
