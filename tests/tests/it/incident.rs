//! What people do when users do not get what they come for, and what is left of it on record.

use charter_tests::Site;
use serde_json::Value;

use crate::PROGRAM;

fn site() -> Site {
    let site = Site::new(PROGRAM);
    site.git(&["config", "user.name", "Ann"]);
    site
}

/// Runs a command for its JSON: the last line.
#[track_caller]
fn json(site: &Site, arguments: &[&str]) -> Value {
    let ran = site.run(&[arguments, &["--format", "json"]].concat()).expect(0);
    let line = ran.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {}", ran.text()))
}

/// Opens an incident and returns its name.
#[track_caller]
fn open(site: &Site, arguments: &[&str]) -> String {
    let opened = json(site, &[&["incident", "open"], arguments].concat());
    opened["incident"]["incidentId"].as_str().unwrap().to_owned()
}

fn texts(incident: &Value) -> Vec<&str> {
    incident["updates"].as_array().unwrap().iter().map(|update| update["text"].as_str().unwrap()).collect()
}

#[test]
fn an_incident_is_opened_followed_ended_and_learned_from() {
    let site = site();
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);
    let opened =
        ["nobody can sign in", "--severity", "critical", "--service", "login", "--public", "Trouble signing in"];
    let id = open(&site, &opened);
    let text = site.run(&["incident", "list"]).expect(0).text();
    assert!(text.contains("1 incident · 1 not over") && text.contains("login: nobody can sign in"), "{text}");
    assert!(text.contains("so far"), "{text}");

    let update =
        ["the session store is full", "--status", "identified", "--cause", "sessions never expire", "--public"];
    site.run(&[&["incident", "update", &id], update.as_slice()].concat()).expect(0);
    assert!(site.project().join(format!("production/journal/monitor/incidents/{id}.json")).exists());
    let resolved =
        json(&site, &["incident", "resolve", &id, "--resolution", "emptied it", "--post-mortem", "docs/1.md"]);
    assert_eq!(resolved["incident"]["status"], "resolved");
    assert!(!site.project().join(format!("production/journal/monitor/incidents/{id}.json")).exists());

    let record: Value = serde_json::from_str(&site.read(&format!("production/incidents/{id}.json"))).unwrap();
    assert_eq!(texts(&record), ["opened", "the session store is full", "emptied it"], "{record}");
    assert_eq!((&record["severity"], &record["rootCause"]), (&"critical".into(), &"sessions never expire".into()));
    assert_eq!(record["publicDescription"], "Trouble signing in");
    let live = json(&site, &["status"])["live"]["deployment"].clone();
    assert_eq!(record["deploymentId"], live, "it names the deployment that users saw");
    site.run(&["verify"]).expect(0);

    let markdown = site.run(&["incident", "report", &id]).expect(0).stdout;
    for part in [
        "# Post-mortem: nobody can sign in",
        "## Root cause\n\nsessions never expire",
        "## Resolution\n\nemptied it",
        "| identified: the session store is full | Ann |",
        "| action | type | owner | due |",
        "shown, switched in",
        "git diff ",
        "Mean time to recovery over 1 incident",
    ] {
        assert!(markdown.contains(part), "{part} in {markdown}");
    }
    assert!(markdown.contains("first failing look until it was noticed | not known"), "{markdown}");

    site.run(&["incident", "report", "--output", "learned"]).expect(0);
    site.write(&format!("learned/{id}.md"), "filled in");
    site.run(&["incident", "report", &id, "--output", "learned"]).expect(0);
    assert_eq!(site.read(&format!("learned/{id}.md")), "filled in", "what somebody wrote stays");
    assert!(site.read("learned/incidents.md").contains(&id));

    let ran = site.run(&["incident", "update", &id, "one more thing"]).expect(2);
    assert!(ran.text().contains("is over"), "{}", ran.text());
    let ran = site.run(&["incident", "resolve", "20200101-000000-incident", "--resolution", "x"]).expect(2);
    assert!(ran.text().contains("there is no open incident"), "{}", ran.text());
}

#[test]
fn incidents_of_one_second_have_names_of_their_own() {
    let site = site();
    let names: Vec<String> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| open(&site, &["it is slow"]))).collect();
        opening.into_iter().map(|opened| opened.join().unwrap()).collect()
    });
    let listed = json(&site, &["incident", "list", "--open"]);
    assert_eq!(listed["incidents"].as_array().unwrap().len(), 4, "{listed}");
    for name in &names {
        site.run(&["incident", "resolve", name, "--resolution", "it is fast again"]).expect(0);
    }
    let listed = json(&site, &["incident", "list"]);
    assert_eq!(listed["incidents"].as_array().unwrap().len(), 4, "{listed}");
    assert!(listed["mttrSeconds"].as_f64().is_some_and(|seconds| seconds >= 0.0), "{listed}");
    site.run(&["verify"]).expect(0);
}

#[test]
fn killed_at_any_point_an_incident_ends_once() {
    let site = site();
    site.run(&["deploy"]).expect(0);
    let id = open(&site, &["it is slow"]);
    let resolve = ["incident", "resolve", id.as_str(), "--resolution", "it is fast again"];
    let points = site.copy().count_points(&resolve);
    assert!(points > 4, "{points}");
    for point in 1..=points {
        let killed = site.copy();
        let ran = killed.run_with_fault(&resolve, &format!("kill:{point}"));
        assert_eq!(ran.code, None, "point {point}: {}", ran.text());
        let listed = json(&killed, &["incident", "list"]);
        let [incident] = listed["incidents"].as_array().unwrap().as_slice() else { panic!("{point}: {listed}") };
        if incident["status"] != "resolved" {
            killed.run(&resolve).expect(0);
        }
        killed.run(&["verify"]).expect(0);
        let record: Value = serde_json::from_str(&killed.read(&format!("production/incidents/{id}.json"))).unwrap();
        assert_eq!(texts(&record), ["opened", "it is fast again"], "point {point}");
        let open = json(&killed, &["incident", "list", "--open"]);
        assert_eq!(open["incidents"], Value::Array(Vec::new()), "point {point}");
    }
}

#[test]
fn an_emergency_takes_a_bad_release_back_and_writes_down_how() {
    let site = site();
    site.run(&["deploy"]).expect(0);
    site.publish_version(2);
    site.run(&["deploy"]).expect(0);

    let before = site.records();
    let ran = site.run(&["emergency", "prices are wrong", "--dry-run"]).expect(0);
    assert!(ran.text().contains("would show") && ran.text().contains("nothing was opened"), "{}", ran.text());
    assert_eq!((site.version_seen(), site.records()), (Some(2), before));
    assert_eq!(json(&site, &["incident", "list"])["incidents"], Value::Array(Vec::new()));

    let ran = site.run(&["emergency", "prices are wrong"]).expect(0);
    assert_eq!(site.version_seen(), Some(1), "{}", ran.text());
    for part in ["answers as it should", "switched in", "incident resolve", "cargo xtask unfreeze"] {
        assert!(ran.text().contains(part), "{part} in {}", ran.text());
    }
    let record = site.records().into_values().next_back().unwrap();
    assert!(record.contains("\"triggerSource\": \"emergency\""), "{record}");

    let incident = json(&site, &["incident", "show"])["incident"].clone();
    assert_eq!((&incident["severity"], &incident["status"]), (&"critical".into(), &"monitoring".into()));
    let steps: Vec<&str> = texts(&incident).into_iter().map(|text| text.split(':').next().unwrap()).collect();
    assert_eq!(steps, ["opened", "assess", "freeze", "roll-back", "verify"], "{incident}");
    let moments: Vec<&str> =
        incident["updates"].as_array().unwrap().iter().map(|update| update["at"].as_str().unwrap()).collect();
    assert!(moments.is_sorted(), "{moments:?}");

    site.publish_version(3);
    let ran = site.run(&["deploy"]).expect(16);
    assert!(ran.text().contains("prices are wrong"), "the freeze says why: {}", ran.text());
    site.run(&["unfreeze"]).expect(0);
    site.run(&["deploy", "--hotfix"]).expect(0);
    let id = incident["incidentId"].as_str().unwrap();
    site.run(&["incident", "resolve", id, "--resolution", "fixed in version 3"]).expect(0);
    let markdown = site.run(&["incident", "report", id]).expect(0).stdout;
    assert!(markdown.contains("rollback shown") && markdown.contains("hotfix shown"), "{markdown}");
    site.run(&["verify"]).expect(0);

    let analytics = json(&site, &["analytics"])["analytics"].clone();
    let dora = &analytics["dora"];
    assert_eq!((&dora["changes"], &dora["failedChanges"]), (&3.into(), &1.into()), "{dora}");
    assert!(dora["timeToRestoreSeconds"].as_f64().is_some(), "{dora}");
    assert!(dora["reworkPercent"].as_f64().is_some_and(|rework| (rework - 100.0 / 3.0).abs() < 1e-9), "{dora}");
    assert_eq!(analytics["incidents"]["began"], 1);
}

#[test]
fn an_emergency_without_a_way_back_still_stops_deployments_and_says_so() {
    let site = site();
    site.run(&["deploy"]).expect(0);
    let ran = site.run(&["emergency", "prices are wrong"]).expect(2);
    assert!(ran.text().contains("no earlier release to go back to"), "{}", ran.text());
    assert_eq!(site.version_seen(), Some(1));
    let incident = json(&site, &["incident", "show"])["incident"].clone();
    assert!(texts(&incident).iter().any(|text| text.starts_with("roll-back: ")), "{incident}");
    site.run(&["deploy"]).expect(16);

    let ran = site.run(&["emergency", "prices are still wrong", "--no-rollback"]).expect(0);
    assert!(ran.text().contains("deployments were frozen already"), "{}", ran.text());
}

#[test]
fn an_emergency_says_when_what_is_live_does_not_answer_as_it_should() {
    let site = site();
    site.run(&["deploy"]).expect(0);
    let page = site.project().join("production/site/current/index.html");
    std::fs::remove_file(&page).unwrap();
    std::fs::write(&page, "defaced").unwrap();
    let ran = site.run(&["emergency", "the front page is not ours", "--no-rollback"]).expect(18);
    assert!(ran.text().contains("does not answer as it should"), "{}", ran.text());
}

#[test]
fn what_nobody_looked_for_is_not_known() {
    let site = site();
    site.run(&["deploy"]).expect(0);
    let text = site.run(&["analytics"]).expect(0).text();
    assert_eq!(text.matches("N/A: no incident is collected").count(), 2, "{text}");
    assert!(text.contains("N/A: no whole hour was watched"), "{text}");
    let analytics = json(&site, &["analytics", "--days", "7"])["analytics"].clone();
    assert_eq!(analytics["incidents"]["collected"], false);
    assert!(analytics["dora"].get("changeFailurePercent").is_none(), "{analytics}");
    assert!(analytics["incidents"].get("began").is_none(), "{analytics}");

    let id = open(&site, &["it is slow"]);
    site.run(&["incident", "resolve", &id, "--resolution", "it is fast again"]).expect(0);
    let text = site.run(&["analytics"]).expect(0).text();
    assert!(!text.contains("no incident is collected"), "{text}");
    assert!(text.contains("100 %"), "the incident is laid to the change that was live: {text}");
    site.run(&["analytics", "--days", "0"]).expect(2);
}
