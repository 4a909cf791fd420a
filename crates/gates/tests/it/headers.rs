//! What the gate `headers` makes of a live server, of one that is not there, and of many pages.

use std::fs;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method};
use axum::response::{IntoResponse, Redirect};
use charter_artifact::Artifact;
use charter_gates::Subject;
use charter_host::Scope;
use serde_json::json;
use tempfile::TempDir;

use crate::github::{Seen, build, look};

fn site(files: &[(&str, &str)]) -> (TempDir, Subject) {
    let site = tempfile::tempdir().unwrap();
    for (path, content) in files {
        fs::write(site.path().join(path), content).unwrap();
    }
    let artifact = Arc::new(Artifact::read(site.path(), None, &Scope::default()).unwrap());
    (TempDir::new().unwrap(), Subject { artifact: Some(artifact), ..Subject::new(site.keep()) })
}

const PAGE: &str = "<!doctype html><html lang=\"en\"><title>Site</title><h1>Site</h1></html>";

async fn home(method: Method) -> impl IntoResponse {
    let mut answer = PAGE.into_response();
    let fields: &[(&str, &str)] = match method {
        Method::OPTIONS => &[
            ("access-control-allow-origin", "https://elsewhere.example"),
            ("access-control-allow-credentials", "true"),
        ],
        _ => &[
            ("content-type", "text/html"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("set-cookie", "session=1; HttpOnly"),
        ],
    };
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        answer.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
    }
    answer
}

async fn ask(path: &str, files: &[(&str, &str)]) -> (Seen, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/", axum::routing::any(home))
        .route("/old", axum::routing::get(|| async { Redirect::permanent("/") }))
        .route("/broken", axum::routing::get(|| async { axum::http::StatusCode::INTERNAL_SERVER_ERROR }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let (_folder, subject) = site(files);
    (look("headers", json!({ "url": url }), &subject).await, url)
}

#[tokio::test]
async fn a_live_server_is_judged_by_what_it_answers() {
    let (seen, url) = ask("/", &[("index.html", PAGE)]).await;
    let expected = [
        "headers/cookies",
        "headers/cross-origin-resource-sharing",
        "headers/grade",
        "headers/redirection",
        "headers/strict-transport-security",
    ];
    assert_eq!(seen.codes(), expected);
    assert_eq!(
        seen.measure("points"),
        Some(0.0),
        "40 for the cookie, 50 for the sharing, 20 and 20 for the lack of TLS"
    );
    let cookie = &seen.findings[0];
    assert_eq!(
        (cookie.subject.as_str(), cookie.key.as_deref()),
        (url.as_str(), Some("cookies-session-without-secure-flag"))
    );
    assert!(cookie.message.contains("`session`"), "{}", cookie.message);
    assert!(seen.looked_at.undecided.is_empty());
}

#[tokio::test]
async fn a_redirect_is_followed_and_told() {
    let (seen, _) = ask("/old", &[("index.html", PAGE)]).await;
    let redirection = seen.findings.iter().find(|finding| finding.code == "headers/redirection").unwrap();
    assert_eq!(redirection.key.as_deref(), Some("redirection-not-to-https"));
}

#[tokio::test]
async fn a_server_that_fails_or_is_not_there_leaves_the_grade_open() {
    let (seen, _) = ask("/broken", &[("index.html", PAGE)]).await;
    assert!(seen.findings.is_empty() && seen.measures.is_empty());
    assert!(seen.looked_at.undecided[0].contains("500"), "{:?}", seen.looked_at.undecided);

    let (_folder, subject) = site(&[("index.html", PAGE)]);
    let seen = look("headers", json!({ "url": "http://127.0.0.1:1/" }), &subject).await;
    assert!(seen.measures.is_empty() && seen.looked_at.undecided.len() == 1);
    assert!(seen.looked_at.left_out.contains_key("headers/grade"));
}

#[tokio::test]
async fn without_headers_only_pages_are_judged_and_no_grade_is_given() {
    let page = "<!doctype html><title>Site</title>\n<script src=\"//cdn.example.net/a.js\"></script>";
    let (_folder, mut subject) = site(&[("index.html", page)]);
    let seen = look("headers", json!({}), &subject).await;
    assert_eq!(seen.codes(), ["headers/subresource-integrity"]);
    assert_eq!(seen.findings[0].locations[0].line, Some(2));
    assert!(seen.measures.is_empty() && seen.looked_at.left_out["headers/grade"].could_be);

    subject.target = Some("git-branch".to_owned());
    let seen = look("headers", json!({ "host": "net" }), &subject).await;
    assert_eq!(seen.codes(), ["headers/no-policy", "headers/subresource-integrity"]);
}

#[tokio::test]
async fn a_rule_of_the_file_holds_for_its_pages_and_the_worst_page_makes_the_grade() {
    let rules = "/*\n  X-Frame-Options: DENY\n  X-Content-Type-Options: nosniff\n/about*\n  X-Frame-Options: DENY\n";
    let (_folder, subject) = site(&[("index.html", PAGE), ("about.html", PAGE), ("_headers", rules)]);
    let seen = look("headers", json!({ "minimum-grade": "F" }), &subject).await;
    let frames = seen.findings.iter().find(|finding| finding.code == "headers/x-frame-options").unwrap();
    assert!(frames.message.contains("1 of 2 pages, first `about.html`"), "{}", frames.message);
    assert!(!seen.codes().contains(&"headers/grade"));
    assert_eq!(seen.measure("points"), Some(35.0));
}

#[test]
fn an_address_that_is_none_or_holds_a_password_is_refused_and_not_repeated() {
    for url in ["example.org", "ftp://example.org/", "https://ann:vK8qLw2Zr5@example.org/"] {
        let error = build("headers", json!({ "url": url })).unwrap_err();
        assert!(!format!("{error:?}").contains("vK8qLw2Zr5"), "{error:?}");
    }
}
