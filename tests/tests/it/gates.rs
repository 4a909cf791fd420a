//! What gates are asked from the command line: baselines, changes, profiles, memory.

use charter_tests::{Site, html};

use crate::PROGRAM;

/// A page that names a script which is not there, in good order otherwise.
fn page_without(script: &str) -> String {
    html("Old", &format!("<h1>Old</h1>\n<script src=\"{script}\"></script>"))
}

fn site_with_an_old_fault() -> Site {
    let site = Site::new(PROGRAM);
    site.write("public/old.html", page_without("gone.js"));
    site.commit("Add an old page");
    site
}

#[test]
fn what_was_wrong_before_may_stand_and_nothing_new() {
    let site = site_with_an_old_fault();
    let ran = site.run(&["deploy"]).expect(10);
    assert!(ran.text().contains("page-weight/missing"), "{}", ran.text());

    site.run(&["gates", "baseline", "--accept-new", "--dry-run"]).expect(0);
    assert!(!site.project().join("gates.baseline.jsonl").exists());
    site.run(&["gates", "baseline", "--accept-new"]).expect(0);
    site.commit("Accept what was wrong before the gates came");
    site.run(&["deploy"]).expect(0);

    site.write("public/new.html", page_without("gone-too.js"));
    site.commit("Add a new fault");
    let ran = site.run(&["deploy"]).expect(10);
    assert!(ran.text().contains("gone-too.js"), "{}", ran.text());
}

#[test]
fn a_baseline_only_shrinks() {
    let site = site_with_an_old_fault();
    site.run(&["gates", "baseline", "--accept-new"]).expect(0);
    site.commit("Accept");
    site.run(&["deploy"]).expect(0);

    site.write("public/old.html", html("Old", "<h1>Old</h1>"));
    site.commit("Put it right");
    let ran = site.run(&["gates", "run"]).expect(0);
    assert!(ran.text().contains("gates baseline"), "{}", ran.text());
    let accepted = site.read("gates.baseline.jsonl");
    site.run(&["gates", "baseline"]).expect(0);
    assert_eq!(site.read("gates.baseline.jsonl").lines().count(), 1, "only the header is left");
    site.commit("Shrink the baseline");
    site.run(&["deploy"]).expect(0);

    site.write("gates.baseline.jsonl", accepted);
    site.commit("Grow it by hand");
    let ran = site.run(&["deploy"]).expect(10);
    assert!(ran.text().contains("ratchet/grown"), "{}", ran.text());
}

#[test]
fn a_baseline_in_conflict_is_no_baseline() {
    let site = site_with_an_old_fault();
    site.run(&["gates", "baseline", "--accept-new"]).expect(0);
    let text = site.read("gates.baseline.jsonl");
    site.write("gates.baseline.jsonl", format!("<<<<<<< HEAD\n{text}=======\n{text}>>>>>>> other\n"));
    site.commit("Forget to finish a merge");
    for arguments in [&["gates", "run"][..], &["deploy"]] {
        let ran = site.run(arguments).expect(2);
        let text = ran.text();
        assert!(text.contains("line 1 is a mark of an unfinished merge"), "{text}");
        assert!(text.contains("finish the merge"), "{text}");
    }
    assert_eq!(site.version_seen(), None);
}

#[test]
fn a_figure_in_the_baseline_must_not_get_worse() {
    let site = Site::new(PROGRAM);
    let script = |text: &str| {
        site.write("public/app.js", text);
        site.write("public/guide.html", page_without("app.js"));
        site.commit("Change the script");
    };
    script("console.log('one')");
    site.run(&["gates", "baseline", "--figures"]).expect(0);
    site.commit("Hold the figures");
    site.run(&["deploy"]).expect(0);
    script("console.log('one, and quite a bit more of it than there was before')");
    let ran = site.run(&["deploy"]).expect(10);
    assert!(ran.text().contains("ratchet/baseline"), "{}", ran.text());
}

#[test]
fn a_release_much_heavier_than_the_live_one_is_noticed() {
    let site = Site::new(PROGRAM);
    site.write("charter.toml", site.read("charter.toml") + "\n[ratchet]\nmax-regression-percent = 50\n");
    site.write("public/app.js", "console.log('one')");
    site.write("public/guide.html", page_without("app.js"));
    site.commit("Begin");
    site.run(&["deploy"]).expect(0);
    let much: String = (0_u64..4_000).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    site.write("public/app.js", format!("console.log('{much}')"));
    site.commit("Add weight");
    let ran = site.run(&["deploy"]).expect(10);
    assert!(ran.text().contains("ratchet/live"), "{}", ran.text());
}

#[test]
fn a_run_about_changes_leaves_out_what_did_not_change() {
    let site = site_with_an_old_fault();
    site.run(&["gates", "baseline", "--accept-new"]).expect(0);
    site.commit("Accept");
    site.run(&["deploy"]).expect(0);
    site.git(&["rm", "--quiet", "gates.baseline.jsonl"]);
    site.commit("Accept nothing any more");
    site.run(&["gates", "run"]).expect(10);
    let ran = site.run(&["gates", "run", "html", "--changed"]);
    assert!(!ran.text().contains("old.html"), "{}", ran.text());
}

#[test]
fn an_environment_may_be_judged_otherwise() {
    let site = site_with_an_old_fault();
    let staging = "\n[environments.staging]\ntarget = { kind = \"docroot\", path = \"production/staging\" }\n\
                   [environments.staging.gates]\nenforcement = \"flexible\"\nskip = [\"branches\", \"accessibility\", \"core-web-vitals\", \"lighthouse\"]\n";
    site.write("charter.toml", site.read("charter.toml") + staging);
    site.commit("Add a staging environment");
    site.run(&["deploy"]).expect(10);
    site.run(&["deploy", "--environment", "staging"]).expect(0);
    let ran = site.run(&["gates", "run", "--environment", "staging"]).expect(0);
    assert!(ran.text().contains("the configuration of staging leaves it out"), "{}", ran.text());
}

#[test]
fn a_gate_that_is_not_there_is_named_with_the_nearest() {
    let site = Site::new(PROGRAM);
    let ran = site.run(&["gates", "run", "page-wait"]).expect(2);
    assert!(ran.text().contains("page-weight"), "{}", ran.text());
    site.run(&["gates", "run", "page-weight"]).expect(0);
}

#[test]
fn a_second_run_remembers_and_says_so() {
    let site = Site::new(PROGRAM);
    let reports = |arguments: &[&str]| {
        let text = site.run(arguments).expect(0).stdout;
        text.contains("\"remembered\":true")
    };
    assert!(!reports(&["gates", "run", "--format", "json"]));
    assert!(reports(&["gates", "run", "--format", "json"]));
    assert!(!reports(&["gates", "run", "--afresh", "--format", "json"]));
}

#[test]
fn a_new_gate_begins_as_a_crate_of_its_own() {
    let site = Site::new(PROGRAM);
    site.run(&["gates", "new", "page-age", "--into", "tools"]).expect(0);
    assert!(site.read("tools/page-age/src/lib.rs").contains("page-age/unfinished"));
    assert!(site.read("tools/page-age/src/main.rs").contains("page_age::gate"));
    site.run(&["gates", "new", "page-age", "--into", "tools"]).expect(2);
    site.run(&["gates", "new", "Page Age"]).expect(2);
    site.run(&["gates", "new", "links"]).expect(2);
}

#[test]
fn what_other_tools_are_told_is_printed_then_written_and_not_written_twice() {
    let site = Site::new(PROGRAM);
    site.run(&["gates", "import"]).expect(2);
    let told = r#"{"ci":{"assert":{"assertions":{"resource-summary:script:size":["error",{"maxNumericValue":150000}],
        "uses-http2":"warn"}}}}"#;
    site.write(".lighthouserc.json", told);
    site.write(".trivyignore", "# One-shot\nDS026\n");
    let before = site.read("charter.toml");
    let ran = site.run(&["gates", "import"]).expect(0);
    for said in ["max-script-bytes = 150000", "removed in Lighthouse 13", "a waiver of `dockerfile/no-healthcheck`"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.text());
    }
    assert_eq!(site.read("charter.toml"), before);

    site.run(&["gates", "import", "--write"]).expect(2);
    assert_eq!(site.read("charter.toml"), before, "nobody answers for the waiver");
    site.run(&["gates", "import", "--write", "--owner", "ann"]).expect(0);
    let after = site.read("charter.toml");
    assert!(after.starts_with(&before) && after.contains("owner = \"ann\""), "{after}");
    site.run(&["gates", "import", "--write", "--owner", "ann"]).expect(0);
    assert_eq!(site.read("charter.toml"), after);
    site.commit("Bring what was told to others");
    site.run(&["deploy", "--dry-run"]).expect(0);
}
