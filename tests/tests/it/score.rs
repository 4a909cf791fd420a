//! How much of the constitution is kept, told from what the program itself recorded.

use std::fs;

use charter_tests::{CONFIGURATION, Site};
use serde_json::Value;

use crate::PROGRAM;

/// A site whose production branches are pushed to a bare repository beside it.
fn with_a_remote() -> Site {
    let site = Site::new(PROGRAM);
    let remote = site.folder().join("remote.git");
    site.git(&["init", "--quiet", "--bare", &remote.to_string_lossy()]);
    site.git(&["remote", "add", "origin", &remote.to_string_lossy()]);
    site.write("charter.toml", format!("{CONFIGURATION}branches = {{ remote = \"origin\" }}\n"));
    site.commit("Push production branches");
    site
}

fn scored(site: &Site) -> (Option<i32>, Value) {
    let ran = site.run(&["score", "--format", "json"]);
    let line = ran.stdout.lines().last().unwrap_or_default();
    (ran.code, serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}", ran.text())))
}

/// Returns how one piece of evidence stands.
#[track_caller]
fn state(score: &Value, id: &str) -> String {
    let principles = score["principles"].as_array().unwrap();
    let all = principles.iter().flat_map(|principle| principle["evidence"].as_array().unwrap());
    let found = all.into_iter().find(|it| it["id"] == id).unwrap_or_else(|| panic!("no {id} in {score}"));
    found["state"].as_str().unwrap().to_owned()
}

fn points(score: &Value, number: usize) -> f64 {
    score["principles"][number]["points"].as_f64().unwrap()
}

#[test]
fn nothing_deployed_is_nothing_to_score() {
    let site = Site::new(PROGRAM);
    let ran = site.run(&["score"]).expect(19);
    assert!(ran.text().contains("cargo xtask deploy"), "{}", ran.text());
    let audit = site.run(&["audit"]).expect(0).stdout;
    assert!(audit.contains("No data"), "{audit}");
}

#[test]
fn a_deployment_is_scored_from_its_record_and_its_surroundings() {
    let site = with_a_remote();
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    let (_, score) = scored(&site);
    for id in [
        "record/machine-time",
        "record/switch",
        "record/backup",
        "record/verified",
        "record/branch",
        "record/faultless",
        "record/same-files",
        "present/way-back",
        "present/backup",
        "present/anchor",
        "present/published",
        "present/branches",
        "present/log",
        "present/pruned",
    ] {
        assert_eq!(state(&score, id), "held", "{id} in {score}");
    }
    assert!((points(&score, 3) - 20.0).abs() < 1e-9, "{score}");

    let record: Value = serde_json::from_str(site.records().last_key_value().unwrap().1).unwrap();
    let compliance = &record["validation"]["constitutionalCompliance"];
    assert!(compliance["score"].as_f64().is_some_and(|score| score > 0.0), "{compliance}");
    assert!(record["switchMs"].is_u64(), "{record}");
    let passed = compliance["passedChecks"].as_array().unwrap();
    assert!(passed.iter().any(|check| check == "record/verified"), "{compliance}");
}

#[test]
fn each_thing_that_is_taken_away_costs_its_own_evidence() {
    let site = with_a_remote();
    site.run(&["deploy"]).expect(0);
    let whole = scored(&site).1;
    assert_eq!(state(&whole, "present/way-back"), "not-applicable");

    let branch = site.git(&["branch", "--list", "--format", "%(refname:short)", "*-prod-*"]);
    let (local, remote) = (format!("refs/heads/{}", branch.trim()), format!("refs/remotes/origin/{}", branch.trim()));
    site.git(&["update-ref", "-d", &remote]);
    let unpublished = scored(&site).1;
    assert_eq!(state(&unpublished, "present/published"), "lost");
    assert_eq!(state(&unpublished, "present/anchor"), "held");
    assert!(unpublished["total"].as_f64() < whole["total"].as_f64());

    site.git(&["update-ref", "-d", &local]);
    let deleted = scored(&site).1;
    assert_eq!(state(&deleted, "present/branches"), "lost");
    assert!(points(&deleted, 3) < points(&unpublished, 3));
}

#[test]
fn a_record_that_was_altered_comes_before_any_score() {
    let site = with_a_remote();
    site.run(&["deploy"]).expect(0);
    let configurations = site.project().join("production/configuration/history");
    let file = fs::read_dir(configurations).unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let file = file.filter(|path| !path.ends_with("index.json")).find(|path| path.is_file()).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    fs::write(&file, text.replace("tides", "tider")).unwrap();
    let (code, score) = scored(&site);
    assert_eq!(code, Some(15));
    assert_eq!(state(&score, "present/log"), "lost");
    fs::remove_file(&file).unwrap();
    let (code, score) = scored(&site);
    assert_eq!((code, state(&score, "present/pruned").as_str()), (Some(15), "lost"));
}

#[test]
fn what_a_gate_finds_costs_points_however_strict_the_site_is() {
    let mut totals = Vec::new();
    for enforcement in ["standard", "flexible"] {
        let site = with_a_remote();
        let mut text = site.read("charter.toml");
        text = format!(
            "[constitution]\nenforcement = \"{enforcement}\"\n[severity]\n\"branches/name\" = \"warning\"\n{text}"
        );
        site.write("charter.toml", text);
        site.commit("Be less strict");
        site.git(&["branch", "my-prod-branch"]);
        site.run(&["deploy"]).expect(0);
        let (code, score) = scored(&site);
        assert_eq!((code, state(&score, "branches/name").as_str()), (Some(10), "lost"));
        let principles = score["principles"].as_array().unwrap();
        let evidence = principles.iter().flat_map(|principle| principle["evidence"].as_array().unwrap());
        let lost = evidence.filter(|it| it["state"] == "lost");
        assert!(lost.into_iter().all(|it| it["regain"].is_string()), "{score}");
        totals.push(score["total"].as_f64());
    }
    assert_eq!(totals[0], totals[1]);
}

#[test]
fn an_audit_is_written_for_people_and_for_programs() {
    let site = with_a_remote();
    site.run(&["deploy"]).expect(0);
    site.run(&["audit", "--output", "audits"]).expect(0);
    let folder = site.project().join("audits");
    let names: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    for name in names {
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        if name.ends_with(".json") {
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["audit"]["deployments"].as_array().unwrap().len(), 1);
            assert_eq!(value["audit"]["verification"]["faults"].as_array().unwrap().len(), 0);
            assert!(value["audit"].get("trend").is_none(), "there is nothing to compare with: {text}");
        } else {
            assert!(text.contains("# Constitutional audit of 20") && text.contains(", so far"), "{text}");
        }
    }
    let empty = site.run(&["audit", "--week", "2020-W01"]).expect(0).stdout;
    assert!(empty.contains("nothing was deployed in this week"), "{empty}");
    site.run(&["audit", "--week", "2020-W54"]).expect(2);
}

#[test]
fn a_commit_is_held_to_all_five_principles_before_anybody_sees_it() {
    let site = Site::new(PROGRAM);
    let ran = site.run(&["constitution", "--format", "json"]);
    // The gates that start a browser are left out here, and what nobody looked at is not held.
    assert_eq!(ran.code, Some(18), "{}", ran.text());
    let line = ran.stdout.lines().last().unwrap();
    let score: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&score["result"], &score["commit"]),
        (&"constitution".into(), &site.git(&["rev-parse", "HEAD"]).trim().into())
    );
    for principle in score["principles"].as_array().unwrap() {
        let evidence = principle["evidence"].as_array().unwrap();
        assert!(evidence.iter().any(|it| it["state"] == "held"), "{principle}");
    }
    assert_eq!(state(&score, "lighthouse/performance"), "unmeasured");
    assert_eq!(state(&score, "zero-actions/push"), "held");
    assert_eq!(site.version_seen(), None, "nothing is shown");
    assert!(site.records().is_empty(), "nothing is recorded");

    site.write(".github/workflows/ci.yml", "on: push\njobs: {}\n");
    site.commit("Let others build it");
    let ran = site.run(&["constitution"]).expect(10);
    assert!(ran.text().contains("zero-actions/push") && ran.text().contains("regain"), "{}", ran.text());
}
