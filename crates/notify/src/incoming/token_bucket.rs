//! How often somebody may come.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// Lets so many through at once, and so many a minute in the long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenBucket {
    capacity: f64,
    per_second: f64,
    tokens: f64,
    at: Timestamp,
}

impl TokenBucket {
    /// Makes a full bucket: `burst` at once, then `per_minute` each minute; 0 of either is taken as 1.
    #[must_use]
    pub fn new(burst: u32, per_minute: u32, now: Timestamp) -> Self {
        let capacity = f64::from(burst.max(1));
        Self { capacity, per_second: f64::from(per_minute.max(1)) / 60.0, tokens: capacity, at: now }
    }

    /// Lets one through.
    ///
    /// A clock that is set back gives nothing and takes nothing.
    ///
    /// ```
    /// let now = "2026-11-21T02:07:11Z".parse()?;
    /// let mut bucket = charter_notify::incoming::TokenBucket::new(1, 60, now);
    /// assert!(bucket.take(now).is_ok());
    /// assert_eq!(bucket.take(now), Err(std::time::Duration::from_secs(1)));
    /// # Ok::<(), jiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// With how long to wait, when there are too many.
    pub fn take(&mut self, now: Timestamp) -> Result<(), Duration> {
        let passed = now.duration_since(self.at).max(SignedDuration::ZERO);
        self.tokens = (self.tokens + passed.as_secs_f64() * self.per_second).min(self.capacity);
        self.at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_more_come_through_than_were_meant_to(
            burst in 1u32..20,
            per_minute in 1u32..600,
            steps in prop::collection::vec(-2000i64..5000, 1..200),
        ) {
            let start = Timestamp::from_second(1_795_230_431).unwrap();
            let mut bucket = TokenBucket::new(burst, per_minute, start);
            let (mut now, mut forward, mut through) = (start, 0.0, 0u32);
            for step in steps {
                now += SignedDuration::from_millis(step);
                forward += step.max(0) as f64 / 1000.0;
                through += u32::from(bucket.take(now).is_ok());
            }
            let most = f64::from(burst) + forward * f64::from(per_minute) / 60.0;
            prop_assert!(f64::from(through) <= most + 1e-6);
        }
    }
}
