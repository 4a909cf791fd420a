//! Where the pages get what they show, and whom they tell what people decided.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{EndpointDetail, View};

/// Whoever watches.
///
/// # Contract
/// - `view_is_quick`: a view is at hand and is not computed for each who asks; the pages ask for one each time.
/// - `versions_rise`: whatever makes a view another one raises its version, and is told to whoever follows `changes`.
/// - `who_asks_may_leave`: dropping any of these futures leaves nothing half done.
#[async_trait]
pub trait Source: fmt::Debug + Send + Sync {
    /// Returns how things stand.
    async fn view(&self) -> Arc<View>;

    /// Returns the newest view's version, and every later one as it comes.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Returns what is known of one endpoint beside its line in the view; nothing when there is no such endpoint.
    async fn endpoint(&self, name: &str) -> Option<EndpointDetail>;

    /// Notes that somebody takes an alert on. Whoever calls has been authenticated.
    ///
    /// # Errors
    /// When there is no such open alert, or it cannot be noted.
    async fn acknowledge(&self, order: &Acknowledgement) -> Result<(), Refused>;

    /// Keeps alerts quiet for a while. Whoever calls has been authenticated.
    ///
    /// # Errors
    /// When there is no such endpoint, the time is not acceptable, or it cannot be noted.
    async fn silence(&self, order: &SilenceOrder) -> Result<(), Refused>;

    /// Takes what another service sent. Nobody has been authenticated yet: that is this method's to do.
    ///
    /// # Errors
    /// When there is no such source, its signature is wrong, it sends too much, or what it sent is not understood.
    async fn receive(&self, received: &Received) -> Result<(), Refused>;
}

/// Somebody takes an alert on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The alert's id.
    pub alert: String,
    /// Who.
    pub by: String,
    /// What they mean to do, or why it can wait.
    pub reason: String,
}

/// Somebody wants quiet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceOrder {
    /// The endpoint; absent for all of them.
    pub endpoint: Option<String>,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// For how long, in minutes: from 1 to 10,080, which is a week.
    pub minutes: u32,
}

/// What another service sent to `/hooks/<source>`.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// The last part of the path.
    pub source: String,
    /// The headers that are text: names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body as it came, at most 256 KiB.
    pub body: Vec<u8>,
}

impl Received {
    /// Returns the first header of this name, which is given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Headers carry signatures and tokens.
        write!(f, "Received({}, {} headers, {} bytes)", self.source, self.headers.len(), self.body.len())
    }
}

/// Why something that was asked for is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// There is no such thing.
    #[error("there is no {what} `{name}`")]
    Unknown {
        /// What it would be, such as `open alert`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// It is not as it should be.
    #[error("{reason}")]
    Invalid {
        /// What is wrong.
        reason: String,
    },
    /// Whoever asks did not prove who they are.
    #[error("the signature or token is wrong")]
    Unauthenticated,
    /// Too much was asked for in too short a time.
    #[error("too many requests")]
    TooMany,
    /// It could not be done.
    #[error("it could not be done: {reason}")]
    Failed {
        /// Why, with its causes.
        reason: String,
    },
}

impl Refused {
    /// Returns what to do next.
    #[must_use]
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "go back and load the page again: it may be over",
            Self::Invalid { .. } => "go back and correct it",
            Self::Unauthenticated => "check the secret on both sides",
            Self::TooMany => "try again in a minute",
            Self::Failed { .. } => "look at `cargo xtask monitor status`, and try again",
        }
    }
}
