//! Delivery by HTTP: one request, bounded in time and bytes, whose errors show no address.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use charter_host::{Clock, Host, HttpClient, Refusal, Scope, Secret, Secrets};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use url::{Host as UrlHost, Url};

use crate::NotifyError;
use crate::wording::{cut, one_line};

/// So much of an answer is read, in bytes.
const ANSWER_LIMIT: usize = 64 << 10;
/// So much of an answer is kept, in characters.
const SAID_LIMIT: usize = 200;
/// Shorter parts of an address would mask ordinary words.
const SHORTEST_MASKED: usize = 6;
/// How long a receiver may ask to be left alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Returns how long one delivery may take by default, in seconds.
pub(crate) const fn default_timeout() -> u64 {
    10
}

/// Reads `timeout-seconds`.
///
/// # Errors
/// When it is not between a second and a minute.
pub(crate) fn time_limit(seconds: u64) -> Result<Duration, Refusal> {
    match seconds {
        1..=60 => Ok(Duration::from_secs(seconds)),
        other => Err(Refusal(format!("`timeout-seconds` is {other}, and must be 1 to 60"))),
    }
}

/// One address, and how it is spoken with.
pub(crate) struct Address {
    url: Url,
    masks: Secrets,
    client: OnceLock<HttpClient>,
    clock: Arc<dyn Clock>,
    limit: Duration,
}

impl Address {
    /// Reads an address. `secrets` are the ones that go along with requests, to be masked in what comes back.
    ///
    /// # Errors
    /// When it is no address, or would go through the network in the clear.
    pub(crate) fn new(host: &Host, url: &Secret, secrets: &[&Secret], limit: Duration) -> Result<Self, Refusal> {
        // What the parser says may quote the address.
        let parsed = Url::parse(url.reveal()).map_err(|_| Refusal("the address is not a URL".to_owned()))?;
        let is_here = match parsed.host() {
            Some(UrlHost::Domain(name)) => name == "localhost",
            Some(UrlHost::Ipv4(ip)) => ip.is_loopback(),
            Some(UrlHost::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match parsed.scheme() {
            "https" => {}
            "http" if is_here => {}
            _ => return Err(Refusal("the address must begin with `https://`".to_owned())),
        }
        let parts = parts_of(&parsed).into_iter().chain(secrets.iter().map(|secret| secret.reveal().to_owned()));
        let masks = parts.enumerate().map(|(n, part)| (n.to_string(), Secret::new(part))).collect();
        Ok(Self { url: parsed, masks, client: OnceLock::new(), clock: Arc::clone(&host.clock), limit })
    }

    /// Returns the host's name.
    pub(crate) fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().to_owned()
    }

    /// Returns the present moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns the same address with another path.
    pub(crate) fn with_path(&self, path: &str) -> Self {
        let mut url = self.url.clone();
        url.set_path(path);
        Self {
            url,
            masks: self.masks.clone(),
            client: self.client.clone(),
            clock: Arc::clone(&self.clock),
            limit: self.limit,
        }
    }

    /// Posts JSON.
    pub(crate) async fn post(
        &self,
        body: Vec<u8>,
        headers: &[(&'static str, String)],
        scope: &Scope,
    ) -> Result<(), NotifyError> {
        within(self.limit, scope, self.send(Method::POST, Some(body), headers)).await
    }

    /// Gets it, and cares only whether that succeeds.
    pub(crate) async fn get(&self, scope: &Scope) -> Result<(), NotifyError> {
        within(self.limit, scope, self.send(Method::GET, None, &[])).await
    }

    async fn send(
        &self,
        method: Method,
        body: Option<Vec<u8>>,
        headers: &[(&'static str, String)],
    ) -> Result<(), NotifyError> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| NotifyError::Unsendable {
                reason: format!("the header `{name}` has forbidden letters"),
            })?;
            value.set_sensitive(true);
            all.insert(HeaderName::from_static(name), value);
        }
        let mut request = self.client()?.request(method, self.url.clone()).timeout(self.limit).headers(all);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        match request.send().await {
            Ok(response) => self.judge(response).await,
            Err(error) => Err(self.unreachable(error)),
        }
    }

    /// Redirects are not followed: what was meant for one receiver goes to no other.
    fn client(&self) -> Result<HttpClient, NotifyError> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let client = Host::http_without_redirects().map_err(|error| self.unreachable(error))?;
        Ok(self.client.get_or_init(|| client).clone())
    }

    async fn judge(&self, response: Response) -> Result<(), NotifyError> {
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let after = (response.headers().get(RETRY_AFTER))
            .and_then(|value| value.to_str().ok())
            .and_then(|value| pause(value, self.clock.now()));
        let said = format!("{} {}", status.as_u16(), self.masks.mask(&beginning(response).await));
        let said = cut(one_line(&said).trim(), SAID_LIMIT);
        let may_pass = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        match status {
            _ if status.is_client_error() && !may_pass => Err(NotifyError::Refused { said }),
            _ => Err(NotifyError::Busy { said, after }),
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> NotifyError {
        if error.is_timeout() {
            return NotifyError::TimedOut { limit: self.limit };
        }
        let error = error.without_url();
        let mut source: Option<&dyn Error> = Some(&error);
        let mut reasons: Vec<String> = Vec::new();
        while let Some(error) = source {
            reasons.push(error.to_string());
            source = error.source();
        }
        NotifyError::Unreachable { reason: cut(&one_line(&self.masks.mask(&reasons.join(": "))), SAID_LIMIT) }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("host", &self.host()).field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// Returns whatever of an address may be a secret: receivers like to echo the path.
fn parts_of(url: &Url) -> Vec<String> {
    let mut parts = vec![url.as_str().to_owned(), url.path().to_owned()];
    parts.extend(url.path_segments().into_iter().flatten().map(str::to_owned));
    parts.extend(url.query().map(str::to_owned));
    parts.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
    parts.extend([url.username().to_owned(), url.password().unwrap_or_default().to_owned()]);
    parts.retain(|part| part.len() >= SHORTEST_MASKED);
    parts
}

/// Runs a delivery until it is done, too late, or no longer wanted.
pub(crate) async fn within<T>(
    limit: Duration,
    scope: &Scope,
    delivery: impl Future<Output = Result<T, NotifyError>>,
) -> Result<T, NotifyError> {
    tokio::select! {
        biased;
        () = scope.cancel.cancelled() => Err(NotifyError::Cancelled),
        delivered = tokio::time::timeout(limit, delivery) => {
            delivered.unwrap_or(Err(NotifyError::TimedOut { limit }))
        }
    }
}

/// Reads the beginning of an answer; one that breaks off is as good as what came of it.
async fn beginning(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk[..chunk.len().min(ANSWER_LIMIT - body.len())]);
        if body.len() >= ANSWER_LIMIT {
            break;
        }
    }
    String::from_utf8_lossy(&body).into_owned()
}

/// Reads the header `Retry-After`: seconds, or a date.
fn pause(value: &str, now: Timestamp) -> Option<Duration> {
    let pause = match value.trim().parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = jiff::fmt::rfc2822::parse(value.trim()).ok()?.timestamp();
            Duration::try_from(until.duration_since(now)).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_when_to_come_back_in_two_ways() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        assert_eq!(pause("120", now), Some(Duration::from_secs(120)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        assert_eq!(pause("99999999999", now), Some(LONGEST_PAUSE));
        assert_eq!(pause("soon", now), None);
    }

    #[test]
    fn an_address_must_be_private_on_its_way() {
        let host = Host::system(charter_host::Environment::default());
        let address = |url: &str| Address::new(&host, &Secret::new(url.to_owned()), &[], Duration::from_secs(1));
        assert!(address("https://example.org/hook").is_ok() && address("http://127.0.0.1:1/hook").is_ok());
        for url in ["http://example.org/hook", "file:///etc/passwd", "no address", "http://127.0.0.1.example.org/"] {
            assert!(address(url).is_err(), "{url}");
        }
    }
}
