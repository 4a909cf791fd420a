//! The pages, asked for by a program.

use std::io::{Read, Write};
use std::net::TcpStream;

use charter_dashboard::{Options, ServeError, View, serve};
use charter_host::Secret;

use crate::sample::{self, Sample};
use crate::{client, hostile, options, start};

const PATHS: [&str; 7] =
    ["", "deployments", "incidents", "incident/20261121-141924-incident", "alerts", "endpoint/checkout", "login"];

#[tokio::test]
async fn every_page_is_there_and_says_what_browsers_may_do() {
    let (_running, _, url) = start(sample::view()).await;
    for path in PATHS {
        let answer = client().get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("cache-control"), "no-store");
        let text = answer.text().await.unwrap();
        assert!(text.contains("Larkspur</title>") && text.contains("<h1"), "{path}");
        assert!(!text.contains("style=") && !text.contains(" onclick"), "{path}");
    }
    let missing = client().get(format!("{url}endpoint/nobody")).send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert!(missing.text().await.unwrap().contains("there is no endpoint `nobody`"));
}

#[tokio::test]
async fn an_empty_view_is_a_page_that_says_so() {
    let (_running, _, url) = start(View::new("new", sample::NOW.parse().unwrap())).await;
    for (path, says) in [
        ("", "Nothing is watched yet"),
        ("deployments", "Nothing is live."),
        ("incidents", "None on record."),
        ("alerts", "None is open."),
    ] {
        let text = client().get(format!("{url}{path}")).send().await.unwrap().text().await.unwrap();
        assert!(text.contains(says), "{path}");
    }
}

#[tokio::test]
async fn what_was_not_measured_is_a_dash_and_coverage_stands_beside_uptime() {
    let mut view = sample::view();
    view.endpoints.truncate(1);
    let (_running, source, url) = start(view).await;
    let page = async || client().get(&url).send().await.unwrap().text().await.unwrap();
    assert!(page().await.contains(" % measured</small>"));
    source.change(|view| {
        let endpoint = &mut view.endpoints[0];
        (endpoint.uptime, endpoint.latency, endpoint.days) = Default::default();
    });
    let text = page().await;
    assert!(text.contains("<td class=\"n\">–</td><td class=\"n\">–</td><td class=\"n\">–</td>"));
    assert!(text.contains("aria-label=\"90 days: 90 unknown\""));
}

#[tokio::test]
async fn whatever_is_text_is_shown_as_text() {
    let (_running, source, url) = start(hostile()).await;
    let name = source.now().endpoints[2].name.clone();
    let mut endpoint = url::encode(&name);
    endpoint.insert_str(0, "endpoint/");
    for path in PATHS.into_iter().filter(|path| !path.starts_with("endpoint/")).chain([endpoint.as_str()]) {
        let answer = client().get(format!("{url}{path}")).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        assert!(!text.contains("<script>") && !text.contains("<img"), "{path}");
        assert!(!text.contains("href=\"javascript:"), "{path}");
        assert!(text.contains("&#60;script&#62;") || text.contains("&lt;script&gt;"), "{path}");
    }
}

/// Percent-encodes all that is not a letter or digit.
mod url {
    pub(super) fn encode(text: &str) -> String {
        let each = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(each).collect()
    }
}

#[tokio::test]
async fn another_name_is_refused_even_when_it_points_here() {
    let (running, _, url) = start(sample::view()).await;
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let ask = |head: String| {
        let address = address.clone();
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "{head}\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
    };
    for (head, status) in [
        ("GET / HTTP/1.1\r\nHost: evil.example".to_owned(), "421"),
        (format!("GET / HTTP/1.1\r\nHost: evil.example:{}", address.rsplit(':').next().unwrap()), "421"),
        ("GET / HTTP/1.0\r\nAccept: */*".to_owned(), "421"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example".to_owned(), "421"),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: localhost".to_owned(), "421"),
        ("GET / HTTP/1.1\r\nHost: localhost".to_owned(), "200"),
    ] {
        let answer = ask(head.clone()).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 ") || answer.starts_with("HTTP/1.0 "), "{head}: {answer}");
        let got = answer.split(' ').nth(1).unwrap();
        assert!(got == status || (status == "421" && got == "400"), "{head}: {got}");
    }
    let metrics = client().get(format!("{url}metrics")).send().await.unwrap().text().await.unwrap();
    let counted = metrics.lines().find(|line| line.starts_with("charter_dashboard_refused_total{reason=\"host\"}"));
    assert!(counted.is_some_and(|line| !line.ends_with(" 0")), "{counted:?}");
    running.stop().await;
}

#[tokio::test]
async fn what_others_could_reach_is_refused_unless_it_is_meant() {
    let source = || Sample::new(sample::view());
    let everywhere = Options { address: "0.0.0.0:0".parse().unwrap(), ..options() };
    let refused = serve(source(), everywhere.clone()).await.unwrap_err();
    assert!(matches!(refused, ServeError::BeyondLoopback { .. }));
    assert_eq!(refused.to_string(), "0.0.0.0:0 can be reached from other machines");
    assert!(serve(source(), Options { beyond_loopback: true, ..everywhere }).await.is_ok());
    let weak = Options { token: Secret::new("hunter2".to_owned()), ..options() };
    assert!(matches!(serve(source(), weak).await, Err(ServeError::WeakToken)));
}

#[tokio::test]
async fn programs_read_the_view_and_hear_of_changes() {
    let (running, source, url) = start(sample::view()).await;
    let json = client().get(format!("{url}api/v1/view.json")).send().await.unwrap().bytes().await.unwrap();
    let read: View = serde_json::from_slice(&json).unwrap();
    let now = source.now();
    assert_eq!((&read.alerts, &read.incidents, &read.vitals), (&now.alerts, &now.incidents, &now.vitals));
    assert_eq!(read.endpoints.len(), now.endpoints.len());
    assert_eq!(client().get(format!("{url}healthz")).send().await.unwrap().text().await.unwrap(), "ok\n");
    let mut events = client().get(format!("{url}events")).send().await.unwrap();
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    assert_eq!(events.chunk().await.unwrap().unwrap(), "event: change\ndata: 1\n\n");
    source.change(|view| view.application = "Larkspur two".to_owned());
    assert_eq!(events.chunk().await.unwrap().unwrap(), "event: change\ndata: 2\n\n");
    // A server that stops lets nobody wait.
    running.stop().await;
    assert_eq!(events.chunk().await.unwrap(), None);
}
