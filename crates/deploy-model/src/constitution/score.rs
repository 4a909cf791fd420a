//! Points for evidence.

use serde::{Deserialize, Serialize};

use super::{COMPLIANT_FROM, CONSTITUTION, POINTS};
use crate::Principle;

/// How one piece of evidence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceState {
    /// It is so.
    Held,
    /// It is not so.
    Lost,
    /// Nobody looked, or looking came to nothing. It counts as lost.
    Unmeasured,
    /// There is nothing here that could be so, or the owners let it stand for a while. It does not count.
    NotApplicable,
}

/// One piece of evidence for a principle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence {
    /// A gate's code, or the id of an [`EvidenceMeta`].
    pub id: String,
    /// The principle it speaks for.
    pub principle: Principle,
    /// What must be so, a sentence fragment or the code's summary.
    pub what: String,
    /// Whether it is.
    pub state: EvidenceState,
    /// What shows it, with the figures.
    pub why: String,
    /// A command or a setting that would regain it; absent when there is nothing to regain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regain: Option<String>,
}

/// One piece of evidence that is no gate's code: what must be so, and how to see it in a `T`.
#[derive(Debug, Clone, Copy)]
pub struct EvidenceMeta<T: 'static> {
    /// Its name.
    pub id: &'static str,
    /// The principle it speaks for.
    pub principle: Principle,
    /// What must be so, a sentence fragment.
    pub what: &'static str,
    /// What would regain it, unless looking tells more exactly.
    pub regain: &'static str,
    /// Looks.
    pub look: fn(&T) -> Seen,
}

/// What looking for one piece of evidence saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub(super) state: EvidenceState,
    pub(super) why: String,
    pub(super) regain: Option<String>,
}

impl Seen {
    /// It is so.
    pub fn held(why: impl Into<String>) -> Self {
        Self { state: EvidenceState::Held, why: why.into(), regain: None }
    }

    /// It is not so.
    pub fn lost(why: impl Into<String>) -> Self {
        Self { state: EvidenceState::Lost, why: why.into(), regain: None }
    }

    /// It is not known.
    pub fn unmeasured(why: impl Into<String>) -> Self {
        Self { state: EvidenceState::Unmeasured, why: why.into(), regain: None }
    }

    /// There is nothing that could be so.
    pub fn not_applicable(why: impl Into<String>) -> Self {
        Self { state: EvidenceState::NotApplicable, why: why.into(), regain: None }
    }

    /// Says what exactly would regain it.
    #[must_use]
    pub fn regain(mut self, regain: impl Into<String>) -> Self {
        self.regain = Some(regain.into());
        self
    }
}

impl<T> EvidenceMeta<T> {
    /// Looks for this evidence.
    #[must_use]
    pub fn of(&self, facts: &T) -> Evidence {
        let Seen { state, why, regain } = (self.look)(facts);
        let wanting = matches!(state, EvidenceState::Lost | EvidenceState::Unmeasured);
        Evidence {
            id: self.id.to_owned(),
            principle: self.principle,
            what: self.what.to_owned(),
            state,
            why,
            regain: wanting.then(|| regain.unwrap_or_else(|| self.regain.to_owned())),
        }
    }
}

/// How much of the constitution is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// 0 to 100, in hundredths.
    pub total: f64,
    /// Whether the total is at least [`COMPLIANT_FROM`] and every non-negotiable principle holds.
    pub compliant: bool,
    /// One of each principle, in their order.
    pub principles: Vec<PrincipleScore>,
}

/// How much of one principle is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PrincipleScore {
    /// Which.
    pub principle: Principle,
    /// 0 to [`POINTS`], in hundredths, rounded down.
    pub points: f64,
    /// Whether the share that the constitution demands holds.
    pub holds: bool,
    /// Its evidence, sorted by id.
    pub evidence: Vec<Evidence>,
}

impl Score {
    /// Returns the evidence that costs points, in the order of the principles.
    pub fn wanting(&self) -> impl Iterator<Item = &Evidence> {
        let all = self.principles.iter().flat_map(|principle| &principle.evidence);
        all.filter(|it| matches!(it.state, EvidenceState::Lost | EvidenceState::Unmeasured))
    }
}

/// Scores evidence: each principle is worth [`POINTS`] times what is held of what applies.
///
/// What was not measured counts as lost. What does not apply is left out; where all of a principle's evidence was looked
/// for and none of it applies, there is nothing that could break the principle, and its points are kept. A principle
/// that nothing at all is evidence for is unmeasured, and gets none. Points are rounded down, so that only a full score
/// reads as one.
///
/// ```
/// use charter_deploy_model::Principle::PerformanceFirst;
/// use charter_deploy_model::constitution::{Evidence, EvidenceState, score};
///
/// let evidence = |id: &str, state| Evidence {
///     id: id.to_owned(),
///     principle: PerformanceFirst,
///     what: "pages are light".to_owned(),
///     state,
///     why: "214 pages were weighed".to_owned(),
///     regain: None,
/// };
/// let score = score(vec![evidence("a/b", EvidenceState::Held), evidence("a/c", EvidenceState::Lost)]);
/// assert_eq!(score.principles[1].points, 10.0);
/// assert_eq!(score.total, 10.0);
/// assert!(!score.compliant);
/// ```
#[must_use]
pub fn score(evidence: Vec<Evidence>) -> Score {
    let mut sorted = evidence;
    sorted.sort();
    let mut hundredths = 0;
    let mut compliant = true;
    let mut principles = Vec::with_capacity(CONSTITUTION.len());
    for meta in &CONSTITUTION {
        let mut evidence: Vec<Evidence> = sorted.iter().filter(|it| it.principle == meta.principle).cloned().collect();
        if evidence.is_empty() {
            evidence.push(nothing_looks(meta.principle));
        }
        let held = evidence.iter().filter(|it| it.state == EvidenceState::Held).count() as u64;
        let applicable = evidence.iter().filter(|it| it.state != EvidenceState::NotApplicable).count() as u64;
        let points = (u64::from(POINTS) * 100 * held).checked_div(applicable).unwrap_or(u64::from(POINTS) * 100);
        let holds = held * 100 >= applicable * u64::from(meta.required_percent);
        hundredths += points;
        compliant &= holds || !meta.non_negotiable;
        principles.push(PrincipleScore { principle: meta.principle, points: points as f64 / 100.0, holds, evidence });
    }
    let total = hundredths as f64 / 100.0;
    Score { total, compliant: compliant && total >= COMPLIANT_FROM, principles }
}

fn nothing_looks(principle: Principle) -> Evidence {
    Evidence {
        id: "constitution/evidence".to_owned(),
        principle,
        what: "something looks at this principle".to_owned(),
        state: EvidenceState::Unmeasured,
        why: "no gate and no record is evidence for it".to_owned(),
        regain: Some("add a gate whose codes speak for it; `cargo xtask gates list` shows those there are".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn state() -> impl Strategy<Value = EvidenceState> {
        prop_oneof![
            Just(EvidenceState::Held),
            Just(EvidenceState::Lost),
            Just(EvidenceState::Unmeasured),
            Just(EvidenceState::NotApplicable),
        ]
    }

    fn piece() -> impl Strategy<Value = Evidence> {
        ("[a-c]/[a-d]", 0_usize..5, state(), "[a-b]{0,2}").prop_map(|(id, principle, state, why)| Evidence {
            id,
            principle: CONSTITUTION[principle].principle,
            what: String::new(),
            state,
            why,
            regain: None,
        })
    }

    fn pieces() -> impl Strategy<Value = Vec<Evidence>> {
        prop::collection::vec(piece(), 0..40)
    }

    fn with(mut all: Vec<Evidence>, one: &Evidence, state: EvidenceState) -> Score {
        all.push(Evidence { state, ..one.clone() });
        score(all)
    }

    proptest! {
        #[test]
        fn points_stay_within_their_bounds_and_add_up(all in pieces()) {
            let score = score(all);
            prop_assert_eq!(score.principles.len(), 5);
            let sum: f64 = score.principles.iter().map(|principle| principle.points).sum();
            prop_assert!((sum - score.total).abs() < 1e-6);
            for principle in &score.principles {
                prop_assert!((0.0..=20.0).contains(&principle.points));
                prop_assert!(!principle.evidence.is_empty());
            }
        }

        #[test]
        fn the_order_of_evidence_does_not_matter(
            (all, shuffled) in pieces().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
        ) {
            prop_assert_eq!(score(all), score(shuffled));
        }

        #[test]
        fn more_that_holds_never_lowers_a_score(all in pieces(), one in piece()) {
            prop_assert!(with(all.clone(), &one, EvidenceState::Held).total >= score(all).total);
        }

        #[test]
        fn more_that_is_lost_or_unmeasured_never_raises_it(all in pieces(), one in piece()) {
            let before = score(all.clone()).total;
            let lost = with(all.clone(), &one, EvidenceState::Lost);
            let unmeasured = with(all, &one, EvidenceState::Unmeasured);
            prop_assert!(lost.total <= before);
            prop_assert_eq!((lost.total, lost.compliant), (unmeasured.total, unmeasured.compliant));
            prop_assert!(!lost.compliant || one.principle == Principle::PerformanceFirst);
        }

        #[test]
        fn what_does_not_apply_changes_nothing_where_something_looks(all in pieces(), one in piece()) {
            prop_assume!(all.iter().any(|it| it.principle == one.principle));
            prop_assert_eq!(with(all.clone(), &one, EvidenceState::NotApplicable).total, score(all).total);
        }

        #[test]
        fn a_full_score_is_full_evidence(all in pieces()) {
            let scored = score(all);
            prop_assert_eq!(scored.total == 100.0, scored.wanting().next().is_none());
            prop_assert!(!scored.compliant || scored.total >= COMPLIANT_FROM);
        }
    }

    #[test]
    fn nothing_at_all_scores_nothing() {
        let score = score(Vec::new());
        assert_eq!((score.total, score.compliant), (0.0, false));
        assert!(score.wanting().all(|it| it.regain.is_some()));
    }
}
