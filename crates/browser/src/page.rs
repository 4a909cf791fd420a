//! One page.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc};

use crate::BrowserError;
use crate::browser::Shared;
use crate::connection::Event;

/// The screen that a page is shown on, in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// How wide it is.
    pub width: u32,
    /// How high it is.
    pub height: u32,
    /// Device pixels per CSS pixel.
    pub scale: f64,
    /// Whether it is a telephone's.
    pub is_mobile: bool,
}

/// How slow a device and its network are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speed {
    /// How many times slower the processor is than this machine's; 1 is as fast.
    pub slowdown: f64,
    /// What each request waits for its answer besides, in milliseconds.
    pub latency_ms: f64,
    /// What arrives in a second, in bytes.
    pub bytes_per_second: f64,
}

/// What a document was answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it came from in the end, behind all redirects.
    pub url: String,
    /// The status of HTTP.
    pub status: u16,
    /// Whether a service worker gave it, and no server.
    pub from_service_worker: bool,
}

/// A web app manifest as the browser itself reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppManifest {
    /// Where it is; empty, when the page links none.
    pub url: String,
    /// What the browser does not understand, and so ignores.
    pub ignored: Vec<Ignored>,
}

/// Something in a manifest that the browser ignores.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Ignored {
    /// What, in the browser's words, such as ``property 'theme_color' ignored, 'x' is not a valid color.``
    pub message: String,
    /// The line, counted from 1; 0, when the browser does not say.
    #[serde(default)]
    pub line: u32,
    /// The column, counted from 1; 0, when the browser does not say.
    #[serde(default)]
    pub column: u32,
}

/// A page in a context of its own; both are gone when it is dropped.
#[derive(Debug)]
pub struct Page {
    browser: Arc<Shared>,
    context: String,
    session: String,
    events: Mutex<mpsc::Receiver<Event>>,
    _room: OwnedSemaphorePermit,
}

impl Page {
    pub(crate) async fn new(
        browser: Arc<Shared>,
        context: String,
        session: String,
        room: OwnedSemaphorePermit,
    ) -> Result<Self, BrowserError> {
        let events = Mutex::new(browser.connection.listen(&session));
        let page = Self { browser, context, session, events, _room: room };
        page.call("Page.enable", json!({})).await?;
        page.call("Inspector.enable", json!({})).await?;
        page.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true })).await?;
        Ok(page)
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, BrowserError> {
        self.browser.connection.call(Some(&self.session), method, params, self.browser.limit).await
    }

    /// Goes to a URL and waits until it is loaded, with its images, styles and scripts.
    ///
    /// # Errors
    /// When it cannot be loaded, or not in time. A page that the server answers with an error is loaded like any other.
    pub async fn open(&self, url: &str) -> Result<(), BrowserError> {
        // Without a loader it went to another place of the same page, which is there already.
        let Some(loader) = self.navigate(url).await? else { return Ok(()) };
        self.reach("load", Some(&loader), &format!("load `{url}`"), |_| {}).await
    }

    /// Begins to load a URL, and returns what the browser calls its loading.
    async fn navigate(&self, url: &str) -> Result<Option<String>, BrowserError> {
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        match answer["errorText"].as_str() {
            Some(reason) if !reason.is_empty() => {
                Err(BrowserError::NotLoaded { url: url.to_owned(), reason: reason.to_owned() })
            }
            _ => Ok(answer["loaderId"].as_str().map(str::to_owned)),
        }
    }

    /// Loads a URL anew as [`open`](Self::open) does, whatever is shown, and returns what its document was answered with.
    ///
    /// # Errors
    /// When it cannot be loaded, or not in time.
    pub async fn visit(&self, url: &str) -> Result<Answer, BrowserError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Response {
            url: String,
            status: u16,
            #[serde(default)]
            from_service_worker: bool,
        }
        self.open("about:blank").await?;
        self.call("Network.enable", json!({})).await?;
        // What was told until now is of no use, and must not crowd out what comes.
        {
            let mut events = self.events.lock().await;
            while events.try_recv().is_ok() {}
        }
        let mut answer = None;
        let loaded = match self.navigate(url).await {
            Ok(Some(loader)) => {
                let hear = |event: &Event| {
                    let Event { method, params } = event;
                    // The request for a document has the name of its loading.
                    if method == "Network.responseReceived" && params["requestId"] == loader.as_str() {
                        answer = Response::deserialize(&params["response"]).ok();
                    }
                };
                self.reach("load", Some(&loader), &format!("load `{url}`"), hear).await
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        self.call("Network.disable", json!({})).await?;
        loaded?;
        let Response { url: last, status, from_service_worker } = answer.ok_or_else(|| BrowserError::NotLoaded {
            url: url.to_owned(),
            reason: "nothing answered for the document".to_owned(),
        })?;
        Ok(Answer { url: last, status, from_service_worker })
    }

    /// Returns what the browser makes of the web app manifest that the page links.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn app_manifest(&self) -> Result<AppManifest, BrowserError> {
        let answer = self.call("Page.getAppManifest", json!({})).await?;
        let ignored = Vec::deserialize(&answer["errors"]).unwrap_or_default();
        Ok(AppManifest { url: answer["url"].as_str().unwrap_or_default().to_owned(), ignored })
    }

    /// Forgets what the network brought so far, but for what pages and service workers stored themselves.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn forget_cache(&self) -> Result<(), BrowserError> {
        self.call("Network.clearBrowserCache", json!({})).await.map(drop)
    }

    /// Waits until the page has asked the network for nothing for half a second.
    ///
    /// # Errors
    /// When it does not come to rest in time.
    pub async fn settle(&self) -> Result<(), BrowserError> {
        self.reach("networkIdle", None, "bring the page to rest", |_| {}).await
    }

    /// Waits for a moment in the page's life, of the document that a loader brought, and tells what happens until then.
    async fn reach(
        &self,
        moment: &str,
        loader: Option<&str>,
        doing: &str,
        mut hear: impl FnMut(&Event),
    ) -> Result<(), BrowserError> {
        let wait = async {
            let mut events = self.events.lock().await;
            while let Some(event) = events.recv().await {
                hear(&event);
                let Event { method, params } = event;
                let is_its = loader.is_none_or(|loader| params["loaderId"] == loader);
                match method.as_str() {
                    "Page.lifecycleEvent" if params["name"] == moment && is_its => return Ok(()),
                    "Inspector.targetCrashed" => {
                        let message = "the page crashed".to_owned();
                        return Err(BrowserError::Refused { doing: doing.to_owned(), message });
                    }
                    _ => {}
                }
            }
            Err(BrowserError::Died)
        };
        let limit = self.browser.limit;
        let late = |_| BrowserError::Hung { doing: doing.to_owned(), limit };
        tokio::time::timeout(limit, wait).await.map_err(late)?
    }

    /// Runs a script in the page and returns what it gives, as JSON; a promise is waited for.
    ///
    /// # Errors
    /// When it throws, or takes too long.
    pub async fn evaluate(&self, script: &str) -> Result<Value, BrowserError> {
        let params = json!({ "expression": script, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", params).await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            let described = &thrown["exception"]["description"];
            let message = described.as_str().or_else(|| thrown["text"].as_str()).unwrap_or("an exception");
            return Err(BrowserError::Script { message: message.lines().next().unwrap_or_default().to_owned() });
        }
        Ok(answer["result"]["value"].take())
    }

    /// Has a script run in every document before its own.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn run_first(&self, script: &str) -> Result<(), BrowserError> {
        self.call("Page.addScriptToEvaluateOnNewDocument", json!({ "source": script })).await.map(drop)
    }

    /// Shows the page on another screen.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn resize(&self, viewport: Viewport) -> Result<(), BrowserError> {
        let Viewport { width, height, scale, is_mobile } = viewport;
        let params = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": is_mobile });
        self.call("Emulation.setDeviceMetricsOverride", params).await.map(drop)
    }

    /// Lets the page have a slower processor and network than there are.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn slow_down(&self, speed: Speed) -> Result<(), BrowserError> {
        let Speed { slowdown, latency_ms, bytes_per_second } = speed;
        let network = json!({
            "offline": false,
            "latency": latency_ms,
            "downloadThroughput": bytes_per_second,
            "uploadThroughput": bytes_per_second,
        });
        self.call("Network.enable", json!({})).await?;
        self.call("Network.emulateNetworkConditions", network).await?;
        self.call("Emulation.setCPUThrottlingRate", json!({ "rate": slowdown })).await.map(drop)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.browser.connection.forget(&self.session);
        let context = json!({ "browserContextId": self.context });
        self.browser.connection.post(None, "Target.disposeBrowserContext", context);
    }
}
