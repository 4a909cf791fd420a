//! What a probe is, and what it brings home.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::Scope;
use serde::{Deserialize, Serialize};

/// Looks at one thing that is live.
///
/// # Contract
/// - `down_is_a_reading`: what does not answer, or answers wrongly, is a [`Reading`] that says so and why. An error
///   means that it could not be looked at all, and counts as neither up nor down.
/// - `it_ends_in_time`: a look ends within the probe's own time limit, whatever the other side does.
/// - `it_may_be_dropped`: a look can be dropped at any await, and leaves no connection and no program behind.
/// - `each_look_is_fresh`: nothing of the last look is used again, no connection and no resolved name.
/// - `secrets_stay`: nothing it returns holds a secret of its configuration.
#[async_trait]
pub trait Probe: Debug + Send + Sync {
    /// Returns what this kind says of itself.
    fn meta(&self) -> &'static KindMeta;

    /// Returns what is looked at, as records name it: an address without user, password or query.
    fn address(&self) -> String;

    /// Looks.
    ///
    /// # Errors
    /// When nothing could be learned about the other side: this machine has no way to look.
    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError>;
}

/// What one look showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reading {
    /// How it answered; a probe never says [`UptimeStatus::Unknown`].
    pub status: UptimeStatus,
    /// How long the whole look took; absent when nothing answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<Duration>,
    /// Why it is not up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// Each request on the way, the last one last; empty where nothing is requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// Figures by their names, with the unit in the name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub figures: BTreeMap<String, f64>,
    /// Facts by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

impl Reading {
    /// Makes a reading of what answered as it should.
    #[must_use]
    pub fn up(took: Duration) -> Self {
        Self { status: UptimeStatus::Up, took: Some(took), ..Self::nothing() }
    }

    /// Makes a reading of what does not answer, or not as it should.
    #[must_use]
    pub fn down(cause: Cause) -> Self {
        Self { cause: Some(cause), ..Self::nothing() }
    }

    const fn nothing() -> Self {
        Self {
            status: UptimeStatus::Down,
            took: None,
            cause: None,
            hops: Vec::new(),
            figures: BTreeMap::new(),
            facts: BTreeMap::new(),
        }
    }

    /// Returns the status of the last answer, where the probe speaks HTTP.
    #[must_use]
    pub fn http_status(&self) -> Option<u16> {
        self.hops.last().and_then(|hop| hop.status)
    }
}

/// Why something is not up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What sort of fault it is, kebab-case and never reused, such as `refused`.
    pub code: String,
    /// What was seen, one line, with the figures.
    pub message: String,
}

impl Cause {
    /// Puts a cause into words.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into() }
    }
}

/// One request and its answer, phase by phase.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hop {
    /// The address without user, password and query.
    pub url: String,
    /// Where the connection went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// How long the name took to resolve; absent where the address was no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<Duration>,
    /// How long the connection took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Duration>,
    /// How long TLS took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Duration>,
    /// How long it was from the request until the answer's head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Duration>,
    /// How long the body took after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<Duration>,
    /// The answer's status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the body was, in bytes, as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<u64>,
}

/// Why nothing could be learned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// Something that the probe needs is not there.
    #[error("{what} is not there")]
    Missing {
        /// What it needs.
        what: String,
        /// What to type.
        help: String,
    },
    /// It was told to stop.
    #[error("stopped")]
    Cancelled,
    /// Anything else of this machine's.
    #[error("could not {doing}")]
    Other {
        /// What it was about to do.
        doing: String,
        /// What went wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
