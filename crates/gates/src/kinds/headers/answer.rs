//! What a server answers, as far as the tests look at it.

use url::Url;

use super::cookies::Cookie;
use super::page::Page;

/// Header fields. What a server sends twice is joined by a comma, as HTTP says, but for `Set-Cookie`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Headers {
    /// Names in lower case, each once.
    fields: Vec<(String, String)>,
    pub(super) cookies: Vec<String>,
}

/// More fields than this are dropped: no server sends so many.
const LIMIT: usize = 1_000;

impl Headers {
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let name = name.to_ascii_lowercase();
        if name == "set-cookie" {
            if self.cookies.len() < LIMIT {
                self.cookies.push(value.to_owned());
            }
            return;
        }
        if let Some((_, known)) = self.fields.iter_mut().find(|(known, _)| *known == name) {
            known.push_str(", ");
            known.push_str(value);
        } else if self.fields.len() < LIMIT {
            self.fields.push((name, value.to_owned()));
        }
    }

    pub(super) fn remove(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("set-cookie") {
            self.cookies.clear();
        }
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the policies of `Content-Security-Policy`: a comma parts one from the next.
    pub(super) fn policies(&self) -> Vec<&str> {
        self.get("content-security-policy").map(|value| value.split(',').collect()).unwrap_or_default()
    }
}

/// All that is judged.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    pub(super) headers: &'a Headers,
    pub(super) page: &'a Page,
    /// Whether it came over TLS.
    pub(super) is_https: bool,
    /// The host that was asked, where it is known.
    pub(super) host: Option<&'a str>,
    /// All cookies that a browser keeps.
    pub(super) cookies: &'a [Cookie],
    /// What is answered to a request that asks whether another origin may read.
    pub(super) cors: &'a Headers,
    /// The addresses that the one without TLS leads through.
    pub(super) route: Route,
}

/// Where the address without TLS leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// Nobody asked.
    Unknown,
    /// There is no answer.
    None,
    /// From the first address to the one that is no redirect.
    Through(Vec<Url>),
}
