//! The constitution as data: five principles, what is evidence for each, and what enforcement makes of a verdict.
//!
//! A principle's evidence is of two sorts. A gate's code names the principle it speaks for
//! ([`CodeMeta::principle`](crate::CodeMeta)), so a new gate is evidence without another edit here. What records and
//! the state of things show is declared once each, in [`RECORDED`] and [`PRESENT`]. [`score()`] turns evidence into
//! points; it sees no enforcement, so the score never depends on how strictly anybody looks.

mod audit;
mod present;
mod recorded;
mod score;
#[cfg(test)]
mod tests;
mod week;

pub use audit::{Audit, AuditedCode, AuditedDeployment, AuditedScore, AuditedWaiver, WaiverTerm, WeekScore, audit};
pub use present::{PRESENT, Present, present};
pub use recorded::{RECORDED, Recorded, judged, recorded};
pub use score::{Evidence, EvidenceMeta, EvidenceState, PrincipleScore, Score, Seen, score};
pub use week::Week;

use crate::{Enforcement, Principle, Severity, Verdict};

/// A score of at least this is needed to be compliant.
pub const COMPLIANT_FROM: f64 = 98.0;

/// What each principle is worth.
pub const POINTS: u32 = 20;

/// One principle of the constitution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrincipleMeta {
    /// Which.
    pub principle: Principle,
    /// Its number, Roman.
    pub numeral: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What it demands, in a sentence.
    pub demands: &'static str,
    /// Whether nothing is compliant while it does not hold.
    pub non_negotiable: bool,
    /// The share of its evidence that must hold, in percent.
    pub required_percent: u32,
}

/// The five principles, in their order. The shares are the compliance metrics of the constitution.
pub static CONSTITUTION: [PrincipleMeta; 5] = [
    PrincipleMeta {
        principle: Principle::ZeroGitHubActions,
        numeral: "I",
        title: "Zero GitHub Actions",
        demands: "Whatever is routine runs on this machine; nothing of it runs on GitHub Actions or is billed there.",
        non_negotiable: true,
        required_percent: 100,
    },
    PrincipleMeta {
        principle: Principle::PerformanceFirst,
        numeral: "II",
        title: "Performance first",
        demands: "The site is as light and fast as promised, deployed within five minutes and switched within thirty \
                  seconds.",
        non_negotiable: true,
        required_percent: 99,
    },
    PrincipleMeta {
        principle: Principle::UserPreservation,
        numeral: "III",
        title: "User preservation",
        demands: "A change is backed up before it is made, seen to work after it, loses nothing and can be taken back \
                  at once.",
        non_negotiable: true,
        required_percent: 100,
    },
    PrincipleMeta {
        principle: Principle::BranchPreservation,
        numeral: "IV",
        title: "Branch preservation",
        demands: "Every production deployment keeps a branch with a telling name and a record that nobody can quietly \
                  change.",
        non_negotiable: true,
        required_percent: 100,
    },
    PrincipleMeta {
        principle: Principle::LocalValidation,
        numeral: "V",
        title: "Local validation",
        demands: "Whatever users are shown was judged on this machine first, by every gate, as it was then shown.",
        non_negotiable: true,
        required_percent: 100,
    },
];

impl Principle {
    /// Returns what the constitution says of it.
    #[must_use]
    pub const fn meta(self) -> &'static PrincipleMeta {
        &CONSTITUTION[self as usize]
    }
}

/// What blocks under which enforcement. Every verdict that is not listed lets the release pass.
///
/// | | strict | standard | flexible |
/// | --- | --- | --- | --- |
/// | an error | blocks | blocks | is reported |
/// | a warning | blocks | is reported | is reported |
/// | a note | is reported | is reported | is reported |
/// | inconclusive | blocks | is reported | is reported |
/// | broken | blocks | blocks | blocks |
impl Enforcement {
    /// Returns the least severity that makes a verdict [`Verdict::Blocked`].
    ///
    /// Flexible enforcement judges as standard does, and then lets it pass.
    #[must_use]
    pub const fn threshold(self) -> Severity {
        match self {
            Self::Strict => Severity::Warning,
            Self::Standard | Self::Flexible => Severity::Error,
        }
    }

    /// Says whether a release with this verdict may not be shown.
    ///
    /// ```
    /// use charter_deploy_model::{Enforcement, Verdict};
    ///
    /// assert!(Enforcement::Strict.blocks(Verdict::Inconclusive));
    /// assert!(!Enforcement::Standard.blocks(Verdict::Inconclusive));
    /// assert!(Enforcement::Flexible.blocks(Verdict::Broken));
    /// ```
    #[must_use]
    pub const fn blocks(self, verdict: Verdict) -> bool {
        match verdict {
            Verdict::Broken => true,
            Verdict::Blocked => !matches!(self, Self::Flexible),
            Verdict::Inconclusive => matches!(self, Self::Strict),
            Verdict::Passed | Verdict::Waived | Verdict::NotApplicable => false,
        }
    }
}
