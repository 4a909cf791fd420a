//! What is sent.

use charter_github::{DeploymentState, GitHub, NewDeployment, NewDeploymentStatus, Place, Unsticking};
use charter_host::Secret;
use serde_json::{Value, json};

use crate::server::{Answer, Server, TOKEN};

fn body(server: &Server, line: &str) -> Value {
    let asked = server.asked();
    serde_json::from_slice(&asked.iter().find(|asked| asked.line == line).unwrap().body).unwrap()
}

#[tokio::test]
async fn every_request_names_the_version_and_carries_the_token() {
    let server =
        Server::default().json("GET /repos/o/r/actions/permissions", r#"{"enabled":false,"allowed_actions":"all"}"#);
    assert!(!server.start().await.actions_permissions().await.unwrap().enabled);
    let headers = &server.asked()[0].headers;
    assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(headers["x-github-api-version"], "2022-11-28");
    assert_eq!(headers["accept"], "application/vnd.github+json");
}

#[tokio::test]
async fn a_deployment_never_merges_and_waits_for_no_checks() {
    let server = Server::default()
        .on(
            "POST /repos/o/r/deployments",
            Answer::new(
                201,
                r#"{"url":"x","id":42,"sha":"aaaa","ref":"main","task":"deploy","payload":{},"environment":"production",
                "description":null,"created_at":"2026-11-20T10:00:00Z","creator":{"login":"ann"}}"#,
            ),
        )
        .on("POST /repos/o/r/deployments/42/statuses", Answer::new(201, "{}"))
        .json("GET /repos/o/r/deployments?environment=production&per_page=100&page=1", "[]");
    let github = server.start().await;
    let deployment = NewDeployment {
        reference: "main".to_owned(),
        environment: "production".to_owned(),
        description: "é".repeat(200),
        payload: json!({ "release": "x" }),
        production_environment: true,
        transient_environment: false,
    };
    let listed = github.create_deployment(&deployment).await.unwrap();
    assert_eq!((listed.id, listed.reference.as_str(), listed.description), (42, "main", None));
    let sent = body(&server, "POST /repos/o/r/deployments");
    assert_eq!(
        (&sent["auto_merge"], &sent["required_contexts"], &sent["ref"]),
        (&json!(false), &json!([]), &json!("main"))
    );
    assert_eq!(sent["description"].as_str().unwrap().chars().count(), 140, "GitHub takes no longer one");

    let status = NewDeploymentStatus {
        state: DeploymentState::InProgress,
        description: "going live".to_owned(),
        environment_url: None,
    };
    github.set_deployment_status(42, &status).await.unwrap();
    let sent = body(&server, "POST /repos/o/r/deployments/42/statuses");
    assert_eq!(sent, json!({ "state": "in_progress", "description": "going live" }));
    assert_eq!(github.deployments("production").await.unwrap(), []);
}

#[tokio::test]
async fn actions_are_switched_off_with_one_word() {
    let server = Server::default().on("PUT /repos/o/r/actions/permissions", Answer::new(204, ""));
    server.start().await.set_actions_enabled(false).await.unwrap();
    assert_eq!(body(&server, "PUT /repos/o/r/actions/permissions"), json!({ "enabled": false }));
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let answer = Answer::new(200, r#"{"enabled":true}"#).with("etag", "W/\"1\"");
    let server = Server::default().on("GET /repos/o/r/actions/permissions", answer);
    let github = server.start().await;
    for _ in 0..2 {
        assert!(github.clone().actions_permissions().await.unwrap().enabled);
    }
    let given: Vec<_> = server.asked().iter().map(|asked| asked.headers.get("if-none-match").cloned()).collect();
    assert_eq!(given, [None, Some("W/\"1\"".to_owned())]);

    let changed = Answer::new(200, r#"{"enabled":false}"#).with("etag", "W/\"2\"");
    let _ = server.clone().on("GET /repos/o/r/actions/permissions", changed);
    assert!(!github.actions_permissions().await.unwrap().enabled, "a new version is read anew");
}

#[tokio::test]
async fn the_token_goes_to_no_one_without_tls() {
    let place = Place {
        host: "git.example.org".into(),
        api: "http://git.example.org/api/v3/".parse().unwrap(),
        owner: "o".into(),
        name: "r".into(),
    };
    let github = GitHub::new(reqwest::Client::new(), place, Some(Secret::new(TOKEN.to_owned())));
    let error = github.repository().await.unwrap_err();
    assert_eq!(error.to_string(), "the token is not sent to `git.example.org` without TLS");
}

#[tokio::test]
async fn the_token_does_not_follow_to_another_server() {
    let elsewhere = Server::default();
    let other = elsewhere.start().await.place().api.clone();
    let answer = Answer::new(302, "").with("location", format!("{other}repos/o/r"));
    let _ = Server::default().on("GET /repos/o/r", answer).start().await.repository().await.unwrap_err();
    let asked = elsewhere.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].headers.get("authorization"), None);
}

#[tokio::test]
async fn a_site_is_unstuck_only_when_its_last_build_came_to_nothing() {
    let now = "2026-11-20T12:00:00Z".parse().unwrap();
    let build = |status: &str, updated: &str| {
        format!(
            r#"{{"url":"x","status":"{status}","error":{{"message":null}},"pusher":{{"login":"ann"}},"commit":"a","duration":0,
            "created_at":"2026-11-20T11:00:00Z","updated_at":"{updated}"}}"#
        )
    };
    let cases = [
        ("building", "2026-11-20T11:59:00Z", false),
        ("queued", "2026-11-20T11:56:00Z", true),
        ("building", "2026-11-20T11:10:00Z", true),
        ("errored", "2026-11-20T11:59:59Z", true),
        ("built", "2026-11-20T11:59:59Z", true),
    ];
    for (status, updated, asks_again) in cases {
        let server = Server::default()
            .json("GET /repos/o/r/pages/builds/latest", &build(status, updated))
            .on("POST /repos/o/r/pages/builds", Answer::new(201, r#"{"url":"x","status":"queued"}"#));
        let ended = server.start().await.unstick_pages(now).await.unwrap();
        assert_eq!(matches!(ended, Unsticking::Requested(_)), asks_again, "{status} {updated}: {ended:?}");
        let asked = server.asked().iter().any(|asked| asked.line == "POST /repos/o/r/pages/builds");
        assert_eq!(asked, asks_again, "{status} {updated}");
    }
    let off = Server::default().start().await;
    assert_eq!(off.unstick_pages(now).await.unwrap(), Unsticking::NotPages);
}
