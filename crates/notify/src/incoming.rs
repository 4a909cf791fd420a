//! What others tell us: who it is from, and what it says. The server that takes it in is somewhere else.

mod generic;
mod replays;
mod token_bucket;
mod uptimerobot;

use charter_host::Secret;
use jiff::{SignedDuration, Timestamp};
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::signature;
use crate::wording::{cut, one_line};

pub use generic::generic;
pub use replays::Replays;
pub use token_bucket::TokenBucket;
pub use uptimerobot::uptimerobot;

/// A message is not read if it is larger, in bytes.
pub const BODY_LIMIT: usize = 64 << 10;
/// A signed message is good for this long before and after the moment it names.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);

const NAME_LIMIT: usize = 200;
const TEXT_LIMIT: usize = 2000;

/// Why a message was not taken. Nothing of the message is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It is not signed, or not as Standard Webhooks has it.
    #[error("the message is not signed")]
    Unsigned,
    /// It is signed with another secret, or was changed.
    #[error("the message's signature is wrong")]
    WrongSignature,
    /// It names a moment that is too long ago or too far ahead.
    #[error("the message is not from now")]
    NotFromNow,
    /// It is too large.
    #[error("the message is larger than {BODY_LIMIT} bytes")]
    TooLarge,
    /// It is not in the form that was expected, or says nothing.
    #[error("the message cannot be understood: {0}")]
    Malformed(&'static str),
}

/// What somebody else saw of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Saw {
    /// It is down.
    Down,
    /// It is up again.
    Up,
    /// Its certificate runs out soon.
    CertificateExpiring,
}

/// What somebody else tells us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Incoming {
    /// The name they have for what they watch.
    pub monitor: String,
    /// The address they watch, if they said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What they saw.
    pub saw: Saw,
    /// What they say about it; may be empty.
    pub detail: String,
    /// When it happened, if they said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How long it was so, in seconds, if they said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u64>,
}

/// Checks who a message is from, and returns its id; [`Replays`] says whether that was seen before.
///
/// The message is signed as Standard Webhooks has it, which is how the kind `webhook` signs too.
///
/// # Errors
/// When the signature is missing or wrong, or the message is not from now. How long that takes does not tell how much
/// of a signature was right.
pub fn verify(secret: &Secret, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<String, Refused> {
    if body.len() > BODY_LIMIT {
        return Err(Refused::TooLarge);
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(Refused::Unsigned);
    let (id, seconds, signatures) =
        (header(signature::ID)?, header(signature::TIMESTAMP)?, header(signature::SIGNATURE)?);
    let seconds: i64 = seconds.parse().map_err(|_| Refused::Unsigned)?;
    let sent = Timestamp::from_second(seconds).map_err(|_| Refused::Unsigned)?;
    // A dot in the id could move what is signed from one part into the next.
    if id.is_empty() || id.len() > NAME_LIMIT || id.contains('.') {
        return Err(Refused::Unsigned);
    }
    if !signature::is_right(secret, id, seconds, body, signatures) {
        return Err(Refused::WrongSignature);
    }
    if now.duration_since(sent).abs() > WINDOW {
        return Err(Refused::NotFromNow);
    }
    Ok(id.to_owned())
}

/// Says whether a token is the right one, for those who cannot sign. How long it takes does not depend on where the two
/// differ.
#[must_use]
pub fn is_token(secret: &Secret, given: &str) -> bool {
    signature::is_same(secret, given)
}

fn name(text: &str) -> String {
    cut(one_line(text).trim(), NAME_LIMIT)
}

fn detail(text: &str) -> String {
    cut(text.trim(), TEXT_LIMIT)
}

fn address(text: &str) -> Option<String> {
    (text.len() <= TEXT_LIMIT && url::Url::parse(text).is_ok()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(secret: &Secret, id: &str, at: i64, body: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(signature::ID, id.parse().unwrap());
        headers.insert(signature::TIMESTAMP, at.into());
        headers.insert(signature::SIGNATURE, signature::sign(secret, id, at, body).unwrap().parse().unwrap());
        headers
    }

    #[test]
    fn only_a_fresh_message_of_the_right_sender_is_taken() {
        let secret = Secret::new("correct horse battery staple".to_owned());
        let at = 1_614_265_330;
        let now = Timestamp::from_second(at + 60).unwrap();
        let headers = signed(&secret, "msg_1", at, b"{}");
        assert_eq!(verify(&secret, &headers, b"{}", now), Ok("msg_1".to_owned()));
        assert_eq!(verify(&secret, &headers, b"{ }", now), Err(Refused::WrongSignature));
        let other = Secret::new("another".to_owned());
        assert_eq!(verify(&other, &headers, b"{}", now), Err(Refused::WrongSignature));
        for away in [SignedDuration::from_mins(6), SignedDuration::from_mins(-8)] {
            assert_eq!(verify(&secret, &headers, b"{}", now + away), Err(Refused::NotFromNow));
        }
        for missing in [signature::ID, signature::TIMESTAMP, signature::SIGNATURE] {
            let mut headers = headers.clone();
            headers.remove(missing);
            assert_eq!(verify(&secret, &headers, b"{}", now), Err(Refused::Unsigned));
        }
        let dotted = signed(&secret, "msg.1", at, b"{}");
        assert_eq!(verify(&secret, &dotted, b"{}", now), Err(Refused::Unsigned));
        assert_eq!(verify(&secret, &headers, &[b' '; BODY_LIMIT + 1], now), Err(Refused::TooLarge));
    }
}
