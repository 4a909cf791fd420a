//! How many bytes each page makes the browser fetch.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Inspection, KindMeta, LookedAt, Measure, Unit};
use charter_host::{Refusal, Scope, Setup};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::gate::blocking;
use crate::html::is_page;
use crate::{Gate, GateError, Subject, glob};

mod address;
mod compress;
mod contents;
mod findings;
mod pages;
mod scales;
mod step;
mod stylesheet;

pub use compress::Compression;

use address::Site;
use pages::{FileIndex, Load, Page, Pages, Sort};
use scales::Scales;

charter_deploy_model::kind! {
    /// Holds every page, and files that are named, to a budget of bytes.
    ///
    /// For each HTML page it adds up what a browser fetches from this site to show it:
    ///
    /// - script: `<script src>` and what `<link>` preloads, the modules that modules import statically, and the scripts
    ///   within the page;
    /// - style: stylesheets, those that they import, and the styles within the page;
    /// - image: `<img>`, `<picture>`, `poster`, and what stylesheets name; of the files that a browser chooses from the
    ///   largest counts, as if the screen were wide and sharp;
    /// - font: preloaded ones, and of each `@font-face` the first source that browsers of today read; of one that is cut
    ///   up by `unicode-range`, the part with the Latin letters;
    /// - total: all of these and the page itself.
    ///
    /// Sizes are those after brotli at quality 5, as servers send them that compress while they answer; what is
    /// compressed already, such as WebP and WOFF2, counts as it is. The heaviest page of each sort is also measured after
    /// gzip and without compression.
    ///
    /// Not counted: what is fetched later (`import()`, `loading="lazy"`), icons, video and audio, frames, modules under
    /// a bare name, whatever only an import map leads to, and what comes from other hosts, which is named in a note
    /// instead. Rules of a stylesheet count whether or not they apply.
    ///
    /// ```toml
    /// [gates.page-weight]
    /// max-script-bytes = 100_000
    /// max-total-bytes = 500_000
    /// exclude = ["demo/**"]
    ///
    /// [[gates.page-weight.files]]
    /// glob = "*.html"
    /// max-bytes = 50_000
    /// compression = "gzip"
    /// ```
    ///
    /// ```html,passes
    /// <!doctype html><title>Light</title><script>document.title += "!"</script>
    /// ```
    pub static META: "page-weight", needs Artifact, lane Shared {
        /// A page makes the browser fetch more script than the budget allows.
        ///
        /// Script is the most expensive thing a page can send: it is fetched, parsed and run before the page reacts.
        /// Send less, split it so that a page gets only what it needs, or load it when it is asked for.
        ///
        /// ```toml
        /// [gates.page-weight]
        /// max-script-bytes = 20
        /// ```
        ///
        /// ```html,blocks=page-weight/script
        /// <!doctype html><script>console.log("More than twenty bytes, even after compression.")</script>
        /// ```
        "page-weight/script": Error, principle Some(PerformanceFirst);
        /// A page makes the browser fetch more style than the budget allows.
        ///
        /// The browser shows nothing until it has read every stylesheet. There is no such budget until one is set.
        ///
        /// ```toml
        /// [gates.page-weight]
        /// max-style-bytes = 20
        /// ```
        ///
        /// ```html,blocks=page-weight/style
        /// <!doctype html><style>body { margin: 0 auto; font-family: serif; max-width: 40em }</style>
        /// ```
        "page-weight/style": Error, principle Some(PerformanceFirst);
        /// A page makes the browser fetch larger images than the budget allows.
        ///
        /// Offer smaller files for smaller screens (`srcset`), a format that packs better (AVIF, WebP), or let images
        /// that are not seen at first wait (`loading="lazy"`). There is no such budget until one is set.
        "page-weight/image": Error, principle Some(PerformanceFirst);
        /// A page makes the browser fetch larger fonts than the budget allows.
        ///
        /// Text stays unseen or jumps until its font is there. Use WOFF2, fewer weights, and only the letters that the
        /// site needs. There is no such budget until one is set.
        "page-weight/font": Error, principle Some(PerformanceFirst);
        /// A page with all it makes the browser fetch is larger than the budget allows.
        ///
        /// There is no such budget until one is set.
        ///
        /// ```toml
        /// [gates.page-weight]
        /// max-total-bytes = 20
        /// ```
        ///
        /// ```html,blocks=page-weight/total
        /// <!doctype html><p>The five boxing wizards jump quickly.</p>
        /// ```
        "page-weight/total": Error, principle Some(PerformanceFirst);
        /// A file is larger than the budget for files of its name allows.
        ///
        /// ```toml
        /// [[gates.page-weight.files]]
        /// glob = "**/*.html"
        /// max-bytes = 20
        /// compression = "none"
        /// ```
        ///
        /// ```html,blocks=page-weight/file
        /// <!doctype html><p>The five boxing wizards jump quickly.</p>
        /// ```
        "page-weight/file": Error, principle Some(PerformanceFirst);
        /// A budget is for files of which the site has none.
        ///
        /// It holds nothing to anything: the file was renamed, or the glob has a typing error.
        ///
        /// ```toml
        /// [[gates.page-weight.files]]
        /// glob = "app-*.js"
        /// max-bytes = 100_000
        /// ```
        ///
        /// ```html,blocks=page-weight/no-file
        /// <!doctype html><p>Without script.</p>
        /// ```
        "page-weight/no-file": Warning, principle None;
        /// A page, stylesheet or module names a script or stylesheet that is not in the site.
        ///
        /// Browsers will get an error instead of it, and its weight is unknown. Look for a typing error, a file the
        /// build left out, or a link that forgets the path under which the site is served. A file that another
        /// program serves on the same host is a case for a waiver. Images and fonts that are missing weigh nothing; the
        /// gate `links` names them.
        ///
        /// ```html,blocks=page-weight/missing
        /// <!doctype html><script src="gone.js"></script>
        /// ```
        "page-weight/missing": Warning, principle None;
        /// Pages fetch something from another host.
        ///
        /// Its weight is not known and not counted. If the host is the site's own, list it in `hosts`.
        ///
        /// ```html,passes
        /// <!doctype html><script src="https://cdn.example.net/library.js"></script>
        /// ```
        "page-weight/elsewhere": Note, principle None;
    }
}

/// The section `[gates.page-weight]`. Sizes are bytes after brotli.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PageWeightConfig {
    /// How much script a page may make the browser fetch, in bytes after brotli.
    pub max_script_bytes: u64,
    /// How much style, in bytes after brotli; no limit when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub max_style_bytes: Option<u64>,
    /// How much the images may weigh, in bytes as they are sent; no limit when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub max_image_bytes: Option<u64>,
    /// How much the fonts may weigh, in bytes as they are sent; no limit when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub max_font_bytes: Option<u64>,
    /// How much the page with all it fetches may weigh, in bytes after brotli; no limit when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub max_total_bytes: Option<u64>,
    /// Budgets for single files, whether or not a page fetches them.
    pub files: Vec<FileBudget>,
    /// Globs over the paths of pages that nobody holds to a budget.
    pub exclude: Vec<String>,
    /// Host names under which pages address this very site in absolute URLs, such as `example.org`.
    pub hosts: Vec<String>,
}

/// A budget that every file of a name is held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileBudget {
    /// A glob over the paths of the site's files.
    pub glob: String,
    /// How much each of them may weigh, in bytes after compression.
    pub max_bytes: u64,
    /// The compression.
    #[serde(default)]
    pub compression: Compression,
}

impl Default for PageWeightConfig {
    fn default() -> Self {
        Self {
            max_script_bytes: 100_000,
            max_style_bytes: None,
            max_image_bytes: None,
            max_font_bytes: None,
            max_total_bytes: None,
            files: Vec::new(),
            exclude: Vec::new(),
            hosts: Vec::new(),
        }
    }
}

impl PageWeightConfig {
    const fn budget(&self, sort: Sort) -> Option<u64> {
        match sort {
            Sort::Script => Some(self.max_script_bytes),
            Sort::Style => self.max_style_bytes,
            Sort::Image => self.max_image_bytes,
            Sort::Font => self.max_font_bytes,
            Sort::Total => self.max_total_bytes,
        }
    }
}

/// Weighs pages.
#[derive(Debug, Clone)]
pub struct PageWeight {
    config: PageWeightConfig,
    exclude: Vec<GlobMatcher>,
    files: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, or a host is not the bare name of one.
pub fn gate(config: PageWeightConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    let files = config.files.iter().map(|budget| glob::compile_of("files", &budget.glob)).collect::<Result<_, _>>()?;
    if let Some(host) =
        config.hosts.iter().find(|host| url::Host::parse(host).is_err() || host.contains(char::is_uppercase))
    {
        return Err(Refusal(format!("`hosts`: `{host}` is not a host name in lower case, such as `example.org`")));
    }
    Ok(Box::new(PageWeight { config, exclude, files }))
}

#[async_trait]
impl Gate for PageWeight {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = Arc::clone(subject.artifact()?);
        let (gate, base_path, scope) = (self.clone(), subject.base_path.clone(), scope.clone());
        blocking(move || gate.weigh(&artifact, &base_path, &scope)).await
    }
}

impl PageWeight {
    fn weigh(&self, artifact: &Artifact, base_path: &str, scope: &Scope) -> Result<Inspection, GateError> {
        let site = Site::new(artifact, base_path, &self.config.hosts);
        let judged = files(artifact, |path| is_page(path) && !self.exclude.iter().any(|glob| glob.is_match(path)));
        let read = Pages::read(artifact, &site, &judged, scope)?;

        let mut brotli = Scales::new(artifact, &site, Compression::Brotli);
        let mut gzip = Scales::new(artifact, &site, Compression::Gzip);
        let mut findings = findings::of_references(artifact, &read);
        let mut measures = Vec::new();
        for sort in Sort::ALL {
            let loads: Vec<&Load> = read.pages.iter().map(|page| page.load(sort)).collect();
            let budget = self.config.budget(sort);
            let weights = brotli.weigh_heavy(&loads, budget, scope)?;
            for (index, weight) in &weights {
                let over = budget.filter(|budget| weight > budget);
                findings.extend(
                    over.map(|budget| findings::of_page(artifact, &read.pages[*index], sort, *weight, budget, &brotli)),
                );
            }
            let heaviest = weights.into_iter().max_by_key(|(index, weight)| (*weight, std::cmp::Reverse(*index)));
            if let Some((index, weight)) = heaviest {
                let page: &Page = &read.pages[index];
                let packed = [
                    ("brotli", weight),
                    ("gzip", gzip.weigh(page.load(sort), scope)?),
                    ("raw", raw(artifact, page.load(sort))),
                ];
                measures.extend(packed.map(|(how, bytes)| measure(artifact, sort.name(), how, page.file, bytes)));
            }
        }
        self.weigh_files(artifact, [&mut brotli, &mut gzip], scope, &mut findings, &mut measures)?;
        findings.sort();
        let counts = [("pages", read.pages.len() as u64), ("resources", read.resources)];
        let looked_at = LookedAt {
            counts: counts.into_iter().map(|(sort, count)| (sort.to_owned(), count)).collect::<BTreeMap<_, _>>(),
            undecided: read.undecided,
            ..LookedAt::default()
        };
        Ok(Inspection::Looked { findings, measures, looked_at })
    }

    fn weigh_files(
        &self,
        artifact: &Artifact,
        [brotli, gzip]: [&mut Scales<'_>; 2],
        scope: &Scope,
        findings: &mut Vec<Finding>,
        measures: &mut Vec<Measure>,
    ) -> Result<(), GateError> {
        for (budget, glob) in self.config.files.iter().zip(&self.files) {
            let matching = files(artifact, |path| glob.is_match(path));
            let loads: Vec<Load> = matching.iter().map(|file| Load { files: [*file].into(), text: None }).collect();
            let loads: Vec<&Load> = loads.iter().collect();
            let weights = match budget.compression {
                Compression::Brotli => brotli.weigh_heavy(&loads, Some(budget.max_bytes), scope)?,
                Compression::Gzip => gzip.weigh_heavy(&loads, Some(budget.max_bytes), scope)?,
                Compression::None => loads.iter().map(|load| raw(artifact, load)).enumerate().collect(),
            };
            if matching.is_empty() {
                findings.push(findings::of_no_file(budget));
            }
            let over = weights.iter().filter(|(_, weight)| **weight > budget.max_bytes);
            findings.extend(over.map(|(index, weight)| findings::of_file(artifact, matching[*index], *weight, budget)));
            let heaviest = weights.into_iter().max_by_key(|(index, weight)| (*weight, std::cmp::Reverse(*index)));
            let how = budget.compression.name();
            measures.extend(heaviest.map(|(index, weight)| measure(artifact, "file", how, matching[index], weight)));
        }
        // Two budgets may be for one file.
        measures.sort_by(|a, b| (&a.name, &a.subject).cmp(&(&b.name, &b.subject)));
        measures.dedup();
        Ok(())
    }
}

fn files(artifact: &Artifact, wanted: impl Fn(&str) -> bool) -> Vec<FileIndex> {
    (0..).zip(artifact.files.iter()).filter(|(_, file)| wanted(&file.path)).map(|(index, _)| index).collect()
}

fn raw(artifact: &Artifact, load: &Load) -> u64 {
    let files: u64 = load.files.iter().map(|file| artifact.files[*file as usize].size).sum();
    files + load.text.map_or(0, |text| text.bytes)
}

fn measure(artifact: &Artifact, sort: &str, how: &str, file: FileIndex, bytes: u64) -> Measure {
    Measure {
        name: format!("{sort}-{how}"),
        subject: artifact.files[file as usize].path.clone(),
        value: bytes as f64,
        unit: Unit::Bytes,
        samples: Vec::new(),
    }
}

/// Reads any content as a page and as a stylesheet, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(content: &[u8]) {
    let _ = contents::read(content);
    let _ = stylesheet::Stylesheet::read(&String::from_utf8_lossy(content));
}
