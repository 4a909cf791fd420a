//! A message in our own form.

use jiff::Timestamp;
use serde::Deserialize;

use super::{BODY_LIMIT, Incoming, Refused, Saw, address, detail, name};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    monitor: String,
    state: Saw,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    duration_seconds: Option<u64>,
}

/// Reads a message in our own form; members that are not known are left aside.
///
/// ```
/// use charter_notify::incoming::{Saw, generic};
///
/// let incoming = generic(br#"{"monitor":"docs","state":"down","url":"https://example.org/","detail":"503"}"#)?;
/// assert_eq!(incoming.saw, Saw::Down);
/// # Ok::<(), charter_notify::incoming::Refused>(())
/// ```
///
/// # Errors
/// When it is too large, no JSON, or does not say what was seen of what.
pub fn generic(body: &[u8]) -> Result<Incoming, Refused> {
    if body.len() > BODY_LIMIT {
        return Err(Refused::TooLarge);
    }
    let message: Message = serde_json::from_slice(body).map_err(|_| {
        Refused::Malformed("it must be JSON with `monitor` and `state`: down, up, certificate-expiring")
    })?;
    let monitor = name(&message.monitor);
    if monitor.is_empty() {
        return Err(Refused::Malformed("`monitor` is empty"));
    }
    Ok(Incoming {
        monitor,
        url: message.url.as_deref().and_then(address),
        saw: message.state,
        detail: detail(&message.detail),
        at: message.at,
        duration_seconds: message.duration_seconds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_says_nothing_is_refused() {
        for body in ["", "[]", "{}", r#"{"monitor":"a","state":"sideways"}"#, r#"{"monitor":" ","state":"up"}"#] {
            assert!(matches!(generic(body.as_bytes()), Err(Refused::Malformed(_))), "{body}");
        }
        assert!(generic(&[b'['; BODY_LIMIT]).is_err(), "depth is bounded");
    }

    proptest! {
        #[test]
        fn no_message_breaks_it(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = generic(&body);
            let _ = super::super::uptimerobot(&body);
        }
    }
}
