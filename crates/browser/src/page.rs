//! One page.

use std::sync::Arc;

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
        let not_loaded = |reason: &str| BrowserError::NotLoaded { url: url.to_owned(), reason: reason.to_owned() };
        let answer = self.call("Page.navigate", json!({ "url": url })).await?;
        if let Some(reason) = answer["errorText"].as_str().filter(|reason| !reason.is_empty()) {
            return Err(not_loaded(reason));
        }
        // Without one it went to another place of the same page, which is there already.
        let Some(loader) = answer["loaderId"].as_str() else { return Ok(()) };
        self.reach("load", Some(loader), &format!("load `{url}`")).await
    }

    /// Waits until the page has asked the network for nothing for half a second.
    ///
    /// # Errors
    /// When it does not come to rest in time.
    pub async fn settle(&self) -> Result<(), BrowserError> {
        self.reach("networkIdle", None, "bring the page to rest").await
    }

    /// Waits for a moment in the page's life, of the document that a loader brought.
    async fn reach(&self, moment: &str, loader: Option<&str>, doing: &str) -> Result<(), BrowserError> {
        let wait = async {
            let mut events = self.events.lock().await;
            while let Some(Event { method, params }) = events.recv().await {
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
