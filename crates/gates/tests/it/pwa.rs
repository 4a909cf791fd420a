//! What the gate `pwa` takes for an app that starts without a network, and what not.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use charter_artifact::Artifact;
use charter_deploy_model::{Inspection, LookedAt};
use charter_gates::{Gate, Subject};
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use serde_json::{Value, json};
use tempfile::TempDir;

const MANIFEST: &str = r#"{ "name": "Tides", "start_url": "/", "display": "standalone" }"#;
const PAGE: &str = "<!doctype html><title>Tides</title><link rel=manifest href=/app.json><h1>Tides</h1>";
const REGISTERS: &str = "<script>navigator.serviceWorker.register('/worker.js').catch(() => {})</script>";

struct Site {
    subject: Subject,
    folder: TempDir,
}

/// Serves files, which browsers may keep for an hour.
async fn site(files: &[(&'static str, String)]) -> Site {
    async fn answer(State(files): State<Arc<HashMap<String, String>>>, uri: Uri) -> Response {
        let path = if uri.path() == "/" { "/index.html" } else { uri.path() };
        let Some(content) = files.get(path) else { return (StatusCode::NOT_FOUND, "gone").into_response() };
        let sort = match path.rsplit('.').next() {
            Some("html") => "text/html",
            Some("js") => "text/javascript",
            _ => "application/json",
        };
        ([(header::CONTENT_TYPE, sort), (header::CACHE_CONTROL, "max-age=3600")], content.clone()).into_response()
    }

    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        fs::write(folder.path().join(path), content).unwrap();
    }
    let artifact = Artifact::read(folder.path(), None, &Scope::default()).unwrap();
    let served = files.iter().map(|(path, content)| (format!("/{path}"), content.clone())).collect();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let preview = Some(format!("http://{}/", listener.local_addr().unwrap()));
    let router = Router::new().fallback(answer).with_state(Arc::new(served));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let subject = Subject { artifact: Some(Arc::new(artifact)), preview, ..Subject::new(folder.path()) };
    Site { subject, folder }
}

async fn app(worker: &str) -> Site {
    let worker = worker.to_owned();
    site(&[("index.html", format!("{PAGE}{REGISTERS}")), ("app.json", MANIFEST.to_owned()), ("worker.js", worker)])
        .await
}

async fn asked(site: &Site, more: Value, environment: Environment) -> Inspection {
    let host = Host::system(environment);
    let secrets = Secrets::default();
    let setup = Setup { host: &host, root: site.folder.path(), secrets: &secrets };
    let mut section = json!({ "icons": [], "wait-seconds": 2 });
    section.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let gate: Box<dyn Gate> = charter_gates::standard().build("pwa", section, &setup).unwrap();
    gate.inspect(&site.subject, &Scope::default()).await.unwrap()
}

/// Returns the findings, each as its code and its message, and what was looked at.
async fn told(site: &Site, more: Value) -> (Vec<String>, LookedAt) {
    match asked(site, more, Environment::default().with("PATH", "/usr/local/bin:/usr/bin:/bin")).await {
        Inspection::Looked { findings, looked_at, .. } => {
            (findings.iter().map(|it| format!("{}: {}", it.code, it.message)).collect(), looked_at)
        }
        Inspection::NotApplicable { reason } => panic!("{reason}"),
    }
}

/// A worker that answers every request with an expression.
fn answering(expression: &str) -> String {
    format!("addEventListener('fetch', event => event.respondWith({expression}))")
}

const HTML: &str = "{ status: 200, headers: { 'content-type': 'text/html' } }";

#[tokio::test]
async fn a_site_without_a_manifest_is_none_of_its_business() {
    let site = site(&[("index.html", "<title>Tides</title><p>No manifest here.".to_owned())]).await;
    let inspection = asked(&site, json!({}), Environment::default()).await;
    assert_eq!(inspection, Inspection::NotApplicable { reason: "no page links a web app manifest".to_owned() });
}

#[tokio::test]
async fn without_chromium_the_files_are_judged_and_the_rest_is_undecided() {
    let site = site(&[("index.html", PAGE.to_owned()), ("app.json", "{}".to_owned())]).await;
    let Inspection::Looked { findings, looked_at, .. } = asked(&site, json!({}), Environment::default()).await else {
        panic!("it applies");
    };
    let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["pwa/display", "pwa/name", "pwa/start-url"]);
    assert!(looked_at.undecided.len() == 1 && looked_at.undecided[0].contains("apt-get install chromium"));
    assert_eq!(looked_at.counts["tried"], 0);
}

#[tokio::test]
async fn what_the_worker_makes_itself_is_a_start_without_a_network() {
    let (findings, looked_at) =
        told(&app(&answering(&format!("new Response('<p>Tides', {HTML})"))).await, json!({})).await;
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!((looked_at.counts["tried"], looked_at.undecided), (1, vec![]));
}

#[tokio::test]
async fn the_browsers_cache_is_no_start_without_a_network() {
    for (expression, expected) in [
        ("fetch(event.request.url, { cache: 'force-cache' })", "does not load: net::ERR_FAILED"),
        ("new Response('Try again later', { status: 503 })", "is answered with status 503"),
        (&format!("new Response('<div id=root></div>', {HTML})"), "shows nothing"),
        ("Response.error()", "does not load: net::ERR_FAILED"),
    ] {
        let (findings, looked_at) = told(&app(&answering(expression)).await, json!({})).await;
        assert_eq!(findings, [format!("pwa/offline: `/` {expected} without a network")], "{expression}");
        assert_eq!(looked_at.undecided, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_worker_that_never_answers_leaves_it_undecided() {
    let (findings, looked_at) = told(&app(&answering("new Promise(() => {})")).await, json!({})).await;
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!(looked_at.undecided, ["`/` did not load within 22 s without a network, nor fail"]);
}

#[tokio::test]
async fn a_worker_that_fails_to_install_or_is_for_other_pages_is_none() {
    let fails = "addEventListener('install', event => event.waitUntil(Promise.reject()))";
    let (findings, _) = told(&app(fails).await, json!({})).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("pwa/service-worker: "), "{findings:?}");

    let waits = "addEventListener('install', event => event.waitUntil(new Promise(() => {})))";
    let (findings, _) = told(&app(waits).await, json!({})).await;
    let expected = "pwa/service-worker: the service worker of `/` is `installing`, and not active, after 2 s";
    assert_eq!(findings, [expected]);

    let elsewhere = "<script>navigator.serviceWorker.register('/worker.js', { scope: '/deep/' })</script>";
    let files =
        [("index.html", format!("{PAGE}{elsewhere}")), ("app.json", MANIFEST.to_owned()), ("worker.js", String::new())];
    let (findings, _) = told(&site(&files).await, json!({})).await;
    let expected = "pwa/service-worker: the service worker that `/` registers is for `/deep/`, where the page is not";
    assert_eq!(findings, [expected]);
}

#[tokio::test]
async fn a_start_page_is_where_the_manifest_says_and_must_be_there() {
    let with_start = async |start: &str, hosts: &[&str]| {
        let manifest = MANIFEST.replace("\"/\"", &format!("\"{start}\""));
        let site = site(&[("index.html", PAGE.to_owned()), ("app.json", manifest)]).await;
        told(&site, json!({ "offline": false, "hosts": hosts })).await.0
    };
    assert_eq!(with_start("https://example.org/", &["example.org"]).await, Vec::<String>::new());
    let elsewhere = "pwa/start-url: `app.json` starts at `https://example.org/`, which is not on the site's host";
    assert_eq!(with_start("https://example.org/", &[]).await, [elsewhere]);
    let gone = "pwa/start-url: `app.json` starts at `/gone`, which is answered with status 404";
    assert_eq!(with_start("/gone", &[]).await, [gone]);
}
