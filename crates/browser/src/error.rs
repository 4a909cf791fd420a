//! How a browser fails.

use std::io;
use std::time::Duration;

use charter_host::ProcessError;

/// Why a browser did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowserError {
    /// There is no Chromium on this machine.
    #[error("there is no Chromium on this machine")]
    NotFound,
    /// It could not be started.
    #[error("Chromium could not be started")]
    Start {
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// Its profile could not be made.
    #[error("no folder for Chromium's profile could be made")]
    Profile {
        /// Why.
        source: io::Error,
    },
    /// It ended, or closed its pipes, while it was needed.
    #[error("Chromium died")]
    Died,
    /// It did not answer.
    #[error("Chromium did not {doing} within {} s", limit.as_secs())]
    Hung {
        /// What it was asked to do, a verb phrase.
        doing: String,
        /// How long it had.
        limit: Duration,
    },
    /// It answered that it will not do that.
    #[error("Chromium refused to {doing}: {message}")]
    Refused {
        /// What it was asked to do, a verb phrase.
        doing: String,
        /// What it said.
        message: String,
    },
    /// A page could not be loaded.
    #[error("`{url}` could not be loaded: {reason}")]
    NotLoaded {
        /// The page.
        url: String,
        /// What Chromium said, such as `net::ERR_CONNECTION_REFUSED`.
        reason: String,
    },
    /// A script threw an exception, or gave something that has no JSON form.
    #[error("a script failed in the page: {message}")]
    Script {
        /// What it threw.
        message: String,
    },
}

impl BrowserError {
    /// Returns what would let it succeed, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::NotFound => Some("install it with `sudo apt-get install chromium`, or run `cargo xtask setup`"),
            Self::Start { .. } | Self::Died => {
                Some("run `chromium --headless --dump-dom about:blank` to see what it says; memory may be short")
            }
            Self::Hung { .. } => Some("the machine may be too busy: try again when it is idle"),
            _ => None,
        }
    }
}
