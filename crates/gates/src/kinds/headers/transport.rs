//! The tests of single header fields and of the way to TLS.

use super::answer::{Answer, Headers, Route};
use super::csp;

/// The origin that asks whether it may read.
pub(super) const ORIGIN: &str = "https://elsewhere.example";

/// What the Observatory takes for half a year, in seconds.
const HALF_A_YEAR: u64 = 15_552_000;

/// Judges `Strict-Transport-Security`.
pub(super) fn strict(answer: &Answer<'_>) -> &'static str {
    if !answer.is_https {
        return "hsts-not-implemented-no-https";
    }
    let Some(value) = answer.headers.get("strict-transport-security") else { return "hsts-not-implemented" };
    let mut age = value.split(';').filter_map(|part| {
        let part = part.trim().to_ascii_lowercase();
        let age = part.strip_prefix("max-age=")?.trim_start().trim_start_matches('"').to_owned();
        let digits = age.len() - age.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        // What does not fit is more than long enough.
        (digits > 0).then(|| age[..digits].parse().unwrap_or(u64::MAX))
    });
    match (value.contains(','), age.next_back()) {
        (true, _) | (_, None) => "hsts-header-invalid",
        (_, Some(age)) if age < HALF_A_YEAR => "hsts-implemented-max-age-less-than-six-months",
        _ => "hsts-implemented-max-age-at-least-six-months",
    }
}

/// Judges `Referrer-Policy`, of the header and the page together: the last word that is known counts.
pub(super) fn referrer(answer: &Answer<'_>) -> &'static str {
    let said: Vec<&str> =
        answer.headers.get("referrer-policy").into_iter().chain(answer.page.referrer.as_deref()).collect();
    if said.is_empty() {
        return "referrer-policy-not-implemented";
    }
    let words = said.iter().flat_map(|text| text.split(',')).map(|word| word.trim().to_ascii_lowercase());
    let mut judged = words.filter_map(|word| match word.as_str() {
        "no-referrer" | "same-origin" | "strict-origin" | "strict-origin-when-cross-origin" => {
            Some("referrer-policy-private")
        }
        "origin" | "origin-when-cross-origin" | "unsafe-url" | "no-referrer-when-downgrade" => {
            Some("referrer-policy-unsafe")
        }
        _ => None,
    });
    judged.next_back().unwrap_or("referrer-policy-header-invalid")
}

fn given<'a>(headers: &'a Headers, name: &str) -> Option<String> {
    let value: Option<&'a str> = headers.get(name).filter(|value| !value.is_empty());
    value.map(|value| value.trim().to_ascii_lowercase())
}

/// Judges `X-Content-Type-Options`.
pub(super) fn content_type(answer: &Answer<'_>) -> &'static str {
    match given(answer.headers, "x-content-type-options").as_deref() {
        None => "x-content-type-options-not-implemented",
        Some("nosniff") => "x-content-type-options-nosniff",
        Some(_) => "x-content-type-options-header-invalid",
    }
}

/// Judges `X-Frame-Options`, or what the policy says in its place.
pub(super) fn frames(answer: &Answer<'_>, policy: &csp::Judged) -> &'static str {
    if policy.has_frame_ancestors {
        return "x-frame-options-implemented-via-csp";
    }
    match given(answer.headers, "x-frame-options").as_deref() {
        None => "x-frame-options-not-implemented",
        Some("deny" | "sameorigin") => "x-frame-options-sameorigin-or-deny",
        Some(value) if value.starts_with("allow-from") => "x-frame-options-allow-from-origin",
        Some(_) => "x-frame-options-header-invalid",
    }
}

/// Judges `Cross-Origin-Resource-Policy`.
pub(super) fn resource_policy(answer: &Answer<'_>) -> &'static str {
    match given(answer.headers, "cross-origin-resource-policy").as_deref() {
        None | Some("") => "corp-not-implemented",
        Some("same-site") => "corp-implemented-with-same-site",
        Some("same-origin") => "corp-implemented-with-same-origin",
        Some("cross-origin") => "corp-implemented-with-cross-origin",
        Some(_) => "corp-header-invalid",
    }
}

/// Judges who else may read.
pub(super) fn sharing(answer: &Answer<'_>) -> &'static str {
    let allowed = answer.cors.get("access-control-allow-origin").filter(|value| !value.is_empty());
    let Some(allowed) = allowed else { return "cross-origin-resource-sharing-not-implemented" };
    let with_credentials = given(answer.cors, "access-control-allow-credentials").as_deref() == Some("true");
    match allowed.trim() {
        "*" => "cross-origin-resource-sharing-implemented-with-public-access",
        _ if allowed == ORIGIN && with_credentials => "cross-origin-resource-sharing-implemented-with-universal-access",
        _ => "cross-origin-resource-sharing-implemented-with-restricted-access",
    }
}

/// Judges where the address without TLS leads; nothing when nobody asked.
pub(super) fn redirection(answer: &Answer<'_>) -> Option<&'static str> {
    let route = match &answer.route {
        Route::Unknown => return None,
        Route::None => return Some("redirection-not-needed-no-http"),
        Route::Through(route) => route,
    };
    Some(match route.as_slice() {
        [] | [_] => "redirection-missing",
        [.., last] if last.scheme() != "https" => "redirection-not-to-https",
        [_, second, ..] if second.scheme() == "http" => "redirection-not-to-https-on-initial-redirection",
        [first, second, ..] if first.scheme() == "http" && first.host_str() != second.host_str() => {
            "redirection-off-host-from-http"
        }
        _ => "redirection-to-https",
    })
}
