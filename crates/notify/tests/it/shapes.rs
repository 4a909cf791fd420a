//! What each service is sent, beside what its documentation asks for.

use charter_deploy_model::{AlertSeverity, Notice, Occasion};
use charter_notify::kinds::{discord, ntfy, pagerduty, slack, teams, webhook};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::notice;

#[test]
fn webhook_sends_the_notice_as_it_is() {
    let body = webhook::body(&notice("a/raised"));
    let expected = json!({
        "schema": "notice/1",
        "key": "a/raised",
        "thread": "a",
        "occasion": "raised",
        "severity": "critical",
        "title": "docs is down",
        "text": "503 since 02:06:41",
        "at": "2026-11-21T02:07:11Z",
        "link": "https://status.example.org/docs",
        "facts": { "deployment": "20261121-020211" },
    });
    assert_eq!(body, expected);
}

#[test]
fn slack_gets_blocks_in_an_attachment() {
    let body = slack::body(&notice("a/raised"));
    let section = |text: &str| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
    let expected = json!({
        "text": "[CRITICAL] docs is down",
        "attachments": [{
            "color": "#cf222e",
            "fallback": "[CRITICAL] docs is down",
            "blocks": [
                section("*<https://status.example.org/docs|[CRITICAL] docs is down>*"),
                section("503 since 02:06:41"),
                { "type": "section", "fields": [{ "type": "mrkdwn", "text": "*deployment*\n20261121-020211" }] },
            ],
        }],
    });
    assert_eq!(body, expected);
}

#[test]
fn nothing_that_a_site_says_of_itself_calls_everybody() {
    let mut notice = notice("a/raised");
    notice.title = "<!channel> & @everyone [free](https://evil.example.org)".to_owned();
    notice.link = Some("javascript:alert(1)".to_owned());
    let slack = slack::body(&notice);
    assert_eq!(slack["text"], "[CRITICAL] &lt;!channel&gt; &amp; @everyone [free](https://evil.example.org)");
    assert!(!slack.to_string().contains("javascript"));
    let discord = discord::body(&notice);
    assert_eq!(discord["allowed_mentions"], json!({ "parse": [] }));
    assert!(discord["embeds"][0].get("url").is_none());
    assert!(!teams::body(&notice).to_string().contains("[free]("));
}

#[test]
fn teams_get_an_adaptive_card() {
    let body = teams::body(&notice("a/raised"));
    let expected = json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": { "width": "Full" },
                "fallbackText": "[CRITICAL] docs is down",
                "body": [
                    { "type": "TextBlock", "text": "[CRITICAL] docs is down", "weight": "Bolder", "size": "Medium",
                      "color": "Attention", "wrap": true },
                    { "type": "TextBlock", "text": "503 since 02:06:41", "wrap": true },
                    { "type": "FactSet", "facts": [{ "title": "deployment", "value": "20261121-020211" }] },
                ],
                "actions": [
                    { "type": "Action.OpenUrl", "title": "Open", "url": "https://status.example.org/docs" },
                ],
            },
        }],
    });
    assert_eq!(body, expected);
}

#[test]
fn discord_gets_an_embed() {
    let body = discord::body(&notice("a/raised"));
    let expected = json!({
        "embeds": [{
            "title": "[CRITICAL] docs is down",
            "description": "503 since 02:06:41",
            "url": "https://status.example.org/docs",
            "color": 0xcf_22_2e,
            "timestamp": "2026-11-21T02:07:11Z",
            "fields": [{ "name": "deployment", "value": "20261121-020211", "inline": true }],
        }],
        "allowed_mentions": { "parse": [] },
    });
    assert_eq!(body, expected);
}

#[test]
fn ntfy_gets_a_priority_and_a_tag() {
    let body = ntfy::body(&notice("a/raised"), "ops");
    let expected = json!({
        "topic": "ops",
        "title": "[CRITICAL] docs is down",
        "message": "503 since 02:06:41\n\ndeployment: 20261121-020211",
        "priority": 5,
        "tags": ["rotating_light"],
        "click": "https://status.example.org/docs",
    });
    assert_eq!(body, expected);
}

#[test]
fn pagerduty_gets_the_beginning_and_the_end_of_one_alert() {
    let body = pagerduty::body(&notice("a/raised"), "key");
    let expected = json!({
        "routing_key": "key",
        "event_action": "trigger",
        "dedup_key": "a",
        "client": "charter",
        "links": [{ "href": "https://status.example.org/docs", "text": "Open" }],
        "payload": {
            "summary": "docs is down",
            "source": "charter",
            "severity": "critical",
            "timestamp": "2026-11-21T02:07:11Z",
            "custom_details": { "deployment": "20261121-020211", "text": "503 since 02:06:41", "key": "a/raised" },
        },
    });
    assert_eq!(body, expected);

    let mut over = notice("a/resolved");
    over.occasion = Occasion::Resolved;
    let over = pagerduty::body(&over, "key");
    assert_eq!((&over["event_action"], &over["dedup_key"]), (&json!("resolve"), &json!("a")));

    let mut deployment = notice("20261121-020211/live");
    deployment.occasion = Occasion::Deployment;
    let change = pagerduty::body(&deployment, "key");
    assert!(change.get("event_action").is_none() && change["payload"].get("severity").is_none());
}

fn strings(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.iter().map(strings).sum(),
        Value::Object(members) => members.values().map(strings).sum(),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn however_much_there_is_to_say_the_services_take_it(
        title in ".{0,2000}",
        text in "[<&a\u{1F600}\n]{0,40000}",
        facts in prop::collection::btree_map(".{0,300}", ".{0,3000}", 0..60),
        occasion in prop::sample::select(vec![Occasion::Raised, Occasion::Resolved, Occasion::Incident]),
    ) {
        let at = "2026-11-21T02:07:11Z".parse().unwrap();
        let mut notice = Notice::new("a/raised", occasion, AlertSeverity::Error, &title, at);
        (notice.text, notice.facts) = (text, facts);

        let slack = slack::body(&notice);
        for block in slack["attachments"][0]["blocks"].as_array().unwrap() {
            prop_assert!(block["text"]["text"].as_str().unwrap_or_default().chars().count() <= 3000);
            let fields = block["fields"].as_array().cloned().unwrap_or_default();
            prop_assert!(fields.len() <= 10);
            prop_assert!(fields.iter().all(|field| field["text"].as_str().unwrap().chars().count() <= 2000));
        }
        prop_assert!(teams::body(&notice).to_string().len() <= 28 * 1024);
        let discord = discord::body(&notice);
        prop_assert!(strings(&discord["embeds"]) <= 6000);
        prop_assert!(discord["embeds"][0]["title"].as_str().unwrap().chars().count() <= 256);
        let ntfy = ntfy::body(&notice, "ops");
        prop_assert!(ntfy["message"].as_str().unwrap().len() <= 4096);
        prop_assert!(pagerduty::body(&notice, "key").to_string().len() <= 512 << 10);
    }
}
