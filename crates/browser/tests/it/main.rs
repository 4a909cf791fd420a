//! What a caller can rely on, asked of a real Chromium.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::response::IntoResponse;
use axum::routing::get;
use charter_browser::{Answer, Browser, BrowserError, BrowserOptions, Network, Speed, Viewport, find};
use charter_host::Environment;

/// Starts a browser; nothing, with a word, where none is installed and nobody promised one.
async fn start(options: BrowserOptions) -> Option<Browser> {
    let environment = Environment::default().with("PATH", "/usr/local/bin:/usr/bin:/bin");
    if find(&environment).is_none() {
        #[expect(clippy::disallowed_methods, reason = "the check tells its tests through the environment")]
        let promised = std::env::var_os("CHARTER_TEST_ALL").is_some();
        assert!(!promised, "Chromium is missing");
        // Past the test harness, which shows only what failing tests print.
        let _ = writeln!(std::io::stderr(), "SKIPPED: Chromium is missing; `cargo xtask check --all` installs it");
        return None;
    }
    Some(Browser::start(&environment, &options).await.unwrap())
}

/// Serves a small site on loopback and returns its address.
async fn serve() -> String {
    async fn page(title: &str, body: &str) -> impl IntoResponse {
        ([(CONTENT_TYPE, "text/html")], format!("<!doctype html><title>{title}</title>{body}"))
    }
    let endless = "<script>document.title = 'asked'; while (true) {}</script>";
    let router = Router::new()
        .route("/", get(|| page("Hello", "<h1>Hello</h1>")))
        .route("/cookie", get(|| async { ([(SET_COOKIE, "seen=1"), (CONTENT_TYPE, "text/html")], "<title>c</title>") }))
        .route("/alert", get(|| page("Alert", "<script>document.title = String(confirm('?'))</script>")))
        .route("/endless", get(move || page("Endless", endless)))
        .route("/never", get(std::future::pending::<()>))
        .route("/moved", get(|| async { axum::response::Redirect::temporary("/") }))
        .route("/gone", get(|| async { (StatusCode::GONE, "gone") }))
        .route("/worker.js", get(|| async { ([(CONTENT_TYPE, "text/javascript")], WORKER) }))
        .route("/app", get(|| page("App", "<link rel=manifest href=/manifest><h1>Online</h1>")))
        .route("/manifest", get(|| async { r#"{"name":"App","theme_color":"no colour"}"# }))
        .route("/waits", get(|| page("Waits", "<img src=/never>")))
        .route(
            "/elsewhere",
            get(|| {
                page(
                    "Elsewhere",
                    "<script>fetch('http://example.org/').catch(error => document.title = 'failed')</script>",
                )
            }),
        );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

const WORKER: &str = "addEventListener('fetch', event => {
    const html = { headers: { 'content-type': 'text/html' } };
    event.respondWith(new Response('<title>Offline</title><p>Offline', html));
})";

fn impatient() -> BrowserOptions {
    BrowserOptions { limit: Duration::from_secs(3), ..BrowserOptions::default() }
}

#[tokio::test]
async fn a_page_is_opened_and_asked() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    assert!(browser.version().await.unwrap().contains("Chrome/"));
    let site = serve().await;
    let page = browser.page().await.unwrap();
    page.resize(Viewport { width: 412, height: 823, scale: 1.75, is_mobile: true }).await.unwrap();
    page.run_first("window.first = document.readyState").await.unwrap();
    page.open(&site).await.unwrap();
    page.settle().await.unwrap();
    assert_eq!(page.evaluate("document.title").await.unwrap(), "Hello");
    assert_eq!(page.evaluate("Promise.resolve({ a: [1, null] })").await.unwrap().to_string(), r#"{"a":[1,null]}"#);
    assert_eq!(page.evaluate("[first, screen.width]").await.unwrap().to_string(), r#"["loading",412]"#);
    let thrown = page.evaluate("null.x").await.unwrap_err();
    assert!(matches!(&thrown, BrowserError::Script { message } if message.contains("TypeError")), "{thrown}");
}

#[tokio::test]
async fn a_slow_network_lets_a_page_wait() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let site = serve().await;
    let page = browser.page().await.unwrap();
    page.slow_down(Speed { slowdown: 1.0, latency_ms: 400.0, bytes_per_second: 200_000.0 }).await.unwrap();
    page.open(&site).await.unwrap();
    // Chromium delays a response's body, and tells its beginning as if nothing were slow.
    let script = "performance.getEntriesByType('navigation')[0].responseEnd >= 400";
    assert_eq!(page.evaluate(script).await.unwrap(), true);
}

#[tokio::test]
async fn it_is_told_who_answered_for_a_document() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let site = serve().await;
    let page = browser.page().await.unwrap();
    let server = |path: &str, status| Answer { url: format!("{site}{path}"), status, from_service_worker: false };
    assert_eq!(page.visit(&format!("{site}/moved")).await.unwrap(), server("/", 200));
    assert_eq!(page.visit(&format!("{site}/#part")).await.unwrap(), server("/", 200), "anew, though it is shown");
    assert_eq!(page.visit(&format!("{site}/gone")).await.unwrap(), server("/gone", 410));
    page.evaluate(
        "navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(() => 1)",
    )
    .await
    .unwrap();
    page.forget_cache().await.unwrap();
    let answer = page.visit(&format!("{site}/gone")).await.unwrap();
    assert_eq!(answer, Answer { status: 200, from_service_worker: true, ..server("/gone", 200) });
    assert_eq!(page.evaluate("document.title").await.unwrap(), "Offline");
    let refused = browser.page().await.unwrap().visit("http://127.0.0.1:9/").await.unwrap_err();
    assert!(matches!(&refused, BrowserError::NotLoaded { .. }), "{refused}");
}

#[tokio::test]
async fn the_browser_says_what_it_ignores_in_a_manifest() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let site = serve().await;
    let page = browser.page().await.unwrap();
    page.open(&format!("{site}/app")).await.unwrap();
    let manifest = page.app_manifest().await.unwrap();
    assert_eq!(manifest.url, format!("{site}/manifest"));
    assert!(manifest.ignored.len() == 1 && manifest.ignored[0].message.contains("theme_color"), "{manifest:?}");
    page.open(&site).await.unwrap();
    assert_eq!(page.app_manifest().await.unwrap().url, "");
}

#[tokio::test]
async fn pages_share_nothing() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let site = serve().await;
    let first = browser.page().await.unwrap();
    first.open(&format!("{site}/cookie")).await.unwrap();
    assert_eq!(first.evaluate("localStorage.a = 1, document.cookie").await.unwrap(), "seen=1");
    let second = browser.page().await.unwrap();
    second.open(&site).await.unwrap();
    assert_eq!(second.evaluate("document.cookie + String(localStorage.a)").await.unwrap(), "undefined");
}

#[tokio::test]
async fn only_so_many_pages_are_open_at_once() {
    let Some(browser) = start(BrowserOptions { pages_at_once: 1, ..BrowserOptions::default() }).await else { return };
    let first = browser.page().await.unwrap();
    let mut second = std::pin::pin!(browser.page());
    let waits = tokio::select! {
        biased;
        _ = &mut second => false,
        answer = first.evaluate("1") => answer.is_ok(),
    };
    assert!(waits, "the second waits while the first is open");
    drop(first);
    assert_eq!(second.await.unwrap().evaluate("2").await.unwrap(), 2);
}

#[tokio::test]
async fn what_asks_for_a_button_to_be_pressed_goes_on() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let site = serve().await;
    let page = browser.page().await.unwrap();
    page.open(&format!("{site}/alert")).await.unwrap();
    assert_eq!(page.evaluate("document.title").await.unwrap(), "false");
}

#[tokio::test]
async fn a_page_sees_this_machine_only() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let site = serve().await;
    let page = browser.page().await.unwrap();
    page.open(&format!("{site}/elsewhere")).await.unwrap();
    page.settle().await.unwrap();
    assert_eq!(page.evaluate("document.title").await.unwrap(), "failed");
    assert_eq!(BrowserOptions::default().network, Network::Loopback);
}

#[tokio::test]
async fn what_cannot_be_loaded_hangs_or_crashes_is_an_error_and_the_next_page_works() {
    let Some(browser) = start(impatient()).await else { return };
    let site = serve().await;
    let page = browser.page().await.unwrap();
    let refused = page.open("http://127.0.0.1:9/").await.unwrap_err();
    assert!(matches!(&refused, BrowserError::NotLoaded { reason, .. } if reason.starts_with("net::")), "{refused}");
    let waits = page.open(&format!("{site}/waits")).await.unwrap_err();
    assert!(matches!(waits, BrowserError::Hung { .. }), "{waits}");
    let endless = page.open(&format!("{site}/endless")).await.unwrap_err();
    assert!(matches!(endless, BrowserError::Hung { .. }), "{endless}");
    drop(page);
    let crashing = browser.page().await.unwrap();
    assert!(crashing.open("chrome://crash").await.is_err());
    drop(crashing);
    let page = browser.page().await.unwrap();
    page.open(&site).await.unwrap();
    assert_eq!(page.evaluate("document.title").await.unwrap(), "Hello");
}

#[tokio::test]
async fn a_browser_that_is_killed_ends_every_wait() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let page = browser.page().await.unwrap();
    let profile = profile_of(&page).await;
    let waiting = page.evaluate("new Promise(() => {})");
    let kill = async {
        for process in processes_of(&profile) {
            #[expect(clippy::disallowed_methods, reason = "somebody kills the browser")]
            let _ = Command::new("kill").args(["-9", &process]).status();
        }
    };
    let (ended, ()) = tokio::join!(waiting, kill);
    assert!(matches!(ended, Err(BrowserError::Died)), "{ended:?}");
    assert!(matches!(browser.page().await, Err(BrowserError::Died)));
}

#[tokio::test]
async fn nothing_is_left_of_a_browser_that_was_dropped() {
    let Some(browser) = start(BrowserOptions::default()).await else { return };
    let page = browser.page().await.unwrap();
    let profile = profile_of(&page).await;
    assert!(!processes_of(&profile).is_empty() && Path::new(&profile).exists());
    drop((page, browser));
    assert!(processes_of(&profile).is_empty());
    assert!(!Path::new(&profile).exists());
}

/// Returns the folder of the browser's profile, which its own list of arguments names.
async fn profile_of(page: &charter_browser::Page) -> String {
    page.open("chrome://version/").await.unwrap();
    let text = page.evaluate("document.body.innerText").await.unwrap();
    let text = text.as_str().unwrap();
    let (_, rest) = text.split_once("--user-data-dir=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

/// Returns the processes that were started with this profile, or for it.
fn processes_of(profile: &str) -> Vec<String> {
    let name = Path::new(profile).file_name().unwrap().to_str().unwrap();
    let is_its = |process: &str| {
        let read = |what: &str| std::fs::read(format!("/proc/{process}/{what}")).unwrap_or_default();
        // A process that has ended and waits to be counted has no command line any more.
        let (environment, line) = (read("environ"), read("cmdline"));
        !line.is_empty() && String::from_utf8_lossy(&environment).contains(name)
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|process| process.bytes().all(|byte| byte.is_ascii_digit()) && is_its(process))
        .collect()
}
