//! How many bytes of script and style each page makes the browser fetch.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use charter_artifact::{Artifact, ArtifactFile};
use charter_deploy_model::{Digest, Finding, Inspection, KindMeta, Location, LookedAt, Measure, Unit};
use charter_host::{Refusal, Scope, Setup};
use globset::GlobMatcher;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::gate::blocking;
use crate::{Gate, GateError, Subject, glob};

mod address;
mod compress;
mod html;

use address::{Place, Site};
use compress::{Weight, at_most, weigh};

charter_deploy_model::kind! {
    /// Holds every page to a budget of script, style and total bytes.
    ///
    /// For each HTML page it adds up what a browser must fetch from this site before the page works: `<script src>`,
    /// scripts and stylesheets that `<link>` preloads, stylesheets, and the scripts and styles within the page. Sizes
    /// are those after brotli at quality 9, as a server that compresses ahead of time sends them; the sizes without
    /// compression are measured beside them.
    ///
    /// Not counted: modules that other modules import (preload them, and they are), images and fonts, and what comes
    /// from other hosts, which is named in a note instead.
    ///
    /// ```toml
    /// [gates.page-weight]
    /// max-script-bytes = 100_000
    /// exclude = ["demo/**"]
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
        /// A page with its scripts and stylesheets is larger than the budget allows.
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
        /// A page names a script or stylesheet that is not in the site.
        ///
        /// Browsers will get an error instead of it, and its weight is unknown. Look for a typing error, a file the
        /// build left out, or a link that forgets the path under which the site is served. A file that another
        /// program serves on the same host is a case for a waiver.
        ///
        /// ```html,blocks=page-weight/missing
        /// <!doctype html><script src="gone.js"></script>
        /// ```
        "page-weight/missing": Warning, principle None;
        /// Pages fetch scripts or stylesheets from another host.
        ///
        /// Their weight is not known and not counted. If the host is the site's own, list it in `hosts`.
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
    /// How much the page with its scripts and styles may weigh, in bytes after brotli; no limit when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u64")]
    pub max_total_bytes: Option<u64>,
    /// Globs over the paths of pages that nobody holds to a budget.
    pub exclude: Vec<String>,
    /// Host names under which pages address this very site in absolute URLs, such as `example.org`.
    pub hosts: Vec<String>,
}

impl Default for PageWeightConfig {
    fn default() -> Self {
        Self {
            max_script_bytes: 100_000,
            max_style_bytes: None,
            max_total_bytes: None,
            exclude: Vec::new(),
            hosts: Vec::new(),
        }
    }
}

/// Weighs pages.
#[derive(Debug, Clone)]
pub struct PageWeight {
    config: PageWeightConfig,
    exclude: Vec<GlobMatcher>,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed, or a host is not the bare name of one.
pub fn gate(config: PageWeightConfig, _: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let compile = |pattern: &String| {
        glob::compile(pattern)
            .map_err(|error| Refusal(format!("`exclude`: `{pattern}` is not a glob: {}", error.kind())))
    };
    let exclude = config.exclude.iter().map(compile).collect::<Result<_, _>>()?;
    if let Some(host) =
        config.hosts.iter().find(|host| url::Host::parse(host).is_err() || host.contains(char::is_uppercase))
    {
        return Err(Refusal(format!("`hosts`: `{host}` is not a host name in lower case, such as `example.org`")));
    }
    Ok(Box::new(PageWeight { config, exclude }))
}

#[async_trait]
impl Gate for PageWeight {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = Arc::clone(subject.artifact()?);
        let (gate, base_path, scope) = (self.clone(), subject.base_path.clone(), scope.clone());
        blocking(move || gate.weigh_pages(&artifact, &base_path, &scope)).await
    }
}

/// A page and what it makes the browser fetch.
struct Page<'a> {
    file: &'a ArtifactFile,
    scripts: Vec<&'a ArtifactFile>,
    styles: Vec<&'a ArtifactFile>,
    inline_script: Weight,
    inline_style: Weight,
    missing: BTreeSet<String>,
    elsewhere: BTreeSet<String>,
}

/// What a page's scripts and styles weigh, and the files the page fetches beside itself.
#[derive(Clone, Copy)]
struct Load {
    script: Weight,
    style: Weight,
    files: Weight,
}

impl PageWeight {
    fn weigh_pages(&self, artifact: &Artifact, base_path: &str, scope: &Scope) -> Result<Inspection, GateError> {
        let site = Site::new(artifact, base_path, &self.config.hosts);
        let pages: Vec<&ArtifactFile> = artifact.files.iter().filter(|file| self.is_judged(&file.path)).collect();
        let scales = Scales { artifact, inline: Mutex::default() };

        let step = Step::new(scope, "reading pages", pages.len());
        let pages: Vec<Page<'_>> =
            pages.into_par_iter().map(|file| step.then(|| scales.read_page(&site, file))).collect::<Result<_, _>>()?;

        let distinct: HashMap<Digest, &ArtifactFile> = pages
            .iter()
            .flat_map(|page| page.scripts.iter().chain(&page.styles))
            .map(|file| (file.digest, *file))
            .collect();
        let mut distinct: Vec<&ArtifactFile> = distinct.into_values().collect();
        // The largest first, so that no thread is left with one at the end.
        distinct.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.path.cmp(&b.path)));
        let step = Step::new(scope, "compressing scripts and styles", distinct.len());
        let weights: HashMap<Digest, Weight> = distinct
            .par_iter()
            .with_max_len(1)
            .map(|file| step.then(|| Ok((file.digest, scales.weigh_file(file)?))))
            .collect::<Result<_, _>>()?;

        let loads: Vec<Load> = pages.iter().map(|page| page.load(&weights)).collect();
        let totals = self.totals(&scales, &pages, &loads, scope)?;
        let findings = self.findings(&pages, &loads, &totals, &weights);
        Ok(Inspection::Looked {
            findings,
            measures: measures(&pages, &loads, &totals),
            looked_at: LookedAt {
                counts: BTreeMap::from([
                    ("pages".to_owned(), pages.len() as u64),
                    ("resources".to_owned(), distinct.len() as u64),
                ]),
                undecided: Vec::new(),
            },
        })
    }

    fn is_judged(&self, path: &str) -> bool {
        let is_page = path
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ["html", "htm", "xhtml"].iter().any(|known| ending.eq_ignore_ascii_case(known)));
        is_page && !self.exclude.iter().any(|glob| glob.is_match(path))
    }

    /// Weighs the pages themselves, but only those that can be the heaviest or over the budget: a page weighs no more
    /// than it does without compression, so for most of a large site that bound says enough.
    fn totals(
        &self,
        scales: &Scales<'_>,
        pages: &[Page<'_>],
        loads: &[Load],
        scope: &Scope,
    ) -> Result<BTreeMap<usize, Weight>, GateError> {
        /// Compressed side by side before the bound is looked at again.
        const BATCH: usize = 16;
        let bound = |index: usize| loads[index].files.brotli + at_most(pages[index].file.size);
        let mut by_bound: Vec<usize> = (0..pages.len()).collect();
        by_bound.sort_by_key(|index| (std::cmp::Reverse(bound(*index)), *index));
        let step = Step::new(scope, "compressing the heaviest pages", 0);
        let mut totals = BTreeMap::new();
        let mut heaviest = 0;
        for batch in by_bound.chunks(BATCH) {
            let may_matter = |index: &&usize| {
                bound(**index) >= heaviest || self.config.max_total_bytes.is_some_and(|max| bound(**index) > max)
            };
            let batch: Vec<usize> = batch.iter().filter(may_matter).copied().collect();
            if batch.is_empty() {
                break;
            }
            let weighed: Vec<(usize, Weight)> = batch
                .into_par_iter()
                .with_max_len(1)
                .map(|index| {
                    let mut total = step.then(|| scales.weigh_file(pages[index].file))?;
                    total += loads[index].files;
                    Ok((index, total))
                })
                .collect::<Result<_, GateError>>()?;
            heaviest = weighed.iter().map(|(_, total)| total.brotli).max().unwrap_or_default().max(heaviest);
            totals.extend(weighed);
        }
        Ok(totals)
    }

    fn findings(
        &self,
        pages: &[Page<'_>],
        loads: &[Load],
        totals: &BTreeMap<usize, Weight>,
        weights: &HashMap<Digest, Weight>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, (page, load)) in pages.iter().zip(loads).enumerate() {
            let budgets = [
                ("script", load.script, Some(self.config.max_script_bytes), &page.scripts),
                ("style", load.style, self.config.max_style_bytes, &page.styles),
            ];
            for (sort, weight, budget, files) in budgets {
                if let Some(budget) = budget.filter(|budget| weight.brotli > *budget) {
                    let what = format!("fetches {} bytes of {sort} after brotli", grouped(weight.brotli));
                    findings.push(over(page, sort, &what, weight, budget, heaviest_of(files, weights)));
                }
            }
            let over_total = |total: &&Weight| self.config.max_total_bytes.is_some_and(|max| total.brotli > max);
            if let (Some(total), Some(budget)) = (totals.get(&index).filter(over_total), self.config.max_total_bytes) {
                let what = format!("weighs {} bytes after brotli with its scripts and styles", grouped(total.brotli));
                let files: Vec<&ArtifactFile> = page.scripts.iter().chain(&page.styles).copied().collect();
                findings.push(over(page, "total", &what, *total, budget, heaviest_of(&files, weights)));
            }
        }
        findings.extend(named_by(pages, |page| &page.missing).map(|(path, first, more)| {
            let message = format!("`{first}`{more} names `{path}`, which is not in the site");
            Finding::new("page-weight/missing", path, message).at(Location::file(first))
        }));
        findings.extend(named_by(pages, |page| &page.elsewhere).map(|(host, first, more)| {
            let message = format!("`{first}`{more} fetches scripts or styles from `{host}`, which are not counted");
            let help = format!("if `{host}` is this site, list it in `hosts`");
            Finding::new("page-weight/elsewhere", host, message).at(Location::file(first)).help(help)
        }));
        findings.sort();
        findings
    }
}

impl Page<'_> {
    fn load(&self, weights: &HashMap<Digest, Weight>) -> Load {
        let sum = |files: &[&ArtifactFile]| -> Weight {
            files.iter().filter_map(|file| weights.get(&file.digest)).copied().sum()
        };
        let (mut script, mut style) = (sum(&self.scripts), sum(&self.styles));
        let mut files = script;
        files += style;
        script += self.inline_script;
        style += self.inline_style;
        Load { script, style, files }
    }
}

/// Weighs what is in one artifact. Of texts within pages the same ones come again and again, so each is weighed once.
struct Scales<'a> {
    artifact: &'a Artifact,
    inline: Mutex<HashMap<[u8; 32], Weight>>,
}

impl<'a> Scales<'a> {
    fn read_page(&self, site: &Site<'a>, file: &'a ArtifactFile) -> Result<Page<'a>, GateError> {
        let mut contents = self.open(file).and_then(html::read).map_err(|error| self.unreadable(file, error))?;
        let base = site.base_of(&file.path, contents.base.as_deref());
        let (mut missing, mut elsewhere) = (BTreeSet::new(), BTreeSet::new());
        let mut files_of = |references: &[String], inline: &mut Vec<u8>| {
            let mut files: Vec<&'a ArtifactFile> = Vec::new();
            for reference in references {
                match site.locate(&base, reference) {
                    Place::File(found) if files.iter().any(|known| known.path == found.path) => {}
                    Place::File(found) => files.push(found),
                    Place::Missing(path) => _ = missing.insert(path),
                    Place::Elsewhere(host) => _ = elsewhere.insert(host),
                    Place::Here => inline.extend_from_slice(reference.as_bytes()),
                    Place::Nowhere => {}
                }
            }
            files
        };
        let scripts = files_of(&contents.scripts, &mut contents.inline_script);
        let styles = files_of(&contents.styles, &mut contents.inline_style);
        Ok(Page {
            file,
            scripts,
            styles,
            inline_script: self.weigh_text(&contents.inline_script).map_err(|error| self.unreadable(file, error))?,
            inline_style: self.weigh_text(&contents.inline_style).map_err(|error| self.unreadable(file, error))?,
            missing,
            elsewhere,
        })
    }

    fn weigh_file(&self, file: &ArtifactFile) -> Result<Weight, GateError> {
        self.open(file).and_then(|content| weigh(content, file.size)).map_err(|error| self.unreadable(file, error))
    }

    fn weigh_text(&self, text: &[u8]) -> io::Result<Weight> {
        if text.is_empty() {
            return Ok(Weight::default());
        }
        let digest: [u8; 32] = Sha256::digest(text).into();
        let known = || self.inline.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(weight) = known().get(&digest) {
            return Ok(*weight);
        }
        let weight = weigh(text, text.len() as u64)?;
        known().insert(digest, weight);
        Ok(weight)
    }

    fn open(&self, file: &ArtifactFile) -> io::Result<File> {
        File::open(self.artifact.root.join(&file.path))
    }

    fn unreadable(&self, file: &ArtifactFile, source: io::Error) -> GateError {
        GateError::Unreadable { path: self.artifact.root.join(&file.path), source }
    }
}

/// Counts how far a step is, and ends it when the caller wants that.
struct Step<'a> {
    scope: &'a Scope,
    doing: &'static str,
    total: Option<u64>,
    done: AtomicU64,
}

impl<'a> Step<'a> {
    /// Begins a step; a total of 0 is one that nobody knows.
    fn new(scope: &'a Scope, doing: &'static str, total: usize) -> Self {
        Self { scope, doing, total: (total > 0).then_some(total as u64), done: AtomicU64::new(0) }
    }

    fn then<T>(&self, work: impl FnOnce() -> Result<T, GateError>) -> Result<T, GateError> {
        if self.scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        let result = work()?;
        self.scope.progress(self.done.fetch_add(1, Ordering::Relaxed) + 1, self.total, self.doing);
        Ok(result)
    }
}

fn over(page: &Page<'_>, sort: &str, what: &str, weight: Weight, budget: u64, help: Option<String>) -> Finding {
    let path = &page.file.path;
    let message = format!("`{path}` {what} ({} without), where {} are allowed", grouped(weight.raw), grouped(budget));
    let finding = Finding::new(format!("page-weight/{sort}"), path, message).at(Location::file(path));
    Finding { help, ..finding }
}

fn heaviest_of(files: &[&ArtifactFile], weights: &HashMap<Digest, Weight>) -> Option<String> {
    const SHOWN: usize = 3;
    let weight = |file: &ArtifactFile| weights.get(&file.digest).map_or(0, |weight| weight.brotli);
    let mut files: Vec<&ArtifactFile> = files.to_vec();
    files.sort_by(|a, b| weight(b).cmp(&weight(a)).then_with(|| a.path.cmp(&b.path)));
    let shown: Vec<String> =
        files.iter().take(SHOWN).map(|file| format!("`{}` ({})", file.path, grouped(weight(file)))).collect();
    (!shown.is_empty()).then(|| format!("begin with {}", shown.join(", ")))
}

/// Turns "page names things" into one line per thing: the thing, the first page, and how many more there are.
fn named_by<'p, 'a>(
    pages: &'p [Page<'a>],
    things: impl Fn(&'p Page<'a>) -> &'p BTreeSet<String>,
) -> impl Iterator<Item = (String, String, String)> {
    let mut by_thing: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for page in pages {
        for thing in things(page) {
            by_thing.entry(thing.clone()).and_modify(|(_, pages)| *pages += 1).or_insert((page.file.path.clone(), 1));
        }
    }
    by_thing.into_iter().map(|(thing, (first, pages))| {
        let more = match pages {
            1 => String::new(),
            2 => " (and 1 more page)".to_owned(),
            _ => format!(" (and {} more pages)", pages - 1),
        };
        (thing, first, more)
    })
}

/// Measures the page that is heaviest in script, in style, and altogether; of equals the first.
fn measures(pages: &[Page<'_>], loads: &[Load], totals: &BTreeMap<usize, Weight>) -> Vec<Measure> {
    let heaviest = |weights: &mut dyn Iterator<Item = (usize, Weight)>| {
        weights.max_by_key(|(index, weight)| (*weight, std::cmp::Reverse(*index)))
    };
    let mut scripts = loads.iter().map(|load| load.script).enumerate();
    let mut styles = loads.iter().map(|load| load.style).enumerate();
    let mut totals = totals.iter().map(|(index, total)| (*index, *total));
    [("script", heaviest(&mut scripts)), ("style", heaviest(&mut styles)), ("total", heaviest(&mut totals))]
        .into_iter()
        .filter_map(|(sort, heaviest)| heaviest.map(|(index, weight)| (sort, &pages[index].file.path, weight)))
        .flat_map(|(sort, page, weight)| {
            let measure = |how, bytes: u64| Measure {
                name: format!("{sort}-{how}"),
                subject: page.clone(),
                value: bytes as f64,
                unit: Unit::Bytes,
            };
            [measure("brotli", weight.brotli), measure("raw", weight.raw)]
        })
        .collect()
}

/// Writes a number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
