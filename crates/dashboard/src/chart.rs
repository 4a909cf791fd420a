//! Drawings, as SVG in the page: bars of days, and lines over time.
//!
//! Each says in words what it shows. A bar's height says the same as its colour.

use std::fmt::{self, Write as _};

use charter_deploy_model::UptimeStatus;
use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::{Day, LatencyPoint, words};

/// The last days of an endpoint, as bars.
///
/// Days that are alike and follow each other are one line that is drawn with gaps, so that a quiet endpoint takes as
/// many bytes as a word: a page may have a thousand of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bars<'a> {
    pub(crate) days: &'a [Day],
    pub(crate) last: Date,
    pub(crate) count: u16,
}

/// The width of a day: three for the bar, one for the gap. The style sheet's dashes are the same.
const DAY: usize = 4;

/// How days are drawn: status, height of the bar.
const DRAWN: [(UptimeStatus, u8); 4] =
    [(UptimeStatus::Up, 16), (UptimeStatus::Degraded, 20), (UptimeStatus::Down, 24), (UptimeStatus::Unknown, 4)];

impl Bars<'_> {
    /// Returns the status of every day, the oldest first. A day that is not there is unknown.
    fn statuses(&self) -> Vec<UptimeStatus> {
        let mut statuses = vec![UptimeStatus::Unknown; usize::from(self.count)];
        let first = self.last.saturating_sub((i64::from(self.count) - 1).days());
        for day in self.days {
            let offset = (day.date - first).get_days();
            if let Some(place) = usize::try_from(offset).ok().and_then(|offset| statuses.get_mut(offset)) {
                *place = day.status();
            }
        }
        statuses
    }
}

impl fmt::Display for Bars<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses = self.statuses();
        write!(f, "<svg class=bars viewBox=\"0 0 {} 24\" ", statuses.len() * DAY - 1)?;
        write!(f, "preserveAspectRatio=none role=img aria-label=\"{} days:", statuses.len())?;
        let mut separator = " ";
        for (status, _) in DRAWN {
            let count = statuses.iter().filter(|each| **each == status).count();
            if count > 0 {
                write!(f, "{separator}{count} {}", words::tone(status))?;
                separator = ", ";
            }
        }
        f.write_str("\">")?;
        for (status, height) in DRAWN {
            let mut runs = statuses.chunk_by(|a, b| a == b).scan(0, |place, run| {
                let start = *place;
                *place += run.len();
                Some((start, run))
            });
            let mut of_this = runs.by_ref().filter(|(_, run)| run[0] == status).peekable();
            if of_this.peek().is_none() {
                continue;
            }
            write!(f, "<path class={} d=\"", words::tone(status))?;
            for (start, run) in of_this {
                write!(f, "M{} {}h{}", start * DAY, 24 - height / 2, run.len() * DAY - 1)?;
            }
            f.write_str("\"/>")?;
        }
        f.write_str("</svg>")
    }
}

/// A line over time between the values `least` and `most`, in a box of `width` by `height`; there are gaps in it where
/// nothing was measured.
pub(crate) fn line(values: &[Option<f64>], (least, most): (f64, f64), width: f64, height: f64) -> String {
    let mut path = String::new();
    #[expect(clippy::cast_precision_loss, reason = "a chart has some hundred points")]
    let step = if values.len() > 1 { width / (values.len() - 1) as f64 } else { 0.0 };
    let mut pen_down = false;
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value.filter(|value| value.is_finite()) else {
            pen_down = false;
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "a chart has some hundred points")]
        let x = place as f64 * step;
        let y =
            if most > least { height - ((value - least) / (most - least)).clamp(0.0, 1.0) * height } else { height };
        let command = if pen_down { 'L' } else { 'M' };
        // A point of its own is a line of no length, which round ends make a dot.
        let dot = if pen_down || values.get(place + 1).is_some_and(Option::is_some) { "" } else { "h0" };
        let _ = write!(path, "{command}{x:.1} {y:.1}{dot}");
        pen_down = true;
    }
    path
}

/// A chart of how fast an endpoint answers.
#[derive(Debug)]
pub(crate) struct LatencyChart {
    pub(crate) p50: String,
    pub(crate) p95: String,
    /// The labels of the vertical axis: place from the top, figure.
    pub(crate) ticks: Vec<(f64, String)>,
    pub(crate) from: words::Moment,
    pub(crate) to: words::Moment,
    pub(crate) least: words::Millis,
    pub(crate) most: words::Millis,
}

pub(crate) const CHART_WIDTH: f64 = 720.0;
pub(crate) const CHART_HEIGHT: f64 = 200.0;

impl LatencyChart {
    /// Draws it; nothing when nothing was measured.
    pub(crate) fn new(points: &[LatencyPoint]) -> Option<Self> {
        let medians: Vec<Option<f64>> = points.iter().map(|point| point.p50_ms).collect();
        let slow: Vec<Option<f64>> = points.iter().map(|point| point.p95_ms).collect();
        let measured = || medians.iter().chain(&slow).flatten().copied().filter(|value| value.is_finite());
        let most = measured().max_by(f64::total_cmp)?;
        let least = measured().min_by(f64::total_cmp)?;
        let top = round_up(most);
        let ticks = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| {
            (
                CHART_HEIGHT * (1.0 - share),
                if share > 0.0 { words::Millis(top * share).to_string() } else { "0".to_owned() },
            )
        });
        Some(Self {
            p50: line(&medians, (0.0, top), CHART_WIDTH, CHART_HEIGHT),
            p95: line(&slow, (0.0, top), CHART_WIDTH, CHART_HEIGHT),
            ticks: ticks.into(),
            from: words::Moment(points.first()?.at),
            to: words::Moment(points.last()?.at),
            least: words::Millis(least),
            most: words::Millis(most),
        })
    }
}

/// Returns the next number that is not less and has quarters that are easy to read.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.max(1.0).log10().floor());
    let steps = [1.0, 1.2, 1.6, 2.0, 2.4, 3.2, 4.0, 6.0, 8.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(date: Date, up: f32, down: f32) -> Day {
        Day { date, up_share: up, degraded_share: 0.0, down_share: down, unknown_share: 1.0 - up - down }
    }

    #[test]
    fn days_that_are_alike_are_one_line_and_those_that_are_missing_are_unknown() {
        let last: Date = "2026-11-21".parse().unwrap();
        let mut days: Vec<Day> = (0..60).map(|ago| day(last.saturating_sub(ago.days()), 1.0, 0.0)).collect();
        days[10].down_share = 0.5;
        let drawn = Bars { days: &days, last, count: 90 }.to_string();
        assert!(drawn.contains("aria-label=\"90 days: 59 up, 1 down, 30 unknown\""), "{drawn}");
        assert!(drawn.len() < 400, "{drawn}");
    }

    #[test]
    fn a_gap_in_what_was_measured_is_a_gap_in_the_line() {
        assert_eq!(line(&[Some(0.0), None, Some(10.0)], (0.0, 10.0), 100.0, 50.0), "M0.0 50.0h0M100.0 0.0h0");
        assert_eq!(line(&[Some(5.0), Some(10.0)], (0.0, 10.0), 100.0, 50.0), "M0.0 25.0L100.0 0.0");
        assert_eq!(line(&[], (0.0, 10.0), 100.0, 50.0), "");
    }

    proptest! {
        #[test]
        fn a_line_never_leaves_its_box(values in prop::collection::vec(prop::option::of(any::<f64>()), 0..50)) {
            let path = line(&values, (0.0, 10.0), 100.0, 50.0);
            prop_assert!(!path.contains("NaN") && !path.contains("inf"), "{}", path);
            for number in path.split(['M', 'L', ' ', 'h']).filter(|part| !part.is_empty()) {
                let number: f64 = number.parse().unwrap();
                prop_assert!((0.0..=100.0).contains(&number), "{}", path);
            }
        }

        #[test]
        fn the_axis_ends_above_what_was_measured(value in 0.0..1e9_f64) {
            let top = round_up(value);
            prop_assert!(top >= value && top <= value.max(1.0) * 10.0);
        }
    }
}
