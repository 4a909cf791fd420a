//! Who may ask at all, and what browsers may do with an answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use crate::RefusedCounts;

/// How often something was refused, since the start.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    pub(super) host: AtomicU64,
    pub(super) origin: AtomicU64,
    pub(super) session: AtomicU64,
    pub(super) token: AtomicU64,
    pub(super) hook: AtomicU64,
}

impl Refusals {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> RefusedCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RefusedCounts {
            host: of(&self.host),
            origin: of(&self.origin),
            session: of(&self.session),
            token: of(&self.token),
            hook: of(&self.hook),
        }
    }
}

/// Returns the names by which the pages may be asked for, in lower case.
pub(super) fn hosts(address: SocketAddr, named: &[String]) -> Arc<[String]> {
    let own = match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    };
    let named = named.iter().map(|name| name.to_ascii_lowercase());
    named.chain(["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned(), own]).collect()
}

/// What a page may load: its own style, script and icon, and nothing else. Forms go nowhere else, nobody frames it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    // With `no-referrer`, browsers would hide the origin of forms, too.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Refuses who comes by another name or, to change something, from another page; then says what browsers may do.
pub(super) async fn guard(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&shared, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn refusal(shared: &Shared, request: &Request) -> Option<Response> {
    let refuse = |status, text: &'static str| Some((status, text).into_response());
    let Some(host) = host(request).filter(|host| is_allowed(host, &shared.hosts)) else {
        Refusals::count(&shared.refusals.host);
        return refuse(StatusCode::MISDIRECTED_REQUEST, "these pages are not known by that name\n");
    };
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    // Other services are no browsers: what they send is signed.
    let is_hook = request.uri().path().starts_with("/hooks/");
    if changes && !is_hook && !comes_from(request.headers(), host) {
        Refusals::count(&shared.refusals.origin);
        return refuse(StatusCode::FORBIDDEN, "that did not come from one of these pages\n");
    }
    None
}

/// Returns what the request calls this server, when it does so once.
fn host(request: &Request) -> Option<&str> {
    let mut all = request.headers().get_all(header::HOST).iter();
    let host = all.next()?.to_str().ok()?;
    let alone = all.next().is_none();
    let agrees = request.uri().authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host));
    (alone && agrees).then_some(host)
}

/// Says whether a host, with or without a port, is one of the names.
fn is_allowed(host: &str, names: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    names.iter().any(|each| each.eq_ignore_ascii_case(name))
}

/// Says whether a request comes from a page of this very host. Every browser says so of whatever changes something.
fn comes_from(headers: &HeaderMap, host: &str) -> bool {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let origin = origin.and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")));
    origin.is_some_and(|origin| origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_names_are_answered() {
        let names = hosts("127.0.0.1:8080".parse().unwrap(), &["Status.example.org".to_owned()]);
        for host in ["localhost", "LOCALHOST:9", "127.0.0.1:1", "[::1]:80", "[::1]", "status.example.org"] {
            assert!(is_allowed(host, &names), "{host}");
        }
        for host in ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil:80", "localhost:", "127.0.0.1:80:80"]
        {
            assert!(!is_allowed(host, &names), "{host}");
        }
    }

    #[test]
    fn an_origin_is_this_very_host_and_port() {
        let from = |origin: &'static str| {
            comes_from(&HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]), "localhost:80")
        };
        assert!(from("http://localhost:80") && from("https://localhost:80"));
        assert!(
            !from("null") && !from("http://localhost:81") && !from("http://localhost") && !from("ftp://localhost:80")
        );
        assert!(!comes_from(&HeaderMap::new(), "localhost:80"));
    }
}
