//! What the gate measures, and what it does when it cannot.

use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use charter_artifact::Artifact;
use charter_deploy_model::{Inspection, Unit};
use charter_gates::{Gate, GateError, Subject};
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use serde_json::{Value, json};
use tempfile::TempDir;

async fn site(pages: &[(&'static str, &'static str)]) -> (TempDir, Subject) {
    let folder = tempfile::tempdir().unwrap();
    let mut router = Router::new();
    for (path, page) in pages.iter().copied() {
        std::fs::write(folder.path().join(path), page).unwrap();
        let url = format!("/{}", path.strip_suffix("index.html").unwrap_or(path));
        router = router.route(&url, get(move || async move { Html(page) }));
    }
    let router = router.route("/never", get(std::future::pending::<()>));
    let artifact = Artifact::read(folder.path(), None, &Scope::default()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Some(format!("http://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let subject = Subject { artifact: Some(Arc::new(artifact)), preview: url, ..Subject::new(folder.path()) };
    (folder, subject)
}

fn gate(path: &str, section: Value) -> Box<dyn Gate> {
    let host = Host::system(Environment::default().with("PATH", path));
    let secrets = Secrets::default();
    let setup = Setup { host: &host, root: "/".as_ref(), secrets: &secrets };
    charter_gates::standard().build("core-web-vitals", section, &setup).unwrap()
}

const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn a_clear_case_takes_four_measurements_and_keeps_the_samples() {
    let (_folder, subject) = site(&[("index.html", "<!doctype html><title>T</title><h1>High water</h1>")]).await;
    let section = json!({
        "max-lcp-ms": 60_000, "max-fcp-ms": 60_000, "max-tbt-ms": 60_000, "max-busy-percent": 100,
    });
    let seen = gate(PATH, section).inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { findings, measures, looked_at } = seen else { panic!() };
    assert!(findings.is_empty() && looked_at.undecided.is_empty(), "{findings:?} {looked_at:?}");
    assert_eq!(looked_at.counts["runs"], 4, "one is thrown away");
    let measured: Vec<_> = measures.iter().map(|each| (each.name.as_str(), each.unit, each.samples.len())).collect();
    let ms = Unit::Milliseconds;
    assert_eq!(measured, [("lcp", ms, 3), ("fcp", ms, 3), ("cls", Unit::Ratio, 3), ("tbt", ms, 3)]);
    assert!(measures.iter().all(|measure| measure.subject == "mobile: index.html"));
    assert!(measures[0].value >= 150.0, "the slow network is felt: {measures:?}");
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn a_page_that_got_slower_than_the_live_one_is_told() {
    let fast = "<!doctype html><title>T</title><h1>High water</h1>";
    let slow = "<!doctype html><title>T</title><h1>High water</h1><script>
        const end = performance.now() + 500; while (performance.now() < end);
    </script>";
    let (_live_folder, live) = site(&[("index.html", fast)]).await;
    let (_folder, next) = site(&[("index.html", slow)]).await;
    let subject = Subject { live: live.artifact.clone(), live_preview: live.preview.clone(), ..next.clone() };
    let section = json!({
        "form-factors": ["desktop"], "max-lcp-ms": 60_000, "max-fcp-ms": 60_000, "max-tbt-ms": "off",
        "max-busy-percent": 100,
    });
    let seen = gate(PATH, section.clone()).inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { findings, measures, looked_at } = seen else { panic!() };
    assert_eq!(looked_at.counts["pages beside live"], 1);
    assert!(findings.iter().all(|finding| finding.code == "core-web-vitals/slower-than-live"), "{findings:?}");
    let message = &findings.first().expect("the first paint is half a second later").message;
    assert!(message.contains("more than what users see now"), "{message}");
    let in_turn: Vec<usize> =
        measures.iter().filter(|it| it.name == "fcp-in-turn").map(|it| it.samples.len()).collect();
    assert_eq!(in_turn, [5, 5], "{measures:?}");

    let itself = Subject { live: next.artifact.clone(), live_preview: next.preview.clone(), ..next };
    let seen = gate(PATH, section).inspect(&itself, &Scope::default()).await.unwrap();
    let Inspection::Looked { looked_at, .. } = seen else { panic!() };
    assert!(!looked_at.counts.contains_key("pages beside live"), "nothing differs: {looked_at:?}");
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn what_moves_and_blocks_is_measured_as_much_as_it_does() {
    let page = "<!doctype html><title>T</title><body style='margin: 0'><h1 style='height: 50vh'>High</h1><script>
        new PerformanceObserver((list, observer) => {
            observer.disconnect();
            document.body.insertAdjacentHTML('afterbegin', '<div style=\"height: 25vh\">Late</div>');
            setTimeout(() => { const end = performance.now() + 400; while (performance.now() < end); }, 100);
        }).observe({ type: 'paint', buffered: true });
    </script>";
    let (_folder, subject) = site(&[("index.html", page)]).await;
    let section = json!({ "form-factors": ["desktop"], "max-runs": 1, "max-busy-percent": 100 });
    let seen = gate(PATH, section).inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { findings, measures, .. } = seen else { panic!() };
    let value = |name: &str| measures.iter().find(|measure| measure.name == name).unwrap().value;
    // Three quarters of the screen were touched, and what moved went a quarter of it.
    assert!((0.1..=0.2).contains(&value("cls")), "{measures:?}");
    assert!(value("tbt") >= 349.0, "{measures:?}");
    let messages: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
    assert!(messages.iter().any(|message| message.starts_with("`index.html` on desktop: total blocking time is ")));
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn what_could_not_be_measured_is_undecided_and_the_next_page_is_measured() {
    let pages = [("a.html", "<!doctype html><title>Empty</title>"), ("b.html", "<!doctype html><h1>B</h1>")];
    let (_folder, subject) = site(&pages).await;
    let section = json!({ "max-runs": 1, "max-busy-percent": 100, "pages": ["a.html", "/gone/", "b.html"] });
    let seen = gate(PATH, section).inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { measures, looked_at, .. } = seen else { panic!() };
    assert!(measures.iter().all(|measure| measure.subject == "mobile: b.html") && measures.len() == 4);
    let undecided = &looked_at.undecided;
    assert!(undecided[0].contains("`/gone/` is not in the site"), "{undecided:?}");
    let told = "`a.html` on mobile: largest contentful paint was not seen to happen";
    assert!(undecided.contains(&told.to_owned()), "{undecided:?}");
}

#[tokio::test]
#[ignore = "measures time: the checks run it alone"]
async fn without_chromium_or_calm_it_is_inconclusive() {
    let (_folder, subject) = site(&[("index.html", "<!doctype html><h1>A</h1>")]).await;
    let error = gate("/nowhere", json!({ "max-busy-percent": 100 })).inspect(&subject, &Scope::default()).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, GateError::Unavailable { .. }) && error.to_string().contains("cargo xtask setup"),
        "{error}"
    );
    let section = json!({ "max-busy-percent": 0, "calm-seconds": 0 });
    let busy = std::thread::spawn(|| (0..u64::MAX).find(|_| DONE.load(std::sync::atomic::Ordering::Relaxed)));
    let error = gate(PATH, section).inspect(&subject, &Scope::default()).await.unwrap_err();
    DONE.store(true, std::sync::atomic::Ordering::Relaxed);
    busy.join().unwrap();
    assert!(error.to_string().starts_with("the machine is busy: other programs take "), "{error}");
}

static DONE: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
