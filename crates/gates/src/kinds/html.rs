//! Whether pages are sound HTML, and open to everyone as far as that shows without a browser.

use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use charter_artifact::{Artifact, ArtifactFile};
use charter_deploy_model::{Inspection, KindMeta, LookedAt};
use charter_host::{Refusal, Scope, Setup};
use globset::GlobMatcher;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::html::MAX_BYTES;
use crate::{Gate, GateError, Only, Subject, glob};

mod document;
mod element;
mod fault;
mod findings;
mod language;
mod names;
mod nesting;
mod page;

use fault::Fault;

charter_deploy_model::kind! {
    /// Finds what is wrong with the HTML of each page, also for those who cannot see it.
    ///
    /// It reads tags as browsers do and tells only what is certain without one: what shows in colours, sizes or after
    /// scripts have run is for other gates. What is in `<template>`, `<noscript>`, or hidden (`hidden`, `aria-hidden`)
    /// is not judged for what people meet. Files that end with `.xhtml` are another language and left out.
    ///
    /// One thing in one page is told once, however often it is there, and of one code no more than ten things and the
    /// rest together. What is wrong in the same way in more than twenty pages comes from what they share: it is told
    /// once, with the first of them, and its subject is a glob over their folder, such as `docs/**`. A waiver for that
    /// folder covers it, and one for a single page does not. Of a code with more than 2,000 findings they are told as
    /// one.
    ///
    /// ```toml
    /// [gates.html]
    /// exclude = ["vendor/**"]
    /// ```
    ///
    /// ```html,passes
    /// <!doctype html>
    /// <html lang="en">
    /// <meta charset="utf-8">
    /// <title>A page</title>
    /// <h1>Hello</h1>
    /// <p><label>Your name <input name="name"></label>
    /// <p><a href="/"><img src="home.svg" alt="Home"></a>
    /// ```
    pub static META: "html", needs Artifact, lane Shared {
        /// A page does not begin with `<!doctype html>`.
        ///
        /// Browsers then imitate the faults of those of 1998 (quirks mode): other widths, other heights, other selectors.
        /// A file that has no `<html>`, `<head>`, `<title>` or `<body>` either may be a part that other pages show: it is
        /// told here alone, and not that it lacks a language, a title or a heading.
        ///
        /// ```html,blocks=html/doctype
        /// <html lang="en"><title>A page</title><h1>Hello</h1>
        /// ```
        "html/doctype": Warning, principle None;
        /// A page's encoding is not UTF-8, not named, or named too late.
        ///
        /// Browsers look for `<meta charset>` in the first 1,024 bytes; without it a letter may come out as another. A page of
        /// ASCII alone needs none.
        ///
        /// ```html,blocks=html/charset
        /// <!doctype html><html lang="en"><title>Zürich</title><h1>Grüezi</h1>
        /// ```
        "html/charset": Warning, principle None;
        /// A page does not say which language it is in, or says it in no known form.
        ///
        /// Screen readers choose the voice by it, and browsers hyphens and translations. Write a language tag of BCP 47 such as
        /// `en`, `de-CH` or `zh-Hant`.
        ///
        /// WCAG 2.2, 3.1.1 Language of Page (A).
        ///
        /// ```html,blocks=html/language
        /// <!doctype html><html lang="en_US"><title>A page</title><h1>Hello</h1>
        /// ```
        "html/language": Error, principle None;
        /// A page has no title, or an empty one.
        ///
        /// It is what a tab, a bookmark and a search result are called, and what a screen reader says first.
        ///
        /// WCAG 2.2, 2.4.2 Page Titled (A).
        ///
        /// ```html,blocks=html/title
        /// <!doctype html><html lang="en"><title> </title><h1>Hello</h1>
        /// ```
        "html/title": Error, principle None;
        /// A page forbids people to enlarge it.
        ///
        /// Whoever sees badly needs at least twice the size.
        ///
        /// WCAG 2.2, 1.4.4 Resize Text (AA).
        ///
        /// ```html,blocks=html/zoom
        /// <!doctype html><html lang="en"><title>A page</title><meta name="viewport" content="width=device-width, user-scalable=no"><h1>Hello</h1>
        /// ```
        "html/zoom": Error, principle None;
        /// An image has no text that can take its place.
        ///
        /// Screen readers then read out the file's name. An image that only decorates has an empty text: `alt=""`. The same goes
        /// for `<input type="image">` and the areas of an image map.
        ///
        /// WCAG 2.2, 1.1.1 Non-text Content (A).
        ///
        /// ```html,blocks=html/image-text
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><img src="bridge.jpg">
        /// ```
        "html/image-text": Error, principle None;
        /// A form's control has no label.
        ///
        /// Nobody who cannot see the page learns what to fill in. Put the control in a `<label>` or name its id in `<label for>`;
        /// `aria-label`, `aria-labelledby`, `title` and `placeholder` are taken too.
        ///
        /// WCAG 2.2, 1.3.1 Info and Relationships, 4.1.2 Name, Role, Value (A).
        ///
        /// ```html,blocks=html/label
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><p>Search <input name="q">
        /// ```
        "html/label": Error, principle None;
        /// A link has no text.
        ///
        /// A screen reader can then say no more of it than its address. A picture in it counts with its `alt`.
        ///
        /// WCAG 2.2, 2.4.4 Link Purpose (In Context), 4.1.2 Name, Role, Value (A).
        ///
        /// ```html,blocks=html/link-text
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><a href="/"><img src="home.svg" alt=""></a>
        /// ```
        "html/link-text": Error, principle None;
        /// A button has no text.
        ///
        /// A screen reader can then say no more of it than that it is one.
        ///
        /// WCAG 2.2, 4.1.2 Name, Role, Value (A).
        ///
        /// ```html,blocks=html/button-text
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><button><svg viewBox="0 0 1 1"><path d="M0 0h1"/></svg></button>
        /// ```
        "html/button-text": Error, principle None;
        /// An `<iframe>` has no title.
        ///
        /// Whoever cannot see it does not know whether to enter it.
        ///
        /// WCAG 2.2, 4.1.2 Name, Role, Value (A).
        ///
        /// ```html,blocks=html/frame-title
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><iframe src="map.html"></iframe>
        /// ```
        "html/frame-title": Error, principle None;
        /// A level of headings is left out.
        ///
        /// Whoever goes through a page by its headings looks for what would be in between. Not a failure of WCAG by itself, but of
        /// its advice for 1.3.1 Info and Relationships (G141).
        ///
        /// ```html,blocks=html/heading-order
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><h3>Deep</h3>
        /// ```
        "html/heading-order": Warning, principle None;
        /// A page has no `<h1>`.
        ///
        /// It is where many who use a screen reader begin to read. A page that only leads to another needs none.
        ///
        /// ```html,passes
        /// <!doctype html><html lang="en"><title>A page</title><p>Hello
        /// ```
        "html/no-heading": Note, principle None;
        /// A page has several `<h1>`.
        ///
        /// Nothing forbids it; one makes clear what the page as a whole is about.
        ///
        /// ```html,passes
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><h1>Hello again</h1>
        /// ```
        "html/several-h1": Note, principle None;
        /// An id is there more than once.
        ///
        /// Links, labels and scripts find the first element of that id and not the one that was meant.
        ///
        /// ```html,blocks=html/duplicate-id
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><p id="a">One<p id="a">Two
        /// ```
        "html/duplicate-id": Warning, principle None;
        /// An element takes the keyboard's focus before its turn.
        ///
        /// A `tabindex` above 0 puts it before everything else on the page, also before what is added later.
        ///
        /// WCAG 2.2, 2.4.3 Focus Order (A), failure F44.
        ///
        /// ```html,blocks=html/tabindex
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><a href="/" tabindex="2">Home</a>
        /// ```
        "html/tabindex": Warning, principle None;
        /// An element is obsolete.
        ///
        /// The standard tells browsers how to treat it for the sake of old pages, and authors not to use it.
        ///
        /// ```html,blocks=html/obsolete
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><center>Hello</center>
        /// ```
        "html/obsolete": Warning, principle None;
        /// A page breaks the syntax of HTML.
        ///
        /// Browsers go on, each by the same rules, but seldom with what was meant. The names are those of the parse errors in the
        /// HTML standard; the place is just behind what is wrong.
        ///
        /// ```html,blocks=html/syntax
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><p class="a" class="b">Twice
        /// ```
        "html/syntax": Warning, principle None;
        /// An element is never ended.
        ///
        /// Whatever follows is in it as well. Elements whose end the standard lets be left out, such as `<p>` and `<li>`, may stay
        /// open.
        ///
        /// ```html,blocks=html/unclosed
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><div>For ever
        /// ```
        "html/unclosed": Warning, principle None;
        /// An end tag ends nothing.
        ///
        /// Browsers ignore it, or make an empty paragraph of it. Often it ended an element too early.
        ///
        /// ```html,blocks=html/stray-end
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1></div>
        /// ```
        "html/stray-end": Warning, principle None;
        /// Elements overlap, or are where they cannot be.
        ///
        /// Browsers repair it: they end the outer element early, end the inner one twice, or move it out of the table. What is
        /// styled or scripted by its place may then be elsewhere.
        ///
        /// ```html,blocks=html/nesting
        /// <!doctype html><html lang="en"><title>A page</title><h1>Hello</h1><p>A list: <ul><li>One</ul></p>
        /// ```
        "html/nesting": Warning, principle None;
    }
}

/// The section `[gates.html]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HtmlConfig {
    /// Globs over the paths of pages that are not looked at.
    pub exclude: Vec<String>,
}

/// Reads pages.
#[derive(Debug, Clone)]
pub struct Html {
    exclude: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: HtmlConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    Ok(Box::new(Html { exclude }))
}

#[async_trait]
impl Gate for Html {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = Arc::clone(subject.artifact()?);
        let (gate, only, scope) = (self.clone(), subject.only.clone(), scope.clone());
        blocking(move || gate.read_pages(&artifact, only.as_deref(), &scope)).await
    }
}

impl Html {
    fn read_pages(&self, artifact: &Artifact, only: Option<&Only>, scope: &Scope) -> Result<Inspection, GateError> {
        let wanted = |path: &str| only.is_none_or(|only| only.site.contains(path));
        let pages: Vec<(usize, &ArtifactFile)> = artifact
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| is_html(&file.path) && !self.exclude.iter().any(|glob| glob.is_match(&file.path)))
            .collect();
        let judged: Vec<(usize, &ArtifactFile)> =
            pages.iter().filter(|(_, file)| wanted(&file.path)).copied().collect();
        if judged.is_empty() && !pages.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "No page changed.".to_owned() });
        }
        let (read, large): (Vec<_>, Vec<_>) = judged.into_iter().partition(|(_, file)| file.size <= MAX_BYTES);
        let looked_at = LookedAt {
            undecided: large
                .iter()
                .map(|(_, file)| {
                    format!("`{}` has {} bytes, and more than {MAX_BYTES} are not read", file.path, file.size)
                })
                .collect(),
            ..LookedAt::of("pages", read.len() as u64)
        };
        let total = read.len() as u64;
        let done = std::sync::atomic::AtomicU64::new(0);
        let check = |(index, file): (usize, &ArtifactFile)| -> Result<(usize, Vec<Fault>), GateError> {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            let path = artifact.root.join(&file.path);
            let content = fs::read(&path).map_err(|source| GateError::Unreadable { path, source })?;
            let faults = page::check(&content);
            let done = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            scope.progress(done, Some(total), "reading pages");
            Ok((index, faults))
        };
        let pages = read.into_par_iter().map(check).collect::<Result<Vec<_>, _>>()?;
        Ok(Inspection::Looked { findings: findings::of(artifact, pages), measures: Vec::new(), looked_at })
    }
}

fn is_html(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("html") || ending.eq_ignore_ascii_case("htm"))
}

/// Judges any content as a page, for the fuzzer: every fault is in the page.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let lines = content.iter().filter(|byte| **byte == b'\n').count() + 1;
    for Fault { place, times, .. } in page::check(content) {
        assert!(times > 0, "a fault is told that is nowhere");
        assert!(place.is_none_or(|(line, column)| line > 0 && column > 0 && line as usize <= lines), "{place:?}");
    }
}
