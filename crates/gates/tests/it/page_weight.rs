//! What page weights come out as.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Inspection};
use charter_gates::{GateError, Subject};
use charter_host::{CatalogError, Environment, Host, Scope, Secrets, Setup};
use serde_json::{Value, json};

struct Seen {
    findings: Vec<Finding>,
    measures: BTreeMap<String, (String, u64)>,
    pages: u64,
}

fn build(section: Value) -> Result<Box<dyn charter_gates::Gate>, CatalogError> {
    let host = Host::system(Environment::default()).unwrap();
    let setup = Setup { host: &host, root: Path::new("/"), secrets: &Secrets::default() };
    charter_gates::standard().build("page-weight", section, &setup)
}

fn subject(site: &Path, base_path: &str) -> Subject {
    let artifact = Artifact::read(site, None, &Scope::default()).unwrap();
    Subject { artifact: Some(Arc::new(artifact)), base_path: base_path.to_owned(), ..Subject::new(site) }
}

async fn inspect(files: &[(&str, &str)], base_path: &str, section: Value) -> Seen {
    let site = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = site.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let subject = subject(site.path(), base_path);
    let inspection = build(section).unwrap().inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { findings, measures, looked_at } = inspection else { panic!("it looks at every site") };
    let measures =
        measures.into_iter().map(|measure| (measure.name, (measure.subject, measure.value as u64))).collect();
    Seen { findings, measures, pages: looked_at.counts["pages"] }
}

fn subjects<'a>(seen: &'a Seen, code: &str) -> Vec<&'a str> {
    seen.findings.iter().filter(|finding| finding.code == code).map(|finding| finding.subject.as_str()).collect()
}

#[tokio::test]
async fn each_file_counts_once_per_page_and_inline_scripts_count_too() {
    let files = [
        ("a.js", "aaaaaaaaaa"),
        ("index.html", "<link rel=modulepreload href=a.js><script src=/a.js></script><script>bbbbb</script>"),
        ("other.html", "<script src=a.js?v=2></script>"),
    ];
    let seen = inspect(&files, "/", json!({})).await;
    assert_eq!(seen.measures["script-raw"], ("index.html".to_owned(), 15));
    assert_eq!(seen.measures["total-raw"].1, 10 + files[1].1.len() as u64);
    assert_eq!(seen.pages, 2);
    assert_eq!(seen.findings, []);
}

#[tokio::test]
async fn the_budget_is_held_to_the_byte() {
    let files = [("index.html", "<script>console.log('one, two, three, four, five')</script>")];
    let weight = inspect(&files, "/", json!({})).await.measures["script-brotli"].1;
    let over = |budget: u64| inspect(&files, "/", json!({ "max-script-bytes": budget }));
    assert_eq!(over(weight).await.findings, []);
    assert_eq!(subjects(&over(weight - 1).await, "page-weight/script"), ["index.html"]);
}

#[tokio::test]
async fn a_total_budget_is_held_by_every_page_and_not_only_the_heaviest() {
    let page = |n: usize| format!("<p>{}", (0..n).map(|n| format!("{n:x} ")).collect::<String>());
    let pages: Vec<(String, String)> = (0..60).map(|n| (format!("{n:02}.html"), page(n * 20))).collect();
    let files: Vec<(&str, &str)> = pages.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let seen = inspect(&files, "/", json!({ "max-total-bytes": 500 })).await;
    let over = subjects(&seen, "page-weight/total");
    assert_eq!(seen.measures["total-brotli"].0, "59.html");
    assert!(over.len() > 20 && over.len() < 60, "{over:?}");
    assert!(over.is_sorted() && over.last() == Some(&"59.html"), "{over:?}");
    let unlimited = inspect(&files, "/", json!({})).await;
    assert_eq!(unlimited.measures, seen.measures, "the budget does not change what is measured");
}

#[tokio::test]
async fn the_base_path_leads_into_the_site_and_what_ignores_it_is_missing() {
    let files = [
        ("app.js", "1"),
        ("right.html", "<script src=/docs/app.js></script>"),
        ("wrong.html", "<script src=/app.js></script>"),
        ("wrong/too.html", "<script src=/app.js></script>"),
    ];
    let seen = inspect(&files, "/docs", json!({})).await;
    assert_eq!(subjects(&seen, "page-weight/missing"), ["/app.js"]);
    assert!(seen.findings[0].message.contains("`wrong.html` (and 1 more page)"), "{:?}", seen.findings);
}

#[tokio::test]
async fn other_hosts_are_named_once_and_not_counted() {
    let page = "<script src=https://cdn.example.net/a.js></script><link rel=stylesheet href=//cdn.example.net/a.css>";
    let seen = inspect(&[("a.html", page), ("b.html", page)], "/", json!({})).await;
    assert_eq!(subjects(&seen, "page-weight/elsewhere"), ["cdn.example.net"]);
    assert_eq!(seen.measures["script-raw"].1, 0);
}

#[tokio::test]
async fn a_site_without_pages_was_not_looked_at() {
    let seen = inspect(&[("robots.txt", "")], "/", json!({})).await;
    assert_eq!(seen.pages, 0);
    assert_eq!(seen.measures, BTreeMap::new());
}

#[tokio::test]
async fn a_file_that_vanished_is_named() {
    let site = tempfile::tempdir().unwrap();
    fs::write(site.path().join("index.html"), "<p>").unwrap();
    let subject = subject(site.path(), "/");
    fs::remove_file(site.path().join("index.html")).unwrap();
    let error = build(json!({})).unwrap().inspect(&subject, &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, GateError::Unreadable { path, .. } if path.ends_with("index.html")), "{error}");
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let site = tempfile::tempdir().unwrap();
    fs::write(site.path().join("index.html"), "<p>").unwrap();
    let scope = Scope::default();
    scope.cancel.cancel();
    let error = build(json!({})).unwrap().inspect(&subject(site.path(), "/"), &scope).await.unwrap_err();
    assert!(matches!(error, GateError::Cancelled), "{error}");
}

#[test]
fn a_malformed_glob_or_host_is_refused_by_name() {
    for (section, named) in [
        (json!({ "exclude": ["demo/["] }), "`demo/[`"),
        (json!({ "hosts": ["https://example.org/"] }), "`https://example.org/`"),
        (json!({ "hosts": ["Example.org"] }), "`Example.org`"),
    ] {
        let error = build(section).unwrap_err();
        assert!(matches!(error, CatalogError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}
