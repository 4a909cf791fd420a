//! What each result counts, and the grade they add up to.
//!
//! The figures are those of `src/grader/charts.js` of mdn-http-observatory 1.4.8 (scoring of 2024).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::{cookies, csp, transport};

/// A grade of the Observatory, the worst first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Grade {
    /// Up to 24 points.
    F,
    /// From 25 points.
    #[serde(rename = "D-")]
    DMinus,
    /// From 30 points.
    D,
    /// From 40 points.
    #[serde(rename = "D+")]
    DPlus,
    /// From 45 points.
    #[serde(rename = "C-")]
    CMinus,
    /// From 50 points.
    C,
    /// From 60 points.
    #[serde(rename = "C+")]
    CPlus,
    /// From 65 points.
    #[serde(rename = "B-")]
    BMinus,
    /// From 70 points.
    #[default]
    B,
    /// From 80 points.
    #[serde(rename = "B+")]
    BPlus,
    /// From 85 points.
    #[serde(rename = "A-")]
    AMinus,
    /// From 90 points.
    A,
    /// From 100 points.
    #[serde(rename = "A+")]
    APlus,
}

/// The grades, and from how many points on each is given.
const GRADES: [(Grade, &str, u32); 13] = [
    (Grade::F, "F", 0),
    (Grade::DMinus, "D-", 25),
    (Grade::D, "D", 30),
    (Grade::DPlus, "D+", 40),
    (Grade::CMinus, "C-", 45),
    (Grade::C, "C", 50),
    (Grade::CPlus, "C+", 60),
    (Grade::BMinus, "B-", 65),
    (Grade::B, "B", 70),
    (Grade::BPlus, "B+", 80),
    (Grade::AMinus, "A-", 85),
    (Grade::A, "A", 90),
    (Grade::APlus, "A+", 100),
];

impl Grade {
    fn of(points: u32) -> Self {
        GRADES.iter().rev().find(|(_, _, from)| points >= *from).map_or(Self::F, |(grade, ..)| *grade)
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(GRADES[*self as usize].1)
    }
}

/// Bonus counts only from so many points on.
const BONUS_FROM: i32 = 90;

/// The result of each test by the test's name, and what they add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judged<'a> {
    pub(super) results: Vec<(&'static str, &'static str)>,
    pub(super) points: u32,
    pub(super) grade: Grade,
    /// The cookie that the result of that test is about.
    pub(super) cookie: Option<&'a str>,
}

/// Runs all tests. `redirection` is left out where nobody asked.
pub(super) fn judge<'a>(answer: &Answer<'a>) -> Judged<'a> {
    let policy = csp::judge(answer);
    let (cookies, cookie) = cookies::judge(answer);
    let mut results = vec![
        ("content-security-policy", policy.result),
        ("cookies", cookies),
        ("cross-origin-resource-sharing", transport::sharing(answer)),
        ("referrer-policy", transport::referrer(answer)),
        ("strict-transport-security", transport::strict(answer)),
        ("subresource-integrity", integrity(answer)),
        ("x-content-type-options", transport::content_type(answer)),
        ("x-frame-options", transport::frames(answer, &policy)),
        ("cross-origin-resource-policy", transport::resource_policy(answer)),
    ];
    results.extend(transport::redirection(answer).map(|result| ("redirection", result)));
    let counts = results.iter().map(|(_, result)| modifier(result));
    let without_bonus = 100 + counts.clone().filter(|count| *count < 0).sum::<i32>();
    let points = if without_bonus >= BONUS_FROM { 100 + counts.sum::<i32>() } else { without_bonus };
    let points = u32::try_from(points).unwrap_or(0);
    Judged { results, points, grade: Grade::of(points), cookie }
}

fn integrity(answer: &Answer<'_>) -> &'static str {
    let sort = answer.headers.get("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    match sort {
        "text/html" | "application/xhtml+xml" => answer.page.integrity(answer.host, answer.is_https),
        _ => "sri-not-implemented-response-not-html",
    }
}

/// Returns what a result adds to the points.
pub(super) fn modifier(result: &str) -> i32 {
    match result {
        "csp-implemented-with-no-unsafe-default-src-none"
        | "corp-implemented-with-same-origin"
        | "corp-implemented-with-same-site" => 10,
        "csp-implemented-with-no-unsafe"
        | "cookies-secure-with-httponly-sessions-and-samesite"
        | "referrer-policy-private"
        | "sri-implemented-and-all-scripts-loaded-securely"
        | "sri-implemented-and-external-scripts-loaded-securely"
        | "x-frame-options-implemented-via-csp" => 5,
        "cookies-without-secure-flag-but-protected-by-hsts"
        | "redirection-off-host-from-http"
        | "referrer-policy-unsafe"
        | "referrer-policy-header-invalid"
        | "sri-not-implemented-but-external-scripts-loaded-securely"
        | "x-content-type-options-not-implemented"
        | "x-content-type-options-header-invalid"
        | "corp-header-invalid" => -5,
        "csp-implemented-with-insecure-scheme-in-passive-content-only"
        | "csp-implemented-with-unsafe-eval"
        | "cookies-session-without-secure-flag-but-protected-by-hsts"
        | "redirection-not-to-https-on-initial-redirection"
        | "hsts-implemented-max-age-less-than-six-months" => -10,
        "csp-implemented-with-unsafe-inline"
        | "csp-implemented-with-insecure-scheme"
        | "cookies-without-secure-flag"
        | "cookies-samesite-flag-invalid"
        | "cookies-anticsrf-without-samesite-flag"
        | "redirection-not-to-https"
        | "redirection-missing"
        | "hsts-not-implemented"
        | "hsts-header-invalid"
        | "hsts-not-implemented-no-https"
        | "sri-implemented-but-external-scripts-not-loaded-securely"
        | "x-frame-options-not-implemented"
        | "x-frame-options-header-invalid" => -20,
        "csp-header-invalid" | "csp-not-implemented" | "csp-not-implemented-but-reporting-enabled" => -25,
        "cookies-session-without-httponly-flag" => -30,
        "cookies-session-without-secure-flag" => -40,
        "cross-origin-resource-sharing-implemented-with-universal-access"
        | "sri-not-implemented-and-external-scripts-not-loaded-securely" => -50,
        _ => 0,
    }
}

/// Says what is wrong, as what follows the name of who answers, and what to do.
pub(super) fn words(result: &str) -> (&'static str, &'static str) {
    match result {
        "csp-not-implemented" => (
            "sends no `Content-Security-Policy`",
            "send one, such as `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'`",
        ),
        "csp-not-implemented-but-reporting-enabled" => (
            "only reports: `Content-Security-Policy-Report-Only` stops nothing",
            "send the policy as `Content-Security-Policy` once its reports are quiet",
        ),
        "csp-header-invalid" => (
            "has a policy that cannot be read, repeats a directive, or says `'strict-dynamic'` without a nonce or hash",
            "correct the policy: browsers drop what they cannot read",
        ),
        "csp-implemented-with-unsafe-inline" => (
            "has a policy that lets any script in, by `'unsafe-inline'`, `data:`, a whole scheme, or a missing `script-src` or `object-src`",
            "name the hosts, nonces or hashes of scripts in `script-src`, and set `object-src 'none'`",
        ),
        "csp-implemented-with-unsafe-eval" => {
            ("has a policy that lets texts run as scripts, by `'unsafe-eval'`", "take `'unsafe-eval'` out")
        }
        "csp-implemented-with-insecure-scheme" => {
            ("has a policy that lets things load without TLS", "name sources with `https:` only")
        }
        "csp-implemented-with-insecure-scheme-in-passive-content-only" => {
            ("has a policy that lets images or media load without TLS", "name sources with `https:` only")
        }
        "cookies-without-secure-flag" | "cookies-without-secure-flag-but-protected-by-hsts" => {
            ("sets a cookie without `Secure`", "add `Secure`")
        }
        "cookies-session-without-secure-flag" | "cookies-session-without-secure-flag-but-protected-by-hsts" => {
            ("sets the cookie of a session without `Secure`", "add `Secure`")
        }
        "cookies-session-without-httponly-flag" => {
            ("sets the cookie of a session without `HttpOnly`, so that any script reads it", "add `HttpOnly`")
        }
        "cookies-samesite-flag-invalid" => (
            "sets a cookie whose `SameSite` is no known word, or `None` without `Secure`",
            "say `SameSite=Lax` or `SameSite=Strict`",
        ),
        "cookies-anticsrf-without-samesite-flag" => {
            ("sets a token against forged requests without `SameSite`", "add `SameSite=Strict`")
        }
        "cross-origin-resource-sharing-implemented-with-universal-access" => (
            "lets every origin read with its users' credentials",
            "take `Access-Control-Allow-Credentials` out, or allow only the origins that need it",
        ),
        "redirection-missing" => {
            ("answers without TLS and leads nowhere", "redirect to the same address with `https:`")
        }
        "redirection-not-to-https" => ("leads to an address without TLS", "redirect to the same address with `https:`"),
        "redirection-not-to-https-on-initial-redirection" => {
            ("leads to TLS only at the second step", "redirect to `https:` of the same host first")
        }
        "redirection-off-host-from-http" => (
            "leads to another host at once, so that `Strict-Transport-Security` of this one is never seen",
            "redirect to `https:` of the same host first",
        ),
        "referrer-policy-unsafe" => {
            ("tells other sites which page somebody came from", "say `strict-origin-when-cross-origin` or less")
        }
        "referrer-policy-header-invalid" => {
            ("has a `Referrer-Policy` with no word that is known", "say `strict-origin-when-cross-origin`")
        }
        "hsts-not-implemented" => (
            "sends no `Strict-Transport-Security`",
            "send `Strict-Transport-Security: max-age=31536000; includeSubDomains`",
        ),
        "hsts-implemented-max-age-less-than-six-months" => {
            ("sends `Strict-Transport-Security` for less than half a year", "say `max-age=31536000`")
        }
        "hsts-header-invalid" => {
            ("sends a `Strict-Transport-Security` that cannot be read", "send it once, with `max-age=31536000`")
        }
        "hsts-not-implemented-no-https" => ("does not use TLS", "serve the site with `https:`"),
        "sri-implemented-but-external-scripts-not-loaded-securely"
        | "sri-not-implemented-but-external-scripts-loaded-securely"
        | "sri-not-implemented-and-external-scripts-not-loaded-securely" => {
            ("loads scripts from elsewhere unchecked", "add `integrity` and `https:`, or serve the script yourself")
        }
        "x-content-type-options-not-implemented" => {
            ("sends no `X-Content-Type-Options`", "send `X-Content-Type-Options: nosniff`")
        }
        "x-content-type-options-header-invalid" => {
            ("sends an `X-Content-Type-Options` other than `nosniff`", "send `X-Content-Type-Options: nosniff`")
        }
        "x-frame-options-not-implemented" => (
            "lets every site show it in a frame",
            "say `frame-ancestors 'none'` in the policy, or send `X-Frame-Options: DENY`",
        ),
        "x-frame-options-header-invalid" => {
            ("sends an `X-Frame-Options` that cannot be read", "send `X-Frame-Options: DENY`, once")
        }
        "corp-header-invalid" => (
            "sends a `Cross-Origin-Resource-Policy` that cannot be read",
            "say `same-origin`, `same-site` or `cross-origin`",
        ),
        _ => ("could be safer", "see the docs of the Observatory"),
    }
}
