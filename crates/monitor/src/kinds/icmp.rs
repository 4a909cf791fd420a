//! Pings, as an ordinary user: the kernel's sockets for it need no privilege where they are allowed.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, UptimeStatus};
use charter_host::{Refusal, Scope, Setup};
use schemars::JsonSchema;
use serde::Deserialize;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout};

use crate::Probe;
use crate::net::connect::{Family, Names};
use crate::probe::{Cause, Hop, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Pings a host.
    ///
    /// It is down when nothing comes back, and degraded when less comes back than was sent. No privilege is needed, but
    /// the kernel must let this user's group ping.
    ///
    /// ```toml
    /// [monitor.endpoints.router]
    /// probe = { kind = "icmp", host = "192.0.2.1" }
    /// ```
    pub static META: "icmp", needs Live, lane Shared {}
}

/// The section of an `icmp` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IcmpConfig {
    /// The host, a name or an address.
    pub host: String,
    /// How many pings are sent, one after another; 1 to 20.
    #[serde(default = "three")]
    pub count: u8,
    /// So long an answer is waited for, in milliseconds.
    #[serde(default = "a_second")]
    pub wait_milliseconds: u64,
    /// Which address of the host is taken.
    #[serde(default)]
    pub family: Family,
}

const fn three() -> u8 {
    3
}

const fn a_second() -> u64 {
    1_000
}

/// Pings.
#[derive(Debug)]
pub struct Icmp {
    config: IcmpConfig,
    names: Arc<Names>,
}

/// Builds the probe.
///
/// # Errors
/// When there is nothing to send, or too much.
pub fn probe(config: IcmpConfig, _: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    if !(1..=20).contains(&config.count) {
        return Err(Refusal(format!("`count` is {}, and goes from 1 to 20", config.count)));
    }
    Ok(Box::new(Icmp { config, names: Names::of_machine() }))
}

#[async_trait]
impl Probe for Icmp {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        format!("icmp://{}", self.config.host)
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let wait = Duration::from_millis(self.config.wait_milliseconds);
        let limit = wait * (u32::from(self.config.count) + 1);
        let mut hop = Hop { url: self.address(), ..Hop::default() };
        let looked = tokio::select! {
            looked = timeout(limit, self.look(wait, &mut hop)) => looked,
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        };
        let mut reading = match looked {
            Err(_) => Reading::down(Cause::new("dns-timeout", "resolving the name was not done in time")),
            Ok(looked) => looked?.unwrap_or_else(Reading::down),
        };
        reading.hops = vec![hop];
        Ok(reading)
    }
}

impl Icmp {
    async fn look(&self, wait: Duration, hop: &mut Hop) -> Result<Result<Reading, Cause>, ProbeError> {
        let address = match self.names.resolve(&self.config.host, self.config.family).await? {
            Ok((address, took)) => {
                (hop.peer, hop.dns) = (Some(address), took);
                address
            }
            Err(cause) => return Ok(Err(cause)),
        };
        let socket = match open(address) {
            Ok(socket) => socket,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(forbidden()),
            Err(error) => return unreachable_or(error, address),
        };
        let (mut trips, mut refused) = (Vec::new(), None);
        for number in 0..self.config.count {
            let started = Instant::now();
            match timeout(wait, ping(&socket, address, number.into())).await {
                Ok(Ok(())) => trips.push(started.elapsed()),
                Ok(Err(error)) => refused = Some(error),
                Err(_) => {}
            }
        }
        if let (true, Some(error)) = (trips.is_empty(), refused) {
            return unreachable_or(error, address);
        }
        Ok(judge(self.config.count, trips, address))
    }
}

fn judge(sent: u8, mut trips: Vec<Duration>, address: IpAddr) -> Result<Reading, Cause> {
    trips.sort();
    let came = trips.len();
    let Some(middle) = trips.get(came / 2).copied() else {
        return Err(Cause::new("ping", format!("none of {sent} pings came back from {address}")));
    };
    let mut reading = Reading::up(middle);
    #[expect(clippy::cast_precision_loss, reason = "there are twenty at the most")]
    let lost = 100.0 - came as f64 * 100.0 / f64::from(sent);
    reading.figures.insert("lossPercent".to_owned(), lost);
    if came < usize::from(sent) {
        reading.status = UptimeStatus::Degraded;
        reading.cause = Some(Cause::new("ping-loss", format!("{came} of {sent} pings came back from {address}")));
    }
    Ok(reading)
}

fn forbidden() -> ProbeError {
    ProbeError::Missing {
        what: "the right to ping".to_owned(),
        help: "sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"".to_owned(),
    }
}

fn unreachable_or(error: io::Error, address: IpAddr) -> Result<Result<Reading, Cause>, ProbeError> {
    match error.kind() {
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::ConnectionRefused => {
            Ok(Err(Cause::new("unreachable", format!("no way to {address}: {error}"))))
        }
        _ => Err(ProbeError::Other { doing: format!("ping {address}"), source: Box::new(error) }),
    }
}

fn open(address: IpAddr) -> io::Result<UdpSocket> {
    let (domain, protocol) = match address {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol))?;
    socket.set_nonblocking(true)?;
    socket.connect(&SocketAddr::new(address, 0).into())?;
    UdpSocket::from_std(socket.into())
}

/// Sends one ping and waits for its answer (RFC 792, RFC 4443). The kernel sets the identifier and the checksum, and
/// hands over answers to this socket's identifier only.
async fn ping(socket: &UdpSocket, address: IpAddr, number: u16) -> io::Result<()> {
    static SENT: AtomicU64 = AtomicU64::new(0);
    let own = SENT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let (ask, answer) = if address.is_ipv4() { (8, 0) } else { (128, 129) };
    let [high, low] = number.to_be_bytes();
    let message = [&[ask, 0, 0, 0, 0, 0, high, low], &own[..], &[0x2a; 40]].concat();
    socket.send(&message).await?;
    let mut heard = [0; 1500];
    loop {
        let count = socket.recv(&mut heard).await?;
        let heard = &heard[..count];
        if heard.first() == Some(&answer) && heard.get(6..16) == message.get(6..16) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_decides() {
        let address = "192.0.2.1".parse().unwrap();
        let trips = |count| vec![Duration::from_millis(7); count];
        assert_eq!(judge(3, trips(3), address).unwrap().status, UptimeStatus::Up);
        let some = judge(4, trips(3), address).unwrap();
        assert_eq!((some.status, some.figures["lossPercent"]), (UptimeStatus::Degraded, 25.0));
        assert_eq!(judge(3, trips(0), address).unwrap_err().code, "ping");
    }
}
