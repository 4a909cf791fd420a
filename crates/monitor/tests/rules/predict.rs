//! Forecasts: when they say nothing, and how often they are right.

use charter_deploy_model::AlertSeverity;
use charter_monitor::rules::predict::{Bound, Forecast, Sample, brier, outlook, skill};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::{Chance, at};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn hourly(values: impl IntoIterator<Item = f64>) -> Vec<Sample> {
    values.into_iter().enumerate().map(|(hour, value)| Sample { at: at(hour as i64 * 3600), value }).collect()
}

#[test]
fn too_little_to_tell_is_nothing() {
    let falling = |count: i32| hourly((0..count).map(|hour| f64::from(100 - hour)));
    let bound = Bound::AtLeast(20.0);
    assert_eq!(outlook(&falling(9), bound, DAY, at(9 * 3600)), None);
    assert!(outlook(&falling(10), bound, DAY, at(9 * 3600)).is_some());
    // Nine hours say nothing about a week.
    assert_eq!(outlook(&falling(10), bound, 7 * DAY, at(9 * 3600)), None);
    assert_eq!(outlook(&hourly([f64::NAN; 20]), bound, DAY, at(20 * 3600)), None);
    // What is measured later is not known yet.
    assert_eq!(outlook(&falling(20), bound, DAY, at(5 * 3600)), None);
}

#[test]
fn a_certificate_that_nobody_renews_is_foretold() {
    let days = hourly((0..48).map(|hour| 15.0 - f64::from(hour) / 24.0));
    let found = outlook(&days, Bound::AtLeast(7.0), 7 * DAY, at(47 * 3600)).unwrap();
    assert!((found.per_day + 1.0).abs() < 1e-6 && (found.level - 13.04).abs() < 0.01, "{found:?}");
    assert_eq!(found.violated_in.unwrap().as_hours() / 24, 6);
    assert_eq!(found.severity(), Some(AlertSeverity::Warning));
    // Renewed: the line goes nowhere near.
    let renewed = hourly((0..48).map(|hour| 90.0 - f64::from(hour) / 24.0));
    let found = outlook(&renewed, Bound::AtLeast(7.0), 7 * DAY, at(47 * 3600)).unwrap();
    assert_eq!((found.severity(), found.confidence), (None, 0.01_f64.max(1.0 - 0.99)));
}

#[test]
fn a_few_that_went_astray_bend_no_line() {
    let mut samples = hourly((0..40).map(|hour| 50.0 - f64::from(hour) * 0.5));
    for index in [3, 17, 31, 38] {
        samples[index].value = 1000.0;
    }
    let found = outlook(&samples, Bound::AtLeast(10.0), DAY, at(39 * 3600)).unwrap();
    assert!((found.per_day + 12.0).abs() < 0.5, "{found:?}");
}

#[test]
fn forecasts_of_noisy_disks_are_better_than_guessing() {
    let mut chance = Chance(11);
    let mut forecasts = Vec::new();
    for _ in 0..300 {
        let (slope, level) = (chance.next() * 2.0, 20.0 + chance.next() * 30.0);
        let free: Vec<f64> = (0..36).map(|hour| level - slope * f64::from(hour) + chance.normal() * 2.0).collect();
        let happened = level - slope * 36.0 < 10.0;
        if let Some(found) = outlook(&hourly(free[..12].iter().copied()), Bound::AtLeast(10.0), DAY, at(12 * 3600)) {
            forecasts.push(Forecast { confidence: found.confidence, happened });
        }
    }
    assert_eq!(forecasts.len(), 300);
    let (score, better) = (brier(&forecasts).unwrap(), skill(&forecasts).unwrap());
    assert!(score < 0.1 && better > 0.5, "{score} {better}");
    assert_eq!(skill(&[Forecast { confidence: 0.5, happened: true }]), None);
}

proptest! {
    #[test]
    fn a_forecast_never_pages_and_is_never_certain(
        values in proptest::collection::vec(-1e9..1e9_f64, 0..60), limit in -1e9..1e9_f64, hours in 1..200_i64,
    ) {
        let samples = hourly(values);
        for bound in [Bound::AtLeast(limit), Bound::AtMost(limit)] {
            if let Some(found) = outlook(&samples, bound, SignedDuration::from_hours(hours), at(60 * 3600)) {
                prop_assert!((0.0..1.0).contains(&found.confidence) && found.confidence > 0.0);
                prop_assert!(found.severity() <= Some(AlertSeverity::Warning));
                prop_assert!(found.violated_in.is_none_or(|time| time >= SignedDuration::ZERO));
            }
        }
    }

    #[test]
    fn a_limit_that_is_nearer_is_reached_sooner(
        values in proptest::collection::vec(0.0..100.0_f64, 12..40), limit in -500.0..0.0_f64, nearer in 0.0..400.0_f64,
    ) {
        let samples = hourly(values);
        let ask = |limit: f64| outlook(&samples, Bound::AtLeast(limit), 2 * DAY, at(40 * 3600));
        if let (Some(far), Some(near)) = (ask(limit), ask(limit + nearer)) {
            prop_assert!(near.confidence >= far.confidence - 1e-6);
            if let Some(time) = far.violated_in {
                prop_assert!(near.violated_in.is_some_and(|sooner| sooner <= time));
            }
        }
    }

    #[test]
    fn scores_are_between_always_right_and_always_wrong(said in proptest::collection::vec((0.0..=1.0_f64, any::<bool>()), 1..50)) {
        let forecasts: Vec<Forecast> = said.into_iter().map(|(confidence, happened)| Forecast { confidence, happened }).collect();
        prop_assert!((0.0..=1.0).contains(&brier(&forecasts).unwrap()));
        prop_assert!(skill(&forecasts).is_none_or(|skill| skill <= 1.0));
    }
}
