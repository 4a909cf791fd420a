//! Asks a live site what it answers: with and without TLS, one redirect after another, and on behalf of a stranger.

use std::error::Error;
use std::time::Duration;

use charter_host::{Host, HttpClient, Scope};
use url::Url;

use super::answer::{Headers, Route};
use super::transport::ORIGIN;

/// Redirects beyond are not followed.
const MAX_REDIRECTS: usize = 10;
/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(10);
/// No more of a page is read, in bytes.
const BODY_LIMIT: usize = 8 << 20;
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// What a site answered.
#[derive(Debug, Clone)]
pub(super) struct Live {
    /// Where the redirects ended.
    pub(super) url: Url,
    pub(super) headers: Headers,
    /// The values of `Set-Cookie` of every answer.
    pub(super) cookies: Vec<String>,
    pub(super) cors: Headers,
    pub(super) route: Route,
    pub(super) body: Vec<u8>,
}

/// The answers from the first address to the one that is no redirect.
struct Session {
    route: Vec<Url>,
    status: u16,
    headers: Headers,
    cookies: Vec<String>,
    body: Vec<u8>,
}

struct Refused {
    why: String,
    /// Whether nobody listens there.
    is_closed: bool,
}

/// Asks. Without a port in the URL it is asked with TLS and without. The error says in words why nothing is known.
pub(super) async fn ask(url: &Url, scope: &Scope) -> Result<Live, String> {
    let client = Host::http_without_redirects().map_err(|error| spelled_out(&error))?;
    let with = |scheme: &str| {
        let mut other = url.clone();
        other.set_scheme(scheme).map(|()| other).map_err(|()| format!("`{scheme}` does not fit"))
    };
    scope.progress(0, None, "asking the live site");
    let (session, route) = if url.port().is_some() {
        let session = follow(&client, url.clone()).await.map_err(|refused| refused.why)?;
        let route = match url.scheme() {
            "http" => Route::Through(session.route.clone()),
            _ => Route::Unknown,
        };
        (session, route)
    } else {
        let (open, secure) = tokio::join!(follow(&client, with("http")?), follow(&client, with("https")?));
        let route = match &open {
            Ok(session) => Route::Through(session.route.clone()),
            Err(refused) if refused.is_closed => Route::None,
            Err(_) => Route::Unknown,
        };
        match (secure, open) {
            (Ok(session), _) => (session, route),
            // A certificate that is not valid, say, is not the lack of TLS.
            (Err(refused), _) if !refused.is_closed => return Err(refused.why),
            (Err(_), Ok(session)) => (session, route),
            (Err(refused), Err(_)) => return Err(refused.why),
        }
    };
    if !matches!(session.status, 200..=399 | 401 | 403) {
        return Err(format!("it answered {}", session.status));
    }
    let Session { route: through, headers, mut cookies, body, .. } = session;
    let last = through.into_iter().next_back().ok_or("it was not asked")?;
    if let Ok(robots) = last.join("/robots.txt")
        && let Ok(session) = follow(&client, robots).await
    {
        cookies.extend(session.cookies);
    }
    let cors = preflight(&client, &last).await?;
    Ok(Live { url: last, headers, cookies, cors, route, body })
}

async fn follow(client: &HttpClient, first: Url) -> Result<Session, Refused> {
    let refused = |why: String, is_closed| Refused { why, is_closed };
    let (mut route, mut cookies) = (vec![first.clone()], Vec::new());
    let mut next = first;
    loop {
        let asked = client.get(next.clone()).header("accept", ACCEPT).timeout(LIMIT).send().await;
        let mut answer = asked.map_err(|error| {
            let why = if error.is_timeout() { "it gave no answer in time".to_owned() } else { spelled_out(&error) };
            refused(why, error.is_connect() && has_refused(&error))
        })?;
        let mut headers = Headers::default();
        for (name, value) in answer.headers() {
            headers.add(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
        cookies.extend(headers.cookies.iter().cloned());
        let status = answer.status().as_u16();
        let location = headers.get("location").filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308));
        if let Some(location) = location.filter(|_| route.len() <= MAX_REDIRECTS) {
            next = next.join(location).map_err(|_| refused("it redirects to no address".to_owned(), false))?;
            if !matches!(next.scheme(), "http" | "https") {
                return Err(refused(format!("it redirects to an address with `{}:`", next.scheme()), false));
            }
            route.push(next.clone());
            continue;
        }
        let mut body = Vec::new();
        while body.len() < BODY_LIMIT {
            match answer.chunk().await {
                Ok(Some(part)) => body.extend_from_slice(&part[..part.len().min(BODY_LIMIT - body.len())]),
                Ok(None) => break,
                Err(error) => return Err(refused(format!("its answer broke off: {}", spelled_out(&error)), false)),
            }
        }
        return Ok(Session { route, status, headers, cookies, body });
    }
}

/// Asks whether another origin may read.
async fn preflight(client: &HttpClient, url: &Url) -> Result<Headers, String> {
    let method = "OPTIONS".parse().map_err(|_| "`OPTIONS` is a method".to_owned())?;
    let asked = client.request(method, url.clone()).header("origin", ORIGIN);
    let answer = asked.header("access-control-request-method", "GET").timeout(LIMIT).send().await;
    let mut headers = Headers::default();
    // A server that knows no such question shares nothing by it.
    if let Ok(answer) = answer.and_then(|answer| answer.error_for_status()) {
        for (name, value) in answer.headers() {
            headers.add(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
    }
    Ok(headers)
}

/// Says whether somebody said that nobody listens, in contrast to silence and to what is no TLS.
fn has_refused(error: &dyn Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<std::io::Error>()
            && cause.kind() == std::io::ErrorKind::ConnectionRefused
        {
            return true;
        }
        source = cause.source();
    }
    false
}

/// An HTTP error with its causes, without the URL.
fn spelled_out(error: &dyn Error) -> String {
    let (mut causes, mut source) = (Vec::new(), error.source());
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    if causes.is_empty() { "it gave no answer".to_owned() } else { format!("it gave no answer: {}", causes.join(": ")) }
}
