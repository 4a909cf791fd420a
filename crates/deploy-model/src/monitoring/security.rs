//! How safe a site is.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::SecurityVulnerability;

/// How safe a site is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityGroup {
    /// Its certificate; absent for a site without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssl_check: Option<SslCheck>,
    /// The headers it is sent with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headers: Option<SecurityHeaders>,
    /// Known weaknesses of what it is made of; absent when nobody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerabilities: Option<Vec<SecurityVulnerability>>,
}

/// How a site's certificate stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SslCheck {
    /// Whether browsers accept it.
    pub valid: bool,
    /// When it ends; absent when none was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<Timestamp>,
    /// A grade of the whole set-up, such as `A+`; absent when nobody graded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
}

/// Which HTTP headers a site is sent with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityHeaders {
    /// `Content-Security-Policy`.
    pub csp: bool,
    /// `Strict-Transport-Security`.
    pub hsts: bool,
    /// `X-Frame-Options`, or `frame-ancestors` in its stead.
    pub x_frame: bool,
    /// `X-Content-Type-Options: nosniff`.
    pub x_content: bool,
}
