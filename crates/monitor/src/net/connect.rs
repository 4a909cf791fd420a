//! Names and connections. One address is tried, never several: what works half is not to be considered working.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::net::NetError;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::probe::{Cause, ProbeError};

/// Which addresses of a name are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// The first that the name has; IPv4 before IPv6.
    #[default]
    Any,
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
}

/// Resolves names as this machine is configured to, and forgets them at once.
#[derive(Debug, Default)]
pub struct Names(OnceLock<TokioResolver>);

impl Names {
    /// Returns one address of a host, and how long that took; an address needs no look.
    ///
    /// # Errors
    /// When this machine has no configuration to resolve names with.
    pub async fn resolve(
        &self,
        host: &str,
        family: Family,
    ) -> Result<Result<(IpAddr, Option<Duration>), Cause>, ProbeError> {
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse::<IpAddr>() {
            return Ok(Ok((address, None)));
        }
        let resolver = self.resolver()?;
        let started = Instant::now();
        let found = resolver.lookup_ip(host).await;
        let took = started.elapsed();
        Ok(match found {
            Ok(addresses) => pick(addresses.iter(), family)
                .map(|address| (address, Some(took)))
                .ok_or_else(|| Cause::new("dns-no-address", format!("`{host}` has no address of that family"))),
            Err(error) => Err(unresolved(host, &error)),
        })
    }

    fn resolver(&self) -> Result<&TokioResolver, ProbeError> {
        if let Some(resolver) = self.0.get() {
            return Ok(resolver);
        }
        let build = || {
            let mut builder = TokioResolver::builder_tokio()?;
            let options = builder.options_mut();
            options.cache_size = 0;
            options.timeout = Duration::from_secs(3);
            options.attempts = 1;
            builder.build()
        };
        let resolver = build().map_err(|error: NetError| ProbeError::Other {
            doing: "read how names are resolved on this machine".to_owned(),
            source: Box::new(error),
        })?;
        Ok(self.0.get_or_init(|| resolver))
    }
}

fn pick(addresses: impl Iterator<Item = IpAddr>, family: Family) -> Option<IpAddr> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = addresses.partition(IpAddr::is_ipv4);
    match family {
        Family::Any => v4.into_iter().chain(v6).next(),
        Family::Ipv4 => v4.into_iter().next(),
        Family::Ipv6 => v6.into_iter().next(),
    }
}

fn unresolved(host: &str, error: &NetError) -> Cause {
    let code = if error.is_nx_domain() {
        "dns-nxdomain"
    } else if error.is_no_records_found() {
        "dns-no-address"
    } else {
        "dns"
    };
    Cause::new(code, format!("`{host}` cannot be resolved: {error}"))
}

/// Connects, and returns how long it took.
///
/// # Errors
/// Why there is no connection.
pub async fn connect(address: SocketAddr) -> Result<(TcpStream, Duration), Cause> {
    let started = Instant::now();
    match TcpStream::connect(address).await {
        Ok(stream) => {
            // A probe is a few small writes, none of which may wait for another.
            let _ = stream.set_nodelay(true);
            Ok((stream, started.elapsed()))
        }
        Err(error) => Err(not_connected(address, &error)),
    }
}

fn not_connected(address: SocketAddr, error: &io::Error) -> Cause {
    let code = match error.kind() {
        io::ErrorKind::ConnectionRefused => "refused",
        io::ErrorKind::ConnectionReset => "reset",
        io::ErrorKind::TimedOut => "connect-timeout",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "unreachable",
        _ => "connect",
    };
    Cause::new(code, format!("no connection to {address}: {error}"))
}
