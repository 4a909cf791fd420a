//! Servers that misbehave, how each is asked, and what is to be said of it.

use std::net::SocketAddr;
use std::path::Path;

use charter_deploy_model::UptimeStatus::{self, Degraded, Down, Up};
use serde_json::{Value, json};

use crate::certificates::{Authorities, Sort};
use crate::servers::{Step, answer, black_hole, nobody, serve, serve_at, serve_tls};

/// One server and one way to ask it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) section: Value,
    pub(crate) status: UptimeStatus,
    pub(crate) cause: Option<&'static str>,
    /// The module and the target of blackbox_exporter.
    pub(crate) blackbox: Option<(Value, String)>,
    /// The arguments of curl.
    pub(crate) curl: Option<Vec<String>>,
    /// Who says otherwise, and why that is as it should be.
    pub(crate) differs: Vec<(&'static str, &'static str)>,
}

impl Case {
    fn new(name: &'static str, kind: &'static str, section: Value, expected: Expected) -> Self {
        let (status, cause) = expected;
        Self { name, kind, section, status, cause, blackbox: None, curl: None, differs: Vec::new() }
    }

    fn with(mut self, more: Value) -> Self {
        let (Some(section), Value::Object(more)) = (self.section.as_object_mut(), more) else { return self };
        section.extend(more);
        self
    }

    fn differs(mut self, who: &'static str, why: &'static str) -> Self {
        self.differs.push((who, why));
        self
    }

    /// Leaves the others out, who cannot be asked that.
    fn alone(self) -> Self {
        Self { blackbox: None, curl: None, ..self }
    }
}

type Expected = (UptimeStatus, Option<&'static str>);

const UP: Expected = (Up, None);

const fn down(cause: &'static str) -> Expected {
    (Down, Some(cause))
}

fn http(name: &'static str, url: &str, expected: Expected, folder: &Path) -> Case {
    let authorities = folder.join("authorities.pem");
    let section = json!({ "url": url, "timeout-milliseconds": 2000, "authorities": authorities });
    let module = json!({
        "prober": "http",
        "timeout": "2s",
        "http": { "preferred_ip_protocol": "ip4", "tls_config": { "ca_file": authorities } },
    });
    let authorities = authorities.to_string_lossy();
    let curl = ["-sS", "-L", "--max-time", "2", "--cacert", &*authorities, url].map(str::to_owned).to_vec();
    Case { blackbox: Some((module, url.to_owned())), curl: Some(curl), ..Case::new(name, "http", section, expected) }
}

/// Returns every case. The authority that is to be trusted is written into `folder`.
pub(crate) async fn all(folder: &Path, names: SocketAddr) -> Vec<Case> {
    let authorities = Authorities::new();
    std::fs::write(folder.join("authorities.pem"), authorities.pem()).unwrap();
    let mut cases = answers(folder).await;
    cases.extend(faults(folder).await);
    cases.extend(redirects(folder, &authorities).await);
    cases.extend(connections(folder).await);
    cases.extend(expectations(folder).await);
    cases.extend(tls(folder, &authorities).await);
    cases.extend(http2(folder, &authorities).await);
    cases.extend(ports().await);
    cases.extend(records(names));
    cases
}

/// Answers that are whole.
async fn answers(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, text, expected) in [
        ("right", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", UP),
        ("no content", "HTTP/1.1 204 No Content\r\n\r\n", UP),
        ("not modified", "HTTP/1.1 304 Not Modified\r\n\r\n", down("status")),
        ("unauthorized", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", down("status")),
        ("not found", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", down("status")),
        ("server error", "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", down("status")),
        ("unavailable", "HTTP/1.1 503 No\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n", down("status")),
        ("unheard-of status", "HTTP/1.1 699 What\r\nContent-Length: 0\r\n\r\n", down("status")),
        ("no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", UP),
        ("continue first", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", UP),
        ("early hints", "HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", UP),
        ("switched unasked", "HTTP/1.1 101 Switch\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", down("status")),
        ("closed at the end", "HTTP/1.1 200 OK\r\n\r\nsome text", UP),
        ("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nsome text", UP),
        ("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", UP),
        ("more than announced", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more", UP),
        ("bare line feeds", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", UP),
        ("folded header", "HTTP/1.1 200 OK\r\nX-A: one\r\n two\r\nContent-Length: 0\r\n\r\n", UP),
    ] {
        let address = serve(answer(text)).await;
        cases.push(http(name, &format!("http://{address}/"), expected, folder));
    }
    let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    let address = serve(answer(format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 0\r\n\r\n"))).await;
    cases.push(http("200 headers", &format!("http://{address}/"), UP, folder));
    let bomb = zeros_in_gzip();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bomb.len());
    let address = serve(answer([head.as_bytes(), &bomb].concat())).await;
    cases.push(http("gzip bomb", &format!("http://{address}/"), UP, folder));
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone";
    let address = serve(answer(head)).await;
    cases.push(http("no gzip after all", &format!("http://{address}/"), UP, folder));
    let steps = vec![Step::Read, Step::Send(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()), Step::Endless(vec![b'x'; 65536])];
    let url = format!("http://{}/", serve(steps).await);
    let why = "it reads to the end and runs out of time; a bounded part of a body is enough to know that it comes";
    cases.push(http("endless body", &url, UP, folder).differs("blackbox", why).differs("curl", why));
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwords";
    let mut case = http("HEAD with a body", &format!("http://{}/", serve(answer(head)).await), UP, folder);
    case = case.with(json!({ "method": "HEAD" }));
    if let Some((module, _)) = &mut case.blackbox {
        module["http"]["method"] = json!("HEAD");
    }
    case.curl.iter_mut().for_each(|arguments| arguments.push("--head".to_owned()));
    cases.push(case);
    cases
}

/// Ten megabytes of nothing, as gzip has them: stored blocks would be no bomb, so runs of 258 zeros are pointed at.
fn zeros_in_gzip() -> Vec<u8> {
    // RFC 1951, 3.2.6: with fixed codes a literal 0 is 00110000, length 258 is 11000101 and distance 1 is 00000.
    let mut bits = vec![true, true, false, false, false, true, true, false, false, false, false];
    for _ in 0..40_000 {
        bits.extend([true, true, false, false, false, true, false, true, false, false, false, false, false]);
    }
    bits.extend([false; 7]);
    let length: u32 = 1 + 40_000 * 258;
    let mut gzip = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    gzip.extend(
        bits.chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0_u8, |all, (place, bit)| all | (u8::from(*bit) << place))),
    );
    // Nobody gets as far as the checksum.
    gzip.extend([0; 4]);
    gzip.extend(length.to_le_bytes());
    gzip
}

/// Answers that break off, never come, or are none.
async fn faults(folder: &Path) -> Vec<Case> {
    let part = |text: &str, then: Step| vec![Step::Read, Step::Send(text.as_bytes().to_vec()), then];
    let slow = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n".to_vec();
    let long = "Content-Length: 100\r\n\r\n";
    let huge = format!("HTTP/1.1 200 OK\r\nX-A: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(12 << 20));
    let mut cases = Vec::new();
    for (name, steps, cause) in [
        ("silent", vec![Step::Read, Step::Hang], "answer-timeout"),
        ("slow header", vec![Step::Read, Step::Trickle(slow)], "answer-timeout"),
        ("only continue", part("HTTP/1.1 100 Continue\r\n\r\n", Step::Hang), "answer-timeout"),
        ("slow body", part(&format!("HTTP/1.1 200 OK\r\n{long}"), Step::Trickle(vec![b'x'; 100])), "body-timeout"),
        ("body that stops", part(&format!("HTTP/1.1 200 OK\r\n{long}half"), Step::Hang), "body-timeout"),
        ("reset at once", vec![Step::Reset], "reset"),
        ("reset after the request", vec![Step::Read, Step::Reset], "reset"),
        ("reset within the header", part("HTTP/1.1 200 OK\r\nConte", Step::Reset), "reset"),
        ("reset within the body", part(&format!("HTTP/1.1 200 OK\r\n{long}half"), Step::Reset), "reset"),
        ("closed at once", vec![], "incomplete"),
        ("closed after the request", vec![Step::Read], "incomplete"),
        ("closed within the header", answer("HTTP/1.1 200 OK\r\nConte"), "incomplete"),
        ("less than announced", answer(format!("HTTP/1.1 200 OK\r\n{long}half")), "incomplete"),
        ("negative length", answer("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), "malformed"),
        ("two lengths", answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "malformed"),
        (
            "chunks that are none",
            answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n"),
            "malformed",
        ),
        (
            "chunk of absurd length",
            answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nok\r\n"),
            "malformed",
        ),
        ("chunks cut short", answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok"), "incomplete"),
        ("no status line", answer("SSH-2.0-OpenSSH_9.2p1\r\n"), "malformed"),
        ("HTTP/0.9", answer("<html>hello</html>\r\n"), "malformed"),
        ("HTTP/9.9", answer("HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"), "malformed"),
        ("status of two digits", answer("HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"), "malformed"),
        ("header without a colon", answer("HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n"), "malformed"),
        ("huge header", answer(huge), "too-large"),
        ("endless header", part("HTTP/1.1 200 OK\r\n", Step::Endless(b"X-A: bcdefghij\r\n".repeat(999))), "too-large"),
    ] {
        let address = serve(steps).await;
        let mut case = http(name, &format!("http://{address}/"), down(cause), folder);
        case.differs.extend(match name {
            "HTTP/9.9" => {
                Some(("blackbox", "Go takes any version; there is none after 3, and whoever says so is broken"))
            }
            "two lengths" => {
                Some(("curl", "it takes the last one; RFC 9112, 6.3 demands an error, for where it ends is open"))
            }
            "closed within the header" => Some(("curl", "it takes half a header for a whole one")),
            _ => None,
        });
        cases.push(case);
    }
    cases
}

async fn redirects(folder: &Path, authorities: &Authorities) -> Vec<Case> {
    let to = |place: &str| format!("HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n");
    let right = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let other = serve(answer(right)).await;
    let closed = nobody().await;
    let expired = serve_tls(authorities.server(Sort::Expired, &[]), answer(right)).await;
    let mut cases = Vec::new();
    for (name, routes, expected) in [
        ("redirect loop", vec![("/", to("/"))], down("redirects")),
        ("relative redirect", vec![("/next", right.to_owned()), ("/", to("next"))], UP),
        ("redirect elsewhere", vec![("/", to(&format!("http://{other}/")))], UP),
        ("redirect without a scheme", vec![("/", to(&format!("//{other}/")))], UP),
        ("redirect to a closed port", vec![("/", to(&format!("http://{closed}/")))], down("refused")),
        ("redirect to another protocol", vec![("/", to("gopher://127.0.0.1:1/"))], down("redirect")),
        ("redirect to nothing", vec![("/", to("http://["))], down("redirect")),
        (
            "redirect to an expired certificate",
            vec![("/", to(&format!("https://{expired}/")))],
            down("certificate-expired"),
        ),
        (
            "redirect without a place",
            vec![("/", "HTTP/1.1 301 x\r\nContent-Length: 0\r\n\r\n".to_owned())],
            down("status"),
        ),
        ("three redirects", vec![("/3", right.to_owned()), ("/2", to("/3")), ("/1", to("/2")), ("/", to("/1"))], UP),
    ] {
        let address = serve(vec![Step::Route(routes)]).await;
        cases.push(http(name, &format!("http://{address}/"), expected, folder));
    }
    cases
}

async fn connections(folder: &Path) -> Vec<Case> {
    let right = answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let six = serve_at("[::1]:0", right).await;
    vec![
        http("refused", &format!("http://{}/", nobody().await), down("refused"), folder),
        http("nobody accepts", &format!("http://{}/", black_hole().await), down("connect-timeout"), folder),
        http("no such name", "http://nothing.invalid/", down("dns-nxdomain"), folder),
        http("IPv6", &format!("http://{six}/"), UP, folder),
        http("IPv4 of IPv6", &format!("http://{six}/"), down("dns-no-address"), folder)
            .with(json!({ "family": "ipv4" }))
            .alone(),
    ]
}

/// What is expected beyond an answer.
async fn expectations(folder: &Path) -> Vec<Case> {
    let text = "HTTP/1.1 200 OK\r\nX-Served-By: one\r\nContent-Length: 27\r\n\r\n{\"ok\": true, \"queue\": 1200}";
    let url = format!("http://{}/", serve(answer(text)).await);
    let ask = |name, expected, more| http(name, &url, expected, folder).with(more).alone();
    let mut cases = vec![
        ask("contains", UP, json!({ "contains": "queue" })),
        ask("does not contain", down("body"), json!({ "contains": "cueue" })),
        ask("lacks", down("body"), json!({ "lacks": "true" })),
        ask("matches", UP, json!({ "matches": "\"queue\": \\d+" })),
        ask("does not match", down("body"), json!({ "matches": "^<html" })),
        ask("answers with a header", UP, json!({ "answer-headers": { "x-served-by": "on" } })),
        ask("lacks a header", down("header"), json!({ "answer-headers": { "x-frame-options": "" } })),
        ask("JSON", UP, json!({ "json": [{ "path": "$.ok", "equals": true }] })),
        ask("JSON above a limit", down("json"), json!({ "json": [{ "path": "$.queue", "at-most": 1000 }] })),
        ask("JSON without a part", down("json"), json!({ "json": [{ "path": "$.workers", "at-least": 1 }] })),
        ask("slower than wanted", (Degraded, Some("slow")), json!({ "max-milliseconds": 0 })),
    ];
    let text = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc";
    let url = format!("http://{}/", serve(answer(text)).await);
    let more = json!({ "contains": "abc" });
    cases.push(http("encoded unasked", &url, down("body-encoded"), folder).with(more).alone());
    cases
}

async fn tls(folder: &Path, authorities: &Authorities) -> Vec<Case> {
    let right = || answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let mut cases = Vec::new();
    for (names, sort, expected) in [
        (["https", "certificate"], Sort::Right, UP),
        (["https, expired", "certificate, expired"], Sort::Expired, down("certificate-expired")),
        (["https, not yet", "certificate, not yet"], Sort::NotYet, down("certificate-not-yet-valid")),
        (["https, wrong host", "certificate, wrong host"], Sort::WrongHost, down("certificate-name")),
        (["https, self-signed", "certificate, self-signed"], Sort::SelfSigned, down("certificate-self-signed")),
        (["https, unknown", "certificate, unknown"], Sort::Unknown, down("certificate-authority")),
        (["https, cut chain", "certificate, cut chain"], Sort::NoIntermediate, down("certificate-authority")),
        (["https, old one beside", "certificate, old one beside"], Sort::ExpiredBeside, UP),
        (["https, ends soon", "certificate, ends soon"], Sort::EndsSoon, UP),
    ] {
        let address = serve_tls(authorities.server(sort, &["http/1.1"]), right()).await;
        cases.push(http(names[0], &format!("https://{address}/"), expected, folder));
        let soon = if sort == Sort::EndsSoon { down("certificate-ends") } else { expected };
        let mut case = certificate(names[1], address, soon, folder);
        if sort == Sort::EndsSoon {
            case = case.differs("blackbox", "it only tells when a certificate ends; the probe has limits for it");
        }
        cases.push(case);
    }
    let bytes = |text: &[u8]| vec![Step::Send(text.to_vec())];
    let hello_of_tls11 = {
        // A ServerHello that answers with TLS 1.1: version, 32 random bytes, no session, AES128-SHA, no compression.
        let body = [&[3, 2][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
        let length = u8::try_from(body.len()).unwrap();
        [&[0x16, 3, 2, 0, length + 4, 2, 0, 0, length][..], &body].concat()
    };
    for (name, steps, cause) in [
        ("no TLS", answer("HTTP/1.1 400 Bad Request\r\n\r\n"), "tls-not-spoken"),
        ("TLS that is none", bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls-not-spoken"),
        ("TLS closed", vec![], "tls-closed"),
        ("TLS reset", vec![Step::Reset], "reset"),
        ("TLS silent", vec![Step::Hang], "tls-timeout"),
        ("TLS refused for its version", bytes(&[0x15, 3, 1, 0, 2, 2, 70]), "tls-version"),
        ("TLS refused", bytes(&[0x15, 3, 3, 0, 2, 2, 40]), "tls-refused"),
        ("TLS 1.1", bytes(&hello_of_tls11), "tls-version"),
    ] {
        // It waits for two line ends that never come in a handshake; then time runs out.
        let cause = if name == "no TLS" { "tls-timeout" } else { cause };
        cases.push(http(name, &format!("https://{}/", serve(steps).await), down(cause), folder));
    }
    for (name, text, expected) in [
        ("TLS cut after the length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", UP),
        ("TLS cut without a length", "HTTP/1.1 200 OK\r\n\r\nok", down("incomplete")),
    ] {
        let steps = vec![Step::Read, Step::Send(text.as_bytes().to_vec()), Step::Close];
        let address = serve_tls(authorities.server(Sort::Right, &["http/1.1"]), steps).await;
        let mut case = http(name, &format!("https://{address}/"), expected, folder);
        if expected != UP {
            let why =
                "it takes the end of a connection for the end of a body, which anybody on the way can bring about";
            case = case.differs("curl", why).differs("blackbox", why);
        }
        cases.push(case);
    }
    cases
}

fn certificate(name: &'static str, address: SocketAddr, expected: Expected, folder: &Path) -> Case {
    let authorities = folder.join("authorities.pem");
    let section = json!({
        "host": address.ip(), "port": address.port(), "authorities": authorities, "timeout-milliseconds": 2000,
        // What is signed here is valid from 1975 on, or has ended long ago.
        "warn-percent": 0.0,
    });
    let module = json!({
        "prober": "tcp", "timeout": "2s", "tcp": { "tls": true, "tls_config": { "ca_file": authorities } },
    });
    Case { blackbox: Some((module, address.to_string())), ..Case::new(name, "tls", section, expected) }
}

/// RFC 9113, 4.1: length, type, flags, stream.
fn frame(sort: u8, flags: u8, stream: u8, body: &[u8]) -> Vec<u8> {
    [&[0, 0, u8::try_from(body.len()).unwrap(), sort, flags, 0, 0, 0, stream], body].concat()
}

async fn http2(folder: &Path, authorities: &Authorities) -> Vec<Case> {
    let settings = frame(4, 0, 0, &[]);
    // 0x88 is `:status: 200` and 0x8d is `:status: 404` in the static table of HPACK.
    let right = frame(1, 5, 1, &[0x88]);
    let mut cases = Vec::new();
    for (name, frames, expected) in [
        ("HTTP/2", vec![settings.clone(), right.clone()], UP),
        ("HTTP/2, 404", vec![settings.clone(), frame(1, 5, 1, &[0x8d])], down("status")),
        ("HTTP/2, body", vec![settings.clone(), frame(1, 4, 1, &[0x88]), frame(0, 1, 1, b"ok")], UP),
        ("HTTP/2, going away", vec![settings.clone(), frame(7, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 11])], down("goaway")),
        ("HTTP/2, stream reset", vec![settings.clone(), frame(3, 0, 1, &[0, 0, 0, 2])], down("reset")),
        (
            "HTTP/2, body reset",
            vec![settings.clone(), frame(1, 4, 1, &[0x88]), frame(3, 0, 1, &[0, 0, 0, 2])],
            down("reset"),
        ),
        ("HTTP/2 that is none", vec![b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec()], down("malformed")),
    ] {
        let mut steps = vec![Step::Read];
        steps.extend(frames.into_iter().map(Step::Send));
        steps.push(Step::Hang);
        let address = serve_tls(authorities.server(Sort::Right, &["h2"]), steps).await;
        let mut case = http(name, &format!("https://{address}/"), expected, folder);
        if let Some((module, _)) = &mut case.blackbox {
            module["http"]["enable_http2"] = json!(true);
        }
        cases.push(case);
    }
    let steps = vec![Step::Read, Step::Send(settings), Step::Hang];
    let address = serve_tls(authorities.server(Sort::Right, &["h2"]), steps).await;
    cases.push(http("HTTP/2, silent", &format!("https://{address}/"), down("answer-timeout"), folder));
    cases
}

async fn ports() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, address, expect, expected) in [
        ("port", serve(vec![Step::Hang]).await, None, UP),
        ("port, refused", nobody().await, None, down("refused")),
        ("port, nobody accepts", black_hole().await, None, down("connect-timeout")),
        ("port, banner", serve(vec![Step::Send(b"220 mail ready\r\n".to_vec())]).await, Some("^220 "), UP),
        ("port, other banner", serve(vec![Step::Send(b"554 no\r\n".to_vec())]).await, Some("^220 "), down("body")),
        ("port, silent", serve(vec![Step::Hang]).await, Some("^220 "), down("answer-timeout")),
        ("port, closed", serve(vec![]).await, Some("^220 "), down("body")),
        ("port, endless", serve(vec![Step::Endless(vec![b'x'; 4096])]).await, Some("^220 "), down("body")),
    ] {
        let section = json!({
            "host": address.ip(), "port": address.port(), "expect": expect, "timeout-milliseconds": 2000,
        });
        let dialogue: Vec<Value> = expect.iter().map(|expect| json!({ "expect": expect })).collect();
        let module = json!({ "prober": "tcp", "timeout": "2s", "tcp": { "query_response": dialogue } });
        let case = Case::new(name, "tcp", section, expected);
        cases.push(Case { blackbox: Some((module, address.to_string())), ..case });
    }
    cases
}

fn records(server: SocketAddr) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, label, expect, expected) in [
        ("name", "right", vec![], UP),
        ("name as expected", "two", vec!["192.0.2.7", "192.0.2.8"], UP),
        ("name of somebody else", "right", vec!["192.0.2.9"], down("dns-records")),
        ("name without a record", "empty", vec![], down("dns-no-record")),
        ("no such name to ask for", "nothing", vec![], down("dns-nxdomain")),
        ("name server that fails", "servfail", vec![], down("dns-servfail")),
        ("name server that refuses", "refused", vec![], down("dns-refused")),
        ("name server that cannot", "notimp", vec![], down("dns")),
        ("name server that says nothing", "silent", vec![], down("dns-timeout")),
        ("name server that answers nonsense", "garbage", vec![], down("dns-malformed")),
        ("name server that answers something else", "stranger", vec![], down("dns-timeout")),
    ] {
        let asked = format!("{label}.example.org");
        let section = json!({
            "name": asked, "expect": expect, "server": server.ip(), "port": server.port(), "timeout-milliseconds": 2000,
        });
        let wanted: Vec<String> = expect.iter().map(|one| format!(".*\\t{}$", one.replace('.', "\\."))).collect();
        let mut module = json!({ "prober": "dns", "timeout": "2s", "dns": { "query_name": asked, "query_type": "A" } });
        if !wanted.is_empty() {
            module["dns"]["validate_answer_rrs"] = json!({ "fail_if_none_matches_regexp": wanted });
        }
        let mut case = Case::new(name, "dns", section, expected);
        case.blackbox = Some((module, server.to_string()));
        if label == "empty" {
            case = case.differs("blackbox", "it holds an answer without records to be one unless told otherwise");
        }
        cases.push(case);
    }
    let unheard =
        json!({ "name": "right.example.org", "server": "127.0.0.1", "port": 9, "timeout-milliseconds": 2000 });
    cases.push(Case::new("no name server", "dns", unheard, down("dns-timeout")));
    cases
}
