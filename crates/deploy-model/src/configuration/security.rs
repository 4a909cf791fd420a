//! How a site is protected, as configured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a site is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityConfiguration {
    /// The headers it is sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<HeaderConfiguration>,
    /// What is looked through, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scanning: Option<ScanConfiguration>,
}

/// The HTTP headers a site is sent with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeaderConfiguration {
    /// `Content-Security-Policy`, its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csp: Option<String>,
    /// Whether `Strict-Transport-Security` is sent.
    pub hsts: bool,
    /// `X-Frame-Options`, its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_frame: Option<String>,
    /// Whether `X-Content-Type-Options: nosniff` is sent.
    pub x_content: bool,
}

/// What is looked through, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScanConfiguration {
    /// Whether dependencies are.
    pub dependencies: bool,
    /// Whether content is.
    pub content: bool,
    /// How long from one look to the next, in hours.
    pub frequency: u64,
}
