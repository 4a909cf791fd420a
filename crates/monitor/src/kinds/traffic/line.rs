//! One line of a web server's log.

use std::sync::LazyLock;

use regex::bytes::Regex;
use serde_json::Value;

/// A request as a log tells of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// The status of the answer.
    pub status: u16,
    /// How long it took, where the log says so.
    pub milliseconds: Option<f64>,
}

/// nginx's `combined`, and Apache's; `$request_time`, in seconds, may stand at the end.
static COMBINED: LazyLock<Regex> = LazyLock::new(|| {
    let quoted = r#""(?:[^"\\]|\\.)*""#;
    let line = format!(r"^\S+ \S+ .*?\[[^\]]*\] {quoted} (\d{{3}}) (?:\d+|-)(?: {quoted} {quoted})?(?: (\d+\.\d+))?");
    Regex::new(&line).expect("it is a regular expression")
});

/// HAProxy's `option httplog`: its five timers in milliseconds, then status and bytes.
static HAPROXY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r" -?\d+/-?\d+/-?\d+/-?\d+/\+?(\d+) (\d{3}) \+?\d+ ").expect("it is a regular expression")
});

/// Reads a line of nginx (combined or JSON), Caddy (JSON) or HAProxy (HTTP); anything else is nothing.
///
/// ```
/// use charter_monitor::kinds::traffic::{Request, request};
///
/// let line = br#"192.0.2.1 - - [21/Nov/2026:12:00:00 +0000] "GET / HTTP/2.0" 200 612 "-" "curl/8.0" 0.025"#;
/// assert_eq!(request(line), Some(Request { status: 200, milliseconds: Some(25.0) }));
/// assert_eq!(request(b"server started"), None);
/// ```
#[must_use]
pub fn request(line: &[u8]) -> Option<Request> {
    if line.first() == Some(&b'{') {
        return of_json(&serde_json::from_slice(line).ok()?);
    }
    if let Some(found) = HAPROXY.captures(line) {
        return Some(Request { status: number(&found[2])?, milliseconds: number(&found[1]) });
    }
    let found = COMBINED.captures(line)?;
    let seconds: Option<f64> = found.get(2).and_then(|it| number(it.as_bytes()));
    Some(Request { status: number(&found[1])?, milliseconds: seconds.map(|seconds| seconds * 1000.0) })
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// nginx writes what its `log_format` says, usually its variables' names and text; Caddy `status` and `duration`.
fn of_json(line: &Value) -> Option<Request> {
    let figure = |name: &str| -> Option<f64> {
        let value = line.get(name)?;
        value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|figure| figure.is_finite() && *figure >= 0.0)
    };
    let status = figure("status").filter(|status| (100.0..1000.0).contains(status))?;
    let seconds = figure("request_time").or_else(|| figure("duration"));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 100 and 1000")]
    Some(Request { status: status as u16, milliseconds: seconds.map(|seconds| seconds * 1000.0) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Option<(u16, Option<f64>)> {
        request(line.as_bytes()).map(|request| (request.status, request.milliseconds))
    }

    #[test]
    fn lines_as_servers_write_them() {
        let combined = r#"::1 - ann [21/Nov/2026:12:00:00 +0000] "GET /a\"b HTTP/1.1" 502 157 "-" "Mozilla \"x\" [5]""#;
        assert_eq!(read(combined), Some((502, None)));
        assert_eq!(read(r#"192.0.2.1 - - [21/Nov/2026:12:00:00 +0000] "\x16\x03" 400 -"#), Some((400, None)));
        assert_eq!(read(r#"{"status": "200", "request_time": "0.125", "uri": "/"}"#), Some((200, Some(125.0))));
        let caddy = r#"{"level":"info","ts":1,"logger":"http.log.access","request":{"uri":"/"},"duration":0.5,"size":2,"status":304}"#;
        assert_eq!(read(caddy), Some((304, Some(500.0))));
        let haproxy = "Nov 21 12:00:00 lb haproxy[7]: 192.0.2.1:4711 [21/Nov/2026:12:00:00.123] web~ app/one 0/0/1/24/25 503 2750 - - ---- 1/1/0/0/0 0/0 \"GET / HTTP/1.1\"";
        assert_eq!(read(haproxy), Some((503, Some(25.0))));
        assert_eq!(read(r#"{"status": -1}"#), None);
        assert_eq!(read("started"), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_it_stumble(line in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = request(&line);
        }
    }
}
