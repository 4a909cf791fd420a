//! Looks at the certificate that a server shows.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Clock, Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::http::note;
use crate::Probe;
use crate::net::connect::{Family, Names, connect};
use crate::net::tls::{Trust, shake_hands};
use crate::probe::{Cause, Hop, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Looks at the certificate that a server shows: its chain, its name, its key and how much of its life is left.
    ///
    /// Lifetimes of certificates become shorter, so what is near its end is told by a share of its lifetime: degraded
    /// with a third left, and down with a tenth or three days left, or when it is not to be trusted at all. With `key`
    /// another public key than that one makes it down.
    ///
    /// ```toml
    /// [monitor.endpoints.certificate]
    /// probe = { kind = "tls", host = "example.org" }
    /// interval-seconds = 3600
    /// ```
    pub static META: "tls", needs Live, lane Shared {}
}

/// The section of a `tls` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TlsConfig {
    /// The host.
    pub host: String,
    /// The port.
    #[serde(default = "https")]
    pub port: u16,
    /// The name that the certificate must be for, where it is not the host's.
    #[serde(default)]
    pub name: Option<String>,
    /// SHA-256 of the public key that is expected, in hexadecimal.
    #[serde(default)]
    pub key: Option<String>,
    /// With a smaller share of its lifetime left the certificate is degraded, in percent.
    #[serde(default = "a_third")]
    pub warn_percent: f64,
    /// With a smaller share of its lifetime left it is down, in percent.
    #[serde(default = "a_tenth")]
    pub fail_percent: f64,
    /// With less left it is down, in days.
    #[serde(default = "three")]
    pub fail_days: f64,
    /// After so long the look is over, in milliseconds.
    #[serde(default = "ten_seconds")]
    pub timeout_milliseconds: u64,
    /// Which address of the host is taken.
    #[serde(default)]
    pub family: Family,
    /// A file with authorities (PEM) that are trusted beside the machine's own.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
}

const fn https() -> u16 {
    443
}

const fn a_third() -> f64 {
    33.0
}

const fn a_tenth() -> f64 {
    10.0
}

const fn three() -> f64 {
    3.0
}

const fn ten_seconds() -> u64 {
    10_000
}

/// Looks at certificates.
#[derive(Debug)]
pub struct Tls {
    config: TlsConfig,
    trust: Trust,
    names: Arc<Names>,
    clock: Arc<dyn Clock>,
}

/// Builds the probe.
///
/// # Errors
/// When the file of authorities is not there or malformed.
pub fn probe(config: TlsConfig, setup: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    let trust = super::trust(config.authorities.as_deref(), setup)?;
    Ok(Box::new(Tls { config, trust, names: Names::of_machine(), clock: Arc::clone(&setup.host.clock) }))
}

#[async_trait]
impl Probe for Tls {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        format!("tls://{}:{}", self.config.host, self.config.port)
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let limit = Duration::from_millis(self.config.timeout_milliseconds);
        let mut hop = Hop { url: self.address(), ..Hop::default() };
        let looked = tokio::select! {
            looked = tokio::time::timeout(limit, self.look(&mut hop)) => looked,
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        };
        let mut reading = match looked {
            Err(_) => {
                let code = if hop.connect.is_some() { "tls-timeout" } else { "connect-timeout" };
                Reading::down(Cause::new(code, format!("no handshake within {} ms", limit.as_millis())))
            }
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Err(cause))) => Reading::down(cause),
            Ok(Ok(Ok(reading))) => reading,
        };
        reading.hops = vec![hop];
        Ok(reading)
    }
}

impl Tls {
    async fn look(&self, hop: &mut Hop) -> Result<Result<Reading, Cause>, ProbeError> {
        let started = Instant::now();
        let (address, took) = match self.names.resolve(&self.config.host, self.config.family).await? {
            Ok(resolved) => resolved,
            Err(cause) => return Ok(Err(cause)),
        };
        (hop.peer, hop.dns) = (Some(address), took);
        Ok(self.shake(SocketAddr::new(address, self.config.port), hop, started).await)
    }

    async fn shake(&self, address: SocketAddr, hop: &mut Hop, started: Instant) -> Result<Reading, Cause> {
        let (stream, took) = connect(address).await?;
        hop.connect = Some(took);
        let name = self.config.name.as_deref().unwrap_or(&self.config.host);
        let (_, shown, took) = shake_hands(stream, name, &self.trust, self.clock.now()).await?;
        hop.tls = Some(took);
        let mut reading = Reading::up(started.elapsed());
        let now = self.clock.now();
        note(&mut reading, &shown, now);
        let left = |to: jiff::Timestamp| to.duration_since(now).as_secs_f64();
        let days = shown.expires.map(|expires| left(expires) / 86_400.0);
        let percent = shown.valid.filter(|(from, to)| to > from).map(|(from, to)| {
            // Whichever certificate of the chain ends first ends the chain.
            let to_end = shown.expires.map_or(to, |first| first.min(to));
            left(to_end) * 100.0 / to.duration_since(from).as_secs_f64()
        });
        let is_below = |limit: f64| percent.is_some_and(|percent| percent < limit);
        let ends = || {
            let (days, percent) = (days.unwrap_or_default(), percent.unwrap_or_default());
            let message = format!("the certificate ends in {days:.1} days, with {percent:.0} % of its life left");
            Cause::new("certificate-ends", message)
        };
        if let Some(distrust) = shown.distrust {
            (reading.status, reading.cause) = (UptimeStatus::Down, Some(distrust));
        } else if let Some(key) = self.config.key.as_ref().filter(|key| !key.eq_ignore_ascii_case(&shown.key)) {
            let message = format!("the public key is {}, not {key}", shown.key);
            (reading.status, reading.cause) = (UptimeStatus::Down, Some(Cause::new("certificate-key", message)));
        } else if is_below(self.config.fail_percent) || days.is_some_and(|days| days < self.config.fail_days) {
            (reading.status, reading.cause) = (UptimeStatus::Down, Some(ends()));
        } else if is_below(self.config.warn_percent) {
            (reading.status, reading.cause) = (UptimeStatus::Degraded, Some(ends()));
        }
        Ok(reading)
    }
}
