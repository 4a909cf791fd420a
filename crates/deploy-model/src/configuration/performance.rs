//! How fast a site is to be, as configured.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CoreWebVitals, Percent};

/// How fast a site is to be.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceConfiguration {
    /// What it is held to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<PerformanceTargets>,
    /// What is done to get there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizations: Option<Optimizations>,
}

/// What a site is held to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PerformanceTargets {
    /// The least of Lighthouse's scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lighthouse: Option<LighthouseTargets>,
    /// The most of each web vital.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_web_vitals: Option<CoreWebVitals>,
    /// The most that the heaviest page may weigh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle_size: Option<BundleTargets>,
}

/// The least of Lighthouse's scores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LighthouseTargets {
    /// Speed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance: Option<Percent>,
    /// Accessibility.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<Percent>,
    /// Best practices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_practices: Option<Percent>,
    /// Findability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seo: Option<Percent>,
}

/// Sizes the heaviest page must stay under.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BundleTargets {
    /// Script, in bytes after brotli.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub javascript: Option<u64>,
    /// Style, in bytes after brotli.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub css: Option<u64>,
    /// Everything, in bytes after brotli.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
}

/// What is done to make a site smaller or faster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Optimizations {
    /// Compressing what is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<bool>,
    /// Leaving out what only people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minification: Option<bool>,
    /// Sending script page by page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_splitting: Option<bool>,
    /// Leaving out script that nothing calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treeshaking: Option<bool>,
    /// Sending images in the size and format that fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_optimization: Option<bool>,
}
