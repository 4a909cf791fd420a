//! The pages, in a real Chromium.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use charter_browser::{Browser, BrowserOptions, Page, Viewport, find};
use charter_dashboard::{PublicSite, export};
use charter_host::Environment;
use serde_json::Value;
use tempfile::TempDir;

use crate::sample;
use crate::{TOKEN, hostile, start};

#[expect(clippy::disallowed_methods, reason = "the tools are in the user's folder, and the check speaks this way")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Says what is missing, unless it was promised that nothing is.
fn skip(what: &str) {
    assert!(variable("CHARTER_TEST_ALL").is_none(), "{what} is missing");
    // Past the test harness, which shows only what failing tests print.
    let _ = writeln!(std::io::stderr(), "SKIPPED: {what} is missing; `cargo xtask check --all` installs it");
}

/// Returns the script of axe-core that `cargo xtask setup` installed.
fn axe() -> Option<String> {
    let named = variable("XDG_DATA_HOME").map(PathBuf::from);
    let data = named.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")))?;
    let sets = std::fs::read_dir(data.join("charter/tools")).ok()?;
    let mut files = sets.flatten().map(|set| set.path().join("node_modules/axe-core/axe.min.js"));
    std::fs::read_to_string(files.find(|file| file.is_file())?).ok()
}

/// A browser of somebody who likes it light or dark, and the folder of the program that starts it.
async fn browser(dark: bool) -> Option<(Browser, TempDir)> {
    let environment = Environment::default().with("PATH", "/usr/local/bin:/usr/bin:/bin");
    let Some(program) = find(&environment) else {
        skip("Chromium");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let start = folder.path().join("start");
    let scheme = if dark { 0 } else { 1 };
    let script =
        format!("#!/bin/sh\nexec '{}' --blink-settings=preferredColorScheme={scheme} \"$@\"\n", program.display());
    std::fs::write(&start, script).unwrap();
    std::fs::set_permissions(&start, std::fs::Permissions::from_mode(0o755)).unwrap();
    let options = BrowserOptions { program: Some(start), ..BrowserOptions::default() };
    Some((Browser::start(&environment, &options).await.unwrap(), folder))
}

/// Opens a page that remembers what its policy kept it from.
async fn page(browser: &Browser) -> Page {
    let page = browser.page().await.unwrap();
    page.run_first(
        "window.kept = []; addEventListener('securitypolicyviolation', it => kept.push(it.violatedDirective + ' ' + it.blockedURI))",
    )
    .await
    .unwrap();
    page
}

async fn list(page: &Page, script: &str) -> Vec<String> {
    let found = page.evaluate(script).await.unwrap();
    found.as_array().unwrap().iter().map(|each| each.as_str().unwrap_or_default().to_owned()).collect()
}

/// Asks until a script gives true. A page that is just being left answers with an error.
async fn becomes(page: &Page, script: &str) {
    let asking = async {
        while !page.evaluate(script).await.is_ok_and(|answer| answer == Value::Bool(true)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.unwrap_or_else(|_| panic!("never: {script}"));
}

const PHONE: Viewport = Viewport { width: 360, height: 740, scale: 2.0, is_mobile: true };
const DESK: Viewport = Viewport { width: 1280, height: 900, scale: 1.0, is_mobile: false };

async fn sign_in(page: &Page, url: &str) {
    page.open(&format!("{url}login")).await.unwrap();
    let fill = format!(
        "document.querySelector('[name=name]').value = 'ann'; document.querySelector('[name=token]').value = '{TOKEN}';
         document.querySelector('main form').requestSubmit()"
    );
    page.evaluate(&fill).await.unwrap();
    becomes(page, "location.pathname === '/alerts' && document.readyState === 'complete'").await;
}

const PATHS: [&str; 7] =
    ["", "deployments", "incidents", "incident/20261121-141924-incident", "alerts", "endpoint/checkout", "login"];

/// What axe finds, as `rule: element`.
const AXE: &str = "axe.run(document, { resultTypes: ['violations'] })
    .then(found => found.violations.flatMap(rule => rule.nodes.map(node => rule.id + ': ' + node.html)))";

/// What lets nobody reach it by Tab, or does not show that it is reached.
const UNREACHED: &str = "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
    .filter(it => {
        it.focus();
        const shown = getComputedStyle(it);
        const visible = it.getClientRects().length > 0;
        return visible && (document.activeElement !== it || it.tabIndex < 0 || shown.outlineStyle === 'none');
    }).map(it => it.outerHTML)";

#[tokio::test]
async fn everyone_can_use_every_page_in_light_and_dark_on_a_desk_and_on_a_phone() {
    let Some(axe) = axe() else { return skip("axe-core") };
    for dark in [false, true] {
        let Some((browser, _folder)) = browser(dark).await else { return };
        let (_running, _, url) = start(sample::view()).await;
        let page = page(&browser).await;
        sign_in(&page, &url).await;
        for path in PATHS {
            for viewport in [DESK, PHONE] {
                page.resize(viewport).await.unwrap();
                page.open(&format!("{url}{path}")).await.unwrap();
                let is_dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches").await.unwrap();
                assert_eq!(is_dark, dark);
                let wide = page.evaluate("document.documentElement.scrollWidth").await.unwrap();
                assert!(wide.as_u64().unwrap() <= u64::from(viewport.width), "/{path} is {wide} wide");
                assert_eq!(list(&page, UNREACHED).await, Vec::<String>::new(), "/{path}");
                page.evaluate(&axe).await.unwrap();
                assert_eq!(list(&page, AXE).await, Vec::<String>::new(), "/{path}, dark: {dark}");
                assert_eq!(list(&page, "kept").await, Vec::<String>::new(), "/{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_that_is_open_follows_what_happens_and_keeps_what_somebody_types() {
    let Some((browser, _folder)) = browser(false).await else { return };
    let (_running, source, url) = start(sample::view()).await;
    let page = page(&browser).await;
    sign_in(&page, &url).await;
    page.evaluate(
        "const field = document.querySelector('.alert [name=reason]'); field.value = 'I am typ'; field.focus()",
    )
    .await
    .unwrap();
    source.change(|view| view.silences[0].what = "all of mail".to_owned());
    becomes(&page, "document.getElementById('quiet').innerText.includes('all of mail')").await;
    assert_eq!(page.evaluate("document.querySelector('.alert [name=reason]').value").await.unwrap(), "I am typ");

    // The form itself, from a real browser: its origin and cookie are what the server wants to see.
    page.evaluate("document.querySelector('.alert form').requestSubmit()").await.unwrap();
    becomes(&page, "document.readyState === 'complete' && document.body.innerText.includes('I am typ')").await;
    assert_eq!(source.now().alerts[0].acknowledged_by.as_deref(), Some("ann"));

    page.open(&url).await.unwrap();
    source.change(|view| view.endpoints[0].status = charter_deploy_model::UptimeStatus::Down);
    becomes(&page, "document.getElementById('announcer').textContent === '2 of 8 endpoints are down'").await;
    assert_eq!(list(&page, "kept").await, Vec::<String>::new());
    let bytes = "Promise.all([...document.scripts].map(it => fetch(it.src).then(got => got.text())))
        .then(all => all.join('').length)";
    assert!(page.evaluate(bytes).await.unwrap().as_u64().unwrap() < 10_000);
}

#[tokio::test]
async fn nothing_that_anybody_called_anything_runs() {
    let Some((browser, _folder)) = browser(false).await else { return };
    let (_running, source, url) = start(hostile()).await;
    let page = page(&browser).await;
    page.run_first("window.alert = () => { window.attacked = true }").await.unwrap();
    sign_in(&page, &url).await;
    for path in ["", "deployments", "incidents", "incident/20261121-141924-incident", "alerts"] {
        page.resize(PHONE).await.unwrap();
        page.open(&format!("{url}{path}")).await.unwrap();
        source.change(|view| view.version += 1);
        becomes(&page, "document.getElementById('connection').textContent === 'Live'").await;
        assert_eq!(
            page.evaluate(
                "window.attacked === undefined && !document.querySelector('main img, main script, [href^=javascript]')"
            )
            .await
            .unwrap(),
            true,
            "/{path}"
        );
        let wide = page.evaluate("document.documentElement.scrollWidth").await.unwrap();
        assert!(wide.as_u64().unwrap() <= 360, "/{path} is {wide} wide");
        assert_eq!(list(&page, "kept").await, Vec::<String>::new(), "/{path}");
    }
}

#[tokio::test]
async fn everyone_can_use_the_public_pages() {
    let Some(axe) = axe() else { return skip("axe-core") };
    let Some((browser, _folder)) = browser(true).await else { return };
    let site = PublicSite { url: "https://status.example.org/".to_owned() };
    for view in [sample::view(), hostile()] {
        let folder = tempfile::tempdir().unwrap();
        for (path, bytes) in export(&view, &site).unwrap() {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        let page = page(&browser).await;
        for name in ["index.html", "incidents.html"] {
            for viewport in [DESK, PHONE] {
                page.resize(viewport).await.unwrap();
                page.open(&format!("file://{}", folder.path().join(name).display())).await.unwrap();
                let wide = page.evaluate("document.documentElement.scrollWidth").await.unwrap();
                assert!(wide.as_u64().unwrap() <= u64::from(viewport.width), "{name} is {wide} wide");
                assert_eq!(page.evaluate("document.scripts.length").await.unwrap(), 0);
                page.evaluate(&axe).await.unwrap();
                assert_eq!(list(&page, AXE).await, Vec::<String>::new(), "{name}");
            }
        }
    }
}
