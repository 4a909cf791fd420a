//! The kinds that speak HTTP, to real servers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use charter_host::{Scope, Secret};
use charter_notify::{NotifyError, incoming};
use serde_json::{Value, json};

use crate::contract::{Stand, Wanted, holds};
use crate::receiver::{Mood, Receiver};
use crate::{build, notice};

const PATH: &str = "/services/T0000000/B0000000/x7q9secretsecret?code=anothersecret";

/// Returns the section of a kind whose receiver is at `address`, and its secrets.
fn section(kind: &str, receiver: &Receiver, seconds: u64) -> (Value, Vec<(&'static str, String)>) {
    let url = ("URL", receiver.url(PATH));
    match kind {
        "ntfy" => (
            json!({ "server": receiver.url(""), "topic": { "env": "TOPIC" }, "token": { "env": "TOKEN" },
                    "timeout-seconds": seconds }),
            vec![("TOPIC", "topic-nobody-guesses".to_owned()), ("TOKEN", "tk_7eevizlsiwf9yi4uxsrs".to_owned())],
        ),
        "pagerduty" => (
            json!({ "server": receiver.url(""), "routing-key": { "env": "KEY" }, "timeout-seconds": seconds }),
            vec![("KEY", "3fcc9112463424b599f996f9e780dfc6".to_owned())],
        ),
        "webhook" => (
            json!({ "url": { "env": "URL" }, "secret": { "env": "SECRET" }, "timeout-seconds": seconds }),
            vec![url, ("SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())],
        ),
        _ => (json!({ "url": { "env": "URL" }, "timeout-seconds": seconds }), vec![url]),
    }
}

async fn stand(kind: &str, mood: Mood, seconds: u64) -> Stand {
    let receiver = Arc::new(Receiver::begin([mood]).await);
    let (section, secrets) = section(kind, &receiver, seconds);
    let given: Vec<(&str, &str)> = secrets.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let notifier = build(kind, section, Path::new("/"), &given).unwrap();
    let (got, came) = (Arc::clone(&receiver), Arc::clone(&receiver));
    let mut hidden: Vec<String> = secrets.into_iter().map(|(_, value)| value).collect();
    hidden.extend(["x7q9secretsecret", "anothersecret", "B0000000"].map(str::to_owned));
    Stand {
        notifier,
        received: Box::new(move || got.requests().into_iter().map(|request| request.body).collect()),
        came: Box::new(move || {
            let came = Arc::clone(&came);
            Box::pin(async move { came.until(1).await })
        }),
        secrets: hidden,
        _kept: Box::new(receiver),
    }
}

async fn contract(kind: &str) {
    holds(async |wanted, seconds| {
        let mood = match wanted {
            Wanted::Takes => Mood::Takes,
            Wanted::RefusesForGood => Mood::Answers(404, Vec::new()),
            Wanted::Fails => Mood::Answers(500, Vec::new()),
            Wanted::Hangs => Mood::Hangs,
        };
        Some(stand(kind, mood, seconds).await)
    })
    .await;
}

#[tokio::test]
async fn webhook_keeps_the_contract() {
    contract("webhook").await;
}

#[tokio::test]
async fn slack_keeps_the_contract() {
    contract("slack").await;
}

#[tokio::test]
async fn teams_keeps_the_contract() {
    contract("teams").await;
}

#[tokio::test]
async fn discord_keeps_the_contract() {
    contract("discord").await;
}

#[tokio::test]
async fn ntfy_keeps_the_contract() {
    contract("ntfy").await;
}

#[tokio::test]
async fn pagerduty_keeps_the_contract() {
    contract("pagerduty").await;
}

#[tokio::test]
async fn what_a_webhook_signs_can_be_verified_and_is_the_same_message_each_time() {
    let receiver = Receiver::begin([Mood::Takes]).await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let section = json!({ "url": { "env": "URL" }, "secret": { "env": "SECRET" } });
    let url = receiver.url("/hook");
    let notifier = build("webhook", section, Path::new("/"), &[("URL", &url), ("SECRET", secret)]).unwrap();
    for _ in 0..2 {
        notifier.notify(&notice("docs.example.org/ä/raised"), &Scope::default()).await.unwrap();
    }
    let secret = Secret::new(secret.to_owned());
    let requests = receiver.requests();
    let ids: Vec<String> = (requests.iter())
        .map(|request| {
            let seconds = request.headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
            let now = jiff::Timestamp::from_second(seconds).unwrap();
            incoming::verify(&secret, &request.headers, request.body.as_bytes(), now).unwrap()
        })
        .collect();
    assert_eq!(ids[0], ids[1]);
    let mut replays = incoming::Replays::default();
    let now = "2026-11-21T02:07:11Z".parse().unwrap();
    assert!(replays.is_new(&ids[0], now) && !replays.is_new(&ids[1], now));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_may_pass() {
    let elsewhere = Receiver::begin([Mood::Takes]).await;
    let to = elsewhere.url("/stolen");
    let stand = stand("slack", Mood::Answers(307, vec![("location", to)]), 10).await;
    let error = stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, NotifyError::Busy { said, .. } if said.starts_with("307")), "{error}");
    assert_eq!(elsewhere.requests().len(), 0);
}

#[tokio::test]
async fn a_receiver_says_how_long_to_leave_it_alone() {
    for status in [429, 503] {
        let stand = stand("discord", Mood::Answers(status, vec![("retry-after", "7".to_owned())]), 10).await;
        let error = stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
        assert_eq!((error.retry_after(), error.is_permanent()), (Some(Duration::from_secs(7)), false));
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_no_delivery() {
    let stand = stand("slack", Mood::Resets, 10).await;
    let error = stand.notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Unreachable { .. }), "{error}");
    assert!(!error.to_string().contains("x7q9secretsecret"));
}

#[tokio::test]
async fn nobody_there_is_said_without_the_address() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}{PATH}", listener.local_addr().unwrap())
    };
    let section = json!({ "url": { "env": "URL" } });
    let notifier = build("slack", section, Path::new("/"), &[("URL", &url)]).unwrap();
    let error = notifier.notify(&notice("a/raised"), &Scope::default()).await.unwrap_err();
    assert!(matches!(error, NotifyError::Unreachable { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("x7q9secretsecret"));
}

#[test]
fn a_wrong_section_is_refused_without_its_secret() {
    let refused = |section: Value, url: &str| {
        build("webhook", section, Path::new("/"), &[("URL", url), ("BAD", "whsec_%%%")]).unwrap_err()
    };
    let plain = refused(json!({ "url": { "env": "URL" } }), "http://hooks.example.org/x7q9secretsecret");
    assert_eq!(plain, "the address must begin with `https://`");
    assert_eq!(refused(json!({ "url": { "env": "UNSET" } }), ""), "the variable `UNSET` is not set");
    let secret = refused(json!({ "url": { "env": "URL" }, "secret": { "env": "BAD" } }), "https://example.org/");
    assert_eq!(secret, "what `BAD` holds after `whsec_` is not base64");
    assert!(refused(json!({ "url": "https://example.org/" }), "").contains("invalid type"));
    let limit = json!({ "url": { "env": "URL" }, "timeout-seconds": 0 });
    assert!(refused(limit, "https://example.org/").contains("must be 1 to 60"));
}
