//! What everyone is shown.

use std::collections::BTreeMap;

use charter_dashboard::{ExportError, PublicSite, Publicity, View, export};
use charter_deploy_model::UptimeStatus;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::{hostile, sample};

fn files(view: &View) -> BTreeMap<String, String> {
    let site = PublicSite { url: "https://status.example.org/".to_owned() };
    let files = export(view, &site).unwrap();
    files.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

fn document(files: &BTreeMap<String, String>, path: &str) -> Value {
    serde_json::from_str(&files[&format!("api/v2/{path}.json")]).unwrap()
}

#[test]
fn what_is_internal_stays_so() {
    let mut view = sample::view();
    let mark = |text: &mut String| text.insert_str(0, "INTERNAL ");
    for endpoint in view.endpoints.iter_mut().filter(|it| it.publicity != Publicity::Address) {
        endpoint.url.iter_mut().for_each(mark);
    }
    for alert in &mut view.alerts {
        [&mut alert.record.title, &mut alert.record.description].into_iter().for_each(mark);
        alert.acknowledged_by.iter_mut().chain(&mut alert.acknowledged_because).for_each(mark);
    }
    for incident in &mut view.incidents {
        mark(&mut incident.record.description);
        incident.record.root_cause.iter_mut().chain(&mut incident.record.resolution).for_each(mark);
        for update in &mut incident.timeline {
            update.by.iter_mut().for_each(mark);
            if !update.public {
                mark(&mut update.text);
            }
        }
    }
    for deployed in &mut view.deployments {
        mark(&mut deployed.by);
        deployed.errors.iter_mut().for_each(mark);
    }
    view.silences.iter_mut().for_each(|silence| mark(&mut silence.reason));
    let all = files(&view);
    for (path, text) in &all {
        for internal in ["INTERNAL", "nightly", "4f1c09ab", "-deployment"] {
            assert!(!text.contains(internal), "{path} tells `{internal}`");
        }
    }
    let index = &all["index.html"];
    assert!(index.contains("https://www.example.org/") && index.contains("Search is unavailable"));
    assert!(all["incidents.html"].contains("Trouble with shop, checkout"));
    assert!(all["incidents.html"].contains("The shop works again."));
    assert!(!index.contains("<script"));
}

/// Reads a document to its end, and returns the names of its elements.
fn well_formed(text: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut names = Vec::new();
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                depth += 1;
                names.push(AsRef::<str>::as_ref(&start.name()).to_owned());
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    assert!(!text.chars().any(|each| each.is_control() && !"\n\r\t".contains(each)));
    names
}

#[test]
fn the_feed_and_the_badges_are_well_formed_whatever_things_are_called() {
    for view in [sample::view(), hostile()] {
        let files = files(&view);
        let names = well_formed(&files["feed.atom"]);
        assert_eq!(names.iter().filter(|name| *name == "entry").count(), 2);
        for needed in ["feed", "id", "title", "updated", "author", "content"] {
            assert!(names.iter().any(|name| name == needed), "{needed}");
        }
        for (path, text) in files.iter().filter(|(path, _)| path.ends_with(".svg")) {
            well_formed(text);
            assert!(!path.contains("..") && !path.contains(' '), "{path}");
        }
    }
    let files = files(&sample::view());
    let shields: Value = serde_json::from_str(&files["badges/search.json"]).unwrap();
    assert_eq!(
        (&shields["schemaVersion"], &shields["label"], &shields["color"]),
        (&1.into(), &"search".into(), &"red".into())
    );
    assert!(shields["message"].as_str().unwrap().starts_with("down · "));
}

fn all_in(value: &Value, path: &str, words: &[&str]) {
    for each in value.as_array().unwrap() {
        let word = each[path].as_str().unwrap();
        assert!(words.contains(&word), "{path}: {word}");
    }
}

fn has(value: &Value, fields: &[&str]) {
    for field in fields {
        assert!(value.get(field).is_some(), "{field} is missing in {value}");
    }
}

#[test]
fn the_documents_have_the_shapes_and_words_of_statuspage() {
    let files = files(&sample::view());
    let summary = document(&files, "summary");
    has(&summary["page"], &["id", "name", "url", "time_zone", "updated_at"]);
    assert_eq!(summary["status"]["indicator"], "major");
    assert_eq!(document(&files, "status")["status"], summary["status"]);
    let components = &document(&files, "components")["components"];
    assert_eq!(components, &summary["components"]);
    assert_eq!(components.as_array().unwrap().len(), 7);
    let words = ["operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"];
    all_in(components, "status", &words);
    has(
        &components[0],
        &[
            "id",
            "name",
            "created_at",
            "updated_at",
            "position",
            "description",
            "showcase",
            "start_date",
            "group_id",
            "page_id",
            "group",
            "only_show_if_degraded",
        ],
    );
    let incidents = &document(&files, "incidents")["incidents"];
    all_in(incidents, "status", &["investigating", "identified", "monitoring", "resolved", "postmortem"]);
    all_in(incidents, "impact", &["none", "minor", "major", "critical"]);
    has(
        &incidents[0],
        &[
            "id",
            "name",
            "created_at",
            "updated_at",
            "monitoring_at",
            "resolved_at",
            "shortlink",
            "started_at",
            "page_id",
            "components",
        ],
    );
    has(
        &incidents[0]["incident_updates"][0],
        &["id", "status", "body", "incident_id", "created_at", "updated_at", "display_at", "affected_components"],
    );
    assert!(incidents[0]["incident_updates"][0]["body"].as_str().unwrap().starts_with("The index"), "newest first");
    let open = &document(&files, "incidents/unresolved")["incidents"];
    assert_eq!((open.as_array().unwrap().len(), &open[0]), (1, &incidents[0]));
    let planned = &document(&files, "scheduled-maintenances")["scheduled_maintenances"];
    all_in(planned, "status", &["scheduled", "in_progress", "verifying", "completed"]);
    has(&planned[0], &["scheduled_for", "scheduled_until", "incident_updates", "components"]);
    assert_eq!(planned[0]["impact"], "maintenance");
}

#[test]
fn what_is_not_measured_is_never_called_up() {
    let mut view = sample::view();
    view.windows[0].from = view.at;
    view.incidents.clear();
    for endpoint in &mut view.endpoints {
        endpoint.status = UptimeStatus::Unknown;
        endpoint.uptime = Default::default();
    }
    let unknown = files(&view);
    assert_eq!(document(&unknown, "status")["status"]["description"], "Nothing is being measured");
    let names: Vec<Value> = document(&unknown, "components")["components"].as_array().unwrap().clone();
    // Those that are being worked on are away, which is known.
    assert!(names.iter().all(|component| component["status"] == "under_maintenance"));
    assert_eq!(names.len(), 2);
    assert!(!unknown["index.html"].contains("operational"));
    assert!(unknown["badges/docs.svg"].contains(">unknown<"));
    view.endpoints[3].status = UptimeStatus::Up;
    let text = files(&view);
    assert_eq!(document(&text, "status")["status"]["description"], "1 of 7 systems operational, 6 not being measured");
}

#[test]
fn an_open_incident_is_told_though_every_endpoint_is_up() {
    let mut view = sample::view();
    view.endpoints.iter_mut().for_each(|endpoint| endpoint.status = UptimeStatus::Up);
    let told = |view: &View| document(&files(view), "status")["status"].clone();
    assert_eq!(told(&view), serde_json::json!({ "indicator": "major", "description": "1 incident open" }));
    view.incidents.remove(0);
    assert_eq!(told(&view), serde_json::json!({ "indicator": "none", "description": "All systems operational" }));
}

#[test]
fn an_address_that_is_none_is_refused() {
    for url in ["", "status.example.org/", "https://status.example.org", "javascript:alert(1)/", "https://a/?b=/"] {
        let refused = export(&sample::view(), &PublicSite { url: url.to_owned() });
        assert!(matches!(refused, Err(ExportError::Address { .. })), "{url}");
    }
}
