//! What was wrong already when the gates came: a file that may only shrink.
//!
//! ```text
//! {"schema":"charter-baseline/1"}
//! {"fingerprint":"sha256:…","count":2,"code":"links/missing","subject":"guide.html","message":"…"}
//! {"gate":"page-weight","measure":"script-brotli","subject":"index.html","best":93120,"unit":"bytes"}
//! ```
//!
//! One JSON object a line, sorted, so that two people's changes merge. A finding is told by its fingerprint, in which
//! there is no line number and no figure: `code`, `subject` and `message` beside it are for people. Lines of one
//! fingerprint add up, as they do after a merge. A file that cannot be read is an error and never an empty one.

use std::collections::BTreeMap;

use charter_deploy_model::{Digest, Finding, GateReport, Measure, Unit};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const SCHEMA: &str = "charter-baseline/1";

/// A file larger than this is none, in bytes.
pub const LARGEST: u64 = 64 << 20;

/// Findings that may stand and figures that must not get worse.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    findings: BTreeMap<Digest, Known>,
    figures: BTreeMap<FigureName, Figure>,
}

/// A finding that may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    count: u64,
    code: String,
    subject: String,
    message: String,
}

/// What tells one figure from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FigureName {
    pub(crate) gate: String,
    pub(crate) measure: String,
    pub(crate) subject: String,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    pub(crate) unit: Unit,
}

/// Why a text is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// Git left the marks of a merge that nobody finished.
    #[error("line {line} is a mark of an unfinished merge")]
    Conflict {
        /// Counted from 1.
        line: usize,
    },
    /// A line is not what it should be.
    #[error("line {line} {what}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// A sentence fragment.
        what: String,
    },
}

impl BaselineError {
    /// Returns what to do next.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => {
                "finish the merge: lines of both sides may stay, then `cargo xtask gates baseline`"
            }
            Self::Malformed { .. } => "take the file back from git, or remove it and accept its findings anew",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Header(Header),
    Finding(FindingLine),
    Figure(FigureLine),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindingLine {
    fingerprint: Digest,
    count: u64,
    code: String,
    subject: String,
    message: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FigureLine {
    gate: String,
    measure: String,
    subject: String,
    best: f64,
    unit: Unit,
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// When any line is not what it should be.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let mut baseline = Self::default();
        let mut has_header = false;
        for (line, text) in (1..).zip(text.lines()) {
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| text.starts_with(mark)) {
                return Err(BaselineError::Conflict { line });
            }
            let malformed = |what: &str| BaselineError::Malformed { line, what: what.to_owned() };
            if text.trim().is_empty() {
                continue;
            }
            match serde_json::from_str(text) {
                Ok(Line::Header(header)) if header.schema == SCHEMA => has_header = true,
                Ok(Line::Header(header)) => {
                    return Err(malformed(&format!("names the format `{}`, not `{SCHEMA}`", header.schema)));
                }
                _ if !has_header => return Err(malformed("comes before the line that names the format")),
                Ok(Line::Finding(line)) => baseline.add_finding(line),
                Ok(Line::Figure(line)) => baseline.add_figure(line),
                Err(_) => return Err(malformed("is neither a finding nor a figure")),
            }
        }
        if has_header { Ok(baseline) } else { Err(BaselineError::Malformed { line: 1, what: "is missing".to_owned() }) }
    }

    fn add_finding(&mut self, line: FindingLine) {
        let FindingLine { fingerprint, count, code, subject, message } = line;
        let known = Known { count: 0, code, subject, message };
        let known = self.findings.entry(fingerprint).or_insert(known);
        known.count = known.count.saturating_add(count);
    }

    fn add_figure(&mut self, line: FigureLine) {
        let FigureLine { gate, measure, subject, best, unit } = line;
        let figure = Figure { value: best, unit };
        let name = FigureName { gate, measure, subject };
        // Of two sides of a merge the laxer one holds, as it does for findings.
        let figure = match self.figures.get(&name) {
            Some(other) if figure.is_worse_than(other.value) => figure,
            Some(other) => *other,
            None => figure,
        };
        self.figures.insert(name, figure);
    }

    /// Returns the text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let header = Line::Header(Header { schema: SCHEMA.to_owned() });
        let findings = self.findings.iter().map(|(fingerprint, known)| {
            let Known { count, code, subject, message } = known.clone();
            Line::Finding(FindingLine { fingerprint: *fingerprint, count, code, subject, message })
        });
        let figures = self.figures.iter().map(|(name, figure)| {
            let FigureName { gate, measure, subject } = name.clone();
            Line::Figure(FigureLine { gate, measure, subject, best: figure.value, unit: figure.unit })
        });
        let mut lines: Vec<String> = findings.chain(figures).map(|line| to_json(&line)).collect();
        lines.sort_unstable();
        lines.insert(0, to_json(&header));
        lines.push(String::new());
        lines.join("\n")
    }

    /// Returns everything that stands in these reports: the findings that count, those that were known, the figures.
    #[must_use]
    pub fn of(reports: &[GateReport]) -> Self {
        let mut baseline = Self::default();
        for report in reports {
            for finding in report.findings.iter().chain(&report.known) {
                baseline.add_finding(FindingLine {
                    fingerprint: fingerprint(finding),
                    count: 1,
                    code: finding.code.clone(),
                    subject: finding.subject.clone(),
                    message: finding.message.clone(),
                });
            }
            for (name, figure) in figures(report) {
                baseline.figures.insert(name, figure);
            }
        }
        baseline
    }

    /// Returns the part of this baseline that is still needed, given everything that stands `now`: nothing is added,
    /// counts fall, figures get better. What a gate that did not look would have said stays.
    #[must_use]
    pub fn shrunk_to(&self, now: &Self, looked: impl Fn(&str) -> bool) -> Self {
        let gate_of = |code: &str| code.split('/').next().unwrap_or_default().to_owned();
        let findings = self.findings.iter().filter_map(|(fingerprint, known)| {
            if !looked(&gate_of(&known.code)) {
                return Some((*fingerprint, known.clone()));
            }
            let found = now.findings.get(fingerprint)?;
            Some((*fingerprint, Known { count: known.count.min(found.count), ..found.clone() }))
        });
        let figures = self.figures.iter().filter_map(|(name, figure)| match now.figures.get(name) {
            Some(found) if figure.is_worse_than(found.value) => Some((name.clone(), *found)),
            Some(_) => Some((name.clone(), *figure)),
            None => (!looked(&name.gate)).then(|| (name.clone(), *figure)),
        });
        Self { findings: findings.collect(), figures: figures.collect() }
    }

    /// Returns this baseline with all findings that stand `now` taken in as well.
    #[must_use]
    pub fn with_findings(mut self, now: &Self) -> Self {
        for (fingerprint, found) in &now.findings {
            let known = self.findings.entry(*fingerprint).or_insert_with(|| found.clone());
            known.count = known.count.max(found.count);
        }
        self
    }

    /// Returns this baseline with all figures as they are `now`.
    #[must_use]
    pub fn with_figures(mut self, now: &Self) -> Self {
        self.figures.extend(now.figures.iter().map(|(name, figure)| (name.clone(), *figure)));
        self
    }

    /// Returns how many findings it lets stand.
    #[must_use]
    pub fn findings(&self) -> u64 {
        self.findings.values().map(|known| known.count).sum()
    }

    /// Returns how many figures it holds.
    #[must_use]
    pub fn figures(&self) -> usize {
        self.figures.len()
    }

    /// Returns what this baseline lets pass that `earlier` did not, one sentence each.
    #[must_use]
    pub fn growth_over(&self, earlier: &Self) -> Vec<String> {
        let findings = self.findings.iter().filter_map(|(fingerprint, known)| {
            let before = earlier.findings.get(fingerprint).map_or(0, |known| known.count);
            let Known { count, code, subject, .. } = known;
            (*count > before).then(|| format!("`{code}` on `{subject}` may stand {count} times, {before} before"))
        });
        let figures = self.figures.iter().filter_map(|(name, figure)| {
            let before = earlier.figures.get(name)?;
            let FigureName { measure, subject, .. } = name;
            figure
                .is_worse_than(before.value)
                .then(|| format!("`{measure}` of `{subject}` may be {}, {} before", figure.value, before.value))
        });
        findings.chain(figures).collect()
    }

    /// Returns the figure that must not get worse.
    pub(crate) fn figure(&self, name: &FigureName) -> Option<&Figure> {
        self.figures.get(name)
    }

    /// Splits findings into those that count and those that are known; of more than are known, the first are.
    pub(crate) fn split(&self, findings: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
        let mut left: BTreeMap<Digest, u64> = BTreeMap::new();
        findings.into_iter().partition(|finding| {
            let fingerprint = fingerprint(finding);
            let allowed = self.findings.get(&fingerprint).map_or(0, |known| known.count);
            let used = left.entry(fingerprint).or_default();
            *used += 1;
            *used > allowed
        })
    }
}

impl Figure {
    /// Says whether this figure is worse than another of its sort: less of a score, more of anything else.
    pub(crate) fn is_worse_than(&self, other: f64) -> bool {
        match self.unit {
            Unit::Score => self.value < other,
            Unit::Bytes | Unit::Milliseconds | Unit::Count | Unit::Ratio => self.value > other,
        }
    }
}

/// Returns the figures of a report that can be better or worse; a number of things is neither. Nor is what differs from
/// run to run: the best of its values would be luck, and holding it to that would block without a cause.
pub(crate) fn figures(report: &GateReport) -> impl Iterator<Item = (FigureName, Figure)> {
    let can_be_held =
        |measure: &&Measure| measure.unit != Unit::Count && measure.value.is_finite() && measure.samples.is_empty();
    report.measures.iter().filter(can_be_held).map(|measure| {
        let name =
            FigureName { gate: report.gate.clone(), measure: measure.name.clone(), subject: measure.subject.clone() };
        (name, Figure { value: measure.value, unit: measure.unit })
    })
}

/// Returns what tells a finding from all others, whatever moves within its file.
///
/// It is the SHA-256 over code, subject and key, each behind its length; without a key the message stands for it, its
/// digits and white space evened out.
#[must_use]
pub fn fingerprint(finding: &Finding) -> Digest {
    let message = || -> String {
        let digits = finding.message.split(|letter: char| letter.is_ascii_digit() || letter == ',');
        digits.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    };
    let key = finding.key.clone().unwrap_or_else(message);
    let mut hasher = Sha256::new();
    for part in [&finding.code, &finding.subject, &key] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    Digest::new(hasher.finalize().into())
}

fn to_json(line: &Line) -> String {
    serde_json::to_string(line).expect("a line of texts and finite numbers has a JSON form")
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::{Measure, Verdict};
    use proptest::prelude::*;

    use super::*;

    fn finding(number: u8) -> Finding {
        Finding::new("links/missing", format!("page{}.html", number % 3), format!("line {number} of it is wrong"))
            .key(format!("{}", number % 5))
    }

    fn report(findings: &[u8], bytes: f64) -> GateReport {
        GateReport {
            findings: findings.iter().map(|number| finding(*number)).collect(),
            measures: vec![Measure {
                name: "size".into(),
                subject: "/".into(),
                value: bytes,
                unit: Unit::Bytes,
                samples: Vec::new(),
            }],
            ..GateReport::new("links", Verdict::Blocked, true)
        }
    }

    #[test]
    fn a_fingerprint_knows_no_lines_and_no_figures() {
        let at = |message: &str| fingerprint(&Finding::new("a/b", "x", message));
        assert_eq!(at("12 of 1,000  are wrong"), at("7 of 900 are wrong"));
        assert_ne!(at("12 are wrong"), at("12 are right"));
        assert_ne!(fingerprint(&Finding::new("a/b", "x", "y")), fingerprint(&Finding::new("a/b", "xy", "")));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let good = Baseline::of(&[report(&[1, 2], 5.0)]).to_text();
        assert!(Baseline::parse(&good).is_ok());
        for (text, line) in [
            (String::new(), 1),
            ("{\"schema\":\"charter-baseline/2\"}\n".to_owned(), 1),
            (good.lines().skip(1).collect::<Vec<_>>().join("\n"), 1),
            (format!("{good}{{\"fingerprint\":\"x\"}}\n"), 5),
            (format!("{good}{{"), 5),
        ] {
            assert!(
                matches!(Baseline::parse(&text), Err(BaselineError::Malformed { line: found, .. }) if found == line),
                "{text}"
            );
        }
        let merged = good.replace("{\"fin", "<<<<<<< HEAD\n{\"fin");
        assert_eq!(Baseline::parse(&merged), Err(BaselineError::Conflict { line: 2 }));
    }

    #[test]
    fn what_is_gone_leaves_the_baseline_and_what_was_not_looked_at_stays() {
        let before = Baseline::of(&[report(&[1, 1, 2], 9.0)]);
        let now = Baseline::of(&[report(&[1, 3], 7.0)]);
        let shrunk = before.shrunk_to(&now, |_| true);
        assert_eq!((shrunk.findings(), shrunk.figures()), (1, 1));
        assert!(shrunk.growth_over(&before).is_empty());
        assert_eq!(before.shrunk_to(&Baseline::default(), |_| false), before);
        assert_eq!(before.growth_over(&shrunk).len(), 3, "two findings and a figure");
    }

    proptest! {
        #[test]
        fn a_text_reads_back_as_what_was_written(findings: Vec<u8>, bytes in 0.0..1e12) {
            let baseline = Baseline::of(&[report(&findings, bytes)]);
            prop_assert_eq!(Baseline::parse(&baseline.to_text()), Ok(baseline));
        }

        #[test]
        fn no_more_is_known_than_the_baseline_says(accepted: Vec<u8>, found: Vec<u8>) {
            let baseline = Baseline::of(&[report(&accepted, 1.0)]);
            let (new, known) = baseline.split(report(&found, 1.0).findings);
            prop_assert_eq!(new.len() + known.len(), found.len());
            prop_assert!(known.len() <= accepted.len());
            let known = Baseline::of(&[GateReport { findings: known, ..report(&[], 1.0) }]);
            prop_assert!(known.growth_over(&baseline).is_empty());
        }

        #[test]
        fn a_baseline_never_grows_by_itself(accepted: Vec<u8>, found: Vec<u8>, before in 0.0..9.0, now in 0.0..9.0) {
            let baseline = Baseline::of(&[report(&accepted, before)]);
            let shrunk = baseline.shrunk_to(&Baseline::of(&[report(&found, now)]), |_| true);
            prop_assert!(shrunk.growth_over(&baseline).is_empty());
        }

        #[test]
        fn two_sides_of_a_merge_add_up(ours: Vec<u8>, theirs: Vec<u8>) {
            let text = Baseline::of(&[report(&ours, 1.0)]).to_text() + &Baseline::of(&[report(&theirs, 2.0)]).to_text();
            let merged = Baseline::parse(&text);
            prop_assert_eq!(merged.map(|merged| merged.findings()), Ok((ours.len() + theirs.len()) as u64));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = Baseline::parse(&text);
        }
    }
}
