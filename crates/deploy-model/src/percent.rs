//! Numbers from 0 to 100.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number from 0 to 100: a share in hundredths, or a score.
///
/// ```
/// use charter_deploy_model::Percent;
///
/// assert_eq!(Percent::of(3, 4), Percent::new(75.0).ok());
/// assert_eq!(Percent::of(0, 0), None);
/// assert!(Percent::new(f64::NAN).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Percent(f64);

/// Says that a number is not a [`Percent`].
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{number} is not a number from 0 to 100")]
pub struct PercentError {
    /// The number.
    pub number: f64,
}

impl Percent {
    /// Nothing of it.
    pub const ZERO: Self = Self(0.0);
    /// All of it.
    pub const HUNDRED: Self = Self(100.0);

    /// Takes a number from 0 to 100.
    ///
    /// # Errors
    /// When it is less, more, or not a number.
    pub fn new(number: f64) -> Result<Self, PercentError> {
        // -0.0 is in the range, and would be written as `-0.0`.
        if (0.0..=100.0).contains(&number) { Ok(Self(number + 0.0)) } else { Err(PercentError { number }) }
    }

    /// Takes a share from 0 to 1, as Lighthouse writes its scores; a 100,000th is the finest step.
    ///
    /// # Errors
    /// When it is less, more, or not a number.
    pub fn from_fraction(fraction: f64) -> Result<Self, PercentError> {
        // 0.57 × 100 is 56.99999999999999.
        Self::new((fraction * 100_000.0).round() / 1000.0)
    }

    /// Returns how much `part` is of `whole`; nothing when there is no whole, and all of it when the part is larger.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "2^53 is more than anything that is counted here")]
        // Rounding can carry what is nearly all of it beyond it.
        let share = || (part.min(whole) as f64 * 100.0 / whole as f64).min(100.0);
        (whole > 0).then(|| Self(share()))
    }

    /// Returns the number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl TryFrom<f64> for Percent {
    type Error = PercentError;

    fn try_from(number: f64) -> Result<Self, PercentError> {
        Self::new(number)
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 100 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_percentage_is_refused_in_every_form() {
        for number in [-0.1, 100.1, f64::NAN, f64::INFINITY] {
            assert!(Percent::new(number).is_err(), "{number}");
        }
        for text in ["-1", "101", "null", "\"50\"", "1e999"] {
            assert!(serde_json::from_str::<Percent>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::to_string(&Percent::new(-0.0).unwrap()).unwrap(), "0.0");
    }

    #[test]
    fn a_share_becomes_the_number_that_people_would_write() {
        assert_eq!(Percent::from_fraction(0.57).unwrap().to_string(), "57");
        assert_eq!(Percent::from_fraction(0.999).unwrap().to_string(), "99.9");
    }

    proptest! {
        #[test]
        fn a_part_is_between_nothing_and_all(part: u64, whole: u64) {
            if let Some(percent) = Percent::of(part, whole) {
                prop_assert_eq!(Percent::new(percent.get()), Ok(percent));
            } else {
                prop_assert_eq!(whole, 0);
            }
        }

        #[test]
        fn percentages_round_trip(number in 0.0..=100.0_f64) {
            let percent = Percent::new(number).unwrap();
            let text = serde_json::to_string(&percent).unwrap();
            prop_assert_eq!(serde_json::from_str::<Percent>(&text).unwrap(), percent);
        }
    }
}
