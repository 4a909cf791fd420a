//! What is told of pages.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Inspection};
use charter_gates::{GateError, Only, Subject};
use charter_host::{Environment, Host, Scope, Secrets, Setup};
use serde_json::json;

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title><h1>Hello</h1>\n";

fn gate() -> Box<dyn charter_gates::Gate> {
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: std::path::Path::new("/"), secrets: &Secrets::default() };
    charter_gates::standard().build("html", json!({}), &setup).unwrap()
}

fn subject(site: &tempfile::TempDir, files: &[(&str, &[u8])]) -> Subject {
    for (path, content) in files {
        fs::write(site.path().join(path), content).unwrap();
    }
    let artifact = Artifact::read(site.path(), None, &Scope::default()).unwrap();
    Subject { artifact: Some(Arc::new(artifact)), ..Subject::new(site.path()) }
}

async fn findings(page: &[u8]) -> Vec<Finding> {
    let site = tempfile::tempdir().unwrap();
    let subject = subject(&site, &[("index.html", page)]);
    let inspection = gate().inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { findings, .. } = inspection else { panic!("there is a page") };
    findings
}

/// The codes found in a page that is sound but for `body`.
async fn codes(body: &str) -> Vec<String> {
    let findings = findings(format!("{HEAD}{body}").as_bytes()).await;
    findings.into_iter().map(|finding| finding.code.trim_start_matches("html/").to_owned()).collect()
}

#[tokio::test]
async fn links_and_buttons_need_a_name_that_can_be_said() {
    for body in [
        "<a href=x>x</a>",
        "<a href=x><img src=y alt=z></a>",
        "<a href=x aria-label=y></a>",
        "<a href=x title=y></a>",
        "<a href=x><span aria-label=y></span></a>",
        "<a href=x><svg><title>y</title></svg></a>",
        "<a href=x hidden></a>",
        "<div aria-hidden=true><a href=x></a></div>",
        "<a id=x></a>",
        "<button><b>x</b></button>",
        "<input type=submit><input type=button value=x>",
        "<template><a href=x></a></template>",
        "<a href=x><div><p>y</div></a>",
    ] {
        assert_eq!(codes(body).await, Vec::<String>::new(), "{body}");
    }
    for (body, code) in [
        ("<a href=x></a>", "link-text"),
        ("<a href=x> \n</a>", "link-text"),
        ("<a href=x><i class=icon></i></a>", "link-text"),
        ("<a href=x><img src=y alt=''></a>", "link-text"),
        ("<a href=x><span aria-hidden=true>y</span></a>", "link-text"),
        ("<a href=x><svg aria-hidden=true><title>y</title></svg></a>", "link-text"),
        ("<a href=x><script>y</script></a>", "link-text"),
        ("<button></button>", "button-text"),
        ("<input type=button>", "button-text"),
    ] {
        assert_eq!(codes(body).await, [code], "{body}");
    }
}

#[tokio::test]
async fn images_and_controls_need_one_too() {
    for body in [
        "<img src=x alt=''>",
        "<img src=x role=presentation>",
        "<p hidden><img src=x></p>",
        "<map name=m><area href=x alt=y><area></map>",
        "<label>x <input></label>",
        "<input id=a><label for=a>x</label>",
        "<input aria-label=x><input placeholder=x><input type=hidden>",
        "<label>x <select><option>y</select></label>",
    ] {
        assert_eq!(codes(body).await, Vec::<String>::new(), "{body}");
    }
    for (body, code) in [
        ("<img src=x>", "image-text"),
        ("<input type=image src=x>", "image-text"),
        ("<map name=m><area href=x></map>", "image-text"),
        ("<input>", "label"),
        ("<label for=b>x</label><input id=a>", "label"),
        ("<textarea></textarea>", "label"),
    ] {
        assert_eq!(codes(body).await, [code], "{body}");
    }
}

#[tokio::test]
async fn a_finding_points_at_the_place_and_names_the_thing() {
    let found = findings(format!("{HEAD}\n<p>ü <img src=bridge.jpg><img src=bridge.jpg>").as_bytes()).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "the image `bridge.jpg` has no text in its place in `index.html` (2 times)");
    assert_eq!(found[0].key.as_deref(), Some("bridge.jpg"));
    assert_eq!((found[0].locations[0].line, found[0].locations[0].column), (Some(3), Some(6)));
}

#[tokio::test]
async fn headings_may_go_up_at_once_and_down_step_by_step() {
    assert_eq!(codes("<h2>a</h2><h3>b</h3><h2>c</h2>").await, Vec::<String>::new());
    assert_eq!(codes("<h2>a</h2><h4>b</h4>").await, ["heading-order"]);
    assert_eq!(codes("<h2>a</h2><div hidden><h4>b</h4></div>").await, Vec::<String>::new());
}

#[tokio::test]
async fn the_encoding_must_be_utf8_and_be_named_in_time() {
    let page = |head: &str| format!("<!doctype html><html lang=en>{head}<title>Grüezi</title><h1>x</h1>").into_bytes();
    let late = format!("<!-- {} --><meta charset=utf-8>", "x".repeat(1_100));
    for (page, count) in [
        (page("<meta charset=utf-8>"), 0),
        (page("<meta http-equiv=Content-Type content='text/html; charset=UTF-8'>"), 0),
        ([b"\xef\xbb\xbf".to_vec(), page("")].concat(), 0),
        (page(""), 1),
        (page("<meta charset=latin1>"), 1),
        (page(&late), 1),
        ([page("<meta charset=utf-8>"), b"\xff".to_vec()].concat(), 1),
    ] {
        let found = findings(&page).await;
        let found: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
        assert_eq!(found, vec!["html/charset"; count], "{}", String::from_utf8_lossy(&page));
    }
}

#[tokio::test]
async fn another_encoding_is_told_once() {
    let page = b"<!doctype html><html lang=ko><meta charset=EUC-KR><title>x</title><h1>\xc7\xd1</h1>";
    let found = findings(page).await;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "the encoding is `EUC-KR`, not UTF-8 in `index.html`");
}

#[tokio::test]
async fn a_part_of_a_page_is_told_as_such_and_not_for_what_a_page_needs() {
    let found = findings("<p>Grüezi</p>".as_bytes()).await;
    let found: Vec<&str> = found.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(found, ["html/doctype"]);
    let found = findings(b"<title>x</title><p>y").await;
    assert!(found.iter().any(|finding| finding.code == "html/language"), "{found:?}");
}

#[tokio::test]
async fn what_has_no_address_is_told_without_one() {
    for (body, message) in [
        ("<img>", "an image has no text in its place in `index.html`"),
        ("<a href=''></a>", "a link to the page itself has no text in `index.html`"),
        ("<iframe></iframe>", "a frame has no title in `index.html`"),
    ] {
        let found = findings(format!("{HEAD}{body}").as_bytes()).await;
        assert_eq!(found[0].message, message);
    }
}

#[tokio::test]
async fn a_page_full_of_faults_says_so_in_a_few_lines() {
    let images: String = (0..5_000).map(|n| format!("<img src={n}.png>")).collect();
    let found = findings(format!("{HEAD}{images}").as_bytes()).await;
    assert_eq!(found.len(), 11);
    let last = found.iter().find(|finding| finding.key.as_deref() == Some("more")).unwrap();
    assert_eq!(last.message, "there is more that `html/image-text` is about in `index.html` (4990 times)");
}

#[tokio::test]
async fn hostile_pages_are_read_to_the_end() {
    for page in [
        "<div>".repeat(200_000),
        "<b><p>".repeat(50_000),
        "<a href=x>".repeat(50_000),
        "<table><tr><td>".repeat(50_000),
        "</p>".repeat(200_000),
        format!("<p {}>", "a=1 ".repeat(200_000)),
        "<svg><foreignObject>".repeat(50_000),
        "<template>".repeat(100_000),
        "&".repeat(500_000),
    ] {
        assert!(findings(page.as_bytes()).await.len() < 60);
    }
}

#[tokio::test]
async fn only_the_pages_that_a_run_is_about_are_read() {
    let site = tempfile::tempdir().unwrap();
    let whole = subject(&site, &[("a.html", b"<p>"), ("b.html", b"<p>"), ("c.css", b"")]);
    let about = |path: &str| Only { site: BTreeSet::from([path.to_owned()]), ..Only::default() };
    let subject = Subject { only: Some(Arc::new(about("b.html"))), ..whole.clone() };
    let Inspection::Looked { findings, looked_at, .. } = gate().inspect(&subject, &Scope::default()).await.unwrap()
    else {
        panic!("a page changed")
    };
    assert_eq!(looked_at.counts["pages"], 1);
    assert!(findings.iter().all(|finding| finding.subject == "b.html"));
    let subject = Subject { only: Some(Arc::new(about("c.css"))), ..whole };
    let inspection = gate().inspect(&subject, &Scope::default()).await.unwrap();
    assert!(matches!(inspection, Inspection::NotApplicable { .. }), "{inspection:?}");
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let site = tempfile::tempdir().unwrap();
    let subject = subject(&site, &[("index.html", b"<p>")]);
    let scope = Scope::default();
    scope.cancel.cancel();
    let error = gate().inspect(&subject, &scope).await.unwrap_err();
    assert!(matches!(error, GateError::Cancelled), "{error}");
}
