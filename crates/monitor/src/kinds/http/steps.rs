//! Several requests, one after another, with values carried over.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Refusal, Scope, Secret, Secrets, Setup};
use hyper::header::{HeaderName, HeaderValue};
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json_path::JsonPath;
use tokio::time::Instant;
use url::Url;

use super::{Http, HttpConfig, build, shown};
use crate::Probe;
use crate::net::exchange::Answer;
use crate::probe::{Cause, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Asks a web server several things, one after another, and carries values from answers over to later requests.
    ///
    /// A value that was captured stands for `{its-name}` in the address after the host, in headers and in the body of
    /// each later step. It is down at the first step that is down, and what was captured is told to nobody.
    ///
    /// ```toml
    /// [monitor.endpoints.login.probe]
    /// kind = "steps"
    ///
    /// [[monitor.endpoints.login.probe.steps]]
    /// request = { url = "https://example.org/session", method = "POST", body = "user=ann" }
    /// capture = { token = { json = "$.token" } }
    ///
    /// [[monitor.endpoints.login.probe.steps]]
    /// request = { url = "https://example.org/account", headers = { Authorization = "Bearer {token}" } }
    /// ```
    pub static META: "steps", needs Live, lane Shared {}
}

/// The section of a `steps` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StepsConfig {
    /// What is asked, in this order.
    pub steps: Vec<StepConfig>,
}

/// One request, and what is kept of its answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StepConfig {
    /// The request, and what is expected of its answer, as for an `http` probe.
    pub request: HttpConfig,
    /// What is kept for later steps, by name.
    #[serde(default)]
    pub capture: BTreeMap<String, CaptureConfig>,
}

/// Where a value is found in an answer: in the part of a body of JSON or in a header, else in the body as text.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct CaptureConfig {
    /// A JSONPath; its first part is taken.
    pub json: Option<String>,
    /// The name of a header.
    pub header: Option<String>,
    /// A regular expression; its first group is taken, or all that matches where it has none.
    pub matches: Option<String>,
}

/// A longer value is not carried over, in bytes.
const LONGEST_VALUE: usize = 16 << 10;

struct Capture {
    name: String,
    json: Option<JsonPath>,
    header: Option<HeaderName>,
    matches: Option<Regex>,
}

struct Step {
    http: Http,
    config: HttpConfig,
    captures: Vec<Capture>,
}

/// Asks several things.
pub struct Steps(Vec<Step>);

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|step| &step.http)).finish()
    }
}

/// Builds the probe.
///
/// # Errors
/// When there is no step, one is malformed, or a name in braces is nearly that of a value but not quite.
pub fn probe(config: StepsConfig, setup: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    if config.steps.is_empty() {
        return Err(Refusal("`steps` is empty, so nothing is asked".to_owned()));
    }
    let (mut steps, mut known) = (Vec::new(), Vec::<String>::new());
    for StepConfig { request, capture } in config.steps {
        let http = build(&request, setup)?;
        if request.url[..host_end(&request.url)].contains('{') {
            return Err(Refusal(format!("`url`: a value cannot decide which host is asked: `{}`", request.url)));
        }
        let texts = [&request.url].into_iter().chain(request.headers.values()).chain(&request.body);
        for name in texts.flat_map(|text| names(text)) {
            // What is in braces may be meant as it is written, as in JSON; what is nearly a name is not.
            let meant = charter_host::nearest(name, known.iter().map(String::as_str));
            if let Some(meant) = meant.filter(|meant| *meant != name) {
                return Err(Refusal(format!("no earlier step captures `{name}`; did you mean `{meant}`?")));
            }
        }
        let captures = capture.into_iter().map(|(name, it)| compile(name, &it)).collect::<Result<Vec<_>, _>>()?;
        known.extend(captures.iter().map(|capture| capture.name.clone()));
        steps.push(Step { http, config: request, captures });
    }
    Ok(Box::new(Steps(steps)))
}

/// Returns where the path of an address begins.
fn host_end(url: &str) -> usize {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find(['/', '?', '#']).map_or(url.len(), |at| host + at)
}

/// Returns what stands in braces and could be the name of a value.
fn names(text: &str) -> Vec<&str> {
    let inside = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    inside.filter(|name| is_name(name)).collect()
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn compile(name: String, it: &CaptureConfig) -> Result<Capture, Refusal> {
    let wrong = |why: String| Refusal(format!("`capture`: `{name}`: {why}"));
    if !is_name(&name) {
        return Err(wrong("letters, digits, hyphens and underlines only".to_owned()));
    }
    if it.json.is_some() == it.header.is_some() && (it.json.is_some() || it.matches.is_none()) {
        return Err(wrong("one of `json` and `header`, or `matches` for the text of the body".to_owned()));
    }
    Ok(Capture {
        json: it.json.as_deref().map(JsonPath::parse).transpose().map_err(|error| wrong(error.to_string()))?,
        header: it
            .header
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| wrong("no name of a header".to_owned()))?,
        matches: it.matches.as_deref().map(Regex::new).transpose().map_err(|error| wrong(error.to_string()))?,
        name,
    })
}

#[async_trait]
impl Probe for Steps {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        self.0.first().map(|step| shown(&step.http.url)).unwrap_or_default()
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let started = Instant::now();
        let (mut whole, mut values) = (Reading::up(started.elapsed()), BTreeMap::new());
        for (number, step) in (1..).zip(&self.0) {
            let in_step = |cause: Cause| Cause { message: format!("step {number}: {}", cause.message), ..cause };
            let http = match step.with(&values) {
                Ok(http) => http,
                Err(cause) => return Ok(ended(whole, in_step(cause))),
            };
            let (reading, answer) = http.look(scope).await?;
            whole.hops.extend(reading.hops);
            whole.figures.extend(reading.figures);
            whole.facts.extend(reading.facts);
            if reading.status == UptimeStatus::Down {
                let unsaid = || Cause::new("http", "it is down");
                return Ok(ended(whole, in_step(reading.cause.unwrap_or_else(unsaid))));
            }
            if let (UptimeStatus::Degraded, UptimeStatus::Up) = (reading.status, whole.status) {
                (whole.status, whole.cause) = (reading.status, reading.cause.map(in_step));
            }
            for capture in &step.captures {
                match answer.as_ref().and_then(|answer| capture.take(answer)) {
                    Some(value) => values.insert(capture.name.clone(), value),
                    None => {
                        let message = format!("there is no `{}` in the answer to capture", capture.name);
                        return Ok(ended(whole, in_step(Cause::new("capture", message))));
                    }
                };
            }
        }
        whole.took = Some(started.elapsed());
        Ok(whole)
    }
}

fn ended(whole: Reading, cause: Cause) -> Reading {
    Reading { status: UptimeStatus::Down, took: None, cause: Some(cause), ..whole }
}

impl Capture {
    fn take(&self, answer: &Answer) -> Option<String> {
        let text = if let Some(path) = &self.json {
            let body = serde_json::from_slice(&answer.body).ok()?;
            match path.query(&body).first()? {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            }
        } else if let Some(name) = &self.header {
            answer.headers.get(name)?.to_str().ok()?.to_owned()
        } else {
            String::from_utf8_lossy(&answer.body).into_owned()
        };
        let value = match &self.matches {
            None => text,
            Some(regex) => {
                let found = regex.captures(&text)?;
                found.get(1).or_else(|| found.get(0))?.as_str().to_owned()
            }
        };
        (value.len() <= LONGEST_VALUE).then_some(value)
    }
}

impl Step {
    /// Returns the request with the values in their places.
    fn with(&self, values: &BTreeMap<String, String>) -> Result<Http, Cause> {
        let mut http = self.http.clone();
        if values.is_empty() {
            return Ok(http);
        }
        let malformed = |what: &str| Cause::new("capture", format!("with what was captured {what} is malformed"));
        // A value is one part of an address, whatever is in it.
        let encoded = |value: &str| {
            url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>().replace('+', "%20")
        };
        http.url = Url::parse(&fill(&self.config.url, values, encoded)).map_err(|_| malformed("the address"))?;
        for (name, text) in self.config.headers.iter().filter(|(_, text)| text.contains('{')) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed("a header"))?;
            let mut value =
                HeaderValue::from_str(&fill(text, values, str::to_owned)).map_err(|_| malformed("a header"))?;
            // Another server is not told what this one gave.
            value.set_sensitive(true);
            http.headers.insert(name, value);
        }
        if let Some(body) = &self.config.body {
            http.body = fill(body, values, str::to_owned).into();
        }
        let plain = values.iter().map(|(name, value)| (format!("{name} "), Secret::new(value.clone())));
        let in_addresses = values.iter().map(|(name, value)| (format!("{name}  "), Secret::new(encoded(value))));
        let known = self.http.secrets.iter().map(|(name, secret)| (name.to_owned(), secret.clone()));
        http.secrets = known.chain(plain).chain(in_addresses).collect::<Secrets>();
        Ok(http)
    }
}

/// Puts values in the places of their names; what is in braces and is no value stays.
fn fill(text: &str, values: &BTreeMap<String, String>, encode: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        match after.split_once('}').and_then(|(name, behind)| Some((values.get(name)?, behind))) {
            Some((value, behind)) => {
                filled.push_str(&encode(value));
                rest = behind;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_stands_in_the_place_of_its_name() {
        let values = [("id".to_owned(), "7".to_owned())].into();
        assert_eq!(fill("/a/{id}/{no}{\"x\": {id}}{", &values, str::to_owned), "/a/7/{no}{\"x\": 7}{");
        assert_eq!(names("{id} {} {a b} {x-y"), ["id"]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_without_values(text in ".{0,80}") {
            prop_assert_eq!(fill(&text, &BTreeMap::new(), str::to_owned), text);
        }
    }
}
