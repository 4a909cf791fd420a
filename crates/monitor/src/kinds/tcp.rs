//! Connects, and may say something and listen.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::KindMeta;
use charter_host::{Refusal, Scope, Setup};
use regex::bytes::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::Probe;
use crate::net::connect::{Family, Names, connect};
use crate::probe::{Cause, Hop, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Connects to a port, and may say something and listen for an answer.
    ///
    /// ```toml
    /// [monitor.endpoints.mail]
    /// probe = { kind = "tcp", host = "mail.example.org", port = 25, expect = "^220 " }
    /// ```
    pub static META: "tcp", needs Live, lane Shared {}
}

/// How much of an answer is looked at, in bytes.
const LISTENED: usize = 64 * 1024;

/// The section of a `tcp` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TcpConfig {
    /// The host, a name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is said once connected.
    #[serde(default)]
    pub send: Option<String>,
    /// A regular expression that what comes back matches; without it a connection is enough.
    #[serde(default)]
    pub expect: Option<String>,
    /// After so long the look is over, in milliseconds.
    #[serde(default = "five_seconds")]
    pub timeout_milliseconds: u64,
    /// Which address of the host is taken.
    #[serde(default)]
    pub family: Family,
}

const fn five_seconds() -> u64 {
    5_000
}

/// Connects.
#[derive(Debug)]
pub struct Tcp {
    config: TcpConfig,
    expect: Option<Regex>,
    names: Arc<Names>,
}

/// Builds the probe.
///
/// # Errors
/// When `expect` is no regular expression.
pub fn probe(config: TcpConfig, _: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    let expect = config.expect.as_deref().map(Regex::new).transpose();
    let expect = expect.map_err(|error| Refusal(format!("`expect` is no regular expression: {error}")))?;
    Ok(Box::new(Tcp { config, expect, names: Names::of_machine() }))
}

#[async_trait]
impl Probe for Tcp {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        format!("tcp://{}:{}", self.config.host, self.config.port)
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let limit = Duration::from_millis(self.config.timeout_milliseconds);
        let (started, mut hop) = (Instant::now(), Hop { url: self.address(), ..Hop::default() });
        let looked = tokio::select! {
            looked = tokio::time::timeout(limit, self.look(&mut hop)) => looked,
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        };
        let mut reading = match looked {
            Err(_) => {
                let doing = if hop.connect.is_some() { "answer" } else { "connection" };
                let code = if hop.connect.is_some() { "answer-timeout" } else { "connect-timeout" };
                Reading::down(Cause::new(code, format!("no {doing} within {} ms", limit.as_millis())))
            }
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Err(cause))) => Reading::down(cause),
            Ok(Ok(Ok(()))) => Reading::up(started.elapsed()),
        };
        reading.hops = vec![hop];
        Ok(reading)
    }
}

impl Tcp {
    async fn look(&self, hop: &mut Hop) -> Result<Result<(), Cause>, ProbeError> {
        let address = match self.names.resolve(&self.config.host, self.config.family).await? {
            Ok((address, took)) => {
                (hop.peer, hop.dns) = (Some(address), took);
                address
            }
            Err(cause) => return Ok(Err(cause)),
        };
        Ok(self.talk(SocketAddr::new(address, self.config.port), hop).await)
    }

    async fn talk(&self, address: SocketAddr, hop: &mut Hop) -> Result<(), Cause> {
        let (mut stream, took) = connect(address).await?;
        hop.connect = Some(took);
        let torn = |error: std::io::Error| Cause::new("reset", format!("the connection broke: {error}"));
        if let Some(words) = &self.config.send {
            stream.write_all(words.as_bytes()).await.map_err(torn)?;
        }
        let Some(expect) = &self.expect else { return Ok(()) };
        let mut heard = Vec::new();
        while heard.len() < LISTENED {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.map_err(torn)?;
            heard.extend_from_slice(&part[..count]);
            if expect.is_match(&heard) {
                return Ok(());
            }
            if count == 0 {
                break;
            }
        }
        Err(Cause::new("body", format!("what came back does not match `{expect}`")))
    }
}
