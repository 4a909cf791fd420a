//! Nothing that comes from elsewhere acts on the terminal.

use charter_deploy_model::{
    CodeMeta, Event, EventKind, Failure, Finding, GateReport, KindMeta, Lane, LiveCheck, Location, LookedAt, Measure,
    Needs, Observer, Severity, Standing, Unit, UsersSee, Verdict, VerifiedEntry, Waiver, WaiverUse,
};
use charter_report::json::{JsonLines, v1};
use charter_report::{DeploymentLine, Marks, Options, Terminal, dress};

use crate::events::Paper;
use crate::samples;

/// Clears the screen, moves up, rings, sets the title, forges a line, reverses, hides.
const HOSTILE: &str = "a\u{1b}[2J\u{9b}1A\u{7}\u{1b}]0;title\u{7}\r\n✓ forged\t\u{202e}\u{200b}\u{feff}\u{7f}z";

fn hostile() -> String {
    HOSTILE.to_owned()
}

/// No character acts but the newline, once our own styles are gone; and no line was forged.
fn assert_harmless(name: &str, text: &str) {
    // Our own styles are `ESC [ digits m`; what a hostile text brings is something else and would be left over.
    let mut rest = String::new();
    let mut pieces = text.split("\u{1b}[");
    rest.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let end = piece.find(|character: char| !character.is_ascii_digit() && character != ';').unwrap_or(piece.len());
        assert!(piece[end..].starts_with('m'), "{name}: a foreign escape sequence in {text:?}");
        rest.push_str(&piece[end + 1..]);
    }
    for line in rest.lines() {
        assert_eq!(charter_report::visible(line), line, "{name}");
        assert!(!line.starts_with("✓ forged"), "{name}: {text}");
    }
}

fn hostile_finding() -> Finding {
    Finding::new(hostile(), hostile(), hostile()).key(hostile()).at(Location::file(HOSTILE)).help(hostile())
}

fn hostile_report() -> GateReport {
    let waiver = Waiver {
        code: hostile(),
        subject: Some(hostile()),
        reason: hostile(),
        owner: hostile(),
        expires: "2027-01-31".parse().expect("a date"),
    };
    let without_place = Finding { locations: Vec::new(), help: None, ..hostile_finding() };
    GateReport {
        findings: vec![hostile_finding(), without_place],
        waived: vec![WaiverUse { finding: hostile_finding(), waiver }],
        known: vec![hostile_finding()],
        measures: vec![Measure {
            name: hostile(),
            subject: hostile(),
            value: 1.0,
            unit: Unit::Count,
            samples: Vec::new(),
        }],
        looked_at: Some(LookedAt { undecided: vec![hostile()], ..LookedAt::of(HOSTILE, 2) }),
        reason: Some(hostile()),
        ..samples::report(HOSTILE, Verdict::Blocked, true)
    }
}

fn hostile_events() -> Vec<Event> {
    use EventKind as K;
    let check = LiveCheck { path: hostile(), passed: false, status: None, problem: Some(hostile()) };
    samples::events()
        .into_iter()
        .map(|(_, event)| Event {
            kind: match event.kind {
                K::RecoveryFinished { deployment, status, .. } => {
                    K::RecoveryFinished { deployment, status, summary: hostile() }
                }
                K::BuildStarted { .. } => K::BuildStarted { command: hostile() },
                K::GateFinished { milliseconds, .. } => {
                    K::GateFinished { report: Box::new(hostile_report()), milliseconds }
                }
                K::LiveChecked { .. } => K::LiveChecked { check: check.clone() },
                K::RolledBack { release, milliseconds, .. } => {
                    K::RolledBack { release, reason: hostile(), milliseconds }
                }
                K::Recorded { log_size, root, .. } => K::Recorded { path: hostile(), log_size, root },
                K::Anchored { pushed, .. } => K::Anchored { branch: hostile(), pushed },
                K::Warned { .. } => K::Warned { message: hostile() },
                K::DeploymentFinished { deployment, status, milliseconds, .. } => {
                    K::DeploymentFinished { deployment, status, url: hostile(), milliseconds }
                }
                other => other,
            },
            ..event
        })
        .collect()
}

#[test]
fn hostile_text_is_made_visible_wherever_people_read_it() {
    let mut line = DeploymentLine { record: samples::record(), standing: Some(hostile()) };
    let record = &mut line.record;
    record.branch_name = hostile();
    record.deployed_by = hostile();
    record.deployment_url = hostile();
    record.warnings = vec![hostile()];
    record.errors[0].message = hostile();
    record.errors[0].resolution = Some(hostile());
    record.build_info.node_version = Some(hostile());
    record.build_info.optimizations = vec![hostile()];
    record.validation.gates = vec![hostile_report()];
    let live = record.validation.live.as_mut().unwrap();
    live.url = hostile();
    live.checks[1].path = hostile();
    live.checks[1].problem = Some(hostile());
    let mut status = samples::status();
    status.url = Some(hostile());
    status.frozen = Some(hostile());
    let mut verification = samples::verification();
    verification.faults[0] =
        VerifiedEntry { path: hostile(), standing: Standing::PrunedBy(hostile()), detail: Some(hostile()) };
    let mut snapshots = samples::snapshots();
    snapshots[0].reason = hostile();
    snapshots[0].contents[0].name = hostile();
    let failure = Failure {
        exit_code: 1,
        what: hostile(),
        why: vec![hostile()],
        users_see: UsersSee::Unknown,
        next: vec![hostile()],
    };
    let code = [CodeMeta { id: HOSTILE, principle: None, default_severity: Severity::Error, docs: HOSTILE }];
    let kind = KindMeta {
        id: HOSTILE,
        docs: HOSTILE,
        codes: Box::leak(Box::new(code)),
        needs: Needs::Source,
        lane: Lane::Shared,
    };

    for (name, text) in [
        ("failure", charter_report::failure(&failure)),
        ("gates", charter_report::gates(&[hostile_report()], &[&kind])),
        ("verification", charter_report::verification(&verification)),
        ("history", charter_report::history(&[line.clone()])),
        ("show", charter_report::show(&line.record, line.standing.as_deref())),
        ("status", charter_report::status(&status)),
        ("snapshots", charter_report::snapshots(&snapshots)),
        ("kinds", charter_report::kinds(&[&kind])),
        ("explain", charter_report::explain(&kind)),
        ("config", charter_report::config_problem(HOSTILE, Some(1), Some(9), HOSTILE, Some(HOSTILE), Some(HOSTILE))),
        ("config", charter_report::config_problem(HOSTILE, Some(1), None, HOSTILE, None, None)),
        ("failure as json", v1::failure(&failure)),
        ("gates as json", v1::gates(&[hostile_report()])),
        ("verification as json", v1::verification(&verification)),
        ("history as json", v1::history(&[line.clone()])),
        ("show as json", v1::show(&line.record, line.standing.as_deref())),
        ("status as json", v1::status(&status)),
        ("snapshots as json", v1::snapshots(&snapshots)),
        ("kinds as json", v1::kinds(&[&kind])),
    ] {
        assert_harmless(name, &text);
        // Taking the colours out must not take hostile text for a style and lose what follows it.
        let dressed = dress(&text, false, Marks::Ascii);
        assert!(dressed.is_ascii(), "{name}");
        assert!(dressed.contains("forged"), "{name}: {dressed}");
    }
}

#[test]
fn hostile_events_stay_on_their_line() {
    let (screen, lines) = (Paper::default(), Paper::default());
    let terminal = Terminal::new(Options::default(), Box::new(screen.clone()));
    let json = JsonLines::new(Box::new(lines.clone()));
    let events = hostile_events();
    for event in &events {
        terminal.observe(event);
        json.observe(event);
    }
    for (name, text) in [("terminal", screen.text()), ("json", lines.text())] {
        assert_harmless(name, &text);
        assert_eq!(text.lines().count(), events.len(), "{name}: {text}");
    }
}

#[test]
fn what_is_escaped_in_json_is_read_back_as_it_was() {
    let failure =
        Failure { exit_code: 1, what: hostile(), why: Vec::new(), users_see: UsersSee::NotConcerned, next: Vec::new() };
    let read: serde_json::Value = serde_json::from_str(&v1::failure(&failure)).unwrap();
    assert_eq!(read["what"], HOSTILE);
}
