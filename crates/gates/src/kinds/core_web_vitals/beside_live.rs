//! A page beside the one that users see now, measured in turn.
//!
//! What a figure was when the live release was deployed says little: the machine was another, or did other things. Both
//! are measured now, one after the other and each first as often as the other, and their ranks are compared.

use std::collections::BTreeMap;

use charter_deploy_model::{Finding, Location, Measure, Unit};

use crate::measured::{Figure, Place};
use crate::sampling::{Comparison, compare, median};

/// After so many rounds it can be clear that nothing got slower.
pub(super) const LEAST_ROUNDS: usize = 3;

/// So many rounds make it clear that something did: of five each, all of one above all of the other is 0.4 % by chance.
pub(super) const MOST_ROUNDS: usize = 5;

/// How likely the difference may be chance. Every page and figure is asked, so it is little.
const RISK: f64 = 0.01;

/// What was measured of both, by figure.
#[derive(Debug, Default)]
pub(super) struct Samples {
    live: BTreeMap<&'static str, Vec<f64>>,
    next: BTreeMap<&'static str, Vec<f64>>,
}

impl Samples {
    /// Takes what one run measured.
    pub(super) fn add(&mut self, is_next: bool, values: &BTreeMap<&'static str, f64>) {
        let of = if is_next { &mut self.next } else { &mut self.live };
        for (name, value) in values {
            of.entry(name).or_default().push(*value);
        }
    }

    /// Says whether some figure may still turn out to be worse.
    pub(super) fn may_be_worse(&self, figures: &[Figure], percent: f64) -> bool {
        figures.iter().any(|figure| self.compared(figure).is_some_and(|it| it.shift > self.bearable(figure, percent)))
    }

    /// Returns a finding of each figure that certainly got worse by more than `percent`.
    pub(super) fn worse(&self, code: &str, place: &Place<'_>, figures: &[Figure], percent: f64) -> Vec<Finding> {
        let certain = figures.iter().filter_map(|figure| {
            let found = self.compared(figure)?;
            let is_worse = found.p <= RISK && found.shift > self.bearable(figure, percent);
            is_worse.then(|| self.finding(code, place, figure, &found))
        });
        certain.collect()
    }

    /// Returns every sample as evidence. Whose it is goes by the digest of what was built: the same figure of another
    /// build is no earlier value of this one.
    pub(super) fn measures(&self, place: &Place<'_>, figures: &[Figure], live: &str, next: &str) -> Vec<Measure> {
        let of = |samples: &BTreeMap<&'static str, Vec<f64>>, build: &str| -> Vec<Measure> {
            let measure = |figure: &Figure| {
                let samples = samples.get(figure.name)?;
                let subject = format!("{}, build {build}", place.subject());
                Some(Measure { name: format!("{}-in-turn", figure.name), ..figure.measure(&subject, samples)? })
            };
            figures.iter().filter_map(measure).collect()
        };
        [of(&self.live, live), of(&self.next, next)].concat()
    }

    fn compared(&self, figure: &Figure) -> Option<Comparison> {
        compare(self.live.get(figure.name)?, self.next.get(figure.name)?)
    }

    /// Returns by how much a figure may grow: the share that is allowed, and never less than anybody would notice.
    fn bearable(&self, figure: &Figure, percent: f64) -> f64 {
        let least = if figure.unit == Unit::Ratio { 0.02 } else { 50.0 };
        let live = self.live.get(figure.name).and_then(|samples| median(samples)).unwrap_or_default();
        (live * percent / 100.0).max(least)
    }

    fn finding(&self, code: &str, place: &Place<'_>, figure: &Figure, found: &Comparison) -> Finding {
        let told = |samples: &BTreeMap<&'static str, Vec<f64>>| {
            let samples = samples.get(figure.name).map_or(&[][..], Vec::as_slice);
            let all: Vec<String> = samples.iter().map(|sample| figure.told(*sample)).collect();
            all.join(", ")
        };
        let message = format!(
            "{}: {} is {} more than what users see now, measured in turn ({} beside {}, p = {:.3})",
            place.told(),
            figure.words,
            figure.told(found.shift),
            told(&self.next),
            told(&self.live),
            found.p
        );
        Finding::new(code, place.subject(), message)
            .key(format!("{} {}", place.form.name(), figure.name))
            .at(Location::file(place.page))
    }
}

#[cfg(test)]
mod tests {
    use super::super::FIGURES;
    use super::*;
    use crate::measured::FormFactor;

    fn samples(live: &[f64], next: &[f64]) -> Samples {
        let mut samples = Samples::default();
        live.iter().for_each(|value| samples.add(false, &[("lcp", *value)].into()));
        next.iter().for_each(|value| samples.add(true, &[("lcp", *value)].into()));
        samples
    }

    fn worse(samples: &Samples) -> Vec<Finding> {
        let place = Place { page: "index.html", url: "http://127.0.0.1/".to_owned(), form: FormFactor::Mobile };
        samples.worse("core-web-vitals/slower-than-live", &place, &FIGURES, 10.0)
    }

    #[test]
    fn what_is_certainly_later_is_found_with_every_sample() {
        let slower = samples(&[1000.0, 1010.0, 990.0, 1005.0, 995.0], &[1300.0, 1310.0, 1290.0, 1305.0, 1295.0]);
        let found = worse(&slower);
        assert_eq!(found.len(), 1);
        let message = &found[0].message;
        assert!(
            message.contains("largest contentful paint is 300 ms more") && message.contains("1310 ms"),
            "{message}"
        );
        assert!(message.contains("p = 0.004"), "{message}");
    }

    #[test]
    fn little_and_uncertain_differences_are_none() {
        let little = samples(&[1000.0; 5], &[1040.0, 1041.0, 1042.0, 1043.0, 1044.0]);
        let uncertain = samples(&[1000.0, 1400.0, 1000.0, 1400.0, 1000.0], &[1300.0, 1310.0, 1290.0, 1305.0, 1295.0]);
        let faster = samples(&[1300.0; 5], &[1000.0; 5]);
        let few = samples(&[1000.0, 1001.0, 1002.0], &[1500.0, 1501.0, 1502.0]);
        for samples in [little, uncertain, faster, few] {
            assert!(worse(&samples).is_empty(), "{samples:?}");
        }
    }

    #[test]
    fn no_more_is_measured_where_nothing_got_slower() {
        assert!(!samples(&[1000.0; 3], &[1001.0; 3]).may_be_worse(&FIGURES, 10.0));
        assert!(samples(&[1000.0; 3], &[1501.0; 3]).may_be_worse(&FIGURES, 10.0));
    }

    #[test]
    fn samples_of_two_builds_are_kept_apart() {
        let place = Place { page: "index.html", url: "http://127.0.0.1/".to_owned(), form: FormFactor::Mobile };
        let kept = samples(&[1000.0], &[1500.0]).measures(&place, &FIGURES, "aaaa", "bbbb");
        let said: Vec<_> = kept.iter().map(|it| (it.name.as_str(), it.subject.as_str(), it.value)).collect();
        assert_eq!(
            said,
            [
                ("lcp-in-turn", "mobile: index.html, build aaaa", 1000.0),
                ("lcp-in-turn", "mobile: index.html, build bbbb", 1500.0)
            ]
        );
    }
}
