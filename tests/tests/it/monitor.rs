//! What is live is watched, people hear of an outage once, and a monitor that is killed goes on where it was.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use charter_tests::{Site, WITHOUT_BROWSER};
use serde_json::Value;

use crate::PROGRAM;

/// A web server that can be told to answer wrongly.
struct Server {
    address: SocketAddr,
    is_well: Arc<AtomicBool>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let is_well = Arc::new(AtomicBool::new(true));
        let well = Arc::clone(&is_well);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut asked = [0; 2048];
                let _ = stream.read(&mut asked);
                let (status, body) =
                    if well.load(Ordering::SeqCst) { ("200 OK", "Tides") } else { ("503 Service Unavailable", "no") };
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { address, is_well }
    }

    fn is(&self, well: bool) {
        self.is_well.store(well, Ordering::SeqCst);
    }
}

/// Receives webhooks, and keeps their bodies.
struct Hooks {
    address: SocketAddr,
    bodies: std::sync::mpsc::Receiver<Value>,
}

impl Hooks {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, bodies) = std::sync::mpsc::channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { continue };
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok() && line.trim() != "" {
                    if let Some((name, value)) = line.split_once(':')
                        && name.eq_ignore_ascii_case("content-length")
                    {
                        length = value.trim().parse().unwrap();
                    }
                    line.clear();
                }
                let mut body = vec![0; length];
                if reader.read_exact(&mut body).is_ok() {
                    let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
                    let _ = sender.send(serde_json::from_slice(&body).unwrap_or_default());
                }
            }
        });
        Self { address, bodies }
    }
}

fn site(server: &Server, more: &str) -> Site {
    let site = Site::new(PROGRAM);
    let address = server.address;
    site.write(
        "charter.toml",
        format!(
            "[application]\nname = \"tides\"\n[build]\noutput = \"public\"\n[environments.production]\n\
             target = {{ kind = \"docroot\", path = \"production/site\" }}\n{WITHOUT_BROWSER}\
             [monitor.endpoints.docs]\nprobe = {{ kind = \"http\", url = \"http://{address}/\", contains = \"Tides\" }}\n\
             interval-seconds = 1\n{more}"
        ),
    );
    site
}

/// A monitor that runs, and what it says.
struct Monitor {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Monitor {
    fn start(site: &Site) -> Self {
        let mut command = site.command(&["monitor", "run", "--format", "json"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// Waits for the next thing that people are told.
    fn told(&mut self) -> Value {
        let mut line = String::new();
        while self.lines.read_line(&mut line).unwrap() > 0 {
            let value: Value = serde_json::from_str(&line).unwrap_or_default();
            if value["result"] == "notice" {
                return value["notice"].clone();
            }
            line.clear();
        }
        panic!("the monitor ended without a word");
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let child = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(child, signal).unwrap();
    }

    fn end(&mut self) {
        self.signal(rustix::process::Signal::TERM);
        assert!(self.child.wait().unwrap().success());
    }

    fn kill(&mut self) {
        self.signal(rustix::process::Signal::KILL);
        self.child.wait().unwrap();
    }
}

impl Drop for Monitor {
    /// A test that fails leaves nothing behind that still holds its output.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn looking_once_says_what_is_down_and_why() {
    let server = Server::start();
    let site = site(&server, "[monitor.endpoints.gone]\nprobe = { kind = \"tcp\", host = \"127.0.0.1\", port = 9 }\n");
    let ran = site.run(&["monitor", "once"]).expect(10);
    assert!(ran.stdout.contains("docs") && ran.stdout.contains("refused"), "{}", ran.text());
    assert!(ran.stdout.contains("1 up · 1 down"), "{}", ran.text());
    server.is(false);
    let ran = site.run(&["monitor", "once", "--format", "json"]).expect(10);
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(said["endpoints"][0]["detail"], "answered 503");
}

#[test]
fn an_outage_is_told_once_over_a_crash_and_recorded() {
    let (server, hooks) = (Server::start(), Hooks::start());
    let route = "[notify]\ncritical = [\"hook\", \"note\"]\n[notify.routes.hook]\nkind = \"webhook\"\nurl = { env = \"HOOK\" }\n\
                 secret = { env = \"HOOK_SECRET\" }\n[notify.routes.note]\nkind = \"command\"\ncommand = [\"true\"]\n";
    let site = site(&server, route);
    let environment = |command: &mut std::process::Command| {
        command
            .env("HOOK", format!("http://{}/", hooks.address))
            .env("HOOK_SECRET", "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ=");
    };
    let start = || {
        let mut command = site.command(&["monitor", "run", "--format", "json"]);
        environment(&mut command);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Monitor { child, lines }
    };
    let mut monitor = start();
    server.is(false);
    let raised = monitor.told();
    assert_eq!((raised["occasion"].as_str(), raised["title"].as_str()), (Some("raised"), Some("docs is down")));
    let delivered = hooks.bodies.recv().unwrap();
    assert!(delivered.to_string().contains("docs is down"), "{delivered}");
    monitor.kill();

    // It is still down: nobody hears of it anew, and of the end once.
    let mut monitor = start();
    site.run(&["monitor", "status"]).expect(10);
    site.run(&["monitor", "ack", "docs", "--reason", "the provider is on it"]).expect(0);
    server.is(true);
    let over = monitor.told();
    assert_eq!((over["occasion"].as_str(), over["title"].as_str()), (Some("resolved"), Some("docs is down: over")));
    assert_eq!(over["thread"], raised["thread"]);
    // What was delivered when it was killed may come again, and shows by its key that it is the same.
    let next = hooks.bodies.iter().find(|body| body["key"] != delivered["key"]).unwrap();
    assert_eq!((next["key"].as_str(), next["occasion"].as_str()), (over["key"].as_str(), Some("resolved")));
    monitor.end();
    assert!(hooks.bodies.try_recv().is_err(), "somebody was told twice");
    site.run(&["monitor", "status"]).expect(0);
    site.run(&["verify"]).expect(0);
    let incidents = std::fs::read_dir(site.project().join("production/incidents")).unwrap();
    let incidents: Vec<_> =
        incidents.map(|entry| entry.unwrap().path()).filter(|path| !path.ends_with("index.json")).collect();
    assert_eq!(incidents.len(), 1, "{incidents:?}");
}

#[test]
fn what_is_silenced_is_on_record_and_calls_nobody() {
    let server = Server::start();
    let site = site(&server, "");
    site.run(&["monitor", "silence", "shop-*", "--for", "1h", "--reason", "moving"]).expect(2);
    site.run(&["monitor", "silence", "do*", "--for", "1h", "--reason", "moving"]).expect(0);
    server.is(false);
    let mut monitor = Monitor::start(&site);
    let is_down = || {
        let ran = site.run(&["monitor", "status"]);
        ran.code == Some(10)
    };
    while !is_down() {
        thread::yield_now();
    }
    monitor.end();
    let standing: Value = serde_json::from_str(&site.read("production/journal/monitor/standing.json")).unwrap();
    let state = standing["alerts"]["docs"]["state"].to_string();
    assert!(state.contains("moving") || state.contains("held"), "{state}");
}

#[test]
fn critical_alerts_need_two_routes_that_do_not_fail_together() {
    let server = Server::start();
    let site = site(
        &server,
        "[notify]\ncritical = [\"note\"]\n[notify.routes.note]\nkind = \"command\"\ncommand = [\"true\"]\n",
    );
    let ran = site.run(&["monitor", "run"]).expect(2);
    assert!(ran.text().contains("two") || ran.text().contains("another"), "{}", ran.text());
}
