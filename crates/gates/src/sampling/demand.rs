//! What a configuration holds a figure to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a figure is held to: a number, or `"off"`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "neither a number nor \"off\"")]
pub enum Demand {
    /// The limit, in the unit that the key names.
    Number(f64),
    /// Nothing.
    Off(Off),
}

/// The word for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Off {
    /// It is held to nothing.
    Off,
}

impl Demand {
    /// No limit.
    pub const OFF: Self = Self::Off(Off::Off);
}
