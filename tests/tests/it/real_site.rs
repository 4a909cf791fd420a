//! A site that nobody here wrote, served by a server that nobody here wrote: the toolchain's own book, and nginx.

use std::path::PathBuf;

use charter_tests::{Site, WITHOUT_BROWSER, command, has, installed, run};

use crate::PROGRAM;
use crate::web_server::{Nginx, get};

/// The book ships a search index and scripts of several hundred kB on every page; its makers know.
const WAIVER: &str = r#"
[[waivers]]
code = "page-weight/script"
reason = "the search index is part of the book"
owner = "the book's makers"
expires = "2099-01-01"

[[waivers]]
code = "page-weight/missing"
reason = "some pages name scripts that only the online book has"
owner = "the book's makers"
expires = "2099-01-01"
"#;

pub(crate) fn book() -> Option<PathBuf> {
    let sysroot = run(command("rustc").args(["--print", "sysroot"])).stdout;
    let book = PathBuf::from(sysroot.trim()).join("share/doc/rust/html/book");
    has("the toolchain's book (rustup component add rust-docs)", book.is_dir()).then_some(book)
}

#[test]
fn the_rust_book_is_shown_changed_and_brought_back_on_a_real_server() {
    let Some(book) = book().filter(|_| has("nginx", installed("nginx"))) else { return };
    let site = Site::empty(PROGRAM);
    let public = site.project().join("public");
    run(command("cp").arg("--recursive").arg(book).arg(&public)).expect(0);
    site.run(&["init"]).expect(0);

    let server = Nginx::start(&site);
    let production = format!("[environments.production]\n{WITHOUT_BROWSER}url = \"http://127.0.0.1:{}/\"", server.port);
    let configuration = site
        .read("charter.toml")
        // The book links to the documentation beside it, which is not here.
        .replace("enforcement = \"strict\"", "enforcement = \"flexible\"")
        .replace("[environments.production]", &production)
        .replace("{ path = \"/\", status = 200 }", "{ path = \"/\", contains = \"The Rust Programming Language\" }");
    site.write("charter.toml", configuration + WAIVER);
    site.commit("Publish the book");
    site.run(&["deploy"]).expect(0);
    let front = || get(server.port, "/").unwrap().1;
    let first = front();
    assert!(first.contains("The Rust Programming Language"), "{first}");

    let index = site.read("public/index.html");
    site.write("public/index.html", index.replace("</main>", "<p>A change.</p></main>"));
    site.commit("Change the front page");
    site.run(&["deploy"]).expect(0);
    assert!(front().contains("<p>A change.</p>"));

    site.run(&["rollback"]).expect(0);
    assert_eq!(front(), first, "every byte is as it was");
    site.run(&["verify"]).expect(0);
    let shown = site.run(&["show", "--format", "json"]).expect(0).stdout;
    assert!(shown.contains("\"loopback\":false"), "it was verified where users look: {shown}");
}

#[test]
fn a_server_that_shows_something_else_is_not_believed() {
    if !has("nginx", installed("nginx")) {
        return;
    }
    let site = Site::new(PROGRAM);
    // It shows a folder that no deployment changes: nothing that is deployed can ever be seen there.
    let elsewhere = site.folder().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let server = Nginx::on(&site, &elsewhere);
    let url = format!("[environments.production]\nurl = \"http://127.0.0.1:{}/\"", server.port);
    let configuration = site.read("charter.toml").replace("[environments.production]", &url);
    site.write("charter.toml", configuration.replace("verify = { ", "verify = { timeout-seconds = 1, "));
    site.commit("Verify on the server");
    let ran = site.run(&["deploy"]).expect(13);
    assert!(ran.text().contains("deploy.json"), "{}", ran.text());
    assert_eq!(site.version_seen(), None);
}
