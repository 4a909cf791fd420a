//! How much of the constitution is kept, each point with its evidence.

use charter_deploy_model::constitution::{COMPLIANT_FROM, Evidence, EvidenceState, POINTS, PrincipleScore, Score};
use charter_deploy_model::{CommitHash, DeploymentId, Environment};

use crate::figures::score as figure;
use crate::layout::{WIDTH, hanging, padded, width};
use crate::style::{BAD, BOLD, CARE, DIM, Mark, paint};
use crate::visible;

/// Returns the score of one deployment: each principle with its points, each piece of evidence with what shows it, and
/// for each point that is missing what would regain it.
#[must_use]
pub fn score(environment: Environment, deployment: DeploymentId, score: &Score) -> String {
    scored(&format!("{environment} · {deployment}"), score)
}

/// Returns how a commit that nobody was shown stands, as [`score`] does for a deployment.
#[must_use]
pub fn constitution(environment: Environment, commit: &CommitHash, score: &Score) -> String {
    scored(&format!("{environment} · commit {} as the gates see it", commit.short()), score)
}

fn scored(what: &str, score: &Score) -> String {
    let (mark, said) = match score.compliant {
        true => (Mark::Good, "the constitution is kept".to_owned()),
        false => (Mark::Bad, format!("not compliant: {}", shortfall(score))),
    };
    let total = paint(BOLD, &format!("{} of 100", figure(score.total)));
    let mut text = hanging(&format!("{} ", mark.painted()), &format!("{total} · {said}"));
    text += &hanging("  ", &paint(DIM, what));
    text.extend(score.principles.iter().map(principle));
    text
}

fn shortfall(score: &Score) -> String {
    let number = |state| score.wanting().filter(|it| it.state == state).count();
    let mut parts = Vec::new();
    let (lost, unmeasured) = (number(EvidenceState::Lost), number(EvidenceState::Unmeasured));
    if lost > 0 {
        parts.push(format!("{lost} lost"));
    }
    if unmeasured > 0 {
        parts.push(format!("{unmeasured} not measured, which counts as lost"));
    }
    if score.total < COMPLIANT_FROM {
        parts.push(format!("{} is the least", figure(COMPLIANT_FROM)));
    }
    parts.join(", ")
}

fn principle(principle: &PrincipleScore) -> String {
    let meta = principle.principle.meta();
    let mark = if principle.holds { Mark::Good } else { Mark::Bad };
    let title = format!("{:<3} {}", meta.numeral, meta.title);
    let points = format!("{} of {POINTS}", figure(principle.points));
    let gap = (WIDTH / 2).saturating_sub(width(&title)).max(2);
    let mut text = format!("\n{} {}{}{}\n", mark.painted(), paint(BOLD, &title), " ".repeat(gap), paint(BOLD, &points));
    text += &hanging("      ", &paint_words(meta.demands));
    let columns = principle.evidence.iter().map(|it| width(&visible(&it.id))).max().unwrap_or_default().min(32);
    text.extend(principle.evidence.iter().map(|it| evidence(it, columns)));
    text
}

/// Dims word by word, so that lines can break anywhere.
fn paint_words(text: &str) -> String {
    text.split(' ').map(|word| paint(DIM, word)).collect::<Vec<_>>().join(" ")
}

fn evidence(evidence: &Evidence, columns: usize) -> String {
    let (what, why) = (visible(&evidence.what), visible(&evidence.why));
    let (mark, said) = match evidence.state {
        // A code's summary tells what would be wrong, which nothing is.
        EvidenceState::Held if evidence.is_of_a_gate() => (Mark::Good, why),
        EvidenceState::Held => (Mark::Good, format!("{what} · {why}")),
        EvidenceState::NotApplicable => (Mark::Quiet, format!("does not count · {why}")),
        EvidenceState::Lost => (Mark::Bad, what),
        EvidenceState::Unmeasured => (Mark::Care, format!("not measured · {what}")),
    };
    let lead = format!("    {} {}  ", mark.painted(), padded(&visible(&evidence.id), columns));
    let mut text = hanging(&lead, &said);
    if evidence.is_wanting() {
        // Commands are copied from here, so they get room to stay on one line.
        let indent = " ".repeat(8);
        let style = if evidence.state == EvidenceState::Lost { BAD } else { CARE };
        text += &hanging(&format!("{indent}{} ", paint(style, "why   ")), &visible(&evidence.why));
        if let Some(regain) = &evidence.regain {
            text += &hanging(&format!("{indent}{} ", paint(BOLD, "regain")), &visible(regain));
        }
    }
    text
}
