//! The frozen format: these lines may gain members, and change in no other way.

use charter_deploy_model::{Observer, ProductionDeployment};
use charter_report::json::{JsonLines, v1};
use serde_json::Value;

use crate::events::Paper;
use crate::samples;

const EVENTS: &[&str] = &[
    r#"{"v":1,"event":"recovery-started","sequence":1,"at":"2026-11-21T02:07:12Z","deployment":"20261120-173000-deployment"}"#,
    r#"{"v":1,"event":"recovery-finished","sequence":2,"at":"2026-11-21T02:07:12Z","deployment":"20261120-173000-deployment","status":"failed","summary":"its staged release was removed"}"#,
    r#"{"v":1,"event":"deployment-started","sequence":3,"at":"2026-11-21T02:07:12Z","deployment":"20261121-020711-deployment","environment":"production","deploymentType":"update","commit":"0123456789abcdef0123456789abcdef01234567"}"#,
    r#"{"v":1,"event":"build-started","sequence":4,"at":"2026-11-21T02:07:12Z","command":"npm run build"}"#,
    r#"{"v":1,"event":"artifact-read","sequence":5,"at":"2026-11-21T02:07:12Z","files":214,"bytes":3412800,"digest":"sha256:abababababababababababababababababababababababababababababababab","milliseconds":14200}"#,
    r#"{"v":1,"event":"release-staged","sequence":6,"at":"2026-11-21T02:07:12Z","release":"20261121-020711-abababababab","written":12,"shared":202,"milliseconds":83}"#,
    r#"{"v":1,"event":"gate-finished","sequence":7,"at":"2026-11-21T02:07:12Z","report":{"gate":"front-page","verdict":"passed","blocks":false,"findings":[],"waived":[],"measures":[],"lookedAt":{"counts":{"pages":1},"undecided":[]}},"milliseconds":420}"#,
    r#"{"v":1,"event":"backed-up","sequence":8,"at":"2026-11-21T02:07:12Z","snapshot":"20261121-020711","reused":false,"addedBytes":48210,"milliseconds":310}"#,
    r#"{"v":1,"event":"release-activated","sequence":9,"at":"2026-11-21T02:07:12Z","release":"20261121-020711-abababababab","previous":"20261120-173000-abababababab","milliseconds":3}"#,
    r#"{"v":1,"event":"live-checked","sequence":10,"at":"2026-11-21T02:07:12Z","path":"/about/","passed":false,"status":404,"problem":"it is part of the release"}"#,
    r#"{"v":1,"event":"rolled-back","sequence":11,"at":"2026-11-21T02:07:12Z","release":"20261120-173000-abababababab","reason":"1 of 2 paths did not answer as it should","milliseconds":12}"#,
    r#"{"v":1,"event":"recorded","sequence":12,"at":"2026-11-21T02:07:12Z","path":"deployments/20261121-020711-deployment.json","logSize":1042,"root":"sha256:5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"}"#,
    r#"{"v":1,"event":"anchored","sequence":13,"at":"2026-11-21T02:07:12Z","branch":"20261121-020711-prod-new-prices","pushed":false}"#,
    r#"{"v":1,"event":"release-retired","sequence":14,"at":"2026-11-21T02:07:12Z","release":"20261101-000000-abababababab"}"#,
    r#"{"v":1,"event":"warned","sequence":15,"at":"2026-11-21T02:07:12Z","message":"a waiver expires in 3 days"}"#,
    r#"{"v":1,"event":"deployment-finished","sequence":16,"at":"2026-11-21T02:07:12Z","deployment":"20261121-020711-deployment","status":"success","url":"https://example.org/","milliseconds":22500}"#,
];

#[test]
fn every_event_has_its_frozen_line() {
    let paper = Paper::default();
    let json = JsonLines::new(Box::new(paper.clone()));
    let events = samples::events();
    for (_, event) in &events {
        json.observe(event);
    }
    let text = paper.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), EVENTS.len());
    for (((name, _), line), frozen) in events.iter().zip(lines).zip(EVENTS) {
        assert_eq!(line, *frozen);
        assert_eq!(serde_json::from_str::<Value>(line).unwrap()["event"], *name);
    }
}

#[test]
fn every_result_has_its_frozen_line() {
    for (line, frozen) in [
        (
            v1::verification(&samples::verification()),
            r#"{"v":1,"result":"verification","isSound":false,"size":1042,"root":"sha256:5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e","sound":1040,"anchors":12,"anchorsPublished":0,"faults":[{"path":"deployments/20261118-120000-deployment.json","standing":"altered","detail":"5e5e… is not abab…"},{"path":"deployments/20261119-080000-deployment.json","standing":"missing"}]}"#,
        ),
        (
            v1::history(&samples::deployments()[1..2]),
            r#"{"v":1,"result":"history","deployments":[{"deployment":"20261121-020711-deployment","environment":"production","deploymentType":"update","status":"success","standing":"rolled back by 20261121-031500-deployment","commit":"0123456789abcdef0123456789abcdef01234567","branch":"20261121-020711-prod-new-prices","deployedBy":"The deployer","began":"2026-11-21T02:07:11Z","finished":"2026-11-21T02:07:33.5Z","release":"20261121-020711-abababababab"}]}"#,
        ),
        (
            v1::status(&samples::status()),
            r#"{"v":1,"result":"status","environment":"production","live":{"release":"20261121-020711-abababababab","deployment":"20261121-020711-deployment","commit":"0123456789abcdef0123456789abcdef01234567","digest":"sha256:abababababababababababababababababababababababababababababababab"},"since":"2026-11-21T02:07:30Z","url":"https://example.org/","unfinished":["20261121-040000-deployment"],"frozen":"the shop's busiest day (all, until Monday)","log":{"size":1042,"root":"sha256:5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"},"releases":["20261121-020711-abababababab","20261120-173000-abababababab"]}"#,
        ),
        (
            v1::snapshots(&samples::snapshots()[..1]),
            r#"{"v":1,"result":"snapshots","snapshots":[{"id":"20261121-020711","takenAt":"2026-11-21T02:07:20Z","reason":"20261121-020711-deployment","addedBytes":48210,"contents":[{"name":"ledger","files":1042,"bytes":4100200,"digest":"sha256:1111111111111111111111111111111111111111111111111111111111111111"},{"name":"configuration","files":3,"bytes":5310,"digest":"sha256:1111111111111111111111111111111111111111111111111111111111111111"},{"name":"live","files":214,"bytes":3412800,"digest":"sha256:1111111111111111111111111111111111111111111111111111111111111111"}]}]}"#,
        ),
        (
            v1::gates(&samples::reports()[1..2]),
            r#"{"v":1,"result":"gates","gates":[{"gate":"page-weight","verdict":"waived","blocks":false,"findings":[],"waived":[{"finding":{"code":"page-weight/script","subject":"demo/index.html","message":"its scripts come to 148,201 bytes, and 100,000 are allowed","locations":[{"path":"demo/index.html"}]},"reason":"the demo ships a whole editor.","owner":"web@example.org","expires":"2027-01-31"},{"finding":{"code":"page-weight/script","subject":"demo/full.html","message":"its scripts come to 148,201 bytes, and 100,000 are allowed","locations":[{"path":"demo/full.html"}]},"reason":"the demo ships a whole editor.","owner":"web@example.org","expires":"2027-01-31"}],"measures":[{"name":"script-brotli","subject":"demo/index.html","value":148201.0,"unit":"bytes"},{"name":"script-brotli","subject":"index.html","value":41234.0,"unit":"bytes"}],"lookedAt":{"counts":{"pages":214},"undecided":[]}}]}"#,
        ),
        (
            v1::kinds(&samples::kinds()[..1]),
            r#"{"v":1,"result":"kinds","kinds":[{"id":"links","summary":"Follows every link within the site.","docs":"Follows every link within the site.","needs":"artifact","lane":"shared","codes":[{"id":"links/broken","principle":"user-preservation","defaultSeverity":"error","summary":"A link leads to a page that is not there.","docs":"A link leads to a page that is not there."},{"id":"links/fragment","defaultSeverity":"warning","summary":"A link leads to a place within a page that is not there.","docs":"A link leads to a place within a page that is not there."}]}]}"#,
        ),
    ] {
        assert_eq!(line, format!("{frozen}\n"));
    }
}

#[test]
fn every_failure_says_what_users_see() {
    let frozen = [
        r#"{"state":"unchanged","release":"20261120-173000-abababababab"}"#,
        r#"{"state":"unchanged"}"#,
        r#"{"state":"rolled-back","release":"20261120-173000-abababababab"}"#,
        r#"{"state":"rolled-back"}"#,
        r#"{"state":"new","release":"20261121-020711-abababababab"}"#,
        r#"{"state":"unknown"}"#,
        r#"{"state":"not-concerned"}"#,
    ];
    let states = samples::users_see();
    assert_eq!(states.len(), frozen.len());
    for (users_see, frozen) in states.into_iter().zip(frozen) {
        let line = v1::failure(&samples::failure(users_see));
        let head = r#"{"v":1,"result":"failure","exitCode":12,"what":"could not stage release `20261121-020711-abababababab`","why":["#;
        assert!(line.starts_with(head), "{line}");
        assert!(line.contains(&format!(r#""usersSee":{frozen},"next":["#)), "{line}");
    }
}

#[test]
fn a_deployment_carries_its_record_as_it_is_stored() {
    let record = samples::record();
    let line = v1::show(&record, Some("live"));
    let read: Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&read["v"], &read["result"], &read["standing"]), (&1.into(), &"deployment".into(), &"live".into()));
    assert_eq!(read["record"]["schema"], "deployment/1");
    assert_eq!(serde_json::from_value::<ProductionDeployment>(read["record"].clone()).unwrap(), record);
}

#[test]
fn nothing_is_null_and_every_result_is_one_line() {
    for line in [
        v1::status(&charter_report::Status {
            live: None,
            since: None,
            url: None,
            frozen: None,
            log: None,
            ..samples::status()
        }),
        v1::show(&samples::record(), None),
        v1::history(&samples::deployments()),
        v1::gates(&samples::reports()),
        v1::kinds(&samples::kinds()),
    ] {
        assert!(!line.contains("null"), "{line}");
        assert_eq!(line.find('\n'), Some(line.len() - 1));
    }
}
