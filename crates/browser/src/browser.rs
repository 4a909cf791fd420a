//! One browser process.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use charter_host::{Command, Companion, Environment, ProcessError};
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Semaphore;

use crate::connection::Connection;
use crate::{BrowserError, Page, find};

/// What a browser may connect to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// This machine only: what a page wants from elsewhere is not found, so that it looks the same every time.
    #[default]
    Loopback,
    /// Everything.
    Everywhere,
}

/// How a browser is started.
#[derive(Debug, Clone)]
pub struct BrowserOptions {
    /// Its program; [`find`] looks for it when absent.
    pub program: Option<PathBuf>,
    /// What it may connect to.
    pub network: Network,
    /// How many pages are open at once.
    pub pages_at_once: usize,
    /// How long every single wait may take.
    pub limit: Duration,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        Self { program: None, network: Network::default(), pages_at_once: 2, limit: Duration::from_secs(30) }
    }
}

/// A running Chromium. It ends, with all its processes and its profile, when this and all its pages are dropped.
#[derive(Debug, Clone)]
pub struct Browser {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) connection: Connection,
    pub(crate) limit: Duration,
    pages: Arc<Semaphore>,
    // In this order: the profile is removed when nobody writes to it any more.
    _companion: Companion,
    _profile: TempDir,
}

/// What keeps it from doing anything but showing pages.
const ARGUMENTS: [&str; 16] = [
    "--headless=new",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--hide-scrollbars",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
];

/// Returns the arguments with which Chromium is headless, quiet and connects only to what it may, for another program
/// that starts it by itself, such as Lighthouse.
#[must_use]
pub fn arguments(network: Network) -> Vec<&'static str> {
    let mut arguments: Vec<&str> = ARGUMENTS.into();
    // Chromium's own sandbox does not work for root.
    if rustix::process::geteuid().is_root() {
        arguments.push("--no-sandbox");
    }
    if network == Network::Loopback {
        arguments.push("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost");
    }
    arguments
}

impl Browser {
    /// Starts one; of the environment it gets `PATH`, the language and nothing else.
    ///
    /// # Errors
    /// When there is none, or it does not start.
    pub async fn start(environment: &Environment, options: &BrowserOptions) -> Result<Self, BrowserError> {
        let program = options.program.clone().or_else(|| find(environment)).ok_or(BrowserError::NotFound)?;
        let profile = tempfile::Builder::new().prefix("charter-browser-").tempdir();
        let profile = profile.map_err(|source| BrowserError::Profile { source })?;
        let mut arguments: Vec<OsString> = arguments(options.network).into_iter().map(OsString::from).collect();
        arguments.push("--remote-debugging-pipe".into());
        let mut folder = OsString::from("--user-data-dir=");
        folder.push(profile.path());
        arguments.push(folder);
        // Else what it writes beside its profile stays when it is killed.
        let environment = environment.allow(&["PATH", "LANG", "LC_*"]);
        let environment = environment.with("HOME", profile.path()).with("TMPDIR", profile.path());
        let mark = profile.path().file_name().map(|name| name.to_string_lossy().into_owned());
        let command = Command { mark, ..Command::new(program, arguments, profile.path(), environment, options.limit) };
        let (companion, to, from) = Companion::start(&command).map_err(|source| match source {
            ProcessError::NotFound { .. } => BrowserError::NotFound,
            source => BrowserError::Start { source },
        })?;
        let shared = Shared {
            connection: Connection::new(to, from),
            limit: options.limit,
            pages: Arc::new(Semaphore::new(options.pages_at_once.max(1))),
            _companion: companion,
            _profile: profile,
        };
        let browser = Self { shared: Arc::new(shared) };
        browser.version().await?;
        Ok(browser)
    }

    /// Returns its name and version, such as `HeadlessChrome/156.0.8078.73`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn version(&self) -> Result<String, BrowserError> {
        let answer = self.call("Browser.getVersion", json!({})).await?;
        answer["product"].as_str().map(str::to_owned).ok_or_else(|| incomprehensible("Browser.getVersion"))
    }

    /// Opens an empty page in a context of its own, as soon as there is room for one.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn page(&self) -> Result<Page, BrowserError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Made {
            browser_context_id: Option<String>,
            target_id: Option<String>,
            session_id: Option<String>,
        }
        let room = Arc::clone(&self.shared.pages).acquire_owned().await.map_err(|_| BrowserError::Died)?;
        let make = async |method: &str, params: Value, of: fn(Made) -> Option<String>| {
            let answer = self.call(method, params).await?;
            serde_json::from_value(answer).ok().and_then(of).ok_or_else(|| incomprehensible(method))
        };
        let dispose = json!({ "disposeOnDetach": true });
        let context = make("Target.createBrowserContext", dispose, |made| made.browser_context_id).await?;
        let blank = json!({ "url": "about:blank", "browserContextId": context });
        let target = make("Target.createTarget", blank, |made| made.target_id).await?;
        let attach = json!({ "targetId": target, "flatten": true });
        let session = make("Target.attachToTarget", attach, |made| made.session_id).await?;
        Page::new(Arc::clone(&self.shared), context, session, room).await
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, BrowserError> {
        self.shared.connection.call(None, method, params, self.shared.limit).await
    }
}

fn incomprehensible(method: &str) -> BrowserError {
    BrowserError::Refused { doing: method.to_owned(), message: "its answer is not what is documented".to_owned() }
}
