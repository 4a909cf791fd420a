//! Figures must not get worse: than the baseline says, and than those of the release that users see.
//!
//! It is judged like any gate, and looks at what the other gates measured instead of at the site.

use std::collections::{BTreeMap, BTreeSet};

use charter_deploy_model::{Finding, GateOutcome, GateReport, Inspection, LookedAt, Unit};

use crate::baseline::{Baseline, Figure, FigureName, figures};

charter_deploy_model::kind! {
    /// Holds figures to what they were: in the baseline, and in the release that users see.
    ///
    /// Bytes and milliseconds are worse when there are more of them, scores when they are lower. `cargo xtask gates
    /// baseline --figures` puts the figures of now into the baseline; a comparison with the live release is made when `[ratchet]
    /// max-regression-percent` says how much worse a figure may be.
    pub static META: "ratchet", needs Artifact, lane Shared {
        /// A figure is worse than the baseline allows.
        ///
        /// The baseline holds the best value that was reached. Bring the figure back, or accept the new one with
        /// `cargo xtask gates baseline --figures`; whoever reads the history will see it.
        "ratchet/baseline": Error, principle Some(PerformanceFirst);
        /// A figure is much worse than that of the release users see now.
        ///
        /// The limit is `[ratchet] max-regression-percent`. What got heavier is in the message; `cargo xtask deploy
        /// --dry-run` lists the files that differ.
        "ratchet/live": Warning, principle Some(PerformanceFirst);
        /// The baseline lets more pass than that of the commit that is live.
        ///
        /// A baseline may only shrink. If it had to grow, waive this once, with a reason and an end.
        "ratchet/grown": Warning, principle Some(LocalValidation);
    }
}

/// What figures are held to.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeldTo<'a> {
    /// The project's baseline.
    pub baseline: Option<&'a Baseline>,
    /// The baseline of the commit that is live.
    pub baseline_live: Option<&'a Baseline>,
    /// What was found out about the release that is live.
    pub live: &'a [GateReport],
    /// How much worse than live a figure may be, in percent; it is not compared when absent.
    pub max_regression_percent: Option<f64>,
}

/// Compares the figures of `reports` with what they are held to.
#[must_use]
pub fn compare(reports: &[GateReport], held_to: &HeldTo<'_>) -> GateOutcome {
    let now: Vec<(FigureName, Figure)> = reports.iter().flat_map(figures).collect();
    let before: BTreeMap<FigureName, Figure> = held_to.live.iter().flat_map(figures).collect();
    let mut findings = Vec::new();
    let mut compared = BTreeSet::new();
    for (name, figure) in &now {
        if let Some(best) = held_to.baseline.and_then(|baseline| baseline.figure(name)) {
            compared.insert(name);
            if figure.is_worse_than(best.value) {
                findings.push(worse("ratchet/baseline", name, figure, best.value, "in the baseline"));
            }
        }
        let live = counterpart(name, &now, &before).zip(held_to.max_regression_percent);
        if let Some((live, percent)) = live {
            compared.insert(name);
            if figure.is_worse_than(limit(live, percent)) {
                findings.push(worse("ratchet/live", name, figure, live.value, "in the live release"));
            }
        }
    }
    let growth = match (held_to.baseline, held_to.baseline_live) {
        (Some(ours), Some(live)) => ours.growth_over(live),
        _ => Vec::new(),
    };
    let counted = growth.len();
    if let Some(first) = growth.into_iter().next() {
        let more = if counted > 1 { format!(", and {} more grew", counted - 1) } else { String::new() };
        findings.push(
            Finding::new("ratchet/grown", "baseline", format!("the baseline grew: {first}{more}"))
                .key("grown")
                .help("take the lines out that were added, or waive this with a reason"),
        );
    }
    if compared.is_empty() && held_to.baseline.is_none() {
        let reason = "there is no baseline, and nothing of the live release to compare with".to_owned();
        return GateOutcome::Inspected(Inspection::NotApplicable { reason });
    }
    findings.sort();
    let baseline = held_to.baseline.map_or(0, |baseline| baseline.findings());
    let counts = [("figures", compared.len() as u64), ("accepted findings", baseline), ("baselines", 1)];
    let counts = counts.into_iter().map(|(sort, count)| (sort.to_owned(), count)).collect();
    let looked_at = LookedAt { counts, ..LookedAt::default() };
    GateOutcome::Inspected(Inspection::Looked { findings, measures: Vec::new(), looked_at })
}

/// Returns the live figure of the same name: that of the same subject, or the only one there is, since what was the
/// heaviest page yesterday need not be the heaviest today.
fn counterpart<'a>(
    name: &FigureName,
    now: &[(FigureName, Figure)],
    before: &'a BTreeMap<FigureName, Figure>,
) -> Option<&'a Figure> {
    let same = |other: &FigureName| other.gate == name.gate && other.measure == name.measure;
    before.get(name).or_else(|| {
        let mut others = before.iter().filter(|(other, _)| same(other));
        let only = others.next().filter(|_| others.next().is_none())?;
        (now.iter().filter(|(other, _)| same(other)).count() == 1).then_some(only.1)
    })
}

fn limit(live: &Figure, percent: f64) -> f64 {
    match live.unit {
        Unit::Score => live.value * (1.0 - percent / 100.0),
        Unit::Bytes | Unit::Milliseconds | Unit::Count | Unit::Ratio => live.value * (1.0 + percent / 100.0),
    }
}

fn worse(code: &str, name: &FigureName, figure: &Figure, before: f64, place: &str) -> Finding {
    let FigureName { gate, measure, subject } = name;
    let unit = match figure.unit {
        Unit::Bytes => " bytes",
        Unit::Milliseconds => " ms",
        Unit::Count | Unit::Score | Unit::Ratio => "",
    };
    let message = format!("`{measure}` of `{subject}` is {}{unit}, and {before}{unit} {place}", figure.value);
    Finding::new(code, subject, message).key(format!("{gate}/{measure}"))
}

#[cfg(test)]
mod tests {
    use charter_deploy_model::{Measure, Verdict};
    use proptest::prelude::*;

    use super::*;

    fn report(subject: &str, value: f64, unit: Unit) -> GateReport {
        let measures =
            vec![Measure { name: "figure".into(), subject: subject.into(), value, unit, samples: Vec::new() }];
        GateReport { measures, ..GateReport::new("gate", Verdict::Passed, false) }
    }

    fn codes(now: &GateReport, held_to: &HeldTo<'_>) -> Vec<String> {
        match compare(std::slice::from_ref(now), held_to) {
            GateOutcome::Inspected(Inspection::Looked { findings, .. }) => {
                findings.into_iter().map(|finding| finding.code).collect()
            }
            _ => vec!["not applicable".to_owned()],
        }
    }

    #[test]
    fn a_score_is_worse_when_lower_and_bytes_when_more() {
        for (unit, better, worse) in [(Unit::Score, 96.0, 94.0), (Unit::Bytes, 94.0, 96.0)] {
            let baseline = Baseline::of(&[report("/", 95.0, unit)]);
            let held_to = HeldTo { baseline: Some(&baseline), ..HeldTo::default() };
            assert_eq!(codes(&report("/", better, unit), &held_to), Vec::<String>::new());
            assert_eq!(codes(&report("/", 95.0, unit), &held_to), Vec::<String>::new());
            assert_eq!(codes(&report("/", worse, unit), &held_to), ["ratchet/baseline"]);
        }
    }

    #[test]
    fn the_heaviest_page_is_compared_with_the_one_that_was() {
        let live = [report("old.html", 100.0, Unit::Bytes)];
        let held_to = HeldTo { live: &live, max_regression_percent: Some(10.0), ..HeldTo::default() };
        assert_eq!(codes(&report("new.html", 110.0, Unit::Bytes), &held_to), Vec::<String>::new());
        assert_eq!(codes(&report("new.html", 111.0, Unit::Bytes), &held_to), ["ratchet/live"]);
    }

    #[test]
    fn without_anything_to_compare_it_does_not_apply() {
        assert_eq!(codes(&report("/", 1.0, Unit::Bytes), &HeldTo::default()), ["not applicable"]);
    }

    #[test]
    fn a_baseline_that_grew_since_the_live_commit_is_found() {
        let ours = Baseline::of(&[report("/", 9.0, Unit::Bytes)]);
        let theirs = Baseline::of(&[report("/", 8.0, Unit::Bytes)]);
        let held_to = HeldTo { baseline: Some(&ours), baseline_live: Some(&theirs), ..HeldTo::default() };
        assert_eq!(codes(&report("/", 9.0, Unit::Bytes), &held_to), ["ratchet/grown"]);
    }

    proptest! {
        #[test]
        fn a_laxer_limit_never_finds_more(now in 0.0..1e6, live in 0.0..1e6, percent in 0.0..100.0, more in 0.0..100.0) {
            let live = [report("/", live, Unit::Bytes)];
            let found = |percent| {
                codes(&report("/", now, Unit::Bytes), &HeldTo { live: &live, max_regression_percent: Some(percent), ..HeldTo::default() }).len()
            };
            prop_assert!(found(percent + more) <= found(percent));
        }
    }
}
