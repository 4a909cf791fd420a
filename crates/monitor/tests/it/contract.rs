//! Each kind, held to the contract of probes.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use charter_host::{Environment, Host, Scope, Secret, Secrets, Setup};
use charter_monitor::{Probe, ProbeError};
use charter_testkit::ManualClock;
use charter_testkit::contract::probe::{Behaviour, OtherSide, it_ends_in_time, it_may_be_dropped, probe};
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use crate::certificates::{Authorities, Sort};

fn build(kind: &str, section: Value, host: &Host, secrets: &Secrets) -> Box<dyn Probe> {
    let setup = Setup { host, root: std::path::Path::new("/"), secrets };
    charter_monitor::standard().build(kind, section, &setup).unwrap()
}

fn plainly(kind: &str, section: Value) -> Box<dyn Probe> {
    build(kind, section, &Host::system(Environment::default()), &Secrets::default())
}

/// A server that can be turned round while it runs.
struct Server {
    behaviour: Arc<Mutex<Behaviour>>,
    open: Arc<AtomicUsize>,
    at: SocketAddr,
    secrets: Vec<String>,
    folder: tempfile::TempDir,
}

#[async_trait]
impl OtherSide for Server {
    async fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }

    async fn left(&self) -> usize {
        // What was never accepted is a connection too.
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        self.open.load(Ordering::SeqCst)
    }

    fn secrets(&self) -> Vec<String> {
        self.secrets.clone()
    }
}

async fn server(right: &'static str, wrong: &'static str, tls: Option<[Arc<ServerConfig>; 2]>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let behaviour = Arc::new(Mutex::new(Behaviour::Right));
    let open = Arc::new(AtomicUsize::new(0));
    let (its, count) = (Arc::clone(&behaviour), Arc::clone(&open));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let (behaviour, count, tls) = (*its.lock().unwrap(), Arc::clone(&count), tls.clone());
            tokio::spawn(async move {
                let text = if behaviour == Behaviour::Right { right } else { wrong };
                match tls.filter(|_| behaviour != Behaviour::Stuck) {
                    None => talk(stream, behaviour, text).await,
                    Some([good, bad]) => {
                        let config = if behaviour == Behaviour::Right { good } else { bad };
                        if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                            talk(stream, Behaviour::Right, right).await;
                        }
                    }
                }
                count.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Server { behaviour, open, at, secrets: Vec::new(), folder: tempfile::tempdir().unwrap() }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, behaviour: Behaviour, text: &str) {
    if behaviour != Behaviour::Stuck {
        let mut some = [0; 512];
        if !text.starts_with("220") && !text.starts_with("554") {
            let _ = stream.read(&mut some).await;
        }
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
    }
    let mut rest = [0; 512];
    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn http() {
    const RIGHT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"ok\": \"yes\"}";
    // It repeats what it was told, where everybody would look for it.
    const WRONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 27\r\n\r\n{\"ok\": \"Bearer opensesame\"}";
    probe(async || {
        let mut server = server(RIGHT, WRONG, None).await;
        server.secrets.push("opensesame".to_owned());
        let secrets = [("TOKEN".to_owned(), Secret::new("Bearer opensesame".to_owned()))].into_iter().collect();
        let section = json!({
            "url": format!("http://{}/?key=opensesame", server.at), "timeout-milliseconds": 500,
            "secret-headers": { "authorization": { "env": "TOKEN" } },
            "json": [{ "path": "$.ok", "equals": "yes" }],
        });
        (build("http", section, &Host::system(Environment::default()), &secrets), server)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps() {
    const RIGHT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n{\"token\": \"opensesame\"";
    const WRONG: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    probe(async || {
        let mut server = server(RIGHT, WRONG, None).await;
        server.secrets.push("opensesame".to_owned());
        let url = format!("http://{}/", server.at);
        let section = json!({ "steps": [
            { "request": { "url": url, "timeout-milliseconds": 500 }, "capture": { "token": { "matches": "open\\w+" } } },
            { "request": { "url": format!("{url}{{token}}"), "timeout-milliseconds": 500 } },
        ] });
        (plainly("steps", section), server)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tcp() {
    probe(async || {
        let server = server("220 ready\r\n", "554 no\r\n", None).await;
        let section = json!({
            "host": server.at.ip(), "port": server.at.port(), "expect": "^220", "timeout-milliseconds": 500,
        });
        (plainly("tcp", section), server)
    })
    .await;
}

async fn tls_server() -> (Server, std::path::PathBuf) {
    let authorities = Authorities::new();
    let sorts = [Sort::Right, Sort::Expired].map(|sort| authorities.server(sort, &["http/1.1"]));
    let server = server("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", Some(sorts)).await;
    let file = server.folder.path().join("authorities.pem");
    std::fs::write(&file, authorities.pem()).unwrap();
    (server, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn tls() {
    probe(async || {
        let (server, authorities) = tls_server().await;
        let section = json!({
            "host": server.at.ip(), "port": server.at.port(), "authorities": authorities, "timeout-milliseconds": 500,
        });
        (plainly("tls", section), server)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn https() {
    probe(async || {
        let (server, authorities) = tls_server().await;
        let section = json!({
            "url": format!("https://{}/", server.at), "authorities": authorities, "timeout-milliseconds": 500,
        });
        (plainly("http", section), server)
    })
    .await;
}

/// A server of names that can be turned round.
struct Names(Arc<Mutex<Behaviour>>);

#[async_trait]
impl OtherSide for Names {
    async fn behave(&self, behaviour: Behaviour) {
        *self.0.lock().unwrap() = behaviour;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dns() {
    probe(async || {
        let (socket, behaviour) =
            (UdpSocket::bind("127.0.0.1:0").await.unwrap(), Arc::new(Mutex::new(Behaviour::Right)));
        let (at, its) = (socket.local_addr().unwrap(), Arc::clone(&behaviour));
        tokio::spawn(async move {
            let mut question = [0; 512];
            while let Ok((count, from)) = socket.recv_from(&mut question).await {
                let label = match *its.lock().unwrap() {
                    Behaviour::Right => "right",
                    Behaviour::Wrong => "nothing",
                    Behaviour::Stuck => continue,
                };
                let answer = crate::names::answer_as(label, &question[..count]).unwrap();
                let _ = socket.send_to(&answer, from).await;
            }
        });
        let section = json!({
            "name": "right.example.org", "server": at.ip(), "port": at.port(), "timeout-milliseconds": 500,
        });
        (plainly("dns", section), Names(behaviour))
    })
    .await;
}

/// Something that beats, or does not.
struct Heart {
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

#[async_trait]
impl OtherSide for Heart {
    async fn behave(&self, behaviour: Behaviour) {
        let beat = "2026-11-21T12:00:00Z".parse().unwrap();
        charter_monitor::kinds::heartbeat::receive(self.folder.path(), "backup", beat).unwrap();
        let now = if behaviour == Behaviour::Right { "2026-11-21T12:00:30Z" } else { "2026-11-21T12:02:30Z" };
        self.clock.set(now.parse().unwrap());
    }
}

fn heart() -> (Box<dyn Probe>, Heart) {
    let clock = Arc::new(ManualClock::at("2026-11-21T12:00:00Z".parse().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let mut host = Host::system(Environment::default());
    host.clock = Arc::clone(&clock) as _;
    let section = json!({ "name": "backup", "beat-seconds": 60, "grace-seconds": 60, "folder": folder.path() });
    (build("heartbeat", section, &host, &Secrets::default()), Heart { clock, folder })
}

#[tokio::test]
async fn heartbeat() {
    probe(async || heart()).await;
}

#[tokio::test]
async fn before_the_first_beat_nothing_is_known() {
    let (probe, heart) = heart();
    let unknown = probe.measure(&Scope::default()).await.unwrap_err();
    assert!(matches!(unknown, ProbeError::Missing { .. }), "{unknown}");
    let late = "2026-11-22T12:00:00Z".parse().unwrap();
    charter_monitor::kinds::heartbeat::receive(heart.folder.path(), "backup", late).unwrap();
    let unknown = probe.measure(&Scope::default()).await.unwrap_err();
    assert!(unknown.to_string().contains("a clock was set"), "{unknown}");
}

/// A log that is written to.
struct Log {
    folder: tempfile::TempDir,
    right: &'static str,
    wrong: &'static str,
}

#[async_trait]
impl OtherSide for Log {
    async fn behave(&self, behaviour: Behaviour) {
        let line = if behaviour == Behaviour::Wrong { self.wrong } else { self.right };
        let mut log = std::fs::OpenOptions::new().append(true).open(self.folder.path().join("log")).unwrap();
        log.write_all(line.repeat(30).as_bytes()).unwrap();
    }
}

async fn log(kind: &str, mut section: Value, right: &'static str, wrong: &'static str) -> (Box<dyn Probe>, Log) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("log"), "before\n").unwrap();
    section[if kind == "logs" { "path" } else { "log" }] = json!(folder.path().join("log"));
    let probe = plainly(kind, section);
    // The first look only notes where the log ends.
    let first = probe.measure(&Scope::default()).await.unwrap();
    assert!(first.figures.is_empty(), "{first:?}");
    (probe, Log { folder, right, wrong })
}

#[tokio::test]
async fn logs() {
    let patterns = json!({ "patterns": [{ "name": "panic", "matches": "panicked at", "max-per-minute": 0 }] });
    probe(async || log("logs", patterns.clone(), "all is well\n", "thread panicked at x\n").await).await;
}

#[tokio::test]
async fn traffic() {
    const RIGHT: &str = "{\"status\":200,\"duration\":0.01}\n";
    const WRONG: &str = "{\"status\":502,\"duration\":0.01}\n";
    probe(async || log("traffic", json!({}), RIGHT, WRONG).await).await;
    let (probe, other) = log("traffic", json!({}), RIGHT, "{\"status\":200,\"duration\":3.5}\n").await;
    other.behave(Behaviour::Wrong).await;
    let slow = probe.measure(&Scope::default()).await.unwrap();
    assert_eq!((slow.cause.unwrap().code.as_str(), slow.figures["p95Milliseconds"]), ("slow", 3500.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_as_a_server_counts_it() {
    if !crate::agreement::has("prometheus-blackbox-exporter") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_exporter, at) = crate::agreement::blackbox(&[], folder.path()).await;
    let url = format!("http://{at}/metrics");
    let probe = plainly(
        "traffic",
        json!({ "metrics": {
        "request": { "url": url },
        "requests": "promhttp_metric_handler_requests_total",
        "counters": ["process_cpu_seconds_total"],
    } }),
    );
    assert!(probe.measure(&Scope::default()).await.unwrap().figures.is_empty());
    let seen = probe.measure(&Scope::default()).await.unwrap();
    assert!(seen.figures["requestsPerSecond"] > 0.0 && seen.figures["errorPercent"] == 0.0, "{seen:?}");
    assert!(seen.figures.contains_key("perSecond:process_cpu_seconds_total"), "{seen:?}");
    let other = json!({ "metrics": { "request": { "url": url } } });
    plainly("traffic", other).measure(&Scope::default()).await.unwrap_err();
}

/// This machine: nothing that a test could turn round.
struct Machine;

#[async_trait]
impl OtherSide for Machine {
    async fn behave(&self, _: Behaviour) {}
}

#[tokio::test]
async fn system() {
    let lenient = json!({
        "sample-milliseconds": 20, "warn-cpu-percent": 100.0, "max-cpu-percent": 100.0, "warn-memory-percent": 100.0,
        "max-memory-percent": 100.0, "warn-disk-free-percent": 0.0, "min-disk-free-percent": 0.0,
    });
    let probe = plainly("system", lenient);
    it_ends_in_time(&*probe, &Machine).await;
    it_may_be_dropped(&*probe, &Machine).await;
    let seen = probe.measure(&Scope::default()).await.unwrap();
    for figure in ["cpuPercent", "memoryPercent", "diskFreePercent:/", "networkSentBytesPerSecond"] {
        assert!(seen.figures.contains_key(figure), "{figure}: {seen:?}");
    }
    let full = json!({ "sample-milliseconds": 20, "max-memory-percent": 0.0, "warn-memory-percent": 0.0 });
    charter_testkit::contract::probe::down_is_a_reading(&*plainly("system", full), &Machine).await;
}

#[tokio::test]
async fn icmp() {
    let probe = plainly("icmp", json!({ "host": "127.0.0.1", "wait-milliseconds": 500 }));
    match probe.measure(&Scope::default()).await {
        // The kernel does not let this user ping, and that is not the other side's fault.
        Err(ProbeError::Missing { help, .. }) => assert!(help.contains("ping_group_range"), "{help}"),
        looked => {
            println!("pings are allowed");
            assert_eq!(looked.unwrap().figures["lossPercent"], 0.0);
            it_ends_in_time(&*probe, &Machine).await;
            it_may_be_dropped(&*probe, &Machine).await;
            let six = plainly("icmp", json!({ "host": "::1" })).measure(&Scope::default()).await.unwrap();
            assert_eq!(six.figures["lossPercent"], 0.0);
        }
    }
}
