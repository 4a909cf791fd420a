//! What following links finds.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use charter_artifact::Artifact;
use charter_deploy_model::{Finding, Inspection, LookedAt};
use charter_gates::{Gate, GateError, Subject};
use charter_host::{CatalogError, Environment, Host, Scope, Secrets, Setup};
use serde_json::{Value, json};
use tempfile::TempDir;

fn build(section: Value) -> Result<Box<dyn Gate>, CatalogError> {
    let host = Host::system(Environment::default());
    let setup = Setup { host: &host, root: Path::new("/"), secrets: &Secrets::default() };
    charter_gates::standard().build("links", section, &setup)
}

fn site(files: &[(&str, &str)], base_path: &str) -> (TempDir, Subject) {
    let site = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = site.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let artifact = Arc::new(Artifact::read(site.path(), None, &Scope::default()).unwrap());
    let subject = Subject { artifact: Some(artifact), base_path: base_path.to_owned(), ..Subject::new(site.path()) };
    (site, subject)
}

struct Seen {
    findings: Vec<Finding>,
    measures: Vec<(String, u64)>,
    looked_at: LookedAt,
}

async fn inspect(files: &[(&str, &str)], base_path: &str, section: Value) -> Seen {
    let (_folder, subject) = site(files, base_path);
    let inspection = build(section).unwrap().inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { findings, measures, looked_at } = inspection else { panic!("it looks at every site") };
    let measures = measures.into_iter().map(|measure| (measure.name, measure.value as u64)).collect();
    Seen { findings, measures, looked_at }
}

/// Codes and subjects.
async fn found(files: &[(&str, &str)], base_path: &str, section: Value) -> Vec<(String, String)> {
    let seen = inspect(files, base_path, section).await;
    seen.findings.into_iter().map(|finding| (finding.code, finding.subject)).collect()
}

fn pair(code: &str, subject: &str) -> (String, String) {
    (format!("links/{code}"), subject.to_owned())
}

#[tokio::test]
async fn a_target_that_is_not_there_is_told_once_whatever_part_of_it_is_meant() {
    let pages = [
        ("a.html", "<a href=gone.html#x></a><a href=gone.html#y></a><a href=gone.html></a>"),
        ("b.html", "<a href=gone.html#z></a><a href=/imprint#a></a><a href=/imprint#b></a>"),
    ];
    let seen = inspect(&pages, "/docs/", json!({})).await;
    let told: Vec<(&str, &str)> =
        seen.findings.iter().map(|finding| (finding.code.as_str(), finding.subject.as_str())).collect();
    assert_eq!(told, [("links/missing", "gone.html"), ("links/outside", "/imprint")]);
    assert_eq!(seen.findings[0].message, "`a.html` (and 1 more file) links to `gone.html`, which is not in the site");
}

#[tokio::test]
async fn each_sort_of_fault_has_its_code() {
    let page = "<a href=gone.html></a><img src=gone.png><a href=b.html#gone></a><a href=#gone></a><a href=B.html></a>\
                <a href=/b.html></a><a href=/imprint></a><a href=https://[></a><script src=http://x.example/a.js></script>\
                <a href=file:///a></a><a href=sub></a><a href=empty/></a>";
    let files = [("a.html", page), ("b.html", ""), ("sub/index.html", ""), ("empty/a.txt", "")];
    assert_eq!(
        found(&files, "/docs/", json!({})).await,
        [
            pair("base-path", "/b.html"),
            pair("case", "B.html"),
            pair("fragment", "a.html#gone"),
            pair("fragment", "b.html#gone"),
            pair("insecure", "http://x.example/a.js"),
            pair("malformed", "https://["),
            pair("missing", "empty/"),
            pair("missing", "gone.html"),
            pair("outside", "/imprint"),
            pair("own-machine", "file:///a"),
            pair("redirect", "sub"),
            pair("resource", "gone.png"),
        ]
    );
}

#[tokio::test]
async fn one_wrong_link_in_a_template_is_one_finding_with_the_number_of_pages() {
    let pages: Vec<String> = (0..50).map(|n| format!("{n:02}/index.html")).collect();
    let files: Vec<(&str, &str)> =
        pages.iter().map(|path| (path.as_str(), "<nav>\n  <a href=\"../gone.html\">Gone</a></nav>")).collect();
    let seen = inspect(&files, "/", json!({})).await;
    let [finding] = seen.findings.as_slice() else { panic!("{:?}", seen.findings) };
    assert_eq!(finding.subject, "gone.html");
    assert_eq!(finding.message, "`00/index.html` (and 49 more files) links to `gone.html`, which is not in the site");
    let places: Vec<_> = finding.locations.iter().map(|at| (at.path.as_str(), at.line, at.column)).collect();
    assert_eq!(
        places,
        [
            ("00/index.html", Some(2), Some(12)),
            ("01/index.html", Some(2), Some(12)),
            ("02/index.html", Some(2), Some(12))
        ]
    );
    assert!(seen.measures.contains(&("links-faulty".to_owned(), 50)), "{:?}", seen.measures);
}

#[tokio::test]
async fn a_place_is_counted_in_characters() {
    let files = [("a.html", "<p>\n<p>é<a href='gone.html'></a>ü<a href='x.html'></a>\n\n<a href=y.html></a>")];
    let seen = inspect(&files, "/", json!({})).await;
    let places: Vec<_> = seen.findings.iter().map(|one| (one.locations[0].line, one.locations[0].column)).collect();
    assert_eq!(places, [(Some(2), Some(14)), (Some(2), Some(39)), (Some(4), Some(9))]);
}

#[tokio::test]
async fn wrong_capitals_can_be_put_right_by_an_edit() {
    for (written, page, spelled) in [
        ("about.html", "index.html", Some("About.html")),
        ("./about.html?x=1#y", "index.html", Some("./About.html")),
        ("../about.html", "sub/index.html", Some("../About.html")),
        ("/about.html", "sub/index.html", Some("/About.html")),
        ("team", "index.html", Some("Team")),
        ("/team/ann.html", "sub/index.html", Some("/Team/Ann.html")),
        ("team/../about.html", "index.html", None),
        ("%61bout.html", "index.html", None),
        ("https://example.org/about.html", "index.html", None),
    ] {
        let text = format!("<a href=\"{written}\">x</a>");
        let files = [(page, text.as_str()), ("About.html", ""), ("Team/Ann.html", ""), ("Team/index.html", "")];
        let (folder, subject) = site(&files, "/");
        let gate = build(json!({ "hosts": ["example.org"] })).unwrap();
        let look = async |subject: &Subject| match gate.inspect(subject, &Scope::default()).await.unwrap() {
            Inspection::Looked { findings, .. } => findings,
            Inspection::NotApplicable { reason } => panic!("{reason}"),
        };
        let findings = look(&subject).await;
        let [finding] = findings.as_slice() else { panic!("{written}: {findings:?}") };
        assert_eq!(finding.code, "links/case", "{written}");
        assert_eq!(finding.fix.as_ref().map(|fix| fix.new.as_str()), spelled, "{written}");
        let Some(fix) = &finding.fix else { continue };
        let start = usize::try_from(fix.start).unwrap();
        assert_eq!(&text[start..start + fix.old.len()], fix.old, "{written}");
        let fixed = format!("{}{}{}", &text[..start], fix.new, &text[start + fix.old.len()..]);
        fs::write(folder.path().join(page), fixed).unwrap();
        let artifact = Arc::new(Artifact::read(folder.path(), None, &Scope::default()).unwrap());
        let again = look(&Subject { artifact: Some(artifact), ..subject }).await;
        assert!(again.iter().all(|finding| finding.code != "links/case"), "{written}: {again:?}");
    }
}

#[tokio::test]
async fn what_the_owner_knows_of_is_no_finding() {
    let page = "<a href=api/users></a><a href=src/a.html#1-2></a><a href=/other/></a><a href='https://['></a>";
    let files = [("index.html", page), ("src/a.html", ""), ("archive/old.html", "<a href=gone.html></a>")];
    let section = json!({
        "exclude": ["archive/**"],
        "ignore": ["api/**", "/other/**", "https://[[]"],
        "ignore-fragments": ["src/*.html#[0-9]*"],
    });
    assert_eq!(found(&files, "/docs/", section).await, []);
    assert_eq!(found(&files, "/docs/", json!({})).await.len(), 5);
}

#[tokio::test]
async fn an_excluded_page_can_still_be_linked_to() {
    let files = [("index.html", "<a href=old.html#part></a><a href=old.html#gone></a>"), ("old.html", "<p id=part>")];
    assert_eq!(found(&files, "/", json!({ "exclude": ["old.html"] })).await, [pair("fragment", "old.html#gone")]);
}

#[tokio::test]
async fn the_base_element_moves_links_and_bare_fragments() {
    let files = [
        ("a/index.html", "<base href=/b/><a href=x.html></a><a href=#there></a><a href=#gone></a>"),
        ("b/index.html", "<p id=there>"),
        ("b/x.html", ""),
    ];
    assert_eq!(found(&files, "/", json!({})).await, [pair("fragment", "b/#gone")]);
}

#[tokio::test]
async fn a_fragment_follows_the_page_that_hands_it_on() {
    let moved =
        "<meta http-equiv=refresh content='0; url=new.html'><script>location = 'new.html' + location.hash</script>";
    let files = [
        ("a.html", "<a href=old.html#part></a><a href=old.html#gone></a><a href=dropped.html#part></a>"),
        ("dropped.html", "<meta http-equiv=refresh content='0; url=new.html'>"),
        (
            "loop.html",
            "<meta http-equiv=refresh content='0; url=loop.html'><script>location.hash</script><a href=#x></a>",
        ),
        ("new.html", "<p id=part>"),
        ("old.html", moved),
    ];
    assert_eq!(
        found(&files, "/", json!({})).await,
        [pair("fragment", "dropped.html#part"), pair("fragment", "loop.html#x"), pair("fragment", "old.html#gone")]
    );
}

#[tokio::test]
async fn own_hosts_are_followed_and_others_counted() {
    let page = "<a href=https://example.org/docs/gone></a><a href=https://example.net/gone></a>\
                <link rel=canonical href=http://example.org/docs/><img src=http://example.org/docs/a.png>";
    let files = [("index.html", page), ("a.png", "")];
    let seen = inspect(&files, "/docs/", json!({ "hosts": ["example.org"] })).await;
    let codes: Vec<_> = seen.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["links/insecure", "links/missing"]);
    assert!(seen.measures.contains(&("links-elsewhere".to_owned(), 1)), "{:?}", seen.measures);
    let codes = found(&files, "/docs/", json!({})).await;
    assert_eq!(codes, [pair("insecure", "http://example.org/docs/a.png")]);
}

#[tokio::test]
async fn a_page_that_moved_is_named() {
    let files = [("index.html", "<a href=old/guide.html></a>"), ("new/guide.html", "")];
    let seen = inspect(&files, "/", json!({})).await;
    assert!(
        seen.findings[0].help.as_ref().is_some_and(|help| help.contains("`new/guide.html`")),
        "{seen:?}",
        seen = seen.findings
    );
}

#[tokio::test]
async fn a_page_that_cannot_be_read_as_one_is_undecided() {
    let files = [("a.html", "<p>"), ("b.html", "\u{0}")];
    let (folder, _) = site(&files, "/");
    fs::write(folder.path().join("b.html"), b"\xff\xfe<\0p\0>\0").unwrap();
    let artifact = Arc::new(Artifact::read(folder.path(), None, &Scope::default()).unwrap());
    let subject = Subject { artifact: Some(artifact), ..Subject::new(folder.path()) };
    let inspection = build(json!({})).unwrap().inspect(&subject, &Scope::default()).await.unwrap();
    let Inspection::Looked { looked_at, .. } = inspection else { panic!("it looks at every site") };
    assert_eq!(looked_at.undecided, ["The links in `b.html` are not known: it is in UTF-16."]);
}

#[tokio::test]
async fn hostile_references_are_bounded_and_shown_without_control_characters() {
    let long = format!("<a href=\"{}\"></a><a href=\"/a%1b[31m\u{7}b\"></a>", "x/".repeat(100_000));
    let deep = "<div><a href=x>".repeat(50_000);
    let srcset = format!("<img srcset=\"{}\">", "a.png 1x,".repeat(50_000));
    let style = format!("<p style=\"{}\">", "background:url(a.png);".repeat(50_000));
    let files = [("a.html", long.as_str()), ("b.html", &deep), ("c.html", &srcset), ("d.html", &style)];
    let seen = inspect(&files, "/", json!({})).await;
    let codes: Vec<_> = seen.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(codes, ["links/malformed", "links/missing", "links/missing", "links/resource"]);
    for finding in &seen.findings {
        assert!(!finding.message.contains(char::is_control) && finding.message.len() < 400, "{finding:?}");
    }
    assert_eq!(seen.looked_at.counts["pages"], 4);
}

#[tokio::test]
async fn more_faulty_targets_than_are_listed_leave_the_rest_undecided() {
    let page: String = (0..10_007).map(|n| format!("<a href=gone-{n:05}></a>")).collect();
    let seen = inspect(&[("a.html", page.as_str())], "/", json!({})).await;
    assert_eq!(seen.findings.len(), 10_000);
    assert_eq!(seen.looked_at.undecided, ["7 more targets have the fault `links/missing` and are not listed."]);
}

#[tokio::test]
async fn a_file_that_vanished_is_named() {
    let (folder, subject) = site(&[("index.html", "<p>")], "/");
    fs::remove_file(folder.path().join("index.html")).unwrap();
    let error = build(json!({})).unwrap().inspect(&subject, &Scope::default()).await.unwrap_err();
    assert!(matches!(&error, GateError::Unreadable { path, .. } if path.ends_with("index.html")), "{error}");
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let (_folder, subject) = site(&[("index.html", "<p>")], "/");
    let scope = Scope::default();
    scope.cancel.cancel();
    let error = build(json!({})).unwrap().inspect(&subject, &scope).await.unwrap_err();
    assert!(matches!(error, GateError::Cancelled), "{error}");
}

#[test]
fn a_malformed_glob_or_host_is_refused_by_name() {
    for (section, named) in [
        (json!({ "exclude": ["demo/["] }), "`exclude`: `demo/[`"),
        (json!({ "ignore": ["demo/["] }), "`ignore`: `demo/[`"),
        (json!({ "ignore-fragments": ["["] }), "`ignore-fragments`: `[`"),
        (json!({ "hosts": ["https://example.org/"] }), "`https://example.org/`"),
    ] {
        let error = build(section).unwrap_err();
        assert!(error.to_string().contains(named), "{error}");
    }
}
