//! Which messages were taken already.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::WINDOW;

/// More senders than this within the window are an attack; the oldest are forgotten.
const REMEMBERED: usize = 10_000;

/// Remembers the ids of messages for as long as they could be sent again.
#[derive(Debug, Clone, Default)]
pub struct Replays {
    seen: BTreeMap<String, Timestamp>,
}

impl Replays {
    /// Says whether a message is here for the first time, and remembers that it was.
    ///
    /// ```
    /// let mut replays = charter_notify::incoming::Replays::default();
    /// let now = "2026-11-21T02:07:11Z".parse()?;
    /// assert!(replays.is_new("msg_1", now));
    /// assert!(!replays.is_new("msg_1", now));
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn is_new(&mut self, id: &str, now: Timestamp) -> bool {
        // A message may be from the future by one window, and is good until one after that.
        self.seen.retain(|_, at| now.duration_since(*at).abs() <= WINDOW + WINDOW);
        if self.seen.contains_key(id) {
            return false;
        }
        if self.seen.len() >= REMEMBERED
            && let Some(oldest) = self.seen.iter().min_by_key(|(_, at)| **at).map(|(id, _)| id.clone())
        {
            self.seen.remove(&oldest);
        }
        self.seen.insert(id.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_no_longer_be_verified_is_forgotten() {
        let mut replays = Replays::default();
        let now = Timestamp::from_second(1_795_230_431).unwrap();
        assert!(replays.is_new("a", now));
        assert!(!replays.is_new("a", now + WINDOW));
        assert!(replays.is_new("b", now + WINDOW + WINDOW + WINDOW));
        assert_eq!(replays.seen.len(), 1);
    }
}
