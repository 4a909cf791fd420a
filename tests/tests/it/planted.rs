//! A site with which nothing is wrong, and one fault after another planted in it: exactly that one is found.

use std::collections::BTreeSet;

use charter_tests::{Site, WITHOUT_BROWSER, command, run};
use serde_json::Value;

use crate::PROGRAM;

/// The example site as a project of its own.
fn example() -> Site {
    let site = Site::empty(PROGRAM);
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples/site");
    let copied = run(command("cp").arg("--recursive").arg(format!("{}/.", example.display())).arg(site.project()));
    assert_eq!(copied.code, Some(0), "{}", copied.text());
    site.run(&["init"]).expect(0);
    site.commit("Publish the site");
    site
}

/// The example site, judged by what needs no browser: every code of the others would take seconds.
fn example_without_browser() -> Site {
    let site = example();
    let production = format!("[environments.production]\n{WITHOUT_BROWSER}");
    site.write("charter.toml", site.read("charter.toml").replace("[environments.production]\n", &production));
    site.commit("Leave the browser out");
    site
}

/// Returns the codes of everything that the gates find, and the command's exit code.
fn found(site: &Site) -> (BTreeSet<String>, Option<i32>) {
    let ran = site.run(&["gates", "run", "--afresh", "--format", "json"]);
    let mut codes = BTreeSet::new();
    for line in ran.stdout.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        collect(&line, &mut codes);
    }
    (codes, ran.code)
}

/// Collects the codes of findings, wherever in a value they are.
fn collect(value: &Value, codes: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let (Some(Value::String(code)), true) = (members.get("code"), members.contains_key("subject")) {
                codes.insert(code.clone());
            }
            members.values().for_each(|member| collect(member, codes));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, codes)),
        _ => {}
    }
}

/// Where a fault is planted.
enum Plant {
    /// In the body of a page.
    Body(&'static str),
    /// In place of another text of that page.
    Instead(&'static str, &'static str),
    /// In a file of the project.
    File(&'static str, &'static str),
    /// In the configuration.
    Configuration(&'static str),
    /// In a branch's name.
    Branch(&'static str),
    /// In a file that is not committed.
    Uncommitted(&'static str),
}

use Plant::{Body, Branch, Configuration, File, Instead, Uncommitted};

const CI: &str = ".github/workflows/ci.yml";

/// Each code, what plants it, and the codes that it cannot be without.
const PLANTED: &[(&str, Plant, &[&str])] = &[
    ("branches/name", Branch("20261121-020711-prod"), &[]),
    ("clean-tree/uncommitted", Uncommitted("notes.txt"), &[]),
    ("command/failed", Configuration("[[gates.command.run]]\nname = \"no\"\ncommand = [\"false\"]\n"), &[]),
    (
        "headers/content-security-policy",
        Instead("default-src 'self'; object-src 'none'", "script-src 'self' 'unsafe-inline'; object-src 'none'"),
        &[],
    ),
    ("headers/referrer-policy", Body("<meta name=\"referrer\" content=\"unsafe-url\">"), &[]),
    (
        "headers/subresource-integrity",
        Body("<script src=\"https://cdn.example.net/a.js\"></script>"),
        &["page-weight/elsewhere"],
    ),
    ("html/button-text", Body("<button type=\"button\"></button>"), &[]),
    ("html/charset", Instead("<meta charset=\"utf-8\">", ""), &[]),
    ("html/doctype", Instead("<!doctype html>\n", ""), &[]),
    ("html/duplicate-id", Body("<p id=\"twice\">a</p><p id=\"twice\">b</p>"), &[]),
    ("html/frame-title", Body("<iframe src=\"/\"></iframe>"), &[]),
    ("html/heading-order", Body("<h6>Deep</h6>"), &[]),
    ("html/image-text", Body("<img src=\"/assets/logo.svg\" width=\"1\" height=\"1\">"), &[]),
    ("html/label", Body("<input name=\"place\">"), &[]),
    ("html/language", Instead("<html lang=\"en\">", "<html>"), &[]),
    ("html/link-text", Body("<a href=\"/\"></a>"), &[]),
    ("html/nesting", Body("<p>One <div>two</div></p>"), &[]),
    ("html/obsolete", Body("<center>Middle</center>"), &[]),
    ("html/stray-end", Body("</section>"), &[]),
    ("html/syntax", Body("<p title='a' title='b'>Twice</p>"), &[]),
    ("html/tabindex", Body("<p tabindex=\"3\">First</p>"), &[]),
    ("html/title", Instead("<title>About this site | Slack Water</title>", ""), &[]),
    ("html/unclosed", Body("<section><p>Open</p>"), &[]),
    ("html/zoom", Instead("initial-scale=1\"", "initial-scale=1, user-scalable=no\""), &[]),
    ("links/case", Body("<a href=\"/About.html\">About</a>"), &[]),
    ("links/fragment", Body("<a href=\"/guide.html#gone\">Gone</a>"), &[]),
    ("links/insecure", Body("<iframe src=\"http://example.net/\" title=\"Elsewhere\"></iframe>"), &[]),
    ("links/malformed", Body("<a href=\"https://exa mple.org/\">Example</a>"), &[]),
    ("links/missing", Body("<a href=\"/gone.html\">Gone</a>"), &[]),
    (
        "links/own-machine",
        Body("<img src=\"http://localhost:3000/a.png\" alt=\"A\" width=\"1\" height=\"1\">"),
        &["page-weight/elsewhere"],
    ),
    ("links/resource", Body("<script src=\"/gone.js\"></script>"), &["page-weight/missing"]),
    (
        "page-weight/elsewhere",
        Body("<script src=\"https://cdn.example.net/a.js\"></script>"),
        &["headers/subresource-integrity"],
    ),
    ("page-weight/file", Configuration("[[gates.page-weight.files]]\nglob = \"**/*.js\"\nmax-bytes = 10\n"), &[]),
    ("page-weight/image", Configuration("[gates.page-weight]\nmax-image-bytes = 10\n"), &[]),
    ("page-weight/missing", Body("<script src=\"/gone.js\"></script>"), &["links/resource"]),
    ("page-weight/no-file", Configuration("[[gates.page-weight.files]]\nglob = \"**/*.none\"\nmax-bytes = 10\n"), &[]),
    ("page-weight/script", Configuration("[gates.page-weight]\nmax-script-bytes = 10\n"), &[]),
    ("page-weight/style", Configuration("[gates.page-weight]\nmax-style-bytes = 10\n"), &[]),
    ("page-weight/total", Configuration("[gates.page-weight]\nmax-total-bytes = 10\n"), &[]),
    ("secrets/password", File("settings.js", "const settings = { password: \"vK8q!Lw2Zr5x\" };\n"), &[]),
    (
        "secrets/private-key",
        File("deploy.txt", "AGE-SECRET-KEY-1Q8ZP0YR9X2GFTVDW7S3JN54KHCE6MUALQ3ZP0YR9X2GFTVDW7S3JN5MULA\n"),
        &[],
    ),
    ("secrets/published-file", File("public/.env", "MODE=production\n"), &[]),
    (
        "secrets/token",
        File("public/notes.txt", "PULUMI_ACCESS_TOKEN=pul-5b7e1c0f9a3d2846e1f7c0b9d8a35264f1e0c7b9\n"),
        &[],
    ),
    ("secrets/url-credentials", File("settings.txt", "postgres://shop:vK8qLw2Zr5@db.internal:5432/orders\n"), &[]),
    ("zero-actions/other-event", File(CI, "on: release\njobs: {}\n"), &[]),
    ("zero-actions/pull-request", File(CI, "on: [pull_request]\njobs: {}\n"), &[]),
    ("zero-actions/push", File(CI, "on: push\njobs: {}\n"), &[]),
    ("zero-actions/schedule", File(CI, "on:\n  schedule:\n    - cron: '0 0 * * *'\njobs: {}\n"), &[]),
    ("zero-actions/unreadable", File(CI, "on: [push\n"), &[]),
];

#[test]
fn nothing_is_found_in_the_example_site() {
    let (codes, code) = found(&example_without_browser());
    assert_eq!((codes, code), (BTreeSet::new(), Some(0)));
}

#[test]
#[ignore = "measures time: the checks run it alone"]
fn the_example_site_passes_every_gate_with_chromium_and_lighthouse_and_is_compliant() {
    let site = example();
    let (remote, backups) = (site.folder().join("remote.git"), site.folder().join("backups"));
    site.git(&["init", "--quiet", "--bare", &remote.to_string_lossy()]);
    site.git(&["remote", "add", "origin", &remote.to_string_lossy()]);
    let production = "[environments.production]\nbranches = { remote = \"origin\" }\n";
    let configuration = site.read("charter.toml").replace("[environments.production]\n", production);
    let backup = format!("\n[backup]\nfolder = {backups:?}\n");
    site.write("charter.toml", configuration + &backup + &site.read("waivers.toml"));
    site.commit("Look at what a machine cannot decide");
    let ran = site.run_with_tools(&["gates", "run", "--afresh"]).expect(0);
    for gate in ["accessibility", "core-web-vitals", "lighthouse"] {
        assert!(ran.stdout.lines().any(|line| line.starts_with(['✓', '!']) && line.contains(gate)), "{}", ran.text());
    }
    // What was measured a moment ago of the same files is not measured again.
    site.run_with_tools(&["deploy"]).expect(0);
    let ran = site.run_with_tools(&["score", "--format", "json"]).expect(0);
    let score: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    assert!(score["total"].as_f64().unwrap() >= 98.0, "{score}");
    assert_eq!(score["compliant"], true, "{score}");
}

#[test]
fn exactly_what_was_planted_is_found() {
    let clean = example_without_browser();
    let wrong: Vec<String> = PLANTED
        .iter()
        .filter_map(|(code, plant, companions)| {
            let site = clean.copy();
            put(&site, plant);
            let (codes, ended) = found(&site);
            let expected: BTreeSet<String> = companions.iter().chain([code]).map(|&code| code.to_owned()).collect();
            let blocks = ended == Some(10) || (ended == Some(0) && *code == "page-weight/elsewhere");
            (codes != expected || !blocks).then(|| format!("{code}: found {codes:?}, ended with {ended:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn put(site: &Site, plant: &Plant) {
    let page = "public/about.html";
    let replace = |from: &str, to: &str| {
        let text = site.read(page);
        assert!(text.contains(from), "`{from}` is not in {page}");
        site.write(page, text.replacen(from, to, 1));
    };
    match plant {
        Body(html) => replace("</main>", &format!("{html}\n</main>")),
        Instead(from, to) => replace(from, to),
        File(path, content) => site.write(path, content),
        Configuration(text) => site.write("charter.toml", site.read("charter.toml") + "\n" + text),
        Branch(name) => _ = site.git(&["branch", name]),
        Uncommitted(path) => return site.write(path, "Not committed.\n"),
    }
    site.commit("Plant a fault");
}

/// What no test of this sort can plant, and where it is tested instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("accessibility/", "needs a browser: the gate's examples, each code"),
    (
        "headers/",
        "nobody says which headers the site is sent with: the gate's samples and crates/gates/tests/it/headers.rs",
    ),
    ("commits/", "nothing is demanded of commits until it is configured: crates/gates/tests/it/commits.rs"),
    ("publishable/", "the target is a docroot: crates/gates/tests/it/publishable.rs"),
    ("ratchet/", "tests/tests/it/gates.rs"),
    ("dependencies/", "the site has no lock file: the gate's samples and examples, each code"),
    ("dockerfile/", "the site has no image: the gate's samples and examples, each code"),
    ("compose/", "the site has no compose file: the gate's samples and examples, each code"),
    ("kubernetes/", "the site has no manifest: the gate's samples and examples, each code"),
    ("core-web-vitals/", "measures for seconds: the gate's samples, each code"),
    ("lighthouse/", "measures for minutes: the gate's samples, each code"),
    ("code-quality/", "the site has no linter: the gate's samples and examples, each code"),
    ("command/", "crates/gates/tests/it/command.rs"),
    ("licenses/", "the site has no lock file: the gate's samples and examples, each code"),
    ("sbom/", "the site has no lock file: the gate's samples and examples, each code"),
    ("migrations/", "the site has no database: the gate's samples and examples, each code"),
    ("policy/", "the site has no policy of its own: the gate's samples and examples, each code"),
    ("pwa/", "needs a browser: the gate's samples and examples, each code"),
    ("typescript/", "the site has no TypeScript: the gate's samples and examples, each code"),
    ("runbook/", "nothing is demanded until it is configured: the gate's samples and examples, each code"),
    ("spec-driven/", "the site has no spec: the gate's samples and examples, each code"),
    ("zero-actions/minutes", "needs GitHub: crates/gates/tests/it/zero_actions.rs"),
    ("zero-actions/runs", "needs GitHub: crates/gates/tests/it/zero_actions.rs"),
    ("zero-actions/dependabot", "a note: the gate's samples"),
    ("html/no-heading", "a note: the gate's samples"),
    ("html/several-h1", "a note: the gate's samples"),
    ("links/outside", "a note: the gate's samples"),
    ("links/redirect", "a note: the gate's samples"),
    ("links/base-path", "needs another base path: the gate's samples"),
    ("page-weight/font", "the gate's samples"),
    ("secrets/browser-key", "the gate's samples"),
    ("secrets/unused-allowance", "a note: the gate's samples"),
];

#[test]
fn every_code_is_planted_here_or_tested_elsewhere() {
    let site = Site::empty(PROGRAM);
    let list = site.run(&["gates", "list", "--format", "json"]).expect(0).stdout;
    let planted: BTreeSet<&str> = PLANTED.iter().map(|(code, ..)| *code).collect();
    let codes: Vec<&str> = list.split('"').filter(|word| word.contains('/') && !word.contains(' ')).collect();
    assert!(codes.len() > 40, "{list}");
    for code in codes.iter().filter(|code| code.split('/').count() == 2 && !code.contains(['.', ',', '\\', '<'])) {
        let known = planted.contains(code) || ELSEWHERE.iter().any(|(start, _)| code.starts_with(start));
        assert!(known, "nobody plants `{code}`");
    }
}
