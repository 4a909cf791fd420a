//! Advisories of RustSec: Markdown with TOML at its top, <https://github.com/rustsec/advisory-db#advisory-format>.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use semver::VersionReq;
use serde::Deserialize;

use super::osv::{cvss, informational};
use super::{Advisory, Affected, Sort, Versions};
use crate::packages::Ecosystem;

#[derive(Deserialize)]
struct Front {
    advisory: Header,
    #[serde(default)]
    versions: Requirements,
}

#[derive(Deserialize)]
struct Header {
    id: String,
    package: String,
    date: String,
    #[serde(default)]
    aliases: Vec<String>,
    cvss: Option<String>,
    informational: Option<String>,
    withdrawn: Option<String>,
    collection: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Requirements {
    patched: Vec<String>,
    unaffected: Vec<String>,
}

/// Reads one advisory.
///
/// # Errors
/// When it has another form, as the end of a sentence that begins with its name.
pub(crate) fn read(content: &[u8]) -> Result<Advisory, String> {
    let text = std::str::from_utf8(content).map_err(|_| "is not UTF-8".to_owned())?;
    let front = text.trim_start().strip_prefix("```toml").and_then(|rest| rest.split_once("\n```"));
    let (front, body) = front.ok_or("is no advisory of RustSec: it does not begin with a block of TOML")?;
    let Front { advisory, versions } =
        toml::from_str(front).map_err(|error| format!("is no advisory of RustSec: {}", error.message()))?;
    let requirements = |texts: &[String]| -> Result<Vec<VersionReq>, String> {
        texts.iter().map(|text| text.parse().map_err(|_| format!("requires `{text}`, which is no version"))).collect()
    };
    let (patched, unaffected) = (requirements(&versions.patched)?, requirements(&versions.unaffected)?);
    let is_about_rust = advisory.collection.as_deref() == Some("rust");
    let affected = Affected {
        ecosystem: Ecosystem::CratesIo,
        name: advisory.package,
        versions: Versions::AllBut { patched, unaffected },
        severity: None,
    };
    let title = body.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or_default();
    let day = advisory.date.parse::<Date>().ok().and_then(|day| day.to_zoned(TimeZone::UTC).ok());
    Ok(Advisory {
        id: advisory.id,
        aliases: advisory.aliases,
        summary: title.trim().to_owned(),
        sort: advisory.informational.as_deref().map_or(Sort::Vulnerability, informational),
        severity: advisory.cvss.as_deref().and_then(cvss),
        modified: day.map(|day| day.timestamp()).filter(|at: &Timestamp| *at <= Timestamp::MAX),
        is_withdrawn: advisory.withdrawn.is_some(),
        // The compiler and its tools are no packages.
        affected: if is_about_rust { Vec::new() } else { vec![affected] },
    })
}
