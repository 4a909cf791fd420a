//! The header fields by which a site protects its users, graded as Mozilla's Observatory grades them.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use charter_artifact::{Artifact, ArtifactFile};
use charter_deploy_model::{Finding, Inspection, KindMeta, LeftOut, LookedAt, Measure, Unit};
use charter_host::{Refusal, Scope, Setup};
use globset::GlobMatcher;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::gate::blocking;
use crate::html::{self, is_page};
use crate::{DependsOn, Gate, GateError, Subject, glob};

mod answer;
mod cookies;
mod csp;
mod findings;
mod grade;
mod live;
mod page;
mod rules;
#[cfg(test)]
mod tests;
mod transport;

pub use grade::Grade;

use answer::{Answer, Headers as Fields, Route};
use live::Live;
use rules::Rules;

charter_deploy_model::kind! {
    /// Grades the security headers of the site as Mozilla's HTTP Observatory does.
    ///
    /// Where the headers are read depends on who sends them. With `url` the live server is asked, with TLS and without,
    /// and its headers are judged together with the pages of this build: use it for a server whose configuration is not
    /// part of the release. Else the file `_headers` of the build is read, which Netlify and Cloudflare Pages follow,
    /// and every page is graded by itself: the answer of a live server would be that of the release before. With
    /// neither, nobody knows the headers, and only what pages say themselves is judged: a policy in a `<meta>`, a
    /// referrer policy, and scripts from elsewhere without `integrity`. No grade is given then.
    ///
    /// GitHub Pages cannot be told to send headers and do not read `_headers`, so the file does not count for the target
    /// `git-branch`; set `reads-headers-file` where another host publishes that branch.
    ///
    /// The figures are those of mdn-http-observatory 1.4.8, and the differences are five. The list of hosts that
    /// browsers ship as preloaded is not asked. A comma parts two policies, as in browsers. A `max-age` that is no
    /// number is invalid. Whatever is in a `<noscript>` does not count. A grade from `_headers` is without the test of
    /// redirection, which no file tells. A script is the site's own when its host is the site's or one below it.
    ///
    /// ```toml
    /// [gates.headers]
    /// minimum-grade = "A"
    /// ```
    ///
    /// ```text
    /// # public/_headers
    /// /*
    ///   Content-Security-Policy: default-src 'none'; img-src 'self'; form-action 'none'; frame-ancestors 'none'
    ///   Strict-Transport-Security: max-age=31536000
    ///   X-Content-Type-Options: nosniff
    /// ```
    ///
    /// ```html,site=index.html,passes
    /// <!doctype html><html lang="en"><title>Closed</title>
    /// <meta http-equiv="Content-Security-Policy" content="default-src 'self'; object-src 'none'">
    /// ```
    pub static META: "headers", needs Artifact, lane Shared {
        /// The grade is below the one that is asked for.
        ///
        /// The finding names the page that does worst and what it lost points for.
        "headers/grade": Error, principle None;
        /// There is no Content Security Policy, or one that lets in what it should keep out.
        ///
        /// A policy in a page counts too, without the directives that browsers ignore there.
        ///
        /// ```html,site=index.html,blocks=headers/content-security-policy
        /// <!doctype html><html lang="en"><title>Open</title>
        /// <meta http-equiv="Content-Security-Policy" content="script-src 'self' 'unsafe-inline'; object-src 'none'">
        /// ```
        "headers/content-security-policy": Warning, principle None;
        /// A page of a host that sends no headers brings no policy of its own.
        ///
        /// GitHub Pages are such a host. A `<meta http-equiv="Content-Security-Policy">` is all that can be done there.
        "headers/no-policy": Note, principle None;
        /// A cookie can be read by scripts or on its way, or is sent with requests from other sites.
        "headers/cookies": Warning, principle None;
        /// Every other site may read this one with its users' credentials.
        "headers/cross-origin-resource-sharing": Warning, principle None;
        /// The address without TLS does not lead to the one with TLS as it should.
        ///
        /// Only a live server tells, so this needs `url`.
        "headers/redirection": Warning, principle None;
        /// Other sites are told which page somebody came from.
        ///
        /// ```html,site=index.html,blocks=headers/referrer-policy
        /// <!doctype html><html lang="en"><title>Open</title><meta name="referrer" content="unsafe-url">
        /// ```
        "headers/referrer-policy": Warning, principle None;
        /// Browsers are not told to come back with TLS only.
        "headers/strict-transport-security": Warning, principle None;
        /// A page loads a script from elsewhere, and nothing tells the browser when it was changed.
        ///
        /// The site's own host is not elsewhere: say which it is by `host` or `url`, else by the file `CNAME`.
        ///
        /// ```html,site=index.html,blocks=headers/subresource-integrity
        /// <!doctype html><html lang="en"><title>Open</title><script src="https://cdn.example.net/a.js"></script>
        /// ```
        "headers/subresource-integrity": Warning, principle None;
        /// Browsers may guess what a file is, and take for a script what is none.
        "headers/x-content-type-options": Warning, principle None;
        /// Every other site can show this one in a frame, and have its users click what they do not see.
        "headers/x-frame-options": Warning, principle None;
        /// The header that says who may embed the site's files cannot be read.
        "headers/cross-origin-resource-policy": Warning, principle None;
        /// A line of `_headers` says nothing to a host.
        ///
        /// ```text,site=_headers,blocks=headers/syntax
        /// X-Frame-Options: DENY
        /// ```
        "headers/syntax": Warning, principle None;
        /// There is a `_headers` that the host does not read.
        ///
        /// GitHub Pages do not. Whoever wrote it believes in a protection that is not there.
        "headers/ignored": Warning, principle None;
    }
}

/// The section `[gates.headers]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HeadersConfig {
    /// The address of the live site, to ask its server; without it the file `_headers` of the build is read.
    pub url: Option<String>,
    /// The host under which users see the site, such as `example.org`; that of `url`, or else of the file `CNAME`.
    pub host: Option<String>,
    /// Whether the host follows `_headers`; unless said, all but the target `git-branch` do.
    pub reads_headers_file: Option<bool>,
    /// The worst grade that is good enough.
    pub minimum_grade: Grade,
    /// Globs over the paths of pages that are not looked at.
    pub exclude: Vec<String>,
}

/// Reads headers and pages.
#[derive(Debug, Clone)]
pub struct Headers {
    url: Option<Url>,
    host: Option<String>,
    reads_headers_file: Option<bool>,
    minimum: Grade,
    exclude: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When the address or a glob is malformed.
pub fn gate(config: HeadersConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    let url = config.url.as_deref().map(|text| {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.filter(|url| url.username().is_empty() && url.password().is_none());
        url.ok_or_else(|| Refusal("`url`: this is no address such as `https://example.org/`".to_owned()))
    });
    let url = url.transpose()?;
    let host = config.host.or_else(|| url.as_ref()?.host_str().map(str::to_owned));
    let host = host.map(|host| host.to_ascii_lowercase());
    let (reads_headers_file, minimum) = (config.reads_headers_file, config.minimum_grade);
    Ok(Box::new(Headers { url, host, reads_headers_file, minimum, exclude }))
}

/// The file by which hosts are told what to send.
const FILE: &str = "_headers";
/// The target that GitHub Pages publish from.
const GIT_BRANCH: &str = "git-branch";

#[async_trait]
impl Gate for Headers {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// A live server may answer otherwise at any time; without one, the build tells all. The target, which says whether
    /// `_headers` is read, is part of what a result is remembered by.
    fn depends_on(&self) -> DependsOn {
        if self.url.is_some() { DependsOn::Moment } else { DependsOn::Artifact }
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = Arc::clone(subject.artifact()?);
        let (mut undecided, mut live) = (Vec::new(), None);
        if let Some(url) = &self.url {
            match live::ask(url, scope).await {
                Ok(answer) => live = Some(answer),
                Err(why) => undecided.push(format!("the headers of `{url}` are not known: {why}")),
            }
        }
        let (gate, subject, scope) = (self.clone(), subject.clone(), scope.clone());
        blocking(move || gate.judge(&artifact, &subject, live, undecided, &scope)).await
    }
}

/// Who says what is sent.
#[derive(Debug)]
enum Source {
    Live(Box<Live>),
    File(Rules),
    Nobody,
}

/// What came of one page.
#[derive(Debug, Default)]
struct Judged {
    path: String,
    /// What the page itself does wrong.
    own: Vec<Finding>,
    has_policy: bool,
    /// Each test with its result where the headers are those of this page, and what they add up to.
    graded: Option<Graded>,
}

#[derive(Debug, Clone)]
struct Graded {
    /// Tests that failed for what the server sends.
    sent: Vec<(&'static str, &'static str)>,
    /// All that cost points.
    lost: Vec<&'static str>,
    points: u32,
    grade: Grade,
    cookie: Option<String>,
}

impl Headers {
    fn judge(
        &self,
        artifact: &Artifact,
        subject: &Subject,
        live: Option<Live>,
        mut undecided: Vec<String>,
        scope: &Scope,
    ) -> Result<Inspection, GateError> {
        let mut findings = Vec::new();
        let is_pages = subject.target.as_deref() == Some(GIT_BRANCH) && self.reads_headers_file != Some(true);
        let source = match (live, &self.url, artifact.file(FILE)) {
            (Some(live), ..) => Source::Live(Box::new(live)),
            (None, None, Some(file)) if !is_pages && self.reads_headers_file != Some(false) => {
                let rules = rules_of(artifact, file, &mut undecided)?;
                findings.extend(rules.problems.iter().map(findings::syntax));
                Source::File(rules)
            }
            (None, None, Some(_)) => {
                findings.push(findings::ignored());
                Source::Nobody
            }
            _ => Source::Nobody,
        };
        let host = self.host.clone().or_else(|| domain_of(artifact));
        let all: Vec<&ArtifactFile> = artifact
            .files
            .iter()
            .filter(|file| is_page(&file.path) && !self.exclude.iter().any(|glob| glob.is_match(&file.path)))
            .collect();
        let is_for_all = matches!(source, Source::File(_)) && subject.is_about(FILE);
        let wanted = |file: &&ArtifactFile| is_for_all || subject.is_about(&file.path);
        let (read, large): (Vec<_>, Vec<_>) =
            all.into_iter().filter(wanted).partition(|file| file.size <= html::MAX_BYTES);
        undecided.extend(large.iter().map(|file| {
            format!("`{}` has {} bytes, and more than {} are not read", file.path, file.size, html::MAX_BYTES)
        }));
        if read.is_empty() && self.url.is_none() && undecided.is_empty() && findings.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "there is no page".to_owned() });
        }
        let place = Place { source: &source, host: host.as_deref(), base_path: &subject.base_path };
        let read_page = |file: &&ArtifactFile| -> Result<Judged, GateError> {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            let path = artifact.root.join(&file.path);
            let content = fs::read(&path).map_err(|source| GateError::Unreadable { path, source })?;
            Ok(place.judge_page(&file.path, &content))
        };
        let mut pages = read.par_iter().map(read_page).collect::<Result<Vec<_>, _>>()?;
        if let Source::Live(live) = &source {
            let file = file_of(artifact, &live.url, &subject.base_path);
            let is_there = file.is_some_and(|file| pages.iter().any(|page| page.path == file.path));
            for page in pages.iter_mut().filter(|page| file.is_none_or(|file| file.path != page.path)) {
                page.graded = None;
            }
            if !is_there {
                // Its findings would be about a page that is not of this build.
                let graded = place.judge_page(live.url.path(), &live.body).graded;
                pages.push(Judged { path: live.url.path().to_owned(), has_policy: true, graded, ..Judged::default() });
            }
        }
        let subject_name = match (&source, &self.url) {
            (Source::Live(_), Some(url)) => url.as_str(),
            _ => FILE,
        };
        findings.extend(findings::of_server(&pages, subject_name, self.minimum));
        if is_pages && matches!(source, Source::Nobody) {
            findings.extend(pages.iter().filter(|page| !page.has_policy).map(findings::no_policy));
        }
        let worst = pages.iter().filter_map(|page| page.graded.as_ref()).map(|graded| graded.points).min();
        let measure = |points: u32| Measure {
            name: "points".to_owned(),
            subject: subject_name.to_owned(),
            value: f64::from(points),
            unit: Unit::Score,
            samples: Vec::new(),
        };
        let measures = worst.filter(|_| subject.only.is_none()).map(measure).into_iter().collect();
        findings.extend(pages.into_iter().flat_map(|page| page.own));
        findings.sort();
        undecided.sort();
        let left_out = left_out(&source, is_pages, self.url.is_some());
        let looked_at = LookedAt { undecided, left_out, ..LookedAt::of("pages", read.len() as u64) };
        Ok(Inspection::Looked { findings, measures, looked_at })
    }
}

/// What holds for every page.
struct Place<'a> {
    source: &'a Source,
    host: Option<&'a str>,
    base_path: &'a str,
}

impl Place<'_> {
    fn judge_page(&self, path: &str, content: &[u8]) -> Judged {
        let page = page::read(content);
        let mut of_file = Fields::default();
        let none = Fields::default();
        let (headers, cors, cookies, route, is_https) = match self.source {
            Source::Live(live) => {
                let cookies = cookies::keep(live.cookies.iter().map(String::as_str), live.url.host_str());
                (&live.headers, &live.cors, cookies, live.route.clone(), live.url.scheme() == "https")
            }
            Source::File(rules) => {
                of_file = rules.headers(self.host, &paths_of(path, self.base_path));
                if of_file.get("content-type").is_none() {
                    of_file.add("content-type", "text/html");
                }
                let cookies = cookies::keep(of_file.cookies.iter().map(String::as_str), self.host);
                (&of_file, &of_file, cookies, Route::Unknown, true)
            }
            Source::Nobody => (&of_file, &none, Vec::new(), Route::Unknown, true),
        };
        let answer = Answer { headers, page: &page, is_https, host: self.host, cookies: &cookies, cors, route };
        let judged = grade::judge(&answer);
        let is_own = |test: &str| match test {
            "content-security-policy" => !page.policies.is_empty(),
            "referrer-policy" => page.referrer.is_some(),
            "subresource-integrity" => true,
            _ => false,
        };
        let failed: Vec<(&str, &str)> =
            judged.results.iter().copied().filter(|(_, result)| grade::modifier(result) < 0).collect();
        let (own, sent): (Vec<_>, Vec<_>) = failed.iter().copied().partition(|(test, _)| is_own(test));
        let by_results = own.into_iter().filter(|(test, _)| *test != "subresource-integrity");
        let mut own: Vec<Finding> = by_results.map(|(test, result)| findings::of_page(path, test, result)).collect();
        own.extend(findings::of_scripts(path, content, &page.unchecked(self.host)));
        let graded = (!matches!(self.source, Source::Nobody)).then(|| Graded {
            sent,
            lost: failed.iter().map(|(_, result)| *result).collect(),
            points: judged.points,
            grade: judged.grade,
            cookie: judged.cookie.map(str::to_owned),
        });
        Judged { path: path.to_owned(), own, has_policy: !page.policies.is_empty(), graded }
    }
}

fn rules_of(artifact: &Artifact, file: &ArtifactFile, undecided: &mut Vec<String>) -> Result<Rules, GateError> {
    if file.size > rules::MAX_BYTES as u64 {
        undecided.push(format!("`{FILE}` has {} bytes, and more than {} are not read", file.size, rules::MAX_BYTES));
        return Ok(Rules::default());
    }
    let path = artifact.root.join(FILE);
    let content = fs::read(&path).map_err(|source| GateError::Unreadable { path, source })?;
    Ok(rules::read(&String::from_utf8_lossy(&content)))
}

/// Returns the domain that the build itself names for GitHub Pages.
fn domain_of(artifact: &Artifact) -> Option<String> {
    artifact.file("CNAME").filter(|file| file.size <= 1_000)?;
    let text = fs::read_to_string(artifact.root.join("CNAME")).ok()?;
    text.split_whitespace().next().map(str::to_ascii_lowercase)
}

/// Returns the paths under which hosts serve a page: by its name, and without the ending.
fn paths_of(file: &str, base_path: &str) -> Vec<String> {
    let whole = format!("{}/{}", base_path.trim_end_matches('/'), file.trim_start_matches('/'));
    let short = match whole.strip_suffix("index.html") {
        Some(folder) if folder.ends_with('/') => Some(folder.to_owned()),
        _ => whole.strip_suffix(".html").map(str::to_owned),
    };
    std::iter::once(whole.clone()).chain(short).collect()
}

/// Returns the page of the build that is served under an address.
fn file_of<'a>(artifact: &'a Artifact, url: &Url, base_path: &str) -> Option<&'a ArtifactFile> {
    let decoded = percent_encoding::percent_decode_str(url.path()).decode_utf8().ok()?;
    let below = decoded.strip_prefix(base_path.trim_end_matches('/'))?.trim_start_matches('/');
    let names = match below.is_empty() || below.ends_with('/') {
        true => [format!("{below}index.html"), String::new(), String::new()],
        false => [below.to_owned(), format!("{below}.html"), format!("{below}/index.html")],
    };
    names.iter().find_map(|name| artifact.file(name))
}

/// Returns what could not be looked for, and why.
fn left_out(source: &Source, is_pages: bool, was_asked: bool) -> BTreeMap<String, LeftOut> {
    let (tests, why): (&[&str], &str) = match source {
        Source::Live(live) if live.route == Route::Unknown => {
            (&["redirection"], "the site was asked with TLS only, under a port of its own")
        }
        Source::Live(_) => (&[], ""),
        Source::File(_) => (&["redirection"], "only a live server tells, and there is no `url`"),
        Source::Nobody => (
            &[
                "grade",
                "cookies",
                "cross-origin-resource-sharing",
                "redirection",
                "strict-transport-security",
                "x-content-type-options",
                "x-frame-options",
                "cross-origin-resource-policy",
            ],
            match (was_asked, is_pages) {
                (true, _) => "the live site did not answer",
                (false, true) => "GitHub Pages cannot be told which headers to send",
                (false, false) => {
                    "nobody knows which headers are sent: set `url`, or write `_headers` where the host reads it"
                }
            },
        ),
    };
    let could_be = was_asked || !is_pages || !matches!(source, Source::Nobody);
    let told = |test: &&str| (format!("headers/{test}"), LeftOut { why: why.to_owned(), could_be });
    tests.iter().map(told).collect()
}

/// Reads any text as policies, a cookie and `_headers`, for the fuzzers.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz_csp(text: &str) {
    let policies: Vec<&str> = text.split('\n').collect();
    if let Ok(alone) = csp::parse(&policies[..1]) {
        drop((alone, csp::parse(&policies)));
    }
    let _ = cookies::parse(text, Some("www.example.org"));
}

/// Reads any text as `_headers`: every problem is in a line of it.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz_file(text: &str) {
    let rules = rules::read(text);
    let lines = text.lines().count();
    assert!(rules.problems.iter().all(|problem| (1..=lines).contains(&(problem.line as usize))));
    let _ = rules.headers(Some("example.org"), &["/a/b.html".to_owned()]);
}
