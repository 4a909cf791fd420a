//! Asks a web server, and holds its answer to what is expected of it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Clock, Refusal, Scope, Secret, Secrets, Setup};
use hyper::Method;
use hyper::header::{ACCEPT, AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue, LOCATION, USER_AGENT};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use crate::Probe;
use crate::net::connect::{Family, Names};
use crate::net::exchange::{Answer, Ask, ask};
use crate::net::tls::Trust;
use crate::probe::{Cause, Hop, ProbeError, Reading};

mod expect;
pub mod steps;

pub(crate) use expect::note;
pub use expect::{Expect, JsonExpectation, Statuses};

charter_deploy_model::kind! {
    /// Asks a web server, and holds its answer to what is expected of it.
    ///
    /// Each look makes a connection of its own to one address of the host, and follows redirects. It is up when the
    /// last answer's status is as expected (2xx unless you say otherwise) and everything else that is expected holds.
    /// Where it took longer than `max-milliseconds` it is degraded. A certificate that is not to be trusted makes it
    /// down before anything is sent.
    ///
    /// ```toml
    /// [monitor.endpoints.docs]
    /// probe = { kind = "http", url = "https://example.org/", contains = "Tides" }
    /// interval-seconds = 30
    /// ```
    pub static META: "http", needs Live, lane Shared {}
}

/// The section of an `http` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HttpConfig {
    /// What is asked for; `http` or `https`.
    pub url: String,
    /// The method.
    #[serde(default = "get")]
    pub method: String,
    /// Headers that go along.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Headers whose values are secrets: each is read from the environment variable that it names.
    #[serde(default)]
    pub secret_headers: BTreeMap<String, Named>,
    /// A body.
    #[serde(default)]
    pub body: Option<String>,
    /// After so long the look is over, redirects included, in milliseconds.
    #[serde(default = "ten_seconds")]
    pub timeout_milliseconds: u64,
    /// So many redirects are followed; with 0 a redirect is the answer.
    #[serde(default = "ten")]
    pub max_redirects: u32,
    /// So much of the body is read, in bytes.
    #[serde(default = "one_megabyte")]
    pub max_body_bytes: usize,
    /// Which address of the host is asked.
    #[serde(default)]
    pub family: Family,
    /// A file with authorities (PEM) that are trusted beside the machine's own.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// Whether a server whose certificate is not to be trusted is asked all the same.
    #[serde(default)]
    pub distrusted_too: bool,
    /// A look that takes longer is degraded, in milliseconds.
    #[serde(default)]
    pub max_milliseconds: Option<u64>,
    /// Statuses that are as they should be: codes such as `200`, or classes such as `2xx`.
    #[serde(default)]
    pub status: Statuses,
    /// A text that the body contains.
    #[serde(default)]
    pub contains: Option<String>,
    /// A text that the body does not contain.
    #[serde(default)]
    pub lacks: Option<String>,
    /// A regular expression that the body matches.
    #[serde(default)]
    pub matches: Option<String>,
    /// Headers of the answer, and a text that each contains; an empty text demands that the header is there.
    #[serde(default)]
    pub answer_headers: BTreeMap<String, String>,
    /// What holds for parts of a body of JSON.
    #[serde(default)]
    pub json: Vec<JsonExpectation>,
    /// So many days the certificate must be valid yet; fewer make it degraded.
    #[serde(default)]
    pub min_certificate_days: Option<u32>,
}

/// The name of a secret.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The environment variable that holds it.
    pub env: String,
}

fn get() -> String {
    "GET".to_owned()
}

const fn ten_seconds() -> u64 {
    10_000
}

const fn ten() -> u32 {
    10
}

const fn one_megabyte() -> usize {
    1_000_000
}

/// Asks a web server.
#[derive(Clone)]
pub struct Http {
    url: Url,
    method: Method,
    headers: HeaderMap,
    body: hyper::body::Bytes,
    timeout: Duration,
    max_redirects: u32,
    max_body: usize,
    family: Family,
    distrusted_too: bool,
    expect: Expect,
    secrets: Secrets,
    trust: Trust,
    names: Arc<Names>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address, a body and a header may hold what is nobody's business.
        f.debug_struct("Http").field("method", &self.method).field("url", &shown(&self.url)).finish_non_exhaustive()
    }
}

/// Builds the probe.
///
/// # Errors
/// When the address, a header, an expression or a path is malformed, or a secret is not there.
pub fn probe(config: HttpConfig, setup: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    Ok(Box::new(build(&config, setup)?))
}

/// Builds it, for those who want the answers too.
pub(super) fn build(config: &HttpConfig, setup: &Setup<'_>) -> Result<Http, Refusal> {
    let url = parse_url(&config.url)?;
    let method = Method::from_bytes(config.method.as_bytes())
        .map_err(|_| Refusal(format!("`method`: `{}` is no method", config.method)))?;
    Ok(Http {
        method,
        headers: headers(config, setup)?,
        body: config.body.clone().unwrap_or_default().into(),
        timeout: Duration::from_millis(config.timeout_milliseconds),
        max_redirects: config.max_redirects,
        max_body: config.max_body_bytes,
        family: config.family,
        distrusted_too: config.distrusted_too,
        expect: Expect::of(config)?,
        secrets: secrets(config, setup),
        trust: super::trust(config.authorities.as_deref(), setup)?,
        names: Names::of_machine(),
        clock: Arc::clone(&setup.host.clock),
        url,
    })
}

fn parse_url(text: &str) -> Result<Url, Refusal> {
    let url = Url::parse(text).map_err(|error| Refusal(format!("`url`: `{text}` is no address: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(Refusal(format!("`url`: `{text}` is no address of http or https")));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let header = "secret-headers = { Authorization = { env = \"NAME\" } }";
        return Err(Refusal(format!("`url` holds a user or a password, which is on record then: use `{header}`")));
    }
    Ok(url)
}

fn headers(config: &HttpConfig, setup: &Setup<'_>) -> Result<HeaderMap, Refusal> {
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("charter/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    let mut add = |name: &str, value: &str, is_secret: bool| {
        let key = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(value);
        let (Ok(key), Ok(mut value)) = (key, value) else {
            return Err(Refusal(format!("the header `{name}` is malformed")));
        };
        value.set_sensitive(is_secret);
        headers.insert(key, value);
        Ok(())
    };
    for (name, value) in &config.headers {
        add(name, value, false)?;
    }
    for (name, Named { env }) in &config.secret_headers {
        let secret = setup.secrets.get(env);
        let secret = secret.ok_or_else(|| Refusal(format!("the environment variable `{env}` is not set")))?;
        add(name, secret.reveal(), true)?;
    }
    Ok(headers)
}

/// Returns the secrets that go along, to be found again in what comes back.
fn secrets(config: &HttpConfig, setup: &Setup<'_>) -> Secrets {
    let named = config.secret_headers.values().filter_map(|Named { env }| Some((env, setup.secrets.get(env)?)));
    let with_their_last_words = named.flat_map(|(env, secret)| {
        // A server may tell `Bearer abc` as `abc`.
        let last = secret.reveal().rsplit(' ').next().unwrap_or_default().to_owned();
        [(env.clone(), secret.clone()), (format!("{env} "), Secret::new(last))]
    });
    with_their_last_words.collect()
}

/// Returns an address without what may be a secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

#[async_trait]
impl Probe for Http {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        shown(&self.url)
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        Ok(self.look(scope).await?.0)
    }
}

impl Http {
    /// Looks, and returns the answer too, where there was one.
    pub(super) async fn look(&self, scope: &Scope) -> Result<(Reading, Option<Answer>), ProbeError> {
        let started = Instant::now();
        let mut hops = Vec::new();
        let asked = tokio::select! {
            asked = tokio::time::timeout(self.timeout, self.follow(&mut hops)) => asked,
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        };
        let took = started.elapsed();
        let (mut reading, answer) = match asked {
            Err(_) => (Reading::down(late(&hops, self.timeout)), None),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Err(cause))) => (Reading::down(cause), None),
            Ok(Ok(Ok(answer))) => (self.judge(&answer, took), Some(answer)),
        };
        reading.hops = hops;
        self.mask(&mut reading);
        Ok((reading, answer))
    }

    /// Takes out what a server repeats of what it was told.
    fn mask(&self, reading: &mut Reading) {
        let texts = reading.hops.iter_mut().map(|hop| &mut hop.url).chain(reading.facts.values_mut());
        for text in texts.chain(reading.cause.iter_mut().map(|cause| &mut cause.message)) {
            *text = self.secrets.mask(text);
        }
    }

    async fn follow(&self, hops: &mut Vec<Hop>) -> Result<Result<Answer, Cause>, ProbeError> {
        let (mut url, mut method, mut headers) = (self.url.clone(), self.method.clone(), self.headers.clone());
        let mut body = self.body.clone();
        for followed in 0.. {
            hops.push(Hop { url: shown(&url), ..Hop::default() });
            let hop = hops.last_mut().expect("one was just added");
            let it = Ask {
                method: method.clone(),
                url: &url,
                headers: &headers,
                body: body.clone(),
                family: self.family,
                max_body: self.max_body,
                distrusted_too: self.distrusted_too,
                now: self.clock.now(),
            };
            let answer = match ask(&it, &self.names, &self.trust, hop).await? {
                Ok(answer) => answer,
                Err(cause) => return Ok(Err(cause)),
            };
            let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
            let place = answer.headers.get(LOCATION).filter(|_| is_redirect && self.max_redirects > 0);
            let Some(place) = place else { return Ok(Ok(answer)) };
            if followed == self.max_redirects {
                let message = format!("more than {} redirects", self.max_redirects);
                return Ok(Err(Cause::new("redirects", message)));
            }
            let next = place.to_str().ok().and_then(|place| url.join(place).ok());
            let Some(next) = next.filter(|next| matches!(next.scheme(), "http" | "https")) else {
                return Ok(Err(Cause::new("redirect", "a redirect leads to no address of http or https")));
            };
            if next.origin() != url.origin() {
                // Another server is not told what this one is.
                headers.remove(AUTHORIZATION);
                headers.remove(COOKIE);
                let told: Vec<HeaderName> =
                    headers.iter().filter(|(_, value)| value.is_sensitive()).map(|(name, _)| name.clone()).collect();
                for name in told {
                    headers.remove(name);
                }
            }
            if answer.status == 303 || (matches!(answer.status, 301 | 302) && method == Method::POST) {
                method = if method == Method::HEAD { Method::HEAD } else { Method::GET };
                body = hyper::body::Bytes::new();
            }
            url = next;
        }
        unreachable!("it ends with an answer or with too many redirects")
    }

    fn judge(&self, answer: &Answer, took: Duration) -> Reading {
        let mut reading = Reading::up(took);
        if let Some(shown) = &answer.shown {
            note(&mut reading, shown, self.clock.now());
        }
        if let Err(cause) = self.expect.hold(answer) {
            return Reading { status: UptimeStatus::Down, cause: Some(cause), ..reading };
        }
        let worse = self.expect.slow(took).or_else(|| self.expect.ends_soon(&reading));
        if let Some(cause) = worse {
            return Reading { status: UptimeStatus::Degraded, cause: Some(cause), ..reading };
        }
        reading
    }
}

/// Says in which phase the time ran out.
fn late(hops: &[Hop], limit: Duration) -> Cause {
    let (code, doing) = match hops.last() {
        Some(Hop { connect: None, peer: None, .. }) | None => ("dns-timeout", "resolving the name"),
        Some(Hop { connect: None, .. }) => ("connect-timeout", "connecting"),
        Some(Hop { url, tls: None, .. }) if url.starts_with("https") => ("tls-timeout", "shaking hands"),
        Some(Hop { status: None, .. }) => ("answer-timeout", "waiting for an answer"),
        Some(_) => ("body-timeout", "reading the body"),
    };
    Cause::new(code, format!("{doing} was not done within {} ms", limit.as_millis()))
}
