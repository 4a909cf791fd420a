//! The constitution's score and the weekly audit.

use charter_deploy_model::Environment;
use charter_deploy_model::constitution::{Evidence, EvidenceState, score};
use charter_report::json::v1;
use serde_json::Value;

use crate::samples;

fn shown() -> String {
    let text = charter_report::score(Environment::Production, samples::record().deployment_id, &samples::score());
    anstream::adapter::strip_str(&text).to_string()
}

#[test]
fn every_lost_point_says_what_would_regain_it() {
    let text = shown();
    let score = samples::score();
    assert!(score.wanting().count() > 2, "{text}");
    assert_eq!(text.matches("regain ").count(), score.wanting().count(), "{text}");
    for it in score.wanting() {
        assert!(text.contains(&it.id), "{} in {text}", it.id);
    }
    assert!(text.contains("I   Zero GitHub Actions") && text.contains("0 of 20"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn the_score_line_holds_what_the_screen_shows() {
    let line = v1::score(Environment::Production, samples::record().deployment_id, &samples::score());
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&value["v"], &value["result"], &value["compliant"]), (&1.into(), &"score".into(), &false.into()));
    assert_eq!(value["total"], samples::score().total);
    let principles = value["principles"].as_array().unwrap();
    assert_eq!(principles.len(), 5);
    assert_eq!((&principles[0]["principle"], &principles[0]["of"]), (&"zero-github-actions".into(), &20.into()));
    assert!(!line.contains("null"), "{line}");
}

#[test]
fn an_audit_says_where_it_has_no_data() {
    let text = charter_report::audit(&samples::audit("2026-W30"));
    assert_eq!(text.matches("No data").count(), 4, "{text}");
    assert!(text.contains("The records are not what the log says"), "{text}");
    let line = v1::audit(&samples::audit("2026-W30"));
    let value: Value = serde_json::from_str(&line).unwrap();
    assert!(value["audit"].get("trend").is_none() && value["audit"].get("standing").is_none(), "{line}");
}

#[test]
fn an_audit_names_what_happened() {
    let text = charter_report::audit(&samples::audit("2026-W47"));
    for said in [
        "# Constitutional audit of 2026-W47, production\n",
        "2026-11-16 to 2026-11-22",
        "**Degrading**",
        "20261121-020711-deployment",
        "links/broken",
        "in force",
    ] {
        assert!(text.contains(said), "{said} in {text}");
    }
    let value: Value = serde_json::from_str(&v1::audit(&samples::audit("2026-W47"))).unwrap();
    assert_eq!(value["audit"]["trend"], "degrading");
    assert_eq!(value["audit"]["week"], "2026-W47");
}

#[test]
fn hostile_evidence_stays_text() {
    let hostile = "a\u{1b}[2J\r\n| <script> `x` \u{202e}";
    let evidence = Evidence {
        id: hostile.to_owned(),
        principle: charter_deploy_model::Principle::UserPreservation,
        what: hostile.to_owned(),
        state: EvidenceState::Lost,
        why: hostile.to_owned(),
        regain: Some(hostile.to_owned()),
    };
    let score = score(vec![evidence]);
    let mut audit = samples::audit("2026-W47");
    audit.standing.as_mut().unwrap().score = score.clone();
    audit.deployments[0].deployed_by = hostile.to_owned();
    let id = samples::record().deployment_id;
    for text in [
        charter_report::score(Environment::Production, id, &score),
        charter_report::audit(&audit),
        v1::score(Environment::Production, id, &score),
        v1::audit(&audit),
    ] {
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert!(plain.lines().all(|line| charter_report::visible(line) == line), "{plain}");
    }
    assert!(!charter_report::audit(&audit).contains("<script>"));
}
