//! One repository, and how it is asked about.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use charter_host::Secret;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, ETAG, HeaderMap, IF_NONE_MATCH, LINK, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::{Host, Url};

use crate::{GitHubError, Place};

/// The version of the API whose shapes are spoken here.
const VERSION: &str = "2022-11-28";
/// No true answer is larger, in bytes.
const BODY_LIMIT: usize = 16 << 20;
/// How much of an error's text is kept, in characters.
const MESSAGE_LIMIT: usize = 300;
/// One request with its answer may take this long.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// The most that GitHub puts on a page.
pub(crate) const PER_PAGE: usize = 100;
/// So many pages are fetched of one list.
pub(crate) const PAGE_LIMIT: usize = 10;
/// So many answers are remembered, and none that is larger than this, in bytes.
const REMEMBERED: (usize, usize) = (64, 1 << 20);

/// One repository on GitHub, and the right to ask about it. Cloning shares what was answered before.
#[derive(Clone)]
pub struct GitHub {
    http: reqwest::Client,
    place: Place,
    token: Option<Secret>,
    answers: Arc<Mutex<HashMap<Url, Answer>>>,
}

/// An answer, and the name GitHub gave this version of it.
#[derive(Clone)]
struct Answer {
    etag: String,
    body: Vec<u8>,
    more: bool,
}

/// What is said beside a body.
struct Received {
    body: Vec<u8>,
    /// Whether the list goes on.
    more: bool,
}

impl GitHub {
    /// Makes a client for the repository at `place`; without a token only what is public can be asked.
    #[must_use]
    pub fn new(http: reqwest::Client, place: Place, token: Option<Secret>) -> Self {
        Self { http, place, token, answers: Arc::default() }
    }

    /// Returns where the repository is.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// Says whether there is a token.
    #[must_use]
    pub const fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Returns the URL of an endpoint of this repository, such as `pages/builds`.
    pub(crate) fn of_repository(&self, path: &[&str]) -> Url {
        let mut segments = vec!["repos", &self.place.owner, &self.place.name];
        segments.extend(path);
        self.endpoint(&segments)
    }

    /// Returns the URL of any endpoint. Segments are encoded, so a branch may have a `/` in its name.
    pub(crate) fn endpoint(&self, segments: &[&str]) -> Url {
        let mut url = self.place.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    /// Gets one thing.
    pub(crate) async fn get<T: DeserializeOwned>(&self, doing: &'static str, url: Url) -> Result<T, GitHubError> {
        let received = self.get_bytes(doing, url).await?;
        self.parse(doing, &received.body)
    }

    /// Gets one thing that need not be there.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        doing: &'static str,
        url: Url,
    ) -> Result<Option<T>, GitHubError> {
        match self.get(doing, url).await {
            Err(GitHubError::NotFound { .. }) => Ok(None),
            other => other.map(Some),
        }
    }

    /// Gets a list page by page; says also whether that was all of it. `items` takes a page's items out of it.
    pub(crate) async fn list<P: DeserializeOwned, T>(
        &self,
        doing: &'static str,
        url: &Url,
        mut items: impl FnMut(P) -> Vec<T>,
    ) -> Result<(Vec<T>, bool), GitHubError> {
        let mut all = Vec::new();
        for page in 1..=PAGE_LIMIT {
            let mut url = url.clone();
            url.query_pairs_mut().append_pair("per_page", &PER_PAGE.to_string()).append_pair("page", &page.to_string());
            let received = self.get_bytes(doing, url).await?;
            let found = items(self.parse(doing, &received.body)?);
            let goes_on = received.more || found.len() >= PER_PAGE;
            all.extend(found);
            if !goes_on {
                return Ok((all, true));
            }
        }
        Ok((all, false))
    }

    /// Sends something that changes something.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        doing: &'static str,
        method: Method,
        url: Url,
        body: &impl Serialize,
    ) -> Result<T, GitHubError> {
        let received = self.send_bytes(doing, method, url, body).await?;
        self.parse(doing, &received)
    }

    /// Sends something that changes something and is answered without a body.
    pub(crate) async fn send_bytes(
        &self,
        doing: &'static str,
        method: Method,
        url: Url,
        body: &impl Serialize,
    ) -> Result<Vec<u8>, GitHubError> {
        let response = self.request(doing, method, url)?.json(body).send().await;
        let response = response.map_err(|source| unreachable(doing, source))?;
        Ok(self.receive(doing, response).await?.body)
    }

    async fn get_bytes(&self, doing: &'static str, url: Url) -> Result<Received, GitHubError> {
        let known = self.remembered(&url);
        let mut request = self.request(doing, Method::GET, url.clone())?;
        if let Some(known) = &known {
            request = request.header(IF_NONE_MATCH, &known.etag);
        }
        let response = request.send().await.map_err(|source| unreachable(doing, source))?;
        if let (StatusCode::NOT_MODIFIED, Some(known)) = (response.status(), known) {
            return Ok(Received { body: known.body, more: known.more });
        }
        let etag = response.headers().get(ETAG).and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let received = self.receive(doing, response).await?;
        if let Some(etag) = etag {
            self.remember(url, Answer { etag, body: received.body.clone(), more: received.more });
        }
        Ok(received)
    }

    fn request(&self, doing: &'static str, method: Method, url: Url) -> Result<reqwest::RequestBuilder, GitHubError> {
        let request = self
            .http
            .request(method, url)
            .timeout(TIME_LIMIT)
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", VERSION);
        let Some(token) = &self.token else { return Ok(request) };
        if !may_carry_a_token(&self.place.api) {
            return Err(GitHubError::Insecure { host: self.place.api.host_str().unwrap_or_default().to_owned() });
        }
        let Ok(mut value) = reqwest::header::HeaderValue::from_str(&format!("Bearer {}", token.reveal())) else {
            // A token with a line break in it is none.
            return Err(GitHubError::Unauthorized { doing });
        };
        value.set_sensitive(true);
        Ok(request.header(reqwest::header::AUTHORIZATION, value))
    }

    /// Reads a whole answer, and makes an error of one that says no.
    async fn receive(&self, doing: &'static str, mut response: Response) -> Result<Received, GitHubError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|source| unreachable(doing, source))? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(GitHubError::TooLarge { doing, limit: BODY_LIMIT });
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            let more =
                headers.get_all(LINK).iter().any(|link| link.to_str().is_ok_and(|it| it.contains("rel=\"next\"")));
            return Ok(Received { body, more });
        }
        let message = self.message(&body);
        if is_rate_limit(status, &headers, &message) {
            return Err(rate_limit(&headers));
        }
        Err(match status {
            StatusCode::UNAUTHORIZED => GitHubError::Unauthorized { doing },
            StatusCode::FORBIDDEN => GitHubError::Forbidden { doing, message },
            StatusCode::NOT_FOUND => GitHubError::NotFound { doing, message },
            status if status.is_server_error() => GitHubError::Failed { doing, status: status.as_u16() },
            status => GitHubError::Refused { doing, status: status.as_u16(), message },
        })
    }

    fn parse<T: DeserializeOwned>(&self, doing: &'static str, body: &[u8]) -> Result<T, GitHubError> {
        // What serde says quotes the answer.
        let problem = |error: serde_json::Error| self.presentable(&error.to_string());
        serde_json::from_slice(body).map_err(|error| GitHubError::Malformed { doing, problem: problem(error) })
    }

    /// Returns what an error's body says.
    fn message(&self, body: &[u8]) -> String {
        #[derive(serde::Deserialize)]
        struct Said {
            message: String,
        }
        let said = serde_json::from_slice(body).map(|said: Said| said.message);
        said.map_or_else(|_| "it did not say why".to_owned(), |said| self.presentable(&said))
    }

    /// Returns a text of GitHub's short, on one line and without the token.
    fn presentable(&self, text: &str) -> String {
        let token = self.token.as_ref().map(Secret::reveal).filter(|token| !token.is_empty());
        let text = token.map_or_else(|| text.to_owned(), |token| text.replace(token, "***"));
        text.chars().take(MESSAGE_LIMIT).map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
    }

    fn remembered(&self, url: &Url) -> Option<Answer> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned()
    }

    fn remember(&self, url: Url, answer: Answer) {
        let (most, largest) = REMEMBERED;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.body.len() <= largest && (answers.len() < most || answers.contains_key(&url)) {
            answers.insert(url, answer);
        } else {
            answers.remove(&url);
        }
    }
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").field("place", &self.place).field("token", &self.token).finish_non_exhaustive()
    }
}

fn unreachable(doing: &'static str, source: reqwest::Error) -> GitHubError {
    GitHubError::Unreachable { doing, source: source.without_url() }
}

fn may_carry_a_token(api: &Url) -> bool {
    api.scheme() == "https"
        || match api.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        }
}

fn is_rate_limit(status: StatusCode, headers: &HeaderMap, message: &str) -> bool {
    let used_up = || headers.contains_key(RETRY_AFTER) || number(headers, "x-ratelimit-remaining") == Some(0);
    status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::FORBIDDEN && (used_up() || message.contains("rate limit"))
}

fn rate_limit(headers: &HeaderMap) -> GitHubError {
    let resets_at = number(headers, "x-ratelimit-reset").and_then(|second| Timestamp::from_second(second).ok());
    let retry_after = number(headers, RETRY_AFTER.as_str()).and_then(|seconds| u64::try_from(seconds).ok());
    GitHubError::RateLimited { retry_after: retry_after.map(Duration::from_secs), resets_at }
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
