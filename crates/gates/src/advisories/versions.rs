//! The order of versions: Semantic Versioning for npm and crates.io, PEP 440 for PyPI.

use std::cmp::Ordering;
use std::str::FromStr;

use crate::packages::Ecosystem;

/// A version that can be compared with others of its ecosystem.
#[derive(Debug, Clone)]
pub(super) enum Version {
    Semantic(semver::Version),
    Python(pep440_rs::Version),
}

impl Version {
    pub(super) fn read(ecosystem: Ecosystem, text: &str) -> Option<Self> {
        match ecosystem {
            Ecosystem::CratesIo | Ecosystem::Npm => semantic(text).map(Self::Semantic),
            Ecosystem::PyPi => pep440_rs::Version::from_str(text.trim()).ok().map(Self::Python),
        }
    }

    /// Compares by precedence: what stands behind a `+` in a semantic version counts for nothing.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Semantic(a), Self::Semantic(b)) => a.cmp_precedence(b),
            (Self::Python(a), Self::Python(b)) => a.cmp(b),
            (Self::Semantic(_), Self::Python(_)) => Ordering::Less,
            (Self::Python(_), Self::Semantic(_)) => Ordering::Greater,
        }
    }
}

/// Reads a semantic version, also in the loose forms that advisories have: `v1`, `1.0`, `01.2.3`.
pub(super) fn semantic(text: &str) -> Option<semver::Version> {
    let text = text.trim().trim_start_matches(['v', '=', ' ']);
    if let Ok(version) = semver::Version::parse(text) {
        return Some(version);
    }
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(end);
    let mut numbers = [0_u64; 3];
    for (place, part) in core.split('.').enumerate() {
        *numbers.get_mut(place)? = part.parse().ok()?;
    }
    let [major, minor, patch] = numbers;
    semver::Version::parse(&format!("{major}.{minor}.{patch}{rest}")).ok()
}
