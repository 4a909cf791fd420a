//! A headless Chromium that is started, driven, isolated and surely ended.
//!
//! [`Browser::start`] starts one with a profile of its own, which is removed with it. It is talked to over two pipes and
//! not over a port, so that nobody else on the machine can drive it, and it ends when this process does, however
//! suddenly. [`Browser::page`] opens a page in a context of its own: no cookies, caches or service workers are shared
//! between pages. Only so many pages are open at once; whoever wants one more waits. Every wait has a limit, and a
//! browser that dies or hangs is an error and never silence.
//!
//! What is spoken is the Chrome DevTools Protocol (<https://chromedevtools.github.io/devtools-protocol/>), as JSON texts
//! with a NUL behind each.
//!
//! ```no_run
//! use charter_browser::{Browser, BrowserOptions};
//! use charter_host::{Environment, Host};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::system(Environment::default().with("PATH", "/usr/bin"));
//! let browser = Browser::start(&host.environment, &BrowserOptions::default()).await?;
//! let page = browser.page().await?;
//! page.open("http://127.0.0.1:8000/").await?;
//! let title = page.evaluate("document.title").await?;
//! println!("{title}");
//! # Ok(())
//! # }
//! ```

mod browser;
mod connection;
mod error;
mod page;
mod program;

pub use browser::{Browser, BrowserOptions, Network, arguments};
pub use error::BrowserError;
pub use page::{Answer, AppManifest, Ignored, Page, Speed, Viewport};
pub use program::find;
