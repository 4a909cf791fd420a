//! The outbox, over outages and crashes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use charter_deploy_model::{KindMeta, Notice};
use charter_host::lock::{self, Holder};
use charter_host::{Clock, Scope};
use charter_notify::kinds::webhook;
use charter_notify::{DeliveryFailed, Notifier, NotifyError, Outbox, OutboxError, Route, Settings};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::Instant;

use crate::receiver::{Mood, Receiver};
use crate::{build, notice};

/// Wall time that moves when told to.
#[derive(Debug)]
struct SetClock(Mutex<Timestamp>);

impl SetClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-21T02:07:11Z".parse().unwrap())))
    }

    fn forward(&self, by: SignedDuration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

type Answer = dyn Fn(&Notice, usize) -> Result<(), NotifyError> + Send + Sync;

/// A notifier that answers by a rule, for tests in which time is paused.
struct Ruled {
    answer: Box<Answer>,
    folds: bool,
    tried: Mutex<Vec<(Notice, Instant)>>,
}

impl std::fmt::Debug for Ruled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ruled")
    }
}

impl Ruled {
    fn new(answer: impl Fn(&Notice, usize) -> Result<(), NotifyError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answer: Box::new(answer), folds: true, tried: Mutex::default() })
    }

    fn keys(&self) -> Vec<String> {
        self.tried.lock().unwrap().iter().map(|(notice, _)| notice.key.clone()).collect()
    }
}

#[async_trait]
impl Notifier for Ruled {
    fn meta(&self) -> &'static KindMeta {
        &webhook::META
    }

    fn depends_on(&self) -> String {
        "here".to_owned()
    }

    fn folds(&self) -> bool {
        self.folds
    }

    async fn notify(&self, notice: &Notice, _: &Scope) -> Result<(), NotifyError> {
        let count = {
            let mut tried = self.tried.lock().unwrap();
            tried.push((notice.clone(), Instant::now()));
            tried.len()
        };
        (self.answer)(notice, count)
    }
}

fn busy() -> NotifyError {
    NotifyError::Busy { said: "503".to_owned(), after: None }
}

fn route(notifier: Arc<dyn Notifier>) -> Route {
    Route { notifier, per_minute: 1000 }
}

/// Opens the outbox once whoever had it before is through with what it was writing.
async fn open(
    folder: &Path,
    clock: &Arc<SetClock>,
    routes: &[(&str, &Arc<Ruled>)],
) -> (Outbox, UnboundedReceiver<DeliveryFailed>) {
    let of = |(name, ruled): &(&str, &Arc<Ruled>)| ((*name).to_owned(), route(Arc::clone(ruled) as Arc<dyn Notifier>));
    let routes: BTreeMap<String, Route> = routes.iter().map(of).collect();
    loop {
        match Outbox::open(folder, Arc::clone(clock) as Arc<dyn Clock>, routes.clone(), Settings::default()) {
            Err(OutboxError::Locked(_)) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_delivered_before_a_crash_is_delivered_after_it() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let (down, up) = (Ruled::new(|_, _| Err(busy())), Ruled::new(|_, _| Ok(())));
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &down), ("b", &up)]).await;
    assert_eq!(outbox.enqueue(&notice("x/raised"), &["a", "b"]).await.unwrap().routes, 2);
    while outbox.status()[1].waiting > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(outbox);

    let (a, b) = (Ruled::new(|_, _| Ok(())), Ruled::new(|_, _| Ok(())));
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &a), ("b", &b)]).await;
    outbox.settled().await;
    assert_eq!((a.keys(), b.keys()), (vec!["x/raised".to_owned()], vec![]));
    assert_eq!(outbox.enqueue(&notice("x/raised"), &["a", "b"]).await.unwrap().routes, 0);
    outbox.close().await;
}

#[tokio::test]
async fn a_route_that_hangs_delays_no_other() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let hung = Receiver::begin([Mood::Hangs]).await;
    let swift = Receiver::begin([Mood::Takes]).await;
    let webhook = |receiver: &Receiver| {
        let section = json!({ "url": { "env": "URL" }, "timeout-seconds": 60 });
        route(build("webhook", section, Path::new("/"), &[("URL", &receiver.url("/hook"))]).unwrap())
    };
    let routes = BTreeMap::from([("hung".to_owned(), webhook(&hung)), ("swift".to_owned(), webhook(&swift))]);
    let (outbox, _failures) =
        Outbox::open(folder.path(), clock as Arc<dyn Clock>, routes, Settings::default()).unwrap();
    for n in 0..20 {
        outbox.enqueue(&notice(&format!("{n}/raised")), &["hung", "swift"]).await.unwrap();
    }
    swift.until(20).await;
    assert_eq!(outbox.status()[0].waiting, 20, "{:?}", outbox.status());
}

#[tokio::test]
async fn a_real_server_that_comes_back_gets_what_it_missed() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let now = ("retry-after", "0".to_owned());
    let moods = [Mood::Answers(500, vec![]), Mood::Resets, Mood::Answers(429, vec![now]), Mood::Takes];
    let receiver = Receiver::begin(moods).await;
    let section = json!({ "url": { "env": "URL" } });
    let notifier = build("webhook", section, Path::new("/"), &[("URL", &receiver.url("/hook"))]).unwrap();
    let routes = BTreeMap::from([("ops".to_owned(), route(notifier))]);
    let backoff = charter_notify::Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(10) };
    let settings = Settings { backoff, ..Settings::default() };
    let (outbox, mut failures) = Outbox::open(folder.path(), clock as Arc<dyn Clock>, routes, settings).unwrap();
    outbox.enqueue(&notice("x/raised"), &["ops"]).await.unwrap();
    outbox.settled().await;
    assert_eq!(receiver.requests().len(), 4);
    let failed = failures.try_recv().unwrap();
    assert_eq!((failed.attempts, failed.gave_up, failed.route.as_str()), (3, false, "ops"));
    assert!(failures.try_recv().is_err());
    outbox.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_asks_to_be_left_alone_is() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let pause = Duration::from_secs(300);
    let ruled = Ruled::new(move |_, count| match count {
        1 => Err(NotifyError::Busy { said: "429".to_owned(), after: Some(pause) }),
        _ => Ok(()),
    });
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    outbox.enqueue(&notice("x/raised"), &["a"]).await.unwrap();
    outbox.settled().await;
    let tried = ruled.tried.lock().unwrap();
    assert!(tried[1].1.duration_since(tried[0].1) >= pause);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_told_and_kept() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let ruled = Ruled::new(|notice, _| match notice.key.as_str() {
        "bad/raised" => Err(NotifyError::Refused { said: "400".to_owned() }),
        _ => Ok(()),
    });
    let (outbox, mut failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    outbox.enqueue(&notice("bad/raised"), &["a"]).await.unwrap();
    outbox.enqueue(&notice("good/raised"), &["a"]).await.unwrap();
    outbox.settled().await;
    let failed = failures.recv().await.unwrap();
    assert_eq!((failed.notice.key.as_str(), failed.gave_up), ("bad/raised", true));
    outbox.close().await;

    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    let status = &outbox.status()[0];
    assert_eq!((status.waiting, status.lost.len()), (0, 1));
    assert_eq!(status.lost[0].because, "the receiver refused it: 400");
    assert!(status.last_success.is_some());
    assert_eq!(ruled.keys().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_given_up_after_one_more_try() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let ruled = Ruled::new(|_, _| Err(busy()));
    let (outbox, mut failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    outbox.enqueue(&notice("x/raised"), &["a"]).await.unwrap();
    assert!(!failures.recv().await.unwrap().gave_up);
    clock.forward(SignedDuration::from_hours(25));
    assert!(failures.recv().await.unwrap().gave_up);
    outbox.settled().await;
    let status = &outbox.status()[0];
    assert!(status.lost[0].because.contains("503, ") && status.consecutive_failures > 3, "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_route_that_is_gone_keeps_its_notices_for_a_while() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let (outbox, mut failures) = open(folder.path(), &clock, &[]).await;
    outbox.enqueue(&notice("x/raised"), &["renamed"]).await.unwrap();
    let failed = failures.try_recv().unwrap();
    assert_eq!((failed.route.as_str(), failed.attempts, failed.gave_up), ("renamed", 0, false));
    outbox.close().await;
    let (outbox, _failures) = open(folder.path(), &clock, &[]).await;
    assert_eq!((outbox.status()[0].waiting, outbox.status()[0].kind), (1, None));
    outbox.close().await;
    clock.forward(SignedDuration::from_hours(25));
    let (outbox, _failures) = open(folder.path(), &clock, &[]).await;
    assert_eq!((outbox.status()[0].waiting, outbox.status()[0].lost.len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_storm_is_a_few_messages_with_everything_in_them() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let ruled = Ruled::new(|_, _| Ok(()));
    let slow = Route { notifier: Arc::clone(&ruled) as Arc<dyn Notifier>, per_minute: 3 };
    let routes = BTreeMap::from([("a".to_owned(), slow)]);
    let (outbox, _failures) =
        Outbox::open(folder.path(), Arc::clone(&clock) as Arc<dyn Clock>, routes, Settings::default()).unwrap();
    for n in 0..50 {
        outbox.enqueue(&notice(&format!("{n}/raised")), &["a"]).await.unwrap();
    }
    let begun = Instant::now();
    outbox.settled().await;
    let tried = ruled.tried.lock().unwrap();
    // Two minutes of three, and one more each because it is critical.
    assert!(tried.len() <= 8, "{} messages", tried.len());
    let told: usize = (tried.iter())
        .map(|(notice, _)| notice.title.strip_suffix(" notices at once").map_or(1, |count| count.parse().unwrap()))
        .sum();
    assert_eq!(told, 50);
    assert!(begun.elapsed() <= Duration::from_secs(120));
}

#[tokio::test(start_paused = true)]
async fn a_notifier_that_panics_or_forgets_time_is_tried_again() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let ruled = Ruled::new(|_, count| if count == 1 { panic!("a bug") } else { Ok(()) });
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    outbox.enqueue(&notice("x/raised"), &["a"]).await.unwrap();
    outbox.settled().await;
    assert_eq!(outbox.status()[0].last_error.as_deref(), Some("the notifier broke, which is a bug in it"));
}

#[tokio::test(start_paused = true)]
async fn one_message_that_nobody_takes_holds_up_no_other_and_its_end_waits_for_it() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let ruled = Ruled::new(|notice, count| match notice.key.as_str() {
        "poison/raised" if count < 8 => Err(busy()),
        _ => Ok(()),
    });
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    for key in ["poison/raised", "poison/resolved", "x/raised", "x/resolved"] {
        outbox.enqueue(&notice(key), &["a"]).await.unwrap();
    }
    outbox.settled().await;
    let keys = ruled.keys();
    let last = |key: &str| keys.iter().rposition(|tried| tried == key).unwrap();
    assert!(last("x/resolved") < last("poison/raised") && last("poison/raised") < last("poison/resolved"), "{keys:?}");
}

#[tokio::test]
async fn two_processes_do_not_tell_people_twice() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let (_outbox, _failures) = open(folder.path(), &clock, &[]).await;
    let second = Outbox::open(folder.path(), clock as Arc<dyn Clock>, BTreeMap::new(), Settings::default());
    assert!(matches!(second, Err(OutboxError::Locked(_))));
}

#[tokio::test]
async fn the_journal_stays_small_and_keys_stay_known() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let ruled = Ruled::new(|_, _| Ok(()));
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    let mut notice = notice("x");
    notice.text = "x".repeat(20_000);
    for n in 0..150 {
        notice.key = format!("{n}/raised");
        outbox.enqueue(&notice, &["a"]).await.unwrap();
    }
    while outbox.status()[0].waiting > 0 {
        tokio::task::yield_now().await;
    }
    outbox.close().await;
    let length = fs::metadata(folder.path().join("outbox-1.ndjson")).unwrap().len();
    assert!(length < 2 << 20, "{length} bytes");
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    notice.key = "0/raised".to_owned();
    assert_eq!(outbox.enqueue(&notice, &["a"]).await.unwrap().routes, 0);
}

#[tokio::test(start_paused = true)]
async fn a_damaged_line_is_kept_aside_and_the_rest_is_delivered() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let down = Ruled::new(|_, _| Err(busy()));
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &down)]).await;
    for key in ["x/raised", "y/raised", "z/raised"] {
        outbox.enqueue(&notice(key), &["a"]).await.unwrap();
    }
    drop(outbox);
    let path = folder.path().join("outbox-1.ndjson");
    let broken = fs::read_to_string(&path).unwrap().replacen("y/raised", "y/ra\u{0}ised", 1);
    fs::write(&path, broken).unwrap();

    let up = Ruled::new(|_, _| Ok(()));
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &up)]).await;
    assert_eq!(outbox.damaged(), 1);
    outbox.settled().await;
    assert_eq!(up.keys(), ["x/raised", "z/raised"]);
    let aside = fs::read_dir(folder.path()).unwrap().filter_map(Result::ok);
    assert_eq!(aside.filter(|entry| entry.file_name().to_string_lossy().contains("damaged")).count(), 1);
    outbox.close().await;
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &up)]).await;
    assert_eq!(outbox.damaged(), 0);
}

/// Returns the keys whose receipts are in the journal, once nobody writes it any more.
async fn receipts(folder: &Path) -> BTreeSet<String> {
    let holder = Holder::this_process("a test", folder, Timestamp::UNIX_EPOCH);
    let _lock = loop {
        match lock::take(&folder.join("outbox.lock"), &holder) {
            Ok(lock) => break lock,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let journal = fs::read_to_string(folder.join("outbox-1.ndjson")).unwrap_or_default();
    let entries = journal.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let delivered = entries.filter(|entry| entry["entry"] == "delivered");
    delivered
        .flat_map(|entry| entry["keys"].as_array().unwrap().clone())
        .map(|key| key.as_str().unwrap().to_owned())
        .collect()
}

/// The process may end at any moment: whatever was taken in arrives, and what has its receipt does not come again.
#[tokio::test]
async fn ended_at_any_moment_everything_arrives() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let mut taken_in = BTreeSet::new();
    for round in 0..40 {
        let through = receipts(folder.path()).await;
        let ruled = Ruled::new(|_, count| if count % 3 == 0 { Err(busy()) } else { Ok(()) });
        let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
        for n in 0..5 {
            let key = format!("{round}-{n}/raised");
            outbox.enqueue(&notice(&key), &["a"]).await.unwrap();
            taken_in.insert(key);
        }
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        drop(outbox);
        let again: Vec<String> = ruled.keys().into_iter().filter(|key| through.contains(key)).collect();
        assert_eq!(again, [""; 0], "in round {round}");
    }
    let through = receipts(folder.path()).await;
    let ruled = Ruled::new(|_, _| Ok(()));
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    outbox.settled().await;
    outbox.close().await;
    let last: BTreeSet<String> = ruled.keys().into_iter().collect();
    assert_eq!(last, taken_in.difference(&through).cloned().collect());
    assert_eq!(receipts(folder.path()).await, taken_in);
}

#[tokio::test]
async fn a_full_disk_keeps_nobody_from_being_told() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    std::os::unix::fs::symlink("/dev/full", folder.path().join("outbox-1.ndjson")).unwrap();
    let ruled = Ruled::new(|_, _| Ok(()));
    let (outbox, _failures) = open(folder.path(), &clock, &[("a", &ruled)]).await;
    let error = outbox.enqueue(&notice("x/raised"), &["a"]).await.unwrap_err();
    assert!(matches!(&error, OutboxError::OnlyHeld { reason } if reason.contains("No space left")), "{error}");
    outbox.settled().await;
    assert_eq!(ruled.keys(), ["x/raised"]);
    assert_eq!(outbox.enqueue(&notice("x/raised"), &["a"]).await.unwrap().routes, 0);
}

#[tokio::test]
async fn a_route_that_takes_nothing_for_days_does_not_fill_the_memory() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::new());
    let settings = Settings { waiting_limit: 3, ..Settings::default() };
    let (outbox, _failures) = Outbox::open(folder.path(), clock as Arc<dyn Clock>, BTreeMap::new(), settings).unwrap();
    for n in 0..5 {
        outbox.enqueue(&notice(&format!("{n}/raised")), &["a"]).await.unwrap();
    }
    let status = &outbox.status()[0];
    assert_eq!(status.waiting, 3);
    assert_eq!(status.lost.iter().map(|lost| lost.key.as_str()).collect::<Vec<_>>(), ["0/raised", "1/raised"]);
}
