//! What people and programs that use the pages can rely on.

#![expect(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[path = "../../examples/sample/mod.rs"]
mod sample;

mod browser;
mod export;
mod forms;
mod metrics;
mod pages;

use std::sync::Arc;

use charter_dashboard::{Options, Running, View, serve};
use charter_host::Secret;
use sample::Sample;

const TOKEN: &str = "a token that nobody guesses";

fn options() -> Options {
    Options {
        address: "127.0.0.1:0".parse().unwrap(),
        beyond_loopback: false,
        hosts: Vec::new(),
        token: Secret::new(TOKEN.to_owned()),
    }
}

/// Serves a view, and returns where and what is behind it.
async fn start(view: View) -> (Running, Arc<Sample>, String) {
    let source = Sample::new(view);
    let running = serve(source.clone(), options()).await.unwrap();
    let url = running.url();
    (running, source, url)
}

/// A client that shows redirects and cookies as they are.
fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap()
}

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&\u{1b}";

/// A view in which whatever can be text is an attack.
fn hostile() -> View {
    let mut view = sample::view();
    view.application = HOSTILE.to_owned();
    for endpoint in &mut view.endpoints {
        endpoint.name = format!("{} {HOSTILE}", endpoint.name);
        endpoint.url = Some("javascript:alert(1)".to_owned());
        endpoint.publicity = charter_dashboard::Publicity::Address;
    }
    let names: Vec<String> = view.endpoints.iter().map(|endpoint| endpoint.name.clone()).collect();
    view.live.as_mut().unwrap().url = "javascript:alert(1)".to_owned();
    for deployed in &mut view.deployments {
        deployed.by = HOSTILE.to_owned();
        deployed.errors = vec![HOSTILE.to_owned()];
    }
    for page in &mut view.vitals {
        page.url = "javascript:alert(1)".to_owned();
        page.measured = HOSTILE.to_owned();
    }
    for alert in &mut view.alerts {
        for text in [&mut alert.record.title, &mut alert.record.description] {
            *text = HOSTILE.to_owned();
        }
        alert.acknowledged_by = alert.acknowledged_by.as_ref().map(|_| HOSTILE.to_owned());
        alert.acknowledged_because = alert.acknowledged_because.as_ref().map(|_| HOSTILE.to_owned());
        alert.suppressed = vec![HOSTILE.to_owned()];
        alert.record.notifications_sent = vec![HOSTILE.to_owned()];
    }
    for incident in &mut view.incidents {
        incident.record.description = HOSTILE.to_owned();
        incident.record.impacted_services = names.clone();
        incident.record.root_cause = Some(HOSTILE.to_owned());
        incident.public_title = Some(HOSTILE.to_owned());
        for update in &mut incident.timeline {
            update.text = HOSTILE.to_owned();
            update.by = Some(HOSTILE.to_owned());
        }
    }
    for silence in &mut view.silences {
        (silence.what, silence.by, silence.reason) = (HOSTILE.to_owned(), HOSTILE.to_owned(), HOSTILE.to_owned());
    }
    for window in &mut view.windows {
        (window.id, window.title, window.endpoints) = (HOSTILE.to_owned(), HOSTILE.to_owned(), names.clone());
    }
    for work in &mut view.work {
        work.changes = vec![HOSTILE.to_owned()];
    }
    view
}
