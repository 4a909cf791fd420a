//! What is expected of an answer.

use std::collections::BTreeMap;
use std::time::Duration;

use charter_host::Refusal;
use hyper::header::CONTENT_ENCODING;
use jiff::Timestamp;
use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json_path::JsonPath;

use super::HttpConfig;
use crate::net::exchange::Answer;
use crate::net::tls::Shown;
use crate::probe::{Cause, Reading};

/// How many seconds the certificate is valid yet.
pub(crate) const CERTIFICATE_SECONDS: &str = "certificateSecondsLeft";
/// Which share of its lifetime the certificate has left.
pub(crate) const CERTIFICATE_SHARE: &str = "certificateLifetimeLeft";

/// Statuses: codes such as `200`, or classes such as `2xx`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Statuses(Vec<Value>);

impl Default for Statuses {
    fn default() -> Self {
        Self(vec![Value::from("2xx")])
    }
}

impl Statuses {
    fn bounds(&self) -> Result<Vec<(u16, u16)>, Refusal> {
        let bound = |value: &Value| -> Option<(u16, u16)> {
            if let Some(code) = value.as_u64().and_then(|code| u16::try_from(code).ok()) {
                return (100..1000).contains(&code).then_some((code, code));
            }
            let text = value.as_str()?;
            let class = text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok());
            match class {
                Some(class @ 1..=9) => Some((class * 100, class * 100 + 99)),
                _ => text.parse().ok().filter(|code| (100..1000).contains(code)).map(|code| (code, code)),
            }
        };
        let wrong = |value: &Value| Refusal(format!("`status`: {value} is neither a code such as 200 nor \"2xx\""));
        self.0.iter().map(|value| bound(value).ok_or_else(|| wrong(value))).collect()
    }
}

/// What holds for a part of a body of JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct JsonExpectation {
    /// Which part: a JSONPath (RFC 9535), such as `$.services[*].ok`.
    pub path: String,
    /// Each part is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Value>,
    /// Each part is a number not below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Each part is a number not above this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

/// What is expected of an answer, ready to be compared.
#[derive(Debug, Clone)]
pub struct Expect {
    statuses: Vec<(u16, u16)>,
    contains: Option<(String, Regex)>,
    lacks: Option<(String, Regex)>,
    matches: Option<Regex>,
    headers: BTreeMap<String, String>,
    json: Vec<(JsonPath, JsonExpectation)>,
    max: Option<Duration>,
    min_certificate_days: Option<u32>,
}

impl Expect {
    /// Reads what is expected.
    pub(super) fn of(config: &HttpConfig) -> Result<Self, Refusal> {
        let matches = config.matches.as_deref().map(Regex::new).transpose();
        let path = |it: &JsonExpectation| {
            let path = JsonPath::parse(&it.path);
            let path = path.map_err(|error| Refusal(format!("`json`: `{}` is no JSONPath: {error}", it.path)))?;
            Ok((path, it.clone()))
        };
        Ok(Self {
            statuses: config.status.bounds()?,
            contains: config.contains.as_deref().map(literal).transpose()?,
            lacks: config.lacks.as_deref().map(literal).transpose()?,
            matches: matches.map_err(|error| Refusal(format!("`matches` is no regular expression: {error}")))?,
            headers: config.answer_headers.clone(),
            json: config.json.iter().map(path).collect::<Result<_, Refusal>>()?,
            max: config.max_milliseconds.map(Duration::from_millis),
            min_certificate_days: config.min_certificate_days,
        })
    }

    /// Compares an answer with what is expected; the error is what does not hold.
    pub(super) fn hold(&self, answer: &Answer) -> Result<(), Cause> {
        let status = answer.status;
        if !self.statuses.iter().any(|(from, to)| (*from..=*to).contains(&status)) {
            return Err(Cause::new("status", format!("answered {status}")));
        }
        for (name, text) in &self.headers {
            let values: Vec<_> =
                answer.headers.get_all(name).iter().map(|it| String::from_utf8_lossy(it.as_bytes())).collect();
            if values.is_empty() {
                return Err(Cause::new("header", format!("the header `{name}` is not there")));
            }
            if !values.iter().any(|value| value.contains(text)) {
                return Err(Cause::new("header", format!("the header `{name}` does not contain {text:?}")));
            }
        }
        let about_the_body =
            self.contains.is_some() || self.lacks.is_some() || self.matches.is_some() || !self.json.is_empty();
        if about_the_body { self.hold_body(answer) } else { Ok(()) }
    }

    fn hold_body(&self, answer: &Answer) -> Result<(), Cause> {
        if let Some(encoding) = answer.headers.get(CONTENT_ENCODING).filter(|it| it.as_bytes() != b"identity") {
            let message = format!("the body came in {encoding:?}, which was not asked for");
            return Err(Cause::new("body-encoded", message));
        }
        let cut = if answer.is_cut { " within what was read" } else { "" };
        if let Some((text, _)) = self.contains.as_ref().filter(|(_, text)| !text.is_match(&answer.body)) {
            return Err(Cause::new("body", format!("the body does not contain {text:?}{cut}")));
        }
        if let Some((text, _)) = self.lacks.as_ref().filter(|(_, text)| text.is_match(&answer.body)) {
            return Err(Cause::new("body", format!("the body contains {text:?}")));
        }
        if let Some(regex) = self.matches.as_ref().filter(|regex| !regex.is_match(&answer.body)) {
            return Err(Cause::new("body", format!("the body does not match `{regex}`{cut}")));
        }
        if self.json.is_empty() {
            return Ok(());
        }
        let value: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Cause::new("json", format!("the body is no JSON{cut}: {error}")))?;
        self.json.iter().try_for_each(|(path, expected)| hold_json(path, expected, &value))
    }

    pub(super) fn slow(&self, took: Duration) -> Option<Cause> {
        let max = self.max.filter(|max| took > *max)?;
        Some(Cause::new("slow", format!("took {} ms, of {} ms", took.as_millis(), max.as_millis())))
    }

    pub(super) fn ends_soon(&self, reading: &Reading) -> Option<Cause> {
        let days = f64::from(self.min_certificate_days?);
        let left = reading.figures.get(CERTIFICATE_SECONDS)? / 86_400.0;
        (left < days)
            .then(|| Cause::new("certificate-ends", format!("the certificate ends in {left:.1} days, of {days}")))
    }
}

/// Returns a text and what finds it.
fn literal(text: &str) -> Result<(String, Regex), Refusal> {
    let finder = Regex::new(&regex::escape(text));
    Ok((text.to_owned(), finder.map_err(|error| Refusal(format!("a text to look for is too long: {error}")))?))
}

fn hold_json(path: &JsonPath, expected: &JsonExpectation, value: &Value) -> Result<(), Cause> {
    let found = path.query(value).all();
    let name = &expected.path;
    if found.is_empty() {
        return Err(Cause::new("json", format!("there is no `{name}` in the body")));
    }
    for part in found {
        let is_equal = expected.equals.as_ref().is_none_or(|wanted| same(part, wanted));
        let number = part.as_f64();
        let is_enough = expected.at_least.is_none_or(|least| number.is_some_and(|number| number >= least));
        let is_bounded = expected.at_most.is_none_or(|most| number.is_some_and(|number| number <= most));
        if !(is_equal && is_enough && is_bounded) {
            let seen: String = part.to_string().chars().take(80).collect();
            return Err(Cause::new("json", format!("`{name}` is {seen}")));
        }
    }
    Ok(())
}

/// Says whether two values are the same, numbers by what they are and not by how they are written.
fn same(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
        _ => one == other,
    }
}

/// Notes what a server's certificate says.
pub(crate) fn note(reading: &mut Reading, shown: &Shown, now: Timestamp) {
    reading.facts.insert("tlsVersion".to_owned(), shown.version.clone());
    reading.facts.insert("certificateIssuer".to_owned(), shown.issuer.clone());
    reading.facts.insert("certificateKey".to_owned(), shown.key.clone());
    if let Some(expires) = shown.expires {
        reading.figures.insert(CERTIFICATE_SECONDS.to_owned(), expires.duration_since(now).as_secs_f64());
        reading.facts.insert("certificateExpires".to_owned(), expires.to_string());
    }
    if let Some((from, to)) = shown.valid.filter(|(from, to)| to > from) {
        let left = to.duration_since(now).as_secs_f64() / to.duration_since(from).as_secs_f64();
        reading.figures.insert(CERTIFICATE_SHARE.to_owned(), left.clamp(0.0, 1.0));
    }
    if let Some(distrust) = &shown.distrust {
        reading.facts.insert("certificateDistrust".to_owned(), distrust.code.clone());
    }
}
