//! How what is watched stands.

use serde::Serialize;

use super::VERSION;
use crate::EndpointStanding;
use crate::json::line;

/// How all that is watched stands.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Watched {
    /// 1.
    pub v: u8,
    /// `watched`.
    pub result: &'static str,
    /// Each endpoint.
    pub endpoints: Vec<WatchedEndpoint>,
}

/// How one endpoint stands.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchedEndpoint {
    /// Its name.
    pub name: String,
    /// What is looked at.
    pub address: String,
    /// `up`, `degraded`, `down` or `unknown`.
    pub status: String,
    /// Since when; absent where it was looked at once only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// How long it took to answer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<f64>,
    /// Why it is not as it should be, or what is to be known besides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Returns how endpoints stand as one line.
#[must_use]
pub fn watched(endpoints: &[EndpointStanding]) -> String {
    let endpoints = endpoints.iter().map(|it| WatchedEndpoint {
        name: it.name.clone(),
        address: it.address.clone(),
        status: format!("{:?}", it.status).to_lowercase(),
        since: it.since.map(|since| since.to_string()),
        took_ms: it.took_ms,
        detail: Some(it.detail.clone()).filter(|detail| !detail.is_empty()),
    });
    line(&Watched { v: VERSION, result: "watched", endpoints: endpoints.collect() })
}
