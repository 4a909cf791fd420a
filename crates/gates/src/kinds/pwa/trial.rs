//! An app, tried out: installed by a first visit, and started when there is no network.

use std::time::Duration;

use charter_browser::{Answer, AppManifest, Browser, BrowserError, Ignored, Page};
use charter_deploy_model::{Finding, Location};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::PwaConfig;
use super::manifest::Judged;
use super::pages::Place;
use super::wire::Wire;

/// Waits for the page's service worker, and tells what became of it.
const WORKER: &str = include_str!("worker.js");

/// Says whether a page shows anything.
const SHOWS: &str = "Boolean(document.body && (document.body.innerText.trim() \
                     || document.body.querySelector('img, svg, canvas, video, iframe, input, button')))";

/// How long a page may stay busy after it was loaded.
const REST: Duration = Duration::from_secs(10);

/// What is tried out, and where.
pub(super) struct Trial<'a> {
    pub(super) browser: &'a Browser,
    pub(super) place: &'a Place,
    pub(super) config: &'a PwaConfig,
    pub(super) judged: &'a Judged,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
    /// How many pages were loaded without a network.
    pub(super) pages: u64,
}

/// What a page tells of its service workers.
#[derive(Debug, Deserialize)]
struct Worker {
    #[serde(default)]
    active: bool,
    registrations: Vec<Registration>,
}

#[derive(Debug, Deserialize)]
struct Registration {
    scope: String,
    state: String,
}

impl Trial<'_> {
    pub(super) async fn run(&self) -> Result<Told, BrowserError> {
        let mut told = Told::default();
        if let Some(page) = &self.judged.page {
            told.findings.extend(self.ignored(page).await?);
        }
        if let Some(start) = &self.judged.start {
            self.start(start, &mut told).await?;
        }
        Ok(told)
    }

    /// Returns what the browser ignores in the manifest that a page links.
    async fn ignored(&self, from: &Url) -> Result<Vec<Finding>, BrowserError> {
        let page = self.browser.page().await?;
        page.open(from.as_str()).await?;
        let AppManifest { url, ignored } = page.app_manifest().await?;
        // A script may have put another in its place.
        let file = url.parse().ok().and_then(|url| self.place.file(&url));
        let Some(file) = file.filter(|file| file.path == self.judged.path) else { return Ok(Vec::new()) };
        let text = self.place.read(file, u64::MAX).unwrap_or_default();
        let lines = String::from_utf8_lossy(&text).lines().count();
        // Where the app starts is judged already, and the preview is another host than those that are the site's.
        let is_judged = |message: &str| {
            ["property 'start_url'", "property 'scope'"].iter().any(|judged| message.starts_with(judged))
                || (!self.config.hosts.is_empty()
                    && ["same origin", "within scope"].iter().any(|it| message.contains(it)))
        };
        let told = ignored.into_iter().filter(|ignored| !is_judged(&ignored.message));
        let told = told.map(|Ignored { message, line, column }| {
            let message = message.trim().replace(char::is_control, " ");
            let place = match line {
                line if (1..=lines).contains(&(line as usize)) => {
                    Location::file(&file.path).line(line).column(column.max(1))
                }
                _ => Location::file(&file.path),
            };
            let words = message.trim_end_matches('.');
            Finding::new("pwa/property", &file.path, format!("`{}`: {words}", file.path)).at(place)
        });
        Ok(told.collect())
    }

    /// Loads the start page as a first visitor does, and without a network after that.
    async fn start(&self, start: &Url, told: &mut Told) -> Result<(), BrowserError> {
        let preview = &self.place.preview;
        let host = preview.host_str().unwrap_or("127.0.0.1").to_owned();
        let Ok(mut wire) = Wire::lay(host, preview.port_or_known_default().unwrap_or(80)).await else {
            told.undecided.push("there was no port for the way to the preview".to_owned());
            return Ok(());
        };
        let address = wire.address();
        let here = |url: &Url| {
            let mut url = url.clone();
            // An address of loopback can be the host of any URL with one.
            let _ = url.set_ip_host(address.ip()).and_then(|()| url.set_port(Some(address.port())));
            url
        };
        let first = here(start);
        let page = self.browser.page().await?;
        match page.visit(first.as_str()).await {
            Ok(Answer { status: 200, .. }) => {}
            Ok(Answer { status, .. }) => {
                told.findings.push(self.at_start(start, &format!("which is answered with status {status}")));
                return Ok(());
            }
            Err(BrowserError::NotLoaded { reason, .. }) => {
                told.findings.push(self.at_start(start, &format!("which does not load: {reason}")));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if !self.config.offline {
            return Ok(());
        }
        // Some pages never stop asking for something.
        if let Ok(Err(error)) = tokio::time::timeout(REST, page.settle()).await {
            return Err(error);
        }
        let script = format!("{WORKER}({})", self.config.wait_seconds * 1000);
        let worker = read(page.evaluate(&script).await?)?;
        if !worker.active {
            told.findings.push(self.without_worker(start, &first, &worker));
            return Ok(());
        }
        let further = self.config.offline_pages.iter().filter_map(|path| {
            let url = self.place.preview.join(path.trim_start_matches('/'));
            let url = url.ok().filter(|url| url.origin() == self.place.preview.origin());
            if url.is_none() {
                told.undecided.push(format!("`{path}` is no path of the site, so it was not tried out"));
            }
            url
        });
        let all: Vec<(Url, Url)> = std::iter::once(start.clone()).chain(further).map(|url| (here(&url), url)).collect();
        // A worker that stores more than it waits for is given time, so that the result is the same every time.
        wire.quiet(Duration::from_secs(self.config.wait_seconds)).await;
        page.forget_cache().await?;
        wire.cut().await;
        for (url, shown) in all {
            match self.offline(&page, &url).await {
                Ok(None) => told.pages += 1,
                Ok(Some(what)) => {
                    told.pages += 1;
                    told.findings.push(self.not_offline(&shown, &what));
                }
                Err(BrowserError::Hung { limit, .. }) => {
                    let path = path_of(&shown);
                    let limit = limit.as_secs();
                    told.undecided.push(format!("`{path}` did not load within {limit} s without a network, nor fail"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Loads a page without a network, and returns what is wrong.
    async fn offline(&self, page: &Page, url: &Url) -> Result<Option<String>, BrowserError> {
        match page.visit(url.as_str()).await {
            Ok(Answer { from_service_worker: false, .. }) => {
                return Ok(Some("is not answered by the service worker".to_owned()));
            }
            Ok(Answer { status: 200, .. }) => {}
            Ok(Answer { status, .. }) => return Ok(Some(format!("is answered with status {status}"))),
            Err(BrowserError::NotLoaded { reason, .. }) => return Ok(Some(format!("does not load: {reason}"))),
            Err(error) => return Err(error),
        }
        if let Ok(Err(error)) = tokio::time::timeout(REST, page.settle()).await {
            return Err(error);
        }
        let shows = page.evaluate(SHOWS).await?;
        Ok((shows != Value::Bool(true)).then(|| "shows nothing".to_owned()))
    }

    fn at_start(&self, start: &Url, what: &str) -> Finding {
        let path = &self.judged.path;
        let message = format!("`{path}` starts at `{}`, {what}", path_of(start));
        Finding::new("pwa/start-url", path, message).key("loads").at(Location::file(path))
    }

    fn without_worker(&self, start: &Url, first: &Url, worker: &Worker) -> Finding {
        let page = path_of(start);
        let what = match worker.registrations.first() {
            None => format!("`{page}` registers no service worker when it is loaded"),
            Some(Registration { scope, state }) if first.as_str().starts_with(scope.as_str()) => {
                let state = state.replace(char::is_control, " ");
                format!(
                    "the service worker of `{page}` is `{state}`, and not active, after {} s",
                    self.config.wait_seconds
                )
            }
            Some(Registration { scope, .. }) => {
                let scope = scope.parse().map_or_else(|_| String::new(), |scope| path_of(&scope));
                format!("the service worker that `{page}` registers is for `{scope}`, where the page is not")
            }
        };
        let path = &self.judged.path;
        Finding::new("pwa/service-worker", path, what).key("start").at(Location::file(path))
    }

    fn not_offline(&self, page: &Url, what: &str) -> Finding {
        let (path, page_path) = (&self.judged.path, path_of(page));
        let finding =
            Finding::new("pwa/offline", path, format!("`{page_path}` {what} without a network")).key(&page_path);
        let finding = finding.help("have the service worker store the page, and what it needs, when it is installed");
        match self.place.file(page) {
            Some(file) => finding.at(Location::file(&file.path)),
            None => finding.at(Location::file(path)),
        }
    }
}

/// Reads what a page tells; it could have replaced the functions that it is asked with, so anything may come.
fn read(answer: Value) -> Result<Worker, BrowserError> {
    let malformed = |error| BrowserError::Script { message: format!("it does not tell its service workers: {error}") };
    serde_json::from_value(answer).map_err(malformed)
}

/// Returns a URL without its host.
fn path_of(url: &Url) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", url.path())
}

/// Reads what a page could tell, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(super) fn fuzz(answer: &[u8]) {
    let Ok(answer) = serde_json::from_slice(answer) else { return };
    let _ = read(answer).map(|worker| worker.active);
}
