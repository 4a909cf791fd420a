//! Cookies, kept as a browser keeps them and judged as the Observatory does.

use super::answer::Answer;
use super::transport;

/// A cookie that a browser keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cookie {
    name: String,
    /// Where it is sent, the domain and the path.
    place: (Option<String>, Option<String>),
    is_secure: bool,
    is_http_only: bool,
    same_site: Option<&'static str>,
}

/// Reads a value of `Set-Cookie`; nothing when a browser drops it.
pub(super) fn parse(text: &str, host: Option<&str>) -> Option<Cookie> {
    let text = text.trim().split(['\n', '\r', '\0']).next()?;
    let mut parts = text.split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let name = name.trim();
    if name.is_empty() || name.chars().chain(value.trim().chars()).any(|letter| letter.is_ascii_control()) {
        return None;
    }
    let mut cookie =
        Cookie { name: name.to_owned(), place: (None, None), is_secure: false, is_http_only: false, same_site: None };
    for part in parts {
        let (key, value) = part.split_once('=').map_or((part, None), |(key, value)| (key, Some(value.trim())));
        match key.trim().to_ascii_lowercase().as_str() {
            "secure" => cookie.is_secure = true,
            "httponly" => cookie.is_http_only = true,
            "domain" => {
                let value = value.map(|value| value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase());
                cookie.place.0 = value.filter(|value| !value.is_empty()).or(cookie.place.0);
            }
            "path" => cookie.place.1 = value.filter(|value| value.starts_with('/')).map(str::to_owned),
            "samesite" => {
                let known = |value: &str| SAME_SITE.into_iter().find(|known| known.eq_ignore_ascii_case(value));
                cookie.same_site = value.and_then(known);
            }
            _ => {}
        }
    }
    cookie.is_kept(host).then_some(cookie)
}

const SAME_SITE: [&str; 3] = ["strict", "lax", "none"];

impl Cookie {
    fn is_kept(&self, host: Option<&str>) -> bool {
        if self.name.starts_with("__Secure-") && !self.is_secure {
            return false;
        }
        if self.name.starts_with("__Host-")
            && !(self.is_secure && self.place.0.is_none() && self.place.1.as_deref().is_none_or(|path| path == "/"))
        {
            return false;
        }
        let Some(wanted) = &self.place.0 else { return true };
        let is_below =
            |host: &str| host == wanted || host.strip_suffix(wanted.as_str()).is_some_and(|rest| rest.ends_with('.'));
        wanted.contains('.') && host.is_none_or(is_below)
    }
}

/// Keeps cookies as a browser does: of two with one name and place the later.
pub(super) fn keep<'a>(texts: impl IntoIterator<Item = &'a str>, host: Option<&str>) -> Vec<Cookie> {
    let mut kept: Vec<Cookie> = Vec::new();
    for cookie in texts.into_iter().filter_map(|text| parse(text, host)) {
        kept.retain(|known| (&known.name, &known.place) != (&cookie.name, &cookie.place));
        kept.push(cookie);
    }
    kept
}

/// What can be wrong, from the least to the worst.
const ORDER: [&str; 7] = [
    "cookies-without-secure-flag-but-protected-by-hsts",
    "cookies-without-secure-flag",
    "cookies-session-without-secure-flag-but-protected-by-hsts",
    "cookies-samesite-flag-invalid",
    "cookies-anticsrf-without-samesite-flag",
    "cookies-session-without-httponly-flag",
    "cookies-session-without-secure-flag",
];

/// Says what the Observatory makes of the cookies, and which is the first that is so.
pub(super) fn judge<'a>(answer: &Answer<'a>) -> (&'static str, Option<&'a str>) {
    let cookies: Vec<&Cookie> =
        answer.cookies.iter().filter(|cookie| cookie.name != "heroku-session-affinity").collect();
    if cookies.is_empty() {
        return ("cookies-not-found", None);
    }
    let has_hsts = transport::strict(answer) == "hsts-implemented-max-age-at-least-six-months";
    let mut worst: Option<(usize, Option<&str>)> =
        answer.headers.cookies.iter().any(|text| has_invalid_same_site(text)).then_some((3, None));
    for cookie in &cookies {
        let name = cookie.name.to_lowercase();
        let is_session = name.contains("login") || name.contains("sess");
        let faults = [
            (!cookie.is_secure && cookie.same_site == Some("none"), 3),
            (!cookie.is_secure, usize::from(!has_hsts)),
            (name.contains("csrf") && cookie.same_site.is_none(), 4),
            (is_session && !cookie.is_secure, if has_hsts { 2 } else { 6 }),
            (is_session && !cookie.is_http_only, 5),
        ];
        for (_, fault) in faults.into_iter().filter(|(is_so, _)| *is_so) {
            if worst.is_none_or(|(known, _)| fault > known) {
                worst = Some((fault, Some(&cookie.name)));
            }
        }
    }
    match worst {
        Some((fault, name)) => (ORDER[fault], name),
        None if cookies.iter().all(|cookie| cookie.same_site.is_some()) => {
            ("cookies-secure-with-httponly-sessions-and-samesite", None)
        }
        None => ("cookies-secure-with-httponly-sessions", None),
    }
}

fn has_invalid_same_site(text: &str) -> bool {
    text.split(';').any(|part| {
        let mut words = part.trim().split('=');
        let is_it = words.next().is_some_and(|key| key.trim().eq_ignore_ascii_case("samesite"));
        is_it
            && !words.next().is_some_and(|value| SAME_SITE.iter().any(|known| known.eq_ignore_ascii_case(value.trim())))
    })
}
