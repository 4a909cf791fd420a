//! The standard probes.

use std::path::Path;

use charter_host::{Catalog, Refusal, Setup};

use crate::Probe;
use crate::net::tls::Trust;

pub mod dns;
pub mod heartbeat;
pub mod http;
pub mod icmp;
pub mod logs;
pub mod system;
mod tail;
pub mod tcp;
pub mod tls;
pub mod traffic;

/// Returns the catalog of standard probes.
#[must_use]
pub fn standard() -> Catalog<dyn Probe> {
    let mut catalog = Catalog::new("probe");
    catalog
        .register(&dns::META, dns::probe)
        .register(&heartbeat::META, heartbeat::probe)
        .register(&http::META, http::probe)
        .register(&icmp::META, icmp::probe)
        .register(&logs::META, logs::probe)
        .register(&http::steps::META, http::steps::probe)
        .register(&system::META, system::probe)
        .register(&tcp::META, tcp::probe)
        .register(&tls::META, tls::probe)
        .register(&traffic::META, traffic::probe);
    catalog
}

/// Returns whom this machine trusts, and whom a file of the project names beside.
fn trust(authorities: Option<&Path>, setup: &Setup<'_>) -> Result<Trust, Refusal> {
    let text = match authorities {
        Some(path) => Some(
            std::fs::read(setup.root.join(path))
                .map_err(|error| Refusal(format!("`authorities`: {} cannot be read: {error}", path.display())))?,
        ),
        None => None,
    };
    Trust::of_machine(text.as_deref()).map_err(Refusal)
}
