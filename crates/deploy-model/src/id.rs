//! Identifiers with a grammar: parsed once, well-formed ever after.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Says which identifier was malformed and what it should look like.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: expected {expected}")]
pub struct ParseError {
    /// What was being read, such as `deployment id`.
    pub what: &'static str,
    /// The shape it should have had.
    pub expected: &'static str,
    /// What was read, cut to 80 characters.
    pub text: String,
}

impl ParseError {
    pub(crate) fn new(what: &'static str, expected: &'static str, text: &str) -> Self {
        Self { what, expected, text: text.chars().take(80).collect() }
    }
}

/// Implements text, serde and schema forms for a type that has `FromStr` and `Display`.
macro_rules! text_form {
    ($type:ident, $pattern:expr) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

/// A second of UTC as `YYYYMMDD-HHMMSS`, the stem of every id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(Timestamp);

impl Stamp {
    /// Returns the second that `time` lies in.
    #[must_use]
    pub fn of(time: Timestamp) -> Self {
        Self(Timestamp::from_second(time.as_second()).unwrap_or(time))
    }

    /// Returns the following second, for when this one is taken.
    #[must_use]
    pub fn next(self) -> Self {
        Self(Timestamp::from_second(self.0.as_second() + 1).unwrap_or(self.0))
    }

    /// Returns the moment at which this second begins.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }
}

const STAMP_SHAPE: &str = "YYYYMMDD-HHMMSS";

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.0.to_zoned(TimeZone::UTC);
        write!(
            f,
            "{:04}{:02}{:02}-{:02}{:02}{:02}",
            time.year(),
            time.month(),
            time.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stamp({self})")
    }
}

impl FromStr for Stamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("time stamp", STAMP_SHAPE, text);
        let bytes = text.as_bytes();
        let digits = |range: std::ops::Range<usize>| {
            bytes[range]
                .iter()
                .try_fold(0_i16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i16::from(byte - b'0')))
        };
        if bytes.len() != STAMP_SHAPE.len() || bytes[8] != b'-' {
            return Err(wrong());
        }
        let part = |range| digits(range).ok_or_else(wrong);
        let narrow = |range| part(range).and_then(|value| i8::try_from(value).map_err(|_| wrong()));
        let civil = DateTime::new(
            part(0..4)?,
            narrow(4..6)?,
            narrow(6..8)?,
            narrow(9..11)?,
            narrow(11..13)?,
            narrow(13..15)?,
            0,
        )
        .map_err(|_| wrong())?;
        civil.to_zoned(TimeZone::UTC).map(|zoned| Self(zoned.timestamp())).map_err(|_| wrong())
    }
}

text_form!(Stamp, r"^[0-9]{8}-[0-9]{6}$");

/// Declares an id that is a stamp with a fixed suffix.
macro_rules! stamped_id {
    ($(#[$doc:meta])* $type:ident, $what:literal, $suffix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(Stamp);

        impl $type {
            /// Makes the id of this second.
            #[must_use]
            pub const fn new(stamp: Stamp) -> Self {
                Self(stamp)
            }

            /// Returns the second this id was taken in.
            #[must_use]
            pub const fn stamp(self) -> Stamp {
                self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}-{}", self.0, $suffix)
            }
        }

        impl FromStr for $type {
            type Err = ParseError;

            fn from_str(text: &str) -> Result<Self, ParseError> {
                text.strip_suffix(concat!("-", $suffix))
                    .and_then(|stamp| stamp.parse().ok())
                    .map(Self)
                    .ok_or_else(|| ParseError::new($what, concat!("YYYYMMDD-HHMMSS-", $suffix), text))
            }
        }

        text_form!($type, concat!("^[0-9]{8}-[0-9]{6}-", $suffix, "$"));
    };
}

stamped_id!(
    /// Names one deployment: `YYYYMMDD-HHMMSS-deployment`.
    DeploymentId,
    "deployment id",
    "deployment"
);
stamped_id!(
    /// Names one version of the configuration: `YYYYMMDD-HHMMSS-config`.
    ConfigurationId,
    "configuration id",
    "config"
);
stamped_id!(
    /// Names one monitoring run: `YYYYMMDD-HHMMSS-monitor`.
    MonitoringId,
    "monitoring id",
    "monitor"
);
stamped_id!(
    /// Names one piece of maintenance: `YYYYMMDD-HHMMSS-maintenance`.
    MaintenanceId,
    "maintenance id",
    "maintenance"
);
stamped_id!(
    /// Names one incident: `YYYYMMDD-HHMMSS-incident`, the second it was noticed in.
    IncidentId,
    "incident id",
    "incident"
);
stamped_id!(
    /// Names one alert: `YYYYMMDD-HHMMSS-alert`. Two that are raised in one second take the next free second.
    AlertId,
    "alert id",
    "alert"
);

stamped_id!(
    /// Names one hold: `YYYYMMDD-HHMMSS-hold`.
    HoldId,
    "hold id",
    "hold"
);
stamped_id!(
    /// Names one pruning: `YYYYMMDD-HHMMSS-pruning`.
    PruningId,
    "pruning id",
    "pruning"
);

/// The 40 lower-case hexadecimal digits of a SHA-1 git commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitHash(String);

impl CommitHash {
    /// Returns all 40 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first twelve digits, enough to tell commits apart on a screen.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for CommitHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for CommitHash {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.len() == 40 && is_lower_hex(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("commit", "40 lower-case hexadecimal digits", text))
        }
    }
}

text_form!(CommitHash, "^[0-9a-f]{40}$");

fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A SHA-256, written as `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps the 32 bytes of a hash.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the 64 digits without the prefix.
    #[must_use]
    pub fn hex(&self) -> String {
        self.hex_digits().into_iter().map(char::from).collect()
    }

    /// Returns the 64 digits as ASCII, for those who write many.
    #[must_use]
    pub fn hex_digits(&self) -> [u8; 64] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        digits
    }

    /// Reads 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    /// When `text` is anything else.
    pub fn from_hex(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("SHA-256", "64 lower-case hexadecimal digits", text);
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| wrong())?;
        let mut bytes = [0; 32];
        // Lists have tens of thousands of them: one look at the end is three times as fast as one at each digit.
        let mut all = 0;
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (high, low) = (HEX_VALUES[usize::from(pair[0])], HEX_VALUES[usize::from(pair[1])]);
            all |= high | low;
            *byte = high << 4 | low & 0xf;
        }
        if all == NOT_HEX { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}

/// What [`HEX_VALUES`] has for a byte that is no lower-case hexadecimal digit.
const NOT_HEX: u8 = 0xff;

/// The value of each byte as a lower-case hexadecimal digit.
const HEX_VALUES: [u8; 256] = {
    let mut values = [NOT_HEX; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        text.strip_prefix("sha256:")
            .and_then(|hex| Self::from_hex(hex).ok())
            .ok_or_else(|| ParseError::new("digest", "`sha256:` and 64 lower-case hexadecimal digits", text))
    }
}

text_form!(Digest, "^sha256:[0-9a-f]{64}$");

/// Names one release on a target: a stamp and the first twelve digits of the artifact's digest.
///
/// The id is chosen before anything is staged, so that a crash while staging leaves nothing without a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseId {
    stamp: Stamp,
    digest: String,
}

impl ReleaseId {
    /// Makes the id of the release that the deployment of this second stages.
    #[must_use]
    pub fn new(stamp: Stamp, digest: &Digest) -> Self {
        Self { stamp, digest: digest.hex()[..12].to_owned() }
    }

    /// Returns the second in which the release was staged.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Says whether the id was made for files of this digest.
    #[must_use]
    pub fn is_of(&self, digest: &Digest) -> bool {
        digest.hex().starts_with(&self.digest)
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.stamp, self.digest)
    }
}

impl FromStr for ReleaseId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("release id", "YYYYMMDD-HHMMSS and twelve hexadecimal digits", text);
        let (stamp, digest) = text.rsplit_once('-').ok_or_else(wrong)?;
        if digest.len() != 12 || !is_lower_hex(digest) {
            return Err(wrong());
        }
        Ok(Self { stamp: stamp.parse().map_err(|_| wrong())?, digest: digest.to_owned() })
    }
}

text_form!(ReleaseId, r"^[0-9]{8}-[0-9]{6}-[0-9a-f]{12}$");

/// Names one production branch: `YYYYMMDD-HHMMSS-prod-description`, the description of `[a-z0-9-]+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProductionBranch {
    stamp: Stamp,
    description: String,
}

/// A branch name of more than this many characters is cut.
const DESCRIPTION_LIMIT: usize = 60;

impl ProductionBranch {
    /// Makes a branch name from any text: what is not `[a-z0-9]` becomes a single hyphen.
    #[must_use]
    pub fn new(stamp: Stamp, description: &str) -> Self {
        let mut slug = String::new();
        for letter in description.chars().flat_map(char::to_lowercase) {
            if letter.is_ascii_alphanumeric() {
                slug.push(letter);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
            if slug.len() >= DESCRIPTION_LIMIT {
                break;
            }
        }
        let slug = slug.trim_end_matches('-');
        Self { stamp, description: if slug.is_empty() { "release".to_owned() } else { slug.to_owned() } }
    }

    /// Returns the second in the name.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Returns the part behind `-prod-`.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }
}

impl fmt::Display for ProductionBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-prod-{}", self.stamp, self.description)
    }
}

impl FromStr for ProductionBranch {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("production branch", "YYYYMMDD-HHMMSS-prod-[a-z0-9-]+", text);
        let (stamp, description) = text.split_once("-prod-").ok_or_else(wrong)?;
        let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if description.is_empty() || !description.bytes().all(fits) {
            return Err(wrong());
        }
        Ok(Self { stamp: stamp.parse().map_err(|_| wrong())?, description: description.to_owned() })
    }
}

text_form!(ProductionBranch, r"^[0-9]{8}-[0-9]{6}-prod-[a-z0-9-]+$");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn malformed_ids_are_refused_with_the_shape_they_should_have() {
        for text in
            ["", "20261121", "20261321-000000-deployment", "20261121-250000-deployment", "２0261121-000000-deployment"]
        {
            let error = text.parse::<DeploymentId>().unwrap_err();
            assert!(error.to_string().contains("YYYYMMDD-HHMMSS-deployment"), "{error}");
        }
        assert!("20261121-000000-prod-Über".parse::<ProductionBranch>().is_err());
        assert!("0123456789ABCDEF0123456789abcdef01234567".parse::<CommitHash>().is_err());
    }

    proptest! {
        #[test]
        fn stamps_round_trip_and_sort_as_text(a in 0_i64..4_102_444_800, b in 0_i64..4_102_444_800) {
            let stamp = |second| Stamp::of(Timestamp::from_second(second).unwrap());
            let (a, b) = (stamp(a), stamp(b));
            prop_assert_eq!(a.to_string().parse::<Stamp>().unwrap(), a);
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn every_description_makes_a_branch_that_parses(second in 0_i64..4_102_444_800, text in ".{0,200}") {
            let branch = ProductionBranch::new(Stamp::of(Timestamp::from_second(second).unwrap()), &text);
            prop_assert_eq!(branch.to_string().parse::<ProductionBranch>().unwrap(), branch);
        }

        #[test]
        fn digests_and_releases_round_trip(bytes: [u8; 32], second in 0_i64..4_102_444_800) {
            let digest = Digest::new(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
            let release = ReleaseId::new(Stamp::of(Timestamp::from_second(second).unwrap()), &digest);
            prop_assert_eq!(release.to_string().parse::<ReleaseId>().unwrap(), release);
        }
    }
}
