//! What axe finds in every page, in a real browser.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use async_trait::async_trait;
use charter_browser::{Browser, BrowserError, Page};
use charter_deploy_model::{Finding, Inspection, KindMeta, LookedAt};
use charter_host::{Environment, Refusal, Scope, Setup};
use globset::GlobMatcher;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::{DependsOn, Gate, GateError, Subject, browsed, glob, tools};

mod axe;

charter_deploy_model::kind! {
    /// Opens every page in Chromium and asks axe-core what people with disabilities would stumble over.
    ///
    /// Each page is loaded from the preview, in a browser that sees this machine only, and axe judges the document as
    /// it then is: with its styles, and with what its scripts made of it. The rules are those that axe assigns to the
    /// configured level of WCAG. A finding's subject is `<axe's rule>: <page>`, so that a waiver can be for a rule
    /// (`color-contrast: **`), a page (`*: guide/index.html`) or both.
    ///
    /// What axe cannot decide (text over an image, say) is left to a person: it is inconclusive until a waiver says
    /// that somebody looked. A page that leads elsewhere by itself shows nothing: it is counted, and what it leads to is
    /// judged as a page of its own. About half of what WCAG asks for can be found by a program at all; the rest takes people.
    ///
    /// axe-core and Chromium are installed by `cargo xtask setup`. Without them the gate is inconclusive.
    ///
    /// ```toml
    /// [gates.accessibility]
    /// level = "aa"
    /// exclude = ["demo/**"]
    /// ```
    pub static META: "accessibility", needs Preview, lane Shared {
        /// A page breaks a rule of WCAG's level A: for some people it cannot be used at all.
        ///
        /// ```html,blocks=accessibility/a
        /// <!doctype html><html lang="en"><title>Level A</title><main><h1>Photo</h1><img src="data:,"></main></html>
        /// ```
        "accessibility/a": Error, principle None;
        /// A page breaks a rule of WCAG's level AA, such as enough contrast.
        ///
        /// ```html,blocks=accessibility/aa
        /// <!doctype html><html lang="en"><title>Level AA</title><main><h1>Pale</h1>
        /// <p style="color: #ccc; background: #fff">Hard to read.</p></main></html>
        /// ```
        "accessibility/aa": Error, principle None;
        /// A page breaks a rule of WCAG's level AAA.
        ///
        /// ```toml
        /// [gates.accessibility]
        /// level = "aaa"
        /// ```
        ///
        /// ```html,blocks=accessibility/aaa
        /// <!doctype html><html lang="en"><title>Level AAA</title><main><h1>Grey</h1>
        /// <p style="color: #707070; background: #fff">Readable for most.</p></main></html>
        /// ```
        "accessibility/aaa": Error, principle None;
    }
}

/// The section `[gates.accessibility]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct AccessibilityConfig {
    /// The level of WCAG that pages are held to.
    pub level: Level,
    /// The version of WCAG.
    pub version: Version,
    /// Globs over the paths of pages that are not looked at.
    pub exclude: Vec<String>,
    /// The most pages that are looked at; what is beyond is undecided. A page takes about a third of a second.
    pub max_pages: usize,
}

impl Default for AccessibilityConfig {
    fn default() -> Self {
        Self { level: Level::default(), version: Version::default(), exclude: Vec::new(), max_pages: 500 }
    }
}

/// A level of WCAG; each holds those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Without it some people cannot use the page at all.
    A,
    /// What laws usually ask for.
    #[default]
    Aa,
    /// More than can be asked of every page.
    Aaa,
}

/// A version of WCAG; each holds those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Version {
    /// Of 2008.
    #[serde(rename = "2.0")]
    V20,
    /// Of 2018.
    #[default]
    #[serde(rename = "2.1")]
    V21,
    /// Of 2023.
    #[serde(rename = "2.2")]
    V22,
}

/// Asks axe about pages.
#[derive(Debug, Clone)]
pub struct Accessibility {
    config: AccessibilityConfig,
    exclude: Vec<GlobMatcher>,
    environment: Environment,
}

/// Builds the gate.
///
/// # Errors
/// When a glob is malformed.
pub fn gate(config: AccessibilityConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    let exclude = glob::compile_all("exclude", &config.exclude)?;
    Ok(Box::new(Accessibility { config, exclude, environment: setup.host.environment.clone() }))
}

/// How long a page may take to load, and axe to judge it.
const PAGE_LIMIT: Duration = Duration::from_secs(20);

#[async_trait]
impl Gate for Accessibility {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// A page looks the same whenever it is loaded, for it sees nothing but the build.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Artifact
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = subject.artifact()?;
        let preview = browsed::preview(subject)?;
        let mut pages = browsed::pages(artifact, &self.exclude);
        pages.retain(|page| subject.is_about(page));
        if pages.is_empty() {
            return Ok(Inspection::NotApplicable { reason: "there is no page".to_owned() });
        }
        let mut undecided = Vec::new();
        let done = "looked at: raise `max-pages`, or `exclude` what nobody reads";
        browsed::bound(&mut pages, self.config.max_pages, done, &mut undecided);
        let script = tools::find(&self.environment, "axe-core/axe.min.js")?;
        let axe = std::fs::read_to_string(&script).map_err(|source| GateError::Unreadable { path: script, source })?;
        let call = axe::call(self.config.level, self.config.version);
        let work = Arc::new(Work {
            browser: browsed::start(&self.environment, cores(), PAGE_LIMIT).await?,
            axe,
            call,
            preview: preview.to_owned(),
            total: pages.len() as u64,
            left: Mutex::new(pages.into()),
            scope: scope.clone(),
        });
        let mut workers = JoinSet::new();
        for _ in 0..cores() {
            workers.spawn(Arc::clone(&work).judge_pages());
        }
        let (mut findings, mut looked_at, mut redirects) = (Vec::new(), 0, 0);
        while let Some(ended) = workers.join_next().await {
            let judged = match ended {
                Ok(judged) => judged,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => return Err(GateError::Cancelled),
            };
            for Judged { page, result } in judged {
                match result {
                    Ok(None) => redirects += 1,
                    Ok(Some(found)) => {
                        looked_at += 1;
                        findings.extend(found.into_iter().map(|found| self.finding(&page, found)));
                    }
                    Err(problem) => undecided.push(format!("`{page}` could not be judged: {problem}")),
                }
            }
        }
        if scope.cancel.is_cancelled() {
            return Err(GateError::Cancelled);
        }
        // A browser that died takes no page with it in silence.
        let forgotten: Vec<String> = work.left().drain(..).collect();
        undecided.extend(forgotten.iter().map(|page| format!("`{page}` was not looked at, for Chromium died")));
        findings.sort();
        undecided.sort();
        Ok(Inspection::Looked {
            findings,
            measures: Vec::new(),
            looked_at: LookedAt { undecided, ..counted(looked_at, redirects) },
        })
    }
}

impl Accessibility {
    fn finding(&self, page: &str, found: axe::Found) -> Finding {
        let code = match found.level() {
            Level::A => "accessibility/a",
            Level::Aa => "accessibility/aa",
            Level::Aaa => "accessibility/aaa",
        };
        let elements = match found.count {
            1 => "1 element".to_owned(),
            count => format!("{count} elements"),
        };
        let first = found.first.as_deref().map(|html| format!(", first `{html}`")).unwrap_or_default();
        let does = if found.needs_review { "may break" } else { "breaks" };
        let message = format!("`{page}` {does} `{}` ({}): {elements}{first}", found.rule, found.help);
        let finding = Finding::new(code, format!("{}: {page}", found.rule), message)
            .at(charter_deploy_model::Location::file(page))
            .help(format!("see {}", found.help_url));
        if found.needs_review { finding.needs_review() } else { finding }
    }
}

fn counted(pages: u64, redirects: u64) -> LookedAt {
    let mut looked_at = LookedAt::of("pages", pages);
    if redirects > 0 {
        looked_at.counts.insert("redirects".to_owned(), redirects);
    }
    looked_at
}

fn cores() -> usize {
    available_parallelism().map_or(2, usize::from)
}

/// What the workers share.
struct Work {
    browser: Browser,
    axe: String,
    call: String,
    preview: String,
    total: u64,
    left: Mutex<VecDeque<String>>,
    scope: Scope,
}

/// What became of one page.
struct Judged {
    page: String,
    /// Nothing, when the page leads elsewhere.
    result: Result<Option<Vec<axe::Found>>, String>,
}

impl Work {
    fn left(&self) -> std::sync::MutexGuard<'_, VecDeque<String>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges pages until none is left, or the browser is gone.
    async fn judge_pages(self: Arc<Self>) -> Vec<Judged> {
        let mut judged = Vec::new();
        let mut open = None;
        while !self.scope.cancel.is_cancelled() {
            let (page, left) = {
                let mut left = self.left();
                let Some(page) = left.pop_front() else { break };
                (page, left.len() as u64)
            };
            self.scope.progress(self.total - left, Some(self.total), "asking axe about pages");
            let result = self.judge(&mut open, &page).await;
            if result.is_err() {
                // Whatever hangs in it is not taken over to the next one.
                open = None;
            }
            let died = matches!(result, Err(BrowserError::Died));
            judged.push(Judged { page, result: result.map_err(|error| browsed::with_cause(&error)) });
            if died {
                break;
            }
        }
        judged
    }

    async fn judge(&self, open: &mut Option<Page>, path: &str) -> Result<Option<Vec<axe::Found>>, BrowserError> {
        let page = match open {
            Some(page) => page,
            None => open.insert(self.browser.page().await?),
        };
        let address = browsed::address(&self.preview, path);
        page.open(&address).await?;
        let answer = self.ask_axe(page).await;
        match &answer {
            Ok(_) => {}
            // It may have left under axe's feet, or before axe was asked, and what it leads to is not there yet.
            Err(BrowserError::Refused { .. } | BrowserError::Script { .. }) => page.settle().await?,
            Err(_) => return answer.map(|_| None),
        }
        // A script may change `location` and stay; this is what the document was loaded from.
        let loaded = page.evaluate("performance.getEntriesByType('navigation')[0]?.name ?? ''").await?;
        if !is_same_page(loaded.as_str().unwrap_or_default(), &address) {
            return Ok(None);
        }
        axe::read(&answer?).map(Some).map_err(|problem| BrowserError::Script { message: problem })
    }

    async fn ask_axe(&self, page: &Page) -> Result<serde_json::Value, BrowserError> {
        page.evaluate(&self.axe).await?;
        page.evaluate(&self.call).await
    }
}

/// Says whether two addresses are of one page, however they are escaped.
fn is_same_page(one: &str, other: &str) -> bool {
    let plain = |address: &str| {
        let page = address.split('#').next().unwrap_or_default();
        percent_encoding::percent_decode_str(page).collect::<Vec<u8>>()
    };
    plain(one) == plain(other)
}
