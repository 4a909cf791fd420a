//! Burn rates over made-up months, and what freezes them.

use charter_deploy_model::{AlertSeverity, Percent};
use charter_monitor::rules::slo::{Condition, Counts, Problem, Series, Slo, budget, burn, lint};
use proptest::prelude::*;

use crate::{Chance, at};

fn slo(objective: f64) -> Slo {
    Slo::new(Percent::new(objective).unwrap())
}

/// Returns how often people are paged in months of looks of which a share fails, each for itself, and how often none is
/// waited for.
fn pages(months: i64, share: f64, slo: &Slo) -> usize {
    let mut chance = Chance(7);
    let mut pages = 0;
    for _ in 0..months {
        let (mut series, mut before) = (Series::new(slo.window_days), None);
        for minute in 0..30 * 24 * 60 {
            let now = at(minute * 60);
            series.add(now, if chance.next() < share { Counts::BAD } else { Counts::GOOD });
            let severity = burn(&series, slo, now).severity(before);
            pages += usize::from(severity > before && severity == Some(AlertSeverity::Critical));
            before = severity;
        }
    }
    pages
}

#[test]
fn single_failed_looks_page_often_without_a_floor_and_hardly_with_one() {
    let textbook = Slo { least_bad_events: 1, ..slo(99.9) };
    // The field's simulation of twenty months has 41.5 and 1.55 of them a month.
    let (without, with) = (pages(2, 0.001, &textbook), pages(2, 0.001, &slo(99.9)));
    assert!((65..=100).contains(&without), "{without}");
    assert!(with <= 8, "{with}");
    assert_eq!(pages(1, 0.001, &slo(99.0)), 0);
}

#[test]
fn an_outage_pages_within_minutes_and_the_page_ends_after_it() {
    let slo = slo(99.9);
    let mut series = Series::new(30);
    let mut changes = Vec::new();
    let mut before = None;
    for minute in 0..24 * 60 {
        let is_down = (600..615).contains(&minute);
        series.add(at(minute * 60), if is_down { Counts::BAD } else { Counts::GOOD });
        let severity = burn(&series, &slo, at(minute * 60)).severity(before);
        if severity != before {
            changes.push((minute, severity));
        }
        before = severity;
    }
    assert_eq!(changes[0], (602, Some(AlertSeverity::Critical)));
    let pages_end = changes.iter().find(|(_, severity)| *severity != Some(AlertSeverity::Critical)).unwrap().0;
    // Half an hour after the outage the shorter window of the second pair is clear.
    assert_eq!(pages_end, 644);
}

#[test]
fn what_is_not_known_neither_raises_nor_ends_an_alert() {
    let slo = slo(99.9);
    let mut series = Series::new(30);
    for minute in 0..120 {
        series.add(at(minute * 60), if minute < 110 { Counts::GOOD } else { Counts::BAD });
    }
    let paged = burn(&series, &slo, at(119 * 60));
    assert_eq!(paged.severity(None), Some(AlertSeverity::Critical));
    for minute in 120..600 {
        series.add(at(minute * 60), Counts::UNKNOWN);
    }
    let asleep = burn(&series, &slo, at(599 * 60));
    assert_eq!((asleep.page(), asleep.ticket()), (Condition::Frozen, Condition::Frozen));
    for before in [None, Some(AlertSeverity::Warning), Some(AlertSeverity::Critical)] {
        assert_eq!(asleep.severity(before), before);
    }
    assert_eq!(
        burn(&Series::new(30), &slo, at(0)).severity(Some(AlertSeverity::Critical)),
        Some(AlertSeverity::Critical)
    );
}

#[test]
fn the_budget_tells_what_is_spent_and_how_much_is_known() {
    let mut series = Series::new(30);
    assert_eq!(budget(&series, &slo(99.0), at(0)), None);
    series.add(at(0), Counts { good: 995, bad: 5, unknown: 1000 });
    let found = budget(&series, &slo(99.0), at(60)).unwrap();
    assert!((found.spent.unwrap() - 0.5).abs() < 1e-9);
    assert_eq!((found.good.get(), found.coverage.get()), (99.5, 50.0));
    let perfect = Slo { latency: None, ..slo(100.0) };
    assert_eq!(budget(&series, &perfect, at(60)).unwrap().spent, Some(f64::INFINITY));
}

#[test]
fn an_objective_that_cannot_be_watched_is_refused_with_what_would_do() {
    assert_eq!(lint(&slo(99.0), 60), None);
    assert_eq!(lint(&slo(100.0), 1), Some(Problem::NoBudget));
    assert!(matches!(lint(&slo(90.0), 60), Some(Problem::NeverFires { .. })));
    assert!(matches!(lint(&Slo { window_days: 7, ..slo(99.0) }, 60), Some(Problem::Window { window_days: 7 })));
    let problem = lint(&slo(99.99), 60).unwrap();
    assert_eq!(
        problem.to_string(),
        "with one look every 60 s, 1 failed within an hour would call people for an objective of 99.99 %"
    );
    assert_eq!(problem.help(), "look every 2 s or more often, or set `objective` to 99.76 or less");
}

#[test]
fn an_objective_is_read_as_people_write_it() {
    let read: Slo = toml::from_str("objective = 99.9\nlatency = { within-ms = 800, objective = 95 }").unwrap();
    assert_eq!(read.for_latency().unwrap().objective.get(), 95.0);
    assert_eq!(Slo { latency: None, ..read }, slo(99.9));
    assert!(toml::from_str::<Slo>("objective = 99.9\nwindow = 30").is_err());
}

fn events() -> impl Strategy<Value = Vec<(i64, u8)>> {
    proptest::collection::vec((0..20_000_i64, 0..3_u8), 1..200)
}

fn counts(kind: u8) -> Counts {
    [Counts::GOOD, Counts::BAD, Counts::UNKNOWN][usize::from(kind)]
}

proptest! {
    #[test]
    fn a_series_counts_what_is_in_the_window(events in events(), minutes in 1..360_i64, now in 0..400_i64) {
        let mut series = Series::new(30);
        for (second, kind) in &events {
            series.add(at(*second), counts(*kind));
        }
        let mut expected = Counts::default();
        // Whole minutes: from after the first to the end of the last.
        let (from, to) = ((now - minutes + 1) * 60, (now + 1) * 60);
        for (_, kind) in events.iter().filter(|(second, _)| (from..to).contains(second)) {
            expected += counts(*kind);
        }
        prop_assert_eq!(series.within(minutes * 60, at(now * 60)), expected);
    }

    #[test]
    fn the_order_of_events_does_not_matter(events in events(), now in 0..20_000_i64) {
        let mut sorted = events.clone();
        sorted.sort_unstable();
        let [one, other] = [events, sorted].map(|events| {
            let mut series = Series::new(30);
            events.iter().for_each(|(second, kind)| series.add(at(*second), counts(*kind)));
            series
        });
        for seconds in [300, 3600, 21_600, 86_400, 259_200] {
            prop_assert_eq!(one.within(seconds, at(now)), other.within(seconds, at(now)));
        }
    }

    #[test]
    fn one_more_failure_never_calms(events in events(), objective in 90.0..99.99_f64) {
        let slo = slo(objective);
        let mut series = Series::new(30);
        events.iter().for_each(|(second, kind)| series.add(at(*second), counts(*kind)));
        let before = burn(&series, &slo, at(20_000)).severity(None);
        series.add(at(20_000), Counts { good: 0, bad: 1, unknown: 0 });
        prop_assert!(burn(&series, &slo, at(20_000)).severity(None) >= before);
    }
}
