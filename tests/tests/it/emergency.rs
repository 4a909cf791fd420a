//! A hotfix that cannot wait: what it goes without, what it does not, and what is left of it on record.

use charter_tests::{Site, html};
use serde_json::Value;

use crate::PROGRAM;

const REASON: &str = "nobody can sign in";

/// A site that is deployed, then changed so that `page-weight` finds a script that is not there.
fn site_with_a_fault(emergency_skip: &str) -> Site {
    let site = Site::new(PROGRAM);
    site.git(&["config", "user.name", "Ann"]);
    site.run(&["deploy"]).expect(0);
    let skip = format!("gates = {{ emergency-skip = {emergency_skip}, skip = ");
    let configuration = site.read("charter.toml").replace("gates = { skip = ", &skip);
    assert!(configuration.contains("emergency-skip"), "{configuration}");
    site.write("charter.toml", configuration);
    let page = html("Fixed", "<h1>Fixed</h1>\n<script src=\"gone.js\"></script>");
    site.write("public/fixed.html", page);
    site.commit("Fix it");
    site
}

fn record(site: &Site) -> Value {
    let ran = site.run(&["show", "--format", "json"]).expect(0);
    serde_json::from_str(ran.stdout.trim()).unwrap()
}

#[test]
fn an_emergency_goes_without_the_named_gates_and_says_so_on_record() {
    let site = site_with_a_fault("[\"page-weight\", \"links\"]");
    site.run(&["deploy"]).expect(10);
    let plan = site.run(&["deploy", "--dry-run", "--emergency", REASON]).expect(0);
    assert!(plan.text().contains("Gates left out: links, page-weight"), "{}", plan.text());

    let ran = site.run(&["deploy", "--emergency", REASON]).expect(0);
    assert!(ran.text().contains("post-mortem is due within 24 hours"), "{}", ran.text());
    let text = site.run(&["show"]).expect(0).text();
    assert!(text.contains(REASON) && text.contains("without links, page-weight"), "{text}");
    assert!(text.contains("hotfix"), "{text}");
    let record = record(&site).to_string();
    assert!(record.contains("left out in an emergency"), "what did not run has not passed: {record}");
    site.run(&["verify"]).expect(0);

    // The next deployment is judged by all of them again.
    site.publish_version(3);
    site.commit("Go on");
    site.run(&["deploy"]).expect(10);
}

#[test]
fn an_emergency_is_judged_by_every_other_gate() {
    let site = site_with_a_fault("[\"links\"]");
    let ran = site.run(&["deploy", "--emergency", REASON]).expect(10);
    assert!(ran.text().contains("page-weight/missing"), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(1));
}

#[test]
fn nothing_goes_out_in_an_emergency_that_no_gate_judged() {
    let site = site_with_a_fault("[]");
    let listed = site.run(&["gates", "list", "--format", "json"]).expect(0);
    let listed: Value = serde_json::from_str(listed.stdout.trim()).unwrap();
    let ids: Vec<&str> = listed["kinds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["id"].as_str().unwrap())
        .filter(|id| *id != "ratchet")
        .collect();
    let all = serde_json::to_string(&ids).unwrap();
    site.write(
        "charter.toml",
        site.read("charter.toml").replace("emergency-skip = []", &format!("emergency-skip = {all}")),
    );
    site.commit("Leave everything out");
    let ran = site.run(&["deploy", "--emergency", REASON]).expect(19);
    assert!(ran.text().contains("no gate came to a result"), "{}", ran.text());
}

#[test]
fn a_gate_that_is_not_there_cannot_be_left_out() {
    let site = site_with_a_fault("[\"page-wieght\"]");
    let ran = site.run(&["deploy", "--dry-run"]).expect(2);
    let text = ran.text();
    assert!(text.contains("there is no gate `page-wieght`") && text.contains("`page-weight`"), "{text}");
    assert!(text.contains("emergency-skip"), "{text}");
}

#[test]
fn an_emergency_has_a_reason_and_somebody_who_answers_for_it() {
    let site = site_with_a_fault("[]");
    site.run(&["deploy", "--emergency", ""]).expect(2);
    site.git(&["config", "--unset", "user.name"]);
    let ran = site.run(&["deploy", "--emergency", REASON]).expect(2);
    assert!(ran.text().contains("git config user.name"), "{}", ran.text());
}
