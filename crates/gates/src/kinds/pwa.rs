//! Whether the site can be installed, and starts without a network.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{Finding, Inspection, KindMeta, LookedAt};
use charter_host::{Environment, Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::gate::blocking;
use crate::{DependsOn, Gate, GateError, Subject, browsed};

mod icon;
mod manifest;
mod pages;
mod trial;
mod wire;

use manifest::Judged;
use pages::{Linked, Place};
use trial::Trial;

charter_deploy_model::kind! {
    /// Tries out whether the site can be installed as an app, and starts when there is no network.
    ///
    /// It applies where a page links a web app manifest. What browsers demand of one to offer its installation is read from
    /// the files: a name, a start page within the scope, a way to be shown that is an app's, icons of the sizes that are asked
    /// for, each really there and really of the size that it says. What Chromium's own reader ignores in it is told as well.
    ///
    /// Then the start page is loaded in Chromium from the preview, once, as somebody would who comes for the first time. When
    /// the service worker that it registers is active and nothing more is fetched, the way to the preview is cut, the
    /// browser's cache is emptied, and the start page is loaded again, and after it whatever `offline-pages` names. Each must
    /// be answered by the worker with status 200, and show something.
    ///
    /// The browser sees this machine only: a worker that stores files of other hosts cannot be installed here, and is told as
    /// one that does not start without a network. Files of one's own are surer anyway.
    ///
    /// Chromium is installed by `cargo xtask setup`. Without it the gate is inconclusive.
    ///
    /// ```toml
    /// [gates.pwa]
    /// required = true
    /// offline-pages = ["/timetable.html"]
    /// hosts = ["example.org"]
    /// ```
    pub static META: "pwa", needs Preview, lane Shared {
        /// There is no manifest where one is demanded, or it cannot be read.
        ///
        /// It must be a file of the site that is a JSON object.
        ///
        /// ```toml
        /// [gates.pwa]
        /// required = true
        /// ```
        ///
        /// ```html,blocks=pwa/manifest
        /// <!doctype html><html lang="en"><title>Tides</title><h1>Tides</h1></html>
        /// ```
        "pwa/manifest": Error, principle None;
        /// The app has no name.
        ///
        /// Write a `name`, and a `short_name` for where there is little room.
        "pwa/name": Error, principle None;
        /// The app's start page is missing, on another host, or outside of its scope.
        ///
        /// Without `start_url` it starts wherever it was installed. Browsers ignore a `scope` that the start page is not in.
        "pwa/start-url": Error, principle None;
        /// The manifest does not ask to be shown as an app.
        ///
        /// `display` must be `standalone`, `minimal-ui` or `fullscreen`, or `display_override` must have such a value.
        "pwa/display": Error, principle None;
        /// An icon is missing, torn, or not of the size that it says.
        ///
        /// Browsers want them up to 512 pixels, and scale a larger one down: as PNG, WebP or SVG, whose `purpose` is `any` or left out. One that is
        /// on another host cannot be judged.
        "pwa/icon": Error, principle None;
        /// No icon can be cut to the shape that a device gives its icons.
        ///
        /// Android puts one that is not `maskable` on a white disc. See <https://web.dev/articles/maskable-icon>.
        "pwa/maskable": Note, principle None;
        /// Chromium ignores something in the manifest, for it is malformed.
        ///
        /// Such as a `theme_color` or `background_color` that is no color, or a shortcut without a name. The finding has
        /// Chromium's words.
        "pwa/property": Warning, principle None;
        /// The start page has no service worker that becomes active.
        ///
        /// It registers none when it is loaded, the worker fails to install, or its scope does not include the page. A page that
        /// registers none on loopback, as some frameworks have it, cannot be tried out.
        "pwa/service-worker": Error, principle None;
        /// A page does not load without a network.
        ///
        /// The service worker must have stored it, and what it needs, when it was installed: what it stores as it is asked for is
        /// not there after a first visit.
        "pwa/offline": Error, principle None;
    }
}

/// The section `[gates.pwa]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct PwaConfig {
    /// Whether a site without a manifest is at fault.
    pub required: bool,
    /// Whether the app must start without a network.
    pub offline: bool,
    /// Further pages that must load without a network, as paths, `/` being the front page.
    pub offline_pages: Vec<String>,
    /// The sizes that icons must be there for, in pixels: each of that size or larger.
    pub icons: Vec<u32>,
    /// Hosts that are this site: URLs with them lead to it.
    pub hosts: Vec<String>,
    /// How long a service worker may take to become active, in seconds.
    #[schemars(range(min = 1, max = 300))]
    pub wait_seconds: u64,
}

impl Default for PwaConfig {
    fn default() -> Self {
        Self {
            required: false,
            offline: true,
            offline_pages: Vec::new(),
            icons: vec![192, 512],
            hosts: Vec::new(),
            wait_seconds: 10,
        }
    }
}

/// More manifests are not judged.
const MOST_MANIFESTS: usize = 16;

/// How long a page may take to load, beside what its worker takes.
const PAGE_LIMIT: Duration = Duration::from_secs(20);

/// Tries sites out as apps.
#[derive(Debug, Clone)]
pub struct Pwa {
    config: PwaConfig,
    environment: Environment,
}

/// Builds the gate.
///
/// # Errors
/// When a worker would have no time, or more than five minutes.
pub fn gate(config: PwaConfig, setup: &Setup<'_>) -> Result<Box<dyn Gate>, Refusal> {
    if !(1..=300).contains(&config.wait_seconds) {
        return Err(Refusal("`wait-seconds` is not between 1 and 300".to_owned()));
    }
    Ok(Box::new(Pwa { config, environment: setup.host.environment.clone() }))
}

#[async_trait]
impl Gate for Pwa {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    /// An app sees nothing but the build, and was given time enough.
    fn depends_on(&self) -> DependsOn {
        DependsOn::Artifact
    }

    async fn inspect(&self, subject: &Subject, scope: &Scope) -> Result<Inspection, GateError> {
        let artifact = Arc::clone(subject.artifact()?);
        let preview: Url = browsed::preview(subject)?.parse().expect("the preview has an address");
        let place = Place::new(Arc::clone(&artifact), preview, self.config.hosts.clone());
        let (looking, cancel) = (place.clone(), scope.clone());
        let Linked { manifests, mut undecided } = blocking(move || pages::linked(&looking, &cancel)).await?;
        let mut looked_at = LookedAt::of("manifests", manifests.len().min(MOST_MANIFESTS) as u64);
        let mut findings = Vec::new();
        if manifests.is_empty() && undecided.is_empty() {
            if !self.config.required {
                return Ok(Inspection::NotApplicable { reason: "no page links a web app manifest".to_owned() });
            }
            looked_at = LookedAt::of("pages", pages::of(&artifact).count() as u64);
            let finding = Finding::new("pwa/manifest", "site", "no page of the site links a web app manifest");
            findings.push(
                finding.help("write `<link rel=\"manifest\" href=\"/app.webmanifest\">` into the head of each page"),
            );
        }
        if manifests.len() > MOST_MANIFESTS {
            undecided.push(format!(
                "{} of {} manifests were not looked at",
                manifests.len() - MOST_MANIFESTS,
                manifests.len()
            ));
        }
        let (icons, reading) = (self.config.icons.clone(), place.clone());
        let judged: Vec<Judged> = blocking(move || {
            let some = manifests.into_iter().take(MOST_MANIFESTS);
            Ok(some.map(|linked| manifest::judge(&reading, linked, &icons)).collect())
        })
        .await?;
        let mut browser = None;
        let mut tried = 0;
        for (done, judged) in judged.iter().enumerate() {
            if scope.cancel.is_cancelled() {
                return Err(GateError::Cancelled);
            }
            findings.extend(judged.findings.iter().cloned());
            undecided.extend(judged.undecided.iter().cloned());
            if !judged.is_readable {
                continue;
            }
            scope.progress(done as u64, None, &format!("trying `{}` out in Chromium", judged.path));
            let running = match &browser {
                Some(running) => running,
                None => match browsed::start(&self.environment, 2, self.page_limit()).await {
                    Ok(started) => browser.insert(started),
                    Err(error) => {
                        undecided.push(error.to_string());
                        break;
                    }
                },
            };
            let trial = Trial { browser: running, place: &place, config: &self.config, judged };
            match trial.run().await {
                Ok(told) => {
                    findings.extend(told.findings);
                    undecided.extend(told.undecided);
                    tried += told.pages;
                }
                Err(error) => {
                    undecided.push(format!(
                        "`{}` could not be tried out: {}",
                        judged.path,
                        browsed::with_cause(&error)
                    ));
                    // Whatever hangs in it is not taken over to the next.
                    browser = None;
                }
            }
        }
        findings.sort();
        findings.dedup();
        looked_at.counts.insert("tried".to_owned(), tried);
        looked_at.undecided = undecided;
        Ok(Inspection::Looked { findings, measures: Vec::new(), looked_at })
    }
}

impl Pwa {
    fn page_limit(&self) -> Duration {
        PAGE_LIMIT + Duration::from_secs(self.config.wait_seconds)
    }
}

/// Reads any file as a manifest and as an icon, for the fuzzer.
#[cfg(feature = "fuzzing")]
pub(crate) fn fuzz(file: &[u8]) {
    manifest::fuzz(file);
    if let icon::Picture::Pixels { width, height } = icon::read(file) {
        assert!(width > 0 && height > 0, "a picture without a pixel");
    }
    trial::fuzz(file);
}
