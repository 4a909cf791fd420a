//! Whether a version is within what an advisory names: <https://ossf.github.io/osv-schema/#evaluation>.

use semver::{Comparator, Op, VersionReq};
use serde::Deserialize;

use super::versions::{Version, semantic};
use super::{Affected, Versions};
use crate::packages::Ecosystem;

/// Events in the order of an ecosystem's versions.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Range {
    #[serde(rename = "type")]
    pub(super) sort: String,
    #[serde(default)]
    pub(super) events: Vec<Event>,
}

/// What changes at a version. Each has one of them.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Event {
    pub(super) introduced: Option<String>,
    pub(super) fixed: Option<String>,
    pub(super) last_affected: Option<String>,
    pub(super) limit: Option<String>,
}

/// Says whether a version is affected.
///
/// # Errors
/// When a version cannot be compared, with a text that names it.
pub(super) fn is_affected(affected: &Affected, version: &str) -> Result<bool, String> {
    let ecosystem = affected.ecosystem;
    let own = Version::read(ecosystem, version);
    let comparable = || own.as_ref().ok_or_else(|| format!("`{version}` is no version of {ecosystem}"));
    match &affected.versions {
        Versions::Osv { listed, ranges } => {
            let same = |other: &String| {
                let order = || Some(own.as_ref()?.order(&Version::read(ecosystem, other)?));
                other == version || order().is_some_and(|order| order.is_eq())
            };
            if listed.iter().any(same) {
                return Ok(true);
            }
            let ranges: Vec<&Range> = ranges.iter().filter(|range| range.sort != "GIT").collect();
            if ranges.is_empty() && listed.is_empty() {
                return Err("it names no versions".to_owned());
            }
            for range in ranges {
                if is_in_range(ecosystem, comparable()?, range)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Versions::AllBut { patched, unaffected } => {
            let version = semantic(version).ok_or_else(|| format!("`{version}` is no version of {ecosystem}"))?;
            Ok(!patched.iter().chain(unaffected).any(|requirement| fits(requirement, &version)))
        }
        Versions::Within(requirements) => {
            let version = semantic(version).ok_or_else(|| format!("`{version}` is no version of {ecosystem}"))?;
            Ok(requirements.iter().any(|requirement| fits(requirement, &version)))
        }
    }
}

/// What an event does to the versions from it on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Ends,
    Begins,
    EndsAfter,
}

fn is_in_range(ecosystem: Ecosystem, version: &Version, range: &Range) -> Result<bool, String> {
    let read =
        |text: &str| Version::read(ecosystem, text).ok_or_else(|| format!("`{text}` is no version of {ecosystem}"));
    // No version at all is the beginning.
    let mut steps: Vec<(Option<Version>, Step)> = Vec::new();
    let (mut limits, mut is_unlimited) = (Vec::new(), true);
    for Event { introduced, fixed, last_affected, limit } in &range.events {
        match (introduced.as_deref(), fixed, last_affected, limit.as_deref()) {
            (Some("0"), ..) => steps.push((None, Step::Begins)),
            (Some(text), ..) => steps.push((Some(read(text)?), Step::Begins)),
            (None, Some(text), ..) => steps.push((Some(read(text)?), Step::Ends)),
            (None, None, Some(text), _) => steps.push((Some(read(text)?), Step::EndsAfter)),
            (None, None, None, Some("*")) => {}
            (None, None, None, Some(text)) => {
                is_unlimited = false;
                limits.push(read(text)?);
            }
            (None, None, None, None) => return Err("it has an event of an unknown sort".to_owned()),
        }
    }
    if !is_unlimited && !limits.iter().any(|limit| version.order(limit).is_lt()) {
        return Ok(false);
    }
    steps.sort_by(|(a, step), (b, other)| {
        let order = match (a, b) {
            (Some(a), Some(b)) => a.order(b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        };
        order.then(step.cmp(other))
    });
    let mut is_affected = false;
    for (at, step) in &steps {
        let order = at.as_ref().map_or(std::cmp::Ordering::Greater, |at| version.order(at));
        match step {
            Step::Begins if order.is_ge() => is_affected = true,
            Step::Ends if order.is_ge() => is_affected = false,
            Step::EndsAfter if order.is_gt() => is_affected = false,
            Step::Begins | Step::Ends | Step::EndsAfter => {}
        }
    }
    Ok(is_affected)
}

/// Returns the first version above this one that puts it right.
pub(super) fn fixed_above(affected: &Affected, version: &str) -> Option<String> {
    let ecosystem = affected.ecosystem;
    let own = Version::read(ecosystem, version)?;
    let candidates: Vec<String> = match &affected.versions {
        Versions::Osv { ranges, .. } => {
            let events = ranges.iter().filter(|range| range.sort != "GIT").flat_map(|range| &range.events);
            events.filter_map(|event| event.fixed.clone()).collect()
        }
        Versions::AllBut { patched, .. } => {
            let begin = |requirement: &VersionReq| {
                let Comparator { op, major, minor, patch, pre } = requirement.comparators.first()?.clone();
                let pre = if pre.is_empty() { String::new() } else { format!("-{pre}") };
                let begin = format!("{major}.{}.{}{pre}", minor.unwrap_or(0), patch.unwrap_or(0));
                matches!(op, Op::GreaterEq | Op::Caret | Op::Tilde | Op::Exact).then_some(begin)
            };
            patched.iter().filter_map(begin).collect()
        }
        Versions::Within(requirements) => requirements
            .iter()
            .flat_map(|requirement| &requirement.comparators)
            .filter(|comparator| comparator.op == Op::Less)
            .map(|below| format!("{}.{}.{}", below.major, below.minor.unwrap_or(0), below.patch.unwrap_or(0)))
            .collect(),
    };
    let above = candidates.into_iter().filter_map(|text| Some((Version::read(ecosystem, &text)?, text)));
    let above = above.filter(|(version, _)| version.order(&own).is_gt());
    above.min_by(|(a, _), (b, _)| a.order(b)).map(|(_, text)| text)
}

/// Says whether a version is within a requirement as RustSec means it: by order alone, while Cargo would leave out
/// versions before a release.
fn fits(requirement: &VersionReq, version: &semver::Version) -> bool {
    requirement.comparators.iter().all(|comparator| {
        let (low, high) = bounds(comparator);
        let is_after = match &low {
            Some((low, true)) => version.cmp_precedence(low).is_ge(),
            Some((low, false)) => version.cmp_precedence(low).is_gt(),
            None => true,
        };
        let is_before = match &high {
            Some((high, true)) => version.cmp_precedence(high).is_le(),
            Some((high, false)) => version.cmp_precedence(high).is_lt(),
            None => true,
        };
        is_after && is_before
    })
}

/// A bound, and whether the bound itself is within.
type Bound = Option<(semver::Version, bool)>;

fn bounds(Comparator { op, major, minor, patch, pre }: &Comparator) -> (Bound, Bound) {
    let exact = || {
        let mut version = semver::Version::new(*major, minor.unwrap_or(0), patch.unwrap_or(0));
        version.pre = pre.clone();
        version
    };
    // The very first version of the next series, before its release.
    let first_of = |major: u64, minor: u64, patch: u64| {
        let mut version = semver::Version::new(major, minor, patch);
        version.pre = semver::Prerelease::new("0").unwrap_or_default();
        version
    };
    // What follows all that begins with the numbers that are there.
    let after_series = || match (minor, patch) {
        (None, _) => first_of(major.saturating_add(1), 0, 0),
        (Some(minor), None) => first_of(*major, minor.saturating_add(1), 0),
        (Some(minor), Some(patch)) => first_of(*major, *minor, patch.saturating_add(1)),
    };
    let is_whole = patch.is_some();
    let compatible = || match (major, minor, patch) {
        (0, Some(0), Some(patch)) => first_of(0, 0, patch.saturating_add(1)),
        (0, Some(minor), _) => first_of(0, minor.saturating_add(1), 0),
        (major, ..) => first_of(major.saturating_add(1), 0, 0),
    };
    match op {
        Op::Exact | Op::Wildcard if is_whole => (Some((exact(), true)), Some((exact(), true))),
        Op::Exact | Op::Wildcard => (Some((exact(), true)), Some((after_series(), false))),
        Op::Greater if is_whole => (Some((exact(), false)), None),
        Op::Greater => (Some((after_series(), true)), None),
        Op::GreaterEq => (Some((exact(), true)), None),
        Op::Less => (None, Some((exact(), false))),
        Op::LessEq if is_whole => (None, Some((exact(), true))),
        Op::LessEq => (None, Some((after_series(), false))),
        Op::Tilde if is_whole => {
            (Some((exact(), true)), Some((first_of(*major, minor.unwrap_or(0).saturating_add(1), 0), false)))
        }
        Op::Tilde => (Some((exact(), true)), Some((after_series(), false))),
        Op::Caret => (Some((exact(), true)), Some((compatible(), false))),
        // A sort of comparator that is not known fits nothing, so that what it is about stays affected.
        _ => (Some((first_of(u64::MAX, 0, 0), false)), None),
    }
}

/// Reads a range as npm writes it in its answers: comparators parted by blanks, alternatives by `||`.
///
/// # Errors
/// When it has another form.
pub(crate) fn npm_range(text: &str) -> Result<Vec<VersionReq>, String> {
    let alternative = |text: &str| {
        let mut comparators: Vec<String> = Vec::new();
        let mut operator = String::new();
        for word in text.split_ascii_whitespace() {
            operator.push_str(word);
            if !word.trim_start_matches(['<', '>', '=', '~', '^']).is_empty() {
                comparators.push(std::mem::take(&mut operator));
            }
        }
        let text = match comparators.as_slice() {
            [] => "*".to_owned(),
            many => many.iter().map(|one| exact(one)).collect::<Vec<_>>().join(", "),
        };
        VersionReq::parse(&text).map_err(|_| format!("`{text}` is no range of npm's"))
    };
    // A version alone means itself to npm, and all that are compatible to Cargo.
    fn exact(comparator: &str) -> String {
        if comparator.starts_with(|first: char| first.is_ascii_digit()) {
            format!("={comparator}")
        } else {
            comparator.to_owned()
        }
    }
    text.split("||").map(alternative).collect()
}
