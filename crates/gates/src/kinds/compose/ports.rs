//! Databases that the whole network can reach.

use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::container::Service;
use super::keys::field;
use crate::yaml::fault::Fault;
use crate::yaml::node::Node;

/// The ports at which databases answer unless they are told otherwise, and whose they are.
const DATABASES: [(u16, &str); 24] = [
    (1433, "SQL Server"),
    (1521, "Oracle"),
    (2379, "etcd"),
    (3306, "MySQL"),
    (5432, "PostgreSQL"),
    (5984, "CouchDB"),
    (6379, "Redis"),
    (7474, "Neo4j"),
    (7687, "Neo4j"),
    (8086, "InfluxDB"),
    (8529, "ArangoDB"),
    (8983, "Solr"),
    (9042, "Cassandra"),
    (9160, "Cassandra"),
    (9200, "Elasticsearch"),
    (9300, "Elasticsearch"),
    (11211, "Memcached"),
    (19530, "Milvus"),
    (26257, "CockroachDB"),
    (27017, "MongoDB"),
    (27018, "MongoDB"),
    (27019, "MongoDB"),
    (28015, "RethinkDB"),
    (33060, "MySQL"),
];

/// Finds the ports of databases that are published on all interfaces.
pub(super) fn faults<'a>(service: &Service<'a>) -> Vec<Fault<'a>> {
    let mut faults = Vec::new();
    for at in service.items("ports") {
        let Some(port) = published(service, at).filter(Published::is_open) else { continue };
        if let Some((number, database)) = DATABASES.iter().find(|(number, _)| port.target.contains(number)) {
            let what = format!("lets the whole network reach port `{number}`, that of {database}");
            faults.push(Fault::new("published-database", at, what).of(Some(service.name)));
        }
    }
    faults
}

/// A port that is published.
#[derive(Debug, PartialEq, Eq)]
struct Published {
    address: Option<String>,
    /// The ports within the container.
    target: RangeInclusive<u16>,
    is_tcp: bool,
}

impl Published {
    /// Says whether each interface of the host leads to it.
    fn is_open(&self) -> bool {
        let is_any = |address: &String| address.parse::<IpAddr>().is_ok_and(|address| address.is_unspecified());
        self.is_tcp && self.address.as_ref().is_none_or(is_any)
    }
}

fn published<'a>(service: &Service<'a>, port: Node<'a>) -> Option<Published> {
    if !port.is_mapping() {
        return short_form(&service.filled(port)?);
    }
    let text = |name: &str| service.filled(field(port, name)?);
    let is_tcp = text("protocol").is_none_or(|protocol| protocol == "tcp");
    Some(Published { address: text("host_ip"), target: range(&text("target")?)?, is_tcp })
}

/// Reads `[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]`.
fn short_form(text: &str) -> Option<Published> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (host, target) = ports.rsplit_once(':').map_or((None, ports), |(host, target)| (Some(host), target));
    let address = host.and_then(|host| host.rsplit_once(':')).map(|(address, _)| address);
    let address = address.map(|address| address.trim_start_matches('[').trim_end_matches(']').to_owned());
    Some(Published { address, target: range(target)?, is_tcp: protocol == "tcp" })
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_open_unless_it_says_to_whom() {
        for (text, expected) in [
            ("5432", Some((5432, true))),
            ("5432:5432", Some((5432, true))),
            ("15432:5432/tcp", Some((5432, true))),
            ("127.0.0.1:5432:5432", Some((5432, false))),
            ("127.0.0.1::5432", Some((5432, false))),
            ("0.0.0.0:5432:5432", Some((5432, true))),
            ("[::1]:5432:5432", Some((5432, false))),
            ("[::]:5432:5432", Some((5432, true))),
            ("${IP}:5432:5432", Some((5432, false))),
            ("${PORT}:5432", Some((5432, true))),
            ("5430-5440:5430-5440", Some((5430, true))),
            ("5432:5432/udp", Some((5432, false))),
            ("5432:${PORT}", None),
            ("", None),
        ] {
            let read = short_form(text).map(|port| (*port.target.start(), port.is_open()));
            assert_eq!(read, expected, "{text}");
        }
    }
}
