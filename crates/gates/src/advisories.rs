//! What is known to be wrong with packages, from databases on this machine.

use std::collections::BTreeSet;
use std::collections::HashSet;

use charter_deploy_model::VulnerabilitySeverity;
use jiff::Timestamp;

use crate::packages::Ecosystem;

mod archive;
mod folder;
mod merge;
mod osv;
mod ranges;
mod rustsec;
mod versions;

pub(crate) use folder::open;
pub(crate) use merge::{Weakness, own_id, weaknesses};
#[cfg(feature = "fuzzing")]
pub(crate) use osv::read as read_osv;
pub(crate) use ranges::npm_range;
#[cfg(feature = "fuzzing")]
pub(crate) use rustsec::read as read_rustsec;

/// A larger advisory is not read, in bytes.
const SIZE_LIMIT: u64 = 8 << 20;

/// What somebody wrote about packages.
#[derive(Debug, Clone)]
pub(crate) struct Advisory {
    pub(crate) id: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) summary: String,
    pub(crate) sort: Sort,
    /// Absent where nobody says.
    pub(crate) severity: Option<VulnerabilitySeverity>,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) is_withdrawn: bool,
    pub(crate) affected: Vec<Affected>,
}

/// What an advisory warns of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sort {
    /// Something worth knowing.
    Notice,
    /// Nobody looks after it any more.
    Unmaintained,
    /// Safe code can go wrong with it.
    Unsound,
    /// A weakness.
    #[default]
    Vulnerability,
    /// It was written to do harm.
    Malicious,
}

/// Which versions of a package an advisory is about.
#[derive(Debug, Clone)]
pub(crate) struct Affected {
    pub(crate) ecosystem: Ecosystem,
    /// In its one spelling.
    pub(crate) name: String,
    pub(crate) versions: Versions,
    /// As said of this package alone.
    pub(crate) severity: Option<VulnerabilitySeverity>,
}

/// Versions, in the form in which a database has them.
#[derive(Debug, Clone)]
pub(crate) enum Versions {
    /// OSV: listed versions, and ranges of events.
    Osv { listed: Vec<String>, ranges: Vec<ranges::Range> },
    /// RustSec: all but those that fit one of these requirements; the first are those that put it right.
    AllBut { patched: Vec<semver::VersionReq>, unaffected: Vec<semver::VersionReq> },
    /// npm: those that fit one of these requirements.
    Within(Vec<semver::VersionReq>),
}

/// The packages that a run is about: ecosystem and normal name.
pub(crate) type Wanted = HashSet<(Ecosystem, String)>;

/// Advisories from one place.
#[derive(Debug, Default)]
pub(crate) struct Database {
    /// What to call it.
    pub(crate) name: String,
    /// The ecosystems that it tells about.
    pub(crate) covers: BTreeSet<Ecosystem>,
    /// Those about wanted packages.
    pub(crate) advisories: Vec<Advisory>,
    /// How many there are about any package.
    pub(crate) count: u64,
    /// The last time it is known to have been up to date.
    pub(crate) as_of: Option<Timestamp>,
    /// How many advisories could not be read, and the first of them with the reason.
    pub(crate) unreadable: Option<(u64, String)>,
}

impl Database {
    /// Takes an advisory in that was read, or that could not be.
    fn take(&mut self, name: &str, read: Result<Advisory, String>, wanted: &Wanted) {
        match read {
            Ok(advisory) => {
                self.count += 1;
                self.as_of = self.as_of.max(advisory.modified);
                self.covers.extend(advisory.affected.iter().map(|affected| affected.ecosystem));
                let is_wanted = |affected: &Affected| wanted.contains(&(affected.ecosystem, affected.name.clone()));
                if !advisory.is_withdrawn && advisory.affected.iter().any(is_wanted) {
                    self.advisories.push(advisory);
                }
            }
            Err(what) => {
                let (count, _) = self.unreadable.get_or_insert_with(|| (0, format!("`{name}` {what}")));
                *count += 1;
            }
        }
    }

    /// Puts two parts of one database together.
    fn join(mut self, other: Self) -> Self {
        self.covers.extend(other.covers);
        self.advisories.extend(other.advisories);
        self.count += other.count;
        self.as_of = self.as_of.max(other.as_of);
        self.unreadable = match (self.unreadable, other.unreadable) {
            (Some((own, first)), Some((more, _))) => Some((own + more, first)),
            (own, other) => own.or(other),
        };
        self
    }
}

#[cfg(test)]
mod tests;
