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
    let host = Host::system(Environment::default());
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
    assert!(seen.findings[0].message.contains("`wrong.html` (and 1 more file)"), "{:?}", seen.findings);
}

#[tokio::test]
async fn other_hosts_are_named_once_and_not_counted() {
    let page = "<script src=https://cdn.example.net/a.js></script><link rel=stylesheet href=//cdn.example.net/a.css>";
    let seen = inspect(&[("a.html", page), ("b.html", page)], "/", json!({})).await;
    assert_eq!(subjects(&seen, "page-weight/elsewhere"), ["cdn.example.net"]);
    assert_eq!(seen.measures["script-raw"].1, 0);
}

#[tokio::test]
async fn modules_that_modules_import_count_and_each_once() {
    let files = [
        ("js/app.js", "import './a.js';import {b} from './deep/b.js';import('./later.js');import 'bare'"),
        ("js/a.js", "export * from './app.js'"),
        ("js/deep/b.js", "import '/js/a.js';import '../gone.js'"),
        ("js/later.js", "0".repeat(1_000).leak()),
        ("index.html", "<script type=module src=js/app.js></script>"),
        ("inline.html", "<script type=module>import './js/a.js'</script>"),
    ];
    let seen = inspect(&files, "/", json!({})).await;
    let modules: usize = files[..3].iter().map(|(_, text)| text.len()).sum();
    let inline = "import './js/a.js'".len();
    assert_eq!(seen.measures["script-raw"], ("inline.html".to_owned(), (modules + inline) as u64));
    assert_eq!(subjects(&seen, "page-weight/missing"), ["js/gone.js"]);
    assert!(seen.findings[0].message.starts_with("`js/deep/b.js` names"), "{:?}", seen.findings);
}

#[tokio::test]
async fn a_classic_script_imports_nothing() {
    let files = [("a.js", "import './b.js'"), ("b.js", "1"), ("index.html", "<script src=a.js></script>")];
    assert_eq!(inspect(&files, "/", json!({})).await.measures["script-raw"].1, 15);
}

#[tokio::test]
async fn stylesheets_bring_stylesheets_fonts_and_images() {
    let files = [
        ("css/a.css", "@import 'b.css'; @import 'a.css'; i { background: url(../i.png) }"),
        ("css/b.css", "@font-face { src: url(f.eot), url(f.woff2) format('woff2'), url(f.ttf) }"),
        ("css/f.woff2", "font"),
        ("css/f.ttf", "a font of another format"),
        ("i.png", "image"),
        ("index.html", "<link rel=stylesheet href=css/a.css>"),
    ];
    let seen = inspect(&files, "/", json!({})).await;
    assert_eq!(seen.measures["style-raw"].1, (files[0].1.len() + files[1].1.len()) as u64);
    assert_eq!(seen.measures["font-raw"].1, 4);
    assert_eq!(seen.measures["image-raw"].1, 5);
    let all: u64 = files.iter().filter(|(path, _)| *path != "css/f.ttf").map(|(_, text)| text.len() as u64).sum();
    assert_eq!(seen.measures["total-raw"].1, all);
    assert_eq!(seen.findings, [], "fonts and images that are missing are for another gate");
}

#[tokio::test]
async fn of_an_image_the_largest_file_counts() {
    let page =
        "<picture><source srcset='s.webp 1x, l.webp 2x'><img src=m.jpg></picture><img src=m.jpg srcset='s.webp 2x'>
        <img loading=lazy src=huge.jpg>";
    let files = [("s.webp", "1"), ("m.jpg", "333"), ("l.webp", "55555"), ("huge.jpg", "7777777"), ("index.html", page)];
    let seen = inspect(&files, "/", json!({ "max-image-bytes": 7 })).await;
    assert_eq!(seen.measures["image-raw"].1, 8);
    assert_eq!(seen.measures["image-brotli"].1, 8, "it is sent as it is");
    assert_eq!(subjects(&seen, "page-weight/image"), ["index.html"]);
}

#[tokio::test]
async fn every_figure_of_a_page_is_of_the_same_page() {
    let random = (0..4_000_u32).map(|n| format!("{:x} ", n.wrapping_mul(2_654_435_761))).collect::<String>();
    let files = [
        ("random.js", random.as_str()),
        ("repeating.js", "0".repeat(90_000).leak()),
        ("a.html", "<script src=repeating.js></script>"),
        ("b.html", "<script src=random.js></script>"),
    ];
    let seen = inspect(&files, "/", json!({})).await;
    let figures = ["script-raw", "script-gzip", "script-brotli"].map(|name| seen.measures[name].clone());
    assert!(figures.iter().all(|(page, _)| page == "b.html"), "{figures:?}");
    assert!(figures[0].1 > figures[1].1 && figures[1].1 > figures[2].1, "{figures:?}");
}

#[tokio::test]
async fn a_file_is_held_to_its_own_budget_under_its_own_compression() {
    let files = [("app.js", "0".repeat(5_000).leak()), ("b.bin", "123"), ("index.html", "<p>")] as [(&str, &str); 3];
    let section =
        |compression: &str| json!({ "files": [{ "glob": "*.js", "max-bytes": 100, "compression": compression }] });
    for (compression, over) in [("none", true), ("gzip", false), ("brotli", false)] {
        let seen = inspect(&files, "/", section(compression)).await;
        let expected: &[&str] = if over { &["app.js"] } else { &[] };
        assert_eq!(subjects(&seen, "page-weight/file"), expected, "{compression}");
    }
    let seen = inspect(&files, "/", json!({ "files": [{ "glob": "*.mjs", "max-bytes": 1 }] })).await;
    assert_eq!(subjects(&seen, "page-weight/no-file"), ["*.mjs"]);
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
        (json!({ "files": [{ "glob": "a[", "max-bytes": 1 }] }), "`a[`"),
        (json!({ "hosts": ["https://example.org/"] }), "`https://example.org/`"),
        (json!({ "hosts": ["Example.org"] }), "`Example.org`"),
    ] {
        let error = build(section).unwrap_err();
        assert!(matches!(error, CatalogError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}
