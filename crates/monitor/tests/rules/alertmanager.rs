//! Our groups, silences and inhibitions beside those of Prometheus' Alertmanager, on the same alerts.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use charter_deploy_model::{AlertId, AlertSeverity, Stamp};
use charter_monitor::rules::group::{Event, Grouping, State, step};
use charter_monitor::rules::inhibit::{Inhibition, inhibited};
use charter_monitor::rules::labels::Labels;
use charter_monitor::rules::silence::Silence;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{at, has};

/// What happens: after how many milliseconds, to which alert, of which site and kind, and whether it begins.
const TIMELINE: [(u64, &str, &str, &str, bool); 13] = [
    (0, "a", "docs", "slow", true),
    (0, "c", "shop", "slow", true),
    (0, "quiet", "quiet", "slow", true),
    (0, "down", "host", "down", true),
    (200, "hidden", "host", "slow", true),
    (300, "b", "docs", "slow", true),
    (500, "c", "shop", "slow", false),
    (2500, "b", "docs", "slow", false),
    (2500, "down", "host", "down", false),
    (5500, "a", "docs", "slow", false),
    (5600, "d", "docs", "slow", true),
    (5600, "hidden", "host", "slow", false),
    (8500, "d", "docs", "slow", false),
];

const END: u64 = 12_000;

/// A message: when, in milliseconds, and which alerts it says are wrong and which over.
#[derive(Debug, Clone, PartialEq)]
struct Message {
    at: u64,
    firing: BTreeSet<String>,
    resolved: BTreeSet<String>,
}

fn labels(name: &str, site: &str, kind: &str) -> Labels {
    [("alertname", name), ("site", site), ("kind", kind)]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Plays the timeline with our rules, on a clock of our own.
fn ours() -> Vec<Message> {
    let grouping = Grouping {
        group_by: vec!["site".to_owned()],
        group_wait_seconds: 1,
        group_interval_seconds: 3,
        ..Grouping::default()
    };
    let rule = Inhibition {
        source: vec!["kind=down".parse().unwrap()],
        target: vec!["kind=slow".parse().unwrap()],
        equal: vec!["site".to_owned()],
    };
    let silence = Silence::new(vec!["site=quiet".parse().unwrap()], "ann", "new disk", at(-60), at(3600)).unwrap();
    let id = |name: &str| AlertId::new(Stamp::of(at(TIMELINE.iter().position(|it| it.1 == name).unwrap() as i64)));
    let name_of =
        |id: AlertId| TIMELINE[(id.stamp().timestamp().as_second() - at(0).as_second()) as usize].1.to_owned();
    let (mut state, mut messages) = (State::default(), Vec::new());
    let (mut firing, mut raised) = (BTreeMap::new(), BTreeSet::new());
    for tick in (0..END).step_by(100) {
        let now = at(0) + SignedDuration::from_millis(tick as i64);
        let mut events = vec![Event::Ticked];
        for (_, name, site, kind, begins) in TIMELINE.into_iter().filter(|it| it.0 == tick) {
            if begins {
                firing.insert(name, labels(name, site, kind));
            } else if firing.remove(name).is_some() && raised.remove(name) {
                events.push(Event::Resolved { id: id(name) });
            }
        }
        for (&name, labels) in &firing {
            let hidden = inhibited(std::slice::from_ref(&rule), labels, firing.values());
            if !silence.matches(labels, now) && hidden.is_none() && raised.insert(name) {
                let severity = AlertSeverity::Warning;
                events.push(Event::Raised { id: id(name), labels: labels.clone(), severity });
            }
        }
        for event in events {
            let (next, sends) = step(state, &grouping, &event, now);
            state = next;
            messages.extend(sends.into_iter().map(|send| Message {
                at: tick,
                firing: send.firing.into_iter().map(name_of).collect(),
                resolved: send.resolved.into_iter().map(name_of).collect(),
            }));
        }
    }
    messages
}

#[test]
#[ignore = "it measures time"]
fn alertmanager_sends_the_same_messages_at_the_same_times() {
    let Some(theirs) = theirs() else { return };
    let ours = ours();
    let said = |messages: &[Message]| -> Vec<(Vec<String>, Vec<String>)> {
        let mut all: Vec<_> = messages
            .iter()
            .map(|it| (it.firing.iter().cloned().collect(), it.resolved.iter().cloned().collect()))
            .collect();
        all.sort();
        all
    };
    assert_eq!(said(&ours), said(&theirs), "{ours:#?} {theirs:#?}");
    for mine in &ours {
        let same = |it: &&Message| it.firing == mine.firing && it.resolved == mine.resolved;
        let apart = theirs.iter().filter(same).map(|it| it.at.abs_diff(mine.at)).min().unwrap();
        assert!(apart <= 900, "{mine:?} {theirs:#?}");
    }
    assert_eq!(ours.len(), 7, "{ours:#?}");
}

/// Ends the program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Plays the timeline to Alertmanager, in real time.
#[expect(clippy::disallowed_methods, reason = "a test runs the peer itself, in its time")]
fn theirs() -> Option<Vec<Message>> {
    if !has("prometheus-alertmanager") {
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let received = Arc::new(Mutex::new(Vec::new()));
    let webhook = TcpListener::bind("127.0.0.1:0").unwrap();
    let configuration = format!(
        "route: {{ receiver: us, group_by: [site], group_wait: 1s, group_interval: 3s, repeat_interval: 1h }}\n\
         receivers: [{{ name: us, webhook_configs: [{{ url: 'http://{}/' }}] }}]\n\
         inhibit_rules: [{{ source_matchers: ['kind=down'], target_matchers: ['kind=slow'], equal: [site] }}]\n",
        webhook.local_addr().unwrap()
    );
    std::fs::write(folder.path().join("alertmanager.yml"), configuration).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let child = Command::new("prometheus-alertmanager")
        .args(["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="])
        .arg(format!("--web.listen-address={free}"))
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _running = Running(child);
    let began = Instant::now();
    while !request(free, "GET", "/-/ready", None).is_some_and(|answer| answer.contains(" 200 ")) {
        assert!(began.elapsed() < Duration::from_secs(20), "alertmanager does not start");
        thread::sleep(Duration::from_millis(50));
    }
    let now = jiff::Timestamp::now();
    let silence = json!({
        "matchers": [{ "name": "site", "value": "quiet", "isRegex": false, "isEqual": true }],
        "startsAt": now, "endsAt": now + SignedDuration::from_hours(1), "createdBy": "ann", "comment": "new disk",
    });
    let answer = request(free, "POST", "/api/v2/silences", Some(&silence)).unwrap();
    assert!(answer.contains(" 200 "), "{answer}");
    let began = Instant::now();
    let listener = Arc::clone(&received);
    thread::spawn(move || {
        for stream in webhook.incoming().flatten() {
            let body = read_request(&stream);
            let at = u64::try_from(began.elapsed().as_millis()).unwrap();
            let _ = (&stream).write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let of = |status: &str| -> BTreeSet<String> {
                let alerts = body["alerts"].as_array().into_iter().flatten().filter(|it| it["status"] == status);
                alerts.filter_map(|it| it["labels"]["alertname"].as_str().map(str::to_owned)).collect()
            };
            listener.lock().unwrap().push(Message { at, firing: of("firing"), resolved: of("resolved") });
        }
    });
    let mut begins_at = BTreeMap::new();
    for (moment, name, site, kind, begins) in TIMELINE {
        thread::sleep(Duration::from_millis(moment).saturating_sub(began.elapsed()));
        let now = jiff::Timestamp::now();
        let begin = *begins_at.entry(name).or_insert(now);
        let mut alert = json!({ "labels": labels(name, site, kind), "startsAt": begin });
        if !begins {
            alert["endsAt"] = json!(now);
        }
        let answer = request(free, "POST", "/api/v2/alerts", Some(&json!([alert]))).unwrap();
        assert!(answer.contains(" 200 "), "{answer}");
    }
    thread::sleep(Duration::from_millis(END).saturating_sub(began.elapsed()));
    let messages = received.lock().unwrap().clone();
    Some(messages)
}

fn request(to: std::net::SocketAddr, method: &str, path: &str, body: Option<&Value>) -> Option<String> {
    let mut stream = TcpStream::connect(to).ok()?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

fn read_request(mut stream: &TcpStream) -> Value {
    let (mut read, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            if length.is_some_and(|length| length.trim().parse() == Ok(body.len())) {
                return serde_json::from_str(body).unwrap();
            }
        }
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "the request was cut off");
        read.extend_from_slice(&part[..count]);
    }
}
