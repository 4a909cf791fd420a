//! Asks for the records of a name.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::KindMeta;
use charter_host::{Refusal, Scope, Setup};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RecordType;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::Probe;
use crate::net::connect::fault;
use crate::probe::{Cause, ProbeError, Reading};

charter_deploy_model::kind! {
    /// Asks for the records of a name, and holds them to what is expected.
    ///
    /// ```toml
    /// [monitor.endpoints.name]
    /// probe = { kind = "dns", name = "example.org", record = "A", expect = ["192.0.2.7"] }
    /// ```
    pub static META: "dns", needs Live, lane Shared {}
}

/// The section of a `dns` probe.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DnsConfig {
    /// The name.
    pub name: String,
    /// The sort of record, such as `A`, `AAAA`, `CNAME`, `MX`, `NS` or `TXT`.
    #[serde(default = "a")]
    pub record: String,
    /// What each record is to be, in any order; without it any record will do.
    #[serde(default)]
    pub expect: Vec<String>,
    /// The server that is asked; this machine's own when there is none.
    #[serde(default)]
    pub server: Option<IpAddr>,
    /// That server's port.
    #[serde(default = "domain")]
    pub port: u16,
    /// After so long the look is over, in milliseconds.
    #[serde(default = "five_seconds")]
    pub timeout_milliseconds: u64,
}

fn a() -> String {
    "A".to_owned()
}

const fn domain() -> u16 {
    53
}

const fn five_seconds() -> u64 {
    5_000
}

/// Asks for records.
#[derive(Debug)]
pub struct Dns {
    config: DnsConfig,
    record: RecordType,
    resolver: TokioResolver,
}

/// Builds the probe.
///
/// # Errors
/// When there is no such sort of record, or this machine does not say how to resolve names.
pub fn probe(config: DnsConfig, _: &Setup<'_>) -> Result<Box<dyn Probe>, Refusal> {
    let record = config.record.to_ascii_uppercase().parse::<RecordType>();
    let record = record.map_err(|_| Refusal(format!("`record`: there is no `{}`", config.record)))?;
    let builder = match config.server {
        Some(server) => {
            let mut place = NameServerConfig::udp_and_tcp(server);
            for connection in &mut place.connections {
                connection.port = config.port;
            }
            let servers = ResolverConfig::from_parts(None, Vec::new(), vec![place]);
            Ok(TokioResolver::builder_with_config(servers, TokioRuntimeProvider::default()))
        }
        None => TokioResolver::builder_tokio(),
    };
    let resolver = builder.and_then(|mut builder| {
        let options = builder.options_mut();
        options.cache_size = 0;
        options.attempts = 1;
        options.timeout = Duration::from_millis(config.timeout_milliseconds);
        options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
        builder.build()
    });
    let resolver = resolver.map_err(|error| Refusal(format!("names cannot be resolved: {error}")))?;
    Ok(Box::new(Dns { config, record, resolver }))
}

#[async_trait]
impl Probe for Dns {
    fn meta(&self) -> &'static KindMeta {
        &META
    }

    fn address(&self) -> String {
        format!("dns:{}?type={}", self.config.name, self.record)
    }

    async fn measure(&self, scope: &Scope) -> Result<Reading, ProbeError> {
        let limit = Duration::from_millis(self.config.timeout_milliseconds);
        let started = Instant::now();
        let found = tokio::select! {
            found = tokio::time::timeout(limit, self.resolver.lookup(self.config.name.as_str(), self.record)) => found,
            () = scope.cancel.cancelled() => return Err(ProbeError::Cancelled),
        };
        let (name, record) = (&self.config.name, self.record);
        let answers = match found {
            Err(_) => {
                let message = format!("no answer within {} ms", limit.as_millis());
                return Ok(Reading::down(Cause::new("dns-timeout", message)));
            }
            Ok(Err(error)) => {
                return Ok(Reading::down(Cause::new(fault(&error), format!("`{name}` has no {record}: {error}"))));
            }
            Ok(Ok(found)) => found,
        };
        let of_sort = answers.answers().iter().filter(|answer| answer.record_type() == record);
        let mut seen: Vec<String> = of_sort.map(|answer| answer.data.to_string()).collect();
        seen.sort();
        let mut reading = Reading::up(started.elapsed());
        reading.facts.insert("records".to_owned(), seen.join(", "));
        let plain = |text: &str| text.trim_end_matches('.').trim_matches('"').to_ascii_lowercase();
        let mut wanted: Vec<String> = self.config.expect.iter().map(|text| plain(text)).collect();
        let mut found: Vec<String> = seen.iter().map(|text| plain(text)).collect();
        wanted.sort();
        found.sort();
        if !wanted.is_empty() && wanted != found {
            let message = format!("`{name}` has {record} {}, not {}", seen.join(", "), self.config.expect.join(", "));
            return Ok(Reading {
                took: reading.took,
                facts: reading.facts,
                ..Reading::down(Cause::new("dns-records", message))
            });
        }
        Ok(reading)
    }
}
