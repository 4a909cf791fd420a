//! A site's life without accidents.

use charter_tests::{CONFIGURATION, Site, html};

use crate::PROGRAM;

#[test]
fn a_site_is_deployed_changed_and_brought_back() {
    let site = Site::new(PROGRAM);
    let first = site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(1), "{}", first.text());

    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(2));

    site.run(&["rollback"]).expect(0);
    assert_eq!(site.version_seen(), Some(1));
    let record = site.records().into_values().next_back().unwrap();
    assert!(record.contains("nothing was built or judged again"), "{record}");
    site.run(&["verify"]).expect(0);

    let history = site.run(&["history", "--format", "json"]).expect(0).stdout;
    assert!(history.matches("-deployment\"").count() >= 3, "{history}");
    assert!(site.journals().is_empty(), "{:?}", site.journals());
    let branches = site.git(&["branch", "--list", "*-prod-*"]);
    assert_eq!(branches.lines().count(), 3, "{branches}");
}

#[test]
fn assets_of_the_release_before_stay_reachable_both_ways() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    let asset = |version: u32| site.project().join("production/site/current").join(charter_tests::style(version));
    assert!(asset(1).exists(), "a visitor with the old page still gets its style");
    site.run(&["rollback"]).expect(0);
    assert!(asset(2).exists(), "a visitor with the new page still gets its style");
}

#[test]
fn a_release_that_fails_its_live_check_is_taken_back() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.write("public/index.html", html("Broken", "<h1>Broken</h1>"));
    site.commit("Break it");
    let ran = site.run(&["deploy"]).expect(13);
    assert_eq!(site.version_seen(), Some(1));
    assert!(ran.text().contains("Tides"), "the failed check is named: {}", ran.text());
    assert_eq!(site.last_status().as_deref(), Some("rolled-back"));
    site.run(&["verify"]).expect(0);
}

#[test]
fn a_first_release_that_fails_is_withdrawn() {
    let site = Site::new(PROGRAM);
    site.write("public/index.html", html("Broken", "<h1>Broken</h1>"));
    site.commit("Break it");
    site.run(&["deploy"]).expect(13);
    assert_eq!(site.version_seen(), None);
    site.publish_version(1);
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.version_seen(), Some(1));
}

#[test]
fn a_gate_keeps_a_heavy_page_from_users() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    let noise: String = (0_u64..40_000).map(|n| format!("{:x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    site.write("public/heavy.js", noise);
    site.write("public/index.html", html("Tides", "<h1>Tides</h1>\n<script src=\"heavy.js\"></script>"));
    site.commit("Add weight");
    let ran = site.run(&["deploy"]).expect(10);
    assert!(ran.text().contains("page-weight/script"), "{}", ran.text());
    assert!(ran.text().contains("users still see"), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(1));
    assert_eq!(site.last_status().as_deref(), Some("failed"));

    let mut configuration = site.read("charter.toml");
    configuration.push_str(
        "\n[[waivers]]\ncode = \"page-weight/script\"\nreason = \"measured, and wanted\"\nowner = \"the owners\"\nexpires = \"2099-01-01\"\n",
    );
    site.write("charter.toml", configuration);
    site.commit("Waive it");
    site.run(&["deploy"]).expect(0);
}

#[test]
fn a_dry_run_changes_nothing() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    let before = site.records();
    let ran = site.run(&["deploy", "--dry-run"]).expect(0);
    assert!(ran.text().contains("index.html"), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(1));
    assert_eq!(site.records(), before);
    let ran = site.run(&["rollback", "--dry-run"]).expect(2);
    assert!(ran.text().contains("no earlier release"), "{}", ran.text());
}

#[test]
fn going_back_again_goes_further_back() {
    let site = Site::new(PROGRAM);
    for version in 1..=3 {
        site.publish_version(version);
        site.run(&["deploy"]).expect(0);
    }
    site.run(&["rollback"]).expect(0);
    assert_eq!(site.version_seen(), Some(2));
    site.run(&["rollback"]).expect(0);
    assert_eq!(site.version_seen(), Some(1));
    site.run(&["rollback"]).expect(2);
}

#[test]
fn a_freeze_stops_deployments_and_lets_one_go_back() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    site.run(&["freeze", "--reason", "the fair is on"]).expect(0);
    let ran = site.run(&["deploy"]).expect(16);
    assert!(ran.text().contains("the fair is on"), "{}", ran.text());
    site.run(&["rollback"]).expect(0);
    site.run(&["unfreeze"]).expect(0);
    site.run(&["deploy"]).expect(0);
}

#[test]
fn staging_is_a_place_of_its_own() {
    let site = Site::new(PROGRAM);
    let mut configuration = site.read("charter.toml");
    configuration += "\n[environments.staging]\ntarget = { kind = \"docroot\", path = \"production/staging\" }\n";
    configuration += charter_tests::WITHOUT_BROWSER;
    site.write("charter.toml", configuration);
    site.commit("Add staging");
    site.run(&["deploy", "--environment", "staging"]).expect(0);
    assert_eq!(site.version_seen(), None, "production shows nothing yet");
    assert!(site.project().join("production/staging/current/index.html").exists());
    site.run(&["deploy"]).expect(0);
    site.run(&["verify"]).expect(0);
    assert_eq!(site.git(&["branch", "--list", "*-prod-*"]).lines().count(), 1, "staging makes no production branch");
}

#[test]
fn a_backup_brings_back_every_byte() {
    let site = Site::new(PROGRAM);
    site.run(&["deploy"]).expect(0);
    site.run(&["backup", "create"]).expect(0);
    site.run(&["backup", "verify"]).expect(0);
    let list = site.run(&["backup", "list", "--format", "json"]).expect(0).stdout;
    let id = list.split('"').find(|word| word.len() == 15 && word.as_bytes()[8] == b'-').unwrap().to_owned();
    let into = site.folder().join("restored");
    site.run(&["backup", "restore", &id, "--into", &into.display().to_string()]).expect(0);
    assert_eq!(
        std::fs::read_to_string(into.join("live/data/version.txt")).unwrap_or_default(),
        "",
        "the first snapshot is older than the release"
    );
    let newest =
        list.split('"').filter(|word| word.len() == 15 && word.as_bytes()[8] == b'-').max().unwrap().to_owned();
    let into = site.folder().join("restored-newest");
    site.run(&["backup", "restore", &newest, "--into", &into.display().to_string()]).expect(0);
    assert_eq!(std::fs::read_to_string(into.join("live/data/version.txt")).unwrap(), "1");
}

#[test]
fn a_site_that_is_built_is_built_from_the_commit() {
    let site = Site::new(PROGRAM);
    site.write(
        "build.sh",
        "mkdir -p dist && cp -r public/. dist/ && echo built from $(cat source.txt) > dist/built.txt\n",
    );
    site.write("source.txt", "the commit");
    let built = CONFIGURATION.replace("output = \"public\"", "command = [\"sh\", \"build.sh\"]\noutput = \"dist\"");
    site.write("charter.toml", built);
    site.write(".gitignore", "/production/\n/dist/\n");
    site.commit("Build it");
    site.write("source.txt", "the work tree");
    let ran = site.run(&["deploy"]).expect(10);
    assert!(ran.text().contains("clean-tree"), "{}", ran.text());
    site.git(&["checkout", "--quiet", "source.txt"]);
    site.run(&["deploy"]).expect(0);
    assert_eq!(site.read("production/site/current/built.txt"), "built from the commit\n");
    assert!(!site.project().join("dist").exists(), "the build does not touch the project");
}

#[test]
fn a_log_that_is_rewritten_as_a_whole_is_caught_by_the_pushed_branches() {
    let site = Site::new(PROGRAM);
    let remote = site.folder().join("remote.git");
    site.git(&["init", "--quiet", "--bare", &remote.display().to_string()]);
    site.git(&["remote", "add", "origin", &remote.display().to_string()]);
    let branches = "[environments.production]\nbranches = { remote = \"origin\" }";
    site.write("charter.toml", site.read("charter.toml").replace("[environments.production]", branches));
    site.commit("Push production branches");
    let deployed = site.run(&["deploy"]).expect(0);
    assert!(deployed.text().contains("anchored"), "{}", deployed.text());
    let pushed = site.git(&["ls-remote", "--heads", "origin"]);
    assert!(pushed.contains("-prod-push-production-branches"), "{pushed}");
    let verified = site.run(&["verify", "--format", "json"]).expect(0).stdout;
    assert!(verified.contains("\"anchorsPublished\":1"), "{verified}");

    // Whoever can write here rewrites a record and its line, and removes what is derived.
    let record = site.records().into_keys().next().unwrap();
    let path = format!("production/deployments/{record}");
    let digest = |text: &str| {
        let file = site.folder().join("text");
        std::fs::write(&file, text).unwrap();
        charter_tests::run(charter_tests::command("sha256sum").arg(&file)).stdout[..64].to_owned()
    };
    let (honest, forged) = (site.read(&path), site.read(&path).replace("\"initial\"", "\"hotfix\""));
    let log = site.read("production/log/entries");
    let line = format!("{} {}", digest(&honest), honest.len());
    assert!(log.contains(&line), "{log}");
    site.write("production/log/entries", log.replace(&line, &format!("{} {}", digest(&forged), forged.len())));
    site.write(&path, forged);
    std::fs::remove_file(site.project().join("production/log/checkpoint")).unwrap();
    let ran = site.run(&["verify"]).expect(15);
    assert!(ran.text().contains("rewritten"), "{}", ran.text());
}
