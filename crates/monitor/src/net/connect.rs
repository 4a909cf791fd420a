//! Names and connections. One address is tried, never several: what works half is not to be considered working.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

use hickory_resolver::TokioResolver;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
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

/// What says how this machine resolves names.
const CONFIGURATION: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// Resolves names as this machine is configured to, and forgets them at once.
#[derive(Debug, Default)]
pub struct Names(Mutex<Option<(Written, TokioResolver)>>);

/// When each file of the configuration was last written.
type Written = [Option<SystemTime>; 2];

impl Names {
    /// Returns the one that all probes share: a thousand of them would each read the same configuration.
    #[must_use]
    pub fn of_machine() -> Arc<Self> {
        static NAMES: LazyLock<Arc<Names>> = LazyLock::new(Arc::default);
        Arc::clone(&NAMES)
    }

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
            return Ok(pick(std::iter::once(address), family, host).map(|address| (address, None)));
        }
        let resolver = self.resolver().map_err(|error| ProbeError::Other {
            doing: "read how names are resolved on this machine".to_owned(),
            source: Box::new(error),
        })?;
        let started = Instant::now();
        let found = resolver.lookup_ip(host).await;
        let took = started.elapsed();
        Ok(match found {
            Ok(addresses) => pick(addresses.iter(), family, host).map(|address| (address, Some(took))),
            Err(error) => Err(Cause::new(fault(&error), format!("`{host}` cannot be resolved: {error}"))),
        })
    }

    /// Returns the resolver, made anew when the configuration was written since: a laptop changes networks.
    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let written = CONFIGURATION.map(|path| std::fs::metadata(path).and_then(|file| file.modified()).ok());
        let mut made = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, resolver)) = made.as_ref().filter(|(when, _)| *when == written) {
            return Ok(resolver.clone());
        }
        let mut builder = TokioResolver::builder_tokio()?;
        let options = builder.options_mut();
        options.cache_size = 0;
        options.timeout = Duration::from_secs(3);
        options.attempts = 1;
        let resolver = builder.build()?;
        *made = Some((written, resolver.clone()));
        Ok(resolver)
    }
}

fn pick(addresses: impl Iterator<Item = IpAddr>, family: Family, host: &str) -> Result<IpAddr, Cause> {
    let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = addresses.partition(IpAddr::is_ipv4);
    let first = match family {
        Family::Any => v4.into_iter().chain(v6).next(),
        Family::Ipv4 => v4.into_iter().next(),
        Family::Ipv6 => v6.into_iter().next(),
    };
    first.ok_or_else(|| Cause::new("dns-no-address", format!("`{host}` has no address of that family")))
}

/// Returns the code of what went wrong when a name was asked for.
#[must_use]
pub fn fault(error: &NetError) -> &'static str {
    match error {
        error if error.is_nx_domain() => "dns-nxdomain",
        NetError::Timeout => "dns-timeout",
        NetError::Dns(DnsError::ResponseCode(code)) => of_code(*code),
        NetError::Dns(DnsError::NoRecordsFound(none)) => of_code(none.response_code),
        NetError::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => "dns-unreachable",
        NetError::NoConnections => "dns-unreachable",
        NetError::Proto(_) | NetError::QueryCaseMismatch => "dns-malformed",
        _ => "dns",
    }
}

const fn of_code(code: ResponseCode) -> &'static str {
    match code {
        ResponseCode::NoError => "dns-no-record",
        ResponseCode::NXDomain => "dns-nxdomain",
        ResponseCode::ServFail => "dns-servfail",
        ResponseCode::Refused => "dns-refused",
        _ => "dns",
    }
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
