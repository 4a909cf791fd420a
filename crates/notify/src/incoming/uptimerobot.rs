//! A message of UptimeRobot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use url::form_urlencoded;

use super::{BODY_LIMIT, Incoming, Refused, Saw, address, detail, name};

/// UptimeRobot sends about a dozen.
const MEMBERS: usize = 64;

/// Reads a message of an UptimeRobot webhook: the query string or form that it sends by default, or a JSON object with
/// the same names, such as `{"monitorFriendlyName":"*monitorFriendlyName*","alertType":"*alertType*"}`.
///
/// The names are those of its webhook variables; `alertType` is 1 for down, 2 for up, 3 for a certificate that runs
/// out. They are from its documentation; no live message was seen by Charter's own tests. UptimeRobot does not sign, so
/// the address it calls has to hold a token ([`is_token`](super::is_token)).
///
/// ```
/// use charter_notify::incoming::{Saw, uptimerobot};
///
/// let query = b"monitorURL=https%3A%2F%2Fexample.org&monitorFriendlyName=docs&alertType=1&alertDetails=Timeout";
/// assert_eq!(uptimerobot(query)?.saw, Saw::Down);
/// # Ok::<(), charter_notify::incoming::Refused>(())
/// ```
///
/// # Errors
/// When it is too large, or does not say what was seen of what.
pub fn uptimerobot(body: &[u8]) -> Result<Incoming, Refused> {
    if body.len() > BODY_LIMIT {
        return Err(Refused::TooLarge);
    }
    let members = if body.trim_ascii_start().starts_with(b"{") { of_json(body)? } else { of_form(body)? };
    let get = |name: &str| members.get(name).map(String::as_str).filter(|value| !is_unfilled(value));
    let saw = match get("alertType").or_else(|| get("alertTypeFriendlyName")).map(str::trim) {
        Some("1" | "Down" | "down") => Saw::Down,
        Some("2" | "Up" | "up") => Saw::Up,
        Some("3") => Saw::CertificateExpiring,
        _ => return Err(Refused::Malformed("`alertType` is none of 1, 2 and 3")),
    };
    let url = get("monitorURL").and_then(address);
    let monitor = get("monitorFriendlyName").or_else(|| get("monitorURL")).map(name).unwrap_or_default();
    if monitor.is_empty() {
        return Err(Refused::Malformed("it names no monitor"));
    }
    let at = get("alertDateTime").and_then(|seconds| seconds.parse().ok()).and_then(|s| Timestamp::from_second(s).ok());
    Ok(Incoming {
        monitor,
        url,
        saw,
        detail: get("alertDetails").map(detail).unwrap_or_default(),
        at,
        duration_seconds: get("alertDuration").and_then(|seconds| seconds.parse().ok()),
    })
}

/// A variable that UptimeRobot did not know is sent as it was written.
fn is_unfilled(value: &str) -> bool {
    value.is_empty() || (value.len() > 2 && value.starts_with('*') && value.ends_with('*'))
}

fn of_json(body: &[u8]) -> Result<BTreeMap<String, String>, Refused> {
    let object: serde_json::Map<String, Value> =
        serde_json::from_slice(body).map_err(|_| Refused::Malformed("it is not valid JSON"))?;
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    Ok(object.into_iter().take(MEMBERS).filter_map(|(name, value)| Some((name, text(value)?))).collect())
}

fn of_form(body: &[u8]) -> Result<BTreeMap<String, String>, Refused> {
    let body = std::str::from_utf8(body).map_err(|_| Refused::Malformed("it is not text"))?;
    let body = body.trim().trim_start_matches('?');
    Ok(form_urlencoded::parse(body.as_bytes()).take(MEMBERS).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let form = "monitorID=7&monitorURL=https%3A%2F%2Fexample.org%2F&monitorFriendlyName=The+docs&alertType=2\
                    &alertTypeFriendlyName=Up&alertDetails=HTTP+200&alertDuration=312&alertDateTime=1795230431";
        let json = r#"{"monitorURL":"https://example.org/","monitorFriendlyName":"The docs","alertType":2,
                       "alertDetails":"HTTP 200","alertDuration":"312","alertDateTime":"1795230431"}"#;
        let incoming = uptimerobot(form.as_bytes()).unwrap();
        assert_eq!(uptimerobot(json.as_bytes()).unwrap(), incoming);
        assert_eq!(incoming.monitor, "The docs");
        assert_eq!(incoming.url.as_deref(), Some("https://example.org/"));
        assert_eq!((incoming.saw, incoming.duration_seconds), (Saw::Up, Some(312)));
        assert_eq!(incoming.at.unwrap().as_second(), 1_795_230_431);
    }

    #[test]
    fn a_variable_that_was_not_filled_in_is_no_value() {
        let json = br#"{"monitorFriendlyName":"docs","alertType":"1","alertDetails":"*alertDetails*"}"#;
        assert_eq!(uptimerobot(json).unwrap().detail, "");
        assert!(uptimerobot(b"monitorFriendlyName=docs&alertType=*alertType*").is_err());
        assert!(uptimerobot(b"alertType=1").is_err());
    }
}
