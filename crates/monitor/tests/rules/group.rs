//! Groups: told once, in time, and to the end.

use std::collections::BTreeMap;

use charter_deploy_model::{AlertId, AlertSeverity, Occasion, Stamp};
use charter_monitor::rules::group::{Event, Grouping, Send, State, step};
use charter_monitor::rules::labels::Labels;
use jiff::Timestamp;
use proptest::prelude::*;

use crate::at;
use AlertSeverity::{Critical, Warning};

fn id(number: i64) -> AlertId {
    AlertId::new(Stamp::of(at(number)))
}

fn raised(number: i64, site: &str, severity: AlertSeverity) -> Event {
    let labels: Labels = [("site", site), ("n", "x")].map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Event::Raised { id: id(number), labels, severity }
}

fn resolved(number: i64) -> Event {
    Event::Resolved { id: id(number) }
}

fn by_site() -> Grouping {
    Grouping { group_by: vec!["site".to_owned()], ..Grouping::default() }
}

/// Plays events at their seconds, and lets time go by whenever something is due, until the end.
fn play(events: &[(i64, Event)], until: i64) -> Vec<(i64, Send)> {
    let (mut state, mut sent) = (State::default(), Vec::new());
    let second = |at: Timestamp| at.as_second() - crate::at(0).as_second();
    let mut events = events.iter().peekable();
    loop {
        let due = state.next().map(second).filter(|due| *due <= until);
        let (now, event) = match (events.peek(), due) {
            (Some((at, _)), Some(due)) if due < *at => (due, &Event::Ticked),
            (Some(_), _) => events.next().map(|(at, event)| (*at, event)).unwrap(),
            (None, Some(due)) => (due, &Event::Ticked),
            (None, None) => return sent,
        };
        // What is known can be written down at any time.
        let written = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&written).unwrap(), state);
        let (next, sends) = step(state, &by_site(), event, at(now));
        sent.extend(sends.into_iter().map(|send| (now, send)));
        state = next;
    }
}

fn brief(sent: &[(i64, Send)]) -> Vec<(i64, Occasion, usize, usize)> {
    sent.iter().map(|(at, send)| (*at, send.occasion, send.firing.len(), send.resolved.len())).collect()
}

#[test]
fn what_happens_at_once_is_told_at_once() {
    let events: Vec<_> = (0..100).map(|number| (number / 10, raised(number, "docs", Warning))).collect();
    let sent = play(&events, 600);
    assert_eq!(brief(&sent), [(30, Occasion::Raised, 100, 0)]);
    assert_eq!(sent[0].1.group, [("site".to_owned(), "docs".to_owned())].into());
    assert_eq!(sent[0].1.key, format!("{}/{}-0", id(0), at(0).as_second()));
}

#[test]
fn what_is_over_before_anyone_was_told_is_never_told() {
    assert_eq!(play(&[(0, raised(1, "docs", Warning)), (29, resolved(1))], 9000), []);
    let partly = [(0, raised(1, "docs", Warning)), (5, raised(2, "docs", Warning)), (9, resolved(1))];
    assert_eq!(brief(&play(&partly, 60)), [(30, Occasion::Raised, 1, 0)]);
}

#[test]
fn the_first_critical_alert_waits_for_nothing() {
    let events = [
        (0, raised(1, "docs", Warning)),
        (10, raised(2, "docs", Critical)),
        (11, raised(3, "docs", Critical)),
        (400, resolved(1)),
        (400, resolved(2)),
        (400, resolved(3)),
    ];
    let sent = play(&events, 1200);
    assert_eq!(
        brief(&sent),
        [(10, Occasion::Raised, 2, 0), (310, Occasion::Raised, 3, 0), (610, Occasion::Resolved, 0, 3)]
    );
    assert_eq!(sent[0].1.severity, Critical);
    // What becomes critical is told again.
    let worse = [(0, raised(1, "docs", Warning)), (100, raised(1, "docs", Critical))];
    assert_eq!(brief(&play(&worse, 200)), [(30, Occasion::Raised, 1, 0), (100, Occasion::Raised, 1, 0)]);
}

#[test]
fn people_are_reminded_ever_more_seldom_until_somebody_takes_it_on() {
    let hour = 3600;
    let lasting = [(0, raised(1, "docs", Critical))];
    let times: Vec<i64> = play(&lasting, 100 * hour).iter().map(|(at, _)| at / hour).collect();
    assert_eq!(times, [0, 1, 3, 7, 15, 31, 55, 79]);
    let taken =
        [(0, raised(1, "docs", Critical)), (2 * hour, Event::Acknowledged { id: id(1) }), (50 * hour, resolved(1))];
    let sent = play(&taken, 100 * hour);
    assert_eq!(
        brief(&sent),
        [(0, Occasion::Raised, 1, 0), (hour, Occasion::Reminder, 1, 0), (50 * hour, Occasion::Resolved, 0, 1)]
    );
}

#[test]
fn what_comes_and_goes_between_two_messages_is_no_news() {
    let events = [
        (0, raised(1, "docs", Critical)),
        (60, resolved(1)),
        (120, raised(1, "docs", Critical)),
        (200, resolved(1)),
        (201, raised(1, "docs", Critical)),
    ];
    assert_eq!(brief(&play(&events, 1000)), [(0, Occasion::Raised, 1, 0)]);
}

#[test]
fn after_a_long_sleep_there_is_one_message() {
    let (state, _) = step(State::default(), &by_site(), &raised(1, "docs", Critical), at(0));
    let (state, sends) = step(state, &by_site(), &Event::Ticked, at(8 * 3600));
    assert_eq!(sends.len(), 1);
    let (_, sends) = step(state, &by_site(), &Event::Ticked, at(8 * 3600 + 1));
    assert_eq!(sends, []);
}

#[test]
fn a_clock_that_was_a_year_ahead_delays_nothing() {
    let year = 365 * 86_400;
    let (state, _) = step(State::default(), &by_site(), &raised(1, "docs", Critical), at(year));
    let (state, _) = step(state, &by_site(), &resolved(1), at(10));
    assert!(state.next() <= Some(at(310)));
    let (_, sends) = step(state, &by_site(), &Event::Ticked, at(310));
    assert_eq!(sends.iter().map(|send| send.occasion).collect::<Vec<_>>(), [Occasion::Resolved]);
}

fn events() -> impl Strategy<Value = Vec<(i64, Event)>> {
    let severity = prop_oneof![Just(Warning), Just(AlertSeverity::Error), Just(Critical)];
    let event = (0_i64..6, 0_u8..4, severity).prop_map(|(number, what, severity)| match what {
        0 | 1 => raised(number, if number % 2 == 0 { "docs" } else { "shop" }, severity),
        2 => resolved(number),
        _ => Event::Acknowledged { id: id(number) },
    });
    proptest::collection::vec((0_i64..400, event), 0..40).prop_map(|steps| {
        let mut now = 0;
        let timed = steps.into_iter().map(|(wait, event)| {
            now += wait;
            (now, event)
        });
        timed.collect()
    })
}

proptest! {
    #[test]
    fn every_alert_that_is_told_is_told_to_the_end_once(events in events()) {
        let mut wrong: BTreeMap<AlertId, bool> = BTreeMap::new();
        for (_, event) in &events {
            match event {
                Event::Raised { id, .. } => { wrong.insert(*id, true); }
                Event::Resolved { id } => { wrong.insert(*id, false); }
                _ => {}
            }
        }
        let end = events.last().map_or(0, |(at, _)| *at) + 4000;
        let sent = play(&events, end);
        let mut open: BTreeMap<AlertId, bool> = BTreeMap::new();
        let mut keys: Vec<&str> = Vec::new();
        for (_, send) in &sent {
            prop_assert!(!send.firing.is_empty() || !send.resolved.is_empty());
            for id in &send.firing {
                open.insert(*id, true);
            }
            for id in &send.resolved {
                prop_assert_eq!(open.insert(*id, false), Some(true), "over without a beginning, or twice");
            }
            keys.push(&send.key);
        }
        // Nothing that is wrong stays untold, and nothing that is over stays open.
        for (id, is_wrong) in wrong {
            prop_assert_eq!(open.get(&id).copied().unwrap_or(false), is_wrong);
        }
        keys.sort_unstable();
        let all = keys.len();
        keys.dedup();
        prop_assert_eq!(keys.len(), all, "two messages have one key");
    }

    #[test]
    fn time_that_goes_by_changes_nothing_that_was_not_due(events in events(), ticks in proptest::collection::vec(0_i64..16_000, 0..30)) {
        let mut more = events.clone();
        more.extend(ticks.into_iter().map(|at| (at, Event::Ticked)));
        more.sort_by_key(|(at, _)| *at);
        prop_assert_eq!(play(&events, 30_000), play(&more, 30_000));
    }

    #[test]
    fn a_crash_between_two_events_sends_the_same_again_under_the_same_key(events in events(), cut in 0_usize..40) {
        let (mut state, mut before) = (State::default(), Vec::new());
        for (now, event) in events.iter().take(cut) {
            (state, before) = step(state, &by_site(), event, at(*now));
        }
        let written = serde_json::to_string(&state).unwrap();
        if let Some((now, event)) = events.get(cut) {
            let once = step(state, &by_site(), event, at(*now));
            let again = step(serde_json::from_str(&written).unwrap(), &by_site(), event, at(*now));
            prop_assert_eq!(once, again);
        }
        drop(before);
    }
}
