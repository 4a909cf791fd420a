//! What people hear, and what they are spared.

use proptest::prelude::*;

use super::*;

fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn watched(name: &str, depends_on: &[&str]) -> Watched {
    Watched {
        name: name.to_owned(),
        address: format!("https://{name}.example.org/"),
        severity: AlertSeverity::Critical,
        depends_on: depends_on.iter().map(|name| (*name).to_owned()).collect(),
        patience: Patience::default(),
        is_remote: false,
    }
}

fn look(status: UptimeStatus, due: Timestamp) -> Look {
    let reading = match status {
        UptimeStatus::Unknown => None,
        UptimeStatus::Down => Some(Reading::down(Cause::new("refused", "no connection to 192.0.2.7:443"))),
        status => Some(Reading { status, ..Reading::up(std::time::Duration::from_millis(20)) }),
    };
    Look { endpoint: 0, due, reading, unknown: None, attempts: 1, is_covered: false }
}

/// Returns the keys' last parts of what was told.
fn told(standing: &Standing) -> Vec<String> {
    standing.to_tell.iter().map(|notice| notice.title.clone()).collect()
}

use UptimeStatus::{Degraded, Down, Unknown, Up};

#[test]
fn an_outage_is_told_once_and_its_end_once_and_it_is_recorded() {
    let it = [watched("docs", &[])];
    let mut standing = Standing::default();
    for (second, status) in [(0, Up), (30, Down), (60, Down), (90, Up), (120, Up), (150, Up)] {
        standing.look(&it[0], &look(status, at(second)), at(second));
        standing.tick(&it, &Around::default(), at(second + 5));
        standing.tick(&it, &Around::default(), at(second + 10));
    }
    assert_eq!(told(&standing), ["docs is down", "docs is down: over"]);
    let incident = &standing.to_record[0];
    assert_eq!((incident.start_time, incident.end_time, incident.duration), (at(30), Some(at(120)), Some(90.0)));
    assert!(standing.alerts.is_empty());
    assert!(standing.to_tell[0].text.contains("192.0.2.7"), "{:?}", standing.to_tell[0]);
    assert_eq!(standing.to_tell[0].thread, standing.to_tell[1].thread);
}

#[test]
fn a_hundred_children_of_a_dead_parent_are_one_page() {
    let mut it = vec![watched("router", &[])];
    it.extend((0..100).map(|number| watched(&format!("site-{number}"), &["router"])));
    let mut standing = Standing::default();
    for one in &it {
        standing.look(one, &look(Up, at(0)), at(0));
    }
    // The children fall first; the parent is asked, and seen to be down a little later.
    let mut asked = BTreeSet::new();
    for one in it.iter().skip(1) {
        for effect in standing.look(one, &look(Down, at(30)), at(36)) {
            if let Effect::Ask(name) = effect {
                asked.insert(name);
            }
        }
    }
    assert_eq!(asked.into_iter().collect::<Vec<_>>(), ["router"]);
    standing.tick(&it, &Around::default(), at(37));
    assert!(told(&standing).is_empty(), "nobody is told before the parent is known");
    standing.look(&it[0], &look(Down, at(36)), at(42));
    for second in 43..200 {
        standing.tick(&it, &Around::default(), at(second));
    }
    assert_eq!(told(&standing), ["router is down"]);
    assert!(matches!(&standing.alerts["site-7"].state, State::Suppressed(reason) if reason.contains("`router`")));

    for one in &it {
        for second in [210, 240] {
            standing.look(one, &look(Up, at(second)), at(second));
        }
    }
    assert_eq!(told(&standing), ["router is down", "router is down: over"]);
    assert_eq!(standing.to_record.len(), 101, "that they were down is on record all the same");
}

#[test]
fn a_child_that_stays_down_when_its_parent_is_back_is_told() {
    let it = [watched("router", &[]), watched("site", &["router"])];
    let mut standing = Standing::default();
    for one in &it {
        standing.look(one, &look(Up, at(0)), at(0));
        standing.look(one, &look(Down, at(30)), at(36));
    }
    standing.tick(&it, &Around::default(), at(41));
    for second in [60, 90] {
        standing.look(&it[0], &look(Up, at(second)), at(second));
    }
    standing.tick(&it, &Around::default(), at(91));
    assert_eq!(told(&standing), ["router is down", "router is down: over", "site is down"]);
}

#[test]
fn maintenance_is_quiet_until_it_ends_with_the_fault_still_there() {
    let it = [watched("docs", &[])];
    let mut standing = Standing::default();
    let quiet = Around { quiet: Some("maintenance".to_owned()), ..Around::default() };
    standing.look(&it[0], &look(Down, at(0)), at(6));
    for second in 7..100 {
        standing.tick(&it, &quiet, at(second));
    }
    assert!(told(&standing).is_empty());
    standing.tick(&it, &Around::default(), at(100));
    assert_eq!(told(&standing), ["docs is down"]);
}

#[test]
fn when_everything_is_down_at_once_it_is_the_monitor() {
    let it: Vec<Watched> =
        (0..5).map(|number| Watched { is_remote: true, ..watched(&format!("site-{number}"), &[]) }).collect();
    let mut standing = Standing::default();
    for one in &it {
        standing.look(one, &look(Up, at(0)), at(0));
        standing.look(one, &look(Down, at(30)), at(36));
    }
    for second in 37..100 {
        standing.tick(&it, &Around::default(), at(second));
    }
    assert_eq!(told(&standing).len(), 1, "{:?}", told(&standing));
    assert!(told(&standing)[0].starts_with("the monitor sees nothing"));
    for one in &it {
        for second in [100, 130] {
            standing.look(one, &look(Up, at(second)), at(second));
        }
    }
    standing.tick(&it, &Around::default(), at(131));
    assert_eq!(told(&standing).len(), 2);
}

#[test]
fn what_nobody_takes_on_is_brought_to_mind_less_and_less_often_and_not_at_all_once_taken_on() {
    let it = [watched("docs", &[])];
    let mut standing = Standing::default();
    standing.look(&it[0], &look(Down, at(0)), at(6));
    for minute in 0..(8 * 60) {
        standing.tick(&it, &Around::default(), at(minute * 60 + 10));
    }
    let reminders =
        |standing: &Standing| standing.to_tell.iter().filter(|notice| notice.occasion == Occasion::Reminder).count();
    assert_eq!(reminders(&standing), 3, "after one hour, three and seven");
    standing.acknowledge("docs", "ann", "the provider is on it", at(8 * 3600)).unwrap();
    for hour in 8..100 {
        standing.tick(&it, &Around::default(), at(hour * 3600));
    }
    assert_eq!(reminders(&standing), 3);
    assert_eq!(standing.acknowledge("blog", "ann", "", at(0)), Err(NoSuchAlert("blog".to_owned())));
}

#[test]
fn the_deployment_before_it_is_named() {
    let it = [watched("docs", &[])];
    let mut standing = Standing::default();
    let live: DeploymentId = "20261121-115600-deployment".parse().unwrap();
    let around = Around { live: Some((live, at(-240))), ..Around::default() };
    standing.look(&it[0], &look(Down, at(0)), at(6));
    standing.tick(&it, &around, at(11));
    let notice = &standing.to_tell[0];
    assert!(notice.text.contains("4 min after 20261121-115600-deployment"), "{}", notice.text);
    assert_eq!(standing.alerts["docs"].incident.as_ref().unwrap().deployment_id, Some(live));
}

#[test]
fn what_is_degraded_for_long_is_a_warning() {
    let it = [watched("docs", &[])];
    let mut standing = Standing::default();
    for second in 0..4 {
        standing.look(&it[0], &look(Degraded, at(second * 30)), at(second * 30));
        standing.tick(&it, &Around::default(), at(second * 30 + 10));
    }
    assert_eq!(told(&standing), ["docs is degraded"]);
    assert_eq!(standing.to_tell[0].severity, AlertSeverity::Warning);
}

fn status() -> impl Strategy<Value = UptimeStatus> {
    prop_oneof![4 => Just(Up), 3 => Just(Down), 1 => Just(Degraded), 1 => Just(Unknown)]
}

proptest! {
    /// Whatever happens and wherever it crashes, each alert that was told begins once and ends at most once, in this
    /// order; and what was saved goes on to tell the same as what never crashed.
    #[test]
    fn a_crash_at_any_point_loses_no_alert_and_tells_none_anew(
        looks in prop::collection::vec((0_usize..3, status()), 1..80),
        crashes in prop::collection::btree_set(0_usize..80, 0..5),
    ) {
        let it = [watched("router", &[]), watched("one", &["router"]), watched("two", &["router"])];
        let run = |crashes: &BTreeSet<usize>| {
            let mut standing = Standing::default();
            let mut saved = standing.clone();
            let mut delivered: Vec<String> = Vec::new();
            for (number, (which, status)) in looks.iter().enumerate() {
                let now = at(i64::try_from(number).unwrap() * 30);
                if crashes.contains(&number) {
                    // What was known and not saved is streaks only as old as the last save.
                    standing = serde_json::from_str(&serde_json::to_string(&saved).unwrap()).unwrap();
                }
                let mut effects = standing.look(&it[*which], &look(*status, now), now);
                effects.extend(standing.tick(&it, &Around::default(), now + SignedDuration::from_secs(20)));
                // Every look is saved here, so that both runs know the same.
                saved = standing.clone();
                for notice in &standing.to_tell {
                    if !delivered.contains(&notice.key) {
                        delivered.push(notice.key.clone());
                    }
                }
                // Every other time the crash comes before it is noted that they were told.
                if number % 2 == 0 {
                    let told = standing.to_tell.iter().map(|notice| notice.key.clone()).collect();
                    let recorded = standing.to_record.iter().map(|incident| incident.incident_id).collect();
                    standing.done(&told, &recorded);
                }
            }
            delivered
        };
        let delivered = run(&crashes);
        prop_assert_eq!(&delivered, &run(&BTreeSet::new()));
        for key in delivered.iter().filter(|key| key.ends_with("/resolved")) {
            let raised = key.replace("/resolved", "/raised");
            let began = delivered.iter().position(|other| *other == raised);
            let ended = delivered.iter().position(|other| other == key);
            prop_assert!(began < ended && began.is_some());
        }
    }

    /// Single bad looks, each of which the confirming ones contradict, never reach the engine; pairs of bad looks that
    /// do are told once each.
    #[test]
    fn there_are_never_more_beginnings_than_falls(looks in prop::collection::vec(status(), 1..200)) {
        let it = [watched("docs", &[])];
        let mut standing = Standing::default();
        let mut falls = 0;
        for (number, status) in looks.iter().enumerate() {
            let now = at(i64::try_from(number).unwrap() * 30);
            let before = standing.watches.get("docs").map(|watch| watch.status);
            standing.look(&it[0], &look(*status, now), now);
            let after = standing.watches.get("docs").map(|watch| watch.status);
            falls += usize::from(before != Some(Down) && after == Some(Down));
            standing.tick(&it, &Around::default(), now + SignedDuration::from_secs(10));
        }
        let raised = told(&standing).iter().filter(|title| *title == "docs is down").count();
        prop_assert!(raised <= falls);
    }
}
