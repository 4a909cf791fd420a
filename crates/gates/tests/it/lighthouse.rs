//! What the gate does when Lighthouse is missing, dies or is stopped.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use charter_artifact::Artifact;
use charter_deploy_model::Inspection;
use charter_gates::{Gate, GateError, Subject};
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use serde_json::json;
use tempfile::TempDir;

struct Site {
    subject: Subject,
    folder: TempDir,
}

async fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    // It comes to rest only after a while, so that there is time to kill something.
    let page = "<!doctype html><title>Slow</title><h1>Slow</h1><script>setInterval(() => fetch('/'), 100)</script>";
    std::fs::write(folder.path().join("index.html"), page).unwrap();
    let artifact = Artifact::read(folder.path(), None, &Scope::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Some(format!("http://{}", listener.local_addr().unwrap()));
    let router = Router::new().route("/", get(move || async move { Html(page) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let subject = Subject { artifact: Some(Arc::new(artifact)), preview: url, ..Subject::new(folder.path()) };
    Site { subject, folder }
}

fn gate(environment: Environment, folder: &TempDir) -> Box<dyn Gate> {
    let host = Host::system(environment);
    let section = json!({ "form-factors": ["mobile"], "max-runs": 1, "max-busy-percent": 100 });
    let secrets = Secrets::default();
    let setup = Setup { host: &host, root: folder.path(), secrets: &secrets };
    charter_gates::standard().build("lighthouse", section, &setup).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "what `setup` installed is where the user's data is")]
fn environment() -> Environment {
    let own = Environment::from_iter(std::env::vars_os());
    own.allow(&["HOME", "XDG_DATA_HOME"]).with("PATH", "/usr/local/bin:/usr/bin:/bin")
}

/// Returns the marked processes that `is_wanted` says yes to, by their arguments, and their folder.
fn processes(is_wanted: impl Fn(&str) -> bool) -> Vec<(String, PathBuf)> {
    let found = |process: String| {
        let read = |what: &str| {
            String::from_utf8_lossy(&std::fs::read(format!("/proc/{process}/{what}")).unwrap_or_default()).into_owned()
        };
        let environment = read("environ");
        // Its parent is this test, and not one that runs beside it.
        let folder = environment.split('\0').find_map(|entry| entry.strip_prefix("TMPDIR="))?;
        let is_its = environment.contains("CHARTER_MARK=charter-lighthouse-") && is_wanted(&read("cmdline"));
        is_its.then(|| (process.clone(), PathBuf::from(folder)))
    };
    let entries = std::fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    entries.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter_map(found).collect()
}

/// Waits until a program of a page's run is there.
async fn appears(url: &str, is_wanted: impl Fn(&str) -> bool) -> (String, PathBuf) {
    loop {
        // Only Lighthouse has the page's address among its arguments; all of a run share a folder.
        let runs = processes(|line| line.contains(url));
        let its = |folder: &PathBuf| runs.iter().any(|(_, own)| own == folder);
        if let Some(found) = processes(&is_wanted).into_iter().find(|(_, folder)| its(folder)) {
            return found;
        }
        tokio::task::yield_now().await;
    }
}

fn is_chromium(line: &str) -> bool {
    line.contains("--remote-debugging-port") && !line.contains("--type=")
}

fn assert_nothing_is_left(folder: &PathBuf) {
    let left: Vec<_> = processes(|_| true).into_iter().filter(|(_, own)| own == folder).collect();
    assert!(left.is_empty() && !folder.exists(), "{left:?} {}", folder.display());
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn without_lighthouse_it_says_what_to_type() {
    let site = site().await;
    let environment = environment().with("HOME", site.folder.path()).with("XDG_DATA_HOME", site.folder.path());
    let error = gate(environment, &site.folder).inspect(&site.subject, &Scope::default()).await.unwrap_err();
    assert!(matches!(error, GateError::Unavailable { .. }), "{error:?}");
    assert_eq!(error.to_string(), "`lighthouse` is not installed; install it with `cargo xtask setup`");
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn a_program_that_is_killed_leaves_the_page_undecided_and_nothing_behind() {
    let kills: [fn(&str) -> bool; 2] = [|line| line.starts_with("node\0"), is_chromium];
    for is_wanted in kills {
        let site = site().await;
        let url = site.subject.preview.clone().unwrap();
        let gate = gate(environment(), &site.folder);
        let scope = Scope::default();
        let kill = async {
            // Once Chromium is there both are at work.
            appears(&url, is_chromium).await;
            let (process, folder) = appears(&url, is_wanted).await;
            #[expect(clippy::disallowed_methods, reason = "somebody kills it")]
            let status = std::process::Command::new("kill").args(["-9", &process]).status();
            assert!(status.unwrap().success());
            folder
        };
        let (seen, folder) = tokio::join!(gate.inspect(&site.subject, &scope), kill);
        let Ok(Inspection::Looked { findings, looked_at, .. }) = seen else { panic!("{seen:?}") };
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(looked_at.undecided.len(), 1, "{looked_at:?}");
        assert!(looked_at.undecided[0].starts_with("`index.html` on mobile could not be judged: "), "{looked_at:?}");
        assert_nothing_is_left(&folder);
    }
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn one_that_is_dropped_in_the_middle_leaves_nothing_behind() {
    let site = site().await;
    let url = site.subject.preview.clone().unwrap();
    let gate = gate(environment(), &site.folder);
    let scope = Scope::default();
    let folder = tokio::select! {
        seen = gate.inspect(&site.subject, &scope) => panic!("it ended before it could be stopped: {seen:?}"),
        (_, folder) = appears(&url, is_chromium) => folder,
    };
    assert_nothing_is_left(&folder);
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn a_page_that_is_not_there_is_undecided_and_no_pages_at_all_are_not_applicable() {
    let site = site().await;
    let host = Host::system(environment());
    let secrets = Secrets::default();
    let setup = Setup { host: &host, root: site.folder.path(), secrets: &secrets };
    let build = |section| charter_gates::standard().build("lighthouse", section, &setup);
    let gate = build(json!({ "pages": ["/gone/"] })).unwrap();
    let Ok(Inspection::Looked { looked_at, .. }) = gate.inspect(&site.subject, &Scope::default()).await else {
        panic!()
    };
    assert_eq!(looked_at.undecided, ["`/gone/` is not in the site, so it was not measured"]);
    for (section, words) in [
        (json!({ "max-runs": 2 }), "2 runs are never certain"),
        (json!({ "performance": 101 }), "no page could be held to 101"),
        (json!({ "max-lcp-ms": "none" }), "neither a number nor \"off\""),
        (json!({ "pages": [] }), "nothing would be measured"),
    ] {
        let refused = build(section).unwrap_err();
        let text = format!("{refused} {:?}", refused);
        assert!(text.contains(&words.replace('"', "\\\"")) || text.contains(words), "{text}");
    }
    std::fs::remove_file(site.folder.path().join("index.html")).unwrap();
    std::fs::write(site.folder.path().join("a.txt"), "No page.").unwrap();
    let artifact = Artifact::read(site.folder.path(), None, &Scope::default()).unwrap();
    let subject = Subject { artifact: Some(Arc::new(artifact)), ..site.subject.clone() };
    let seen = gate.inspect(&subject, &Scope::default()).await.unwrap();
    assert!(matches!(seen, Inspection::NotApplicable { .. }), "{seen:?}");
}
