//! What is wrong is said clearly: where, what, and what would be right. Nothing changes.

use std::os::unix::ffi::OsStrExt;

use charter_tests::{CONFIGURATION, Site, html};

use crate::PROGRAM;

/// Runs `deploy` on a changed site and demands an exit code and words; users must see what they saw before.
fn refused(prepare: impl FnOnce(&Site), code: i32, words: &[&str]) {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    prepare(&site);
    let ran = site.run(&["deploy"]).expect(code);
    for word in words {
        assert!(ran.text().contains(word), "`{word}` is not in: {}", ran.text());
    }
    assert_eq!(site.version_seen(), Some(1), "{}", ran.text());
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_nearest_right_one() {
    let wrong = CONFIGURATION.replace("verify = ", "verfy = ");
    refused(|site| site.write("charter.toml", wrong), 2, &["charter.toml:10", "verfy", "verify"]);
}

#[test]
fn a_wrong_type_is_named_with_its_place() {
    let wrong = CONFIGURATION.replace("output = \"public\"", "output = 5");
    refused(|site| site.write("charter.toml", wrong), 2, &["charter.toml:6", "output"]);
}

#[test]
fn an_unknown_gate_or_target_is_named_with_the_nearest_right_one() {
    let wrong = format!("{CONFIGURATION}\n[gates.page-wieght]\nmax-script-bytes = 1\n");
    refused(|site| site.write("charter.toml", wrong), 2, &["page-wieght", "page-weight"]);
    let wrong = CONFIGURATION.replace("kind = \"docroot\"", "kind = \"docrot\"");
    refused(|site| site.write("charter.toml", wrong), 2, &["environments.production.target.kind", "docroot"]);
}

#[test]
fn a_folder_without_git_or_commits_or_configuration_says_so() {
    let site = Site::empty(PROGRAM);
    let ran = site.run(&["deploy"]).expect(2);
    assert!(ran.text().contains("charter.toml") && ran.text().contains("init"), "{}", ran.text());

    site.write("charter.toml", CONFIGURATION);
    site.write("public/index.html", html("Tides", "<h1>Tides</h1>"));
    let ran = site.run(&["deploy"]).expect(2);
    assert!(ran.text().contains("commit"), "{}", ran.text());

    std::fs::remove_dir_all(site.project().join(".git")).unwrap();
    let ran = site.run(&["deploy"]).expect(2);
    assert!(ran.text().contains("git"), "{}", ran.text());
}

#[test]
fn a_dirty_tree_is_kept_from_users() {
    refused(
        |site| site.write("public/index.html", "<h1>Tides, not committed</h1>"),
        10,
        &["clean-tree/uncommitted", "index.html"],
    );
}

#[test]
fn an_empty_or_missing_output_folder_says_so() {
    refused(
        |site| {
            std::fs::remove_dir_all(site.project().join("public")).unwrap();
            std::fs::create_dir(site.project().join("public")).unwrap();
            site.commit("Empty it");
        },
        11,
        &["nothing in the output folder", "users still see"],
    );
    refused(
        |site| {
            std::fs::remove_dir_all(site.project().join("public")).unwrap();
            site.commit("Remove it");
        },
        11,
        &["public"],
    );
}

fn build(site: &Site, script: &str, extra: &str) {
    site.write("build.sh", script);
    site.write(".gitignore", "/production/\n/dist/\n");
    let built = format!("command = [\"sh\", \"build.sh\"]\noutput = \"dist\"\n{extra}");
    site.write("charter.toml", CONFIGURATION.replace("output = \"public\"", &built));
    site.commit("Build it");
}

#[test]
fn a_build_that_fails_or_hangs_or_makes_nothing_says_so() {
    refused(|site| build(site, "echo the disk ate it; exit 3", ""), 11, &["the disk ate it", "3", "users still see"]);
    refused(|site| build(site, "sleep 1000", "timeout-seconds = 1"), 11, &["1 s"]);
    refused(|site| build(site, "true", ""), 11, &["dist"]);
    refused(
        |site| {
            build(site, "true", "");
            let missing = site.read("charter.toml").replace("[\"sh\", \"build.sh\"]", "[\"no-such-builder\"]");
            site.write("charter.toml", missing);
            site.commit("Build with what is not there");
        },
        11,
        &["no-such-builder"],
    );
}

#[test]
fn a_build_that_deletes_what_is_published_does_not_reach_users() {
    let script = "rm -rf production/site public ../production; mkdir dist; cp -r public/. dist/ 2>/dev/null; exit 1";
    refused(|site| build(site, script, ""), 11, &["users still see"]);
}

#[test]
fn a_build_in_the_tree_that_deletes_what_is_published_is_named() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    build(&site, "rm -rf production/site; mkdir -p dist; cp -r public/. dist/", "in = \"tree\"");
    let ran = site.run(&["deploy"]).expect(11);
    assert!(
        ran.text().contains("removed what is live") && ran.text().contains("not known what users see"),
        "{}",
        ran.text()
    );
}

#[test]
fn a_link_that_leaves_the_site_is_refused() {
    refused(
        |site| {
            std::os::unix::fs::symlink("/etc/passwd", site.project().join("public/passwords")).unwrap();
            site.commit("Link outside");
        },
        12,
        &["passwords", "outside the site"],
    );
}

#[test]
fn a_name_that_is_not_utf8_is_refused() {
    refused(
        |site| {
            let name = std::ffi::OsStr::from_bytes(b"public/caf\xe9.html");
            std::fs::write(site.project().join(name), "x").unwrap();
            site.commit("Add a Latin-1 name");
        },
        12,
        &["not UTF-8"],
    );
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    refused(
        |site| {
            let path = "production/store.json";
            let text = site.read(path);
            site.write(path, text.replace("1", "99"));
        },
        12,
        &["format 99"],
    );
}

fn first_record(site: &Site) -> String {
    format!("production/deployments/{}", site.records().first_key_value().unwrap().0)
}

#[test]
fn an_altered_missing_or_planted_record_is_caught() {
    let tampered = |tamper: &dyn Fn(&Site), word: &str| {
        let site = Site::new(PROGRAM);
        site.run(&["deploy"]).expect(0);
        tamper(&site);
        let ran = site.run(&["verify"]).expect(15);
        assert!(ran.text().contains(word), "`{word}` is not in: {}", ran.text());
        assert_eq!(site.version_seen(), Some(1));
    };
    tampered(
        &|site| site.write(&first_record(site), site.read(&first_record(site)).replace("success", "failed")),
        "altered",
    );
    tampered(&|site| std::fs::remove_file(site.project().join(first_record(site))).unwrap(), "missing");
    tampered(&|site| site.write("production/deployments/20200101-000000-deployment.json", "{}"), "unlogged");
    tampered(
        &|site| {
            let log = site.read("production/log/entries");
            let mut lines: Vec<&str> = log.lines().collect();
            lines.pop();
            site.write("production/log/entries", lines.join("\n") + "\n");
        },
        "truncated",
    );
}

#[test]
fn a_clock_that_steps_back_loses_nothing() {
    if !charter_tests::has("faketime", charter_tests::installed("faketime")) {
        return;
    }
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    let mut earlier = charter_tests::command("faketime");
    let ran = charter_tests::run(
        earlier
            .arg("2020-01-01 00:00:00")
            .arg(PROGRAM)
            .args(["deploy"])
            .current_dir(site.project())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", site.folder()),
    );
    assert_eq!(ran.code, Some(0), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(2));
    site.run(&["rollback"]).expect(0);
    assert_eq!(site.version_seen(), Some(1), "the order is that of the log, not of the names");
    site.run(&["verify"]).expect(0);
}
