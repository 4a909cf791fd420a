//! Whether everything that the site refers to is there.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_deploy_model::{Inspection, KindMeta, LookedAt, Measure, Unit};
use charter_host::{Refusal, Scope, Setup};
use globset::GlobMatcher;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::blocking;
use crate::{Gate, GateError, Subject, glob};

pub(crate) mod address;
pub(crate) mod documents;
mod elements;
mod index;
mod judge;
mod read;
pub(crate) mod references;
mod report;
pub(crate) mod syntax;
mod targets;

use address::Site;
use index::Index;
use judge::{Fault, Rules};
use report::Report;
use targets::{Numbering, TargetId};

charter_deploy_model::kind! {
    /// Follows every link and resource within the site, with fragments, as a browser would.
    ///
    /// It reads pages (links, images with `srcset`, scripts, stylesheets, frames, media, forms, redirects, SVG, inline
    /// styles), stylesheets, SVG images, web app manifests, sitemaps, feeds and `robots.txt`, and resolves what they
    /// refer to against the base path and `<base href>`. A folder is its `index.html`. URLs with the site's own host
    /// are followed when it is listed in `hosts`; other hosts are counted and not asked.
    ///
    /// There is one finding for each target, however many pages refer to it: its subject is the target, and it points
    /// at the first three places. So one wrong link in a template is one finding, and a waiver can name the target.
    /// Only links with wrong capitals are listed one by one, up to 100 of a target, as each can be put right by an edit.
    ///
    /// Not followed: what is in comments and `<template>`, and what scripts make. A part of a page that a script names
    /// is not there for this gate; list it in `ignore-fragments`. Fragments that begin with `#/` and `#!` are taken for
    /// a script's own paths.
    ///
    /// ```toml
    /// [gates.links]
    /// hosts = ["example.org"]
    /// exclude = ["archive/**"]
    /// ignore = ["api/**"]
    /// ignore-fragments = ["src/**/*.html#*"]
    /// ```
    ///
    /// ```html,passes
    /// <!doctype html><title>Home</title><h1 id="news">News</h1><a href="./#news">News</a> <a href="#top">Up</a>
    /// ```
    pub static META: "links", needs Artifact, lane Shared {
        /// A page links to a page that is not in the site.
        ///
        /// Readers get an error page. Look for a page that was moved or renamed without a redirect, a typing error, or a
        /// folder without an `index.html`. What another program serves on the same host belongs in `ignore`.
        ///
        /// ```html,blocks=links/missing
        /// <!doctype html><a href="gone.html">More</a>
        /// ```
        "links/missing": Error, principle None;
        /// A page fetches an image, script, stylesheet or other file that is not in the site.
        ///
        /// ```html,blocks=links/resource
        /// <!doctype html><img src="small.png" srcset="large.png 2x" alt="A lighthouse">
        /// ```
        "links/resource": Error, principle None;
        /// A link names a part of a page that the page does not have.
        ///
        /// Readers land at the top of the page and must look for themselves. A part has the name that its `id` gives
        /// it, capitals included, or an `<a>` its `name`. Of a page that sends its readers on, and has a script that
        /// hands on `location.hash`, the parts are those of the page where they arrive.
        ///
        /// ```html,blocks=links/fragment
        /// <!doctype html><a href="#news">News</a><h2 id="News">News</h2>
        /// ```
        "links/fragment": Warning, principle None;
        /// A link forgets the path under which the site is served.
        ///
        /// `/guide.html` on a site under `/docs/` leads out of the site, though the site has that very file. It works as
        /// long as the site is looked at under `/`. Write a relative link.
        ///
        /// ```html,under=/docs/,blocks=links/base-path
        /// <!doctype html><a href="/index.html">Home</a>
        /// ```
        "links/base-path": Error, principle None;
        /// A link leads out of the site to another path of its host, which is not looked at.
        ///
        /// ```html,under=/docs/,passes
        /// <!doctype html><a href="/imprint.html">Imprint</a>
        /// ```
        "links/outside": Note, principle None;
        /// A link is right but for its capitals.
        ///
        /// It works on the machines of those whose file system does not tell `About.html` from `about.html`, and
        /// nowhere else.
        ///
        /// ```html,blocks=links/case
        /// <!doctype html><a href="Index.html">Home</a>
        /// ```
        "links/case": Error, principle None;
        /// A reference is no URL, or a file of URLs cannot be read to its end.
        ///
        /// ```html,blocks=links/malformed
        /// <!doctype html><a href="https://exa mple.org/">Example</a>
        /// ```
        "links/malformed": Warning, principle None;
        /// A page fetches a file, or sends a form, without encryption.
        ///
        /// Browsers refuse that within a page that came over HTTPS: the file is not shown, the form warns.
        ///
        /// ```html,blocks=links/insecure
        /// <!doctype html><script src="http://cdn.example.net/library.js"></script>
        /// ```
        "links/insecure": Warning, principle None;
        /// A page refers to a file on the machine of whoever wrote it.
        ///
        /// That is a `file:` URL, or something fetched from `localhost`. A mere link to `localhost` is not meant, as
        /// instructions have them.
        ///
        /// ```html,blocks=links/own-machine
        /// <!doctype html><img src="http://localhost:3000/logo.png" alt="Our logo">
        /// ```
        "links/own-machine": Warning, principle None;
        /// A link to a folder lacks the last slash, so that each reader is sent on by the server first.
        ///
        /// ```html,under=/docs/,passes
        /// <!doctype html><a href="/docs">Home</a>
        /// ```
        "links/redirect": Note, principle None;
    }
}

/// The section `[gates.links]`. Globs are over paths below the site, or from the host's root for what is outside it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LinksConfig {
    /// Globs over the files whose links nobody follows; others may still link to them.
    pub exclude: Vec<String>,
    /// Globs over the targets that need not be there; of other URLs, over the whole URL.
    pub ignore: Vec<String>,
    /// Globs over a page and a fragment that the page need not have, such as `api/**/*.html#method.*`.
    pub ignore_fragments: Vec<String>,
    /// Host names under which pages address this very site in absolute URLs, such as `example.org`.
    pub hosts: Vec<String>,
    /// Whether the server sends `about.html` for `about`, as GitHub Pages does.
    pub clean_urls: bool,
}

/// Follows links.
#[derive(Debug, Clone)]
pub struct Links {
    config: LinksConfig,
    exclude: Vec<GlobMatcher>,
    ignore: Vec<GlobMatcher>,
    ignore_fragments: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, or a host is not the bare name of one.
pub fn gate(config: LinksConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let (exclude, ignore) =
        (glob::compile_all("exclude", &config.exclude)?, glob::compile_all("ignore", &config.ignore)?);
    let ignore_fragments = glob::compile_all("ignore-fragments", &config.ignore_fragments)?;
    let is_host = |host: &&String| url::Host::parse(host).is_ok() && !host.contains(char::is_uppercase);
    if let Some(host) = config.hosts.iter().find(|host| !is_host(host)) {
        return Err(Refusal(format!("`hosts`: `{host}` is not a host name in lower case, such as `example.org`")));
    }
    Ok(Box::new(Links { config, exclude, ignore, ignore_fragments }))
}

#[async_trait]
impl Gate for Links {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = Arc::clone(subject.artifact()?);
        let (gate, base_path, scope) = (self.clone(), subject.base_path.clone(), scope.clone());
        blocking(move || gate.follow_links(&artifact, &base_path, &scope)).await
    }
}

impl Links {
    fn follow_links(&self, artifact: &Artifact, base_path: &str, scope: &Scope) -> Result<Inspection, GateError> {
        let site = Site::new(base_path, &self.config.hosts);
        let numbering = Numbering::new();
        let sources = read::sources(artifact, &site, &self.exclude, &numbering, scope)?;
        let targets = numbering.finish();
        let index = Index::new(artifact, self.config.clean_urls);
        let rules = Rules {
            site: &site,
            index: &index,
            sources: &sources,
            targets: &targets,
            ignore: &self.ignore,
            ignore_fragments: &self.ignore_fragments,
        };
        let ids: Vec<TargetId> = targets.ids().collect();
        let faults: HashMap<TargetId, Fault> =
            ids.into_par_iter().filter_map(|id| Some((id, rules.judge(targets.get(id))?))).collect();
        let report = Report {
            artifact,
            base_path: site.base_path(),
            index: &index,
            sources: &sources,
            targets: &targets,
            faults: &faults,
        };
        let found = report.findings(scope)?;
        let within = sources.iter().map(|source| source.within).sum();
        let elsewhere = sources.iter().map(|source| source.elsewhere).sum();
        let mut undecided: Vec<String> = sources.iter().filter_map(|source| source.undecided.clone()).collect();
        undecided.extend(found.undecided);
        Ok(Inspection::Looked {
            findings: found.findings,
            measures: vec![
                count("links-within", within),
                count("links-elsewhere", elsewhere),
                count("links-faulty", found.references),
            ],
            looked_at: LookedAt {
                counts: BTreeMap::from([
                    ("pages".to_owned(), sources.iter().filter(|source| source.parts.is_some()).count() as u64),
                    ("links".to_owned(), within),
                    ("targets".to_owned(), targets.len() as u64),
                ]),
                undecided,
                ..LookedAt::default()
            },
        })
    }
}

/// Measures something of the whole site; what a file refers to twice counts once.
fn count(name: &str, value: u64) -> Measure {
    Measure {
        name: name.to_owned(),
        subject: "/".to_owned(),
        value: value as f64,
        unit: Unit::Count,
        samples: Vec::new(),
    }
}
