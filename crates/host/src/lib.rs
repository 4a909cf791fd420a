//! What the engine asks of the machine: the time, programs, the network, durable writes, a way to stop, a way to say how far it is.
//!
//! A component gets a [`Host`] when it is built and a [`Scope`] with each call. There is no port for files: renaming,
//! syncing and linking are what this system sells, so they are done for real, in one place, by [`durable`].
//!
//! ```
//! use charter_host::durable;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("fact.json");
//! durable::publish(&path, b"{}")?;
//! assert!(durable::publish(&path, b"{}").unwrap_err().is_already_there());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalog;
mod clock;
mod companion;
pub mod durable;
mod environment;
pub mod fault;
pub mod lock;
mod process;
mod scope;
mod secret;
mod signing_key;

use std::path::Path;
use std::sync::{Arc, OnceLock};

pub use catalog::{Catalog, CatalogError, Refusal, nearest};
pub use clock::{Clock, SystemClock};
pub use companion::Companion;
pub use environment::Environment;
pub use process::{Command, Ended, Output, ProcessError, Processes, SystemProcesses, end_marked};
pub use scope::{Progress, Scope};
pub use secret::{Secret, Secrets};
pub use signing_key::{SigningKey, SigningKeyError};

/// An HTTP client, for those who hold one.
pub type HttpClient = reqwest::Client;

/// The machine as components see it: built once, held by whoever needs it.
#[derive(Debug, Clone)]
pub struct Host {
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// Other programs.
    pub processes: Arc<dyn Processes>,
    http: Arc<OnceLock<HttpClient>>,
    /// The environment this program was started with, for handing parts of it to children.
    pub environment: Environment,
}

impl Host {
    /// Returns this machine.
    #[must_use]
    pub fn system(environment: Environment) -> Self {
        Self { clock: Arc::new(SystemClock), processes: Arc::new(SystemProcesses), http: Arc::default(), environment }
    }

    /// Returns the client for HTTP, the same for all who ask: most commands need none, and reading the machine's
    /// certificates takes longer than they do.
    ///
    /// # Errors
    /// When it cannot be set up, such as on a machine without certificates.
    pub fn http(&self) -> Result<HttpClient, reqwest::Error> {
        if let Some(client) = self.http.get() {
            return Ok(client.clone());
        }
        let client = http().build()?;
        Ok(self.http.get_or_init(|| client).clone())
    }

    /// Returns a client that shows redirects instead of following them.
    ///
    /// # Errors
    /// When it cannot be set up.
    pub fn http_without_redirects() -> Result<HttpClient, reqwest::Error> {
        http().redirect(reqwest::redirect::Policy::none()).build()
    }
}

fn http() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("charter/", env!("CARGO_PKG_VERSION")))
        .timeout(std::time::Duration::from_secs(30))
        .no_proxy()
}

/// What a component's builder may look at.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The machine.
    pub host: &'a Host,
    /// The project's folder; relative paths in the configuration start here.
    pub root: &'a Path,
    /// The secrets that the configuration names.
    pub secrets: &'a Secrets,
}
