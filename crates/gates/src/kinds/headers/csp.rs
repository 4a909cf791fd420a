//! Content Security Policies, read and judged as Mozilla's HTTP Observatory does.
//!
//! Several policies are merged into what all of them allow. The order in which sources are compared is that of the
//! Observatory, because what it takes for superfluous depends on its neighbours.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::answer::Answer;

/// Shorter policies say nothing: the shortest directive is `img-src`.
const SHORTEST: usize = 6;
/// Longer policies are refused, in bytes; no server sends headers of that size.
const LONGEST: usize = 256 << 10;
/// Directives that a browser ignores in a page.
const NOT_IN_PAGES: [&str; 3] = ["frame-ancestors", "report-uri", "sandbox"];
/// Directives that may be repeated.
const REPEATABLE: [&str; 2] = ["report-uri", "report-to"];

/// The directives of a policy in lower case, and the sources of each.
type Directives = BTreeMap<String, BTreeSet<String>>;

/// What several policies together allow.
#[derive(Debug, Default)]
pub(super) struct Policy {
    directives: Directives,
    /// Whether something is repeated that may be.
    repeats: bool,
}

/// That a policy cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invalid;

/// A source of the directive at hand.
#[derive(Debug, Clone)]
struct Source {
    text: String,
    policy: usize,
    keep: bool,
}

/// Reads policies, each from a header or an element of its own.
pub(super) fn parse<T: AsRef<str>>(policies: &[T]) -> Result<Policy, Invalid> {
    let clean: Vec<String> =
        policies.iter().map(|policy| policy.as_ref().replace(['\r', '\n'], "").trim().to_owned()).collect();
    if clean.iter().any(|policy| policy.len() < SHORTEST || policy.len() > LONGEST) {
        return Err(Invalid);
    }
    let mut known: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    let mut repeats = false;
    for (number, policy) in clean.iter().enumerate() {
        let mut seen = BTreeSet::new();
        for entry in policy.split(';') {
            let mut words = entry.split_whitespace();
            let Some(directive) = words.next().map(str::to_lowercase) else { continue };
            if !seen.insert(directive.clone()) {
                if !REPEATABLE.contains(&directive.as_str()) {
                    return Err(Invalid);
                }
                repeats = true;
            }
            let source = |text: String| Source { text, policy: number, keep: number == 0 };
            let mut sources: Vec<Source> = words.map(|word| source(word.to_lowercase())).collect();
            if sources.is_empty() && directive.ends_with("-src") {
                sources.push(source("'none'".to_owned()));
            }
            if number > 0 {
                let earlier = known.remove(&directive).unwrap_or_default();
                sources = earlier.into_iter().chain(sources).collect();
            }
            let mut kept = merged(sources)?;
            if number == 0 && clean.len() > 1 {
                kept.iter_mut().for_each(|source| source.keep = false);
            }
            known.insert(directive, kept);
        }
    }
    let texts = |sources: Vec<Source>| -> BTreeSet<String> {
        match sources.is_empty() {
            true => BTreeSet::from(["'none'".to_owned()]),
            false => sources.into_iter().map(|source| source.text).collect(),
        }
    };
    let directives = known.into_iter().map(|(directive, sources)| (directive, texts(sources))).collect();
    Ok(Policy { directives, repeats })
}

/// Leaves out what another source of the same policy covers, and what another policy does not allow.
fn merged(mut sources: Vec<Source>) -> Result<Vec<Source>, Invalid> {
    sources.sort_by_cached_key(|source| source.text.chars().map(rank).collect::<Vec<_>>());
    for index in 1..sources.len() {
        let (before, rest) = sources.split_at_mut(index);
        let (earlier, source) = (&before[index - 1], &mut rest[0]);
        if source.policy == earlier.policy {
            if source.text.starts_with(&earlier.text) {
                source.keep = false;
            }
        } else if covers(&earlier.text, &source.text)? {
            source.keep = true;
        }
    }
    sources.retain(|source| source.keep);
    Ok(sources)
}

/// Returns the place of a letter in the order of the Unicode collation, as far as policies are ASCII.
fn rank(letter: char) -> u32 {
    const ORDER: &str = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";
    match ORDER.find(letter) {
        Some(place) => u32::try_from(place).unwrap_or(u32::MAX),
        None => u32::from(letter).saturating_add(1000),
    }
}

/// Says whether a source covers another, part of the path by part.
fn covers(wide: &str, narrow: &str) -> Result<bool, Invalid> {
    if wide.is_empty() || (wide == "/" && narrow.is_empty()) {
        return Ok(true);
    }
    let is_exact = !wide.ends_with('/');
    let mut parts: Vec<&str> = wide.split('/').collect();
    let others: Vec<&str> = narrow.split('/').collect();
    if parts.len() > others.len() || (is_exact && parts.len() != others.len()) {
        return Ok(false);
    }
    if !is_exact {
        parts.pop();
    }
    for (part, other) in parts.iter().zip(&others) {
        if decoded(part)? != decoded(other)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Decodes a part of a path; a stray `%` makes the whole policy invalid.
fn decoded(part: &str) -> Result<Cow<'_, str>, Invalid> {
    let bytes = part.as_bytes();
    let is_escape = |at: usize| (1..=2).all(|offset| bytes.get(at + offset).is_some_and(u8::is_ascii_hexdigit));
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !is_escape(at)) {
        return Err(Invalid);
    }
    percent_encoding::percent_decode_str(part).decode_utf8().map_err(|_| Invalid)
}

/// What the Observatory makes of the policies of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) result: &'static str,
    /// Whether it says which pages may show this one in a frame.
    pub(super) has_frame_ancestors: bool,
}

/// Judges the policies of an answer and of its page.
pub(super) fn judge(answer: &Answer<'_>) -> Judged {
    let of = |result| Judged { result, has_frame_ancestors: false };
    let (headers, metas) = (answer.headers.policies(), &answer.page.policies);
    let all: Vec<&str> = headers.iter().copied().chain(metas.iter().map(String::as_str)).collect();
    let Ok(Policy { mut directives, repeats }) = parse(&all) else { return of("csp-header-invalid") };
    let of_headers = parse(&headers).unwrap_or_default();
    let mut of_page = parse(metas).unwrap_or_default();
    of_page.directives.retain(|directive, _| !NOT_IN_PAGES.contains(&directive.as_str()));
    let is_nothing = |policy: &Policy| policy.directives.is_empty() && !policy.repeats;
    if is_nothing(&of_headers) && is_nothing(&of_page) {
        let reports = answer.headers.get("content-security-policy-report-only").is_some_and(|value| !value.is_empty());
        return of(if reports { "csp-not-implemented-but-reporting-enabled" } else { "csp-not-implemented" });
    }
    let result = judge_directives(&mut directives, answer.is_https);
    let passes = !matches!(
        result,
        "csp-header-invalid"
            | "csp-implemented-with-unsafe-inline"
            | "csp-implemented-with-unsafe-eval"
            | "csp-implemented-with-insecure-scheme"
    );
    let result = if passes && repeats { "csp-implemented-but-duplicate-directives" } else { result };
    Judged { result, has_frame_ancestors: directives.contains_key("frame-ancestors") }
}

fn is_broad(source: &str) -> bool {
    BROAD.contains(&source)
}

const BROAD: [&str; 8] = ["ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"];

fn is_inline(source: &str) -> bool {
    matches!(source, "'unsafe-inline'" | "data:")
}

fn has_nonce_or_hash(sources: &BTreeSet<String>) -> bool {
    let starts = ["'sha256-", "'sha384-", "'sha512-", "'nonce-"];
    sources.iter().any(|source| starts.iter().any(|start| source.starts_with(start)))
}

fn is_insecure(source: &str) -> bool {
    source.starts_with("http:") || source.starts_with("ftp:")
}

/// Judges what policies together allow. What a nonce makes meaningless is taken out of them.
fn judge_directives(directives: &mut Directives, is_https: bool) -> &'static str {
    // What a directive does not say, `default-src` says, and without it everything is allowed.
    let known = |directives: &Directives, name: &'static str| {
        [name, "default-src"].into_iter().find(|name| directives.contains_key(*name))
    };
    let [script, style, object] = ["script-src", "style-src", "object-src"].map(|name| known(directives, name));
    for name in [script, style].into_iter().flatten() {
        if let Some(sources) = directives.get_mut(name).filter(|sources| has_nonce_or_hash(sources)) {
            sources.remove("'unsafe-inline'");
        }
    }
    let mut is_invalid = false;
    if let Some(sources) = script.and_then(|name| directives.get_mut(name))
        && sources.contains("'strict-dynamic'")
    {
        is_invalid = !has_nonce_or_hash(sources);
        if !is_invalid {
            let is_void = |source: &str| {
                BROAD.iter().any(|broad| source.starts_with(broad)) || matches!(source, "'self'" | "'unsafe-inline'")
            };
            sources.retain(|source| !is_void(source));
        }
    }
    let directives = &*directives;
    let everything = BTreeSet::from(["*".to_owned()]);
    let sources = |name: Option<&str>| name.and_then(|name| directives.get(name)).unwrap_or(&everything);
    let (script, style, object) = (sources(script), sources(style), sources(object));
    let is_passive = |name: &str| matches!(name, "img-src" | "media-src");
    let mut active = directives
        .iter()
        .filter(|(name, _)| !is_passive(name) && *name != "script-src")
        .flat_map(|(_, sources)| sources)
        .chain(script);
    let mut passive = ["img-src", "media-src"]
        .into_iter()
        .filter_map(|name| directives.get(name).or_else(|| directives.get("default-src")))
        .flatten();
    let is_unsafe = |source: &String| is_broad(source) || is_inline(source);
    if is_invalid {
        "csp-header-invalid"
    } else if script.iter().any(is_unsafe) || object.iter().any(|source| is_broad(source)) {
        "csp-implemented-with-unsafe-inline"
    } else if is_https && active.any(|source| is_insecure(source)) {
        "csp-implemented-with-insecure-scheme"
    } else if script.contains("'unsafe-eval'") || style.contains("'unsafe-eval'") {
        "csp-implemented-with-unsafe-eval"
    } else if is_https && passive.any(|source| is_insecure(source)) {
        "csp-implemented-with-insecure-scheme-in-passive-content-only"
    } else if style.iter().any(is_unsafe) {
        "csp-implemented-with-unsafe-inline-in-style-src-only"
    } else if directives.get("default-src").is_some_and(|only| only.len() == 1 && only.contains("'none'")) {
        "csp-implemented-with-no-unsafe-default-src-none"
    } else {
        "csp-implemented-with-no-unsafe"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sources(policies: &[&str], directive: &str) -> Vec<String> {
        parse(policies).unwrap().directives[directive].iter().cloned().collect()
    }

    #[test]
    fn two_policies_allow_what_both_allow() {
        let both = ["default-src 'self' https://a.example/x https://b.example", "default-src https://b.example 'self'"];
        assert_eq!(sources(&both, "default-src"), ["'self'", "https://b.example"]);
        assert_eq!(sources(&["img-src a.example", "img-src b.example"], "img-src"), ["'none'"]);
    }

    #[test]
    fn what_cannot_be_read_is_invalid() {
        for policy in ["", "a b", "default-src 'self'; default-src 'none'"] {
            assert!(parse(&[policy]).is_err(), "{policy}");
        }
        assert!(parse(&["img-src a/%zz", "img-src a/%zz"]).is_err());
        assert!(parse(&["report-uri /a; report-uri /b"]).unwrap().repeats);
        assert!(parse(&["x".repeat(LONGEST + 1)]).is_err());
    }

    proptest! {
        #[test]
        fn a_policy_beside_itself_is_the_policy(sources in prop::collection::btree_set("[a-z]{3,8}\\.example", 1..6)) {
            let text = format!("script-src {}", sources.iter().cloned().collect::<Vec<_>>().join(" "));
            let (once, twice) = (parse(&[&text]).unwrap(), parse(&[&text, &text]).unwrap());
            prop_assert_eq!(once.directives, twice.directives);
        }

        #[test]
        fn no_text_stops_it(first in ".{0,200}", second in "[ -~]{0,200}") {
            let _ = parse(&[first, second]);
        }
    }
}
