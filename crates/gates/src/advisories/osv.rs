//! Advisories in the form of OSV 1.7: <https://ossf.github.io/osv-schema/>.

use charter_deploy_model::VulnerabilitySeverity;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::ranges::Range;
use super::{Advisory, Affected, Sort, Versions};
use crate::packages::Ecosystem;

#[derive(Deserialize)]
struct File {
    id: String,
    modified: Option<String>,
    withdrawn: Option<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    details: Option<String>,
    #[serde(default)]
    severity: Option<Vec<Vector>>,
    #[serde(default)]
    affected: Option<Vec<Entry>>,
    #[serde(default)]
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct Vector {
    score: String,
}

#[derive(Deserialize)]
struct Entry {
    package: Option<Name>,
    #[serde(default)]
    severity: Option<Vec<Vector>>,
    #[serde(default)]
    ranges: Option<Vec<Range>>,
    #[serde(default)]
    versions: Option<Vec<String>>,
    #[serde(default)]
    database_specific: Option<Value>,
}

#[derive(Deserialize)]
struct Name {
    ecosystem: String,
    name: String,
}

/// Reads one advisory; what it says about other ecosystems is left out.
///
/// # Errors
/// When it has another form, as the end of a sentence that begins with its name.
pub(crate) fn read(content: &[u8]) -> Result<Advisory, String> {
    let file: File = serde_json::from_slice(content).map_err(|error| format!("is no OSV advisory: {error}"))?;
    if file.id.is_empty() {
        return Err("is no OSV advisory: it has no id".to_owned());
    }
    let entries = file.affected.unwrap_or_default();
    let sort = sort(&file.id, &entries);
    let whole = [vectors(file.severity.as_deref()), word(file.database_specific.as_ref())].into_iter().flatten().max();
    let affected = entries.into_iter().filter_map(|entry| {
        let name = entry.package?;
        let ecosystem = Ecosystem::ALL.into_iter().find(|known| known.name() == name.ecosystem)?;
        let listed = entry.versions.unwrap_or_default();
        Some(Affected {
            ecosystem,
            name: ecosystem.normal_name(&name.name),
            versions: Versions::Osv { listed, ranges: entry.ranges.unwrap_or_default() },
            severity: [
                vectors(entry.severity.as_deref()),
                word(entry.database_specific.as_ref()),
                entry.database_specific.as_ref().and_then(|own| own.get("cvss")?.as_str()).and_then(cvss),
            ]
            .into_iter()
            .flatten()
            .max(),
        })
    });
    let details = file.details.unwrap_or_default();
    let summary = file.summary.filter(|summary| !summary.trim().is_empty());
    Ok(Advisory {
        affected: affected.collect(),
        summary: summary.unwrap_or_else(|| details.lines().next().unwrap_or_default().to_owned()),
        sort,
        severity: whole,
        modified: file.modified.and_then(|text| text.parse::<Timestamp>().ok()),
        is_withdrawn: file.withdrawn.is_some(),
        aliases: file.aliases.unwrap_or_default(),
        id: file.id,
    })
}

fn sort(id: &str, entries: &[Entry]) -> Sort {
    if id.starts_with("MAL-") {
        return Sort::Malicious;
    }
    // So RustSec says it when it exports to OSV.
    let word = |entry: &Entry| Some(entry.database_specific.as_ref()?.get("informational")?.as_str()?.to_owned());
    entries.iter().find_map(word).map_or(Sort::Vulnerability, |word| informational(&word))
}

/// Reads what RustSec calls an advisory that is about no vulnerability.
pub(super) fn informational(word: &str) -> Sort {
    match word {
        "unmaintained" => Sort::Unmaintained,
        "unsound" => Sort::Unsound,
        "notice" => Sort::Notice,
        _ => Sort::Vulnerability,
    }
}

fn word(specific: Option<&Value>) -> Option<VulnerabilitySeverity> {
    specific?.get("severity")?.as_str()?.parse().ok()
}

fn vectors(vectors: Option<&[Vector]>) -> Option<VulnerabilitySeverity> {
    vectors?.iter().filter_map(|vector| cvss(&vector.score)).max()
}

/// Returns how grave a CVSS vector says it is.
pub(super) fn cvss(vector: &str) -> Option<VulnerabilitySeverity> {
    Some(match vector.parse::<cvss::Cvss>().ok()?.severity() {
        cvss::Severity::None | cvss::Severity::Low => VulnerabilitySeverity::Low,
        cvss::Severity::Medium => VulnerabilitySeverity::Moderate,
        cvss::Severity::High => VulnerabilitySeverity::High,
        cvss::Severity::Critical => VulnerabilitySeverity::Critical,
    })
}
