//! Every format of the gates' reports carries the same findings, whatever is in them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use charter_deploy_model::{
    Digest, Finding, Fix, GateReport, Location, LookedAt, Severity, Tree, Verdict, Waiver, WaiverUse,
};
use charter_report::json::{pretty, v1};
use charter_report::{SarifContext, gates_with_excerpts, junit, markdown, sarif, visible};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use pulldown_cmark::{Event as Mark, Options, Parser, Tag, TagEnd};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use serde_json::Value;

use crate::samples;

/// Code, subject, message, standing.
type Row = [String; 4];

const CONTEXT: SarifContext<'static> = SarifContext {
    version: "0.1.0",
    site: Some("file:///site/"),
    source: Some("file:///project/"),
    fingerprint: |finding| Digest::new([finding.message.len() as u8; 32]),
};

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z|`<>*_\\\\&@#!:\\[\\]() .-]{0,30}",
        prop::sample::select(vec![
            "\u{1b}[2J\u{1b}]0;forged\u{7}",
            "<script>alert(1)</script>",
            "a | b |\n| c",
            "]]> <!-- -->",
            "[here](https://example.org/) ![x](y)",
            "\u{202e}gpj.exe\u{fffe}\u{0}",
            "`code` ```\n# Title",
            "{0} &amp; &#0;",
            "",
        ])
        .prop_map(str::to_owned),
    ]
}

fn code() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["links/broken", "links/fragment", "page-weight/script"]).prop_map(str::to_owned),
        1 => hostile(),
    ]
}

fn location() -> impl Strategy<Value = Location> {
    (hostile(), prop::option::of(0_u32..9), prop::option::of(0_u32..9), any::<bool>()).prop_map(
        |(path, line, column, source)| {
            let tree = if source { Tree::Source } else { Tree::Site };
            Location { path, line, column, tree }
        },
    )
}

fn finding() -> impl Strategy<Value = Finding> {
    let extras = (prop::option::of(hostile()), prop::option::of(hostile()), prop::option::of(hostile()));
    (code(), hostile(), hostile(), prop::collection::vec(location(), 0..3), extras).prop_map(
        |(code, subject, message, locations, (key, help, fix))| {
            let fix = fix.map(|text| Fix {
                summary: text.clone(),
                path: text.clone(),
                tree: Tree::Source,
                start: 3,
                old: text.clone(),
                new: text,
            });
            Finding { key, locations, help, fix, ..Finding::new(code, subject, message) }
        },
    )
}

fn waived() -> impl Strategy<Value = WaiverUse> {
    (finding(), hostile(), hostile()).prop_map(|(finding, reason, owner)| {
        let expires = "2027-01-31".parse().unwrap();
        let waiver = Waiver { code: finding.code.clone(), subject: None, reason, owner, expires };
        WaiverUse { finding, waiver }
    })
}

fn report() -> impl Strategy<Value = GateReport> {
    let gate = prop_oneof![Just("links".to_owned()), Just("page-weight".to_owned()), hostile()];
    let verdict = prop::sample::select(vec![
        Verdict::Passed,
        Verdict::Waived,
        Verdict::NotApplicable,
        Verdict::Blocked,
        Verdict::Inconclusive,
        Verdict::Broken,
    ]);
    let severity = prop::sample::select(vec![Severity::Note, Severity::Warning, Severity::Error]);
    let findings = || prop::collection::vec(finding(), 0..4);
    let rest = (prop::option::of(hostile()), prop::collection::vec(hostile(), 0..2), any::<bool>());
    (gate, verdict, severity, findings(), findings(), prop::collection::vec(waived(), 0..3), rest).prop_map(
        |(gate, verdict, severity, findings, known, waived, (reason, undecided, flag))| GateReport {
            severities: BTreeMap::from([("links/broken".to_owned(), severity)]),
            looked_at: Some(LookedAt { undecided, ..LookedAt::of("pages", 3) }),
            findings,
            known,
            waived,
            reason,
            remembered: flag,
            ..GateReport::new(gate, verdict, flag)
        },
    )
}

fn reports() -> impl Strategy<Value = Vec<GateReport>> {
    prop::collection::vec(report(), 0..4)
}

fn rows(reports: &[GateReport], shown: impl Fn(&str) -> String) -> Vec<Row> {
    let row = |finding: &Finding, standing: &str| {
        [&finding.code, &finding.subject, &finding.message]
            .map(|text| shown(text))
            .into_iter()
            .chain([standing.to_owned()])
    };
    let mut rows: Vec<Row> = Vec::new();
    for report in reports {
        let counting = report.findings.iter().map(|finding| (finding, "counts"));
        let waived = report.waived.iter().map(|usage| (&usage.finding, "waived"));
        let known = report.known.iter().map(|finding| (finding, "known"));
        for (finding, standing) in counting.chain(waived).chain(known) {
            let cells: Vec<String> = row(finding, standing).collect();
            rows.push(cells.try_into().unwrap());
        }
    }
    rows.sort();
    rows
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Brackets are escaped in SARIF only where they would be a link, so both sides are read without backslashes.
fn unescaped(text: &str) -> String {
    text.replace('\\', "")
}

fn from_sarif(log: &Value) -> Vec<Row> {
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    sorted(
        results
            .map(|result| {
                let standing = if result.get("suppressions").is_some() {
                    "waived"
                } else if result["baselineState"] == "unchanged" {
                    "known"
                } else {
                    "counts"
                };
                let [code, subject, message] =
                    [&result["ruleId"], &result["properties"]["subject"], &result["message"]["text"]]
                        .map(|value| unescaped(&text(value)));
                [code, subject, message, standing.to_owned()]
            })
            .collect(),
    )
}

fn from_v1(line: &str) -> Vec<Row> {
    let value: Value = serde_json::from_str(line).unwrap();
    let row = |finding: &Value, standing: &str| {
        [text(&finding["code"]), text(&finding["subject"]), text(&finding["message"]), standing.to_owned()]
    };
    let mut rows = Vec::new();
    for gate in value["gates"].as_array().unwrap() {
        let list = |name: &str| gate[name].as_array().cloned().unwrap_or_default();
        rows.extend(list("findings").iter().map(|finding| row(finding, "counts")));
        rows.extend(list("waived").iter().map(|used| row(&used["finding"], "waived")));
        rows.extend(list("known").iter().map(|finding| row(finding, "known")));
    }
    sorted(rows)
}

fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let attributes = element.attributes().map(Result::unwrap);
    let mut found = attributes.filter(|attribute| attribute.key.as_ref() == name);
    found
        .next()
        .map(|attribute| attribute.normalized_value(XmlVersion::Explicit1_0).unwrap().into_owned())
        .unwrap_or_default()
}

/// Reads the findings back, and checks that each suite counts its own cases.
fn from_junit(xml: &str) -> Vec<Row> {
    let mut reader = Reader::from_str(xml);
    let mut rows: Vec<Row> = Vec::new();
    let mut current: Row = Default::default();
    let mut said: Option<String> = None;
    let (mut cases, mut promised) = (0, 0);
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Eof => break,
            Event::Start(element) | Event::Empty(element) => match element.name().as_ref() {
                "testsuites" => promised = attribute(element, "tests").parse().unwrap(),
                "testcase" => {
                    cases += 1;
                    current = [attribute(element, "classname"), String::new(), String::new(), String::new()];
                }
                "failure" | "system-out" => said = Some(String::new()),
                _ => {}
            },
            Event::Text(piece) => {
                if let Some(said) = &mut said {
                    said.push_str(piece);
                }
            }
            Event::GeneralRef(reference) => {
                if let Some(said) = &mut said {
                    said.push_str(quick_xml::escape::resolve_predefined_entity(reference).unwrap());
                }
            }
            Event::End(element) => match element.name().as_ref() {
                "failure" | "system-out" => {
                    let said = said.take().unwrap();
                    current[2] = said.lines().next().unwrap_or_default().to_owned();
                    let line = |name| said.lines().rev().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                    current[1] = line("subject: ").unwrap_or_default();
                    current[3] = line("standing: ").unwrap_or_default();
                }
                "testcase" if !current[3].is_empty() => rows.push(std::mem::take(&mut current)),
                _ => {}
            },
            _ => {}
        }
    }
    assert_eq!(cases, promised, "{xml}");
    sorted(rows)
}

/// Reads the findings back as a reader of GitHub's Markdown would; nothing but tables, headings and breaks is there.
fn from_markdown(page: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let (mut cells, mut cell): (Vec<String>, Option<String>) = (Vec::new(), None);
    for event in Parser::new_ext(page, Options::all() - Options::ENABLE_SMART_PUNCTUATION) {
        match event {
            Mark::Start(Tag::TableRow) => cells.clear(),
            Mark::Start(Tag::TableCell) => cell = Some(String::new()),
            Mark::End(TagEnd::TableCell) => cells.extend(cell.take()),
            Mark::End(TagEnd::TableRow) if cells.len() == 7 => {
                let standing = cells[5].split(':').next().unwrap_or_default().to_owned();
                rows.push([cells[1].clone(), cells[2].clone(), cells[3].clone(), standing].map(|text| spaced(&text)));
            }
            Mark::End(TagEnd::TableRow) => assert_eq!(cells.len(), 4, "{page}"),
            Mark::Text(text) => {
                if let Some(cell) = &mut cell {
                    cell.push_str(&text);
                }
            }
            Mark::InlineHtml(tag) => assert_eq!(&*tag, "<br>", "{page}"),
            Mark::Start(Tag::Table(_) | Tag::TableHead | Tag::Heading { .. } | Tag::Strong | Tag::Paragraph)
            | Mark::End(_) => {}
            other => panic!("{other:?} in {page}"),
        }
    }
    sorted(rows)
}

fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn acts(text: &str) -> bool {
    text.lines().any(|line| visible(line) != line)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn all_formats_carry_the_same_findings(reports in reports()) {
        let kinds = samples::kinds();
        prop_assert_eq!(from_sarif(&sarif(&reports, &kinds, &CONTEXT)), rows(&reports, unescaped));
        prop_assert_eq!(from_v1(&v1::gates(&reports)), rows(&reports, str::to_owned));
        let clean = |text: &str| visible(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
        prop_assert_eq!(from_junit(&junit(&reports, &kinds)), rows(&reports, clean));
        let cell = |text: &str| spaced(&visible(text));
        let expected = sorted(rows(&reports, cell));
        prop_assert_eq!(from_markdown(&markdown(&reports, &kinds)), expected);
    }

    #[test]
    fn nothing_acts_in_any_format(reports in reports()) {
        let kinds = samples::kinds();
        for text in [
            pretty(&sarif(&reports, &kinds, &CONTEXT)),
            junit(&reports, &kinds),
            markdown(&reports, &kinds),
            v1::gates(&reports),
        ] {
            prop_assert!(!acts(&text), "{text}");
        }
        let shown = gates_with_excerpts(&reports, &kinds, &|place| Some(place.path.clone()));
        prop_assert!(!acts(&anstream::adapter::strip_str(&shown).to_string()), "{shown}");
    }
}

#[test]
fn sarif_is_what_its_schema_demands() {
    let mut schema: Value = serde_json::from_str(include_str!("../../test-data/sarif-2.1.0.schema.json")).unwrap();
    // This pattern has a bracket too many, and nothing here says a language.
    for owner in ["run", "toolComponent"] {
        schema["definitions"][owner]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
    }
    let schema = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..64 {
        let reports = reports().new_tree(&mut runner).unwrap().current();
        let log = sarif(&reports, &samples::kinds(), &CONTEXT);
        let faults: Vec<String> = schema.iter_errors(&log).map(|error| error.to_string()).collect();
        assert_eq!(faults, Vec::<String>::new());
    }
}

#[test]
fn sarif_marks_what_does_not_count() {
    let mut reports = samples::reports();
    let known = reports[0].findings.pop().unwrap();
    reports[0].known.push(known);
    let log = sarif(&reports, &samples::kinds(), &CONTEXT);
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    let count = |wanted: &dyn Fn(&Value) -> bool| results.iter().filter(|result| wanted(result)).count();
    assert_eq!(count(&|result| result["baselineState"] == "unchanged"), 1);
    assert_eq!(count(&|result| result["baselineState"] == "new"), 51);
    assert_eq!(count(&|result| result["suppressions"][0]["status"] == "accepted"), 2);
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "links/broken");
    let notifications = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(notifications.iter().any(|it| it["descriptor"]["id"] == "lighthouse" && it["level"] == "warning"));
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uriBaseId"], "SITE");
    assert_eq!(place["region"]["startLine"], 11);
}

/// The schema is Jenkins' own, of its xunit plugin (MIT).
#[test]
#[expect(clippy::disallowed_methods, reason = "a test runs the reader itself")]
fn junit_is_what_jenkins_takes() {
    let mut validator = Command::new("xmllint");
    if validator.arg("--version").output().is_err() {
        assert!(std::env::var_os("CHARTER_TEST_ALL").is_none(), "xmllint is missing");
        return;
    }
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/test-data/junit-10.xsd");
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..32 {
        let reports = reports().new_tree(&mut runner).unwrap().current();
        let mut validator = Command::new("xmllint");
        validator.args(["--nonet", "--noout", "--schema", schema, "-"]);
        validator.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut validating = validator.spawn().unwrap();
        validating.stdin.take().unwrap().write_all(junit(&reports, &samples::kinds()).as_bytes()).unwrap();
        let output = validating.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn junit_tells_failed_skipped_and_broken_apart() {
    let xml = junit(&samples::reports(), &samples::kinds());
    let head = r#"<testsuites name="charter" tests="57" failures="50" errors="1">"#;
    assert!(xml.contains(head), "{}", &xml[..400]);
    assert!(xml.contains(r#"<testcase classname="links/fragment" name="not found">"#), "{xml}");
    assert!(xml.contains(r#"<skipped message="the site has no form"/>"#), "{xml}");
}

#[test]
fn a_finding_is_shown_in_its_line() {
    let finding = Finding::new("links/broken", "guide.html", "the link to `gone.html` leads nowhere")
        .at(Location::file("guide.html").line(12).column(10))
        .help("correct the address");
    let report = GateReport { findings: vec![finding], ..samples::report("links", Verdict::Blocked, true) };
    let excerpt = |place: &Location| (place.line == Some(12)).then(|| "<a href=\"gone.html\">Gone</a>".to_owned());
    let shown = gates_with_excerpts(&[report], &samples::kinds(), &excerpt);
    let shown = anstream::adapter::strip_str(&shown).to_string();
    assert!(shown.contains("guide.html:12:10"), "{shown}");
    assert!(shown.contains("<a href=\"gone.html\">Gone</a>"), "{shown}");
    assert!(shown.contains("^^^^^^^^^"), "{shown}");
    assert!(shown.contains("correct the address"), "{shown}");
}
